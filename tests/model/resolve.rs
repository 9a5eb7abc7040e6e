//! Steps made into commands, by what the model knows when their turn comes.

mod fill;
mod pick;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use scrip::definition::Definition;
use scrip::id::ProfileNumber;
use scrip::json::Json;
use scrip::request::{
    ArchiveDefinition, DeleteTransaction, MergeProfiles, Reassign, Redefine, ReverseRedemption, Revoke,
    Strategy, Sweep, UpdateTransaction,
};
use scrip::{
    Amount, CaptureHold, Command, Define, DefinitionId, ProfileId, ReleaseHold, Request, ReturnTransaction,
    Timestamp, Zone,
};

use super::Model;
use super::calendar::{Micros, SECOND};
use super::money::{MAX_SINGLE, Raw, smallest};
use super::programs::ZONES;
use super::steps::{Again, Ask, Money, Pick, Redeem, Step, Wait, Wish};

/// Times of day around which clocks jump, in minutes past midnight; the last is the last second of the day.
pub(crate) const TIMES: [i64; 10] = [0, 1, 30, 60, 90, 120, 150, 180, 720, 1_380];
const TAGS: [&str; 3] = ["shoes", "sale", "food"];
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
            ask => Command { key, ..Command::new(timestamp(*self.now), self.request(ask)) },
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
                let edges = self.model.profiles.iter().flat_map(|profile| {
                    let now = profile.now(Micros::MIN);
                    let ends =
                        move |lot: usize| [Some(profile.lots[lot].available_at), profile.expiry(lot, now)];
                    (0..profile.lots.len()).flat_map(ends)
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
            bought: None,
            occurred: None,
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
                Redefine::new(self.definition_id(*which, Some(template.kind)), definition).into()
            }
            Ask::Archive(which) => ArchiveDefinition::new(self.definition_id(*which, None)).into(),
            Ask::Issue(issue) => self.issue(issue),
            Ask::Redeem(redeem) => self.redeem(redeem).into(),
            Ask::Hold(redeem, seconds) => self.hold(redeem, *seconds).into(),
            Ask::Capture(which, part, bought) => {
                let (id, total) = self.hold_id(*which);
                let mut capture = CaptureHold::all(id);
                capture.amount = part.map(|part| self.part(part, total));
                if let Some(bought) = bought {
                    (capture.lines, capture.tags) = (Some(self.lines(bought)), tags(bought.tags));
                }
                capture.into()
            }
            Ask::Release(which) => ReleaseHold::new(self.hold_id(*which).0).into(),
            Ask::Return(back) => self.give_back(back).into(),
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
            Ask::Transfer(transfer) => self.transfer(transfer).into(),
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
                ReturnTransaction::new(transaction_id, self.part(*part, left)).into()
            }
            Ask::Post(sale) => self.sale(sale).into(),
            Ask::Update(which, sale, is_void) => {
                let transaction_id = self.transaction_id(*which, sale.profile);
                let update = UpdateTransaction::new(transaction_id, self.sale(sale));
                if *is_void { update.voided().into() } else { update.into() }
            }
            Ask::Delete(which) => {
                let profile = u8::try_from(which % 3).unwrap();
                DeleteTransaction::new(self.transaction_id(*which, profile)).into()
            }
            // There is nothing to repeat yet.
            Ask::Repeat { .. } => ArchiveDefinition::new(DefinitionId::new(1).unwrap()).into(),
        }
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

/// Tags as bits.
fn tags(bits: u8) -> Vec<String> {
    let is_set = |(bit, _): &(usize, &&str)| bits >> bit & 1 == 1;
    TAGS.iter().enumerate().filter(is_set).map(|(_, tag)| (*tag).to_owned()).collect()
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
        Request::Transfer(request) => request.meta = other,
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
