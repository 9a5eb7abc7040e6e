//! The catalogue of a distributed database: definitions are read from a copy of their journal that every machine has, and
//! a process keeps what it has read. So a request about a definition needs no machine but its own profile's.
//!
//! The copy is written in the transaction that commits a definition. A process that reads it begins at the last entry that
//! it knows: if that is there as it was, and nothing after it, then what is kept is up to date.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio_postgres::Row;

use super::PostgresError;
use super::ask::{read_entry, sequence};
use super::session::{Filled, Session, Value};
use super::sql::Distributed;
use crate::id::ProfileNumber;
use crate::journal::{Entry, External, RecordId};
use crate::store::stage::Entries;
use crate::store::{Damage, Find};

/// The entries of the catalogue's journal, as they were read from the copy.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalogue {
    entries: Vec<Entry>,
    /// The bytes of the last entry.
    last: Vec<u8>,
    /// The place of the newest entry that has a record, or a name.
    latest: HashMap<RecordId, usize>,
    named: HashMap<External, usize>,
}

impl Catalogue {
    /// The last entry.
    pub(super) fn end(&self) -> u32 {
        self.entries.last().map_or(0, |entry| entry.sequence)
    }

    pub(super) fn find(&self, find: &Find) -> Entries<&Entry> {
        let newest = |place: Option<&usize>| place.and_then(|place| self.entries.get(*place));
        match find {
            Find::Latest(record) => newest(self.latest.get(record)).into_iter().collect(),
            Find::Named(name) => newest(self.named.get(name)).into_iter().collect(),
            other => {
                let found = self.entries.iter().filter(|entry| other.finds(entry, ProfileNumber::CATALOGUE));
                let mut found: Entries<&Entry> = found.collect();
                if other.is_of_newest() {
                    found.drain(..found.len().saturating_sub(1));
                }
                found
            }
        }
    }

    /// Adds the entries of the copy from the last known one on. `None`: that is not there as it was, as in a database that was
    /// restored.
    fn with(self: &Arc<Self>, rows: &[Row]) -> Result<Option<Arc<Self>>, PostgresError> {
        let (mut catalogue, mut rows) = (Arc::clone(self), rows.iter());
        if self.end() > 0 {
            match rows.next().map(stored).transpose()? {
                Some((sequence, bytes)) if sequence == self.end() && bytes == self.last => {}
                _ => return Ok(None),
            }
        }
        for row in rows {
            Arc::make_mut(&mut catalogue).push(row)?;
        }
        Ok(Some(catalogue))
    }

    fn push(&mut self, row: &Row) -> Result<(), PostgresError> {
        let (number, next) = (ProfileNumber::CATALOGUE, self.end().saturating_add(1));
        let (sequence, bytes) = stored(row)?;
        if sequence > next {
            return Err(Damage::Missing { number, low: next, high: sequence.saturating_sub(1) }.into());
        }
        let entry = read_entry(bytes, number)?;
        if (entry.sequence, sequence) != (next, next) {
            let what = format!(
                "the copy of its entries has entry {} at {sequence}, expected {next}",
                entry.sequence
            );
            return Err(Damage::broken(number, what).into());
        }
        let place = self.entries.len();
        self.latest.extend(entry.records(number).iter().map(|record| (*record, place)));
        self.named.extend(entry.external().map(|name| (name.clone(), place)));
        self.entries.push(entry);
        self.last = bytes.to_vec();
        Ok(())
    }
}

/// A row of the copy: an entry's number and its bytes.
pub(super) fn stored(row: &Row) -> Result<(u32, &[u8]), PostgresError> {
    Ok((sequence(ProfileNumber::CATALOGUE, row.try_get(0)?)?, row.try_get(1)?))
}

/// What the process has read of the catalogue.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<Arc<Catalogue>>);

impl Known {
    pub(super) fn latest(&self) -> Arc<Catalogue> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The catalogue, given the answer to [`further`] of what was known.
    pub(super) async fn update<S: Session>(
        &self,
        session: &S,
        statements: &Distributed,
        known: Arc<Catalogue>,
        rows: &[Row],
    ) -> Result<Arc<Catalogue>, PostgresError> {
        let catalogue = match known.with(rows)? {
            Some(catalogue) => catalogue,
            None => {
                let all = session.query(&statements.catalogue, &[&0]).await?;
                Arc::<Catalogue>::default().with(&all)?.unwrap_or_default()
            }
        };
        if S::READS_COMMITTED {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&catalogue);
        }
        Ok(catalogue)
    }
}

/// The statement that reads the copy from the last known entry on.
pub(super) fn further<'a>(statements: &'a Distributed, known: &Catalogue) -> Filled<'a> {
    Filled::new(&statements.catalogue, [Value::Int(i32::try_from(known.end()).unwrap_or(i32::MAX))])
}
