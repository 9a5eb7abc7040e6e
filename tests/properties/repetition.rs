//! Requests that come again, and requests that are refused (rules J5, D5, X2 and C4).

use proptest::collection::vec;
use proptest::prelude::*;
use scrip::json::Json;
use scrip::outcome::Disposition;
use scrip::request::{Adjust, MergeProfiles, Reassign};
use scrip::{
    Amount, Command, Define, DefinitionId, Error, IssueReward, Ledger, MemoryStore, Outcome, ProfileId,
    Program, Receipt, Request, RewardDefinition,
};

use crate::model::calendar::DAY;
use crate::model::generate;
use crate::model::resolve::{change, profile_id};
use crate::model::world::World;
use crate::planted::{bug, catches};
use crate::{config, timestamp};

proptest! {
    #![proptest_config(config(120))]

    /// Rules J5, D5 and X2: a command that comes again is answered as at first, however late, and changes nothing; with
    /// other content it is refused; and one that was refused leaves its key free.
    ///
    /// Catches: a request that is recognised by its name alone; a return that passes for a reversal when it
    /// comes again (J5).
    #[test]
    fn a_repetition_changes_nothing(mut case in generate::case(25)) {
        case.program.key_window_seconds = None;
        let mut world = World::alone(&case, MemoryStore::new())?;
        for (place, step) in case.steps.iter().enumerate() {
            let mut command = world.resolve(step);
            command.key = Some(format!("unique-{place}").parse().unwrap());
            match world.run(&command)? {
                // Its external id was used before: it wrote nothing, not even its key.
                Ok(Receipt { disposition: Disposition::Existing, .. }) => {}
                // It writes nothing of its own, not even its key; and again it writes nothing at all.
                Ok(Receipt { outcome: Outcome::Sweep(_), .. }) => {
                    let before = world.snapshot();
                    world.run(&command)?.unwrap();
                    prop_assert_eq!(before, world.snapshot(), "rule T7");
                }
                Ok(receipt) => {
                    let before = world.snapshot();
                    let mut other = command.clone();
                    change(&mut other.request);
                    for at in [command.at, timestamp(world.now + 400 * DAY)] {
                        let key = command.key.clone().filter(|_| !bug("a key that is forgotten"));
                        let again = world.run(&Command { at, key, ..command.clone() })?.unwrap();
                        prop_assert_eq!((&again.outcome, again.disposition), (&receipt.outcome, Disposition::Replayed));
                        if other.request != command.request {
                            let refused = world.run(&Command { at, ..other.clone() })?.unwrap_err();
                            prop_assert_eq!(refused.code(), "key_reused");
                        }
                    }
                    prop_assert_eq!(before, world.snapshot());
                }
                Err(Error::Rejected(_)) => {
                    let small = Command { request: something_small(), ..command };
                    if let Ok(receipt) = world.run(&small)? {
                        prop_assert_eq!(receipt.disposition, Disposition::New, "rule J5: a rejected request burns no key");
                    }
                }
                Err(other) => prop_assert!(false, "{:?}", other),
            }
        }
    }

    /// Rules D5 and X2: a name that comes again answers with what it stands for, as it stands now, whatever became of it.
    ///
    /// Catches: a repeated name that answers with the lot as it was issued, or with the sale as it was posted
    /// (D5, X2).
    #[test]
    fn a_name_answers_as_of_now(case in generate::case(40)) {
        let mut world = World::compared(&case, MemoryStore::new())?;
        for step in &case.steps {
            world.step(step)?.ok();
        }
        let is_named = |command: &&Command<Request>| match &command.request {
            Request::IssueReward(request) => request.external_id.is_some(),
            Request::IssuePoints(request) => request.external_id.is_some(),
            Request::PostTransaction(request) => request.external_id.is_some(),
            _ => false,
        };
        let named: Vec<_> = world.sent.iter().filter(is_named).cloned().collect();
        for command in named {
            world.run(&Command { at: timestamp(world.now), key: None, ..command })?.ok();
        }
    }

    /// Rule J5, of requests that name a lot and whose it is: wherever the lot has gone since, by whatever way, each of them
    /// is answered as at first, and none is carried out twice. Nobody's are carried out.
    ///
    /// Catches: a key that is looked up only from where a lot was issued to where it is now (J5).
    #[test]
    fn no_key_is_lost_on_a_lots_way(way in vec((0..8_u8, 0..5_u8, 0..6_u8), 2..40)) {
        let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne").unwrap(), MemoryStore::new());
        let now = timestamp(0);
        let mut movable = RewardDefinition::new("movable".parse().unwrap(), "Movable", Amount::from(100));
        movable.is_reassignable = true;
        let definition = ledger.at(now).commit(Define::from(movable)).unwrap().id;
        let lot = ledger.at(now).commit(IssueReward::new(one_of(0), definition)).unwrap().id;
        let mut done: Vec<(Command<Request>, Outcome)> = Vec::new();
        for (place, (kind, one, other)) in way.into_iter().enumerate() {
            let whose = (other < 5).then(|| one_of(other));
            let request: Request = match kind {
                0..5 => {
                    let mut reassign = Reassign::new(lot, one_of(one));
                    reassign.from = whose;
                    reassign.into()
                }
                5 | 6 => {
                    let mut adjust = Adjust::new(lot, "a reason");
                    adjust.profile_id = whose;
                    adjust.value_remaining = Some(Amount::from(u32::from(one) + 1).into());
                    adjust.into()
                }
                _ => MergeProfiles::new(one_of(one), one_of(other)).into(),
            };
            let command = Command { key: Some(format!("key-{place}").parse().unwrap()), ..Command::new(now, request) };
            match ledger.run(&command) {
                Ok(receipt) => done.push((command, receipt.outcome)),
                Err(error) if whose.is_none() && kind < 7 => prop_assert_eq!(error.code(), "missing_field"),
                Err(_) => {}
            }
            for (command, outcome) in &done {
                let mut command = command.clone();
                if bug("a key that is forgotten") {
                    command.key = None;
                }
                let again = ledger.run(&command).map(|receipt| (receipt.outcome, receipt.disposition));
                prop_assert_eq!(again.ok(), Some((outcome.clone(), Disposition::Replayed)), "{:?} of {:?}", command, done);
            }
        }
    }

    /// Rule C4 and the promise of every rejection: nothing was changed.
    ///
    /// Catches: a request that is refused after it wrote what fell due (C4).
    #[test]
    fn a_rejected_request_changes_nothing(case in generate::case(40)) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        for step in &case.steps {
            let command = world.resolve(step);
            // So that a profile of which nobody has heard is in the snapshot.
            for profile in 0..3 {
                world.model.profile(profile_id(profile));
            }
            let before = world.snapshot();
            if world.run(&command)?.is_err() {
                if bug("a request that is refused after it wrote what fell due") {
                    let sweep = scrip::request::Sweep::ProfileId(profile_id(0));
                    world.ledger.run(&Command::new(command.at, sweep)).ok();
                }
                prop_assert_eq!(before, world.snapshot());
            }
        }
    }
}

fn one_of(many: u8) -> ProfileId {
    ProfileId::new(&format!("profile-{many}")).unwrap()
}

/// A request that was never made before.
fn something_small() -> Request {
    let mut small = IssueReward::new(profile_id(0), DefinitionId::new(1).unwrap());
    small.meta = Json::new(r#"{"small": true}"#).ok();
    small.into()
}

#[test]
fn each_property_catches_its_bug() {
    catches(a_repetition_changes_nothing, &["a key that is forgotten"]);
    catches(a_name_answers_as_of_now, &["a repeated name that answers with what it stood for at first"]);
    catches(no_key_is_lost_on_a_lots_way, &["a key that is forgotten"]);
    catches(a_rejected_request_changes_nothing, &["a request that is refused after it wrote what fell due"]);
}
