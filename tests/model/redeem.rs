//! Redeeming (rules C and Q5).

use scrip::Redeem;
use scrip::journal::LotKind;
use scrip::outcome::{LotStatus, UnusedReason};
use scrip::request::Strategy;

use super::calendar::Micros;
use super::late::{self, Sight};
use super::money::{Exchange, Raw, share_of, smallest};
use super::profile::{Item, Redemption, What};
use super::{Made, Model, Objections, Owner, Rank};

/// What a redemption would take, and why not from the other lots that have value left (rule C7).
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) requested: Raw,
    /// When it happened, if it is late.
    occurred_at: Option<Micros>,
    pub(crate) items: Vec<Item>,
    pub(crate) unused: Vec<(usize, UnusedReason)>,
}

/// What the engine must answer to a quote; by the rules, the plan that committing it would carry out.
pub(crate) fn plan(model: &Model, request: &Redeem, profile: usize, at: Micros) -> Result<Plan, Objections> {
    let mut objections = Objections::default();
    let requested = request.amount.ten_thousandths().into();
    let strategies = &request.strategies[..];
    let is_list = !strategies.is_empty() && strategies.iter().all(|one| count(strategies, *one) == 1);
    objections.add_if(!is_list, Rank::Field(1), "bad_strategies");
    let minor_unit = model.program.currency.minor_unit();
    objections.quantity(2, requested, minor_unit, false);
    if let Some(basket) = request.basket_total {
        objections.quantity(4, basket.ten_thousandths().into(), minor_unit, true);
    }
    let decided_at = model.decided_at(Owner::Profile(profile), at);
    objections.add_if(decided_at.is_none(), Rank::Time, "time_reversed");
    let then = decided_at.and_then(|now| late::moment(model, request, now, &mut objections));
    let exchange = Exchange::of(&model.program);
    let is_worthless = strategies.contains(&Strategy::Points) && exchange.is_none();
    objections.add_if(is_worthless, Rank::Terms, "no_exchange_rate");
    let limit = limit(model, request, requested, &mut objections);
    let (Some(at), None) = (decided_at, objections.codes()) else { return Err(objections) };

    let account = &model.profiles[profile];
    let then_seen = then.map(|then| account.as_of_instant(then));
    let sight = Sight { account, now: account.now(at), then: then_seen };
    let items = take(sight, strategies, limit, exchange);
    let total: Raw = items.iter().map(|item| item.amount).sum();
    if total == 0 || (request.strict && total < requested) {
        objections.add(Rank::Value, "insufficient_value");
        // A share of next to nothing is a cap of zero: whether that is a cap or a want of value, nobody says.
        objections.add_loosely(limit == 0, [Rank::Terms, Rank::Value], "cap_exceeded");
        return Err(objections);
    }
    let unused = unused(sight, strategies, &items);
    Ok(Plan { requested, occurred_at: then, items, unused })
}

fn count(strategies: &[Strategy], wanted: Strategy) -> usize {
    strategies.iter().filter(|one| **one == wanted).count()
}

/// The most that can be taken, after the program's minimum spend, cap and share (rule C6).
fn limit(model: &Model, request: &Redeem, requested: Raw, objections: &mut Objections) -> Raw {
    let program = &model.program;
    let basket: Option<Raw> = request.basket_total.map(|basket| basket.ten_thousandths().into());
    let needs_basket = program.minimum_spend.is_some() || program.redemption_share.is_some();
    objections.add_if(needs_basket && basket.is_none(), Rank::Terms, "basket_required");
    if let (Some(basket), Some(minimum)) = (basket, program.minimum_spend) {
        let is_below = basket < minimum.ten_thousandths().into();
        objections.add_if(is_below, Rank::Terms, "below_minimum_spend");
    }
    let mut limit = requested;
    if let Some(cap) = program.redemption_cap {
        limit = limit.min(cap.ten_thousandths().into());
    }
    if let (Some(basket), Some(share)) = (basket, program.redemption_share) {
        let fraction = scrip::Amount::from(share).ten_thousandths().into();
        limit = limit.min(share_of(basket, fraction, smallest(program.currency.minor_unit())));
    }
    objections.add_if(request.strict && requested > limit, Rank::Terms, "cap_exceeded");
    limit
}

/// Rules C1 to C3: strategy after strategy, lot after lot.
fn take(sight: Sight<'_>, strategies: &[Strategy], limit: Raw, exchange: Option<Exchange>) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for strategy in strategies {
        let due = limit - items.iter().map(|item| item.amount).sum::<Raw>();
        match (strategy, exchange) {
            (Strategy::Rewards, _) => items.extend(take_rewards(sight, due)),
            (Strategy::Points, Some(exchange)) => items.extend(take_points(sight, due, &exchange)),
            (Strategy::Points, None) => {}
        }
    }
    items
}

fn take_rewards(sight: Sight<'_>, due: Raw) -> Vec<Item> {
    let mut due = due;
    let mut items = Vec::new();
    for lot in sight.usable(LotKind::Reward) {
        let amount = due.min(sight.free(lot));
        if amount > 0 {
            items.push(Item { lot, amount, points: 0 });
            due -= amount;
        }
    }
    items
}

/// Rule Q5: as much of what is due as all the points are worth, for the fewest points; shared out so that the
/// shares add up.
fn take_points(sight: Sight<'_>, due: Raw, exchange: &Exchange) -> Vec<Item> {
    let lots = sight.usable(LotKind::Point);
    let all: Raw = lots.iter().map(|lot| sight.free(*lot)).sum();
    let paid = due.min(exchange.worth(all));
    let lots: Vec<_> = lots.into_iter().map(|lot| (lot, sight.free(lot))).collect();
    exchange.shares(&lots, paid)
}

/// The other lots with value in them, and the first reason that applies to each (rule C7).
fn unused(sight: Sight<'_>, strategies: &[Strategy], items: &[Item]) -> Vec<(usize, UnusedReason)> {
    let mut unused = Vec::new();
    for (index, lot) in sight.account.lots_at(sight.now) {
        let strategy = match lot.kind {
            LotKind::Reward => Strategy::Rewards,
            LotKind::Point | LotKind::Status => Strategy::Points,
        };
        let status = sight.account.status(index, sight.now);
        if matches!(status, LotStatus::Exhausted | LotStatus::Revoked | LotStatus::Moved) {
            continue;
        }
        let reason = match sight.why_not(index, lot) {
            Some(reason) => reason,
            None if lot.kind == LotKind::Status => UnusedReason::NotRedeemable,
            None if !strategies.contains(&strategy) => UnusedReason::NotInStrategy,
            None => UnusedReason::NotNeeded,
        };
        if !items.iter().any(|item| item.lot == index) {
            unused.push((index, reason));
        }
    }
    unused
}

impl Model {
    pub(super) fn redeem(
        &mut self,
        request: &Redeem,
        profile: usize,
        at: Micros,
    ) -> Result<Made, Objections> {
        let plan = plan(self, request, profile, at)?;
        let at = self.decided_at(Owner::Profile(profile), at).unwrap();
        let exchange = Exchange::of(&self.program);
        let account = &mut self.profiles[profile];
        account.write_due(at);
        account.take(&plan.items);
        let (sequence, redemption) = (account.next_sequence(), account.redemptions.len());
        account.redemptions.push(Redemption {
            sequence,
            at,
            occurred_at: plan.occurred_at,
            requested: plan.requested,
            items: plan.items,
            exchange,
            hold: None,
            meta: request.meta.clone(),
            links: Vec::new(),
        });
        account.write(at, What::Redeemed(redemption));
        Ok(Made::Redemption { profile, redemption })
    }
}
