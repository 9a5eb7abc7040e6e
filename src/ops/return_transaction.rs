//! Part of a purchase comes back (rule X4).

use serde::{Deserialize, Serialize};

use crate::engine::content::fingerprint;
use crate::engine::draft::EntryBuilder;
use crate::engine::sealed::Operation;
use crate::engine::{Rejection, Written};
use crate::id::{EntryId, TransactionId};
use crate::journal::{Balances, EntryKind, Fingerprint, Transaction};
use crate::ops::give_back::{ReturnLine, check_part};
use crate::ops::sold_lines;
use crate::ops::transact::{current, need_for, write};
use crate::program::Program;
use crate::store::{Need, View};
use crate::value::{Amount, Points};

/// Writes down that part of a purchase came back, and claws back the points that it had earned (rule X4).
///
/// What the customer paid with rewards is given back by [`ReturnRedemption`](crate::ReturnRedemption). Outcome: the
/// [`TransactionReturn`](crate::outcome::TransactionReturn).
///
/// ```
/// # use scrip::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
/// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
/// # let alice = ProfileId::new("alice")?;
/// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
/// # let ten = till.commit(ten)?;
/// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
/// let sale = till.commit(PostTransaction::new(alice, Amount::from(25)))?;
/// let back = till.commit(ReturnTransaction::new(sale.id, Amount::from(5)))?;
/// assert_eq!(back.transaction.returned, Amount::from(5));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ReturnTransaction {
    /// Which transaction.
    pub transaction_id: TransactionId,
    /// How much of its total; or else …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// … which of its lines. If it earned by its lines, they must be said (rule K2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<ReturnLine>>,
}

impl ReturnTransaction {
    /// Returns this much of a purchase.
    pub const fn new(transaction_id: TransactionId, amount: Amount) -> Self {
        Self { transaction_id, amount: Some(amount), lines: None }
    }

    /// Returns these lines of a purchase, or parts of them (rule K2).
    pub fn of_lines(transaction_id: TransactionId, lines: impl IntoIterator<Item = ReturnLine>) -> Self {
        Self { transaction_id, amount: None, lines: Some(lines.into_iter().collect()) }
    }
}

/// Part of a purchase that came back (rule X4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TransactionReturn {
    /// The id of the journal entry that says so.
    pub id: EntryId,
    /// The current state of the transaction.
    pub transaction: Transaction,
    /// What came back.
    pub amount: Amount,
    /// The points that were clawed back for it: from the transaction's own lots, as a debt, or short; at all
    /// rates together.
    pub points_clawed_back: Points,
    /// The account's balances right after it: of the one that has the points, where the profile was merged into another.
    pub balances: Balances,
}

impl Operation for ReturnTransaction {
    type Answer = TransactionReturn;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(need_for(self.transaction_id))
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("return_transaction", self)
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        check_part(program, self.amount, self.lines.as_deref())
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let before = current(view, self.transaction_id)?;
        let (amount, lines) = sold_lines::returned(self, before)?;
        let left = before.kept();
        if amount > left {
            return Err(Rejection::ReturnAboveTransaction { requested: amount, left });
        }
        let returned = before.returned.plus(amount);
        let transaction = Transaction { returned, lines, updated_at: draft.at, ..before.clone() };
        write(draft, view, Some(before), transaction, Some(amount))
    }

    fn outcome(&self, written: &Written<'_>) -> Option<TransactionReturn> {
        let first = written.first()?;
        let EntryKind::Transaction(change) = &first.kind else { return None };
        let clawed = written.iter().filter_map(|entry| match &entry.kind {
            EntryKind::Clawback(clawed) => Some(clawed.points),
            _ => None,
        });
        Some(TransactionReturn {
            id: first.id(written.account.number()),
            transaction: change.transaction.clone(),
            amount: change.returned?,
            points_clawed_back: clawed.fold(Points::ZERO, Points::plus),
            balances: written.last()?.balances,
        })
    }
}
