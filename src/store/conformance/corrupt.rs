//! The case for a store whose rows can be made unreadable from outside.

use super::Failure;
use super::probe::{Fixture, Verdict, expect, try_to_look};
use super::suite::{AtOnce, Suite};
use crate::id::ProfileId;
use crate::store::{AsOf, AsyncStore, Owner, StoreError};

/// The name of the case.
pub(super) const CASE: &str = "a_row_that_cannot_be_read_is_an_error";

pub(super) async fn run<S, Open>(
    open: Open,
    spoil: impl AsyncFnMut(ProfileId),
    at_once: AtOnce,
) -> Result<(), Failure>
where
    S: AsyncStore + Send,
    Open: AsyncFnMut() -> S,
{
    let verdict = Suite::new(open, at_once)?.corrupt_rows(spoil).await;
    verdict.map_err(|message| Failure { case: CASE, message })
}

impl<S, Open> Suite<Open>
where
    S: AsyncStore + Send,
    Open: AsyncFnMut() -> S,
{
    /// Expects an error that reports corruption: no panic, no account with data missing, and no harm to the neighbour.
    async fn corrupt_rows(&mut self, mut spoil: impl AsyncFnMut(ProfileId)) -> Verdict {
        let mut store = self.ready().await?;
        let (alice, bob) = (Fixture::profile("alice")?, Fixture::profile("bob")?);
        self.history(&mut store, alice).await?;
        let well = self.history(&mut store, bob).await?;
        drop(store);
        spoil(alice).await;
        // A new handle has nothing in memory.
        let mut fresh = (self.open)().await;
        match try_to_look(&mut fresh, Owner::Profile(alice), AsOf::Now).await {
            Ok(read) => return Err(format!("a spoiled row, and the store lends {read:?}")),
            Err(error) => {
                expect(error.is_corruption(), || format!("a spoiled row, and all it says is: {error}"))?
            }
        }
        self.expect_unchanged(bob, &well).await
    }
}
