//! Inside the caller's own transaction.

use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;

use super::error::{CommitFailure, Sent};
use super::run::pending;
use super::{PostgresError, PostgresStore, Shared};
use crate::store::apart::Apart;
use crate::store::stage::Staged;
use crate::store::{AsyncStore, CommitStatus, Need, Work};

/// A ledger inside a transaction that the caller has open; see [`PostgresStore::joining`].
pub struct Joined<'a, 't> {
    shared: &'a Shared,
    transaction: &'a mut Transaction<'t>,
    is_doomed: bool,
}

impl std::fmt::Debug for Joined<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Joined").field("is_doomed", &self.is_doomed).finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// The same ledger inside a transaction that the caller has open on the same database, on a connection of their
    /// own or of the [pool](PostgresStore::pool): what is written here is durable when they commit, and gone if they
    /// roll back.
    ///
    /// Each request is in a savepoint, so one that conflicts or is refused leaves the transaction as it was. Under
    /// `READ COMMITTED` a request that conflicts is tried again inside the transaction; under `REPEATABLE READ` and
    /// `SERIALIZABLE` it cannot succeed any more, and neither can one that ran into a deadlock: that is
    /// [`Error::Aborted`](crate::Error::Aborted), and the caller rolls back and begins anew.
    ///
    /// Until the caller commits, the heads of the accounts that were written to are locked. Keep it short.
    ///
    /// ```no_run
    /// # use scrip::store::postgres::{PostgresStore, deadpool_postgres, tokio_postgres};
    /// # use scrip::{AsyncLedger, Program, ProfileId, Redeem};
    /// # async fn example(store: PostgresStore, program: Program) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut client = store.pool().get().await?;
    /// let mut transaction = client.transaction().await?;
    /// let mut ledger = AsyncLedger::new(program, store.joining(&mut transaction));
    /// let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// let redemption = till.commit(Redeem::strict(ProfileId::new("alice")?, "7.50".parse()?)).await?;
    /// transaction.execute("INSERT INTO sale (redemption) VALUES ($1)", &[&redemption.id]).await?;
    /// transaction.commit().await?; // both, or neither
    /// # Ok(())
    /// # }
    /// ```
    pub fn joining<'a, 't>(&'a self, transaction: &'a mut Transaction<'t>) -> Joined<'a, 't> {
        Joined { shared: &self.shared, transaction, is_doomed: false }
    }
}

/// The result of a unit before its savepoint is released or rolled back to.
enum Outcome {
    Release(CommitStatus),
    RollBack(CommitStatus),
}

impl AsyncStore for Joined<'_, '_> {
    type Error = PostgresError;

    async fn run(&mut self, work: &mut dyn Work) -> Result<(), PostgresError> {
        let mut apart = Apart::new((0..work.needs().len()).map(|unit| unit..unit.saturating_add(1)));
        while let Some(units) = apart.next() {
            let status = if self.is_doomed {
                Ok(CommitStatus::Aborted)
            } else {
                self.run_in_savepoint(work, units.start).await
            };
            match status {
                Ok(status) => work.settle(units.start, status),
                Err(error) => apart.failed(units, error)?,
            }
        }
        apart.end()
    }
}

impl Joined<'_, '_> {
    async fn run_in_savepoint(
        &mut self,
        work: &mut dyn Work,
        unit: usize,
    ) -> Result<CommitStatus, PostgresError> {
        let outcome = match self.transaction.batch_execute("SAVEPOINT scrip_unit").await {
            Ok(()) => self.run_unit(work, unit).await,
            Err(error) => Err(error.into()),
        };
        let (end, status) = match outcome {
            Ok(Outcome::Release(status)) => ("RELEASE SAVEPOINT scrip_unit", Ok(status)),
            Ok(Outcome::RollBack(status)) => (BACK, Ok(status)),
            Err(error) if dooms(&error) => {
                self.is_doomed = true;
                return Ok(CommitStatus::Aborted);
            }
            Err(error) => (BACK, Err(error)),
        };
        // If the savepoint did not end, its rows may or may not be committed with the rest.
        if self.transaction.batch_execute(end).await.is_err() {
            self.is_doomed = true;
            return Ok(CommitStatus::Aborted);
        }
        status
    }

    async fn run_unit(&mut self, work: &mut dyn Work, unit: usize) -> Result<Outcome, PostgresError> {
        let (shared, session) = (self.shared, &*self.transaction);
        let needs: Vec<&Need> = work.needs().get(unit).into_iter().collect();
        let mut batch = shared.load(session, &needs).await?;
        let decided = shared.decide(session, work, &[unit], &mut batch, &mut None).await?;
        let outcome = match decided.first().map(|decided| decided.staged) {
            Some(Staged::Appended) => {
                let places = pending(&batch);
                match shared.write_together_or_not(session, &mut batch, &places).await? {
                    Some(_) => Outcome::Release(CommitStatus::Staged),
                    None => Outcome::RollBack(CommitStatus::Conflict),
                }
            }
            Some(Staged::Stale) => Outcome::RollBack(CommitStatus::Conflict),
            _ => Outcome::Release(CommitStatus::Staged),
        };
        shared.give_back_promised(&batch);
        Ok(outcome)
    }
}

const BACK: &str = "ROLLBACK TO SAVEPOINT scrip_unit; RELEASE SAVEPOINT scrip_unit";

/// Whether the caller's transaction must be rolled back: it was chosen to fail, its connection is gone, or it had failed
/// before.
fn dooms(error: &PostgresError) -> bool {
    let is_failed =
        |error: &tokio_postgres::Error| error.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION);
    error.failure(Sent::Uncommitted) == CommitFailure::Conflict
        || matches!(error, PostgresError::Database(error) if is_failed(error))
}
