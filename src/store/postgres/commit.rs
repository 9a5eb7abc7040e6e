//! Committing: on one server, one statement compares and swaps heads, and appends the rows of those that swapped.

use std::collections::HashSet;

use tokio_postgres::Row;

use super::batch::{BatchState, Ends, LoadedAccount, Registration};
use super::load::plain;
use super::session::{Parameter, Session};
use super::sql::Commit;
use super::{Layout, PostgresError, Shared};
use crate::account::{Account, wire as account_wire};
use crate::id::{Key, ProfileId, ProfileNumber};
use crate::journal::{Entry, LotKind, wire};

/// The number of new entries after which an account's stored state is rewritten, at the latest.
const LAG: u32 = 8;

/// The number of lots for each entry that the stored state may lag behind.
const LOTS: usize = 16;

/// The number of entries after which the indexed columns of the state's row are refreshed.
const FRESH: u32 = 8;

impl Shared {
    /// Binds newcomers to the numbers that they were promised. Returns the places of those who have none after that: another
    /// writer was faster, or it failed.
    pub(super) async fn register(
        &self,
        session: &impl Session,
        batch: &mut BatchState,
        places: &[usize],
    ) -> (Vec<usize>, Result<(), PostgresError>) {
        let (mut newcomers, mut of) = (Vec::new(), Vec::new());
        for place in places {
            let loaded =
                batch.accounts.get(*place).filter(|loaded| loaded.registration == Registration::Promised);
            if let Some((loaded, profile)) =
                loaded.and_then(|loaded| Some((loaded, loaded.account.profile()?)))
            {
                newcomers.push((*profile, loaded.account.number()));
                of.push(*place);
            }
        }
        if newcomers.is_empty() {
            return (Vec::new(), Ok(()));
        }
        let mut registered = HashSet::new();
        let result = match self.options.layout {
            Layout::OneServer => self.register_together(session, &newcomers, &mut registered).await,
            Layout::Distributed => self.register_distributed(session, &newcomers, &mut registered).await,
        };
        let mut unregistered = Vec::new();
        for (place, (_, number)) in of.into_iter().zip(newcomers) {
            match batch.accounts.get_mut(place) {
                Some(loaded) if registered.contains(&number) => {
                    loaded.registration = Registration::Registered
                }
                _ => unregistered.push(place),
            }
        }
        (unregistered, result)
    }

    async fn register_together(
        &self,
        session: &impl Session,
        newcomers: &[(ProfileId, ProfileNumber)],
        registered: &mut HashSet<ProfileNumber>,
    ) -> Result<(), PostgresError> {
        let names: Vec<&str> = newcomers.iter().map(|(profile, _)| profile.as_str()).collect();
        let numbers: Vec<i32> = newcomers.iter().map(|(_, number)| plain(*number)).collect();
        let rows = session.query(&self.statements.register, &[&names, &numbers]).await?;
        for row in rows {
            registered.insert(row.try_get(0)?);
        }
        Ok(())
    }

    /// Writes the pending changes at some places. Returns the numbers of the accounts whose heads swapped.
    pub(super) async fn write(
        &self,
        session: &impl Session,
        batch: &BatchState,
        places: &[usize],
    ) -> Result<HashSet<ProfileNumber>, PostgresError> {
        let mut accounts: Vec<&LoadedAccount> =
            places.iter().filter_map(|place| batch.accounts.get(*place)).collect();
        if accounts.iter().any(|loaded| loaded.registration == Registration::Nobody) {
            return Err(PostgresError::NoSuchAccount);
        }
        // Writers who lock rows in one order do not deadlock.
        accounts.sort_unstable_by_key(|loaded| loaded.account.number());
        let (mut swapped, are_names_new) = (HashSet::new(), batch.are_names_new());
        match (self.options.layout, accounts.as_slice()) {
            (_, []) => {}
            (Layout::Distributed, _) => return self.write_distributed(session, &accounts).await,
            (Layout::OneServer, accounts) => match only_entry(accounts) {
                Some((loaded, entry)) => {
                    self.write_entry(session, loaded, entry, are_names_new, &mut swapped).await?;
                }
                None => self.write_together(session, accounts, are_names_new, &mut swapped).await?,
            },
        }
        Ok(swapped)
    }

    async fn write_together(
        &self,
        session: &impl Session,
        accounts: &[&LoadedAccount],
        are_names_new: bool,
        swapped: &mut HashSet<ProfileNumber>,
    ) -> Result<(), PostgresError> {
        let numbers: Vec<i32> = accounts.iter().map(|loaded| plain(loaded.account.number())).collect();
        let profiles: Vec<Option<&str>> = accounts.iter().map(|loaded| profile(loaded)).collect();
        let before: Vec<i32> = accounts.iter().map(|loaded| count(loaded.base)).collect();
        let after: Vec<i32> = accounts.iter().map(|loaded| count(loaded.account.sequence())).collect();
        let mut rows = Rows::default();
        accounts.iter().for_each(|loaded| rows.push(loaded));
        let first: [Parameter<'_>; 5] = [&self.offset, &numbers, &profiles, &before, &after];
        let answers = rows.send(session, &self.statements.commit, first, are_names_new).await?;
        let known: HashSet<i32> =
            answers.iter().map(|row| row.try_get(0)).collect::<Result<_, tokio_postgres::Error>>()?;
        let numbers = accounts.iter().map(|loaded| loaded.account.number());
        swapped.extend(numbers.filter(|number| known.contains(&plain(*number))));
        Ok(())
    }

    async fn write_entry(
        &self,
        session: &impl Session,
        loaded: &LoadedAccount,
        entry: &Entry,
        are_names_new: bool,
        swapped: &mut HashSet<ProfileNumber>,
    ) -> Result<(), PostgresError> {
        let (number, profile) = (plain(loaded.account.number()), profile(loaded));
        let (before, after) = (count(loaded.base), count(loaded.account.sequence()));
        let (at, bytes) = (entry.at.micros(), entry_bytes(entry, loaded.account.number()));
        let ends = row_to_write(loaded);
        let state = ends.map(|_| account_bytes(&loaded.account));
        let Ends { deadline, expires } = ends.unwrap_or_default();
        let mut parameters: Vec<Parameter<'_>> =
            vec![&self.offset, &number, &profile, &before, &after, &at, &bytes, &deadline, &expires, &state];
        let (statements, key) = (&self.statements.commit_entry, entry.key().map(Key::as_str));
        let statement = match &key {
            None => &statements.unkeyed,
            Some(key) => {
                parameters.push(key);
                if are_names_new { &statements.with_new_key } else { &statements.keyed }
            }
        };
        if !session.query(statement, &parameters).await?.is_empty() {
            swapped.insert(loaded.account.number());
        }
        Ok(())
    }
}

/// The entry, if there is only one to write, and no row to be written for it but that of its key.
fn only_entry<'a>(accounts: &[&'a LoadedAccount]) -> Option<(&'a LoadedAccount, &'a Entry)> {
    let [loaded] = accounts else { return None };
    let [entry] = loaded.pending.as_slice() else { return None };
    let is_named = entry.external().is_some() || !entry.records(loaded.account.number()).is_empty();
    (!is_named).then_some((*loaded, entry))
}

pub(super) fn profile(loaded: &LoadedAccount) -> Option<&str> {
    loaded.account.profile().map(ProfileId::as_str)
}

/// A journal has no more than four million entries.
pub(super) fn count(sequence: u32) -> i32 {
    i32::try_from(sequence).unwrap_or(i32::MAX)
}

/// The rows written beside heads, one array for each column.
#[derive(Default)]
#[allow(clippy::type_complexity)] // The columns of five tables; names would say no more than these.
struct Rows {
    journal: (Vec<i32>, Vec<i32>, Vec<i64>, Vec<Vec<u8>>),
    state: (Vec<i32>, Vec<i32>, Vec<Option<i64>>, Vec<Option<i64>>, Vec<Vec<u8>>),
    key: (Vec<i32>, Vec<String>, Vec<i32>),
    name: (Vec<i32>, Vec<i16>, Vec<String>, Vec<i32>),
    subject: (Vec<i32>, Vec<i64>, Vec<i32>),
}

impl Rows {
    fn push(&mut self, loaded: &LoadedAccount) {
        let number = loaded.account.number();
        for entry in &loaded.pending {
            let (plain, sequence) = (plain(number), count(entry.sequence));
            self.journal.0.push(plain);
            self.journal.1.push(sequence);
            self.journal.2.push(entry.at.micros());
            self.journal.3.push(entry_bytes(entry, number));
            if let Some(key) = entry.key() {
                self.key.0.push(plain);
                self.key.1.push(key.as_str().to_owned());
                self.key.2.push(sequence);
            }
            if let Some(name) = entry.external() {
                self.name.0.push(plain);
                self.name.1.push(i16::from(name.sort()));
                self.name.2.push(name.as_str().to_owned());
                self.name.3.push(sequence);
            }
            for subject in &entry.records(number) {
                self.subject.0.push(plain);
                self.subject.1.push(subject.get().cast_signed());
                self.subject.2.push(sequence);
            }
        }
        self.push_state(loaded);
    }

    fn push_state(&mut self, loaded: &LoadedAccount) {
        if let Some(ends) = row_to_write(loaded) {
            self.state.0.push(plain(loaded.account.number()));
            self.state.1.push(count(loaded.account.sequence()));
            self.state.2.push(ends.deadline);
            self.state.3.push(ends.expires);
            self.state.4.push(account_bytes(&loaded.account));
        }
    }

    /// Sends a commit, without the look-up tables if it has no rows for them.
    async fn send(
        &self,
        session: &impl Session,
        commit: &Commit,
        first: [Parameter<'_>; 5],
        are_names_new: bool,
    ) -> Result<Vec<Row>, PostgresError> {
        let (journal, state, key, name, subject) =
            (&self.journal, &self.state, &self.key, &self.name, &self.subject);
        let [one, two, three, four, five] = first;
        let mut parameters: Vec<Parameter<'_>> = vec![
            one, two, three, four, five, &journal.0, &journal.1, &journal.2, &journal.3, &state.0, &state.1,
            &state.2, &state.3, &state.4,
        ];
        if key.0.is_empty() && name.0.is_empty() && subject.0.is_empty() {
            return session.query(&commit.plain, &parameters).await;
        }
        let look_ups: [Parameter<'_>; 10] =
            [&key.0, &key.1, &key.2, &name.0, &name.1, &name.2, &name.3, &subject.0, &subject.1, &subject.2];
        parameters.extend(look_ups);
        let statement = if are_names_new { &commit.with_new_names } else { &commit.whole };
        session.query(statement, &parameters).await
    }
}

/// The indexed columns of the snapshot row that a commit writes; `None` if it leaves the row as it is.
pub(super) fn row_to_write(loaded: &LoadedAccount) -> Option<Ends> {
    let (account, kept) = (&loaded.account, &loaded.kept);
    let ends = Ends::of(account);
    let lags = account.sequence().saturating_sub(kept.sequence) >= lag(account);
    // Due accounts are found by the row, so its deadline may be too early, and never too late.
    let is_sooner = ends.is_sooner_than(kept.at_most);
    // While the indexed columns stay the same, the indexes need not be updated with the row.
    let is_fresh = account.sequence().checked_div(FRESH) != kept.sequence.checked_div(FRESH);
    let stays = !is_fresh && !is_sooner && kept.sequence > 0;
    (lags || is_sooner || kept.sequence == 0).then_some(if stays { kept.ends } else { ends })
}

/// By how many entries an account's state may lag behind: a small one is written as fast as an entry is read again.
fn lag(account: &Account) -> u32 {
    let lots = LotKind::ALL.into_iter().map(|kind| account.lots(kind).count()).sum::<usize>();
    u32::try_from(lots / LOTS).unwrap_or(LAG).clamp(1, LAG)
}

fn entry_bytes(entry: &Entry, number: ProfileNumber) -> Vec<u8> {
    let mut bytes = Vec::new();
    wire::write(entry, number, &mut bytes);
    bytes
}

/// The bytes that an account is kept as.
pub(super) fn account_bytes(account: &Account) -> Vec<u8> {
    let mut bytes = Vec::new();
    account_wire::write(account, &mut bytes);
    bytes
}
