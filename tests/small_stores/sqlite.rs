//! A small store over SQLite that joins a transaction which the caller has open.
//!
//! It shows how little the contract asks for. The journal is the truth, kept as JSON; a head row for each account is
//! compared and swapped; accounts are folded anew on every load. A store for real work keeps the folded state as well.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, ToSql, params};
use scrip::ProfileId;
use scrip::account::{Account, Corrupt};
use scrip::id::IdError;
use scrip::journal::Entry;
use scrip::store::{CommitStatus, Find, Lookup, LookupPlan, Owner, Store, StoreError, View, Work};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS head (number INTEGER PRIMARY KEY, profile TEXT UNIQUE, sequence INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS journal (
        number INTEGER, sequence INTEGER, at INTEGER, entry TEXT NOT NULL, key TEXT,
        PRIMARY KEY (number, sequence)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS by_key ON journal (number, key) WHERE key IS NOT NULL;
    CREATE TABLE IF NOT EXISTS name (number INTEGER, sort INTEGER, name TEXT, sequence INTEGER,
        PRIMARY KEY (number, sort, name, sequence)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS subject (number INTEGER, subject INTEGER, sequence INTEGER,
        PRIMARY KEY (number, subject, sequence)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS drawn (numbers INTEGER);
    INSERT INTO drawn SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM drawn);";

pub struct SmallSqlite(pub Connection);

#[derive(Debug, thiserror::Error)]
pub enum SmallError {
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    #[error("an entry that is none: {0}")]
    Entry(#[from] scrip::json::JsonError),
    #[error("a head row that is none: {0}")]
    Head(#[from] IdError),
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    #[error("an entry that cannot be written: {0}")]
    Unwritable(#[from] serde_json::Error),
    #[error("this store was written before {0:?}")]
    NoSuchLookup(Find),
}

impl StoreError for SmallError {
    fn is_corruption(&self) -> bool {
        // SQLite keeps a value of any type in any column.
        let is_of_another_type = matches!(
            self,
            Self::Sql(rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::IntegralValueOutOfRange(..))
        );
        is_of_another_type || matches!(self, Self::Entry(_) | Self::Head(_) | Self::Corrupt(_))
    }
}

type Result<T, E = SmallError> = std::result::Result<T, E>;

impl SmallSqlite {
    pub fn open(path: &std::path::Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self(connection))
    }

    /// One unit, in a savepoint of its own: what goes wrong in it leaves its neighbours alone.
    fn unit(&self, work: &mut dyn Work, unit: usize, done: CommitStatus) -> Result<CommitStatus> {
        let need = work.needs()[unit].clone();
        let first = self.account(need.owner)?;
        let second = match need.second.as_deref().copied() {
            // A newcomer may be both accounts, and has one number then.
            Some(owner) if owner == need.owner => Some(first.clone()),
            other => other.map(|owner| self.account(owner)).transpose()?,
        };
        let mut gather = LookupPlan::new(&need, &first);
        while let Some(lookup) = gather.next() {
            gather.answer(self.find(&lookup)?);
        }
        let past = gather.past(&need, &first)?;
        let found = gather.found();
        let view = View::new(past.as_ref().unwrap_or(&first), second.as_ref(), &found);
        let Some(change) = work.decide(unit, view) else { return Ok(done) };
        if !change.follows(first.sequence(), second.as_ref().map(Account::sequence)) {
            return Ok(CommitStatus::Conflict);
        }
        self.0.execute_batch("SAVEPOINT unit")?;
        let swapped = self.append(&first, &change.first)?
            && second.as_ref().map_or(Ok(true), |second| self.append(second, &change.second))?;
        self.0.execute_batch(if swapped { "RELEASE unit" } else { "ROLLBACK TO unit; RELEASE unit" })?;
        Ok(if swapped { done } else { CommitStatus::Conflict })
    }

    fn account(&self, owner: Owner) -> Result<Account> {
        let (column, value) = match owner {
            Owner::Profile(profile) => ("profile", Value::from(profile.to_string())),
            Owner::Number(number) => ("number", Value::from(number.get())),
        };
        let sql = format!("SELECT number, profile, sequence FROM head WHERE {column} = ?");
        let row = self.0.query_row(&sql, [value], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        let row = row.optional()?;
        let (number, profile, sequence): (u32, Option<String>, u32) = match (row, owner) {
            (Some(row), _) => row,
            // A look that leads to nothing wastes a number; there are enough.
            (None, Owner::Profile(profile)) => (self.draw_number()?, Some(profile.to_string()), 0),
            (None, Owner::Number(number)) => (number.get(), None, 0),
        };
        let (number, profile) = (number.try_into()?, profile.map(|text| ProfileId::new(&text)).transpose()?);
        let all = Lookup { journal: number, find: Find::Range(1, u32::MAX) };
        let account = Account::replay(profile, number, &self.find(&all)?)?;
        // A journal that lost its end replays, too.
        if account.sequence() == sequence {
            Ok(account)
        } else {
            Err(Corrupt::Gap { expected: account.sequence() + 1, found: sequence }.into())
        }
    }

    fn draw_number(&self) -> Result<u32> {
        self.0.execute("UPDATE drawn SET numbers = numbers + 1", [])?;
        Ok(self.0.query_row("SELECT numbers FROM drawn", [], |row| row.get(0))?)
    }

    fn find(&self, lookup: &Lookup) -> Result<Vec<Entry>> {
        let entries = |condition: &str, values: &[&dyn ToSql]| -> Result<Vec<Entry>> {
            let number = lookup.journal.get();
            let sql = format!("SELECT entry FROM journal j WHERE number = {number} AND {condition}");
            let mut statement = self.0.prepare_cached(&sql)?;
            let rows = statement.query_map(values, |row| row.get::<_, String>(0))?;
            rows.map(|text| Ok(scrip::json::read(text?.as_bytes())?)).collect()
        };
        let newest = "ORDER BY sequence DESC LIMIT 1";
        let about = "sequence IN (SELECT sequence FROM subject s WHERE s.number = j.number AND subject = ?)";
        match &lookup.find {
            Find::Range(first, last) => {
                entries("sequence BETWEEN ? AND ? ORDER BY sequence", params![first, last])
            }
            Find::Until(at) => entries("at <= ? ORDER BY sequence", params![at.micros()]),
            Find::About(subject) => {
                entries(&format!("{about} ORDER BY sequence"), params![subject.get() as i64])
            }
            Find::Latest(subject) => entries(&format!("{about} {newest}"), params![subject.get() as i64]),
            Find::Key(key) => entries(&format!("key = ? {newest}"), params![key.as_str()]),
            Find::Named(name) => {
                let named = "sequence IN (SELECT sequence FROM name n WHERE n.number = j.number AND sort = ? AND name = ?)";
                entries(&format!("{named} {newest}"), params![name.sort(), name.as_str()])
            }
            other => Err(SmallError::NoSuchLookup(other.clone())),
        }
    }

    /// Compares the head and swaps it; then appends. `false`: somebody was faster.
    fn append(&self, account: &Account, entries: &[Entry]) -> Result<bool> {
        let Some(last) = entries.last() else { return Ok(true) };
        let (number, profile) = (account.number().get(), account.profile().map(ProfileId::as_str));
        let swapped = if account.sequence() == 0 {
            // Nothing happens if somebody created the same profile under another number.
            let sql = "INSERT INTO head VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
            self.0.execute(sql, params![number, profile, last.sequence])?
        } else {
            let sql = "UPDATE head SET sequence = ? WHERE number = ? AND sequence = ?";
            self.0.execute(sql, params![last.sequence, number, account.sequence()])?
        };
        if swapped == 0 {
            return Ok(false);
        }
        for entry in entries {
            let (at, text) = (entry.at.micros(), serde_json::to_string(entry)?);
            let key = entry.key().map(|key| key.as_str());
            let row = params![number, entry.sequence, at, text, key];
            self.0.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", row)?;
            if let Some(name) = entry.external() {
                let row = params![number, name.sort(), name.as_str(), entry.sequence];
                self.0.execute("INSERT INTO name VALUES (?, ?, ?, ?)", row)?;
            }
            for subject in &entry.records(account.number()) {
                let row = params![number, subject.get() as i64, entry.sequence];
                self.0.execute("INSERT INTO subject VALUES (?, ?, ?)", row)?;
            }
        }
        Ok(true)
    }
}

impl Store for SmallSqlite {
    type Error = SmallError;

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        let units = work.needs().len();
        // Inside the caller's transaction it is the caller who commits.
        if !self.0.is_autocommit() {
            for unit in 0..units {
                let fate = self.unit(work, unit, CommitStatus::Staged)?;
                work.settle(unit, fate);
            }
            return Ok(());
        }
        self.0.execute_batch("BEGIN IMMEDIATE")?;
        let fates: Result<Vec<CommitStatus>> =
            (0..units).map(|unit| self.unit(work, unit, CommitStatus::Committed)).collect();
        self.0.execute_batch(if fates.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
        fates?.into_iter().enumerate().for_each(|(unit, fate)| work.settle(unit, fate));
        Ok(())
    }
}
