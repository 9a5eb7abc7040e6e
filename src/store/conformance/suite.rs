//! The suite's shared parts: a backing under test, and common queries.

use super::Failure;
use super::probe::{Fixture, Script, Seen, Verdict, expect, look};
use crate::id::{Key, ProfileId};
use crate::journal::Entry;
use crate::ops::PostTransaction;
use crate::store::{AsOf, AsyncStore, Owner};

/// The way in which several handles are used at once.
#[derive(Clone, Copy)]
pub(super) enum AtOnce {
    /// One thread for each handle, for a blocking store.
    Threads,
    /// Concurrent futures, for an asynchronous store.
    Futures,
}

/// A backing under test, and a function that opens handles on it.
pub(super) struct Suite<Open> {
    pub(super) open: Open,
    pub(super) fixture: Fixture,
    /// The way in which several handles are used at once.
    pub(super) at_once: AtOnce,
    /// The entries of the last [history](Self::history), as the engine decided them.
    pub(super) wrote: Vec<Entry>,
}

impl<Open> Suite<Open> {
    pub(super) fn new(open: Open, at_once: AtOnce) -> Result<Self, Failure> {
        let fixture = Fixture::new().map_err(|message| Failure { case: "fixture", message })?;
        Ok(Self { open, fixture, at_once, wrote: Vec::new() })
    }
}

impl<S, Open> Suite<Open>
where
    S: AsyncStore + Send,
    Open: AsyncFnMut() -> S,
{
    /// A handle on a backing with one definition.
    pub(super) async fn ready(&mut self) -> Result<S, String> {
        let mut store = (self.open)().await;
        Script::new(&self.fixture, vec![self.fixture.define()?])?.commit(&mut store).await?;
        Ok(store)
    }

    /// Writes a few entries of different kinds at different instants, some of them with a name or a key.
    pub(super) async fn history(&mut self, store: &mut S, profile: ProfileId) -> Result<Seen, String> {
        let key = Key::new(&format!("🔑 of {profile}")).map_err(|error| error.to_string())?;
        let mut commands = vec![
            self.fixture.command(self.fixture.named(profile, "first")?).keyed(key),
            self.fixture.command(self.fixture.with_text(profile)?),
            self.fixture.command(Fixture::redeem(profile, 12)),
            self.fixture.command(PostTransaction::new(profile, crate::value::Amount::from(99))),
        ];
        for (command, seconds) in commands.iter_mut().zip([0, 0, 3_600, 86_400]) {
            let later = self.fixture.now.checked_add(chrono::TimeDelta::seconds(seconds));
            command.at = later.map_err(|error| error.to_string())?;
        }
        let script = Script::new(&self.fixture, commands)?.commit(store).await?;
        expect(!script.refused.contains(&true), || "the fixture's history was refused".to_owned())?;
        self.wrote = script.wrote.concat();
        self.see(profile).await
    }

    /// Looks at a profile through a fresh handle.
    pub(super) async fn see(&mut self, profile: ProfileId) -> Result<Seen, String> {
        look(&mut (self.open)().await, Owner::Profile(profile), AsOf::Now).await
    }

    pub(super) async fn expect_unchanged(&mut self, profile: ProfileId, before: &Seen) -> Verdict {
        let after = self.see(profile).await?;
        expect(after == *before, || format!("{before:?} became {after:?}"))
    }
}
