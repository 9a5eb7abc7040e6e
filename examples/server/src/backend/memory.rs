//! The ledger in memory, for as long as the process lives.

use std::sync::Arc;

use scrip::store::Blocking;
use scrip::{AsyncLedger, MemoryStore, Program};

use super::counted::{Counted, StoreCounts};

/// Two ledgers over one store: what is written is counted.
pub struct InMemory {
    pub ledger: AsyncLedger<Blocking<MemoryStore>>,
    pub writer: AsyncLedger<Counted<Blocking<MemoryStore>>>,
}

impl InMemory {
    pub fn new(program: Program, counts: &Arc<StoreCounts>) -> Self {
        let store = Blocking(MemoryStore::new());
        Self {
            ledger: AsyncLedger::new(program.clone(), store.clone()),
            writer: AsyncLedger::new(program, Counted::new(store, counts)),
        }
    }
}
