//! What one go of a work has before it: the accounts, what was looked up, and what is to be written.
//!
//! A journal only grows. So whatever is looked up later, but bounded by the last entry that was loaded, is what stood
//! there at the moment of loading: one snapshot, without a transaction held open.

use std::collections::HashMap;

use tokio_postgres::Row;

use super::PostgresError;
use super::ask::{Answer, Answers, read_entry, sequence};
use super::sql::{ACCOUNT, FOUND};
use crate::account::{Account, Corrupt};
use crate::id::{ProfileId, ProfileNumber};
use crate::journal::Entry;
use crate::store::damage::differ;
use crate::store::row::AccountRow;
use crate::store::stage::{Accounts, Entries};
use crate::store::{Damage, Find, Lookup, LookupPlan, Need, Owner};

/// An account, as it was loaded and as it will be.
#[derive(Debug)]
pub(super) struct Seat {
    /// With what is to be written applied.
    pub(super) account: Account,
    /// The last entry that is in the database.
    pub(super) base: u32,
    pub(super) kept: Kept,
    /// Whether the profile has its number in the database; if not, the one it has here is only promised.
    pub(super) standing: Standing,
    /// What is to be written.
    pub(super) pending: Vec<Entry>,
}

/// How an account's number is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is in the database.
    Registered,
    /// It is promised to a profile that has none yet.
    Promised,
    /// It was never drawn, and belongs to nobody.
    Nobody,
}

/// What the row says that is kept beside the journal, and lags behind it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kept {
    pub(super) sequence: u32,
    pub(super) deadline: Option<i64>,
    pub(super) expires: Option<i64>,
}

#[derive(Debug, Default)]
pub(super) struct Desk {
    pub(super) seats: Vec<Seat>,
    by_owner: HashMap<Owner, usize>,
    by_number: HashMap<ProfileNumber, usize>,
    /// The last entry of journals in which something was looked up, but whose account was not wanted.
    bounds: HashMap<ProfileNumber, u32>,
    answers: Answers,
}

/// What must be looked up before a unit can be decided.
pub(super) type Missing = Vec<(ProfileNumber, Find)>;

/// Why a unit is not decided.
pub(super) enum Halt {
    /// Something must be looked up first.
    Missing(Missing),
    Failed(PostgresError),
}

impl Desk {
    /// Takes in what was loaded for some owners. `lent`: those whose account is wanted. Who is not in the rows has
    /// nothing in the database yet.
    pub(super) fn take_in(&mut self, slots: &[(Owner, bool)], rows: &[Row]) -> Result<(), PostgresError> {
        let mut seats: Vec<Option<Seat>> = slots.iter().map(|_| None).collect();
        for answer in rows.iter().map(Answer) {
            if answer.kind()? == ACCOUNT {
                let (slot, number) = (answer.slot()?, answer.number()?);
                match (slots.get(slot), seats.get_mut(slot)) {
                    (Some((_, true)), Some(seat)) => *seat = Some(read_seat(&answer)?),
                    _ => drop(self.bounds.insert(number, answer.sequence()?)),
                }
            }
        }
        for ((owner, lend), seat) in slots.iter().zip(seats) {
            match (seat, owner) {
                (Some(seat), Owner::Profile(wanted)) if seat.account.profile() != Some(wanted) => {
                    let number = seat.account.number();
                    let what = format!("the name `{wanted}` leads to it, and it is another profile's");
                    return Err(Damage::broken(number, what).into());
                }
                (Some(seat), _) => self.put(*owner, seat),
                (None, Owner::Number(number)) if *lend => {
                    // The catalogue has its number without being drawn one.
                    let is_catalogue = *number == ProfileNumber::CATALOGUE;
                    let standing = if is_catalogue { Standing::Registered } else { Standing::Nobody };
                    self.put(*owner, Seat::new(Account::without_profile(*number), standing));
                }
                // A newcomer is seated when a number was drawn.
                (None, _) => {}
            }
        }
        Ok(())
    }

    fn put(&mut self, owner: Owner, seat: Seat) {
        let place = *self.by_number.entry(seat.account.number()).or_insert(self.seats.len());
        match self.seats.get_mut(place) {
            None => self.seats.push(seat),
            // A need named the number before it was anybody's.
            Some(nobody) if nobody.standing == Standing::Nobody => *nobody = seat,
            Some(_) => {}
        }
        self.by_owner.insert(owner, place);
    }

    /// Seats a profile that has no number yet.
    pub(super) fn seat_newcomer(&mut self, profile: ProfileId, number: ProfileNumber) {
        self.put(Owner::Profile(profile), Seat::new(Account::new(profile, number), Standing::Promised));
    }

    /// Seats a profile that has a number, and nothing else yet.
    pub(super) fn seat_registered(&mut self, profile: ProfileId, number: ProfileNumber) {
        self.put(Owner::Profile(profile), Seat::new(Account::new(profile, number), Standing::Registered));
    }

    /// Nobody knows any more whether the promised numbers are in use, so they are not promised again.
    pub(super) fn forget_promises(&mut self) {
        for seat in self.seats.iter_mut().filter(|seat| seat.standing == Standing::Promised) {
            seat.standing = Standing::Nobody;
        }
    }

    /// The seat of an owner; one that was not loaded has none.
    pub(super) fn seat_of(&self, owner: Owner) -> Option<&Seat> {
        self.by_owner.get(&owner).and_then(|place| self.seats.get(*place))
    }

    pub(super) fn account_of(&self, owner: Owner) -> Option<&Account> {
        self.seat_of(owner).map(|seat| &seat.account)
    }

    /// Up to which entry a journal is seen.
    pub(super) fn bound(&self, number: ProfileNumber) -> u32 {
        let seated = self.by_number.get(&number).and_then(|place| self.seats.get(*place));
        seated.map(|seat| seat.base).or_else(|| self.bounds.get(&number).copied()).unwrap_or(0)
    }

    /// Takes in what was found for look-ups, in the order in which they were asked.
    pub(super) fn take_in_found(&mut self, asked: &Missing, rows: &[Row]) -> Result<(), PostgresError> {
        let mut found: Vec<Vec<Entry>> = asked.iter().map(|_| Vec::new()).collect();
        for answer in rows.iter().map(Answer) {
            if answer.kind()? == FOUND
                && let Some(entries) = found.get_mut(answer.slot()?)
            {
                entries.push(answer.entry()?);
            }
        }
        for (ask, mut entries) in asked.iter().zip(found) {
            entries.sort_unstable_by_key(|entry| entry.sequence);
            if let (number, Find::Range(low, high)) = ask {
                // One that is gone was archived, say: it is not found. A stretch with a gap is not what was asked for.
                let expected = (*low..=(*high).min(self.bound(*number))).count();
                if expected > 1 && entries.len() != expected {
                    return Err(Damage::Missing { number: *number, low: *low, high: *high }.into());
                }
            }
            self.answers.insert(ask.clone(), entries);
        }
        Ok(())
    }

    /// What some needs look up and is not here yet.
    pub(super) fn missing(&self, needs: &[Need]) -> Result<Missing, PostgresError> {
        let mut all = Missing::new();
        for need in needs {
            let account = self.account_of(need.owner).ok_or(PostgresError::NoSuchAccount)?;
            match self.gather(need, account) {
                Ok(_) => {}
                Err(Halt::Missing(missing)) => all.extend(missing),
                Err(Halt::Failed(error)) => return Err(error),
            }
        }
        Ok(all)
    }
}

impl Accounts for Desk {
    type Error = Halt;
    type Found<'s> = &'s Entry;
    type Seat = usize;

    fn begin(&mut self, _: &Need) -> Result<(), Halt> {
        Ok(())
    }

    fn seat(&mut self, owner: &Owner) -> Result<usize, Halt> {
        self.by_owner.get(owner).copied().ok_or(Halt::Failed(PostgresError::NoSuchAccount))
    }

    fn account<'s>(&'s self, seat: &'s usize) -> Result<&'s Account, Halt> {
        let seat = self.seats.get(*seat).ok_or(Halt::Failed(PostgresError::NoSuchAccount))?;
        Ok(&seat.account)
    }

    /// What is to be written is seen as written.
    fn find(&self, number: ProfileNumber, find: &Find) -> Result<Entries<&Entry>, Halt> {
        let ask = (number, find.clone());
        let stored = match self.answers.get(&ask) {
            Some(entries) => entries.as_slice(),
            // Nothing can be found where nothing was written.
            None if self.bound(number) == 0 => &[],
            None => return Err(Halt::Missing(vec![ask])),
        };
        let seat = self.by_number.get(&number).and_then(|place| self.seats.get(*place));
        let pending = seat.map_or(&[][..], |seat| &seat.pending).iter();
        let mut found: Entries<&Entry> =
            stored.iter().chain(pending.filter(|entry| find.finds(entry, number))).collect();
        if find.is_of_newest() {
            found.drain(..found.len().saturating_sub(1));
        }
        Ok(found)
    }

    /// All that is missing is fetched together.
    fn gather(&self, need: &Need, account: &Account) -> Result<LookupPlan<&Entry>, Halt> {
        let mut plan = LookupPlan::new(need, account);
        let mut missing = Missing::new();
        while let Some(Lookup { journal, find }) = plan.next() {
            match self.find(journal, &find) {
                Ok(found) => plan.answer(found),
                Err(Halt::Missing(ask)) => {
                    missing.extend(ask);
                    plan.answer([]);
                }
                Err(failed) => return Err(failed),
            }
        }
        if missing.is_empty() { Ok(plan) } else { Err(Halt::Missing(missing)) }
    }

    fn corrupt(number: ProfileNumber, source: Corrupt) -> Halt {
        Halt::Failed(Damage::Corrupt { number, source }.into())
    }

    fn append(&mut self, first: (usize, &[Entry]), second: Option<(usize, &[Entry])>) -> Result<(), Halt> {
        for (seat, entries) in [Some(first), second].into_iter().flatten() {
            let seat = self.seats.get_mut(seat).ok_or(Halt::Failed(PostgresError::NoSuchAccount))?;
            entries.iter().for_each(|entry| seat.account.apply(entry));
            seat.pending.extend_from_slice(entries);
        }
        Ok(())
    }
}

impl Seat {
    fn new(account: Account, standing: Standing) -> Self {
        Self { base: account.sequence(), account, kept: Kept::default(), standing, pending: Vec::new() }
    }
}

/// A state's row, and the state in it.
pub(super) fn other_state(row: u32, state: u32) -> String {
    differ("its state has another number than its row", &row, &state)
}

fn read_seat(answer: &Answer<'_>) -> Result<Seat, PostgresError> {
    let (number, base, profile) = (answer.number()?, answer.sequence()?, answer.0.try_get(5)?);
    let row = AccountRow { number, profile, head: base, state: answer.bytes()? };
    let mut account = row.state()?;
    let kept = sequence(number, answer.0.try_get::<_, Option<i32>>(6)?.unwrap_or(0))?;
    if account.sequence() != kept {
        return Err(Damage::broken(number, other_state(kept, account.sequence())).into());
    }
    let tail = answer.0.try_get::<_, Option<Vec<&[u8]>>>(9)?.unwrap_or_default();
    row.catch_up(&mut account, tail.into_iter().map(|bytes| read_entry(bytes, number)))?;
    let kept = Kept { sequence: kept, deadline: answer.0.try_get(7)?, expires: answer.0.try_get(8)? };
    Ok(Seat { account, base, kept, standing: Standing::Registered, pending: Vec::new() })
}
