//! Previews: whatever a request is about, it is tried without a trace.

use proptest::prelude::*;
use scrip::MemoryStore;
use scrip::outcome::Disposition;

use crate::config;
use crate::model::world::World;
use crate::model::{generate, programs};
use crate::planted::{bug, catches};

proptest! {
    #![proptest_config(config(200))]

    /// A preview leaves no trace, and is what committing the same request then does: the answer, the entries, the balances
    /// before and after; or the same refusal. Its key stays free, or is found used.
    ///
    /// Catches: a preview that is written; a key that a preview uses up, or does not look for; balances before that have what
    /// expired since (T7).
    #[test]
    fn a_preview_is_what_committing_does(case in generate::case_of(programs::some_program(), 40)) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        for step in &case.steps {
            let command = world.resolve(step);
            let trace = world.snapshot();
            let previewed = world.ledger.preview(&command);
            if bug("a preview that is written") {
                world.ledger.run(&command).ok();
            }
            prop_assert_eq!(&trace, &world.snapshot());
            let of = previewed.as_ref().ok().filter(|preview| preview.decision.receipt.disposition == Disposition::New);
            let before = of.and_then(|preview| preview.profile_id).map(|profile| {
                let wallet = world.ledger.at(command.at).wallet(profile).unwrap();
                (profile, wallet.written().len(), wallet.balances())
            });
            match (previewed, world.run(&command)?) {
                (Ok(preview), Ok(receipt)) => {
                    prop_assert_eq!(&preview.decision.receipt, &receipt);
                    if receipt.disposition != Disposition::New {
                        prop_assert!(preview.decision.change.is_empty() && preview.before == preview.after);
                    }
                    let Some((profile, written, balances)) = before else { continue };
                    prop_assert_eq!(preview.before, balances.valued(world.ledger.program()));
                    let wallet = world.ledger.at(command.at).wallet(profile).unwrap();
                    prop_assert_eq!(&preview.decision.change.first[..], &wallet.written()[written..]);
                    let after = wallet.balances();
                    prop_assert_eq!(preview.after, after.valued(world.ledger.program()));
                }
                (Err(previewed), Err(refused)) => prop_assert_eq!(previewed.to_string(), refused.to_string()),
                (previewed, answer) => prop_assert!(false, "{:?} previewed, and then {:?}", previewed, answer),
            }
        }
    }
}

#[test]
fn each_property_catches_its_bug() {
    catches(a_preview_is_what_committing_does, &["a preview that is written"]);
}
