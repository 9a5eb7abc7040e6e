//! A request is answered alike however it is sent: as what it is or as any [`Request`], alone or in a batch whose accounts
//! are prefetched. Answers, entries and accounts are the same.

use proptest::collection::vec;
use proptest::prelude::*;
use scrip::program::ProgramSettings;
use scrip::request::{Action, ArchiveDefinition, Strategy as PayWith};
use scrip::store::{Owner, Store, Work};
use scrip::time::{Until, When};
use scrip::{
    Amount, Command, Define, DefinitionId, Error, IssuePoints, IssueReward, Ledger, MemoryStore, Outcome,
    PeriodType, PlaceHold, PointDefinition, Points, ProfileId, Receipt, Redeem, Rejection, Request,
    RewardDefinition,
};

use crate::model::calendar::{HOUR, Micros, SECOND};
use crate::model::memo::same_lines;
use crate::model::resolve::profile_id;
use crate::model::world::{World, journals, look};
use crate::model::{check::Checked, generate, programs};
use crate::planted::{bug, catches};
use crate::{config, timestamp};

type MemoryError = <MemoryStore as Store>::Error;

/// The memory store, of which nothing is known but that it is a store.
struct General(MemoryStore);

impl Store for General {
    type Error = MemoryError;

    fn run(&mut self, work: &mut dyn Work) -> Result<(), MemoryError> {
        self.0.run(work)
    }
}

/// What came of a command, to be compared.
type Came<O> = Result<Receipt<O>, (&'static str, Option<Rejection>)>;

fn came<O>(answer: Result<Receipt<O>, Error<MemoryError>>) -> Came<O> {
    answer.map_err(|error| (error.code(), error.rejection().cloned()))
}

/// Sends it as what it is.
fn sent_plainly(ledger: &mut Ledger<MemoryStore>, command: &Command<Request>) -> Came<Outcome> {
    fn typed<A: Action>(
        ledger: &mut Ledger<MemoryStore>,
        command: &Command<Request>,
        request: A,
        wrap: impl FnOnce(A::Outcome) -> Outcome,
    ) -> Came<Outcome> {
        let key = command.key.clone().filter(|_| !bug("a typed request without its key"));
        let command = Command { key, ..Command::new(command.at, request) };
        came(ledger.run(&command)).map(|receipt| receipt.map(wrap))
    }
    match command.request.clone() {
        Request::Redeem(request) => typed(ledger, command, request, Outcome::Redeem),
        Request::IssueReward(request) => typed(ledger, command, request, Outcome::IssueReward),
        Request::IssuePoints(request) => typed(ledger, command, request, Outcome::IssuePoints),
        other => typed(ledger, command, other, |outcome| outcome),
    }
}

fn same_ledgers<A: Store, B: Store>(one: &mut A, other: &mut B, profiles: &[ProfileId]) -> Checked
where
    A::Error: std::fmt::Debug,
    B::Error: std::fmt::Debug,
{
    let owners: Vec<Owner> = profiles.iter().map(|profile| Owner::Profile(*profile)).collect();
    same_lines(&journals(one, &owners), &journals(other, &owners))?;
    for owner in owners {
        prop_assert_eq!(look(one, owner).0, look(other, owner).0);
    }
    Ok(())
}

/// A request of one of the kinds that come most: mostly a plain one, and now and then with something odd about it.
#[derive(Clone, Copy, Debug)]
struct Ask {
    profile: u8,
    amount: u8,
    odd: u8,
}

/// Many requests of one kind, to be sent together.
#[derive(Clone, Debug)]
struct Many {
    kind: u8,
    wait: Micros,
    asks: Vec<Ask>,
}

/// Some of them never get anything.
const PROFILES: u8 = 8;

fn customer(number: u8) -> ProfileId {
    ProfileId::new(&format!("customer {number}")).unwrap()
}

fn many() -> impl proptest::strategy::Strategy<Value = Many> {
    let ask =
        (0..PROFILES, 0..12_u8, any::<u8>()).prop_map(|(profile, amount, odd)| Ask { profile, amount, odd });
    // Waves are of thirty-two, and of eight of them others have their turn.
    let asks =
        prop_oneof![2 => vec(ask.clone(), 1..8), 4 => vec(ask.clone(), 30..70), 1 => vec(ask, 250..300)];
    let wait = prop_oneof![3 => Just(0), 1 => 0..3 * HOUR];
    (0..5_u8, wait, asks).prop_map(|(kind, wait, asks)| Many { kind, wait, asks })
}

/// What can be issued from: rewards, points, and rewards no more.
struct Known {
    rewards: DefinitionId,
    points: DefinitionId,
    archived: DefinitionId,
}

fn define<S: Store<Error = MemoryError>>(ledger: &mut Ledger<S>, now: Micros) -> Known {
    let mut at = ledger.at(timestamp(now));
    let mut ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
    (ten.period, ten.period_type, ten.extend_days) = (Some(2), PeriodType::Weeks, Some(3));
    let old = RewardDefinition::new("old".parse().unwrap(), "Old", Amount::from(10));
    let points = PointDefinition::new("points".parse().unwrap(), "Points");
    let mut id = |define: Define| at.commit(define).unwrap().id;
    let known = Known { rewards: id(ten.into()), archived: id(old.into()), points: id(points.into()) };
    at.commit(ArchiveDefinition::new(known.archived)).unwrap();
    known
}

impl Ask {
    fn profile(self) -> ProfileId {
        // Nobody has heard of some.
        customer(if self.odd == 1 { self.profile + PROFILES } else { self.profile })
    }

    fn command<A>(self, now: Micros, request: A) -> Command<A> {
        let at = match self.odd {
            2 => now - 2 * HOUR,
            3 => now - SECOND,
            4..8 => now + 20 * HOUR,
            _ => now,
        };
        let command = Command::new(timestamp(at), request);
        if self.odd < 20 && self.odd >= 16 {
            return command.keyed(format!("key {}", self.odd).parse().unwrap());
        }
        command
    }

    fn redeem(self) -> Redeem {
        let amount = Amount::from(u32::from(self.amount));
        let profile = self.profile();
        let mut redeem = if self.odd.is_multiple_of(2) {
            Redeem::strict(profile, amount)
        } else {
            Redeem::lenient(profile, amount)
        };
        match self.odd {
            20..24 => redeem.strategies = [PayWith::Points, PayWith::Rewards].into_iter().collect(),
            24 => redeem.strategies = [PayWith::Rewards, PayWith::Rewards].into_iter().collect(),
            25 => redeem.profile_id = None,
            26 => redeem.meta = Some(scrip::json::read(b"{\"a\": 1}").unwrap()),
            27 => redeem.amount = "0.001".parse().unwrap(),
            28..120 => redeem.basket_total = Some(Amount::from(u32::from(self.odd))),
            _ => {}
        }
        redeem
    }

    fn reward(self, known: &Known) -> IssueReward {
        let mut issue = IssueReward::new(self.profile(), known.rewards);
        match self.odd {
            20 => issue.reward_definition_id = Some(known.archived),
            21 => issue.reward_definition_id = Some(known.points),
            22 => issue.reward_definition_id = Some(DefinitionId::new(4_000_000).unwrap()),
            23 => issue.reward_definition_handle = Some("ten".parse().unwrap()),
            24 => issue.external_id = Some("order".parse().unwrap()),
            25 => issue.meta = Some(scrip::json::read(b"{\"a\": 1}").unwrap()),
            26 => issue.value_initial = Some(Amount::ZERO),
            27 => issue.value_remaining = Some(Amount::ZERO),
            _ => {}
        }
        issue
    }

    fn points(self, known: &Known) -> IssuePoints {
        let mut issue = IssuePoints::new(self.profile(), known.points);
        issue.value_initial = Some(Points::from(u32::from(self.amount)));
        match self.odd {
            20 => issue.point_definition_id = Some(known.rewards),
            21 => issue.value_initial = None,
            22 => issue.source = Some("a game".to_owned()),
            23 => issue.source_type = Some("app".to_owned()),
            24 => issue.external_id = Some("order".parse().unwrap()),
            _ => {}
        }
        issue
    }

    /// When it is issued, can be used and expires, where it does not say so in the usual way.
    fn times(
        self,
        now: Micros,
        issued_at: &mut Option<When>,
        available_at: &mut Option<When>,
        expires_at: &mut Option<Until>,
    ) {
        match self.odd {
            30..40 => *available_at = Some(When::Instant(timestamp(now + HOUR))),
            40..50 => *issued_at = Some(When::Instant(timestamp(now - 30 * HOUR))),
            50..60 => *expires_at = Some(Until::Instant(timestamp(now - HOUR))),
            // What may be used from now was issued long ago, or will be.
            120..130 => {
                *issued_at = Some(When::Instant(timestamp(now - HOUR)));
                *available_at = Some(When::Instant(timestamp(now)));
            }
            60..120 => *expires_at = Some(Until::Instant(timestamp(now + HOUR * Micros::from(self.amount)))),
            _ => {}
        }
    }
}

/// Sends them together to the one, and one by one to the other.
fn send<A: Action + Clone>(
    quick: &mut Ledger<MemoryStore>,
    general: &mut Ledger<General>,
    commands: &[Command<A>],
) -> Checked
where
    A::Outcome: std::fmt::Debug + PartialEq,
{
    let is_backwards = bug("a batch that runs backwards");
    let answers = if is_backwards {
        let backwards: Vec<_> = commands.iter().rev().cloned().collect();
        quick.run_all(&backwards).into_iter().rev().collect()
    } else {
        quick.run_all(commands)
    };
    prop_assert_eq!(answers.len(), commands.len());
    for (place, (command, answer)) in commands.iter().zip(answers).enumerate() {
        prop_assert_eq!(came(answer), came(general.run(command)), "the command at {}", place);
    }
    Ok(())
}

fn check(program: ProgramSettings, start: Micros, batches: &[Many]) -> Checked {
    let program = scrip::Program::try_from(program).unwrap();
    let mut quick = Ledger::new(program.clone(), MemoryStore::new());
    let mut general = Ledger::new(program, General(MemoryStore::new()));
    let known = define(&mut quick, start);
    define(&mut general, start);
    let mut now = start;
    for many in batches {
        now += many.wait;
        match many.kind {
            0 => {
                let reward = |ask: &Ask| {
                    let mut issue = ask.reward(&known);
                    ask.times(now, &mut issue.issued_at, &mut issue.available_at, &mut issue.expires_at);
                    ask.command(now, issue)
                };
                send(&mut quick, &mut general, &many.asks.iter().map(reward).collect::<Vec<_>>())?;
            }
            1 => {
                let points = |ask: &Ask| {
                    let mut issue = ask.points(&known);
                    ask.times(now, &mut issue.issued_at, &mut issue.available_at, &mut issue.expires_at);
                    ask.command(now, issue)
                };
                send(&mut quick, &mut general, &many.asks.iter().map(points).collect::<Vec<_>>())?;
            }
            2 => {
                // The first lots of some are held, and what comes after them is used up.
                let hold = |ask: &Ask| ask.command(now, PlaceHold::lenient(ask.profile(), Amount::from(6)));
                send(&mut quick, &mut general, &many.asks.iter().map(hold).collect::<Vec<_>>())?;
            }
            _ => {
                let redeem = |ask: &Ask| ask.command(now, ask.redeem());
                send(&mut quick, &mut general, &many.asks.iter().map(redeem).collect::<Vec<_>>())?;
            }
        }
        let profiles: Vec<_> = (0..2 * PROFILES).map(customer).collect();
        same_ledgers(quick.store(), general.store(), &profiles)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(100))]

    /// One by one, among everything else that can happen to an account.
    ///
    /// Catches: a lot that arrives empty and is kept among those that can be used (J2).
    #[test]
    fn typed_requests_are_any_requests(case in generate::case(40)) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        let mut quick = Ledger::new(case.program.clone().try_into().unwrap(), MemoryStore::new());
        for command in &world.sent {
            sent_plainly(&mut quick, command).ok();
        }
        for step in &case.steps {
            let command = world.resolve(step);
            let general = came(world.run(&command)?);
            let at_once = sent_plainly(&mut quick, &command);
            prop_assert_eq!(general, at_once, "{}", world.with_story(TestCaseError::fail("at once")));
        }
        let profiles: Vec<_> = (0..3).map(profile_id).collect();
        same_ledgers(world.ledger.store(), quick.store(), &profiles)
            .map_err(|error| world.with_story(error))?;
    }
}

proptest! {
    #![proptest_config(config(40))]

    /// Many together, which go in waves over many accounts: plain ones and others, refused ones, and some of whom nobody
    /// has heard.
    ///
    /// Catches: an account with something due that passes for a quiet one (T7); a used-up lot that stays
    /// behind a held one; a unit of a batch that is left out.
    #[test]
    fn many_together_are_one_by_one(
        program in programs::some_program(),
        start in programs::start(),
        batches in vec(many(), 1..12),
    ) {
        check(program, start, &batches)?;
    }
}

#[test]
fn each_property_catches_its_bug() {
    catches(typed_requests_are_any_requests, &["a typed request without its key"]);
    catches(many_together_are_one_by_one, &["a batch that runs backwards"]);
}
