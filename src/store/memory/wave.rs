//! Many commands in one go: in waves that touch the next accounts before they are needed.
//!
//! What a command on one of a million accounts waits for is memory: the place in the index, then the account, then its
//! lots, and each says where the next one is. Asked for one after the other they are waited for one after the other;
//! thirty-two at a time, they come together. A batch is over twice as fast for it.

use std::hint::black_box;
use std::sync::MutexGuard;

use smallvec::SmallVec;

use super::Shared;
use super::shard::Shard;
use crate::engine::at_once::{Plain, plain};
use crate::engine::{Action, Rejection};
use crate::ops::Command;
use crate::program::Program;

/// How many accounts are asked for at once.
const WAVE: usize = 32;
/// How many waves pass before others have their turn: the shards are locked for so long, as a lock for each command would
/// hold up what is on its way.
const STINT: usize = 8;

/// Where a command's account is.
struct Spot {
    shard: usize,
    index: usize,
}

impl Shared {
    /// Carries out commands at once, from the first on, as far as they are plain and there are many. Answers how many were.
    pub(super) fn many_at_once<A: Action>(
        &self,
        program: &Program,
        commands: &[Command<A>],
        keep: &mut impl FnMut(Result<A::Outcome, Rejection>),
    ) -> usize {
        let mut done: usize = 0;
        if commands.len() < WAVE {
            return self.in_a_row(program, commands, keep);
        }
        // In the one order in which shards are ever locked.
        let mut shards: Vec<MutexGuard<'_, Shard>> = self.shards.iter().map(super::locked).collect();
        for wave in commands.chunks(WAVE).take(STINT) {
            let spots = self.touch(wave, &shards);
            for (command, spot) in wave.iter().zip(spots) {
                let Some(result) =
                    spot.and_then(|spot| self.one_of_many(program, command, &spot, &mut shards))
                else {
                    return done;
                };
                keep(result);
                done = done.saturating_add(1);
            }
        }
        done
    }

    /// Carries out a few commands on the profile of the first, as long as they are about it: it is looked for once.
    fn in_a_row<A: Action>(
        &self,
        program: &Program,
        commands: &[Command<A>],
        keep: &mut impl FnMut(Result<A::Outcome, Rejection>),
    ) -> usize {
        let Some(Plain { profile, .. }) = commands.first().and_then(plain) else { return 0 };
        let (hash, shard) = self.place(profile);
        let mut shard = self.lock(shard);
        let Some(index) = shard.place_of(hash, profile) else { return 0 };
        let mut done: usize = 0;
        for command in commands {
            let plain = plain(command).filter(|plain| plain.profile == profile);
            let Some(result) =
                plain.and_then(|plain| self.carry_out(program, command, plain, index, &mut shard))
            else {
                break;
            };
            keep(result);
            done = done.saturating_add(1);
        }
        done
    }

    /// Looks for the accounts of a wave, and has them brought near.
    fn touch<A: Action>(
        &self,
        wave: &[Command<A>],
        shards: &[MutexGuard<'_, Shard>],
    ) -> SmallVec<[Option<Spot>; WAVE]> {
        let find = |command: &Command<A>| {
            let (hash, shard) = self.place(plain(command)?.profile);
            let shard = usize::try_from(shard).ok()?;
            let index = shards.get(shard)?.likely_place(hash)?;
            Some(Spot { shard, index })
        };
        let spots: SmallVec<_> = wave.iter().map(find).collect();
        let accounts = || {
            spots.iter().flatten().filter_map(|spot: &Spot| shards.get(spot.shard)?.account_at(spot.index))
        };
        black_box(accounts().map(|account| account.warm()).fold(0, u64::wrapping_add));
        black_box(accounts().map(|account| account.warm_lots()).fold(0, u64::wrapping_add));
        spots
    }

    fn one_of_many<A: Action>(
        &self,
        program: &Program,
        command: &Command<A>,
        spot: &Spot,
        shards: &mut [MutexGuard<'_, Shard>],
    ) -> Option<Result<A::Outcome, Rejection>> {
        let (shard, plain) = (shards.get_mut(spot.shard)?, plain(command)?);
        shard.account_at(spot.index).filter(|account| account.profile_id() == *plain.profile)?;
        self.carry_out(program, command, plain, spot.index, shard)
    }

    fn carry_out<A: Action>(
        &self,
        program: &Program,
        command: &Command<A>,
        plain: Plain<'_>,
        index: usize,
        shard: &mut Shard,
    ) -> Option<Result<A::Outcome, Rejection>> {
        self.inform(shard, plain.definition)?;
        let mut outcome = None;
        let result = shard.carry_out(index, program, command, plain.definition, &mut outcome)?;
        Some(match (result, outcome) {
            (Ok(()), Some(outcome)) => Ok(outcome),
            (Err(rejection), _) => Err(rejection),
            (Ok(()), None) => return None,
        })
    }
}
