//! One record as the engine shows it: a definition, a lot, a hold, a redemption, a return, a transaction.

use chrono::NaiveDateTime;
use proptest::prelude::*;
use scrip::definition::Defined;
use scrip::journal::{Item, LineShare, LotKind, LotState, PaidLines, ReturnedTo, Standing};
use scrip::outcome::{Lot, LotStatus, Return, Transferred};
use scrip::time::Expiry;
use scrip::value::Quantity;
use scrip::{HoldId, LotId, RedemptionId, Transaction, TransactionId};

use crate::model::calendar::{Calendar, Micros, SECOND};
use crate::model::check::{Checked, balances, lot_id, raw};
use crate::model::money::Raw;
use crate::model::profile::{self, BackTo, Cut, Origin, Profile};
use crate::model::shares::Paid;
use crate::model::{Model, define};

pub(super) fn end(expiry: Expiry) -> Option<Micros> {
    expiry.instant().map(|end| end.micros())
}

pub(crate) fn definition(expected: &define::Version, shown: &Defined) -> Checked {
    prop_assert_eq!(expected.id, shown.id);
    prop_assert_eq!(&expected.definition, &shown.definition, "rule D1: every field as given");
    prop_assert_eq!(expected.is_archived, shown.is_archived);
    prop_assert_eq!(expected.created_at, shown.created_at.micros());
    prop_assert_eq!(expected.updated_at, shown.updated_at.micros());
    Ok(())
}

/// Any lot, whatever it holds.
pub(super) fn lot<Q: Copy + Into<Quantity>>(
    account: &Profile,
    index: usize,
    kind: LotKind,
    cut: Cut,
    shown: &Lot<Q>,
) -> Checked {
    let expected = &account.lots[index];
    prop_assert_eq!(expected.kind.is_points(), kind.is_points());
    prop_assert_eq!(expected.kind != LotKind::Status, shown.is_redeemable, "rule K1");
    prop_assert_eq!(lot_id(account, index), shown.id, "rule J1: the id is that of the entry");
    prop_assert_eq!(account.id, shown.profile_id);
    prop_assert_eq!(expected.definition, shown.definition_id);
    prop_assert_eq!(account.initial(index, cut), raw(shown.value_initial));
    let is_moved = shown.status == LotStatus::Moved;
    // What was revoked is out for good, and what moved is with somebody else (rules L2 and L3).
    let is_gone = is_moved || shown.status == LotStatus::Revoked;
    let left = if is_gone { 0 } else { account.remaining(index, cut) };
    prop_assert_eq!(left, raw(shown.value_remaining), "what is left of {:?}", shown.id);
    let held = if is_moved { 0 } else { account.held(index, cut) };
    prop_assert_eq!(held, raw(shown.value_held), "rule H1");
    prop_assert_eq!(account.status(index, cut), shown.status, "rules T2 and D4");
    prop_assert_eq!(expected.issued_at, shown.issued_at.micros(), "rule T3");
    prop_assert_eq!(expected.available_at, shown.available_at.micros(), "rule T3");
    let expires_at = account.expiry(index, cut);
    prop_assert_eq!(expires_at, end(shown.expires_at), "rules T4 and T5");
    prop_assert_eq!(expected.terms, shown.terms, "rule D3");
    let calendar = Calendar::of(expected.terms.timezone);
    let wall = |local: NaiveDateTime| local.and_utc().timestamp_micros();
    prop_assert_eq!(calendar.wall(expected.issued_at), wall(shown.issued_local_at()));
    let last_second = expires_at.map(|end| calendar.wall(end - SECOND));
    prop_assert_eq!(last_second, shown.expires_local_at().map(wall), "rule T5");
    prop_assert_eq!(shown.is_active(), shown.status == LotStatus::Active);
    prop_assert_eq!(shown.is_expired(), shown.status == LotStatus::Expired);
    prop_assert_eq!(&expected.external_id, &shown.external_id);
    let details = shown.details.clone().unwrap_or_default();
    prop_assert_eq!(&expected.source_type, &details.source_type);
    prop_assert_eq!(&expected.source, &details.source);
    prop_assert_eq!(&expected.scope, &details.scope, "rules D3 and S2");
    prop_assert_eq!(account.meta(index, cut), details.meta.as_ref());
    let origin = details.origin.map(|origin| match origin {
        scrip::journal::Origin::Returned { redemption, lot, transaction, .. } => {
            Origin::Returned(redemption.get(), lot.get(), transaction.map(TransactionId::get))
        }
        scrip::journal::Origin::Earned { transaction, paid_to_debt, clawed_back, replaces, .. } => {
            Origin::Earned {
                sale: transaction.get(),
                paid: raw(paid_to_debt),
                clawed_back: clawed_back.map_or(0, |recovered| raw(recovered.points())),
                replaces: replaces.map(LotId::get),
            }
        }
        scrip::journal::Origin::Transferred { transfer, lot } => {
            Origin::Transferred(transfer.get(), lot.get())
        }
        _ => panic!("the model does not know {origin:?}"),
    });
    prop_assert_eq!(expected.origin, origin, "rules R3 and X3");
    prop_assert_eq!(expected.is_former(), details.was_reassigned, "rule X5");
    Ok(())
}

/// What went to another profile (rule L5).
pub(super) fn transfer(
    model: &Model,
    account: &Profile,
    expected: &profile::Transferred,
    shown: &Transferred,
) -> Checked {
    prop_assert_eq!(account.made_by(expected.sequence), shown.id.get(), "rule J1");
    prop_assert_eq!(account.id, shown.profile_id);
    let to = &model.profiles[expected.to];
    prop_assert_eq!(to.number, Some(shown.to.get()));
    prop_assert_eq!((expected.kind, &expected.meta), (shown.kind, &shown.meta));
    let items: Vec<_> = expected
        .items
        .iter()
        .map(|(lot, new, value)| (lot_id(account, *lot), lot_id(to, *new), *value))
        .collect();
    let parts: Vec<_> = shown.items.iter().map(|it| (it.lot, it.new_lot, raw(it.value))).collect();
    prop_assert_eq!(items.iter().map(|(_, _, value)| value).sum::<Raw>(), raw(shown.value));
    prop_assert_eq!(items, parts, "rules C1, C2 and L5");
    balances(account, account.now(Micros::MIN), &shown.balances)
}

/// How a lot stands after what changed it.
pub(super) fn lot_after(account: &Profile, lot: usize, cut: Cut, shown: &LotState) -> Checked {
    prop_assert_eq!(lot_id(account, lot), shown.lot);
    prop_assert_eq!(account.remaining(lot, cut), raw(shown.remaining));
    prop_assert_eq!(account.expiry(lot, cut), end(shown.ends_at()), "rules T4 and T9");
    let is_told = match account.status(lot, cut) {
        LotStatus::Moved => matches!(shown.standing, Standing::MovedTo(_)),
        LotStatus::Revoked => shown.standing == Standing::Revoked,
        _ if account.is_expired(lot, cut) => shown.standing == Standing::Expired,
        LotStatus::Pending => matches!(shown.standing, Standing::Pending(_)),
        LotStatus::Exhausted => true,
        _ => shown.standing == Standing::Usable,
    };
    prop_assert!(is_told, "{:?} for {:?}", shown, account.status(lot, cut));
    Ok(())
}

pub(super) fn hold(account: &Profile, index: usize, cut: Cut, shown: &scrip::Hold) -> Checked {
    let expected = &account.holds[index];
    prop_assert_eq!(account.hold_id(expected), shown.id.get());
    prop_assert_eq!(account.id, shown.profile_id);
    prop_assert_eq!(account.hold_status(expected, cut), Some(shown.status), "rule H3");
    prop_assert_eq!(expected.requested, raw(shown.requested));
    prop_assert_eq!(profile::total(&expected.items), raw(shown.total));
    items(account, &expected.items, &shown.items)?;
    lines(expected.lines.as_ref(), shown.lines.as_ref())?;
    prop_assert_eq!(expected.at, shown.held_at.micros());
    prop_assert_eq!(expected.expires_at, shown.expires_at.micros());
    prop_assert_eq!(&expected.meta, &shown.meta);
    Ok(())
}

/// A return (rules R1 to R3).
pub(super) fn back(account: &Profile, index: usize, shown: &Return) -> Checked {
    let expected = &account.returns[index];
    prop_assert_eq!(account.made_by(expected.sequence), shown.id.get());
    prop_assert_eq!(expected.redemption_id, shown.redemption_id.get());
    prop_assert_eq!(expected.is_reversal, shown.is_reversal);
    prop_assert_eq!(expected.at, shown.returned_at.micros());
    prop_assert_eq!(expected.requested, raw(shown.requested), "rule R2");
    prop_assert_eq!(expected.total(), raw(shown.total), "rule R2");
    prop_assert_eq!(&expected.meta, &shown.meta);
    let told: Vec<_> = expected
        .items
        .iter()
        .map(|item| {
            let to = match item.to {
                BackTo::Lot => "lot".to_owned(),
                BackTo::Expired => "expired".to_owned(),
                BackTo::Revoked => "revoked".to_owned(),
                BackTo::New(made) => (made).to_string(),
                BackTo::ClawedBack => "nowhere".to_owned(),
            };
            (item.lot, item.kind, item.amount, item.points, to, item.clawed_back)
        })
        .collect();
    let said: Vec<_> = shown
        .items
        .iter()
        .map(|item| {
            let to = match item.to {
                ReturnedTo::Lot => "lot".to_owned(),
                ReturnedTo::Expired => "expired".to_owned(),
                ReturnedTo::Revoked => "revoked".to_owned(),
                ReturnedTo::NewLot(lot) => lot.sequence().to_string(),
                ReturnedTo::ClawedBack => "nowhere".to_owned(),
            };
            let clawed_back = item.clawed_back.map_or(0, |recovered| raw(recovered.points()));
            (item.lot.get(), item.kind, raw(item.amount), raw(item.points), to, clawed_back)
        })
        .collect();
    prop_assert_eq!(told, said, "rules R1, R3 and X5");
    let clawed_back: Raw = expected.items.iter().map(|item| item.clawed_back).sum();
    prop_assert_eq!(clawed_back, raw(shown.points_clawed_back), "rule X5");
    Ok(())
}

/// The items of a redemption or a quote, in the order of use (rules C1, C2, C5 and Q5).
pub(super) fn items(account: &Profile, expected: &[profile::Item], shown: &[Item]) -> Checked {
    let expected: Vec<_> =
        expected.iter().map(|item| (lot_id(account, item.lot), item.amount, item.points)).collect();
    let shown: Vec<_> = shown.iter().map(|item| (item.lot, raw(item.amount), raw(item.points))).collect();
    prop_assert_eq!(expected, shown, "rules C1 to C3 and Q5");
    Ok(())
}

/// What each item pays of each line (rules S4 and S5).
pub(super) fn lines(expected: Option<&Paid>, shown: Option<&PaidLines>) -> Checked {
    let shares = |shares: &Vec<LineShare>| -> Vec<(String, Raw)> {
        shares.iter().map(|share| (share.id.clone(), raw(share.amount))).collect()
    };
    let shown: Option<Paid> = shown.map(|lines| lines.iter().map(shares).collect());
    prop_assert_eq!(expected, shown.as_ref(), "rules S4 and S5");
    Ok(())
}

pub(super) fn redemption(account: &Profile, index: usize, cut: Cut, shown: &scrip::Redemption) -> Checked {
    let expected = &account.redemptions[index];
    let id = RedemptionId::new(account.made_by(expected.sequence)).unwrap();
    prop_assert_eq!(id, shown.id, "rule J1: the id is that of the entry");
    prop_assert_eq!(account.id, shown.profile_id);
    prop_assert_eq!(expected.at, shown.redeemed_at.micros());
    prop_assert_eq!(expected.occurred_at, shown.occurred_at.map(scrip::Timestamp::micros), "rule T10");
    prop_assert_eq!(expected.requested, raw(shown.requested), "rule C4");
    prop_assert_eq!(expected.total(), raw(shown.total), "rule C4");
    items(account, &expected.items, &shown.items)?;
    lines(expected.lines.as_ref(), shown.lines.as_ref())?;
    prop_assert_eq!(account.returned_at(index, cut), raw(shown.returned), "rule R2");
    prop_assert_eq!(account.is_reversed_at(index, cut), shown.is_reversed, "rule R4");
    let hold = expected.hold.map(|hold| account.hold_id(&account.holds[hold]));
    prop_assert_eq!(hold, shown.hold_id.map(HoldId::get), "rule H2");
    let linked = account.linked_at(index, cut);
    prop_assert_eq!(linked, shown.transaction_id.map(TransactionId::get), "rule X1");
    let right_after = account.as_of_sequence(usize::try_from(expected.sequence).unwrap());
    balances(account, right_after, &shown.balances)?;
    prop_assert_eq!(&expected.meta, &shown.meta);
    Ok(())
}

pub(super) fn transaction(model: &Model, expected: &profile::Version, shown: &Transaction) -> Checked {
    let said = &expected.said;
    prop_assert_eq!(model.id_of(expected), shown.id.get(), "rule J1: the id is that of the entry");
    prop_assert_eq!(model.profiles[expected.owner].id, shown.profile_id);
    prop_assert_eq!(&said.external_id, &shown.external_id);
    prop_assert_eq!(said.redemption_id, shown.redemption_id, "rule X1");
    prop_assert_eq!(said.total, shown.total);
    prop_assert_eq!(said.total_original.unwrap_or(said.total), shown.total_original);
    prop_assert_eq!(expected.transacted_at, shown.transacted_at.micros(), "rule T3");
    prop_assert_eq!(said.timezone.unwrap_or(model.program.timezone), shown.timezone);
    prop_assert_eq!(&said.tags, &shown.tags);
    prop_assert_eq!(&said.items, &shown.items);
    prop_assert_eq!(&said.payments, &shown.payments);
    prop_assert_eq!(&said.meta, &shown.meta);
    prop_assert_eq!((expected.is_deleted, expected.is_void), (shown.is_deleted, shown.is_void), "rule X6");
    prop_assert_eq!(expected.returned, raw(shown.returned), "rule X4");
    let id = |(profile, sequence): (usize, u32)| model.profiles[profile].made_by(sequence);
    let earned = expected.earned.map(|earned| (earned.points, earned.lot.map(id)));
    let shown_earned = shown.earned.first().map(|earned| (raw(earned.points), earned.lot.map(LotId::get)));
    prop_assert_eq!(earned, shown_earned, "rules X3 and X4");
    prop_assert_eq!(expected.created_at, shown.created_at.micros());
    prop_assert_eq!(expected.updated_at, shown.updated_at.micros());
    Ok(())
}
