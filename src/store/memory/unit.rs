//! One unit of a work the general way: locked, looked up, decided, and written to both accounts or to neither.

use std::sync::PoisonError;

use super::shard::{Seat, Shard};
use super::{Address, MemoryError, Shared, Target};
use crate::account::Account;
use crate::id::ProfileNumber;
use crate::journal::Entry;
use crate::store::gather::Gather;
use crate::store::work::{CommitStatus, Need, View, Work};

/// One unit of a work, and whose accounts it is over.
pub(super) struct Unit<'a> {
    pub(super) shared: &'a Shared,
    pub(super) unit: usize,
    pub(super) first: Target,
    pub(super) second: Option<Target>,
}

impl Unit<'_> {
    /// Locks what the unit is over, and runs it. The order of the locks is always the same: shards by number, the
    /// catalogue, the numbers.
    pub(super) fn run_locked(&self, work: &mut dyn Work, reads: bool) -> Result<CommitStatus, MemoryError> {
        let lock = |target: Target| self.shared.lock(target.shard);
        let other = self.second.filter(|second| second.shard != self.first.shard);
        let (mut first, mut second) = match other {
            Some(other) if other.shard < self.first.shard => {
                let second = lock(other);
                (lock(self.first), Some(second))
            }
            Some(other) => (lock(self.first), Some(lock(other))),
            None => (lock(self.first), None),
        };
        let catalogue = reads.then(|| self.shared.catalogue.read().unwrap_or_else(PoisonError::into_inner));
        self.run(work, &mut first, second.as_deref_mut(), catalogue.as_deref())
    }

    /// Runs the unit on the shards that were locked for it. Where both accounts are in one shard, `second` is `None`.
    pub(super) fn run(
        &self,
        work: &mut dyn Work,
        first: &mut Shard,
        second: Option<&mut Shard>,
        catalogue: Option<&Shard>,
    ) -> Result<CommitStatus, MemoryError> {
        let other: &Shard = second.as_deref().unwrap_or(first);
        let place = first.find(self.first);
        let second_place = self.second.map(|target| other.find(target));
        // One account under two names is one account: there is nothing that could be written to it twice.
        let is_same = self.second.is_some_and(|target| {
            let same_shard = target.shard == self.first.shard;
            same_shard
                && (target.owner == self.first.owner || (place.is_some() && second_place == Some(place)))
        });
        // Whoever might create an account holds the numbers until it has: nobody else is promised the same.
        let is_new = place.is_none() || second_place == Some(None);
        let mut numbers = is_new.then(|| self.shared.numbers());
        let mut next = numbers.as_ref().map_or(0, |numbers| numbers.len());
        let seat = Seat::take(place, self.first, &mut next)?;
        let second_seat = match (self.second, second_place) {
            (Some(target), Some(place)) if !is_same => Some(Seat::take(place, target, &mut next)?),
            _ => None,
        };
        let change = {
            let account = first.account(&seat);
            let second = second_seat.as_ref().map(|seat| other.account(seat)).or(is_same.then_some(account));
            let Some(need) = work.needs().get(self.unit) else { return Ok(CommitStatus::Committed) };
            let sides = [Some((&*first, &seat)), second_seat.as_ref().map(|seat| (other, seat))];
            let lookups = Lookups { sides, catalogue };
            let gather = lookups.gather(need, account, second)?;
            let past = gather.past(need, account)?;
            let found = gather.found();
            work.decide(self.unit, View::new(past.as_ref().unwrap_or(account), second, &found))
        };
        let Some(change) = change.filter(|change| !change.is_empty()) else {
            return Ok(CommitStatus::Committed);
        };
        let versions = (first.version(&seat), second_seat.as_ref().map(|seat| other.version(seat)));
        if !change.follows(versions.0, versions.1) {
            return Ok(CommitStatus::Conflict);
        }
        // Both or neither.
        let (one, other) = (change.first.len(), change.second.len());
        let has_room = match second.as_deref() {
            Some(second) => first.has_room_for(one) && second.has_room_for(other),
            None => first.has_room_for(one.saturating_add(other)),
        };
        if !has_room {
            return Err(MemoryError::Full);
        }
        let mut append = |shard: &mut Shard, target: Target, seat: &Seat, entries: &[Entry]| {
            if entries.is_empty() && !seat.is_new() {
                return Ok(());
            }
            let index = shard.append(seat, entries)?;
            if let (true, Some(numbers)) = (seat.is_new(), &mut numbers) {
                numbers.push(Address::new(target.shard, index));
            }
            Ok::<(), MemoryError>(())
        };
        append(first, self.first, &seat, &change.first)?;
        if let (Some(target), Some(seat)) = (self.second, &second_seat) {
            append(second.unwrap_or(first), target, seat, &change.second)?;
        }
        Ok(CommitStatus::Committed)
    }
}

/// What a unit looks up, and where.
struct Lookups<'a> {
    sides: [Option<(&'a Shard, &'a Seat)>; 2],
    catalogue: Option<&'a Shard>,
}

impl<'a> Lookups<'a> {
    fn gather(
        &self,
        need: &Need,
        first: &Account,
        second: Option<&Account>,
    ) -> Result<Gather<Entry>, MemoryError> {
        let mut gather = Gather::new(need, first, second);
        while let Some(lookup) = gather.next() {
            let side = self.sides.into_iter().flatten().find(|(shard, seat)| {
                let number = shard.account(seat).number();
                number == lookup.journal
            });
            gather.give(match (side, self.catalogue) {
                (Some((shard, seat)), _) => match seat.index() {
                    Some(index) => shard.look_up(index, &lookup.find)?,
                    None => Vec::new(),
                },
                (None, Some(catalogue)) if lookup.journal == ProfileNumber::CATALOGUE => {
                    catalogue.look_up(0, &lookup.find)?
                }
                _ => Vec::new(),
            });
        }
        Ok(gather)
    }
}
