//! Questions across all profiles, for whoever looks at the service and not at a customer.

use chrono::TimeDelta;
use scrip::account::Corrupt;
use scrip::id::ExternalId;
use scrip::journal::External;
use scrip::store::{AsyncScan as _, Scan as _};
use scrip::view::{Cursor, Events, LedgerTotals, ProfileJournal};
use scrip::{ProfileId, Timestamp};

use super::{Backend, Failure, ask};

/// Asks whichever store it is, below the ledger.
macro_rules! scan {
    ($backend:expr, $store:ident => $call:expr) => {
        match $backend {
            Backend::Memory(shared) => {
                let mut ledger = shared.ledger.clone();
                let $store = ledger.store();
                $call.await.map_err(|error| Failure::of(&error))
            }
            Backend::Sqlite(shared) => {
                let asked = shared.read(move |ledger| {
                    let $store = ledger.store();
                    $call.map_err(|error| Failure::of(&error))
                });
                asked.await
            }
            Backend::Postgres(shared) => {
                let mut ledger = shared.ledger.clone();
                let $store = ledger.store();
                $call.await.map_err(|error| Failure::of(&error))
            }
        }
    };
}

impl Backend {
    /// What all profiles hold together. Every one is read.
    pub async fn totals(&self, at: Timestamp) -> Result<LedgerTotals, Failure> {
        ask!(self, ledger => ledger.at(at).totals())
    }

    /// Adds the journal of every profile to a report.
    pub async fn each_journal<R: Send + 'static>(
        &self,
        at: Timestamp,
        mut report: R,
        add: fn(&mut R, &ProfileJournal) -> Result<(), Corrupt>,
    ) -> Result<R, Failure> {
        let add = move |report: &mut R, journal: &ProfileJournal| {
            add(report, journal).map_err(|corrupt| Failure::Corrupt(corrupt.to_string()))
        };
        macro_rules! read {
            ($ledger:expr) => {{
                let mut ledger = $ledger.clone();
                let mut till = ledger.at(at);
                let mut journals = till.journals();
                while let Some(journal) = journals.next().await {
                    add(&mut report, &journal?)?;
                }
                Ok(report)
            }};
        }
        match self {
            Self::Memory(shared) => read!(shared.ledger),
            Self::Postgres(shared) => read!(shared.ledger),
            Self::Sqlite(shared) => {
                let read = shared.read(move |ledger| {
                    for journal in ledger.at(at).journals() {
                        add(&mut report, &journal?)?;
                    }
                    Ok(report)
                });
                read.await
            }
        }
    }

    /// A page of the events since a cursor, and of the expiries within `lead` from now.
    pub async fn events(
        &self,
        at: Timestamp,
        after: Cursor,
        lead: TimeDelta,
        limit: usize,
    ) -> Result<Events, Failure> {
        ask!(self, ledger => ledger.at(at).events(&after, lead, limit))
    }

    /// The profiles that have a reward or lot of points of this name.
    pub async fn profiles_with_lot(&self, id: ExternalId, limit: usize) -> Result<Vec<ProfileId>, Failure> {
        let name = External::Lot(id);
        scan!(self, store => store.named(&name, limit))
    }
}
