//! Transactions (rules X1, X2 and X6).

use serde::{Deserialize, Serialize};

use crate::definition::Line;
use crate::engine::content::fingerprint;
use crate::engine::draft::EntryBuilder;
use crate::engine::sealed::Operation;
use crate::engine::{Rejection, Written, check};
use crate::id::{ExternalId, ProfileId, RedemptionId, TransactionId};
use crate::journal::{EntryKind, External, Fingerprint, RecordId, Transaction, TransactionChange};
use crate::json::Json;
use crate::ops::link::relink;
use crate::ops::{earn, sold_lines};
use crate::program::{Earn, Program};
use crate::setters::setters;
use crate::store::{Need, Owner, Record, View};
use crate::time::{When, Zone};
use crate::value::Amount;

/// Writes down a purchase at the till, and links the redemption that paid part of it (rules X1 and X2).
///
/// Outcome: the [`Transaction`](crate::Transaction). The same `external_id` with the same content answers with the
/// first one.
///
/// ```
/// use scrip::{Amount, PostTransaction, ProfileId};
///
/// let alice = ProfileId::new("alice")?;
/// let sale = PostTransaction::new(alice, Amount::from(90))
///     .with_external_id("ORDER-10334".parse()?)
///     .with_tags(["online"]);
/// assert_eq!(sale.tags, ["online"]);
/// # Ok::<(), scrip::id::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PostTransaction {
    /// Whose purchase.
    pub profile_id: ProfileId,
    /// The amount that the customer paid.
    pub total: Amount,
    /// The price without the redemption; the total if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_original: Option<Amount>,
    /// The redemption to link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redemption_id: Option<RedemptionId>,
    /// When: the instant of the request otherwise. A local time is read in the transaction's zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transacted_at: Option<When>,
    /// The zone of the shop; the program's otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<Zone>,
    /// The caller's own id for it, unique per profile (rule X2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What was charged, line by line: at most the total together. Rates of the program may go by their tags (rule K2).
    /// In an update, no lines means those that it has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
    /// The purchased items, stored as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Json>,
    /// How it was paid, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payments: Option<Json>,
    /// Whatever else the caller attaches, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl PostTransaction {
    /// A purchase for which the customer paid so much.
    pub const fn new(profile_id: ProfileId, total: Amount) -> Self {
        Self {
            profile_id,
            total,
            total_original: None,
            redemption_id: None,
            transacted_at: None,
            timezone: None,
            external_id: None,
            tags: Vec::new(),
            lines: Vec::new(),
            items: None,
            payments: None,
            meta: None,
        }
    }

    /// The same, with the redemption that paid part of what it would have cost.
    ///
    /// ```
    /// # use scrip::{Amount, Define, IssueReward, Ledger, MemoryStore, ProfileId, Program, RewardDefinition};
    /// # use scrip::{PostTransaction, Redeem};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = till.commit(Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10))))?;
    /// # till.commit(IssueReward::new(alice, ten.id))?;
    /// let redemption = till.commit(Redeem::strict(alice, Amount::from(10)))?;
    /// let sale = PostTransaction::new(alice, Amount::from(90)).paid_with(redemption.id, Amount::from(100));
    /// let sale = till.commit(sale)?;
    /// assert_eq!((sale.total, sale.total_original), (Amount::from(90), Amount::from(100)));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn paid_with(self, redemption: RedemptionId, total_original: Amount) -> Self {
        Self { redemption_id: Some(redemption), total_original: Some(total_original), ..self }
    }
}

setters! { PostTransaction {
    /// Under the caller's own id: the same id with the same content posts nothing twice (rule X2).
    with_external_id(external_id: ExternalId) = Some(external_id);

    /// The price without the redemption.
    with_total_original(total_original: Amount) = Some(total_original);

    /// With the redemption that paid a part of it (rule X1).
    with_redemption(redemption_id: RedemptionId) = Some(redemption_id);

    /// Made at another instant than now (rule X3).
    with_transacted_at(transacted_at: impl Into<When>) = Some(transacted_at.into());

    /// Made in another zone than the program's (rule T3).
    with_timezone(timezone: Zone) = Some(timezone);

    /// With tags.
    with_tags(tags: impl IntoIterator<Item = impl Into<String>>) = tags.into_iter().map(Into::into).collect();

    /// With what was charged, line by line (rule K2).
    with_lines(lines: impl IntoIterator<Item = Line>) = lines.into_iter().collect();

    /// With its items, kept as sent.
    with_items(items: Json) = Some(items);

    /// With its payments, kept as sent.
    with_payments(payments: Json) = Some(payments);

    /// With a document that is kept as sent.
    with_meta(meta: Json) = Some(meta);
} }

impl Operation for PostTransaction {
    type Answer = Transaction;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(Need { redemption: self.redemption_id, ..Need::of(Owner::Profile(self.profile_id)) })
    }

    fn rates<'p>(&self, program: &'p Program) -> &'p [Earn] {
        &program.settings().earn
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("post_transaction", self)
    }

    fn external(&self) -> Option<External> {
        self.external_id.clone().map(External::Transaction)
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        check::sum(program, "total", self.total)?;
        if let Some(original) = self.total_original {
            check::sum(program, "total_original", original)?;
        }
        check::tags(&self.tags)?;
        sold_lines::check(program, &self.lines, self.total)
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let id = TransactionId::made_by(draft.first.number(), draft.first.next_sequence());
        let transaction = self.transaction(draft, id, None)?;
        let transaction = Transaction { earned: earn::rates(draft.program, view)?, ..transaction };
        write(draft, view, None, transaction, None)
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Transaction> {
        transaction(written)
    }

    fn is_said_by(&self, record: &Record<'_>) -> bool {
        match (&record.made.kind, &record.newest().kind) {
            (EntryKind::Transaction(made), EntryKind::Transaction(newest)) => {
                let is_posted = made.transaction.id.sequence() == record.made.sequence;
                let got_name_later = !is_posted || made.transaction.external_id.is_none();
                got_name_later && self.says(&newest.transaction)
            }
            _ => false,
        }
    }
}

/// Replaces a transaction: its total, its link, everything but its profile. It can give an external id to one
/// that has none, and make it void (rule X6).
///
/// Outcome: the [`Transaction`](crate::Transaction).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct UpdateTransaction {
    /// Which transaction.
    pub transaction_id: TransactionId,
    /// What it says from now on. A redemption that is no longer named is unlinked; when and in which zone the purchase
    /// was made stays what it was where this does not say, and so does its external id.
    pub transaction: PostTransaction,
    /// Whether it is void from now on: it is deleted, and stays visible. That is final.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_void: bool,
}

impl UpdateTransaction {
    /// Replaces this transaction.
    pub const fn new(transaction_id: TransactionId, transaction: PostTransaction) -> Self {
        Self { transaction_id, transaction, is_void: false }
    }

    /// The same, and it is void from now on.
    #[must_use]
    pub fn voided(self) -> Self {
        Self { is_void: true, ..self }
    }
}

impl Operation for UpdateTransaction {
    type Answer = Transaction;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(Need { transaction: Some(self.transaction_id), ..self.transaction.need()? })
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("update_transaction", self)
    }

    fn names(&self) -> Option<(External, RecordId)> {
        let name = self.transaction.external_id.clone()?;
        Some((External::Transaction(name), self.transaction_id.into()))
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        self.transaction.check(program)
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let before = current(view, self.transaction_id)?;
        if let Some(external_id) = &before.external_id {
            if self.transaction.external_id.as_ref().is_some_and(|other| other != external_id) {
                let (transaction, external_id) = (self.transaction_id, external_id.clone());
                return Err(Rejection::ExternalIdFixed { transaction, external_id });
            }
            draft.without_name();
        }
        let said = self.transaction.transaction(draft, self.transaction_id, Some(before))?;
        let lines = sold_lines::updated(self, before)?;
        let transaction = Transaction {
            lines,
            external_id: before.external_id.clone().or(said.external_id),
            redemption_id: said.redemption_id.filter(|_| !self.is_void),
            is_deleted: self.is_void,
            is_void: self.is_void,
            created_at: before.created_at,
            returned: before.returned,
            earned: before.earned.clone(),
            ..said
        };
        write(draft, view, Some(before), transaction, None)
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Transaction> {
        transaction(written)
    }
}

/// Deletes a transaction, and unlinks its redemption (rule X1). Its history is kept, and its external id is free.
///
/// Outcome: the [`Transaction`](crate::Transaction), deleted.
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
/// use scrip::request::DeleteTransaction;
///
/// let sale = till.commit(PostTransaction::new(alice, Amount::from(25)))?;
/// assert!(till.commit(DeleteTransaction::new(sale.id))?.is_deleted);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DeleteTransaction {
    /// Which transaction.
    pub transaction_id: TransactionId,
}

impl DeleteTransaction {
    /// Deletes this transaction.
    pub const fn new(transaction_id: TransactionId) -> Self {
        Self { transaction_id }
    }
}

impl Operation for DeleteTransaction {
    type Answer = Transaction;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(need_for(self.transaction_id))
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("delete_transaction", self)
    }

    fn check(&self, _: &Program) -> Result<(), Rejection> {
        Ok(())
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let before = visible(view, self.transaction_id)?;
        // It keeps the id of its redemption, for later look-ups.
        let transaction =
            Transaction { is_deleted: true, is_void: false, updated_at: draft.at, ..before.clone() };
        write(draft, view, Some(before), transaction, None)
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Transaction> {
        transaction(written)
    }
}

pub(crate) fn need_for(transaction: TransactionId) -> Need {
    Need { transaction: Some(transaction), ..Need::of(Owner::Number(transaction.number())) }
}

impl PostTransaction {
    /// Whether a transaction says all of this.
    fn says(&self, posted: &Transaction) -> bool {
        let is_then = |when: When| when.resolve(posted.timezone) == Ok(posted.transacted_at);
        self.total == posted.total
            && self.total_original.unwrap_or(self.total) == posted.total_original
            && self.redemption_id == posted.redemption_id
            && self.transacted_at.is_none_or(is_then)
            && self.timezone.is_none_or(|zone| zone == posted.timezone)
            && self.tags == posted.tags
            && sold_lines::says(&self.lines, &posted.lines)
            && (&self.items, &self.payments, &self.meta) == (&posted.items, &posted.payments, &posted.meta)
    }

    /// The transaction that it describes. When and where a transaction happened does not change unless it says so.
    fn transaction(
        &self,
        draft: &EntryBuilder<'_>,
        id: TransactionId,
        before: Option<&Transaction>,
    ) -> Result<Transaction, Rejection> {
        let timezone = self.timezone.or(before.map(|before| before.timezone));
        let timezone = timezone.unwrap_or(draft.program.settings().timezone);
        let out_of_range = |_| Rejection::TimeOutOfRange { field: "transacted_at".into() };
        let otherwise = before.map_or(draft.at, |before| before.transacted_at);
        let transacted_at =
            self.transacted_at.map_or(Ok(otherwise), |when| when.resolve(timezone).map_err(out_of_range))?;
        Ok(Transaction {
            id,
            profile_id: before.map_or_else(|| draft.account().profile_id(), |before| before.profile_id),
            external_id: self.external_id.clone(),
            redemption_id: self.redemption_id,
            total: self.total,
            total_original: self.total_original.unwrap_or(self.total),
            transacted_at,
            timezone,
            tags: self.tags.clone(),
            lines: sold_lines::sold(&self.lines),
            items: self.items.clone(),
            payments: self.payments.clone(),
            meta: self.meta.clone(),
            returned: Amount::ZERO,
            earned: Vec::new(),
            is_deleted: false,
            is_void: false,
            created_at: draft.at,
            updated_at: draft.at,
        })
    }
}

/// Writes what became of a transaction: its own entry, what that links and unlinks, and what it earns more or less.
pub(crate) fn write(
    draft: &mut EntryBuilder<'_>,
    view: &View<'_>,
    before: Option<&Transaction>,
    mut transaction: Transaction,
    returned: Option<Amount>,
) -> Result<(), Rejection> {
    let redemptions = relink(view, before, &transaction)?;
    let (came_back, total) = (transaction.returned, transaction.total);
    if came_back > total {
        return Err(Rejection::TotalBelowReturned { total, returned: came_back });
    }
    let was = transaction.earned.clone();
    earn::plan(draft, view, &mut transaction);
    let transacted_before = before.map(|before| before.transacted_at);
    let transacted_before = transacted_before.filter(|before| *before != transaction.transacted_at);
    let transaction_now = transaction.clone();
    let change = TransactionChange { transaction: transaction_now, redemptions, returned, transacted_before };
    draft.write(EntryKind::Transaction(Box::new(change)));
    earn::settle(draft, view, &was, &transaction)
}

fn transaction(written: &Written<'_>) -> Option<Transaction> {
    match &written.first()?.kind {
        EntryKind::Transaction(change) => Some(change.transaction.clone()),
        _ => None,
    }
}

/// The current state of the transaction that a request names, unless it was deleted.
pub(crate) fn current<'a>(view: &View<'a>, id: TransactionId) -> Result<&'a Transaction, Rejection> {
    let transaction = visible(view, id)?;
    if transaction.is_void { Err(Rejection::TransactionVoid { transaction: id }) } else { Ok(transaction) }
}

/// The transaction that a request names, void or not.
fn visible<'a>(view: &View<'a>, id: TransactionId) -> Result<&'a Transaction, Rejection> {
    let newest = view.found.transaction.map(|record| &record.newest().kind);
    let known = match newest {
        Some(EntryKind::Transaction(change)) => Some(&change.transaction),
        _ => None,
    };
    let known = known.filter(|known| known.id == id && !known.is_gone());
    known.ok_or(Rejection::UnknownTransaction { transaction: id })
}
