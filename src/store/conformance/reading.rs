//! The cases for reads: through another handle, of the past, and of a large account.

use super::probe::{Fixture, Script, Verdict, expect, look};
use super::suite::Suite;
use crate::journal::{Entry, EntryKind};
use crate::ops::{IssueReward, Redeem};
use crate::store::{AsOf, AsyncStore, CommitStatus, Owner};
use crate::time::Timestamp;
use crate::value::Amount;

impl<S, Open> Suite<Open>
where
    S: AsyncStore + Send,
    Open: AsyncFnMut() -> S,
{
    pub(super) async fn looking_creates_nothing(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        let (alice, bob) = (Fixture::profile("alice")?, Fixture::profile("bob")?);
        let issue = self.fixture.command(self.fixture.issue(bob)?);
        Script::new(&self.fixture, vec![issue])?.commit(&mut store).await?;
        let redeem = self.fixture.command(Fixture::redeem(alice, 1));
        let script = Script::new(&self.fixture, vec![redeem])?.commit(&mut store).await?;
        expect(script.refused == [true], || "nothing can be redeemed from nothing".to_owned())?;
        let seen = self.see(alice).await?;
        expect(seen.account.sequence() == 0 && seen.journal.is_empty(), || {
            format!("a refusal wrote {seen:?}")
        })?;
        let far = crate::id::ProfileNumber::new(1_000_000).map_err(|error| error.to_string())?;
        let nobody = look(&mut store, Owner::Number(far), AsOf::Now).await?;
        expect(nobody.account.profile().is_none() && nobody.journal.is_empty(), || {
            format!("a number that was never drawn leads to {nobody:?}")
        })
    }

    pub(super) async fn the_past_can_be_asked_for(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        let alice = Fixture::profile("alice")?;
        let now = self.history(&mut store, alice).await?;
        for entry in &now.journal {
            let past = look(&mut store, Owner::Profile(alice), AsOf::Sequence(entry.sequence)).await?;
            expect(past.account.sequence() == entry.sequence && past.journal.last() == Some(entry), || {
                format!("as of entry {}: {past:?}", entry.sequence)
            })?;
            let until: Vec<Entry> =
                now.journal.iter().filter(|other| other.at <= entry.at).cloned().collect();
            let past = look(&mut store, Owner::Profile(alice), AsOf::At(entry.at)).await?;
            expect(past.journal == until, || format!("as of {}: {past:?}", entry.at))?;
        }
        let before = look(&mut store, Owner::Profile(alice), AsOf::At(Timestamp::MIN)).await?;
        expect(before.account.sequence() == 0 && before.journal.is_empty(), || {
            format!("before the first: {before:?}")
        })
    }

    pub(super) async fn profiles_do_not_mix(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        // Names that a careless comparison takes for the same.
        let names =
            ["a", "A", "a ", "á", "a\u{301}", "ab", "a%", "a_", "'; drop table", "0", "00", &"x".repeat(64)];
        for name in names {
            let issue = self.fixture.command(self.fixture.issue(Fixture::profile(name)?)?);
            Script::new(&self.fixture, vec![issue])?.commit(&mut store).await?;
        }
        for name in names {
            let seen = self.see(Fixture::profile(name)?).await?;
            expect(seen.journal.len() == 1, || {
                format!("`{name}` has {} entries, not 1", seen.journal.len())
            })?;
        }
        Ok(())
    }

    /// More profiles than fit a page of 256, a byte, or a small table without collisions: each has a reward of a
    /// different value, and can spend exactly that.
    pub(super) async fn many_profiles_do_not_mix(&mut self) -> Verdict {
        const PROFILES: u32 = 600;
        let _ready = self.ready().await?;
        let loss = "one customer spends what is another's";
        let mut issues = Vec::new();
        let mut redemptions = Vec::new();
        for worth in 1..=PROFILES {
            let profile = Fixture::profile(&format!("profile {worth}"))?;
            let value_initial = Some(Amount::from(worth));
            issues.push(IssueReward { value_initial, ..self.fixture.issue(profile)? });
            redemptions.push(Fixture::redeem(profile, worth));
        }
        let at = self.fixture.now;
        let expected = [0, 0, issues.len()];
        let issued = self.till().await.at(at).commit_all(issues).await;
        let spent = self.till().await.at(at).commit_all(redemptions.clone()).await;
        let again = self.till().await.at(at).commit_all(redemptions).await;
        let refused = [failures(&issued), failures(&spent), failures(&again)];
        expect(refused == expected, || {
            format!(
                "of {PROFILES} rewards, their redemptions and as many again, {refused:?} were refused: {loss}"
            )
        })
    }

    /// Amounts from the smallest to the largest, and instants a microsecond apart.
    pub(super) async fn every_digit_and_every_microsecond_is_kept(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        let alice = Fixture::profile("alice")?;
        let amounts = ["0.01", "0.10", "16777.17", "1234567890.12", "99999999999.99", "1000000000000"];
        let amounts: Result<Vec<Amount>, _> = amounts.into_iter().map(str::parse).collect();
        let amounts = amounts.map_err(|_| "the fixture's amounts".to_owned())?;
        let mut commands = Vec::new();
        for (amount, micros) in amounts.iter().zip(0..) {
            let issue = IssueReward { value_initial: Some(*amount), ..self.fixture.issue(alice)? };
            let mut command = self.fixture.command(issue);
            let later = command.at.checked_add(chrono::TimeDelta::microseconds(micros));
            command.at = later.map_err(|error| error.to_string())?;
            commands.push(command);
        }
        let written: Vec<(Timestamp, Amount)> =
            commands.iter().map(|command| command.at).zip(amounts).collect();
        Script::new(&self.fixture, commands)?.commit(&mut store).await?;
        let seen = self.see(alice).await?;
        let issued = |entry: &Entry| match &entry.kind {
            EntryKind::Issue(issue) => Some((entry.at, issue.value_initial.as_amount())),
            _ => None,
        };
        let read: Vec<(Timestamp, Amount)> = seen.journal.iter().filter_map(issued).collect();
        expect(read == written, || format!("{written:?} came back as {read:?}"))
    }

    /// Twelve entries at one instant, sorted by number: not by instant, and not by the number as text.
    pub(super) async fn entries_come_in_their_order(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        let alice = Fixture::profile("alice")?;
        let mut commands = Vec::new();
        for _ in 0..12 {
            commands.push(self.fixture.command(self.fixture.issue(alice)?));
        }
        Script::new(&self.fixture, commands)?.commit(&mut store).await?;
        let sequences: Vec<u32> = self.see(alice).await?.journal.iter().map(|entry| entry.sequence).collect();
        expect(sequences.iter().copied().eq(1..=12), || format!("twelve entries come as {sequences:?}"))
    }

    /// An account with more lots than fit a page of 256, or a byte.
    pub(super) async fn a_large_account_is_whole(&mut self) -> Verdict {
        const LOTS: usize = 260;
        let mut store = self.ready().await?;
        let alice = Fixture::profile("alice")?;
        let first = self.fixture.command(self.fixture.named(alice, "the first")?);
        let mut commands = vec![first.clone()];
        for _ in 1..LOTS {
            commands.push(self.fixture.command(self.fixture.issue(alice)?));
        }
        Script::new(&self.fixture, commands)?.commit(&mut store).await?;
        let seen = self.see(alice).await?;
        let (entries, lots) = (seen.journal.len(), seen.account.lots(crate::journal::LotKind::Reward).len());
        expect(entries == LOTS && lots == LOTS, || {
            format!("of {LOTS} lots and entries, {lots} lots and {entries} entries came back")
        })?;
        let mut other = (self.open)().await;
        let script = Script::new(&self.fixture, vec![first])?.commit(&mut other).await?;
        expect(script.repeated == [true], || {
            "the first of many entries was not found by its name".to_owned()
        })?;
        let all = self.fixture.command(Redeem::strict(alice, Amount::from(2_600)));
        let script = Script::new(&self.fixture, vec![all])?.commit(&mut other).await?;
        expect(script.refused == [false], || "not all lots could be redeemed from".to_owned())
    }

    /// A handle's cache must be current.
    pub(super) async fn a_handle_sees_what_others_committed(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        let mut other = (self.open)().await;
        let alice = Fixture::profile("alice")?;
        for round in 1..=4_usize {
            let (one, two) = if round % 2 == 0 { (&mut store, &mut other) } else { (&mut other, &mut store) };
            let issue = self.fixture.command(self.fixture.issue(alice)?);
            Script::new(&self.fixture, vec![issue])?.commit(one).await?;
            let seen = look(two, Owner::Profile(alice), AsOf::Now).await?;
            expect(
                seen.journal.len() == round
                    && seen.account.lots(crate::journal::LotKind::Reward).len() == round,
                || format!("one handle committed entry {round}, the other lends {seen:?}"),
            )?;
        }
        Ok(())
    }

    pub(super) async fn a_conflict_leaves_its_neighbours_alone(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        let names = ["before", "stale", "after"];
        let mut commands = Vec::new();
        for name in names {
            commands.push(self.fixture.command(self.fixture.issue(Fixture::profile(name)?)?));
        }
        let mut script = Script::new(&self.fixture, commands)?;
        script.spoiled = Some(1);
        store.run(&mut script).await.map_err(|error| format!("the store failed: {error}"))?;
        let done = |statuses: Option<&Vec<CommitStatus>>| {
            statuses.is_some_and(|statuses| {
                matches!(statuses.as_slice(), [CommitStatus::Committed | CommitStatus::Staged])
            })
        };
        let conflicted = script.statuses.get(1).is_some_and(|statuses| *statuses == [CommitStatus::Conflict]);
        expect(done(script.statuses.first()) && conflicted && done(script.statuses.get(2)), || {
            format!("the second of three is stale; they were settled as {:?}", script.statuses)
        })?;
        for (name, entries) in names.into_iter().zip([1, 0, 1]) {
            let seen = self.see(Fixture::profile(name)?).await?;
            expect(seen.journal.len() == entries, || format!("profile `{name}` has {:?}", seen.journal))?;
        }
        Ok(())
    }
}

fn failures<O, E>(answers: &[Result<O, E>]) -> usize {
    answers.iter().filter(|answer| answer.is_err()).count()
}
