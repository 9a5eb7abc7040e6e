//! Holding, capturing and releasing (rules H and S5).

use scrip::journal::LotKind;
use scrip::outcome::HoldStatus;
use scrip::{Amount, CaptureHold, HoldId, PlaceHold};

use super::basket::{Basket, Source};
use super::calendar::{Micros, SECOND};
use super::money::{Exchange, Raw, first_part};
use super::profile::{Closing, Hold, Item, Profile, Redemption, What, total};
use super::redeem::{paid_by, plan};
use super::shares::Paid;
use super::{Made, Model, Objections, Owner, Rank};

impl Model {
    pub(super) fn place_hold(
        &mut self,
        request: &PlaceHold,
        profile: usize,
        at: Micros,
    ) -> Result<Made, Objections> {
        let mut objections = Objections::default();
        objections.add_if(request.expires_in == Some(0), Rank::Field(4), "not_positive");
        let mut redeem = scrip::Redeem::strict(self.profiles[profile].id, request.amount);
        redeem.strategies.clone_from(&request.strategies);
        (redeem.strict, redeem.basket_total) = (request.strict, request.basket_total);
        (redeem.lines, redeem.tags) = (request.lines.clone(), request.tags.clone());
        let plan = match plan(self, &redeem, profile, at) {
            Ok(plan) if objections.codes().is_none() => plan,
            Ok(_) => return Err(objections),
            Err(others) => return Err(objections.and(others)),
        };
        let at = self.decided_at(Owner::Profile(profile), at).unwrap();
        let seconds = request.expires_in.unwrap_or(self.program.hold_seconds);
        let exchange = plan.items.iter().any(|item| item.points > 0).then(|| Exchange::of(&self.program));
        let account = &mut self.profiles[profile];
        account.write_due(at);
        let hold = account.holds.len();
        account.holds.push(Hold {
            foreign: None,
            sequence: account.next_sequence(),
            at,
            expires_at: at + Micros::from(seconds) * SECOND,
            requested: plan.requested,
            items: plan.items,
            lines: plan.lines,
            exchange: exchange.flatten(),
            meta: request.meta.clone(),
            closed: None,
        });
        account.write(at, What::Held(hold));
        Ok(Made::Hold { profile, hold })
    }

    /// A hold that is good, by its place (rule H3).
    fn open_hold(&self, id: HoldId, owner: Owner, at: Micros, objections: &mut Objections) -> Option<usize> {
        let decided_at = self.decided_at(owner, at);
        objections.add_if(decided_at.is_none(), Rank::Time, "time_reversed");
        let Owner::Profile(profile) = owner else {
            objections.add(Rank::Unknown, "unknown_hold");
            return None;
        };
        let account = &self.profiles[profile];
        let Some(hold) = account.hold_with(id.get()) else {
            objections.add(Rank::Unknown, "unknown_hold");
            // What ended before its profile was merged stayed there, and whoever looks there may say more.
            let was = self.profiles.iter().filter(|other| other.merged.is_some());
            let was = was.flat_map(|other| other.hold_with(id.get()).map(|hold| (other, hold)));
            for (other, hold) in was {
                let status = other.hold_status(&other.holds[hold], other.now(at));
                let code = status.and_then(closed_code);
                objections.add_loosely(
                    code.is_some(),
                    [Rank::Unknown, Rank::Terms],
                    code.unwrap_or_default(),
                );
            }
            return None;
        };
        let status = account.hold_status(&account.holds[hold], account.now(decided_at.unwrap_or(at)));
        let code = status.and_then(closed_code);
        objections.add_if(code.is_some(), Rank::Terms, code.unwrap_or_default());
        Some(hold)
    }

    /// Rule H2: the redemption of the first part of it, as if only that had been redeemed.
    pub(super) fn capture(
        &mut self,
        request: &CaptureHold,
        owner: Owner,
        at: Micros,
    ) -> Result<Made, Objections> {
        let mut objections = Objections::default();
        let raw = |amount: Amount| amount.ten_thousandths().into();
        if let Some(amount) = request.amount {
            objections.quantity(2, raw(amount), self.program.currency.minor_unit(), false);
        }
        let hold = self.open_hold(request.hold_id, owner, at, &mut objections);
        let (Owner::Profile(profile), Some(hold)) = (owner, hold) else { return Err(objections) };
        let placed = self.profiles[profile].holds[hold].clone();
        let amount = request.amount.map_or(total(&placed.items), raw);
        objections.add_if(amount > total(&placed.items), Rank::Value, "capture_above_hold");
        let (items, lines) = match Basket::of(request.lines.as_ref(), &request.tags) {
            None => placed.less(&[(None, (total(&placed.items) - amount).max(0))]),
            Some(basket) => {
                let (items, lines) = allot_anew(&self.profiles[profile], &placed, &basket, amount);
                // Fewer lines may leave less to capture.
                let is_short = request.amount.is_some() && total(&items) < amount || items.is_empty();
                objections.add_if(is_short, Rank::Value, "capture_above_hold");
                (items, Some(lines))
            }
        };
        let (Some(at), None) = (self.decided_at(owner, at), objections.codes()) else {
            return Err(objections);
        };
        let amount = total(&items);
        let account = &mut self.profiles[profile];
        account.write_due(at);
        for item in &placed.items {
            let taken = items.iter().find(|taken| taken.lot == item.lot).map_or(0, |taken| taken.taken());
            account.let_go(item.lot, item.taken() - taken);
        }
        account.take(&items);
        let (sequence, redemption) = (account.next_sequence(), account.redemptions.len());
        account.redemptions.push(Redemption {
            sequence,
            at,
            occurred_at: None,
            requested: amount,
            items,
            lines,
            exchange: placed.exchange,
            hold: Some(hold),
            meta: request.meta.clone().or(placed.meta),
            links: Vec::new(),
        });
        account.holds[hold].closed = Some((sequence, Closing::Captured(redemption)));
        account.write(at, What::Captured(hold, redemption));
        Ok(Made::Redemption { profile, redemption })
    }

    pub(super) fn release(&mut self, id: HoldId, owner: Owner, at: Micros) -> Result<Made, Objections> {
        let mut objections = Objections::default();
        let hold = self.open_hold(id, owner, at, &mut objections);
        let at = self.decided_at(owner, at);
        let (Owner::Profile(profile), Some(hold), Some(at), None) = (owner, hold, at, objections.codes())
        else {
            return Err(objections);
        };
        let account = &mut self.profiles[profile];
        account.write_due(at);
        let items = account.holds[hold].items.clone();
        items.iter().for_each(|item| account.let_go(item.lot, item.taken()));
        account.holds[hold].closed = Some((account.next_sequence(), Closing::Released));
        account.write(at, What::Released(hold));
        Ok(Made::Hold { profile, hold })
    }

    /// Rule T7: it writes what happened by itself, and nothing of its own.
    pub(super) fn sweep(&mut self, owner: Owner, at: Micros) -> Result<Made, Objections> {
        let Some(at) = self.decided_at(owner, at) else {
            let mut objections = Objections::default();
            objections.add(Rank::Time, "time_reversed");
            return Err(objections);
        };
        let mut entries = 0;
        if let Owner::Profile(profile) = owner {
            let account = &mut self.profiles[profile];
            let before = account.journal.len();
            account.write_due(at);
            entries = account.journal.len() - before;
        }
        Ok(Made::Swept { owner, entries })
    }
}

/// Rule S5: the held shares alone are allotted to what was bought in the end.
fn allot_anew(account: &Profile, placed: &Hold, basket: &Basket, amount: Raw) -> (Vec<Item>, Paid) {
    let points: Vec<Item> =
        placed.items.iter().filter(|item| item.kind() == LotKind::Point).copied().collect();
    let mut sources: Vec<Source> = Vec::new();
    for item in &placed.items {
        let scope = account.lots[item.lot].scope.as_deref();
        match (item.kind(), basket.eligible(scope, true)) {
            (LotKind::Reward, Ok(lines)) => {
                sources.push(Source { reward: Some(item.lot), most: item.amount, lines });
            }
            (LotKind::Point, _) if sources.iter().all(|source| source.reward.is_some()) => {
                sources.push(Source { reward: None, most: total(&points), lines: basket.all() });
            }
            _ => {}
        }
    }
    let allotted = basket.allot(&sources, amount);
    paid_by(&sources, &allotted, |paid| first_part(&points, placed.exchange.as_ref(), paid))
}

fn closed_code(status: HoldStatus) -> Option<&'static str> {
    match status {
        HoldStatus::Captured => Some("hold_captured"),
        HoldStatus::Released => Some("hold_released"),
        HoldStatus::Lapsed => Some("hold_lapsed"),
        HoldStatus::Held => None,
    }
}
