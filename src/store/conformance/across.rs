//! The cases for stores that can be read across profiles.

use std::collections::BTreeMap;

use super::Failure;
use super::probe::{Fixture, Script, Verdict, expect};
use super::suite::{AtOnce, Suite};
use crate::id::{ExternalId, ProfileId, ProfileNumber};
use crate::journal::{Entry, External};
use crate::ops::{IssueReward, PlaceHold, PostTransaction};
use crate::store::{AsyncScan, AsyncStore, Position};
use crate::time::{Timestamp, Until, When};

macro_rules! scan_cases {
    ($($name:ident)*) => {
        /// The names of the cases for a store that can be read across profiles, in the order in which they run.
        pub const SCAN_CASES: &[&str] = &[$(stringify!($name)),*];

        pub(super) async fn run<S, Open>(case: &str, open: Open, at_once: AtOnce) -> Result<(), Failure>
        where
            S: AsyncStore + AsyncScan + Send,
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

scan_cases! {
    the_feed_tells_everything_in_order
    the_feed_says_whether_there_is_more
    a_position_that_is_none_is_an_error
    all_profiles_are_found
    what_falls_due_is_found
    what_expires_is_found
    a_name_is_found_across_profiles
}

fn failed(error: impl std::fmt::Display) -> String {
    format!("the store failed: {error}")
}

impl<S, Open> Suite<Open>
where
    S: AsyncStore + AsyncScan + Send,
    Open: AsyncFnMut() -> S,
{
    /// One reward for each of `profiles` profiles, expiring one day, two days, … after the fixture's instant.
    async fn expiring_rewards(
        &mut self,
        profiles: u32,
    ) -> Result<(S, Vec<(ProfileNumber, Timestamp)>), String> {
        let mut store = self.ready().await?;
        let mut rewards = Vec::new();
        for day in 1..=profiles {
            let profile = Fixture::profile(&format!("profile {day}"))?;
            let end = self.fixture.now.checked_add(chrono::TimeDelta::days(day.into()));
            let end = end.map_err(|error| error.to_string())?;
            let issue = IssueReward { expires_at: Some(Until::Instant(end)), ..self.fixture.issue(profile)? };
            Script::new(&self.fixture, vec![self.fixture.command(issue)])?.commit(&mut store).await?;
            rewards.push((self.see(profile).await?.account.number(), end));
        }
        rewards.sort_unstable();
        Ok((store, rewards))
    }

    /// Reads the feed to its end, three entries at a time.
    async fn hear(
        store: &mut S,
        position: &mut Position,
        heard: &mut BTreeMap<ProfileNumber, Vec<Entry>>,
    ) -> Verdict {
        loop {
            let feed = store.feed(position, 3).await.map_err(failed)?;
            expect(feed.entries.len() <= 3, || format!("asked for 3, told {}", feed.entries.len()))?;
            if feed.entries.is_empty() {
                return Ok(());
            }
            for written in feed.entries {
                let journal = heard.entry(written.number).or_default();
                let last = journal.last().map_or(0, |entry| entry.sequence);
                // An entry may be delivered twice, but not left out.
                expect(written.entry.sequence <= last.saturating_add(1), || {
                    format!("entry {} of {:?} comes after {last}", written.entry.sequence, written.profile)
                })?;
                if written.entry.sequence > last {
                    journal.push(written.entry);
                }
            }
            expect(feed.position != *position, || "entries came, and the position stayed".to_owned())?;
            // A host stores the position as text.
            *position = Position::new(feed.position.as_str().to_owned());
        }
    }

    pub(super) async fn the_feed_tells_everything_in_order(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        let (mut position, mut heard) = (Position::START, BTreeMap::new());
        let mut profiles: Vec<ProfileId> = Vec::new();
        for round in 0..3 {
            for name in ["alice", "bob", &format!("profile {round}")] {
                let profile = Fixture::profile(name)?;
                let commands = vec![
                    self.fixture.command(self.fixture.issue(profile)?),
                    self.fixture.command(Fixture::redeem(profile, 1)),
                ];
                Script::new(&self.fixture, commands)?.commit(&mut store).await?;
                profiles.push(profile);
            }
            let mut other = (self.open)().await;
            Self::hear(&mut other, &mut position, &mut heard).await?;
        }
        for profile in profiles {
            let seen = self.see(profile).await?;
            let told = heard.get(&seen.account.number());
            expect(told == Some(&seen.journal), || {
                format!("of {profile} the feed told {told:?}, where {:?} was written", seen.journal)
            })?;
        }
        expect(heard.get(&ProfileNumber::CATALOGUE).is_some_and(|entries| entries.len() == 1), || {
            "the feed left out the catalogue".to_owned()
        })?;
        let end = store.feed(&position, 3).await.map_err(failed)?;
        expect(end.entries.is_empty() && end.position == position, || {
            format!("at its end the feed goes on: {end:?}")
        })
    }

    /// Reads pages of every size, so that some end with the feed, and some within one change's entries.
    pub(super) async fn the_feed_says_whether_there_is_more(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        for name in ["alice", "bob"] {
            let profile = Fixture::profile(name)?;
            let redeem = self.fixture.command(Fixture::redeem(profile, 1));
            let commands = vec![self.fixture.command(self.fixture.issue(profile)?), redeem.clone(), redeem];
            Script::new(&self.fixture, commands)?.commit(&mut store).await?;
        }
        for limit in 1..=8 {
            let (mut position, mut is_promised) = (Position::START, true);
            loop {
                let feed = store.feed(&position, limit).await.map_err(failed)?;
                expect(is_promised != feed.entries.is_empty(), || {
                    let (said, count) = (if is_promised { "more" } else { "no more" }, feed.entries.len());
                    format!(
                        "{limit} at a time, the feed said that there is {said}, and told {count} after that"
                    )
                })?;
                if feed.entries.is_empty() {
                    break;
                }
                (position, is_promised) = (feed.position, feed.more);
            }
        }
        Ok(())
    }

    pub(super) async fn a_position_that_is_none_is_an_error(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        let nowhere = Position::new("nowhere, ünïcödé".to_owned());
        expect(store.feed(&nowhere, 3).await.is_err(), || {
            "a position that is not of this feed was accepted".to_owned()
        })
    }

    /// Reads all profiles page by page. The catalogue is not one of them.
    pub(super) async fn all_profiles_are_found(&mut self) -> Verdict {
        let (mut store, rewards) = self.expiring_rewards(6).await?;
        let expected: Vec<ProfileNumber> = rewards.iter().map(|(number, _)| *number).collect();
        for limit in [1, 2, 3, 6, 7] {
            let (mut found, mut after) = (Vec::new(), ProfileNumber::CATALOGUE);
            loop {
                let page = store.profiles(after, limit).await.map_err(failed)?;
                expect(page.len() <= limit, || format!("asked for {limit}, found {}", page.len()))?;
                let Some(last) = page.last() else { break };
                expect(*last > after, || format!("after {after:?} come {page:?}"))?;
                after = *last;
                found.extend(page);
            }
            expect(found == expected, || {
                format!("{limit} at a time: {expected:?} have entries; found {found:?}")
            })?;
        }
        Ok(())
    }

    pub(super) async fn what_falls_due_is_found(&mut self) -> Verdict {
        let (mut store, rewards) = self.expiring_rewards(6).await?;
        for (_, by) in rewards.clone() {
            let expected: Vec<ProfileNumber> =
                rewards.iter().filter(|(_, end)| *end <= by).map(|(number, _)| *number).collect();
            let (mut found, mut after) = (Vec::new(), ProfileNumber::CATALOGUE);
            loop {
                let page = store.due(by, after, 2).await.map_err(failed)?;
                expect(page.len() <= 2, || format!("asked for 2, found {}", page.len()))?;
                let Some(last) = page.last() else { break };
                after = *last;
                found.extend(page);
            }
            expect(found == expected, || format!("due by {by} are {expected:?}; found {found:?}"))?;
        }
        Ok(())
    }

    /// Reads the profiles with a lot that expires or a hold that lapses in a period. A few too many are allowed.
    pub(super) async fn what_expires_is_found(&mut self) -> Verdict {
        let (mut store, mut rewards) = self.expiring_rewards(4).await?;
        let end = |day| self.fixture.now.checked_add(chrono::TimeDelta::days(day)).map_err(failed);
        // A reward that is not available yet, and one that never expires with a part of it held.
        let (pending, held) = (Fixture::profile("pending")?, Fixture::profile("held")?);
        let late = IssueReward { expires_at: Some(Until::Instant(end(6)?)), ..self.fixture.issue(pending)? };
        let late = late.with_available_at(When::Instant(end(5)?));
        let hold = PlaceHold::strict(held, crate::value::Amount::from(1)).with_expires_in(7 * 86_400);
        let commands = [
            self.fixture.command(late),
            self.fixture.command(self.fixture.issue(held)?),
            self.fixture.command(hold),
        ];
        for command in commands {
            Script::new(&self.fixture, vec![command])?.commit(&mut store).await?;
        }
        let ends = [(pending, end(6)?), (held, end(7)?)];
        for (profile, end) in ends {
            rewards.push((self.see(profile).await?.account.number(), end));
        }
        rewards.sort_unstable();
        for (_, start) in rewards.clone() {
            for (_, end) in rewards.clone() {
                let within = |expiry: &Timestamp| *expiry > start && *expiry <= end;
                let expected: Vec<ProfileNumber> =
                    rewards.iter().filter(|(_, expiry)| within(expiry)).map(|(number, _)| *number).collect();
                let (mut found, mut after) = (Vec::new(), ProfileNumber::CATALOGUE);
                loop {
                    let page = store.expiring((start, end), after, 2).await.map_err(failed)?;
                    let Some(last) = page.last() else { break };
                    expect(*last > after && page.is_sorted(), || format!("after {after:?} come {page:?}"))?;
                    after = *last;
                    found.extend(page);
                }
                expect(expected.iter().all(|number| found.contains(number)), || {
                    format!("from {start} to {end} expire {expected:?}; found {found:?}")
                })?;
            }
        }
        Ok(())
    }

    pub(super) async fn a_name_is_found_across_profiles(&mut self) -> Verdict {
        let mut store = self.ready().await?;
        let external = ExternalId::new("ORDER-1").map_err(|error| error.to_string())?;
        let mut profiles = Vec::new();
        for name in ["alice", "bob", "carol"] {
            let profile = Fixture::profile(name)?;
            let mut sale = PostTransaction::new(profile, crate::value::Amount::from(5));
            sale.external_id = Some(external.clone());
            // A reward with the same name is another record.
            let reward = self.fixture.named(Fixture::profile(&format!("not {name}"))?, "ORDER-1")?;
            let commands = vec![self.fixture.command(sale), self.fixture.command(reward)];
            Script::new(&self.fixture, commands)?.commit(&mut store).await?;
            profiles.push(profile);
        }
        let name = External::Transaction(external);
        let mut found = store.named(&name, 10).await.map_err(failed)?;
        found.sort_unstable();
        expect(found == profiles, || format!("{profiles:?} have it; found {found:?}"))?;
        let some = store.named(&name, 2).await.map_err(failed)?;
        expect(some.len() == 2, || format!("asked for 2, found {some:?}"))
    }
}
