//! Look-ups on their way to the database and back.

use std::collections::HashMap;

use tokio_postgres::Row;

use super::PostgresError;
use super::session::Parameter;
use crate::account::Account;
use crate::id::{LotId, ProfileNumber};
use crate::journal::{Entry, RecordId, wire};
use crate::store::damage::differ;
use crate::store::row::number_of;
use crate::store::{Damage, Find, LookupPlan, Need, Owner};

/// Look-ups that are sent together: one array for each column that a statement takes.
#[derive(Debug, Default)]
pub(super) struct Asks {
    count: i32,
    range: Range,
    latest: RecordIds,
    about: RecordIds,
    key: (Vec<i32>, Vec<i32>, Vec<String>),
    name: (Vec<i32>, Vec<i32>, Vec<i16>, Vec<String>),
}

#[derive(Debug, Default)]
struct Range {
    ask: Vec<i32>,
    slot: Vec<i32>,
    low: Vec<i32>,
    high: Vec<i32>,
    until: Vec<i64>,
}

#[derive(Debug, Default)]
struct RecordIds {
    ask: Vec<i32>,
    slot: Vec<i32>,
    subject: Vec<i64>,
}

impl RecordIds {
    fn push(&mut self, ask: i32, slot: i32, subject: RecordId) {
        self.ask.push(ask);
        self.slot.push(slot);
        // Below 2 to the 53rd.
        self.subject.push(subject.get().cast_signed());
    }
}

impl Asks {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds a look-up in the journal of a slot.
    pub(super) fn push(&mut self, slot: i32, find: &Find) -> Result<(), PostgresError> {
        let ask = self.count;
        self.count = self.count.saturating_add(1);
        match find {
            Find::Range(low, high) => self.push_range(ask, slot, (*low, *high), i64::MAX),
            Find::Until(at) => self.push_range(ask, slot, (1, u32::MAX), at.micros()),
            Find::Latest(subject) => self.latest.push(ask, slot, *subject),
            Find::About(subject) => self.about.push(ask, slot, *subject),
            Find::Key(key) => {
                self.key.0.push(ask);
                self.key.1.push(slot);
                self.key.2.push(key.as_str().to_owned());
            }
            Find::Named(name) => {
                self.name.0.push(ask);
                self.name.1.push(slot);
                self.name.2.push(i16::from(name.sort()));
                self.name.3.push(name.as_str().to_owned());
            }
        }
        Ok(())
    }

    fn push_range(&mut self, ask: i32, slot: i32, (low, high): (u32, u32), until: i64) {
        self.range.ask.push(ask);
        self.range.slot.push(slot);
        self.range.low.push(i32::try_from(low).unwrap_or(i32::MAX));
        self.range.high.push(i32::try_from(high).unwrap_or(i32::MAX));
        self.range.until.push(until);
    }

    /// In the order in which the statements take them.
    pub(super) fn parameters(&self) -> [Parameter<'_>; 18] {
        let (range, latest, about) = (&self.range, &self.latest, &self.about);
        [
            &range.ask,
            &range.slot,
            &range.low,
            &range.high,
            &range.until,
            &latest.ask,
            &latest.slot,
            &latest.subject,
            &about.ask,
            &about.slot,
            &about.subject,
            &self.key.0,
            &self.key.1,
            &self.key.2,
            &self.name.0,
            &self.name.1,
            &self.name.2,
            &self.name.3,
        ]
    }
}

/// The answered look-ups: the entries for each, in the order of their sequence.
pub(super) type Answers = HashMap<(ProfileNumber, Find), Vec<Entry>>;

/// The look-ups that a need is certain to make, before its accounts are loaded: the journal and the question.
///
/// It is what [`LookupPlan`] asks for of empty accounts. Where the profile's number is not known, one that the need's own
/// ids name is guessed; a wrong guess costs another round trip, and nothing else.
pub(super) fn foresee(need: &Need, known: Option<ProfileNumber>) -> Vec<(WhichJournal, Find)> {
    if need.is_plain() {
        return Vec::new();
    }
    let named = need.transaction.or(need.named).map(|id| id.number());
    let named = named.or(need.redemption.map(|id| id.number())).or(need.hold.map(|id| id.number()));
    let named = named.or(need.lots.first().map(|id: &LotId| id.number()));
    let first = match need.owner {
        Owner::Number(number) => number,
        Owner::Profile(_) => known.or(named).unwrap_or(NOBODY),
    };
    let account = Account::without_profile(first);
    let mut plan = LookupPlan::<Entry>::new(need, &account);
    let mut finds = Vec::new();
    while let Some(lookup) = plan.next() {
        plan.answer([]);
        let journal = match lookup.journal {
            number if number == first => WhichJournal::First,
            number => WhichJournal::Other(number),
        };
        finds.push((journal, lookup.find));
    }
    finds
}

/// The journal to read, of those that a need names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhichJournal {
    First,
    /// One that the need names by its number: the catalogue's, or a closed one.
    Other(ProfileNumber),
}

/// Stands for a profile whose number is not known yet.
const NOBODY: ProfileNumber = ProfileNumber::MAX;

/// A row of an answer; see the statements for its columns.
pub(super) struct Answer<'a>(pub(super) &'a Row);

impl Answer<'_> {
    pub(super) fn kind(&self) -> Result<i16, PostgresError> {
        Ok(self.0.try_get(0)?)
    }

    /// The slot, or which look-up it answers.
    pub(super) fn slot(&self) -> Result<usize, PostgresError> {
        let slot: i32 = self.0.try_get(1)?;
        Ok(usize::try_from(slot).unwrap_or(usize::MAX))
    }

    pub(super) fn number(&self) -> Result<ProfileNumber, PostgresError> {
        Ok(number_of(self.0.try_get::<_, i32>(2)?)?)
    }

    pub(super) fn sequence(&self) -> Result<u32, PostgresError> {
        sequence(self.number()?, self.0.try_get(3)?)
    }

    pub(super) fn bytes(&self) -> Result<Option<&[u8]>, PostgresError> {
        Ok(self.0.try_get(4)?)
    }

    pub(super) fn entry(&self) -> Result<Entry, PostgresError> {
        let (number, sequence) = (self.number()?, self.sequence()?);
        let entry = read_entry(self.bytes()?.unwrap_or_default(), number)?;
        if entry.sequence != sequence {
            let what = differ("an entry has another number than its row", &sequence, &entry.sequence);
            return Err(Damage::broken(number, what).into());
        }
        Ok(entry)
    }
}

pub(super) fn read_entry(bytes: &[u8], number: ProfileNumber) -> Result<Entry, Damage> {
    wire::read(bytes, number).map_err(Damage::unreadable(number))
}

pub(super) fn sequence(number: ProfileNumber, stored: i32) -> Result<u32, PostgresError> {
    let below = |_| Damage::broken(number, format!("a sequence number is below zero: found {stored}"));
    Ok(u32::try_from(stored).map_err(below)?)
}
