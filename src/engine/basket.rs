//! A basket: the lines that a request says are bought, and what lots can pay of them (rules S1 to S4).

use std::collections::BTreeMap;

use hashbrown::HashMap;

use crate::account::Account;
use crate::definition::{Line, Scope};
use crate::engine::Rejection;
use crate::engine::allot::{Allotment, LineSet, Source, allot};
use crate::id::LotId;
use crate::journal::draw::{Draw, first_part};
use crate::journal::lines::split;
use crate::journal::{HoldEntry, Item, LineShare, LotKind, PaidLines, Strategy};
use crate::program::Program;
use crate::time::Timestamp;
use crate::value::{Amount, Exchange, Points};

/// The lines of a request, and the tags that every line has as well (rule S1).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Basket<'a> {
    pub(crate) lines: &'a [Line],
    pub(crate) tags: &'a [String],
}

/// Why a lot that has value pays no line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unpaying {
    /// There is no line that it may pay.
    NotEligible,
    /// The lines that it may pay cost less than its minimum spend.
    BelowMinimum,
    /// The lines that it may pay are paid by other lots.
    Covered,
}

/// The reasons, by lot.
pub(crate) type Reasons = BTreeMap<LotId, Unpaying>;

/// Draws up to an amount, which the lots may pay of the lines (rule S4); and tells why lots that are not used are not.
pub(crate) fn draw_for(
    basket: Basket<'_>,
    (program, account, at): (&Program, &Account, Timestamp),
    strategies: &[Strategy],
    wanted: Amount,
    reasons: Option<&mut Reasons>,
) -> Result<Draw, Rejection> {
    let mut offer = Offer::new(basket, account);
    for strategy in strategies {
        match strategy {
            Strategy::Rewards => {
                let lots = account.rewards().map(|lot| (lot.id, lot.available(at).as_amount()));
                lots.filter(|(_, has)| !has.is_zero()).for_each(|(lot, has)| offer.reward(lot, has, true));
            }
            Strategy::Points => {
                let exchange = program.exchange().ok_or(Rejection::NoExchangeRate)?;
                let available = account.pot(LotKind::Point).available.as_points();
                offer.points(exchange.pays(available, Amount::MAX_TOTAL));
            }
        }
    }
    let mut allotment = allot(&offer.amounts, &offer.sources, wanted);
    let points = |draw: &mut Draw, pays: Amount| {
        if let Some(exchange) = program.exchange() {
            let lots = account.lots(LotKind::Point).map(|lot| (lot.id, lot.available(at)));
            draw.points(lots, exchange, pays);
        }
    };
    let draw = offer.drawn(&allotment, program.exchange(), points);
    if let Some(reasons) = reasons {
        reasons.extend(offer.reasons(&mut allotment, account));
    }
    Ok(draw)
}

/// The most of what is held that may pay the lines, up to an amount (rules H2 and S5). The minimum spend was tested
/// when it was held.
pub(crate) fn capture_for(basket: Basket<'_>, account: &Account, placed: &HoldEntry, wanted: Amount) -> Draw {
    let exchange = placed.details.as_ref().and_then(|details| details.exchange);
    let mut offer = Offer::new(basket, account);
    let points: Vec<Item> =
        placed.items.iter().filter(|item| item.kind() == LotKind::Point).copied().collect();
    let paid = points.iter().fold(Amount::ZERO, |sum, item| sum.plus(item.amount));
    for item in &placed.items {
        match item.kind() {
            LotKind::Reward => offer.reward(item.lot, item.amount, false),
            _ if offer.has_points() => {}
            _ => offer.points(paid),
        }
    }
    let allotment = allot(&offer.amounts, &offer.sources, wanted);
    offer.drawn(&allotment, exchange, |draw, pays| {
        let items = first_part(&points, exchange, pays);
        items.iter().for_each(|item| draw.add(*item));
        if !items.is_empty() {
            draw.details.get_or_insert_default().exchange = exchange;
        }
    })
}

/// The lots that may pay, in the order of use.
struct Offer<'a> {
    basket: Basket<'a>,
    account: &'a Account,
    amounts: Vec<Amount>,
    /// The lines with an amount.
    all: LineSet,
    /// The lines that have a tag, for each tag of a scope.
    tagged: HashMap<&'a str, LineSet>,
    sources: Vec<Source>,
    /// The lot of each source; all point lots are one source.
    lots: Vec<Option<LotId>>,
    reasons: Reasons,
}

impl<'a> Offer<'a> {
    fn new(basket: Basket<'a>, account: &'a Account) -> Self {
        let amounts: Vec<Amount> = basket.lines.iter().map(|line| line.amount).collect();
        let mut all = LineSet::EMPTY;
        let some = amounts.iter().enumerate().filter(|(_, amount)| !amount.is_zero());
        some.for_each(|(line, _)| all.insert(line));
        let tagged = tagged(basket, account, all);
        let (sources, lots, reasons) = (Vec::new(), Vec::new(), Reasons::new());
        Self { basket, account, amounts, all, tagged, sources, lots, reasons }
    }

    fn reward(&mut self, lot: LotId, capacity: Amount, with_minimum: bool) {
        match self.eligible(self.account.scope(lot), with_minimum) {
            Ok(lines) => {
                self.sources.push(Source { capacity, lines });
                self.lots.push(Some(lot));
            }
            Err(reason) => drop(self.reasons.insert(lot, reason)),
        }
    }

    fn points(&mut self, capacity: Amount) {
        self.sources.push(Source { capacity, lines: self.all });
        self.lots.push(None);
    }

    fn has_points(&self) -> bool {
        self.lots.contains(&None)
    }

    /// The lines that a lot with this scope may pay (rule S2).
    fn eligible(&self, scope: Option<&Scope>, with_minimum: bool) -> Result<LineSet, Unpaying> {
        let Some(scope) = scope else { return Ok(self.all) };
        let with = |tags: &[String]| {
            let sets = tags.iter().filter_map(|tag| self.tagged.get(tag.as_str()));
            sets.fold(LineSet::EMPTY, |all, set| all.with(*set))
        };
        let only = if scope.only.is_empty() { self.all } else { with(&scope.only) };
        let lines = only.without(with(&scope.except));
        if lines.is_empty() {
            return Err(Unpaying::NotEligible);
        }
        let minimum = scope.minimum_spend.filter(|_| with_minimum).unwrap_or_default();
        let amounts = lines.lines().filter_map(|line| self.amounts.get(line));
        let cost = amounts.fold(Amount::ZERO, |sum, amount| sum.plus(*amount));
        if cost < minimum { Err(Unpaying::BelowMinimum) } else { Ok(lines) }
    }

    /// The draw that an allotment is, with the points drawn from their lots.
    fn drawn(
        &self,
        allotment: &Allotment,
        exchange: Option<Exchange>,
        points: impl Fn(&mut Draw, Amount),
    ) -> Draw {
        let mut draw = Draw::default();
        let mut lines: Vec<Vec<LineShare>> = Vec::new();
        for ((source, lot), shares) in self.lots.iter().enumerate().zip(allotment.shares()) {
            let given = allotment.given(source);
            if given.is_zero() {
                continue;
            }
            let shares = shares.iter().filter_map(|(line, amount)| {
                let id = self.basket.lines.get(*line)?.id.clone();
                Some(LineShare { id, amount: *amount })
            });
            let shares = shares.collect();
            if let Some(lot) = lot {
                draw.add(Item { lot: *lot, amount: given, points: Points::ZERO });
                lines.push(shares);
            } else {
                let before = draw.items.len();
                points(&mut draw, given);
                lines.extend(split(draw.items.get(before..).unwrap_or_default(), exchange, shares));
            }
        }
        draw.details.get_or_insert_default().lines = Some(lines.into_iter().collect::<PaidLines>());
        draw
    }

    /// Why the lots that are not used are not, unless they are simply not needed.
    fn reasons(&self, allotment: &mut Allotment, account: &Account) -> Reasons {
        let mut reasons = self.reasons.clone();
        for (source, lot) in self.lots.iter().enumerate() {
            let has_more = self.sources.get(source).is_some_and(|s| allotment.given(source) < s.capacity);
            if !has_more || allotment.could_give_more(source) {
                continue;
            }
            match lot {
                Some(lot) => drop(reasons.insert(*lot, Unpaying::Covered)),
                None => {
                    let lots = account.lots(LotKind::Point).map(|lot| (lot.id, Unpaying::Covered));
                    reasons.extend(lots);
                }
            }
        }
        reasons
    }
}

/// The lines with each tag that some scope of the account names.
fn tagged<'a>(basket: Basket<'a>, account: &'a Account, all: LineSet) -> HashMap<&'a str, LineSet> {
    let scopes = account.scopes();
    let mut tagged: HashMap<&str, LineSet> = scopes
        .flat_map(|scope| scope.only.iter().chain(&scope.except))
        .map(|tag| (tag.as_str(), LineSet::EMPTY))
        .collect();
    if tagged.is_empty() {
        return tagged;
    }
    for tag in basket.tags {
        tagged.get_mut(tag.as_str()).into_iter().for_each(|lines| *lines = all);
    }
    for (number, line) in basket.lines.iter().enumerate().filter(|(number, _)| all.contains(*number)) {
        for tag in &line.tags {
            tagged.get_mut(tag.as_str()).into_iter().for_each(|lines| lines.insert(number));
        }
    }
    tagged
}
