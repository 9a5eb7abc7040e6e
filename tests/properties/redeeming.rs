//! Redemptions and quotes (rules C and Q5).

use proptest::prelude::*;
use scrip::outcome::Disposition;
use scrip::{Error, MemoryStore, Outcome, ProfileId, Receipt, Request};

use crate::config;
use crate::model::memo::draws;
use crate::model::world::World;
use crate::model::{check, generate, laws, plan, programs};
use crate::planted::{bug, catches};

proptest! {
    #![proptest_config(config(200))]

    /// Rules C1 to C6 and Q5, of every redemption.
    ///
    /// Catches: points that are rounded down, or rounded up where they are exact (Q5).
    #[test]
    fn every_redemption_keeps_the_laws(case in generate::case_of(programs::some_program(), 30)) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        for step in &case.steps {
            let command = world.resolve(step);
            let Request::Redeem(redeem) = &command.request else {
                world.run(&command)?.ok();
                continue;
            };
            let id = redeem.profile_id.map(|id| home_of(&mut world, id));
            let before = id.and_then(|id| world.ledger.at(command.at).wallet(id).ok());
            let answer = world.run(&command)?;
            if let Ok(Receipt { outcome: Outcome::Redeem(made), disposition: Disposition::New, .. }) = answer {
                // Of late ones, the laws are those of another moment: see `late.rs`.
                if made.occurred_at.is_some() {
                    continue;
                }
                let after = world.ledger.at(command.at).wallet(made.profile_id).unwrap();
                laws::of_redemption(&case.program, redeem, &before.unwrap(), &made, &after)
                    .map_err(|error| world.with_story(error))?;
            }
        }
    }

    /// Rule C1: the order in which lots were issued makes no difference to what is drawn from which.
    ///
    /// Catches: lots that expire together and are used in the order of their ids (C1).
    #[test]
    fn the_order_of_input_is_irrelevant(shuffled in generate::shuffled()) {
        let order: Vec<usize> = (0..shuffled.lots.len()).collect();
        let one = draws(&shuffled, &order, MemoryStore::new())?;
        let other = draws(&shuffled, &shuffled.other_order, MemoryStore::new())?;
        prop_assert_eq!(one, other);
    }

    /// Rule C7: a quote is the model's plan, lot by lot.
    ///
    /// Catches: a pending lot that is reported as not needed (C7).
    #[test]
    fn quotes_agree_with_the_model(case in generate::case_of(programs::some_program(), 30)) {
        let mut world = World::compared(&case, MemoryStore::new())?;
        for step in &case.steps {
            let command = world.resolve(step);
            if let Request::Redeem(redeem) = &command.request
                && let Some(id) = redeem.profile_id
            {
                let quote = world.ledger.at(command.at).quote(redeem);
                let profile = world.model.profile(id);
                let profile = world.model.home(profile);
                let agreed = match (plan(&world.model, redeem, profile, command.at.micros()), quote) {
                    (Ok(plan), Ok(quote)) => check::quote(&world.model.profiles[profile], &plan, &quote),
                    (Err(objections), Err(error)) => check::is_one_of(&objections.codes().unwrap(), error.code()),
                    (plan, quote) => check::differ(&plan, &quote),
                };
                agreed.map_err(|error| world.with_story(error))?;
            }
            world.run(&command)?.ok();
        }
    }

    /// Rule C7: a quote says what committing does, or refuses what committing would, and changes nothing.
    ///
    /// Catches: a quote that is not held to the account's time (T6).
    #[test]
    fn a_quote_is_what_committing_does(case in generate::case(30)) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        for step in &case.steps {
            let command = world.resolve(step);
            let Request::Redeem(redeem) = &command.request else {
                world.run(&command)?.ok();
                continue;
            };
            let before = world.snapshot();
            let is_any_time = bug("a quote that is not held to the account's time");
            let last = redeem.profile_id.filter(|_| is_any_time).and_then(|id| world.account(id).last_at());
            let quote = world.ledger.at(last.map_or(command.at, |last| last.max(command.at))).quote(redeem);
            prop_assert_eq!(&before, &world.snapshot());
            if let (Ok(quote), Some(id), None) = (&quote, redeem.profile_id, redeem.occurred_at) {
                let id = home_of(&mut world, id);
                let wallet = world.ledger.at(command.at).wallet(id).unwrap();
                laws::of_quote(redeem, &wallet, quote).map_err(|error| world.with_story(error))?;
            }
            match (quote, world.run(&command)?) {
                // Its key makes it the repetition of another request.
                (_, Ok(Receipt { disposition: Disposition::Replayed, .. }) | Err(Error::KeyReused(_))) => {}
                (Ok(quote), Ok(Receipt { outcome: Outcome::Redeem(made), .. })) => {
                    prop_assert_eq!(quote.requested, made.requested);
                    prop_assert_eq!(quote.total, made.total);
                    prop_assert_eq!(quote.items, made.items);
                    prop_assert_eq!(quote.lines, made.lines);
                }
                (Err(quoted), Err(refused)) => prop_assert_eq!(quoted.rejection(), refused.rejection()),
                (quote, answer) => prop_assert!(false, "{:?} quoted, and then {:?}", quote, answer),
            }
        }
    }
}

/// Whose value it is: the profile's own, or that of the one that it was merged into (rule L2).
fn home_of(world: &mut World<MemoryStore>, id: ProfileId) -> ProfileId {
    let profile = world.model.profile(id);
    world.model.profiles[world.model.home(profile)].id
}

#[test]
fn each_property_catches_its_bug() {
    catches(every_redemption_keeps_the_laws, &["points that are rounded up where they are exact"]);
    catches(the_order_of_input_is_irrelevant, &["lots that are used in the order of their ids"]);
    catches(quotes_agree_with_the_model, &["a pending lot that is reported as not needed"]);
    catches(a_quote_is_what_committing_does, &["a quote that is not held to the account's time"]);
}
