//! Examples of points that transactions owe, and of recoveries; of lines, and of late redemptions.

use super::examples::{amount, at, changes, elsewhere, lot, points};
use super::number;
use crate::id::{DefinitionId, ProfileNumber, TransactionId};
use crate::journal::{Late, LineShare, Owed, PaidLines, Recovered, SoldLine};
use crate::program::Clawback;
use crate::time::Timestamp;
use crate::value::Amount;

/// Debts and shortfalls, of lots with and without holds.
pub(super) fn owed() -> Vec<Owed> {
    let transaction = TransactionId::made_by(number(), 129);
    let debt = Owed {
        transaction,
        rate: 0,
        sold_at: Timestamp::MIN,
        policy: Clawback::Debt,
        points: points(5),
        status: Some(DefinitionId::made_by(ProfileNumber::CATALOGUE, 6)),
        held: vec![lot(14), elsewhere(1)],
    };
    let shortfall = Owed {
        policy: Clawback::Shortfall,
        rate: 3,
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
    let of = |(debt, shortfall)| {
        let rate = u8::try_from(shortfall).unwrap_or_default();
        Recovered { transaction, rate, debt: points(debt), shortfall: points(shortfall) }
    };
    [(1, 0), (0, 1), (2, 3)].map(of).into()
}

pub(super) fn sold_lines() -> Vec<SoldLine> {
    let line = |id: &str, returned: u32, tags: &[&str]| SoldLine {
        id: id.to_owned(),
        amount: Amount::from(6),
        returned: Amount::from(returned),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
    };
    vec![line("1", 0, &[]), line("2", 1, &["shoes"])]
}

pub(super) fn paid_lines() -> PaidLines {
    let share = |id: &str, cents| LineShare { id: id.to_owned(), amount: amount(cents) };
    [vec![share("1", 600), share("2", 400)], vec![share("2", 995)], vec![]].into_iter().collect()
}

pub(super) fn late() -> Option<Box<Late>> {
    let revived = changes();
    Some(Box::new(Late { occurred_at: at(1_749_990_000_000_001), revived }))
}
