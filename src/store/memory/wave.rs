//! Many commands in one go: in waves that touch the next accounts before they are needed.
//!
//! What a command on one of a million accounts waits for is memory: the place in the index, then the account, then its
//! lots, and each says where the next one is. Asked for one after the other they are waited for one after the other;
//! thirty-two at a time, they come together. A batch is over twice as fast for it.

use std::hint::black_box;
use std::sync::MutexGuard;

use smallvec::SmallVec;

use super::shard::Shard;
use super::{MemoryError, Shared};
use crate::decide::{Plain, plain};
use crate::ledger::{Answer, nothing};
use crate::{Action, Command, Program};

/// How many accounts are asked for at once.
const WAVE: usize = 32;
/// How many waves pass before others have their turn: the shards are locked for so long, as a lock for each command would
/// hold up what is on its way.
const STINT: usize = 8;

/// Where a command's account is.
struct Seat {
    shard: usize,
    index: usize,
}

impl Shared {
    /// Carries out commands at once, from the first on, as far as they are plain and there are many; adds what they come to.
    pub(super) fn many_at_once<A: Action>(
        &self,
        program: &Program,
        commands: &[Command<A>],
        answers: &mut Vec<Answer<A, MemoryError>>,
    ) {
        if commands.len() < WAVE {
            return;
        }
        // In the one order in which shards are ever locked.
        let mut shards: Vec<MutexGuard<'_, Shard>> = self.shards.iter().map(super::locked).collect();
        for wave in commands.chunks(WAVE).take(STINT) {
            let seats = self.touch(wave, &shards);
            for (command, seat) in wave.iter().zip(seats) {
                answers.push(nothing());
                let done = seat.zip(answers.last_mut()).and_then(|(seat, answer)| {
                    self.one_of_many(program, command, &seat, &mut shards, answer)
                });
                if done.is_none() {
                    answers.pop();
                    return;
                }
            }
        }
    }

    /// Looks for the accounts of a wave, and has them brought near.
    fn touch<A: Action>(
        &self,
        wave: &[Command<A>],
        shards: &[MutexGuard<'_, Shard>],
    ) -> SmallVec<[Option<Seat>; WAVE]> {
        let find = |command: &Command<A>| {
            let (hash, shard) = self.place(plain(command)?.profile);
            let shard = usize::try_from(shard).ok()?;
            let index = shards.get(shard)?.likely_place(hash)?;
            Some(Seat { shard, index })
        };
        let seats: SmallVec<_> = wave.iter().map(find).collect();
        let accounts = || {
            seats.iter().flatten().filter_map(|seat: &Seat| shards.get(seat.shard)?.account_at(seat.index))
        };
        black_box(accounts().map(|account| account.warm()).fold(0, u64::wrapping_add));
        black_box(accounts().map(|account| account.warm_lots()).fold(0, u64::wrapping_add));
        seats
    }

    fn one_of_many<A: Action>(
        &self,
        program: &Program,
        command: &Command<A>,
        seat: &Seat,
        shards: &mut [MutexGuard<'_, Shard>],
        answer: &mut Answer<A, MemoryError>,
    ) -> Option<()> {
        let shard = shards.get_mut(seat.shard)?;
        let Plain { profile, definition } = plain(command)?;
        shard.account_at(seat.index).filter(|account| account.profile_id() == *profile)?;
        self.inform(shard, definition)?;
        shard.carry_out(seat.index, program, command, definition, answer)
    }
}
