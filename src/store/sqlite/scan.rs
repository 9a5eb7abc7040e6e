//! Reading the file across profiles.

use rusqlite::params;

use super::tables::{Tables, name_hash};
use super::{SqliteError, SqliteStore};
use crate::account::Account;
use crate::id::{ProfileId, ProfileNumber};
use crate::journal::{External, wire};
use crate::store::row::{number_of, profile_of};
use crate::store::scan::{expires_within, is_due};
use crate::store::{Damage, Feed, FeedEntry, Owner, Position, Scan};
use crate::time::Timestamp;

impl Scan for SqliteStore {
    type Error = SqliteError;

    fn profiles(&mut self, after: ProfileNumber, limit: usize) -> Result<Vec<ProfileNumber>, SqliteError> {
        self.reading(|tables| tables.profiles(after, limit))
    }

    fn due(
        &mut self,
        by: Timestamp,
        after: ProfileNumber,
        limit: usize,
    ) -> Result<Vec<ProfileNumber>, SqliteError> {
        self.reading(|tables| tables.numbers_where(by, after, limit, |account| is_due(account, by)))
    }

    fn expiring(
        &mut self,
        stretch: (Timestamp, Timestamp),
        after: ProfileNumber,
        limit: usize,
    ) -> Result<Vec<ProfileNumber>, SqliteError> {
        self.reading(|tables| {
            tables.numbers_where(stretch.1, after, limit, |account| expires_within(account, stretch))
        })
    }

    fn feed(&mut self, after: &Position, limit: usize) -> Result<Feed, SqliteError> {
        self.reading(|tables| tables.feed(after, limit))
    }

    fn named(&mut self, name: &External, limit: usize) -> Result<Vec<ProfileId>, SqliteError> {
        self.reading(|tables| tables.profiles_named(name, limit))
    }
}

impl SqliteStore {
    /// Reads in one snapshot.
    pub(super) fn reading<T>(
        &mut self,
        read: impl FnOnce(Tables<'_>) -> Result<T, SqliteError>,
    ) -> Result<T, SqliteError> {
        let transaction = self.connection.unchecked_transaction()?;
        let answer = read(Tables(&transaction))?;
        transaction.commit()?;
        Ok(answer)
    }
}

/// A position is a place in the journal, and how many of the entries in the row after it were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reached {
    place: i64,
    entries: usize,
}

impl Reached {
    fn read(position: &Position) -> Result<Self, SqliteError> {
        if *position == Position::START {
            return Ok(Self { place: 0, entries: 0 });
        }
        let (place, entries) = position.as_str().split_once('+').unwrap_or((position.as_str(), "0"));
        match (place.parse(), entries.parse()) {
            (Ok(place), Ok(entries)) if place >= 0 => Ok(Self { place, entries }),
            _ => Err(SqliteError::NoSuchPosition),
        }
    }

    fn write(self) -> Position {
        Position::new(match self.entries {
            0 => self.place.to_string(),
            entries => format!("{}+{entries}", self.place),
        })
    }
}

impl Tables<'_> {
    /// The entries written after a position.
    pub(super) fn feed(self, after: &Position, limit: usize) -> Result<Feed, SqliteError> {
        let mut reached = Reached::read(after)?;
        let (mut entries, mut more) = (Vec::new(), false);
        let sql = "SELECT j.place, j.number, p.profile, j.entries FROM scrip_journal j
            LEFT JOIN scrip_profile p ON p.number = j.number WHERE j.place > ? ORDER BY j.place LIMIT ?";
        let mut select = self.prepare(sql)?;
        let mut rows = select
            .query(params![reached.place, i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)])?;
        while let Some(row) = rows.next()? {
            more = entries.len() == limit;
            if more {
                break;
            }
            let number = number_of(row.get::<_, i64>(1)?)?;
            let profile =
                profile_of(number, row.get_ref(2)?.as_str_or_null().map_err(rusqlite::Error::from)?)?;
            let bytes = row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?;
            let written = wire::read_all(bytes, number).map_err(Damage::unreadable(number))?;
            let count = written.len();
            let room = limit.saturating_sub(entries.len());
            let fresh = written.into_iter().skip(reached.entries).take(room);
            let before = entries.len();
            entries.extend(fresh.map(|entry| FeedEntry { profile, number, entry }));
            reached.entries = reached.entries.saturating_add(entries.len().saturating_sub(before));
            more = reached.entries < count;
            if more {
                break;
            }
            reached = Reached { place: row.get(0)?, entries: 0 };
        }
        Ok(Feed { entries, position: reached.write(), more })
    }

    fn profiles(self, after: ProfileNumber, limit: usize) -> Result<Vec<ProfileNumber>, SqliteError> {
        let mut select =
            self.prepare("SELECT number FROM scrip_head WHERE number > ? ORDER BY number LIMIT ?")?;
        let numbers =
            select.query_map(params![after, i64::try_from(limit).unwrap_or(i64::MAX)], |row| row.get(0))?;
        Ok(numbers.collect::<Result<_, _>>()?)
    }

    /// The accounts after a number for which something happens by an instant, if they are wanted.
    fn numbers_where(
        self,
        by: Timestamp,
        after: ProfileNumber,
        limit: usize,
        is_wanted: impl Fn(&Account) -> bool,
    ) -> Result<Vec<ProfileNumber>, SqliteError> {
        let sql = "SELECT number FROM scrip_head WHERE number > ? AND soonest <= ? ORDER BY number";
        let mut select = self.prepare(sql)?;
        let mut rows = select.query(params![after, by])?;
        let mut found = Vec::new();
        while found.len() < limit {
            let Some(row) = rows.next()? else { break };
            let number = number_of(row.get::<_, i64>(0)?)?;
            let cached = self.account(Owner::Number(number))?;
            found.extend(cached.filter(|cached| is_wanted(&cached.account)).map(|_| number));
        }
        Ok(found)
    }

    fn profiles_named(self, name: &External, limit: usize) -> Result<Vec<ProfileId>, SqliteError> {
        let sql = "SELECT n.number, n.place, p.profile FROM scrip_name n
            JOIN scrip_profile p ON p.number = n.number WHERE n.hash = ? ORDER BY p.profile, n.place";
        let mut select = self.prepare(sql)?;
        let mut rows = select.query([name_hash(name.sort(), name.as_str())])?;
        let mut found: Vec<ProfileId> = Vec::new();
        while found.len() < limit {
            let Some(row) = rows.next()? else { break };
            let number = number_of(row.get::<_, i64>(0)?)?;
            let profile = profile_of(number, Some(row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?))?;
            let Some(profile) = profile.filter(|profile| found.last() != Some(profile)) else { continue };
            let written = self.journal_row(number, row.get(1)?)?;
            if written.entries.iter().any(|entry| entry.external() == Some(name)) {
                found.push(profile);
            }
        }
        Ok(found)
    }
}
