//! Examples of points that transactions owe, and of recoveries.

use super::examples::{elsewhere, lot, points};
use super::number;
use crate::id::{DefinitionId, ProfileNumber, TransactionId};
use crate::journal::{Owed, Recovered};
use crate::program::Clawback;
use crate::time::Timestamp;

/// Debts and shortfalls, of lots with and without holds.
pub(super) fn owed() -> Vec<Owed> {
    let transaction = TransactionId::made_by(number(), 129);
    let debt = Owed {
        transaction,
        sold_at: Timestamp::MIN,
        policy: Clawback::Debt,
        points: points(5),
        status: Some(DefinitionId::made_by(ProfileNumber::CATALOGUE, 6)),
        held: vec![lot(14), elsewhere(1)],
    };
    let shortfall = Owed {
        policy: Clawback::Shortfall,
        sold_at: Timestamp::MAX,
        status: None,
        held: vec![],
        ..debt.clone()
    };
    vec![debt, shortfall]
}

/// Recoveries that lower a debt, a shortfall, or both.
pub(super) fn recovered() -> Vec<Recovered> {
    let transaction = TransactionId::made_by(number(), 8);
    let of = |(debt, shortfall)| Recovered { transaction, debt: points(debt), shortfall: points(shortfall) };
    [(1, 0), (0, 1), (2, 3)].map(of).into()
}
