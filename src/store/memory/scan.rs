//! Reading the memory store across profiles. Every account is scanned; in memory that is cheap.

use super::shard::Shard;
use super::{MemoryError, MemoryStore, SHARDS, Shared, locked};
use crate::account::Account;
use crate::id::{ProfileId, ProfileNumber};
use crate::journal::External;
use crate::store::scan::{expires_within, is_due};
use crate::store::{Feed, Position, Scan};
use crate::time::Timestamp;

impl Scan for MemoryStore {
    type Error = MemoryError;

    fn profiles(&mut self, after: ProfileNumber, limit: usize) -> Result<Vec<ProfileNumber>, MemoryError> {
        Ok(self.shared.numbers_where(after, limit, |account| account.sequence() > 0))
    }

    fn due(
        &mut self,
        by: Timestamp,
        after: ProfileNumber,
        limit: usize,
    ) -> Result<Vec<ProfileNumber>, MemoryError> {
        Ok(self.shared.numbers_where(after, limit, |account| is_due(account, by)))
    }

    fn expiring(
        &mut self,
        stretch: (Timestamp, Timestamp),
        after: ProfileNumber,
        limit: usize,
    ) -> Result<Vec<ProfileNumber>, MemoryError> {
        Ok(self.shared.numbers_where(after, limit, |account| expires_within(account, stretch)))
    }

    fn feed(&mut self, after: &Position, limit: usize) -> Result<Feed, MemoryError> {
        let mut positions = read(after)?;
        let (mut entries, mut more) = (Vec::new(), false);
        for (shard, position) in positions.iter_mut().enumerate() {
            let room = limit.saturating_sub(entries.len());
            let shard = u32::try_from(shard).unwrap_or(u32::MAX);
            let written = self.shared.with_shard(shard, |shard| {
                let written = shard.written_after(position, room);
                more |= shard.has_more_after(*position);
                written
            });
            entries.extend(written?);
        }
        let texts: Vec<String> = positions.iter().map(u32::to_string).collect();
        Ok(Feed { entries, position: Position::new(texts.join(",")), more })
    }

    fn named(&mut self, name: &External, limit: usize) -> Result<Vec<ProfileId>, MemoryError> {
        let mut found = Vec::new();
        for shard in 0..SHARDS {
            found.extend(self.shared.with_shard(shard, |shard| shard.named(name)));
        }
        found.sort_unstable();
        found.truncate(limit);
        Ok(found)
    }
}

/// A position is how far each shard was read, and last the catalogue.
fn read(position: &Position) -> Result<Vec<u32>, MemoryError> {
    let count = SHARDS.saturating_add(1);
    if *position == Position::START {
        return Ok((0..count).map(|_| 0).collect());
    }
    let positions: Result<Vec<u32>, _> = position.as_str().split(',').map(str::parse).collect();
    let positions = positions.map_err(|_| MemoryError::NoSuchPosition)?;
    if u32::try_from(positions.len()) == Ok(count) { Ok(positions) } else { Err(MemoryError::NoSuchPosition) }
}

impl Shared {
    /// The shard of this number; the one after the last is the catalogue.
    fn with_shard<T>(&self, shard: u32, look: impl FnOnce(&Shard) -> T) -> T {
        match self.shards.get(shard as usize) {
            Some(shard) => look(&locked(shard)),
            None => look(&self.catalogue.read().unwrap_or_else(std::sync::PoisonError::into_inner)),
        }
    }

    fn numbers_where(
        &self,
        after: ProfileNumber,
        limit: usize,
        wanted: impl Fn(&Account) -> bool,
    ) -> Vec<ProfileNumber> {
        let mut found = Vec::new();
        let mut number = after.get();
        while found.len() < limit {
            number = number.saturating_add(1);
            let place = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
            let Some(address) = locked(&self.numbers).get(place).copied() else { break };
            let is_wanted = |shard: &Shard| shard.account(address.index()).is_some_and(&wanted);
            if self.with_shard(address.shard, is_wanted) {
                found.extend(ProfileNumber::new(number));
            }
        }
        found
    }
}
