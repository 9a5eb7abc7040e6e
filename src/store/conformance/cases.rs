//! The cases: one for each promise of the contract.

use super::Failure;
use super::probe::{Fixture, Pair, Script, Seen, Slow, Verdict, expect, look};
use super::suite::{AtOnce, Suite};
use crate::account::Account;
use crate::id::DefinitionId;
use crate::journal::Entry;
use crate::ops::{ArchiveDefinition, PostTransaction};
use crate::store::{AsOf, AsyncStore, CommitStatus, Owner};

macro_rules! cases {
    ($($(#[$doc:meta])* $name:ident)*) => {
        /// The names of the cases, in the order in which they run.
        pub const CASES: &[&str] = &[$(stringify!($name)),*];

        pub(super) async fn run<S, Open>(case: &str, open: Open, at_once: AtOnce) -> Result<(), Failure>
        where
            S: AsyncStore + Send,
            Open: AsyncFnMut() -> S,
        {
            let mut suite = Suite::new(open, at_once)?;
            match case {
                $(stringify!($name) => {
                    suite.$name().await.map_err(|message| Failure { case: stringify!($name), message })
                })*
                _ => Err(Failure { case: "unknown", message: format!("there is no case `{case}`") }),
            }
        }
    };
}

cases! {
    entries_come_back_as_written
    a_state_is_the_fold_of_its_journal
    a_stale_change_is_a_conflict
    a_later_unit_sees_an_earlier_one
    two_accounts_change_together_or_not_at_all
    a_batch_settles_each_unit_by_itself
    a_key_is_found_again
    a_key_counts_within_one_batch
    a_name_of_the_callers_is_found_again
    the_newest_entry_about_a_thing_is_found
    numbers_are_drawn_once
    looking_creates_nothing
    the_past_can_be_asked_for
    profiles_do_not_mix
    many_profiles_do_not_mix
    every_digit_and_every_microsecond_is_kept
    entries_come_in_their_order
    a_large_account_is_whole
    a_handle_sees_what_others_committed
    a_conflict_leaves_its_neighbours_alone
    racing_creators_make_one_account
    racing_changes_lose_nothing
    racing_pairs_stay_whole
    a_key_raced_for_is_used_once
    a_redemption_is_not_returned_twice
    a_return_to_several_lots_is_not_repeated
    an_expired_reward_comes_back_with_what_was_left
    a_quote_lists_every_expired_reward
    the_last_correction_of_a_reward_counts
    a_hold_ends_once
    a_sale_is_not_returned_twice
    a_redemption_pays_for_one_sale
    a_late_sale_is_not_paid_twice
    a_merged_profile_gets_its_returns
    one_account_is_not_two
    a_name_used_anew_is_found_again
    a_key_used_anew_is_found_again
    a_batch_under_a_key_is_found_again
    a_batch_finds_what_it_wrote
    a_definition_is_found_by_its_handle
}

impl<S, Open> Suite<Open>
where
    S: AsyncStore + Send,
    Open: AsyncFnMut() -> S,
{
    /// Reads through another handle: every kind of entry, every digit, every microsecond, in order.
    async fn entries_come_back_as_written(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        let alice = Fixture::profile("alice, ünïcödé 🎁")?;
        let written = self.history(&mut store, alice).await?;
        let mut other = (self.open)().await;
        let read = look(&mut other, Owner::Profile(alice), AsOf::Now).await?;
        expect(read.journal == self.wrote, || {
            format!("{:?} was written and comes back as {:?}", self.wrote, read.journal)
        })?;
        expect(read == written, || format!("another handle reads {read:?} where {written:?} was written"))?;
        expect(read.journal.len() >= 4, || format!("the journal reads {:?}", read.journal))
    }

    async fn a_state_is_the_fold_of_its_journal(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        let alice = Fixture::profile("alice")?;
        let Seen { account, journal } = self.history(&mut store, alice).await?;
        let folded = Account::replay(Some(alice), account.number(), &journal);
        expect(folded.as_ref() == Ok(&account), || {
            format!("lent {account:?}; its journal folds to {folded:?}")
        })
    }

    async fn a_stale_change_is_a_conflict(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        let alice = Fixture::profile("alice")?;
        let before = self.history(&mut store, alice).await?;
        for stale in 0..before.journal.len() {
            let entries: Vec<Entry> = before.journal.iter().skip(stale).take(1).cloned().collect();
            let mut slow = Slow::new(alice, entries);
            let mut other = (self.open)().await;
            other.run(&mut slow).await.map_err(|error| format!("the store failed: {error}"))?;
            expect(slow.status == Some(CommitStatus::Conflict), || {
                format!("a stale change was settled as {:?}", slow.status)
            })?;
        }
        // A sequence number that leaves a gap is as stale as one that is taken.
        let ahead = before
            .journal
            .last()
            .map(|entry| Entry { sequence: entry.sequence.saturating_add(2), ..entry.clone() });
        let mut slow = Slow::new(alice, ahead.into_iter().collect());
        store.run(&mut slow).await.map_err(|error| format!("the store failed: {error}"))?;
        expect(slow.status == Some(CommitStatus::Conflict), || {
            format!("a change with a gap was settled as {:?}", slow.status)
        })?;
        self.expect_unchanged(alice, &before).await
    }

    async fn a_later_unit_sees_an_earlier_one(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        let alice = Fixture::profile("alice")?;
        let (issue, redeem) = (self.fixture.issue(alice)?, Fixture::redeem(alice, 3));
        let commands = vec![
            self.fixture.command(issue),
            self.fixture.command(redeem.clone()),
            self.fixture.command(redeem.clone()),
            self.fixture.command(redeem.clone()),
            self.fixture.command(redeem),
        ];
        let script = Script::new(&self.fixture, commands)?.commit(&mut store).await?;
        expect(script.versions == [0, 1, 2, 3, 4], || {
            format!("the units saw versions {:?}", script.versions)
        })?;
        expect(script.refused == [false, false, false, false, true], || {
            format!("10 paid three times 3 and no fourth; refused: {:?}", script.refused)
        })
    }

    async fn two_accounts_change_together_or_not_at_all(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        for round in 0..8 {
            // Enough names for some to share a partition, if the store has any.
            let first = Fixture::profile(&format!("first {round}"))?;
            let second = Fixture::profile(&format!("second {round}"))?;
            let mut pair = Pair::new(&self.fixture, first, second)?;
            store.run(&mut pair).await.map_err(|error| format!("the store failed: {error}"))?;
            expect(matches!(pair.statuses[..], [CommitStatus::Committed | CommitStatus::Staged]), || {
                format!("a change over two accounts was settled as {:?}", pair.statuses)
            })?;
            let before = [self.see(first).await?, self.see(second).await?];
            expect(before.iter().all(|seen| seen.journal.len() == 1), || {
                format!("not both were written: {before:?}")
            })?;
            // The accounts in reverse order, and one of the two stale.
            let mut pair = Pair::new(&self.fixture, second, first)?;
            pair.spoil_second = true;
            store.run(&mut pair).await.map_err(|error| format!("the store failed: {error}"))?;
            expect(pair.statuses == [CommitStatus::Conflict], || {
                format!("half stale, and settled as {:?}", pair.statuses)
            })?;
            self.expect_unchanged(first, &before[0]).await?;
            self.expect_unchanged(second, &before[1]).await?;
        }
        Ok(())
    }

    async fn a_batch_settles_each_unit_by_itself(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        let mut commands = Vec::new();
        for profile in 0..50 {
            let profile = Fixture::profile(&format!("profile {profile}"))?;
            commands.push(self.fixture.command(self.fixture.issue(profile)?));
        }
        for profile in 0..50 {
            let profile = Fixture::profile(&format!("profile {profile}"))?;
            // Every other request asks for more than the balance.
            let whole = if commands.len().is_multiple_of(2) { 4 } else { 40 };
            commands.push(self.fixture.command(Fixture::redeem(profile, whole)));
        }
        let script = Script::new(&self.fixture, commands)?.commit(&mut store).await?;
        let refused = script.refused.iter().filter(|refused| **refused).count();
        expect(refused == 25, || format!("25 of 100 units should be refused, not {refused}"))?;
        for profile in 0..50_usize {
            let seen = self.see(Fixture::profile(&format!("profile {profile}"))?).await?;
            let expected = if profile.is_multiple_of(2) { 2 } else { 1 };
            expect(seen.journal.len() == expected, || format!("profile {profile} has {:?}", seen.journal))?;
        }
        Ok(())
    }

    async fn a_key_is_found_again(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        let (alice, bob) = (Fixture::profile("alice")?, Fixture::profile("bob")?);
        let command = self.fixture.keyed("till-7", self.fixture.issue(alice)?)?;
        Script::new(&self.fixture, vec![command.clone()])?.commit(&mut store).await?;
        let before = self.see(alice).await?;
        let mut other = (self.open)().await;
        let script = Script::new(&self.fixture, vec![command])?.commit(&mut other).await?;
        expect(script.repeated == [true], || "the key of an earlier request was not found".to_owned())?;
        self.expect_unchanged(alice, &before).await?;
        // Keys are scoped to their profile.
        let command = self.fixture.keyed("till-7", self.fixture.issue(bob)?)?;
        let script = Script::new(&self.fixture, vec![command])?.commit(&mut other).await?;
        expect(script.repeated == [false] && script.refused == [false], || {
            "the key of another profile was found".to_owned()
        })
    }

    async fn a_key_counts_within_one_batch(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        let alice = Fixture::profile("alice")?;
        let command = self.fixture.keyed("till-7", self.fixture.issue(alice)?)?;
        let script = Script::new(&self.fixture, vec![command.clone(), command.clone(), command])?;
        let script = script.commit(&mut store).await?;
        expect(script.repeated == [false, true, true], || format!("repeated: {:?}", script.repeated))?;
        let seen = self.see(alice).await?;
        expect(seen.journal.len() == 1, || format!("one key wrote {:?}", seen.journal))
    }

    async fn a_name_of_the_callers_is_found_again(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        let (alice, bob) = (Fixture::profile("alice")?, Fixture::profile("bob")?);
        let reward = self.fixture.named(alice, "ORDER-1")?;
        let external = reward.external_id.clone();
        let mut sale = PostTransaction::new(alice, crate::value::Amount::from(5));
        sale.external_id = external;
        // A reward and a transaction with the same name are different records.
        let commands = vec![self.fixture.command(reward), self.fixture.command(sale)];
        let script = Script::new(&self.fixture, commands.clone())?.commit(&mut store).await?;
        expect(script.repeated == [false; 2] && script.refused == [false; 2], || {
            "names of two sorts were mixed up".to_owned()
        })?;
        let mut other = (self.open)().await;
        let script = Script::new(&self.fixture, commands)?.commit(&mut other).await?;
        expect(script.repeated == [true, true], || format!("found again: {:?}", script.repeated))?;
        let command = self.fixture.command(self.fixture.named(bob, "ORDER-1")?);
        let script = Script::new(&self.fixture, vec![command])?.commit(&mut other).await?;
        expect(script.repeated == [false] && script.refused == [false], || {
            "the name of another profile's reward was found".to_owned()
        })
    }

    async fn the_newest_entry_about_a_thing_is_found(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        let alice = Fixture::profile("alice")?;
        let id = DefinitionId::new(1).map_err(|error| error.to_string())?;
        let archive = self.fixture.command(ArchiveDefinition::new(id));
        Script::new(&self.fixture, vec![archive])?.commit(&mut store).await?;
        let mut other = (self.open)().await;
        let issue = self.fixture.command(self.fixture.issue(alice)?);
        let script = Script::new(&self.fixture, vec![issue])?.commit(&mut other).await?;
        expect(script.refused == [true], || "a reward was issued from a definition archived since".to_owned())
    }

    async fn numbers_are_drawn_once(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        let mut numbers = Vec::new();
        for round in 0..20 {
            let profile = Fixture::profile(&format!("profile {round}"))?;
            let mut handle = (self.open)().await;
            let issue = self.fixture.command(self.fixture.issue(profile)?);
            // The handles take turns.
            let through = if round % 2 == 0 { &mut store } else { &mut handle };
            Script::new(&self.fixture, vec![issue])?.commit(through).await?;
            let number = self.see(profile).await?.account.number();
            let again = look(&mut store, Owner::Number(number), AsOf::Now).await?;
            expect(again.account.profile() == Some(&profile), || {
                format!(
                    "number {} was drawn for {profile} and leads to {:?}",
                    number.get(),
                    again.account.profile()
                )
            })?;
            expect(again.account.sequence() == 1, || format!("number {} was given twice", number.get()))?;
            numbers.push(number.get());
        }
        let drawn = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        expect(numbers.len() == drawn && numbers.first() != Some(&0), || {
            format!("numbers drawn: {numbers:?}")
        })
    }
}
