//! Requests filled in, field by field.

use scrip::definition::{Definition, Scope};
use scrip::journal::LotKind;
use scrip::request::{Line, ReturnLine};
use scrip::time::Until;
use scrip::value::Quantity;
use scrip::{
    Amount, DefinitionId, IssuePoints, IssueReward, LotId, PlaceHold, PointDefinition, PostTransaction,
    Request, ReturnRedemption, RewardDefinition,
};

use crate::model::calendar::{Micros, SECOND};
use crate::model::money::{Raw, smallest};
use crate::model::resolve::{Resolver, money, note, pick, profile_id, tags, timestamp, zone};
use crate::model::steps::{
    Adjust, Ago, Back, Bought, Extend, Issue, Money, Named, Original, Pick, Redeem, Sale, Scoped, Template,
    Transfer, Wish,
};

impl Resolver<'_> {
    pub(super) fn definition(&self, template: &Template) -> Definition {
        let handle = format!("handle-{}", template.handle).parse().unwrap();
        // Never is refused, and JSON has no word for it here: see `every_code_is_reached`.
        let absolute_expiry =
            template.absolute_expiry.map(|end| self.end(end)).filter(|end| *end != Until::Never);
        let (period, period_type) =
            template.period.map_or((None, Default::default()), |(count, unit)| (Some(count), unit));
        match template.kind {
            LotKind::Reward => {
                let value = self.amount(template.value.unwrap_or(Money::Whole(5)));
                let mut reward = RewardDefinition::new(handle, "A reward", value);
                reward.max_value = template.max_value.map(|max| self.amount(max));
                (reward.period, reward.period_type) = (period, period_type);
                reward.absolute_expiry = absolute_expiry;
                reward.timezone = template.zone.map(zone);
                reward.scope = template.scope.map(|scoped| Box::new(scope(scoped)));
                reward.extend_days = template.extend_days;
                reward.is_assignable = template.is_assignable;
                reward.is_extendable = template.is_extendable;
                reward.is_reassignable = template.is_reassignable;
                reward.into()
            }
            LotKind::Point | LotKind::Status => {
                let mut point = PointDefinition::new(handle, "Some points");
                point.is_redeemable = template.kind == LotKind::Point;
                point.value = template.value.map(|value| self.points(value));
                (point.period, point.period_type) = (period, period_type);
                if let Some((count, unit)) = template.inactivity {
                    (point.inactivity_period, point.inactivity_period_type) = (Some(count), unit);
                }
                point.absolute_expiry = absolute_expiry;
                point.timezone = template.zone.map(zone);
                point.extend_days = template.extend_days;
                point.is_assignable = template.is_assignable;
                point.is_extendable = template.is_extendable;
                point.is_reassignable = template.is_reassignable;
                point.into()
            }
        }
    }

    pub(super) fn issue(&self, issue: &Issue) -> Request {
        let (which, named) = issue.definition;
        let other = match issue.kind {
            LotKind::Reward => LotKind::Point,
            LotKind::Point | LotKind::Status => LotKind::Reward,
        };
        let kind = if matches!(named, Named::Other) { other } else { issue.kind };
        let id = self.definition_id(which, Some(kind));
        let handle = self.model.catalogue.get(id).map(|found| found.definition.handle().clone());
        let (id, handle) = match named {
            Named::Id | Named::Other => (Some(id), None),
            Named::Handle => (None, handle),
            Named::Both => (Some(id), handle),
            Named::Neither => (None, None),
        };
        let profile = profile_id(issue.profile);
        let external_id = issue.external.map(|name| format!("lot-{name}").parse().unwrap());
        let some_id = DefinitionId::new(1).unwrap();
        match issue.kind {
            LotKind::Reward => {
                let mut request = IssueReward::new(profile, some_id);
                (request.reward_definition_id, request.reward_definition_handle) = (id, handle);
                request.value_initial = issue.initial.map(|value| self.amount(value));
                request.value_remaining = issue.remaining.map(|value| self.amount(value));
                request.issued_at = issue.issued_at.map(|time| self.when(time));
                request.available_at = issue.available_at.map(|time| self.when(time));
                request.expires_at = issue.expires_at.map(|end| self.end(end));
                request.timezone = issue.zone.map(zone);
                request.scope = issue.scope.map(scope);
                request.external_id = external_id;
                request.meta = issue.note.map(note);
                request.into()
            }
            LotKind::Point | LotKind::Status => {
                let mut request = IssuePoints::new(profile, some_id);
                (request.point_definition_id, request.point_definition_handle) = (id, handle);
                request.value_initial = issue.initial.map(|value| self.points(value));
                request.value_remaining = issue.remaining.map(|value| self.points(value));
                request.issued_at = issue.issued_at.map(|time| self.when(time));
                request.available_at = issue.available_at.map(|time| self.when(time));
                request.expires_at = issue.expires_at.map(|end| self.end(end));
                request.timezone = issue.zone.map(zone);
                request.external_id = external_id;
                request.source_type = issue.note.map(|_| "shop".to_owned());
                request.source = issue.note.map(|number| number.to_string());
                request.into()
            }
        }
    }

    pub(super) fn redeem(&mut self, wish: &Redeem) -> scrip::Redeem {
        let profile = profile_id(wish.profile.unwrap_or(0));
        let account = self.model.profile(profile);
        let all = self.available(&self.model.profiles[account], &wish.strategies);
        let minor_unit = smallest(self.model.program.currency.minor_unit());
        let amount = match wish.amount {
            Wish::Fixed(money) => self.amount(money),
            // Where there is nothing, ask for something all the same.
            Wish::All(_) | Wish::Half if all == 0 => Amount::from(3),
            Wish::All(more) => money(all + Raw::from(more) * minor_unit),
            Wish::Half => money(all / 2 / minor_unit * minor_unit),
        };
        let mut redeem =
            scrip::Redeem::strict(profile, amount).with_strategies(wish.strategies.iter().copied());
        redeem.strict = wish.strict;
        redeem.profile_id = wish.profile.map(profile_id);
        redeem.basket_total = wish.basket.map(|basket| self.amount(basket));
        if let Some(bought) = &wish.bought {
            let lines = self.lines(bought);
            let total = lines.iter().map(|line| Raw::from(line.amount.ten_thousandths())).sum();
            let right = money(total);
            redeem.basket_total = bought
                .says_total
                .and_then(|is_right| if is_right { Some(right) } else { redeem.basket_total });
            redeem.lines = Some(lines);
            redeem.tags = tags(bought.tags);
        }
        redeem.occurred_at = wish.occurred.map(|ago| timestamp(self.ago(ago)));
        redeem.meta = wish.note.map(note);
        redeem
    }

    pub(super) fn lines(&self, bought: &Bought) -> Vec<Line> {
        let line = |(id, (amount, bits)): (usize, &(Money, u8))| {
            Line::new(format!("line-{id}"), self.amount(*amount)).with_tags(tags(*bits))
        };
        bought.lines.iter().enumerate().map(line).collect()
    }

    pub(super) fn give_back(&self, back: &Back) -> ReturnRedemption {
        let (id, left) = self.redemption_id(back.which);
        let mut request = ReturnRedemption::strict(id, self.part(back.amount, left));
        let paid = self.paid_lines(id);
        if !back.lines.is_empty() && (!paid.is_empty() || back.which.is_multiple_of(8)) {
            let mut lines: Vec<ReturnLine> = Vec::new();
            for (which, part) in &back.lines {
                let nothing = ("line-9".to_owned(), 0);
                let (line, left) = pick(&paid, *which).filter(|_| which % 16 != 15).unwrap_or(&nothing);
                if lines.iter().all(|known| known.id != *line) {
                    let amount = part.map(|part| self.part(part, *left));
                    let mut back = ReturnLine::all(line);
                    back.amount = amount;
                    lines.push(back);
                }
            }
            (request.amount, request.lines) = (None, Some(lines));
        }
        (request.strict, request.meta) = (back.strict, back.note.map(note));
        request
    }

    fn ago(&self, ago: Ago) -> Micros {
        match ago {
            Ago::Micros(micros) => *self.now - micros,
            Ago::AtWindow(ticks) => {
                *self.now - Micros::from(self.model.program.late_window_seconds) * SECOND + ticks
            }
            Ago::Edge(which, ticks) => {
                let lots = self.model.profiles.iter().flat_map(|profile| &profile.lots);
                let ends = lots.flat_map(|lot| lot.facts.iter().filter_map(|fact| fact.expires_at));
                let entries = self.model.profiles.iter().flat_map(|profile| &profile.journal);
                let edges = ends.chain(entries.map(|entry| entry.at)).filter(|edge| edge < self.now);
                let mut edges: Vec<Micros> = edges.collect();
                edges.sort();
                edges.dedup();
                let edge = edges.iter().rev().nth(usize::from(which)).or(edges.first());
                edge.map_or(*self.now, |edge| edge + ticks)
            }
        }
    }

    pub(super) fn hold(&mut self, wish: &Redeem, seconds: Option<u32>) -> PlaceHold {
        let redeem = self.redeem(wish);
        let mut hold = PlaceHold::strict(profile_id(0), redeem.amount)
            .with_strategies(redeem.strategies.iter().copied());
        (hold.profile_id, hold.strict, hold.expires_in) = (redeem.profile_id, redeem.strict, seconds);
        (hold.basket_total, hold.meta) = (redeem.basket_total, redeem.meta);
        (hold.lines, hold.tags) = (redeem.lines, redeem.tags);
        hold
    }

    pub(super) fn extend(&self, extend: &Extend) -> scrip::request::Extend {
        let profile = profile_id(extend.profile);
        let own = |which: &Pick| {
            let place = self.model.profiles.iter().position(|one| one.id == profile);
            let account = place.map(|place| &self.model.profiles[self.model.home(place)]);
            let lot = account.and_then(|account| Some(account.full_id(pick(&account.lots, *which)?)));
            // Now and then one of anybody's.
            match lot.and_then(|lot| LotId::new(lot).ok()) {
                Some(lot) if which % 16 != 15 => lot,
                _ => self.lot_id(*which).0,
            }
        };
        let mut request = scrip::request::Extend::by_days(profile, extend.lots.iter().map(own).collect(), 1);
        // Never is refused, and JSON has no word for it here.
        request.extend_date = extend.until.map(|end| self.end(end)).filter(|end| *end != Until::Never);
        // Both are a contradiction, and neither means what the definition said.
        let is_both = request.extend_date.is_some() && extend.lots.len() != 3;
        request.extend_days = extend.days.filter(|_| !is_both);
        request
    }

    pub(super) fn transfer(&mut self, transfer: &Transfer) -> scrip::request::Transfer {
        let (from, to) = (profile_id(transfer.from), profile_id(transfer.to));
        let account = self.model.profile(from);
        let account = &self.model.profiles[self.model.home(account)];
        let now = account.now(*self.now);
        let lots = account.usable(transfer.kind, now).into_iter();
        let lots: Vec<usize> = lots.filter(|lot| account.lots[*lot].terms.is_reassignable).collect();
        let all: Raw = lots.iter().map(|lot| account.free(*lot, now)).sum();
        let of = |value: Money| match transfer.kind {
            LotKind::Reward => Quantity::from(self.amount(value)),
            LotKind::Point | LotKind::Status => Quantity::from(self.points(value)),
        };
        let value = match transfer.value {
            Wish::Fixed(value) => of(value),
            Wish::All(_) | Wish::Half if all == 0 => of(Money::Whole(3)),
            Wish::All(more) => money(all + Raw::from(more) * 10_000).into(),
            Wish::Half => money((all / 2 / 10_000).max(1) * 10_000).into(),
        };
        let own = |which: &Pick| match pick(&lots, *which) {
            // Now and then one of anybody's.
            Some(lot) if which % 8 != 7 => LotId::new(account.full_id(&account.lots[*lot])).unwrap(),
            _ => self.lot_id(*which).0,
        };
        let mut request = scrip::request::Transfer::new(from, to, transfer.kind, value);
        request.ids = transfer.lots.iter().map(own).collect();
        request.meta = transfer.note.map(note);
        request
    }

    pub(super) fn adjust(&self, adjust: &Adjust) -> scrip::request::Adjust {
        let (id, owner) = self.lot_id(adjust.which);
        let accounts = self.model.profiles.iter();
        let found = accounts.rev().find_map(|account| {
            let lot = account.lot_with(id.get())?;
            Some((account.lots[lot].kind, account.remaining(lot, account.now(*self.now))))
        });
        let (kind, remaining) = found.unwrap_or((LotKind::Reward, 0));
        let quantity = |raw: Raw| Quantity::from(money(raw));
        let of = |value: Money| match kind {
            LotKind::Reward => Quantity::from(self.amount(value)),
            LotKind::Point | LotKind::Status => Quantity::from(self.points(value)),
        };
        let mut request = scrip::request::Adjust::new(id, "a manager said so");
        request.profile_id = adjust.says_whose.then_some(owner);
        request.value_initial = adjust.initial.map(of);
        request.value_remaining = adjust.remaining.map(|wish| match wish {
            Wish::Fixed(value) => of(value),
            Wish::All(more) => quantity(remaining + Raw::from(more) * 10_000),
            Wish::Half => quantity(remaining / 2 / 10_000 * 10_000),
        });
        request.expires_at = adjust.expires_at.map(|end| self.end(end));
        request.meta = adjust.note.map(note);
        request
    }

    pub(super) fn sale(&mut self, sale: &Sale) -> PostTransaction {
        let profile = self.model.profile(profile_id(sale.profile));
        let link = sale.link.and_then(|link| self.link(link, profile));
        let mut post = PostTransaction::new(profile_id(sale.profile), self.amount(sale.total));
        post.redemption_id = link.map(|(id, _)| id);
        post.total_original = sale.original.map(|original| match original {
            Original::Fixed(money) => self.amount(money),
            Original::Redeemed(more) => {
                let minor_unit = smallest(self.model.program.currency.minor_unit());
                money(link.map_or(0, |(_, total)| total) + Raw::from(more) * minor_unit)
            }
        });
        post.transacted_at = sale.transacted_at.map(|time| self.when(time));
        post.timezone = sale.zone.map(zone);
        post.external_id = sale.external.map(|name| format!("order-{name}").parse().unwrap());
        post.tags = sale.note.map(|number| format!("tag-{number}")).into_iter().collect();
        post.items = sale.note.map(note);
        post
    }
}

fn scope(scoped: Scoped) -> Scope {
    let scope = Scope::only(tags(scoped.only)).with_except(tags(scoped.except));
    scoped.minimum.map_or(scope.clone(), |minimum| scope.with_minimum_spend(Amount::from(minimum)))
}
