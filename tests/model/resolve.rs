//! Steps made into commands, by what the model knows when their turn comes.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use scrip::json::Json;
use scrip::{
    Amount, ArchiveDefinition, Command, Define, Definition, DefinitionId, DeleteTransaction, IssuePoints,
    IssueReward, LotKind, PointDefinition, Points, PostTransaction, ProfileId, Redefine, RedemptionId,
    Request, RewardDefinition, Strategy, Timestamp, TransactionId, Until, UpdateTransaction, When, Zone,
};

use super::Model;
use super::calendar::{Calendar, Micros, SECOND};
use super::check::id_of;
use super::define::is_reward;
use super::money::{Exchange, MAX_SINGLE, Raw, smallest};
use super::profile::Profile;
use super::programs::ZONES;
use super::steps::{
    Again, Ask, End, Issue, Link, Money, Named, Original, Pick, Redeem, Sale, Step, Template, Time, Wait,
    Wish,
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
                let edges = lots.flat_map(|lot| [Some(lot.available_at), lot.expires_at]).flatten();
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

    fn request(&mut self, ask: &Ask) -> Request {
        match ask {
            Ask::Define(template) => Define(self.definition(template)).into(),
            Ask::Redefine(which, template) => {
                let definition = self.definition(template);
                Redefine { id: self.definition_id(*which, Some(template.kind)), definition }.into()
            }
            Ask::Archive(which) => ArchiveDefinition { id: self.definition_id(*which, None) }.into(),
            Ask::Issue(issue) => self.issue(issue),
            Ask::Redeem(redeem) => self.redeem(redeem).into(),
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
                point.is_reassignable = template.is_extendable;
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
            Some((RedemptionId::new(id_of(account, one.sequence)).unwrap(), one.total()))
        };
        match link {
            Link::Own(which) => redemption(&self.model.profiles[profile], which),
            Link::Foreign(which) => {
                let mut others =
                    self.model.profiles.iter().enumerate().filter(|(place, _)| *place != profile);
                others.find_map(|(_, other)| redemption(other, which))
            }
            Link::Nothing => {
                let unknown = id_of(&self.model.profiles[profile], 4_000_000);
                Some((RedemptionId::new(unknown).unwrap(), 0))
            }
        }
    }

    /// One of a profile's transactions, deleted ones included; or of another's; or none.
    fn transaction_id(&mut self, which: Pick, profile: u8) -> TransactionId {
        let profile = self.model.profile(profile_id(profile));
        let profiles = &self.model.profiles;
        let account = if which % 16 == 15 { &profiles[0] } else { &profiles[profile] };
        let sequence = pick(&account.versions, which).map_or(1, |version| version.made);
        TransactionId::new(id_of(account, sequence)).unwrap()
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
                let ends: Vec<Micros> = lots.filter_map(|lot| lot.expires_at).collect();
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
        Request::Define(Define(definition)) | Request::Redefine(Redefine { definition, .. }) => {
            match definition {
                Definition::Reward(reward) => reward.meta = other,
                Definition::Point(point) => point.meta = other,
            }
        }
        _ => {}
    }
}
