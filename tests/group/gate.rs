//! A store that a test lets run, turn by turn.

use std::sync::mpsc::{Receiver, Sender, channel};

use scrip::MemoryStore;
use scrip::store::{Change, CommitStatus, MemoryError, Need, Store, StoreError, View, Work};

/// What a store does with one run, as the test says.
#[derive(Clone, Copy, Debug)]
pub enum Turn {
    Run,
    Fail,
    Panic,
    /// Commits, and forgets to say so.
    Forget,
    /// Inside somebody's transaction.
    Stage,
    /// Writes nothing, as somebody else was faster.
    Conflict,
}

/// A store that says when it begins a run, with how many units, and waits to be told how it goes.
pub struct Gated {
    pub store: MemoryStore,
    begins: Sender<usize>,
    turns: Receiver<Turn>,
}

/// The test's side of it.
pub struct Gate {
    pub begun: Receiver<usize>,
    pub turn: Sender<Turn>,
}

impl Gate {
    /// Waits for the next run to begin, lets it go, and says how many units it has.
    pub fn pass(&self, turn: Turn) -> usize {
        let units = self.begun.recv().unwrap();
        self.turn.send(turn).unwrap();
        units
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error("the disk is full")]
    Full,
    #[error(transparent)]
    Memory(#[from] MemoryError),
}

impl StoreError for Broken {}

pub fn gated(store: &MemoryStore) -> (Gated, Gate) {
    let (begins, begun) = channel();
    let (turn, turns) = channel();
    (Gated { store: store.clone(), begins, turns }, Gate { begun, turn })
}

/// Hands on a work, and changes what it hears of its fate.
struct Altered<'a>(&'a mut dyn Work, CommitStatus);

impl Work for Altered<'_> {
    fn needs(&self) -> &[Need] {
        self.0.needs()
    }

    fn decide(&mut self, unit: usize, view: View<'_>) -> Option<&Change> {
        self.0.decide(unit, view)
    }

    fn settle(&mut self, unit: usize, fate: CommitStatus) {
        self.0.settle(unit, if fate == CommitStatus::Committed { self.1 } else { fate });
    }
}

impl Store for Gated {
    type Error = Broken;

    fn run(&mut self, work: &mut dyn Work) -> Result<(), Broken> {
        self.begins.send(work.needs().len()).unwrap();
        match self.turns.recv().unwrap() {
            Turn::Run => Ok(self.store.run(work)?),
            Turn::Fail => Err(Broken::Full),
            Turn::Panic => panic!("a planned panic of the store's"),
            Turn::Forget => Ok(self.store.run(&mut Altered(work, CommitStatus::InDoubt))?),
            Turn::Conflict => {
                (0..work.needs().len()).for_each(|unit| work.settle(unit, CommitStatus::Conflict));
                Ok(())
            }
            Turn::Stage => Ok(self.store.run(&mut Altered(work, CommitStatus::Staged))?),
        }
    }
}
