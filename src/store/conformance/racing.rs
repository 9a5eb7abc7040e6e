//! The cases for concurrent handles (rule J6).

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::thread;

use super::probe::{Fixture, Pair, Racer, Script, Verdict, expect, look};
use super::ready;
use super::suite::{AtOnce, Suite};
use crate::id::ProfileId;
use crate::ops::Command;
use crate::store::{AsOf, AsyncStore, CommitStatus, Owner};

/// The number of handles that race; below, the number of rounds.
const RACERS: usize = 4;
const ROUNDS: usize = 3;
/// The number of conflicts after which a racer reports that the store makes no progress.
const PATIENCE: usize = 10_000;

type Run<'a, W> = Pin<Box<dyn Future<Output = Result<W, String>> + Send + 'a>>;

impl AtOnce {
    async fn run<W: Send>(self, stagger: usize, mut runs: Vec<Run<'_, W>>) -> Result<Vec<W>, String> {
        match self {
            Self::Threads => thread::scope(|scope| {
                let threads: Vec<_> = runs
                    .into_iter()
                    .map(|run| {
                        scope.spawn(|| ready(run).unwrap_or_else(|| Err("the store waited".to_owned())))
                    })
                    .collect();
                let join = |thread: thread::ScopedJoinHandle<'_, Result<W, String>>| {
                    thread.join().unwrap_or_else(|_| Err("the store panicked".to_owned()))
                };
                threads.into_iter().map(join).collect()
            }),
            Self::Futures => {
                let mut done: Vec<Option<Result<W, String>>> = runs.iter().map(|_| None).collect();
                let mut turn = 0_usize;
                poll_fn(|context| {
                    let begun = turn.checked_div(stagger).map_or(usize::MAX, |begun| begun.saturating_add(1));
                    turn = turn.saturating_add(1);
                    if begun < runs.len() {
                        context.waker().wake_by_ref();
                    }
                    for (run, done) in runs.iter_mut().zip(&mut done).take(begun) {
                        if done.is_none()
                            && let Poll::Ready(result) = run.as_mut().poll(context)
                        {
                            *done = Some(result);
                        }
                    }
                    if done.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
                done.into_iter().flatten().collect()
            }
        }
    }
}

/// Runs a work until it is settled without a conflict.
async fn persist<S: AsyncStore, W: Racer>(mut store: S, mut work: W) -> Result<W, String> {
    for _ in 0..PATIENCE {
        store.run(&mut work).await.map_err(|error| format!("the store failed: {error}"))?;
        match work.take_fates().as_slice() {
            [CommitStatus::Conflict] => {}
            [CommitStatus::Committed | CommitStatus::Staged] => return Ok(work),
            other => return Err(format!("a unit was settled as {other:?}")),
        }
    }
    Err(format!("{PATIENCE} conflicts in a row"))
}

impl<S, Open> Suite<Open>
where
    S: AsyncStore + Send,
    Open: AsyncFnMut() -> S,
{
    /// Runs all works at once, each on a handle of its own. Where they take turns, each starts `stagger` turns after
    /// the one before it.
    async fn race<W: Racer>(&mut self, stagger: usize, works: Vec<W>) -> Result<Vec<W>, String> {
        let mut runs: Vec<Run<'_, W>> = Vec::new();
        for work in works {
            let store = (self.open)().await;
            runs.push(Box::pin(persist(store, work)));
        }
        self.at_once.run(stagger, runs).await
    }

    fn scripts(&self, commands: impl IntoIterator<Item = Command>) -> Result<Vec<Script>, String> {
        commands.into_iter().map(|command| Script::new(&self.fixture, vec![command])).collect()
    }

    async fn entries_of(&mut self, profile: ProfileId) -> Result<Vec<u32>, String> {
        let seen = self.see(profile).await?;
        Ok(seen.journal.iter().map(|entry| entry.sequence).collect())
    }

    /// Some racers create the same profile at once, others one of their own.
    pub(super) async fn racing_creators_make_one_account(&mut self) -> Verdict {
        let _ready = self.ready().await?;
        let mut numbers = Vec::new();
        for round in 0..ROUNDS {
            let shared = Fixture::profile(&format!("shared {round}"))?;
            let mut profiles = vec![shared; RACERS];
            for racer in 0..RACERS {
                profiles.push(Fixture::profile(&format!("own {round} {racer}"))?);
            }
            let mut commands = Vec::new();
            for profile in &profiles {
                commands.push(self.fixture.command(self.fixture.issue(*profile)?));
            }
            let scripts = self.scripts(commands)?;
            self.race(round, scripts).await?;
            let entries = self.entries_of(shared).await?;
            expect(entries.iter().copied().eq((1..).take(RACERS)), || {
                format!("{RACERS} at once created one profile, and its journal reads {entries:?}")
            })?;
            for profile in profiles.iter().skip(RACERS.saturating_sub(1)) {
                let number = self.see(*profile).await?.account.number();
                let mut store = (self.open)().await;
                let again = look(&mut store, Owner::Number(number), AsOf::Now).await?;
                expect(again.account.profile() == Some(profile), || {
                    format!("number {} of {profile} leads to {:?}", number.get(), again.account.profile())
                })?;
                numbers.push(number.get());
            }
        }
        let drawn = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        expect(numbers.len() == drawn, || format!("{drawn} profiles share the numbers {numbers:?}"))
    }

    /// Each racer sees the others' changes, or gets a conflict: a reward of 10 pays for three times 3, not four.
    pub(super) async fn racing_changes_lose_nothing(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        for round in 0..ROUNDS {
            let profile = Fixture::profile(&format!("profile {round}"))?;
            let issue = self.fixture.command(self.fixture.issue(profile)?);
            Script::new(&self.fixture, vec![issue])?.commit(&mut store).await?;
            let redeem = self.fixture.command(Fixture::redeem(profile, 3));
            let scripts = self.scripts(vec![redeem; RACERS])?;
            let raced = self.race(round, scripts).await?;
            let refused = raced.iter().filter(|script| script.refused == [true]).count();
            let entries = self.entries_of(profile).await?;
            expect(refused == 1 && entries == [1, 2, 3, 4], || {
                format!(
                    "three of {RACERS} have enough; {refused} were refused, and the journal reads {entries:?}"
                )
            })?;
        }
        Ok(())
    }

    /// Changes of two of three accounts, in every order: each is atomic, and none deadlocks.
    pub(super) async fn racing_pairs_stay_whole(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        for round in 0..ROUNDS {
            let name = |name: &str| Fixture::profile(&format!("{name} {round}"));
            let (alice, bob, carol) = (name("alice")?, name("bob")?, name("carol")?);
            for profile in [alice, bob, carol] {
                let issue = self.fixture.command(self.fixture.issue(profile)?);
                Script::new(&self.fixture, vec![issue])?.commit(&mut store).await?;
            }
            let mut pairs = Vec::new();
            for (first, second) in [(alice, bob), (bob, carol), (carol, alice), (bob, alice)] {
                pairs.push(Pair::new(&self.fixture, first, second)?);
            }
            self.race(round, pairs).await?;
            for (profile, expected) in [(alice, 4), (bob, 4), (carol, 3)] {
                let entries = self.entries_of(profile).await?;
                expect(entries.iter().copied().eq(1..=expected), || {
                    format!("of {expected} changes to one of two accounts, its journal reads {entries:?}")
                })?;
            }
        }
        Ok(())
    }

    /// A need is read in one snapshot: otherwise a key in use is not found, while the account that it was used on is
    /// current.
    pub(super) async fn a_key_raced_for_is_used_once(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        for round in 0..ROUNDS {
            let profile = Fixture::profile(&format!("profile {round}"))?;
            let issue = self.fixture.command(self.fixture.issue(profile)?);
            Script::new(&self.fixture, vec![issue])?.commit(&mut store).await?;
            let redeem = self.fixture.keyed(&format!("once {round}"), Fixture::redeem(profile, 1))?;
            let scripts = self.scripts(vec![redeem; RACERS])?;
            let raced = self.race(round, scripts).await?;
            let repeated = raced.iter().filter(|script| script.repeated == [true]).count();
            let entries = self.entries_of(profile).await?;
            expect(repeated == RACERS.saturating_sub(1) && entries == [1, 2], || {
                format!(
                    "one key raced for by {RACERS}: {repeated} were told so, and the journal reads {entries:?}"
                )
            })?;
        }
        Ok(())
    }
}
