//! Loading: everything that some needs name, in one statement where one server has all tables.

use std::collections::HashSet;
use std::sync::PoisonError;

use super::ask::{Asks, WhichJournal, foresee};
use super::batch::{BatchState, Missing, Registration};
use super::session::Session;
use super::{Layout, PostgresError, Shared};
use crate::account::Account;
use crate::id::{ProfileId, ProfileNumber};
use crate::store::row::number_of;
use crate::store::{Need, Owner};

/// The number of profile numbers drawn together, so that most new profiles cost no extra round trip. They are the process's
/// own, and are lost when it ends.
const DRAWN_AT_ONCE: usize = 64;

impl Shared {
    /// Loads the accounts and records that some needs name.
    pub(super) async fn load(
        &self,
        session: &impl Session,
        needs: &[&Need],
    ) -> Result<BatchState, PostgresError> {
        let mut batch = BatchState::default();
        self.load_into(&mut batch, session, needs).await?;
        Ok(batch)
    }

    /// Adds the accounts and records that some needs name to a batch.
    pub(super) async fn load_into(
        &self,
        batch: &mut BatchState,
        session: &impl Session,
        needs: &[&Need],
    ) -> Result<(), PostgresError> {
        match self.options.layout {
            Layout::OneServer => self.load_together(session, needs, batch).await?,
            Layout::Distributed => self.load_distributed(session, needs, batch).await?,
        }
        self.add_newcomers(session, needs, batch).await?;
        // Look-ups that depend on earlier answers; most needs have none.
        loop {
            let missing = batch.missing(needs)?;
            if missing.is_empty() {
                return Ok(());
            }
            self.fetch(session, missing, batch).await?;
        }
    }

    /// One statement: accounts, the ends of their journals, and the look-ups that are certain.
    async fn load_together(
        &self,
        session: &impl Session,
        needs: &[&Need],
        batch: &mut BatchState,
    ) -> Result<(), PostgresError> {
        let mut slots = Slots::default();
        let (mut asks, mut asked, mut seen) = (Asks::default(), Vec::new(), HashSet::new());
        for need in needs {
            let first = slots.add(need);
            for (journal, find) in foresee(need, None) {
                let (slot, owner) = match journal {
                    WhichJournal::First => (first, need.owner),
                    WhichJournal::Other(number) => {
                        (slots.of(Owner::Number(number), false), Owner::Number(number))
                    }
                };
                // Many look up the same definition.
                if seen.insert((slot, find.clone())) {
                    asks.push(slot, &find)?;
                    asked.push((owner, find));
                }
            }
        }
        let (names, numbers) = slots.parameters();
        let mut parameters: Vec<super::session::Parameter<'_>> =
            vec![&names.0, &names.1, &numbers.0, &numbers.1, &numbers.2];
        let sql = match (asks.is_empty(), slots.list.as_slice(), names.1.first()) {
            (true, [_], Some(name)) => {
                parameters = vec![name];
                &self.statements.account_named
            }
            (true, ..) => &self.statements.accounts,
            (false, ..) => {
                parameters.extend(asks.parameters());
                &self.statements.load
            }
        };
        let rows = session.query(sql, &parameters).await?;
        batch.take_in(&slots.list, &rows)?;
        let number = |owner: Owner| match owner {
            Owner::Number(number) => Some(number),
            Owner::Profile(_) => batch.account_of(owner).map(Account::number),
        };
        // Look-ups about new profiles found nothing, and these have no number to store the answer under.
        let asked: Missing = asked
            .into_iter()
            .map(|(owner, find)| (number(owner).unwrap_or(ProfileNumber::MAX), find))
            .collect();
        batch.take_in_found(&asked, &rows)
    }

    async fn add_newcomers(
        &self,
        session: &impl Session,
        needs: &[&Need],
        batch: &mut BatchState,
    ) -> Result<(), PostgresError> {
        let mut newcomers: Vec<ProfileId> = Vec::new();
        for owner in
            needs.iter().flat_map(|need| [Some(&need.owner), need.second.as_deref()]).flatten().copied()
        {
            if let Owner::Profile(profile) = owner
                && batch.loaded_account(owner).is_none()
            {
                newcomers.push(profile);
            }
        }
        newcomers.sort_unstable();
        newcomers.dedup();
        let mut numbers = self.draw(session, newcomers.len()).await?;
        if self.options.layout == Layout::Distributed {
            numbers = self.answering(session, numbers, newcomers.len()).await?;
        }
        for profile in newcomers {
            let number = numbers.pop().ok_or(PostgresError::Full)?;
            batch.add_newcomer(profile, number);
        }
        self.give_back_numbers(numbers);
        Ok(())
    }

    /// At least the wanted count of numbers, the lowest last.
    pub(super) async fn draw(
        &self,
        session: &impl Session,
        wanted: usize,
    ) -> Result<Vec<ProfileNumber>, PostgresError> {
        let mut numbers = self.take_numbers(wanted);
        if numbers.len() < wanted {
            let missing = wanted.saturating_sub(numbers.len()).max(DRAWN_AT_ONCE);
            let missing = i32::try_from(missing).map_err(|_| PostgresError::Full)?;
            for row in session.query(&self.statements.draw, &[&missing]).await? {
                numbers.push(number_of(row.try_get::<_, i32>(0)?)?);
            }
            // The lowest are given out first.
            numbers.sort_unstable_by(|a, b| b.cmp(a));
        }
        Ok(numbers)
    }

    /// Runs the missing look-ups, as of the load of the accounts.
    pub(super) async fn fetch(
        &self,
        session: &impl Session,
        mut missing: Missing,
        batch: &mut BatchState,
    ) -> Result<(), PostgresError> {
        // Some needs miss the same.
        missing.sort_by_key(|(number, _)| *number);
        missing.dedup();
        if self.options.layout == Layout::Distributed {
            return self.fetch_distributed(session, missing, batch).await;
        }
        let mut asks = Asks::default();
        let (mut slots, mut numbers, mut bounds) = (Vec::new(), Vec::new(), Vec::new());
        for (number, find) in &missing {
            if numbers.last() != Some(&plain(*number)) {
                slots.push(i32::try_from(numbers.len()).unwrap_or(i32::MAX));
                numbers.push(plain(*number));
                bounds.push(i32::try_from(batch.bound(*number)).unwrap_or(i32::MAX));
            }
            asks.push(slots.last().copied().unwrap_or(0), find)?;
        }
        let first: [super::session::Parameter<'_>; 3] = [&slots, &numbers, &bounds];
        let parameters: Vec<_> = first.into_iter().chain(asks.parameters()).collect();
        let rows = session.query(&self.statements.find, &parameters).await?;
        batch.take_in_found(&missing, &rows)
    }

    /// Up to this many numbers that were drawn and never used.
    fn take_numbers(&self, wanted: usize) -> Vec<ProfileNumber> {
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let left = spare.len().saturating_sub(wanted);
        spare.split_off(left)
    }

    /// Keeps the numbers that were promised to newcomers who did not get them.
    pub(super) fn give_back_promised(&self, batch: &BatchState) {
        let promised = batch.accounts.iter().filter(|loaded| loaded.registration == Registration::Promised);
        self.give_back_numbers(promised.map(|loaded| loaded.account.number()).collect());
    }

    pub(super) fn give_back_numbers(&self, numbers: Vec<ProfileNumber>) {
        if !numbers.is_empty() {
            let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
            spare.extend(numbers);
            spare.sort_unstable_by(|a, b| b.cmp(a));
        }
    }
}

/// Each owner once, in the order in which they were first named; and whether the account is wanted.
#[derive(Default)]
pub(super) struct Slots {
    pub(super) list: Vec<(Owner, bool)>,
    places: std::collections::HashMap<Owner, usize>,
}

type Names<'a> = (Vec<i32>, Vec<&'a str>);
type Numbers = (Vec<i32>, Vec<i32>, Vec<bool>);

impl Slots {
    /// The owners that some needs name.
    pub(super) fn new(needs: &[&Need]) -> Self {
        let mut slots = Self::default();
        needs.iter().for_each(|need| _ = slots.add(need));
        slots
    }

    /// Adds the owners that a need names. Returns the place of the first.
    fn add(&mut self, need: &Need) -> i32 {
        let first = self.of(need.owner, true);
        need.second.as_deref().copied().map(|owner| self.of(owner, true));
        for journal in need.other_journals() {
            self.of(Owner::Number(journal), false);
        }
        first
    }

    pub(super) fn profiles(&self) -> impl Iterator<Item = ProfileId> {
        self.list.iter().filter_map(|(owner, _)| match owner {
            Owner::Profile(profile) => Some(*profile),
            Owner::Number(_) => None,
        })
    }

    fn of(&mut self, owner: Owner, lend: bool) -> i32 {
        let place = *self.places.entry(owner).or_insert_with(|| {
            self.list.push((owner, false));
            self.list.len().saturating_sub(1)
        });
        if let Some(slot) = self.list.get_mut(place) {
            slot.1 |= lend;
        }
        i32::try_from(place).unwrap_or(i32::MAX)
    }

    fn parameters(&self) -> (Names<'_>, Numbers) {
        let (mut names, mut numbers) = (Names::default(), Numbers::default());
        for ((owner, lend), slot) in self.list.iter().zip(0..) {
            match owner {
                Owner::Profile(profile) => {
                    names.0.push(slot);
                    names.1.push(profile.as_str());
                }
                Owner::Number(number) => {
                    numbers.0.push(slot);
                    numbers.1.push(plain(*number));
                    numbers.2.push(*lend);
                }
            }
        }
        (names, numbers)
    }
}

/// As PostgreSQL has it: a number is below 2 to the 31st.
pub(super) fn plain(number: ProfileNumber) -> i32 {
    i32::try_from(number.get()).unwrap_or(i32::MAX)
}
