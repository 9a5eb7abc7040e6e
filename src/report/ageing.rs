//! What is outstanding by age, and what expires if nobody acts.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

use super::changes::{OwnedChange, last_tick, next_tick, walk, walk_on};
use super::cuts::first_of_month;
use crate::account::Corrupt;
use crate::id::DefinitionId;
use crate::journal::{Flow, LotKind};
use crate::time::{Expiry, Timestamp, Zone};
use crate::value::{Quantity, Sum};
use crate::view::ProfileJournal;

/// What is owned at an instant, by month of issue and of expiry.
///
/// ```
/// # use scrip::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
/// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
/// # let alice = ProfileId::new("alice")?;
/// # let ten = RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)).valid_for(30, PeriodType::Days);
/// # let ten = till.commit(Define::from(ten))?;
/// use scrip::report::Ageing;
///
/// till.commit(IssueReward::new(alice, ten.id))?;
/// let at = "2025-06-30T12:00:00+10:00".parse()?;
/// let mut ageing = Ageing::new("Australia/Melbourne".parse()?, at);
/// for journal in ledger.at(at).journals() {
///     ageing.add(&journal?)?;
/// }
/// let rows = ageing.rows();
/// assert_eq!(rows[0].issued, "2025-06-01".parse()?);
/// assert_eq!(rows[0].expires, Some("2025-07-01".parse()?));
/// assert_eq!(rows[0].value, Amount::from(10).into());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Ageing {
    zone: Zone,
    at: Timestamp,
    cells: BTreeMap<Age, Sum>,
}

type Age = (LotKind, Option<DefinitionId>, NaiveDate, Option<NaiveDate>);

/// What is owned of one age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AgeingRow {
    /// The kind of value.
    pub kind: LotKind,
    /// The definition; `None` for lots that were issued from none.
    pub definition_id: Option<DefinitionId>,
    /// The month of issue, by its first day.
    #[serde(serialize_with = "super::day")]
    pub issued: NaiveDate,
    /// The month of the last day of use, by its first day; `None` for never.
    #[serde(serialize_with = "super::some_day")]
    pub expires: Option<NaiveDate>,
    /// What is owned: available, pending and held.
    pub value: Sum,
}

impl Ageing {
    /// What is owned at an instant, with months as they are in a zone.
    pub const fn new(zone: Zone, at: Timestamp) -> Self {
        Self { zone, at, cells: BTreeMap::new() }
    }

    /// Adds the journal of a profile, as of that instant.
    ///
    /// # Errors
    /// The journal contradicts itself. Nothing of it is added.
    pub fn add(&mut self, journal: &ProfileJournal) -> Result<(), Corrupt> {
        let walk = walk(journal, next_tick(self.at), &mut |_, _| ())?;
        let account = &walk.account;
        let live = LotKind::ALL
            .into_iter()
            .flat_map(|kind| account.lots(kind).map(move |lot| (kind, lot, lot.remaining)));
        let pending = account
            .pending()
            .map(|pending| (pending.kind, pending.with_current_end(), pending.lot.remaining));
        let overdue = account.overdue().map(|overdue| (overdue.kind, overdue.lot, overdue.lot.held));
        for (kind, lot, value) in live.chain(pending).chain(overdue) {
            let definition_id = walk.facts(lot.id).and_then(|facts| facts.definition_id);
            let issued = first_of_month(self.zone.local(lot.issued_at).date());
            let expires = last_day(self.zone, lot.expires_at).map(first_of_month);
            if value != Quantity::ZERO {
                let sum = self.cells.entry((kind, definition_id, issued, expires)).or_default();
                *sum = sum.plus(value.into());
            }
        }
        Ok(())
    }

    /// All ages, by kind of value, definition, month of issue and month of expiry.
    pub fn rows(&self) -> Vec<AgeingRow> {
        let row = |(age, value): (&Age, &Sum)| {
            let (kind, definition_id, issued, expires) = *age;
            AgeingRow { kind, definition_id, issued, expires, value: *value }
        };
        self.cells.iter().map(row).collect()
    }
}

/// The local day of the last instant before an end; `None` for never.
fn last_day(zone: Zone, expires_at: Expiry) -> Option<NaiveDate> {
    expires_at.instant().map(|end| zone.local(last_tick(end)).date())
}

/// What expires on each coming day, if nobody acts.
///
/// The day is the last one on which the value could be used. Value that a hold sets aside expires when the hold lapses, unless
/// its lot lives on (rule H4).
///
/// ```
/// # use scrip::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
/// # let now = "2025-06-15T14:32:00+10:00".parse()?;
/// # let mut till = ledger.at(now);
/// # let alice = ProfileId::new("alice")?;
/// # let ten = RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)).valid_for(30, PeriodType::Days);
/// # let ten = till.commit(Define::from(ten))?;
/// use scrip::report::Forecast;
///
/// till.commit(IssueReward::new(alice, ten.id))?;
/// let mut forecast = Forecast::new("Australia/Melbourne".parse()?, now, "2025-08-01T00:00:00+10:00".parse()?);
/// for journal in ledger.at(now).journals() {
///     forecast.add(&journal?)?;
/// }
/// let rows = forecast.rows();
/// assert_eq!((rows[0].last_day, rows[0].value), ("2025-07-15".parse()?, Amount::from(10).into()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Forecast {
    zone: Zone,
    now: Timestamp,
    until: Timestamp,
    cells: BTreeMap<(LotKind, NaiveDate), Sum>,
}

/// What expires after one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ForecastRow {
    /// The kind of value.
    pub kind: LotKind,
    /// The last day on which it can be used.
    #[serde(serialize_with = "super::day")]
    pub last_day: NaiveDate,
    /// How much expires.
    pub value: Sum,
}

impl Forecast {
    /// What expires after `now`, up to and at `until`, with days as they are in a zone.
    pub const fn new(zone: Zone, now: Timestamp, until: Timestamp) -> Self {
        Self { zone, now, until, cells: BTreeMap::new() }
    }

    /// Adds the journal of a profile.
    ///
    /// # Errors
    /// The journal contradicts itself. Nothing of it is added.
    pub fn add(&mut self, journal: &ProfileJournal) -> Result<(), Corrupt> {
        for change in expiries(journal, self.now, self.until)? {
            let day = self.zone.local(last_tick(change.at)).date();
            let sum = self.cells.entry((change.kind, day)).or_default();
            *sum = sum.minus(change.value.into());
        }
        Ok(())
    }

    /// The days on which something expires, by kind of value.
    pub fn rows(&self) -> Vec<ForecastRow> {
        let row = |((kind, last_day), value): (&(LotKind, NaiveDate), &Sum)| ForecastRow {
            kind: *kind,
            last_day: *last_day,
            value: *value,
        };
        self.cells.iter().map(row).collect()
    }
}

/// What of one profile expires after `now`, up to and at `until`, if nobody acts: one change for each lot, in order.
///
/// ```
/// # use scrip::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
/// # let now = "2025-06-15T14:32:00+10:00".parse()?;
/// # let mut till = ledger.at(now);
/// # let alice = ProfileId::new("alice")?;
/// # let ten = RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)).valid_for(30, PeriodType::Days);
/// # let ten = till.commit(Define::from(ten))?;
/// let reward = till.commit(IssueReward::new(alice, ten.id))?;
/// let journal = till.journals().next().unwrap()?;
/// let coming = scrip::report::expiries(&journal, now, Timestamp::MAX)?;
/// assert_eq!(coming[0].lot, Some(reward.id));
/// assert_eq!(coming[0].value.to_string(), "-10");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The journal contradicts itself.
pub fn expiries(
    journal: &ProfileJournal,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<OwnedChange>, Corrupt> {
    let mut coming = Vec::new();
    walk_on(journal, next_tick(now), next_tick(until), &mut |_, change| {
        if change.flow == Flow::Expired && change.at > now {
            coming.push(change);
        }
    })?;
    Ok(coming)
}
