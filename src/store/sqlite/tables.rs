//! The statements: one row in or out at a time, and no rules.

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};
use siphasher::sip::SipHasher24;

use super::SqliteError;
use super::cache::{CachedAccount, soonest};
use crate::account::{Account, wire as account_wire};
use crate::id::{EntryId, ProfileId, ProfileNumber};
use crate::journal::{Entry, RecordId, wire};
use crate::store::row::{AccountRow, number_of};
use crate::store::{Damage, Owner};

/// The tables of a ledger, through one connection.
#[derive(Clone, Copy)]
pub(super) struct Tables<'c>(pub(super) &'c Connection);

/// One row of the journal: the entries that one change wrote to one account.
pub(super) struct JournalRow {
    /// The place of the row before it in the same journal; zero if it is the first.
    pub(super) before: i64,
    pub(super) entries: Vec<Entry>,
}

type Result<T, E = SqliteError> = std::result::Result<T, E>;

impl<'c> Tables<'c> {
    pub(super) fn prepare(self, sql: &str) -> Result<CachedStatement<'c>> {
        Ok(self.0.prepare_cached(sql)?)
    }

    /// A number that changes whenever another connection has written.
    pub(super) fn data_version(self) -> Result<i64> {
        Ok(self.prepare("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
    }

    /// The highest number that was drawn.
    pub(super) fn numbers_drawn(self) -> Result<u32> {
        let mut select = self.prepare("SELECT coalesce(max(number), 0) FROM scrip_profile")?;
        Ok(select.query_row([], |row| row.get(0))?)
    }

    pub(super) fn number(self, profile: &ProfileId) -> Result<Option<ProfileNumber>> {
        let mut select = self.prepare("SELECT number FROM scrip_profile WHERE profile = ?")?;
        let stored: Option<i64> = select.query_row([profile], |row| row.get(0)).optional()?;
        Ok(stored.map(number_of).transpose()?)
    }

    /// The account as its rows have it: the state, with the rest of the journal folded in.
    pub(super) fn account(self, owner: Owner) -> Result<Option<CachedAccount>> {
        const FROM: &str = "SELECT h.number, h.sequence, h.last, s.account, p.profile FROM scrip_head h
            LEFT JOIN scrip_state s ON s.number = h.number LEFT JOIN scrip_profile p ON p.number = h.number
            WHERE h.number = ";
        let read = |row: &Row<'_>| self.read_head(row);
        let found = match owner {
            Owner::Number(number) => {
                self.prepare(&format!("{FROM} ?"))?.query_row([number], |row| Ok(read(row)))
            }
            Owner::Profile(profile) => self
                .prepare(&format!("{FROM} (SELECT number FROM scrip_profile WHERE profile = ?)"))?
                .query_row([profile], |row| Ok(read(row))),
        };
        found.optional()?.transpose()
    }

    fn read_head(self, row: &Row<'_>) -> Result<CachedAccount> {
        let number = number_of(row.get::<_, i64>(0)?)?;
        let (head, last): (u32, i64) = (row.get(1)?, row.get(2)?);
        let profile = row.get_ref(4)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        let state = row.get_ref(3)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
        let row = AccountRow { number, profile, head, state };
        let mut account = row.state()?;
        let saved = account.sequence();
        let rest = self.range(number, last, saved.saturating_add(1), head)?;
        row.catch_up(&mut account, rest.into_iter().map(Ok))?;
        Ok(CachedAccount { account, last, head, saved, is_new: false, is_dirty: false })
    }

    /// The entries from `first` to `end`, both included, of the journal whose newest row of interest is at `place`.
    pub(super) fn range(
        self,
        number: ProfileNumber,
        mut place: i64,
        first: u32,
        end: u32,
    ) -> Result<Vec<Entry>> {
        let mut found = Vec::new();
        let mut reached = u32::MAX;
        while first <= end && reached > first && place != 0 {
            let row = self.journal_row(number, place)?;
            reached = row.entries.first().map_or(0, |entry| entry.sequence);
            place = row.before;
            let wanted = |entry: &Entry| first <= entry.sequence && entry.sequence <= end;
            found.extend(row.entries.into_iter().rev().filter(wanted));
        }
        found.reverse();
        let gap = found.iter().zip(first..).find(|(entry, next)| entry.sequence != *next);
        match gap {
            Some((entry, next)) => {
                let what = format!("its journal has a gap: expected entry {next}, found {}", entry.sequence);
                Err(broken(number, what))
            }
            None => Ok(found),
        }
    }

    pub(super) fn journal_row(self, number: ProfileNumber, place: i64) -> Result<JournalRow> {
        let mut select = self.prepare("SELECT number, before, entries FROM scrip_journal WHERE place = ?")?;
        let mut rows = select.query([place])?;
        let Some(row) = rows.next()? else { return Err(missing_row(number, place)) };
        let (owner, before): (u32, i64) = (row.get(0)?, row.get(1)?);
        if owner != number.get() {
            let what = format!("its journal leads to row {place}, which is account {owner}'s");
            return Err(broken(number, what));
        }
        if !(0..place).contains(&before) {
            return Err(leads_nowhere(number, place, before));
        }
        let bytes = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
        let entries = wire::read_all(bytes, number).map_err(Damage::unreadable(number))?;
        Ok(JournalRow { before, entries })
    }

    /// The place of the first row that is noted at or after an entry.
    pub(super) fn mark(self, number: ProfileNumber, sequence: u32) -> Result<Option<i64>> {
        let sql = "SELECT place FROM scrip_mark WHERE entry BETWEEN ? AND ? ORDER BY entry LIMIT 1";
        let ids = params![mark_id(number, sequence), mark_id(number, u32::MAX)];
        Ok(self.prepare(sql)?.query_row(ids, |row| row.get(0)).optional()?)
    }

    /// The places of the rows that may hold an entry of this name or key, the newest first.
    pub(super) fn named(self, number: ProfileNumber, hash: i64) -> Result<Vec<i64>> {
        let sql = "SELECT place FROM scrip_name WHERE hash = ? AND number = ? ORDER BY place DESC";
        let mut select = self.prepare(sql)?;
        let places = select.query_map(params![hash, number], |row| row.get(0))?;
        Ok(places.collect::<Result<_, _>>()?)
    }

    /// The places of the rows with an entry about a subject, the newest first.
    pub(super) fn about(self, number: ProfileNumber, subject: RecordId, limit: i64) -> Result<Vec<i64>> {
        let sql =
            "SELECT place FROM scrip_subject WHERE number = ? AND subject = ? ORDER BY place DESC LIMIT ?";
        let mut select = self.prepare(sql)?;
        let row = params![number, subject.get().cast_signed(), limit];
        let places = select.query_map(row, |row| row.get(0))?;
        Ok(places.collect::<Result<_, _>>()?)
    }

    /// Appends the entries of a change to one account. `space` is the buffer for their bytes.
    pub(super) fn append(
        self,
        cached: &CachedAccount,
        entries: &[Entry],
        space: &mut Vec<u8>,
    ) -> Result<i64> {
        let number = cached.account.number();
        space.clear();
        wire::write_all(entries, number, space);
        let sql = "INSERT INTO scrip_journal (number, before, entries) VALUES (?, ?, ?)";
        self.prepare(sql)?.execute(params![number, cached.last, &space[..]])?;
        let place = self.0.last_insert_rowid();
        for entry in entries {
            if let Some(name) = entry.external() {
                self.note_name(number, name_hash(name.sort(), name.as_str()), place)?;
            }
            if let Some(key) = entry.key() {
                self.note_name(number, name_hash(KEY, key.as_str()), place)?;
            }
            for subject in &entry.records(number) {
                let sql = "INSERT INTO scrip_subject VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
                self.prepare(sql)?.execute(params![number, subject.get().cast_signed(), place])?;
            }
        }
        Ok(place)
    }

    fn note_name(self, number: ProfileNumber, hash: i64, place: i64) -> Result<()> {
        let sql = "INSERT INTO scrip_name VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
        self.prepare(sql)?.execute(params![hash, number, place])?;
        Ok(())
    }

    /// Records the place of the account's last entry.
    pub(super) fn note_mark(self, cached: &CachedAccount) -> Result<()> {
        let id = mark_id(cached.account.number(), cached.account.sequence());
        self.prepare("INSERT INTO scrip_mark VALUES (?, ?)")?.execute(params![id, cached.last])?;
        Ok(())
    }

    /// Compares and swaps the head row. `false`: another writer was faster.
    pub(super) fn swap(self, cached: &CachedAccount) -> Result<bool> {
        let (account, soonest) = (&cached.account, soonest(&cached.account));
        let (number, sequence) = (account.number(), account.sequence());
        if !cached.is_new {
            let sql = "UPDATE scrip_head SET sequence = ?1, last = ?2, soonest = ?3
                WHERE number = ?4 AND sequence = ?5";
            let row = params![sequence, cached.last, soonest, number, cached.head];
            return Ok(self.prepare(sql)?.execute(row)? == 1);
        }
        if let Some(profile) = account.profile() {
            let sql = "INSERT INTO scrip_profile VALUES (?, ?) ON CONFLICT DO NOTHING";
            if self.prepare(sql)?.execute(params![number, profile])? == 0 {
                return Ok(false);
            }
        }
        let sql = "INSERT INTO scrip_head VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
        Ok(self.prepare(sql)?.execute(params![number, sequence, cached.last, soonest])? == 1)
    }

    /// Writes the state row. `space` is used for the bytes.
    pub(super) fn save(self, account: &Account, space: &mut Vec<u8>) -> Result<()> {
        space.clear();
        account_wire::write(account, space);
        let sql = "INSERT INTO scrip_state VALUES (?1, ?2) ON CONFLICT (number) DO UPDATE SET account = ?2";
        self.prepare(sql)?.execute(params![account.number(), &space[..]])?;
        Ok(())
    }
}

/// The sort of name that a key counts as, among those of [`External::sort`](crate::journal::External::sort).
pub(super) const KEY: u8 = 0;

/// The hash under which a name is noted; the entry itself says whether it is the one. It never changes.
pub(super) fn name_hash(sort: u8, text: &str) -> i64 {
    let mut bytes = vec![sort];
    bytes.extend_from_slice(text.as_bytes());
    SipHasher24::new().hash(&bytes).cast_signed()
}

/// Marks stand under the ids of entries.
fn mark_id(number: ProfileNumber, sequence: u32) -> i64 {
    let sequence = sequence.min(crate::id::MAX_SEQUENCE);
    EntryId::made_by(number, sequence).get().cast_signed()
}

pub(super) fn missing_row(number: ProfileNumber, place: i64) -> SqliteError {
    broken(number, format!("row {place} of its journal is missing"))
}

pub(super) fn leads_nowhere(number: ProfileNumber, place: i64, before: i64) -> SqliteError {
    let what = format!(
        "row {place} of its journal names row {before} as the one before, expected 0 to {}",
        place.saturating_sub(1)
    );
    broken(number, what)
}

pub(super) fn broken(number: ProfileNumber, what: impl Into<String>) -> SqliteError {
    Damage::broken(number, what).into()
}
