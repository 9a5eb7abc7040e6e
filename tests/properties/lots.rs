//! What is done to a lot itself (rules L1 and L4): the laws, told from what the engine itself shows.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use scrip::outcome::LotStatus;
use scrip::request::{Adjust, Reassign, Revoke};
use scrip::time::Expiry;
use scrip::value::Quantity;
use scrip::{Amount, Command, LotId, MemoryStore, Request};

use crate::afterwards::{Till, lots, there_is};
use crate::config;
use crate::model::check::Checked;
use crate::model::generate;
use crate::model::resolve::profile_id;
use crate::model::world::World;
use crate::planted::{bug, catches};

/// A lot as its owner sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Seen {
    remaining: Quantity,
    held: Quantity,
    status: LotStatus,
    expires_at: Expiry,
}

proptest! {
    #![proptest_config(config(150))]

    /// Rule L1: extending never shortens; all lots that are named, or none; and what had expired can be used again.
    ///
    /// Catches: a date before the expiry; several lots of which only the first is extended; an expired lot
    /// that stays expired (L1).
    #[test]
    fn extending_never_shortens(case in generate::case(40)) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        for step in &case.steps {
            let command = world.resolve(step);
            let Request::Extend(extend) = &command.request else {
                world.run(&command)?.ok();
                continue;
            };
            let Some(before) = all_lots(&mut world, command.at) else { continue };
            let usable = there_is(&mut world, command.at);
            let mut sent = command.clone();
            if let Request::Extend(extend) = &mut sent.request
                && bug("several lots of which only the first is extended")
            {
                extend.ids.truncate(1);
            }
            let done = world.run(&sent)?.is_ok_and(|receipt| receipt.disposition == scrip::outcome::Disposition::New);
            let after = all_lots(&mut world, command.at).unwrap();
            let revived = before.iter().map(|(id, was)| {
                let is_back = was.expires_at.is_past(command.at) && !after[id].expires_at.is_past(command.at);
                let unheld = was.remaining.ten_thousandths() - was.held.ten_thousandths();
                i128::from(if is_back { unheld } else { 0 })
            });
            let grown: i128 = there_is(&mut world, command.at).iter().sum::<i128>() - usable.iter().sum::<i128>();
            prop_assert_eq!(revived.sum::<i128>(), grown, "rule L1: what had expired is back");
            let named: BTreeSet<LotId> = extend.ids.iter().copied().collect();
            for (id, now) in &after {
                let checked = if done && named.contains(id) {
                    is_extended(&before[id], now, command.at, extend.extend_days)
                } else {
                    prop_assert_eq!(&before[id], now, "rule L1: {:?} was not extended", id);
                    Ok(())
                };
                checked.map_err(|error| world.with_story(error))?;
            }
        }
    }

    /// Rule L4: what is left includes what is held; and what is held can neither be revoked, nor adjusted away, nor sent
    /// to somebody else.
    ///
    /// Catches: a lot with held value that can be revoked, sent to somebody else, or adjusted to less than is
    /// held (L4).
    #[test]
    fn what_is_held_stays(case in generate::case(40)) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        for step in &case.steps {
            let command = world.resolve(step);
            world.run(&command)?.ok();
            let Some(lots) = all_lots(&mut world, command.at) else { continue };
            for (id, lot) in &lots {
                prop_assert!(lot.held <= lot.remaining, "rule L4: {:?} is {:?}", id, lot);
            }
            let is_ignored = bug("a correction that does not look at what is held");
            // One of them, as a case has hundreds of steps in all.
            let Some((id, lot)) = lots.iter().find(|(_, lot)| !lot.held.is_zero() || is_ignored) else { continue };
            let mut adjust = Adjust::new(*id, "rule L4");
            adjust.value_remaining = Some(Amount::ZERO.into());
            let attempts: [Request; 3] =
                [Revoke::new(*id).into(), adjust.into(), Reassign::new(*id, profile_id(2)).into()];
            for request in attempts {
                let is_sent = matches!(request, Request::Reassign(_));
                let refused = world.run(&Command::new(command.at, request))?.err().map(|error| error.code());
                // Most lots cannot be sent anywhere, or are there.
                let is_refused = refused == Some("lot_held") || (is_sent && refused.is_some());
                prop_assert!(is_refused, "rule L4: {:?} is {:?}, and it is {:?}", id, lot, refused);
            }
        }
    }
}

/// Every lot, with whoever has it; `None` where an account is ahead of the instant: what comes a little late is decided at
/// its last entry (rule T6), when something may have expired or lapsed that is here as it was.
fn all_lots(world: &mut Till, at: scrip::Timestamp) -> Option<BTreeMap<LotId, Seen>> {
    let mut all = BTreeMap::new();
    for id in (0..3).map(profile_id) {
        if world.account(id).last_at().is_some_and(|last| last > at) {
            return None;
        }
        let wallet = world.ledger.at(at).wallet(id).ok()?;
        for (lot, remaining, held, status, expires_at) in lots(&wallet) {
            if status != LotStatus::Moved {
                all.insert(lot, Seen { remaining, held, status, expires_at });
            }
        }
    }
    Some(all)
}

fn is_extended(was: &Seen, now: &Seen, at: scrip::Timestamp, days: Option<u32>) -> Checked {
    prop_assert!(now.expires_at >= was.expires_at, "rule L1: {:?} was shortened to {:?}", was, now);
    prop_assert!(!was.remaining.is_zero() && was.status != LotStatus::Revoked, "rule L1: {:?}", was);
    prop_assert_eq!((was.remaining, was.held), (now.remaining, now.held), "rule L1");
    // A day that is left out where the lot is leads nowhere; of three, not all are.
    let is_longer = days.is_none_or(|days| days < 3) || now.expires_at > was.expires_at;
    prop_assert!(is_longer, "rule L1: {:?} is not extended", was);
    let is_revived = now.expires_at.is_past(at) || now.status != LotStatus::Expired;
    prop_assert!(is_revived, "rule L1: {:?} did not come back: {:?}", was, now);
    Ok(())
}

#[test]
fn each_property_catches_its_bug() {
    catches(extending_never_shortens, &["several lots of which only the first is extended"]);
    catches(what_is_held_stays, &["a correction that does not look at what is held"]);
}
