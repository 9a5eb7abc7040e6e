//! The ledger, over whichever store was chosen. One enum, so that no handler knows which.

use std::error::Error;
use std::fmt::Display;

use scrip::store::{AsOf, AsyncScan, Blocking, Feed, Position};
use scrip::{
    Action, AsyncLedger, Catalogue, Command, ExternalId, KeyReused, KnownLots, LotId, MemoryStore, ProfileId,
    ProfileNumber, Program, Quote, Receipt, Redeem, Rejection, Timestamp, ValuedBalances, Wallet,
};

use crate::options::Where;

/// A ledger over one of the stores. Clones share what is stored.
#[derive(Clone)]
pub enum Backend {
    Memory(AsyncLedger<Blocking<MemoryStore>>),
}

/// As of when to read.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    Now(Timestamp),
    Past(AsOf),
}

/// Why a request was not carried out: the crate's error, without the type of the store's own.
#[derive(Debug)]
pub enum Failure {
    Rejected(Rejection),
    KeyReused(KeyReused),
    Contention,
    InDoubt,
    Corrupt(String),
    Store(String),
}

/// What comes of a command.
pub type Answer<O> = Result<Receipt<O>, Failure>;

/// Runs the same lines on whichever ledger it is, and forgets the type of its store's errors.
macro_rules! on {
    ($backend:expr, $ledger:ident => $run:expr) => {
        match $backend {
            Backend::Memory(ledger) => {
                let mut $ledger = ledger.clone();
                $run.map_err(Failure::from)
            }
        }
    };
}

/// The same read, now or in the past.
macro_rules! read {
    ($backend:expr, $moment:expr, $method:ident $(, $argument:expr)*) => {
        on!($backend, ledger => match $moment {
            Moment::Now(at) => ledger.at(at).$method($($argument),*).await,
            Moment::Past(as_of) => ledger.as_of(as_of).$method($($argument),*).await,
        })
    };
}

impl Backend {
    /// Opens the store.
    ///
    /// # Errors
    /// It cannot be opened.
    pub async fn open(store: &Where, program: Program) -> Result<Self, Box<dyn Error>> {
        match store {
            Where::Memory => Ok(Self::Memory(AsyncLedger::new(program, Blocking(MemoryStore::new())))),
            Where::Sqlite(_) | Where::Postgres(_) => Err("this store is not built in".into()),
        }
    }

    pub fn program(&self) -> &Program {
        match self {
            Self::Memory(ledger) => ledger.program(),
        }
    }

    pub async fn run<A: Action + 'static>(&self, command: &Command<A>) -> Answer<A::Outcome> {
        on!(self, ledger => ledger.run(command).await)
    }

    /// Each stands for itself; the answers come in the order of the commands.
    pub async fn run_all<A: Action>(&self, commands: &[Command<A>]) -> Vec<Answer<A::Outcome>> {
        match self {
            Self::Memory(ledger) => each(ledger.clone().run_all(commands).await),
        }
    }

    pub async fn quote(&self, at: Timestamp, redeem: &Redeem) -> Result<Quote, Failure> {
        on!(self, ledger => ledger.at(at).quote(redeem).await)
    }

    pub async fn balances(&self, moment: Moment, profile: ProfileId) -> Result<ValuedBalances, Failure> {
        read!(self, moment, balances, profile)
    }

    pub async fn wallet(&self, moment: Moment, profile: ProfileId) -> Result<Wallet, Failure> {
        read!(self, moment, wallet, profile)
    }

    pub async fn wallet_of(&self, moment: Moment, number: ProfileNumber) -> Result<Option<Wallet>, Failure> {
        read!(self, moment, wallet_of, number)
    }

    pub async fn catalogue(&self, at: Timestamp) -> Result<Catalogue, Failure> {
        on!(self, ledger => ledger.at(at).catalogue().await)
    }

    pub async fn lots(&self, at: Timestamp, profile: ProfileId, ids: &[LotId]) -> Result<KnownLots, Failure> {
        on!(self, ledger => ledger.at(at).lots(profile, ids).await)
    }

    /// Whoever has a transaction of this name.
    pub async fn profiles_with_transaction(
        &self,
        at: Timestamp,
        external_id: &ExternalId,
        limit: usize,
    ) -> Result<Vec<ProfileId>, Failure> {
        on!(self, ledger => ledger.at(at).profiles_with_transaction(external_id, limit).await)
    }

    /// What was written after a position.
    pub async fn feed(&self, after: &Position, limit: usize) -> Result<Feed, Failure> {
        on!(self, ledger => ledger.store().feed(after, limit).await.map_err(|error| {
            scrip::Error::Store(std::sync::Arc::new(error))
        }))
    }
}

fn each<O, E: Display>(answers: Vec<Result<Receipt<O>, scrip::Error<E>>>) -> Vec<Answer<O>> {
    answers.into_iter().map(|answer| answer.map_err(Failure::from)).collect()
}

impl<E: Display> From<scrip::Error<E>> for Failure {
    fn from(error: scrip::Error<E>) -> Self {
        match error {
            scrip::Error::Rejected(rejection) => Self::Rejected(rejection),
            scrip::Error::KeyReused(reused) => Self::KeyReused(reused),
            scrip::Error::Contention { .. } => Self::Contention,
            scrip::Error::InDoubt => Self::InDoubt,
            scrip::Error::Corrupt(corrupt) => Self::Corrupt(corrupt.to_string()),
            scrip::Error::Store(error) => Self::Store(error.to_string()),
            // Nobody here opens a transaction for the store to join.
            other => Self::Store(other.code().to_owned()),
        }
    }
}
