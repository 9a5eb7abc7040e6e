//! Redeeming (rules C, Q5 and S).

use scrip::Redeem;
use scrip::journal::LotKind;
use scrip::outcome::{LotStatus, UnusedReason};
use scrip::request::Strategy;

use crate::planted::bug;

use super::basket::{Allotted, Basket, Source};
use super::calendar::Micros;
use super::late::{self, Sight};
use super::money::{Exchange, Raw, share_of, smallest};
use super::profile::{Item, Redemption, What};
use super::shares::{Paid, split};
use super::{Made, Model, Objections, Owner, Rank};

/// What a redemption would take, and why not from the other lots that have value left (rule C7).
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) requested: Raw,
    /// When it happened, if it is late.
    occurred_at: Option<Micros>,
    pub(crate) items: Vec<Item>,
    /// What of each line they pay.
    pub(crate) lines: Option<Paid>,
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
    let basket = Basket::of(request.lines.as_ref(), &request.tags);
    let lines = basket.as_ref().map(Basket::total);
    let said: Option<Raw> = request.basket_total.map(|total| total.ten_thousandths().into());
    // The lines are the basket's total (rule S1).
    objections.add_if(lines.is_some() && said.is_some() && lines != said, Rank::Field(6), "basket_differs");
    let decided_at = model.decided_at(Owner::Profile(profile), at);
    objections.add_if(decided_at.is_none(), Rank::Time, "time_reversed");
    let then = decided_at.and_then(|now| late::moment(model, request, now, &mut objections));
    let exchange = Exchange::of(&model.program);
    let is_worthless = strategies.contains(&Strategy::Points) && exchange.is_none();
    objections.add_if(is_worthless, Rank::Terms, "no_exchange_rate");
    let worth = lines.or(said);
    let limit = limit(model, request, (requested, worth), &mut objections);
    // A share of nothing is a cap of zero, and caps come first.
    objections.add_if(lines == Some(0) && limit == 0, Rank::Terms, "cap_exceeded");
    // Above the basket, strict is refused and lenient is cut (rule S1).
    let limit = lines.map_or(limit, |lines| limit.min(lines));
    let is_above = lines.is_some_and(|lines| lines == 0 || request.strict && requested > lines);
    objections.add_if(is_above, Rank::Terms, "above_basket");
    let (Some(at), None) = (decided_at, objections.codes()) else { return Err(objections) };

    let account = &model.profiles[profile];
    let then_seen = then.map(|then| account.as_of_instant(then));
    let sight = Sight { account, now: account.now(at), then: then_seen };
    let taken = match &basket {
        None => Taken { items: take(sight, strategies, limit, exchange), ..Taken::default() },
        Some(basket) => take_for(basket, sight, strategies, limit, exchange),
    };
    let total: Raw = taken.items.iter().map(|item| item.amount).sum();
    if total == 0 || (request.strict && total < requested) {
        objections.add(Rank::Value, "insufficient_value");
        // A share of next to nothing is a cap of zero: whether that is a cap or a want of value, nobody says.
        objections.add_loosely(limit == 0, [Rank::Terms, Rank::Value], "cap_exceeded");
        return Err(objections);
    }
    let unused = unused(sight, strategies, basket.is_some(), &taken);
    let Taken { items, lines, .. } = taken;
    Ok(Plan { requested, occurred_at: then, items, lines, unused })
}

fn count(strategies: &[Strategy], wanted: Strategy) -> usize {
    strategies.iter().filter(|one| **one == wanted).count()
}

/// The most that can be taken, after the program's minimum spend, cap and share (rule C6).
fn limit(
    model: &Model,
    request: &Redeem,
    (requested, basket): (Raw, Option<Raw>),
    objections: &mut Objections,
) -> Raw {
    let program = &model.program;
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

/// What is taken, and why some lots give nothing although they have something.
#[derive(Default)]
struct Taken {
    items: Vec<Item>,
    lines: Option<Paid>,
    reasons: Vec<(usize, UnusedReason)>,
}

/// Rules C1 to C3: strategy after strategy, lot after lot. Nothing that has a scope, as nobody says what is bought (rule S3).
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
        if sight.account.lots[lot].scope.is_some() {
            continue;
        }
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

/// Rule S4: the rewards that may pay something, and all points together as one.
fn take_for(
    basket: &Basket,
    sight: Sight<'_>,
    strategies: &[Strategy],
    limit: Raw,
    exchange: Option<Exchange>,
) -> Taken {
    let (mut taken, mut sources) = (Taken::default(), Vec::new());
    let points: Vec<_> = sight.usable(LotKind::Point).into_iter().map(|lot| (lot, sight.free(lot))).collect();
    for strategy in strategies {
        match (strategy, exchange) {
            (Strategy::Rewards, _) => {
                for lot in sight.usable(LotKind::Reward) {
                    match basket.eligible(sight.account.lots[lot].scope.as_deref(), false) {
                        Ok(lines) => sources.push(Source { reward: Some(lot), most: sight.free(lot), lines }),
                        Err(reason) => taken.reasons.push((lot, reason)),
                    }
                }
            }
            (Strategy::Points, Some(exchange)) => {
                let all = points.iter().map(|(_, there)| there).sum();
                sources.push(Source { reward: None, most: exchange.worth(all), lines: basket.all() });
            }
            (Strategy::Points, None) => {}
        }
    }
    let allotted = basket.allot(&sources, limit);
    for (place, source) in sources.iter().enumerate() {
        let has_more = allotted.totals[place] < source.most;
        if has_more && !basket.is_room(&sources, &allotted.totals, place) {
            let lots = source.reward.map_or(points.iter().map(|(lot, _)| *lot).collect(), |lot| vec![lot]);
            taken.reasons.extend(lots.into_iter().map(|lot| (lot, UnusedReason::Covered)));
        }
    }
    let (items, lines) = paid_by(&sources, &allotted, |paid| exchange.unwrap().shares(&points, paid));
    Taken { items, lines: Some(lines), ..taken }
}

/// The items that an allotment comes to, and what they pay of each line.
pub(super) fn paid_by(
    sources: &[Source],
    allotted: &Allotted,
    by_points: impl Fn(Raw) -> Vec<Item>,
) -> (Vec<Item>, Paid) {
    let (mut items, mut lines) = (Vec::new(), Paid::new());
    for ((source, total), shares) in sources.iter().zip(&allotted.totals).zip(&allotted.shares) {
        if *total == 0 {
            continue;
        }
        let paid = match source.reward {
            Some(lot) => vec![Item { lot, amount: *total, points: 0 }],
            None => by_points(*total),
        };
        lines.extend(split(&paid, shares));
        items.extend(paid);
    }
    (items, lines)
}

/// The other lots with value in them, and the first reason that applies to each (rule C7).
fn unused(
    sight: Sight<'_>,
    strategies: &[Strategy],
    has_lines: bool,
    taken: &Taken,
) -> Vec<(usize, UnusedReason)> {
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
            Some(UnusedReason::Pending) if bug("a pending lot that is reported as not needed") => {
                UnusedReason::NotNeeded
            }
            Some(reason) => reason,
            None if lot.kind == LotKind::Status => UnusedReason::NotRedeemable,
            None if !strategies.contains(&strategy) => UnusedReason::NotInStrategy,
            None if !has_lines && lot.scope.is_some() => UnusedReason::NotEligible,
            None => {
                let known = taken.reasons.iter().find(|(other, _)| *other == index);
                known.map_or(UnusedReason::NotNeeded, |(_, reason)| *reason)
            }
        };
        if !taken.items.iter().any(|item| item.lot == index) {
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
            lines: plan.lines,
            exchange,
            hold: None,
            meta: request.meta.clone(),
            links: Vec::new(),
        });
        account.write(at, What::Redeemed(redemption));
        Ok(Made::Redemption { profile, redemption })
    }
}
