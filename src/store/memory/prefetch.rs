//! Many units in one go: the accounts of the next ones are touched before they are needed.
//!
//! A request on one of a million accounts waits for memory three times in a row: for the index, the account and its lots.
//! For thirty-two requests at a time these loads overlap, which makes a batch over twice as fast.

use std::hint::black_box;

use smallvec::SmallVec;

use super::held::Held;
use super::{MemoryError, Shared, run_unit};
use crate::store::work::{Need, Owner, Work};

/// The number of accounts that are prefetched together.
pub(super) const PREFETCH: usize = 32;
/// How many units are run before others have their turn: the shards are locked for so long, as a lock for each unit would
/// hold up what is on its way.
const MAX_HOLD: usize = 8 * PREFETCH;

impl Shared {
    /// Runs many units, in their order.
    pub(super) fn run_many(&self, work: &mut dyn Work, units: usize) -> Result<(), MemoryError> {
        let mut next = 0;
        while next < units {
            let mut held = Held::of_all(self);
            let end = units.min(next.saturating_add(MAX_HOLD));
            while next < end {
                let wave = next..end.min(next.saturating_add(PREFETCH));
                prefetch(self, &held, work.needs().get(wave.clone()).unwrap_or_default());
                for unit in wave.clone() {
                    run_unit(&mut held, work, unit)?;
                }
                next = wave.end;
            }
        }
        Ok(())
    }
}

/// Prefetches the accounts of some needs into the cache, and then their first lots.
fn prefetch(shared: &Shared, held: &Held<'_>, needs: &[Need]) {
    let accounts: SmallVec<[_; PREFETCH]> = needs
        .iter()
        .filter_map(|need| match &need.owner {
            Owner::Profile(profile) => {
                let (hash, shard) = shared.place(profile);
                held.shard(shard)?.likely_account(hash)
            }
            Owner::Number(_) => None,
        })
        .collect();
    black_box(accounts.iter().map(|account| account.prefetch()).fold(0, u64::wrapping_add));
    black_box(accounts.iter().map(|account| account.prefetch_lots()).fold(0, u64::wrapping_add));
}
