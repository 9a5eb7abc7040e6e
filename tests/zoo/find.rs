//! Finding the toy's entries, by reading the whole journal.

use std::collections::BTreeMap;

use scrip::id::ProfileNumber;
use scrip::journal::{Entry, EntryKind, External, RecordId};
use scrip::store::{Find, Lookup};

use super::flaw::Flaw;
use super::toy::{Toy, ToyError};

/// The sorts of names that are handles of definitions.
const HANDLES: [u8; 2] = [3, 4];
/// Records from here on are what is fixed about lots which came from elsewhere or were corrected.
const FACTS: u64 = 1 << 53;
/// Records from here on are rows of batches under a key.
const ROWS: u64 = 1 << 54;

impl Toy {
    /// `before`: how long each journal was when the batch began.
    pub fn find(&self, lookup: &Lookup, before: &BTreeMap<u32, u32>) -> Result<Vec<Entry>, ToyError> {
        let number = lookup.journal.get();
        let all = self.journal(number)?;
        let last = before.get(&number).copied().unwrap_or(0);
        let is_seen = |entry: &Entry, unseen: Flaw| !self.has(unseen) || entry.sequence <= last;
        let filter = |wanted: &dyn Fn(&Entry) -> bool| all.iter().filter(|e| wanted(e)).cloned().collect();
        let found: Vec<Entry> = match &lookup.find {
            Find::Range(first, last) => {
                let mut entries: Vec<Entry> = filter(&|entry| (*first..=*last).contains(&entry.sequence));
                if self.has(Flaw::OrdersByLetters) {
                    entries.sort_by_key(|entry| entry.sequence.to_string());
                }
                if self.has(Flaw::PagesEnd) {
                    entries.truncate(256);
                }
                entries
            }
            Find::Until(at) if self.has(Flaw::PastEndsEarly) => filter(&|entry| entry.at < *at),
            Find::Until(at) => filter(&|entry| entry.at <= *at),
            Find::About(subject) => {
                self.about(filter(&|entry| self.subjects(lookup.journal, entry).contains(subject)))
            }
            Find::Latest(_) if number == 0 && self.has(Flaw::ForgetsWhatChanged) => Vec::new(),
            Find::Latest(subject) => {
                let is_seen = |entry: &Entry| is_seen(entry, Flaw::SubjectsOfTheBatchUnseen);
                let about =
                    filter(&|entry| self.is_indexed(lookup.journal, entry, *subject) && is_seen(entry));
                let says_facts = subject.get() >= FACTS;
                self.latest(about, if says_facts { Flaw::LotsKeepTheFirst } else { Flaw::LatestIsTheOldest })
            }
            Find::Key(key) if self.has(Flaw::KeysOfAnybody) => {
                let count = self.lock().profiles.len() as u32;
                let mut found = Vec::new();
                for number in 1..=count {
                    found.extend(self.journal(number)?.into_iter().rfind(|entry| entry.key() == Some(key)));
                }
                found.truncate(1);
                found
            }
            Find::Key(key) => {
                let is_seen = |entry: &Entry| is_seen(entry, Flaw::KeysOfTheBatchUnseen);
                let keyed = filter(&|entry| entry.key() == Some(key) && is_seen(entry));
                self.latest(keyed, Flaw::KeysKeepTheFirst)
            }
            Find::Named(name) => {
                let is_it = |other: &External| match self.has(Flaw::NamesOfAnySort) {
                    true => other.as_str() == name.as_str(),
                    false => other == name,
                };
                let is_seen = |entry: &Entry| is_seen(entry, Flaw::NamesOfTheBatchUnseen);
                let named = filter(&|entry| self.name(entry).is_some_and(is_it) && is_seen(entry));
                self.latest(named, Flaw::NamesKeepTheFirst)
            }
            other => unreachable!("this store was written before {other:?}"),
        };
        Ok(found)
    }

    /// The newest of some entries; the oldest, with this flaw.
    fn latest(&self, mut entries: Vec<Entry>, keeps_the_oldest: Flaw) -> Vec<Entry> {
        let is_return = entries.last().is_some_and(|entry| match &entry.kind {
            EntryKind::Return(back) => back.redemption.id.number() == back.id.number(),
            _ => false,
        });
        if !(self.has(keeps_the_oldest) || is_return && self.has(Flaw::ReturnsKeepTheFirst)) {
            entries.reverse();
        }
        entries.truncate(1);
        entries
    }

    fn about(&self, mut entries: Vec<Entry>) -> Vec<Entry> {
        let kept = match self.flaw {
            Some(Flaw::AboutIsTheNewest) => 1,
            Some(Flaw::AboutIsThePage) => 2,
            _ => entries.len(),
        };
        entries.drain(..entries.len().saturating_sub(kept));
        if self.has(Flaw::AboutIsTheOldest) {
            entries.truncate(1);
        }
        entries
    }

    fn is_indexed(&self, journal: ProfileNumber, entry: &Entry, subject: RecordId) -> bool {
        let is_left_out = match (self.flaw, &entry.kind) {
            (Some(Flaw::ExpiriesUnindexed), EntryKind::Expire(_)) => true,
            (Some(Flaw::CapturesUnindexed), EntryKind::Capture(_)) => true,
            (Some(Flaw::RedemptionsUnindexed), EntryKind::Redeem(_)) => true,
            (Some(Flaw::SaleReturnsUnindexed), EntryKind::Transaction(sale)) => sale.returned.is_some(),
            (Some(Flaw::LinksUnindexed), EntryKind::Transaction(sale)) => {
                sale.transaction.id.get() != subject.get()
            }
            _ => false,
        };
        !is_left_out && self.subjects(journal, entry).contains(&subject)
    }

    fn subjects(&self, journal: ProfileNumber, entry: &Entry) -> Vec<RecordId> {
        let mut subjects = entry.records(journal).to_vec();
        match self.flaw {
            Some(Flaw::RowsUnindexed) => subjects.retain(|subject| subject.get() < ROWS),
            Some(Flaw::IndexesOneSubject) => subjects.truncate(1),
            Some(Flaw::IndexesThreeSubjects) => subjects.truncate(3),
            _ => {}
        }
        subjects
    }

    fn name<'e>(&self, entry: &'e Entry) -> Option<&'e External> {
        let is_indexed =
            |name: &&External| self.flaw != Some(Flaw::HandlesUnindexed) || !HANDLES.contains(&name.sort());
        entry.external().filter(is_indexed)
    }
}
