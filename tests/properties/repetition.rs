//! Requests that come again, and requests that are refused (rules J5, D5, X2 and C4).

use proptest::prelude::*;
use scrip::{
    Command, DefinitionId, Error, IssueReward, MemoryStore, Novelty, Outcome, Receipt, Request, json::Json,
};

use crate::model::calendar::DAY;
use crate::model::generate;
use crate::model::resolve::{change, profile_id};
use crate::model::world::World;
use crate::{config, timestamp};

proptest! {
    #![proptest_config(config(120))]

    /// Rules J5, D5 and X2: a command that comes again is answered as at first, however late, and changes nothing; with
    /// other content it is refused; and one that was refused leaves its key free.
    #[test]
    fn a_repetition_changes_nothing(mut case in generate::case(25)) {
        case.program.key_window_seconds = None;
        let mut world = World::alone(&case, MemoryStore::new())?;
        for (place, step) in case.steps.iter().enumerate() {
            let mut command = world.resolve(step);
            command.key = Some(format!("unique-{place}").parse().unwrap());
            match world.run(&command)? {
                // Its external id was used before: it wrote nothing, not even its key.
                Ok(Receipt { novelty: Novelty::Existing, .. }) => {}
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
                        let again = world.run(&Command { at, ..command.clone() })?.unwrap();
                        prop_assert_eq!((&again.outcome, again.novelty), (&receipt.outcome, Novelty::Replayed));
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
                        prop_assert_eq!(receipt.novelty, Novelty::New, "rule J5: a rejected request burns no key");
                    }
                }
                Err(other) => prop_assert!(false, "{:?}", other),
            }
        }
    }

    /// Rule C4 and the promise of every rejection: nothing was changed.
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
                prop_assert_eq!(before, world.snapshot());
            }
        }
    }
}

/// A request that was never made before.
fn something_small() -> Request {
    let mut small = IssueReward::new(profile_id(0), DefinitionId::new(1).unwrap());
    small.meta = Json::new(r#"{"small": true}"#).ok();
    small.into()
}
