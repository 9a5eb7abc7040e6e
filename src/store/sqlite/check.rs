//! Whether the file is whole; and copies of it.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OptionalExtension, params};

use super::cache::{is_due_for_a_mark, soonest};
use super::tables::{KEY, Tables, broken, leads_nowhere, missing_row, name_hash};
use super::{SqliteError, SqliteStore};
use crate::id::ProfileNumber;
use crate::store::Damage;
use crate::store::check::{CheckReport, Checker, Replay, Replayed};
use crate::store::damage::differ;
use crate::store::row::{AccountRow, number_of};
use crate::time::Timestamp;

/// All pages in one step, from one snapshot: in several steps, each write by another connection would restart the copy.
/// Writers need not wait, as the file has a write-ahead log.
const ALL_PAGES: std::os::raw::c_int = -1;
impl SqliteStore {
    /// Replays every journal from nothing, checks every entry against itself, those before it and the definitions (see
    /// [`Auditor`](crate::audit::Auditor)), and compares with everything that was derived from it: the head, the state, the marks, the names and
    /// subjects. SQLite checks its own structures as well.
    ///
    /// Reads in one snapshot, while others may write. It takes about as long as reading the whole file.
    ///
    /// ```
    /// use scrip::store::sqlite::SqliteStore;
    ///
    /// let mut store = SqliteStore::in_memory()?;
    /// assert!(store.check()?.is_whole());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// SQLite failed so that the check could not go on. Corrupt data is not an error but a fault in the report.
    pub fn check(&mut self) -> Result<CheckReport, SqliteError> {
        self.reading(|tables| {
            let mut checker = Checker::new();
            tables.check_pages(&mut checker.report)?;
            if checker.report.is_whole() {
                tables.check_accounts(&mut checker)?;
            }
            Ok(checker.report)
        })
    }

    /// Copies the file as it is at one moment, while this store and others go on writing. The copy is a ledger like any other.
    ///
    /// The file at `to` is replaced, if there is one. Meanwhile the write-ahead log cannot be cut off, and grows by what is
    /// written.
    ///
    /// ```
    /// use scrip::store::sqlite::SqliteStore;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut store = SqliteStore::open(folder.path().join("ledger.sqlite"))?;
    /// let copy = folder.path().join("copy.sqlite");
    /// store.back_up(&copy)?;
    /// assert!(SqliteStore::open(&copy)?.check()?.is_whole());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// SQLite failed, or the copy cannot be written.
    pub fn back_up(&mut self, to: impl AsRef<Path>) -> Result<(), SqliteError> {
        let mut copy = Connection::open(to)?;
        let backup = Backup::new(&self.connection, &mut copy)?;
        loop {
            match backup.step(ALL_PAGES)? {
                StepResult::Done => return Ok(()),
                StepResult::More => {}
                // Another connection holds a lock for a moment.
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

/// The number of rows that the tables should have according to the journals.
#[derive(Default)]
struct Expected {
    journal: u64,
    names: u64,
    subjects: u64,
    marks: u64,
    states: u64,
    profiles: u64,
}

impl Tables<'_> {
    fn check_pages(self, report: &mut CheckReport) -> Result<(), SqliteError> {
        let answer: String = self.0.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if answer != "ok" {
            report.note(Damage::broken(ProfileNumber::CATALOGUE, "the file's pages are damaged"));
        }
        Ok(())
    }

    fn check_accounts(self, checker: &mut Checker) -> Result<(), SqliteError> {
        let mut expected = Expected::default();
        let mut select = self.0.prepare("SELECT number FROM scrip_head ORDER BY number")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let stored: Result<i64, SqliteError> = row.get(0).map_err(SqliteError::from);
            let number = match stored.and_then(|stored| Ok(number_of(stored)?)) {
                Ok(number) => number,
                Err(error) => {
                    checker.report.note(error.damage(ProfileNumber::CATALOGUE)?);
                    continue;
                }
            };
            let replayed = match self.check_account(number, checker, &mut expected) {
                Ok(replayed) => Ok(replayed),
                Err(error) => Err(error.damage(number)?),
            };
            checker.note(number, replayed);
        }
        // If an account is damaged, the sums are wrong as well.
        if checker.report.is_whole() {
            self.check_sums(&expected, &mut checker.report)?;
        }
        Ok(())
    }

    /// Replays one journal and compares.
    fn check_account(
        self,
        number: ProfileNumber,
        checker: &Checker,
        expected: &mut Expected,
    ) -> Result<Replayed, SqliteError> {
        let sql = "SELECT h.sequence, h.last, h.soonest, p.profile, s.account FROM scrip_head h
            LEFT JOIN scrip_profile p ON p.number = h.number LEFT JOIN scrip_state s ON s.number = h.number
            WHERE h.number = ?";
        let mut select = self.prepare(sql)?;
        let mut rows = select.query([number])?;
        let Some(row) = rows.next()? else { return Err(broken(number, "its head is gone")) };
        let (head, last, stated): (u32, i64, Option<i64>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let profile = row.get_ref(3)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        let state = row.get_ref(4)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
        expected.states = expected.states.saturating_add(u64::from(state.is_some()));
        expected.profiles = expected.profiles.saturating_add(u64::from(profile.is_some()));
        let mut replay = checker.replay(&AccountRow { number, profile, head, state })?;
        self.replay(&mut replay, last, expected)?;
        let expected_soonest = soonest(replay.account()).map(Timestamp::micros);
        if expected_soonest != stated {
            let what = differ("its head states another next instant", &expected_soonest, &stated);
            return Err(broken(number, what));
        }
        Ok(replay.end()?)
    }

    /// Replays a journal from the start, and compares its look-up rows and marks with it.
    fn replay(self, replay: &mut Replay<'_>, last: i64, expected: &mut Expected) -> Result<(), SqliteError> {
        let number = replay.account().number();
        let mut places = Vec::new();
        let mut place = last;
        while place != 0 {
            places.push(place);
            place = self.before(number, place)?;
        }
        for place in places.into_iter().rev() {
            let row = self.journal_row(number, place)?;
            let before = replay.account().sequence();
            let (mut names, mut subjects) = (BTreeSet::new(), BTreeSet::new());
            for entry in &row.entries {
                replay.follow(entry)?;
                names.extend(entry.external().map(|name| name_hash(name.sort(), name.as_str())));
                names.extend(entry.key().map(|key| name_hash(KEY, key.as_str())));
                subjects.extend(entry.records(number).iter().map(|subject| subject.get().cast_signed()));
            }
            self.check_row(number, place, &names, &subjects)?;
            let sequence = replay.account().sequence();
            if is_due_for_a_mark(before, sequence) {
                let marked = self.mark(number, sequence)?;
                if marked != Some(place) {
                    let what = differ("an entry's row is not noted", &Some(place), &marked);
                    return Err(broken(number, format!("entry {sequence}: {what}")));
                }
                expected.marks = expected.marks.saturating_add(1);
            }
            expected.journal = expected.journal.saturating_add(1);
            expected.names = expected.names.saturating_add(names.len() as u64);
            expected.subjects = expected.subjects.saturating_add(subjects.len() as u64);
        }
        Ok(())
    }

    fn before(self, number: ProfileNumber, place: i64) -> Result<i64, SqliteError> {
        let sql = "SELECT before FROM scrip_journal WHERE place = ?";
        let before = self.prepare(sql)?.query_row([place], |row| row.get(0)).optional()?;
        let before = before.ok_or_else(|| missing_row(number, place))?;
        if (0..place).contains(&before) { Ok(before) } else { Err(leads_nowhere(number, place, before)) }
    }

    fn check_row(
        self,
        number: ProfileNumber,
        place: i64,
        names: &BTreeSet<i64>,
        subjects: &BTreeSet<i64>,
    ) -> Result<(), SqliteError> {
        for hash in names {
            let sql = "SELECT 1 FROM scrip_name WHERE hash = ? AND number = ? AND place = ?";
            if !self.prepare(sql)?.exists(params![hash, number, place])? {
                return Err(broken(number, format!("a name or key of an entry in row {place} is not noted")));
            }
        }
        for subject in subjects {
            let sql = "SELECT 1 FROM scrip_subject WHERE number = ? AND subject = ? AND place = ?";
            if !self.prepare(sql)?.exists(params![number, subject, place])? {
                let what = format!("an entry about record {subject} in row {place} is not noted");
                return Err(broken(number, what));
            }
        }
        Ok(())
    }

    /// Whether there are orphaned rows.
    fn check_sums(self, expected: &Expected, report: &mut CheckReport) -> Result<(), SqliteError> {
        let tables = [
            ("scrip_journal", expected.journal, "there are journal rows that belong to no account"),
            ("scrip_name", expected.names, "there are names of entries that do not exist"),
            ("scrip_subject", expected.subjects, "there are subjects of entries that do not exist"),
            ("scrip_mark", expected.marks, "there are marks of entries that do not exist"),
            ("scrip_state", expected.states, "there are states of accounts that do not exist"),
            ("scrip_profile", expected.profiles, "there are profiles with no head"),
        ];
        for (table, expected, what) in tables {
            let found: i64 =
                self.0.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
            if u64::try_from(found) != Ok(expected) {
                let what = format!("{what}: expected {expected} rows, found {found}");
                report.note(Damage::broken(ProfileNumber::CATALOGUE, what));
            }
        }
        Ok(())
    }
}
