//! Whether the database is whole.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;

use futures_util::future::try_join_all;
use tokio_postgres::{IsolationLevel, Row};

use super::ask::{read_entry, sequence};
use super::batch::{Ends, other_state};
use super::session::Session;
use super::sql::check::{ARCHIVED, ENTRY, HEAD, KEY, NAME, STATE, SUBJECT, drawn, strays, undrawn};
use super::{Layout, PostgresError, PostgresStore, Shared};
use crate::id::ProfileNumber;
use crate::journal::Entry;
use crate::store::Damage;
use crate::store::check::{CheckReport, Checker, Replay, Replayed};
use crate::store::damage::differ;
use crate::store::row::{AccountRow, number_of};

/// The number of accounts that are loaded together.
const ACCOUNTS: usize = 32;

impl PostgresStore {
    /// Replays every journal from the start, archived entries included, checks every entry against itself, those
    /// before it and the definitions (see [`Auditor`](crate::audit::Auditor)), and compares with everything that was derived from
    /// it: the head, the state, the order of the feed, the keys, names and subjects, and the copy of the definitions. Rows that belong to no account are
    /// found as well, and profile numbers that would be drawn twice. The tables that people query are not looked at.
    ///
    /// Reads in one snapshot, while others may write. A database that is spread over machines may have a snapshot for each
    /// account only: there, change no definitions meanwhile. It takes about as long as reading all tables.
    ///
    /// Where the archive was emptied, entries are [`Missing`](Damage::Missing): put it back first.
    ///
    /// ```no_run
    /// # use scrip::store::postgres::{PostgresError, PostgresStore};
    /// # async fn example(store: PostgresStore) -> Result<(), PostgresError> {
    /// let checked = store.check().await?;
    /// for fault in &checked.faults {
    ///     eprintln!("{}: {fault}", fault.code());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The database failed so that the check could not go on. What is wrong with the data is no error but a fault in the
    /// answer.
    pub async fn check(&self) -> Result<CheckReport, PostgresError> {
        let mut client = self.shared.pool.get().await?;
        let snapshot = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
        let transaction = snapshot.read_only(true).start().await?;
        let mut checker = Checker::new();
        self.shared.check_accounts(&transaction, &mut checker).await?;
        self.shared.check_strays(&transaction, &mut checker.report).await?;
        if self.shared.options.layout == Layout::Distributed {
            self.shared.check_copy(&transaction, &mut checker.report).await?;
        }
        Ok(checker.report)
    }
}

impl Shared {
    async fn check_accounts(
        &self,
        session: &impl Session,
        checker: &mut Checker,
    ) -> Result<(), PostgresError> {
        let mut after = -1;
        loop {
            let heads = session.query(&self.statements.heads, &[&after]).await?;
            let Some(last) = heads.last() else { return Ok(()) };
            after = last.try_get(0)?;
            let mut numbers = Vec::with_capacity(heads.len());
            for head in &heads {
                match number_of(head.try_get::<_, i32>(0)?) {
                    Ok(number) => numbers.push(number),
                    Err(fault) => checker.report.note(fault),
                }
            }
            self.check_names(session, &heads, &mut checker.report).await?;
            for numbers in numbers.chunks(ACCOUNTS) {
                // They are sent one after the other without waiting for the answers.
                let asked = numbers.iter().map(|number| async move {
                    session.query(&self.statements.check_of_one, &[number]).await
                });
                for (number, rows) in numbers.iter().zip(try_join_all(asked).await?) {
                    let replayed = match check_account(*number, &rows, checker) {
                        Ok(replayed) => Ok(replayed),
                        Err(error) => Err(error.damage()?),
                    };
                    checker.note(*number, replayed);
                }
            }
        }
    }

    /// Whether the names of some heads lead to them.
    async fn check_names(
        &self,
        session: &impl Session,
        heads: &[Row],
        report: &mut CheckReport,
    ) -> Result<(), PostgresError> {
        let mut names: Vec<(&str, i32)> = Vec::new();
        for head in heads {
            names.extend(head.try_get::<_, Option<&str>>(1)?.zip(head.try_get(0)?));
        }
        let wanted: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        let mut numbers: HashMap<String, i32> = HashMap::new();
        for row in session.query(&self.statements.numbers, &[&wanted]).await? {
            numbers.insert(row.try_get(0)?, row.try_get(1)?);
        }
        for (name, number) in names.into_iter().filter(|(name, number)| numbers.get(*name) != Some(number)) {
            let what = if numbers.contains_key(name) {
                "its profile's name leads to another account"
            } else {
                "its profile's name leads nowhere"
            };
            report.note(number_of(number).map_or_else(|fault| fault, |number| Damage::broken(number, what)));
        }
        Ok(())
    }

    /// Whether there are orphaned rows.
    async fn check_strays(
        &self,
        session: &impl Session,
        report: &mut CheckReport,
    ) -> Result<(), PostgresError> {
        for (sql, what) in strays(&self.options.schema) {
            for row in session.query(&sql, &[]).await? {
                let number = number_of(row.try_get::<_, i32>(0)?);
                report.note(number.map_or_else(|fault| fault, |number| Damage::broken(number, what)));
            }
        }
        let schema = &self.options.schema;
        for drawn in session.query(&drawn(schema), &[]).await? {
            for row in session.query(&undrawn(schema), &[&drawn.try_get::<_, i64>(0)?]).await? {
                let what = "its number is yet to be drawn, and would be another profile's, too";
                let number = number_of(row.try_get::<_, i32>(0)?);
                report.note(number.map_or_else(|fault| fault, |number| Damage::broken(number, what)));
            }
        }
        Ok(())
    }

    /// Whether the copy of the catalogue has the entries of its journal, and no others.
    async fn check_copy(
        &self,
        session: &impl Session,
        report: &mut CheckReport,
    ) -> Result<(), PostgresError> {
        let number = ProfileNumber::CATALOGUE;
        let journal = session.query(&self.statements.journal, &[&number]).await?;
        let copy = session.query(&self.statements.distributed.catalogue, &[&0]).await?;
        let entries = |rows: &[Row], column: usize| {
            let entry = |row: &Row| Ok((row.try_get(column)?, row.try_get(column.saturating_add(1))?));
            rows.iter().map(entry).collect::<Result<Vec<(i32, Vec<u8>)>, tokio_postgres::Error>>()
        };
        let (expected, found) = (entries(&journal, 3)?, entries(&copy, 0)?);
        if expected != found {
            let same = expected.iter().zip(&found).take_while(|(one, other)| one == other).count();
            let what = format!("the copy of its journal differs in row {}", same.saturating_add(1));
            report.note(Damage::broken(number, what));
        }
        Ok(())
    }
}

/// Replays one journal and compares with the other rows of its account.
fn check_account(number: ProfileNumber, rows: &[Row], checker: &Checker) -> Result<Replayed, PostgresError> {
    let of =
        |wanted: i16| rows.iter().filter(move |row| row.try_get(0).is_ok_and(|kind: i16| kind == wanted));
    let head = of(HEAD).next().ok_or_else(|| Damage::broken(number, "its head is gone"))?;
    let state = of(STATE).next().ok_or_else(|| Damage::broken(number, "it has no state"))?;
    let (profile, bytes) = (head.try_get(5)?, state.try_get(4)?);
    let row = AccountRow { number, profile, head: sequence(number, head.try_get(1)?)?, state: bytes };
    let (kept, stated) = (row.state()?.sequence(), sequence(number, state.try_get(1)?)?);
    if kept != stated {
        return Err(Damage::broken(number, other_state(stated, kept)).into());
    }
    let mut replay = checker.replay(&row)?;
    let mut entries: Vec<&Row> = of(ENTRY).chain(of(ARCHIVED)).collect();
    entries.sort_by_key(|row| row.try_get::<_, i32>(1).ok());
    let expected = follow(&mut replay, &row, &entries, head.try_get(2)?)?;
    LeadingRows::read(rows)?.compare(&expected, number)?;
    // The deadline in a row may be too early, and never too late.
    let kept = Ends { deadline: state.try_get(2)?, expires: state.try_get(3)? };
    let is = Ends::of(replay.account());
    if is.is_sooner_than(kept) {
        let what = differ("its state says too late when something falls due", &is, &kept);
        return Err(Damage::broken(number, what).into());
    }
    Ok(replay.end()?)
}

/// Reads the entries of an account in their order. Returns the look-up rows that should exist.
fn follow(
    replay: &mut Replay<'_>,
    account: &AccountRow<'_>,
    entries: &[&Row],
    last_position: i64,
) -> Result<LeadingRows, PostgresError> {
    let number = account.number;
    let (mut expected, mut reached) = (LeadingRows::default(), 0);
    for row in entries {
        let (at, position, bytes): (i64, i64, &[u8]) = (row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
        let (next, stored) =
            (replay.account().sequence().saturating_add(1), sequence(number, row.try_get(1)?)?);
        if stored > next {
            return Err(Damage::Missing { number, low: next, high: stored.saturating_sub(1) }.into());
        }
        let entry = read_entry(bytes, number)?;
        let found = (entry.sequence, entry.at.micros());
        if found != (stored, at) {
            let what = differ("an entry has another number or instant than its row", &(stored, at), &found);
            return Err(Damage::broken(number, what).into());
        }
        if position < reached {
            let what = format!(
                "an entry stands before an earlier one in the feed: entry {stored} at {position}, after {reached}"
            );
            return Err(Damage::broken(number, what).into());
        }
        reached = position;
        replay.follow(&entry)?;
        expected.expect(&entry, number, row.try_get::<_, i16>(0)? == ARCHIVED);
    }
    let end = replay.account().sequence();
    if end < account.head {
        return Err(Damage::Missing { number, low: end.saturating_add(1), high: account.head }.into());
    }
    if reached != last_position {
        let what = "its head has another place in the feed than its last entry";
        return Err(Damage::broken(number, differ(what, &reached, &last_position)).into());
    }
    Ok(expected)
}

/// The damage to look-up rows: the first that is missing, and the first that should not exist.
fn unlike<T: Ord + Debug>(rows: &str, found: &BTreeSet<T>, expected: &BTreeSet<T>) -> Option<String> {
    let (missing, surplus) = (expected.difference(found).next(), found.difference(expected).next());
    let is_wrong = missing.is_some() || surplus.is_some();
    is_wrong.then(|| differ(&format!("its {rows} are not those of its entries"), &missing, &surplus))
}

/// The rows that lead to the entries of an account.
#[derive(Debug, Default)]
struct LeadingRows {
    keys: BTreeSet<(i32, String)>,
    names: BTreeSet<(i32, i64, String)>,
    subjects: BTreeSet<(i32, i64)>,
}

impl LeadingRows {
    fn read(rows: &[Row]) -> Result<Self, PostgresError> {
        let mut found = Self::default();
        for row in rows {
            match row.try_get(0)? {
                KEY => _ = found.keys.insert((row.try_get(1)?, row.try_get(5)?)),
                NAME => _ = found.names.insert((row.try_get(1)?, row.try_get(2)?, row.try_get(5)?)),
                SUBJECT => _ = found.subjects.insert((row.try_get(1)?, row.try_get(2)?)),
                _ => {}
            }
        }
        Ok(found)
    }

    /// The look-up rows of an entry. An archived entry is no longer found by its keys and names.
    fn expect(&mut self, entry: &Entry, number: ProfileNumber, is_archived: bool) {
        let sequence = i32::try_from(entry.sequence).unwrap_or(i32::MAX);
        let records = entry.records(number);
        self.subjects.extend(records.iter().map(|subject| (sequence, subject.get().cast_signed())));
        if !is_archived {
            self.keys.extend(entry.key().map(|key| (sequence, key.as_str().to_owned())));
            let name = entry.external();
            self.names.extend(name.map(|name| (sequence, name.sort().into(), name.as_str().to_owned())));
        }
    }

    fn compare(&self, expected: &Self, number: ProfileNumber) -> Result<(), Damage> {
        let wrong = unlike("keys", &self.keys, &expected.keys)
            .or_else(|| unlike("names", &self.names, &expected.names))
            .or_else(|| unlike("subjects", &self.subjects, &expected.subjects));
        wrong.map_or(Ok(()), |what| Err(Damage::broken(number, what)))
    }
}
