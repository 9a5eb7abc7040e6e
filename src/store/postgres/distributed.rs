//! Loading and writing where the tables are distributed: each statement is about one profile, and those that do not depend
//! on one another are sent together.
//!
//! Each statement sees what is committed when it is carried out. So an account is read first, and what is looked up after it
//! may be newer, and never older. What is newer is not taken: it is looked up again as of the account, which a journal that only
//! grows allows.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::Ordering;

use super::ask::{Answer, WhichJournal, foresee};
use super::batch::{BatchState, LoadedAccount, Missing};
use super::catalogue::further;
use super::commit::{account_bytes, count, profile, row_to_write};
use super::load::{Slots, plain};
use super::session::{Filled, Session, Value, send_all};
use super::{PostgresError, Shared};
use crate::id::{ProfileId, ProfileNumber};
use crate::journal::{Entry, wire};
use crate::store::row::number_of;
use crate::store::{Find, Need, Owner};

/// How many newcomers are given numbers of machines that answer, after one did not.
const WARY: u32 = 1_000;

/// How often other numbers are tried.
const ATTEMPTS: u32 = 16;

impl Shared {
    /// The accounts, and the look-ups that are certain.
    pub(super) async fn load_distributed(
        &self,
        session: &impl Session,
        needs: &[&Need],
        batch: &mut BatchState,
    ) -> Result<(), PostgresError> {
        let slots = Slots::new(needs);
        let numbers = self.numbers(session, &slots).await?;
        let number_of = |owner: Owner| match owner {
            Owner::Number(number) => Some(number),
            Owner::Profile(profile) => numbers.get(&profile).copied(),
        };
        let statements = &self.statements.distributed;
        // A definition is read from the copy, unless it is to be changed.
        let reads_copy = slots.list.contains(&(Owner::CATALOGUE, false));
        let is_own = |number: &ProfileNumber| !reads_copy || *number != ProfileNumber::CATALOGUE;
        let mut accounts: Vec<(Owner, bool, ProfileNumber)> = Vec::new();
        for (owner, lend) in slots.list.iter().copied() {
            accounts.extend(number_of(owner).filter(is_own).map(|number| (owner, lend, number)));
        }
        let mut asked = certain(needs, number_of);
        asked.retain(|(number, _)| is_own(number));
        let account = |(.., number): &(_, _, ProfileNumber)| {
            Filled::new(&statements.account, [Value::Int(plain(*number))])
        };
        let mut sent: Vec<Filled<'_>> = accounts.iter().map(account).collect();
        sent.extend(asked.iter().map(|(number, find)| self.look_up_first(*number, find)));
        let known = self.catalogue.latest();
        sent.extend(reads_copy.then(|| further(statements, &known)));
        let mut answers = send_all(session, &sent).await?.into_iter();
        for ((owner, lend, number), rows) in accounts.into_iter().zip(&mut answers) {
            let rows = rows?;
            match owner {
                // It has a number, and nothing was written yet.
                Owner::Profile(profile) if rows.is_empty() => batch.add_registered(profile, number),
                _ => batch.take_in(&[(owner, lend)], &rows)?,
            }
        }
        for (ask, rows) in asked.into_iter().zip(&mut answers) {
            let (rows, bound) = (rows?, batch.bound(ask.0));
            if is_name(&ask.1) {
                // One that was used is looked up as of the account.
                if rows.is_empty() {
                    batch.take_in_answer(ask, Vec::new())?;
                }
                continue;
            }
            let found = read(&rows)?;
            if found.iter().all(|entry| entry.sequence <= bound) {
                batch.take_in_answer(ask, found)?;
            }
        }
        if let Some(rows) = answers.next() {
            batch.put_catalogue(self.catalogue.update(session, statements, known, &rows?).await?);
        }
        Ok(())
    }

    /// The numbers of the profiles that have one.
    async fn numbers(
        &self,
        session: &impl Session,
        slots: &Slots,
    ) -> Result<BTreeMap<ProfileId, ProfileNumber>, PostgresError> {
        let profiles: Vec<ProfileId> = slots.profiles().collect();
        let statement = &self.statements.distributed.number;
        let sent = profiles.iter().map(|profile| {
            let name = Value::Text(Some(profile.as_str()));
            Filled::new(statement, [name])
        });
        let sent: Vec<Filled<'_>> = sent.collect();
        let mut numbers = BTreeMap::new();
        for (profile, rows) in profiles.iter().zip(send_all(session, &sent).await?) {
            if let Some(row) = rows?.first() {
                numbers.insert(*profile, number_of(row.try_get::<_, i32>(0)?)?);
            }
        }
        Ok(numbers)
    }

    /// Notes that a machine did not answer.
    pub(super) fn note_trouble(&self) {
        self.wary.store(WARY, Ordering::Relaxed);
    }

    /// Once a machine has not answered, replaces the newcomers' numbers that lead to it, as a profile keeps its number for
    /// good. The wanted numbers are the last ones.
    pub(super) async fn answering<S: Session>(
        &self,
        session: &S,
        mut numbers: Vec<ProfileNumber>,
        wanted: usize,
    ) -> Result<Vec<ProfileNumber>, PostgresError> {
        let is_wary = |left: u32| left.checked_sub(1).filter(|_| wanted > 0 && S::READS_COMMITTED);
        if self.wary.fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_wary).is_err() {
            return Ok(numbers);
        }
        let mut answering = Vec::new();
        for attempt in 1.. {
            let asked =
                numbers.split_off(numbers.len().saturating_sub(wanted.saturating_sub(answering.len())));
            let account =
                |number| Filled::new(&self.statements.distributed.account, [Value::Int(plain(number))]);
            let sent: Vec<Filled<'_>> = asked.iter().copied().map(account).collect();
            for (number, answer) in asked.iter().zip(send_all(session, &sent).await?) {
                match answer {
                    Ok(_) => answering.push(*number),
                    Err(error) if error.is_answer() && attempt < ATTEMPTS => {}
                    Err(error) => return Err(error),
                }
            }
            if answering.len() == wanted {
                break;
            }
            self.give_back_numbers(numbers);
            numbers = self.draw(session, wanted.saturating_sub(answering.len())).await?;
        }
        numbers.extend(answering);
        Ok(numbers)
    }

    /// Runs the missing look-ups, as of the load of the accounts.
    pub(super) async fn fetch_distributed(
        &self,
        session: &impl Session,
        missing: Missing,
        batch: &mut BatchState,
    ) -> Result<(), PostgresError> {
        let bounded =
            missing.iter().map(|(number, find)| self.look_up(*number, find, count(batch.bound(*number))));
        let sent: Vec<Filled<'_>> = bounded.collect();
        let answers = send_all(session, &sent).await?;
        drop(sent);
        for (ask, rows) in missing.into_iter().zip(answers) {
            batch.take_in_answer(ask, read(&rows?)?)?;
        }
        Ok(())
    }

    /// A look-up that is sent with the account: most keys and names are new, so it is only asked whether they are.
    fn look_up_first<'a>(&'a self, number: ProfileNumber, find: &'a Find) -> Filled<'a> {
        let finds = &self.statements.distributed.finds;
        match find {
            Find::Key(key) => {
                Filled::new(&finds.has_key, [Value::Int(plain(number)), Value::Text(Some(key.as_str()))])
            }
            Find::Named(name) => {
                let (sort, name) = (Value::Small(name.sort().into()), Value::Text(Some(name.as_str())));
                Filled::new(&finds.has_name, [Value::Int(plain(number)), sort, name])
            }
            other => self.look_up(number, other, i32::MAX),
        }
    }

    /// A look-up in a journal up to an entry.
    fn look_up<'a>(&'a self, number: ProfileNumber, find: &'a Find, bound: i32) -> Filled<'a> {
        let finds = &self.statements.distributed.finds;
        let (number, bound) = (Value::Int(plain(number)), Value::Int(bound));
        match find {
            Find::Range(low, high) => {
                let all = Value::Long(Some(i64::MAX));
                Filled::new(
                    &finds.range,
                    [number, bound, Value::Int(count(*low)), Value::Int(count(*high)), all],
                )
            }
            Find::Until(at) => {
                let (low, high) = (Value::Int(1), Value::Int(i32::MAX));
                Filled::new(&finds.range, [number, bound, low, high, Value::Long(Some(at.micros()))])
            }
            Find::Latest(record) | Find::About(record) => {
                let is_latest = matches!(find, Find::Latest(_));
                let sql = if is_latest { &finds.latest } else { &finds.about };
                Filled::new(sql, [number, bound, Value::Long(Some(record.get().cast_signed()))])
            }
            Find::Key(key) => Filled::new(&finds.key, [number, bound, Value::Text(Some(key.as_str()))]),
            Find::Named(name) => {
                let sort = Value::Small(name.sort().into());
                Filled::new(&finds.name, [number, bound, sort, Value::Text(Some(name.as_str()))])
            }
        }
    }

    /// Binds names to numbers. A name whose machine does not answer does no harm to the others.
    pub(super) async fn register_distributed(
        &self,
        session: &impl Session,
        newcomers: &[(ProfileId, ProfileNumber)],
        registered: &mut HashSet<ProfileNumber>,
    ) -> Result<(), PostgresError> {
        let register = &self.statements.distributed.register;
        let sent = newcomers.iter().map(|(profile, number)| {
            Filled::new(register, [Value::Text(Some(profile.as_str())), Value::Int(plain(*number))])
        });
        let sent: Vec<Filled<'_>> = sent.collect();
        let mut result = Ok(());
        for ((_, number), rows) in newcomers.iter().zip(send_all(session, &sent).await?) {
            match rows {
                Ok(rows) if rows.is_empty() => {}
                Ok(_) => _ = registered.insert(*number),
                Err(error) => result = result.and(Err(error)),
            }
        }
        result
    }

    /// Writes the pending changes of some accounts, inside a transaction. Returns the numbers of those whose heads swapped;
    /// unless these are all, the transaction must be rolled back.
    pub(super) async fn write_distributed(
        &self,
        session: &impl Session,
        accounts: &[&LoadedAccount],
    ) -> Result<HashSet<ProfileNumber>, PostgresError> {
        // Whoever has the heads may write the rest, so they come first.
        let heads = accounts.iter().map(|loaded| self.head(loaded));
        let rows = accounts.iter().flat_map(|loaded| self.rows(loaded));
        let sent: Vec<Filled<'_>> = heads.chain(rows).collect();
        let mut answers = send_all(session, &sent).await?.into_iter();
        let mut swapped = HashSet::new();
        for (loaded, rows) in accounts.iter().zip(&mut answers) {
            if !rows?.is_empty() {
                swapped.insert(loaded.account.number());
            }
        }
        if swapped.len() == accounts.len() {
            answers.try_for_each(|answer| answer.map(drop))?;
        }
        Ok(swapped)
    }

    fn head<'a>(&'a self, loaded: &'a LoadedAccount) -> Filled<'a> {
        let number = Value::Int(plain(loaded.account.number()));
        let (before, after) = (Value::Int(count(loaded.base)), Value::Int(count(loaded.account.sequence())));
        let values = [number, Value::Text(profile(loaded)), after, before, Value::Long(Some(self.offset))];
        Filled::new(&self.statements.distributed.head, values)
    }

    /// The rows that are written with a head that swapped.
    fn rows<'a>(&'a self, loaded: &'a LoadedAccount) -> Vec<Filled<'a>> {
        let (statements, number) = (&self.statements.distributed, loaded.account.number());
        let plain = || Value::Int(plain(number));
        let mut rows = Vec::new();
        for entry in &loaded.pending {
            let sequence = || Value::Int(count(entry.sequence));
            let mut bytes = Vec::new();
            wire::write(entry, number, &mut bytes);
            if number == ProfileNumber::CATALOGUE {
                rows.push(Filled::new(&statements.definition, [sequence(), Value::Bytes(bytes.clone())]));
            }
            let (at, position) = (Value::Long(Some(entry.at.micros())), Value::Long(Some(self.offset)));
            let values = [plain(), sequence(), at, position, Value::Bytes(bytes)];
            rows.push(Filled::new(&statements.journal, values));
            if let Some(key) = entry.key() {
                let key = Value::Text(Some(key.as_str()));
                rows.push(Filled::new(&statements.key, [plain(), key, sequence()]));
            }
            if let Some(name) = entry.external() {
                let (sort, name) = (Value::Small(name.sort().into()), Value::Text(Some(name.as_str())));
                rows.push(Filled::new(&statements.name, [plain(), sort, name, sequence()]));
            }
            for record in &entry.records(number) {
                let record = Value::Long(Some(record.get().cast_signed()));
                rows.push(Filled::new(&statements.subject, [plain(), record, sequence()]));
            }
        }
        if let Some(ends) = row_to_write(loaded) {
            let sequence = Value::Int(count(loaded.account.sequence()));
            let (deadline, expires) = (Value::Long(ends.deadline), Value::Long(ends.expires));
            let values = [plain(), sequence, deadline, expires, Value::Bytes(account_bytes(&loaded.account))];
            rows.push(Filled::new(&statements.state, values));
        }
        rows
    }
}

/// The look-ups that some needs are certain to make, each once.
fn certain(needs: &[&Need], number_of: impl Fn(Owner) -> Option<ProfileNumber>) -> Missing {
    let (mut asked, mut seen) = (Missing::new(), HashSet::new());
    for need in needs {
        // Nothing is found of a newcomer.
        let Some(first) = number_of(need.owner) else { continue };
        for (journal, find) in foresee(need, Some(first)) {
            let number = if let WhichJournal::Other(number) = journal { number } else { first };
            if seen.insert((number, find.clone())) {
                asked.push((number, find));
            }
        }
    }
    asked
}

fn is_name(find: &Find) -> bool {
    matches!(find, Find::Key(_) | Find::Named(_))
}

fn read(rows: &[tokio_postgres::Row]) -> Result<Vec<Entry>, PostgresError> {
    rows.iter().map(|row| Answer(row).entry()).collect()
}
