//! Steps made into commands, by what the model knows when their turn comes.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use scrip::json::Json;
use scrip::{
    Amount, ArchiveDefinition, CaptureHold, Command, Define, Definition, DefinitionId, DeleteTransaction,
    HoldId, IssuePoints, IssueReward, LotId, LotKind, MergeProfiles, PlaceHold, PointDefinition, Points,
    PostTransaction, ProfileId, ProfileNumber, Quantity, Reassign, Redefine, RedemptionId, ReleaseHold,
    Request, ReturnRedemption, ReturnTransaction, ReverseRedemption, Revoke, RewardDefinition, Strategy,
    Sweep, Timestamp, TransactionId, Until, UpdateTransaction, When, Zone,
};

use super::Model;
use super::calendar::{Calendar, Micros, SECOND};
use super::define::is_reward;
use super::money::{Exchange, MAX_SINGLE, Raw, smallest};
use super::profile::Profile;
use super::programs::ZONES;
use super::steps::{
    Adjust, Again, Ask, End, Extend, Issue, Link, Money, Named, Original, Pick, Redeem, Sale, Step, Template,
    Time, Wait, Wish,
};

/// Times of day around which clocks jump, in minutes past midnight; the last is the last second of the day.
pub(crate) const TIMES: [i64; 10] = [0, 1, 30, 60, 90, 120, 150, 180, 720, 1_380];
const PROFILES: [&str; 3] = ["ann", "bob", "cyd"];

/// What steps are resolved against.
pub(crate) struct Resolver<'a> {
    pub(crate) model: &'a mut Model,
    pub(crate) now: &'a mut Micros,
    /// Every command so far, refused ones included.
    pub(crate) sent: &'a [Command<Request>],
}

impl Resolver<'_> {
    pub(crate) fn command(&mut self, step: &Step) -> Command<Request> {
        self.wait(step.wait);
        let key = step.key.map(|key| format!("key-{key}").parse().unwrap());
        let mut command = match &step.ask {
            Ask::Repeat { which, again, changed } if !self.sent.is_empty() => {
                let mut command = self.again(*which, *again);
                if *changed {
                    change(&mut command.request);
                }
                command
            }
            ask => Command { at: timestamp(*self.now), key, request: self.request(ask) },
        };
        match step.wait {
            Wait::Late(ticks) => command.at = timestamp(*self.now - ticks),
            Wait::AtTolerance(ticks) => {
                let owner = self.model.owner(&command.request);
                let tolerance = Micros::from(self.model.program.time_tolerance_seconds) * SECOND;
                if let Some(last) = owner.and_then(|owner| self.model.last_at(owner)) {
                    command.at = timestamp(last - tolerance + ticks);
                }
            }
            Wait::Micros(_) | Wait::Edge(..) => {}
        }
        command
    }

    fn again(&mut self, which: Pick, again: Again) -> Command<Request> {
        let now = timestamp(*self.now);
        let keyed: Vec<_> = self.sent.iter().filter(|command| command.key.is_some()).collect();
        match (again, pick(&keyed, which)) {
            (Again::AsBefore, _) => pick(self.sent, which).unwrap().clone(),
            (Again::Keyed, Some(command)) => Command { at: now, ..(*command).clone() },
            (Again::AtKeyWindow(ticks), Some(command)) => {
                let window = self.model.program.key_window_seconds.map_or(0, Micros::from);
                let end = command.at.micros() + window * SECOND + ticks;
                *self.now = end.max(*self.now);
                Command { at: timestamp(end), ..(*command).clone() }
            }
            _ => Command { at: now, key: None, ..pick(self.sent, which).unwrap().clone() },
        }
    }

    fn wait(&mut self, wait: Wait) {
        match wait {
            Wait::Micros(ticks) => *self.now += ticks,
            Wait::Edge(which, ticks) => {
                let lots = self.model.profiles.iter().flat_map(|profile| &profile.lots);
                let edges = lots.flat_map(|lot| {
                    [Some(lot.available_at), lot.facts.last().and_then(|fact| fact.expires_at)]
                });
                let holds = self.model.profiles.iter().flat_map(|profile| &profile.holds);
                let windows = self.model.profiles.iter().flat_map(|profile| &profile.redemptions);
                let window = Micros::from(self.model.program.reversal_window_seconds) * SECOND;
                let edges = edges
                    .flatten()
                    .chain(holds.map(|hold| hold.expires_at))
                    .chain(windows.map(|redemption| redemption.at + window).skip(1).step_by(4));
                // Not into another age, where nothing of this case would be left to use.
                let soon = *self.now..*self.now + 60 * super::calendar::DAY;
                let mut edges: Vec<Micros> =
                    edges.map(|edge| edge + ticks).filter(|edge| soon.contains(edge)).collect();
                edges.sort();
                *self.now = edges.get(usize::from(which)).or(edges.last()).copied().unwrap_or(*self.now);
            }
            Wait::Late(_) | Wait::AtTolerance(_) => {}
        }
    }

    /// Where there is nothing yet that a step could be about, it makes something.
    fn first_of_its_kind(&mut self, ask: &Ask) -> Option<Request> {
        let profiles = &self.model.profiles;
        let (redeem, hold) = match ask {
            Ask::Capture(..) | Ask::Release(_) => (false, profiles.iter().all(|one| one.holds.is_empty())),
            Ask::Return(_) | Ask::Reverse(_) => {
                (profiles.iter().all(|one| one.redemptions.is_empty()), false)
            }
            _ => (false, false),
        };
        let anything = Redeem {
            profile: Some(0),
            strategies: vec![Strategy::Points, Strategy::Rewards],
            amount: Wish::Half,
            strict: false,
            basket: Some(Money::Whole(100)),
            note: None,
        };
        self.model.program.exchange_rate?;
        match (redeem, hold) {
            (true, _) => Some(self.redeem(&anything).into()),
            (_, true) => Some(self.hold(&anything, Some(90_000)).into()),
            _ => None,
        }
    }

    fn request(&mut self, ask: &Ask) -> Request {
        if let Some(first) = self.first_of_its_kind(ask) {
            return first;
        }
        match ask {
            Ask::Define(template) => Define(self.definition(template)).into(),
            Ask::Redefine(which, template) => {
                let definition = self.definition(template);
                Redefine { id: self.definition_id(*which, Some(template.kind)), definition }.into()
            }
            Ask::Archive(which) => ArchiveDefinition { id: self.definition_id(*which, None) }.into(),
            Ask::Issue(issue) => self.issue(issue),
            Ask::Redeem(redeem) => self.redeem(redeem).into(),
            Ask::Hold(redeem, seconds) => self.hold(redeem, *seconds).into(),
            Ask::Capture(which, part) => {
                let (id, total) = self.hold_id(*which);
                let mut capture = CaptureHold::all(id);
                capture.amount = part.map(|part| self.part(part, total));
                capture.into()
            }
            Ask::Release(which) => ReleaseHold { hold_id: self.hold_id(*which).0 }.into(),
            Ask::Return(back) => {
                let (id, left) = self.redemption_id(back.which);
                let amount = self.part(back.amount, left);
                let mut request = ReturnRedemption::strict(id, amount);
                (request.strict, request.meta) = (back.strict, back.note.map(note));
                request.into()
            }
            Ask::Reverse(which) => ReverseRedemption::new(self.redemption_id(*which).0).into(),
            Ask::Extend(extend) => self.extend(extend).into(),
            Ask::Revoke(which, says_whose) => {
                let (id, owner) = self.lot_id(*which);
                let mut revoke = Revoke::new(id);
                revoke.profile_id = says_whose.then_some(owner);
                revoke.into()
            }
            Ask::Adjust(adjust) => self.adjust(adjust).into(),
            Ask::Reassign(which, to, says_whose) => {
                let (id, owner) = self.lot_id(*which);
                let mut reassign = Reassign::new(id, profile_id(*to));
                reassign.from = says_whose.then_some(owner);
                reassign.into()
            }
            Ask::Merge(from, into) => MergeProfiles::new(profile_id(*from), profile_id(*into)).into(),
            Ask::Sweep(profile, by_number) => {
                let id = profile_id(*profile);
                let place = self.model.profile(id);
                let number = self.model.profiles[place].number.filter(|_| *by_number);
                let number = number.and_then(|number| ProfileNumber::new(number).ok());
                number.map_or(Sweep::ProfileId(id), Sweep::Number).into()
            }
            Ask::ReturnSale(which, part) => {
                let (transaction_id, left) = self.sale_id(*which);
                ReturnTransaction { transaction_id, amount: self.part(*part, left) }.into()
            }
            Ask::Post(sale) => self.sale(sale).into(),
            Ask::Update(which, sale) => {
                let transaction_id = self.transaction_id(*which, sale.profile);
                UpdateTransaction { transaction_id, transaction: self.sale(sale) }.into()
            }
            Ask::Delete(which) => {
                let profile = u8::try_from(which % 3).unwrap();
                DeleteTransaction { transaction_id: self.transaction_id(*which, profile) }.into()
            }
            // There is nothing to repeat yet.
            Ask::Repeat { .. } => ArchiveDefinition { id: DefinitionId::new(1).unwrap() }.into(),
        }
    }

    fn definition(&self, template: &Template) -> Definition {
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
                reward.extend_days = template.extend_days;
                reward.is_assignable = template.is_assignable;
                reward.is_extendable = template.is_extendable;
                reward.is_reassignable = template.is_reassignable;
                reward.into()
            }
            LotKind::Point => {
                let mut point = PointDefinition::new(handle, "Some points");
                point.value = template.value.map(|value| self.points(value));
                (point.period, point.period_type) = (period, period_type);
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

    fn issue(&self, issue: &Issue) -> Request {
        let (which, named) = issue.definition;
        let other = match issue.kind {
            LotKind::Reward => LotKind::Point,
            LotKind::Point => LotKind::Reward,
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
                request.external_id = external_id;
                request.meta = issue.note.map(note);
                request.into()
            }
            LotKind::Point => {
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

    fn redeem(&mut self, wish: &Redeem) -> scrip::Redeem {
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
        let mut redeem = scrip::Redeem::strict(profile, amount).with(wish.strategies.iter().copied());
        redeem.strict = wish.strict;
        redeem.profile_id = wish.profile.map(profile_id);
        redeem.basket_total = wish.basket.map(|basket| self.amount(basket));
        redeem.meta = wish.note.map(note);
        redeem
    }

    fn hold(&mut self, wish: &Redeem, seconds: Option<u32>) -> PlaceHold {
        let redeem = self.redeem(wish);
        let mut hold = PlaceHold::strict(profile_id(0), redeem.amount).with(redeem.strategies);
        (hold.profile_id, hold.strict, hold.expires_in) = (redeem.profile_id, redeem.strict, seconds);
        (hold.basket_total, hold.meta) = (redeem.basket_total, redeem.meta);
        hold
    }

    fn extend(&self, extend: &Extend) -> scrip::Extend {
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
        let mut request = scrip::Extend::by_days(profile, extend.lots.iter().map(own).collect(), 1);
        // Never is refused, and JSON has no word for it here.
        request.extend_date = extend.until.map(|end| self.end(end)).filter(|end| *end != Until::Never);
        // Both are a contradiction, and neither means what the definition said.
        let is_both = request.extend_date.is_some() && extend.lots.len() != 3;
        request.extend_days = extend.days.filter(|_| !is_both);
        request
    }

    fn adjust(&self, adjust: &Adjust) -> scrip::Adjust {
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
            LotKind::Point => Quantity::from(self.points(value)),
        };
        let mut request = scrip::Adjust::new(id, "a manager said so");
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

    /// Part of what there is.
    fn part(&self, wish: Wish, all: Raw) -> Amount {
        let unit = smallest(self.model.program.currency.minor_unit());
        match wish {
            Wish::Fixed(money) => self.amount(money),
            Wish::All(more) => money(all + Raw::from(more) * unit),
            Wish::Half => money((all / 2 / unit).max(1) * unit),
        }
    }

    /// One of all the lots, and the profile that issued it or once had it; or an id that is none.
    fn lot_id(&self, which: Pick) -> (LotId, ProfileId) {
        let accounts = self.model.profiles.iter();
        let lots =
            accounts.flat_map(|account| account.lots.iter().map(|lot| (account.full_id(lot), account.id)));
        let all: Vec<_> = lots.collect();
        let nothing =
            (self.model.profiles.first().map_or(77, |account| account.made_by(4_000_000)), profile_id(0));
        let (id, owner) = pick(&all, which).copied().filter(|_| which % 32 != 31).unwrap_or(nothing);
        (LotId::new(id).unwrap(), owner)
    }

    /// One of all the holds, and what it set aside; or an id that is none.
    fn hold_id(&self, which: Pick) -> (HoldId, Raw) {
        let of = |account: &Profile| {
            let of_hold = |hold| (account.hold_id(hold), super::profile::total(&hold.items));
            account.holds.iter().map(of_hold).collect::<Vec<_>>()
        };
        let all: Vec<_> = self.model.profiles.iter().flat_map(of).collect();
        // The latest ones are those that are still open.
        let recent = &all[all.len().saturating_sub(if which.is_multiple_of(4) { all.len() } else { 3 })..];
        let nothing = (self.model.profiles.first().map_or(77, |account| account.made_by(4_000_000)), 0);
        let (id, total) = pick(recent, which).copied().filter(|_| which % 32 != 31).unwrap_or(nothing);
        (HoldId::new(id).unwrap(), total)
    }

    /// One of all the transactions, deleted ones included, and what of its total did not come back; or an id that is none.
    fn sale_id(&self, which: Pick) -> (TransactionId, Raw) {
        let of = |account: &Profile| {
            let left = |sale: &super::profile::Version| {
                let total = Raw::from(sale.said.total.ten_thousandths());
                (self.model.id_of(sale), total - sale.returned)
            };
            account.transactions_at(account.now(*self.now)).map(left).collect::<Vec<_>>()
        };
        let all: Vec<_> = self.model.profiles.iter().flat_map(of).collect();
        let nothing = (self.model.profiles.first().map_or(77, |account| account.made_by(4_000_000)), 0);
        let (id, left) = pick(&all, which).copied().filter(|_| which % 32 != 31).unwrap_or(nothing);
        (TransactionId::new(id).unwrap(), left)
    }

    /// One of all the redemptions, and what is left of it to give back; or an id that is none.
    fn redemption_id(&self, which: Pick) -> (RedemptionId, Raw) {
        let of = |(profile, account): (usize, &Profile)| {
            let left = |(place, one): (usize, &super::profile::Redemption)| {
                (account.made_by(one.sequence), one.total() - self.model.returned(profile, place))
            };
            account.redemptions.iter().enumerate().map(left).collect::<Vec<_>>()
        };
        let all: Vec<_> = self.model.profiles.iter().enumerate().flat_map(of).collect();
        let nothing = (self.model.profiles.first().map_or(77, |account| account.made_by(4_000_000)), 0);
        let (id, left) = pick(&all, which).copied().filter(|_| which % 32 != 31).unwrap_or(nothing);
        (RedemptionId::new(id).unwrap(), left)
    }

    /// What there is to redeem for the strategies.
    fn available(&self, account: &Profile, strategies: &[Strategy]) -> Raw {
        let cut = account.now(*self.now);
        let of = |kind| account.sums(kind, cut).available;
        let worth =
            Exchange::of(&self.model.program).map_or(0, |exchange| exchange.worth(of(LotKind::Point)));
        let rewards = if strategies.contains(&Strategy::Rewards) { of(LotKind::Reward) } else { 0 };
        let points = if strategies.contains(&Strategy::Points) { worth } else { 0 };
        rewards + points
    }

    fn sale(&mut self, sale: &Sale) -> PostTransaction {
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

    /// A redemption to link, and its total.
    fn link(&self, link: Link, profile: usize) -> Option<(RedemptionId, Raw)> {
        let redemption = |account: &Profile, which| {
            let one = pick(&account.redemptions, which)?;
            Some((RedemptionId::new(account.made_by(one.sequence)).unwrap(), one.total()))
        };
        match link {
            Link::Own(which) => redemption(&self.model.profiles[profile], which),
            Link::Foreign(which) => {
                let mut others =
                    self.model.profiles.iter().enumerate().filter(|(place, _)| *place != profile);
                others.find_map(|(_, other)| redemption(other, which))
            }
            Link::Nothing => {
                let unknown = self.model.profiles[profile].made_by(4_000_000);
                Some((RedemptionId::new(unknown).unwrap(), 0))
            }
        }
    }

    /// One of a profile's transactions, deleted ones included; or of another's; or none.
    fn transaction_id(&mut self, which: Pick, profile: u8) -> TransactionId {
        let profile = self.model.profile(profile_id(profile));
        let profiles = &self.model.profiles;
        // One that was merged into it has transactions that it answers for.
        let merged = profiles.iter().find(|other| other.merged.is_some_and(|(_, into)| into == profile));
        let account = match which % 16 {
            15 => &profiles[0],
            8..15 => merged.unwrap_or(&profiles[profile]),
            _ => &profiles[profile],
        };
        let sequence = pick(&account.versions, which).map_or(1, |version| version.made);
        TransactionId::new(account.made_by(sequence)).unwrap()
    }

    /// One of the definitions, archived ones included; or an id that is none.
    fn definition_id(&self, which: Pick, kind: Option<LotKind>) -> DefinitionId {
        let all = self.model.catalogue.after(self.model.catalogue.versions.len());
        let is_kind = |definition| kind.is_none_or(|kind| is_reward(definition) == (kind == LotKind::Reward));
        let fit: Vec<DefinitionId> =
            all.iter().filter(|version| is_kind(&version.definition)).map(|version| version.id).collect();
        pick(&fit, which).copied().unwrap_or(DefinitionId::new(4_000_000).unwrap())
    }

    fn when(&self, time: Time) -> When {
        match time {
            Time::Instant(ticks) => When::Instant(timestamp(*self.now + ticks)),
            Time::Local(days, time) => When::Local(self.local(days, time)),
            Time::Last => When::Local("9999-12-31T23:59:59".parse().unwrap()),
        }
    }

    fn end(&self, end: End) -> Until {
        match end {
            End::Never => Until::Never,
            End::At(time) => match self.when(time) {
                When::Instant(at) => Until::Instant(at),
                When::Local(local) => Until::Local(local),
            },
            End::Day(days) => Until::Day(self.today() + TimeDelta::days(days)),
            End::With(which) => {
                let lots = self.model.profiles.iter().flat_map(|profile| &profile.lots);
                let ends: Vec<Micros> =
                    lots.filter_map(|lot| lot.facts.last().and_then(|fact| fact.expires_at)).collect();
                pick(&ends, which).map_or(Until::Never, |end| Until::Instant(timestamp(*end)))
            }
        }
    }

    fn today(&self) -> NaiveDate {
        Calendar::of(self.model.program.timezone).date(*self.now)
    }

    fn local(&self, days: i64, time: u8) -> NaiveDateTime {
        local(self.today(), days, time)
    }

    fn amount(&self, money: Money) -> Amount {
        Amount::from_ten_thousandths(raw(money, self.model.program.currency.minor_unit())).unwrap()
    }

    fn points(&self, money: Money) -> Points {
        Points::from_ten_thousandths(raw(money, self.model.program.point_scale)).unwrap()
    }
}

/// So many days after a date, at one of [`TIMES`] or in the last second.
pub(crate) fn local(today: NaiveDate, days: i64, time: u8) -> NaiveDateTime {
    let minutes = TIMES.get(usize::from(time) % (TIMES.len() + 1)).map(|minutes| minutes * 60);
    (today + TimeDelta::days(days)).and_time(NaiveTime::MIN) + TimeDelta::seconds(minutes.unwrap_or(86_399))
}

pub(crate) fn profile_id(profile: u8) -> ProfileId {
    ProfileId::new(PROFILES[usize::from(profile)]).unwrap()
}

pub(crate) fn timestamp(at: Micros) -> Timestamp {
    Timestamp::from_micros(at).unwrap()
}

pub(crate) fn zone(which: u8) -> Zone {
    ZONES[usize::from(which)].parse().unwrap()
}

fn pick<T>(list: &[T], which: Pick) -> Option<&T> {
    (!list.is_empty()).then(|| &list[usize::from(which) % list.len()])
}

fn raw(money: Money, decimals: u8) -> i64 {
    let unit = smallest(decimals);
    let raw = match money {
        Money::Whole(count) => Raw::from(count) * 10_000,
        Money::Smallest(count) => Raw::from(count) * unit,
        Money::TooFine(count) => Raw::from(count) * unit + (unit / 10).max(1),
        Money::Zero => 0,
        Money::Largest => MAX_SINGLE,
        Money::TooLarge => MAX_SINGLE + unit,
    };
    i64::try_from(raw).unwrap()
}

fn money(raw: Raw) -> Amount {
    Amount::from_ten_thousandths(i64::try_from(raw.max(0)).unwrap()).unwrap()
}

fn note(number: u8) -> Json {
    Json::new(&format!(r#"{{"note": {number}}}"#)).unwrap()
}

/// The same request with other content, where it has a field that can tell.
pub(crate) fn change(request: &mut Request) {
    let other = Some(Json::new(r#"{"note": "changed"}"#).unwrap());
    match request {
        Request::IssueReward(request) => request.meta = other,
        Request::IssuePoints(request) => request.meta = other,
        Request::Redeem(request) => request.meta = other,
        Request::PostTransaction(request) => request.meta = other,
        Request::UpdateTransaction(request) => request.transaction.meta = other,
        Request::PlaceHold(request) => request.meta = other,
        Request::CaptureHold(request) => request.meta = other,
        Request::ReturnRedemption(request) => request.meta = other,
        Request::ReverseRedemption(request) => request.meta = other,
        Request::Adjust(request) => request.meta = other,
        Request::Revoke(request) => request.reason = Some("changed".to_owned()),
        Request::Define(Define(definition)) | Request::Redefine(Redefine { definition, .. }) => {
            match definition {
                Definition::Reward(reward) => reward.meta = other,
                Definition::Point(point) => point.meta = other,
            }
        }
        _ => {}
    }
}
