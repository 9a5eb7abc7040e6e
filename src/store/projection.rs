//! The tables for reports: the value that a lot has now, the lots that a redemption took from.
//!
//! [`tables`] describes each of them once, and [`changes`] says which of their rows an entry changes, and to what. No rules
//! here: an entry says what it did. A store makes the changes in the order of the journal, once, as [`sql`] prints them for
//! its database.

pub(crate) mod sql;
pub(crate) mod tables;

use crate::definition::{Defined, Definition};
use crate::id::{HoldId, LotId, ProfileId, ProfileNumber, RedemptionId};
use crate::journal::effect::{Arrival, Effect};
use crate::journal::{
    Bucket, Entry, Item, LotKind, LotState, RecordId, Redeemed, RedemptionState, Standing, Transaction,
};
use crate::store::{Feed, FeedEntry, Position};
use crate::time::{Expiry, Period, Timestamp};
use crate::value::{Amount, Points, Quantity};
use tables::{ACCOUNT, ACTIVITY, DEFINITION, LOT, MOVEMENT, REDEMPTION, REDEMPTION_ITEM, TRANSACTION, Table};

/// How many entries one database transaction projects.
pub(crate) const STRETCH: usize = 1000;

/// How far the projected tables are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProjectReport {
    /// How many entries this call projected.
    pub entries: u64,
    /// The position in the journal that the tables have reached.
    pub position: Position,
}

impl ProjectReport {
    /// Adds a stretch.
    pub(crate) fn add(&mut self, feed: Feed) {
        let entries = u64::try_from(feed.entries.len()).unwrap_or(u64::MAX);
        self.entries = self.entries.saturating_add(entries);
        self.position = feed.position;
    }
}

/// The kind of value that a word in the tables stands for.
pub(crate) fn kind_of(word: &str) -> Option<LotKind> {
    LotKind::ALL.into_iter().find(|kind| kind_word(*kind) == word)
}

/// A change to one row of a table.
#[derive(Clone, Debug)]
pub(crate) struct Change<'a> {
    pub(crate) table: &'static Table,
    pub(crate) operation: Operation,
    /// All columns of a row to insert; of a row to update, its key and the columns that change.
    pub(crate) cells: Vec<Cell<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Inserts the row, or replaces the one of the same key.
    Put,
    /// Updates the row, if it exists.
    Update,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell<'a> {
    pub(crate) column: &'static str,
    pub(crate) write: Write,
    pub(crate) value: Value<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    Set,
    /// Adds to the stored number.
    Add,
    /// Sets it, unless what is stored is more.
    Raise,
}

/// A value of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// Of a [number](tables::Type::Number).
    Number(Option<i32>),
    /// Of an id, a quantity or an instant.
    Long(Option<i64>),
    Flag(bool),
    Text(Option<&'a str>),
}

/// The rows that an entry changes, in order.
pub(crate) fn changes(written: &FeedEntry) -> Vec<Change<'_>> {
    let FeedEntry { profile, number, entry } = written;
    let mut rows = Rows { entry, number: *number, changes: Vec::with_capacity(6) };
    entry.effects(|effect| rows.follow(effect));
    if *number != ProfileNumber::CATALOGUE {
        rows.account(profile.as_ref());
        if let Some(active) = entry.active() {
            rows.active(active.from);
        }
        rows.movements();
    }
    rows.changes
}

/// The rows that the entry of a profile changes.
struct Rows<'a> {
    entry: &'a Entry,
    number: ProfileNumber,
    changes: Vec<Change<'a>>,
}

impl<'a> Rows<'a> {
    fn follow(&mut self, effect: Effect<'a>) {
        match effect {
            Effect::Define(defined) => self.definition(defined),
            Effect::Arrive(arrival) => self.lot(&arrival),
            Effect::Facts { issue, .. } => self.update_lot(
                issue.lot,
                &[
                    set("definition", optional_id(issue.definition_id)),
                    set("initial", issue.value_initial),
                    set("issued_at", issue.issued_at),
                    set("available_at", issue.available_at),
                ],
            ),
            Effect::Mature(matured) => self.update_lot(matured.lot, &[set("standing", "usable")]),
            Effect::Redeemed { redeemed, hold } => self.redemption(redeemed, hold),
            Effect::Take { lot, value, from: Bucket::Held, .. } => {
                self.update_lot(lot, &[take("remaining", value), take("held", value)]);
            }
            Effect::Take { lot, value, .. } => self.update_lot(lot, &[take("remaining", value)]),
            Effect::Hold { lot, value, .. } => self.update_lot(lot, &[add("held", value)]),
            Effect::Free { lot, value, .. } => self.update_lot(lot, &[take("held", value)]),
            Effect::State(after) => self.lot_state(after),
            Effect::Redemption(state) => self.redemption_state(state),
            Effect::Transaction(transaction) => self.transaction(transaction),
            _ => {}
        }
    }

    fn movements(&mut self) {
        let (entry, mut place) = (self.entry, 0_u32);
        entry.flows(|lot, kind, flow, value| {
            place = place.saturating_add(1);
            let cells = vec![
                set("number", self.number),
                set("sequence", entry.sequence),
                set("place", place),
                set("at", entry.at),
                set("lot", optional_id(lot)),
                set("kind", kind_word(kind)),
                set("flow", flow.name()),
                set("value", Value::Long(Some(value.ten_thousandths()))),
            ];
            self.changes.push(Change { table: &MOVEMENT, operation: Operation::Put, cells });
        });
    }

    /// One that is sent late may not be the last (rule T10).
    fn active(&mut self, active_at: Timestamp) {
        let active_at = Cell { write: Write::Raise, ..set("active_at", active_at) };
        self.put(&ACTIVITY, vec![set("number", self.number), active_at]);
    }

    fn account(&mut self, profile: Option<&'a ProfileId>) {
        let balances = &self.entry.balances;
        let cells = vec![
            set("number", self.number),
            set("profile", profile.map(ProfileId::as_str)),
            set("sequence", self.entry.sequence),
            set("last_at", self.entry.at),
            set("reward_balance", balances.reward_balance),
            set("reward_pending", balances.reward_pending),
            set("reward_held", balances.reward_held),
            set("point_balance", balances.point_balance),
            set("point_pending", balances.point_pending),
            set("point_held", balances.point_held),
            set("point_debt", balances.point_debt),
            set("status_point_balance", balances.status_point_balance),
            set("status_point_pending", balances.status_point_pending),
        ];
        self.put(&ACCOUNT, cells);
    }

    fn definition(&mut self, defined: &'a Defined) {
        let kind = match defined.definition {
            Definition::Reward(_) => LotKind::Reward,
            Definition::Point(_) => LotKind::Point,
        };
        let cells = vec![
            set("definition", id(defined.id)),
            set("kind", kind_word(kind)),
            set("handle", defined.definition.handle().as_str()),
            set("name", defined.definition.name()),
            set("is_archived", defined.is_archived),
        ];
        self.put(&DEFINITION, cells);
    }

    /// A lot that comes back to a profile that it left takes its row again.
    fn lot(&mut self, arrival: &Arrival<'a>) {
        let Arrival { issue, after, held, .. } = arrival;
        let (standing, moved_to) = standing_words(after.standing);
        let inactivity = after.inactivity;
        let cells = vec![
            set("number", self.number),
            set("lot", id(issue.lot)),
            set("kind", kind_word(issue.kind)),
            set("definition", optional_id(issue.definition_id)),
            set("external_id", self.entry.lot_external_id().map(|id| id.as_str())),
            set("initial", issue.value_initial),
            set("remaining", issue.value_remaining),
            set("held", *held),
            set("standing", standing),
            set("issued_at", issue.issued_at),
            set("available_at", issue.available_at),
            set("expires_at", after.expires_at),
            set("moved_to", moved_to),
            set("inactivity_period", Value::Number(inactivity.and_then(|it| count(it.period)))),
            set("inactivity_period_type", inactivity.map(|it| it.period.unit.name())),
            set("timezone", inactivity.map(|it| it.timezone.name())),
            set("active_from", Value::Long(inactivity.map(|it| it.from.micros()))),
        ];
        self.put(&LOT, cells);
    }

    fn lot_state(&mut self, after: &LotState) {
        let (standing, moved_to) = standing_words(after.standing);
        let mut cells = vec![
            set("remaining", after.standing.left(after.remaining)),
            set("standing", standing),
            set("expires_at", after.expires_at),
            set("moved_to", moved_to),
        ];
        if let Some(inactivity) = after.inactivity {
            cells.push(set("active_from", inactivity.from));
        }
        if moved_to.is_some() {
            cells.push(set("held", Quantity::ZERO));
        }
        self.update_lot(after.lot, &cells);
    }

    fn redemption(&mut self, redeemed: &'a Redeemed, hold: Option<HoldId>) {
        let cells = vec![
            set("number", self.number),
            set("redemption", id(redeemed.redemption)),
            set("redeemed_at", self.entry.at),
            set("occurred_at", Value::Long(redeemed.late().map(|late| late.occurred_at.micros()))),
            set("requested", redeemed.requested),
            set("total", redeemed.total),
            set("returned", Amount::ZERO),
            set("is_reversed", false),
            set("transaction_id", Value::Long(None)),
            set("hold", optional_id(hold)),
        ];
        self.put(&REDEMPTION, cells);
        redeemed.items.iter().zip(1..).for_each(|(item, place)| self.item(redeemed.redemption, place, item));
    }

    fn item(&mut self, redemption: RedemptionId, place: u32, item: &Item) {
        let cells = vec![
            set("number", self.number),
            set("redemption", id(redemption)),
            set("place", place),
            set("lot", id(item.lot)),
            set("kind", kind_word(item.kind())),
            set("amount", item.amount),
            set("points", item.points),
        ];
        self.put(&REDEMPTION_ITEM, cells);
    }

    fn redemption_state(&mut self, state: &RedemptionState) {
        let cells = vec![
            set("number", self.number),
            set("redemption", id(state.id)),
            set("returned", state.returned),
            set("is_reversed", state.is_reversed),
            set("transaction_id", optional_id(state.transaction_id)),
        ];
        self.changes.push(Change { table: &REDEMPTION, operation: Operation::Update, cells });
    }

    fn transaction(&mut self, transaction: &'a Transaction) {
        let cells = vec![
            set("number", self.number),
            set("transaction_id", id(transaction.id)),
            set("external_id", transaction.external_id.as_ref().map(|id| id.as_str())),
            set("redemption", optional_id(transaction.redemption_id)),
            set("total", transaction.total),
            set("total_original", transaction.total_original),
            set("returned", transaction.returned),
            set("points_earned", transaction.points_earned()),
            set("transacted_at", transaction.transacted_at),
            set("is_deleted", transaction.is_deleted),
            set("created_at", transaction.created_at),
            set("updated_at", transaction.updated_at),
        ];
        self.put(&TRANSACTION, cells);
    }

    fn put(&mut self, table: &'static Table, cells: Vec<Cell<'a>>) {
        self.changes.push(Change { table, operation: Operation::Put, cells });
    }

    fn update_lot(&mut self, lot: LotId, cells: &[Cell<'a>]) {
        let cells = [&[set("number", self.number), set("lot", id(lot))], cells].concat();
        self.changes.push(Change { table: &LOT, operation: Operation::Update, cells });
    }
}

fn set<'a>(column: &'static str, value: impl Into<Value<'a>>) -> Cell<'a> {
    Cell { column, write: Write::Set, value: value.into() }
}

fn add<'a>(column: &'static str, value: Quantity) -> Cell<'a> {
    Cell { column, write: Write::Add, value: value.into() }
}

fn take<'a>(column: &'static str, value: Quantity) -> Cell<'a> {
    let value = Value::Long(Some(value.ten_thousandths().saturating_neg()));
    Cell { column, write: Write::Add, value }
}

/// No period counts more than there are days.
fn count(period: Period) -> Option<i32> {
    i32::try_from(period.count).ok()
}

const fn kind_word(kind: LotKind) -> &'static str {
    match kind {
        LotKind::Reward => "reward",
        LotKind::Point => "point",
        LotKind::Status => "status",
    }
}

/// The word for a lot's standing, and the profile it moved to, if any.
const fn standing_words(standing: Standing) -> (&'static str, Option<ProfileNumber>) {
    match standing {
        Standing::Usable => ("usable", None),
        Standing::Pending(_) => ("pending", None),
        Standing::Expired => ("expired", None),
        Standing::Revoked => ("revoked", None),
        Standing::MovedTo(to) => ("moved", Some(to)),
    }
}

fn id<'a>(id: impl Into<RecordId>) -> Value<'a> {
    optional_id(Some(id))
}

fn optional_id<'a>(id: Option<impl Into<RecordId>>) -> Value<'a> {
    Value::Long(id.map(|id| id.into().get().cast_signed()))
}

impl From<u32> for Value<'_> {
    /// It is below 2 to the 31st.
    fn from(number: u32) -> Self {
        Self::Number(Some(i32::try_from(number).unwrap_or(i32::MAX)))
    }
}

impl From<ProfileNumber> for Value<'_> {
    fn from(number: ProfileNumber) -> Self {
        number.get().into()
    }
}

impl From<Option<ProfileNumber>> for Value<'_> {
    fn from(number: Option<ProfileNumber>) -> Self {
        number.map_or(Self::Number(None), Self::from)
    }
}

macro_rules! quantities {
    ($($quantity:ident)*) => {$(
        impl From<$quantity> for Value<'_> {
            fn from(value: $quantity) -> Self {
                Self::Long(Some(value.ten_thousandths()))
            }
        }
    )*};
}

quantities! { Amount Points Quantity }

impl From<Timestamp> for Value<'_> {
    fn from(at: Timestamp) -> Self {
        Self::Long(Some(at.micros()))
    }
}

impl From<Expiry> for Value<'_> {
    fn from(expiry: Expiry) -> Self {
        Self::Long(expiry.instant().map(Timestamp::micros))
    }
}

impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::Text(text)
    }
}

#[cfg(test)]
mod tests;
