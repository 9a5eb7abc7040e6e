//! What a step picks of the things that there are by now, and the values that it names.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use scrip::journal::LotKind;
use scrip::request::Strategy;
use scrip::time::{Until, When};
use scrip::{Amount, DefinitionId, HoldId, LotId, Points, ProfileId, RedemptionId, TransactionId};

use crate::model::calendar::{Calendar, Micros};
use crate::model::define::is_reward;
use crate::model::money::{Exchange, Raw, smallest};
use crate::model::profile::Profile;
use crate::model::resolve::{Resolver, local, money, pick, profile_id, raw, timestamp};
use crate::model::steps::{End, Link, Money, Pick, Time, Wish};

impl Resolver<'_> {
    /// Part of what there is.
    pub(super) fn part(&self, wish: Wish, all: Raw) -> Amount {
        let unit = smallest(self.model.program.currency.minor_unit());
        match wish {
            Wish::Fixed(money) => self.amount(money),
            Wish::All(more) => money(all + Raw::from(more) * unit),
            Wish::Half => money((all / 2 / unit).max(1) * unit),
        }
    }

    /// One of all the lots, and the profile that issued it or once had it; or an id that is none.
    pub(super) fn lot_id(&self, which: Pick) -> (LotId, ProfileId) {
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
    pub(super) fn hold_id(&self, which: Pick) -> (HoldId, Raw) {
        let of = |account: &Profile| {
            let of_hold = |hold| (account.hold_id(hold), crate::model::profile::total(&hold.items));
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
    pub(super) fn sale_id(&self, which: Pick) -> (TransactionId, Raw) {
        let of = |account: &Profile| {
            let left = |sale: &crate::model::profile::Version| {
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
    pub(super) fn redemption_id(&self, which: Pick) -> (RedemptionId, Raw) {
        let of = |(profile, account): (usize, &Profile)| {
            let left = |(place, one): (usize, &crate::model::profile::Redemption)| {
                (account.made_by(one.sequence), one.total() - self.model.returned(profile, place))
            };
            account.redemptions.iter().enumerate().map(left).collect::<Vec<_>>()
        };
        let all: Vec<_> = self.model.profiles.iter().enumerate().flat_map(of).collect();
        let nothing = (self.model.profiles.first().map_or(77, |account| account.made_by(4_000_000)), 0);
        let (id, left) = pick(&all, which).copied().filter(|_| which % 32 != 31).unwrap_or(nothing);
        (RedemptionId::new(id).unwrap(), left)
    }

    /// What is still paid of each line of a redemption.
    pub(super) fn paid_lines(&self, id: RedemptionId) -> Vec<(String, Raw)> {
        let owner = self.model.profiles.iter().position(|one| one.number == Some(id.number().get()));
        let found = owner.and_then(|owner| self.model.redemption_of(self.model.home(owner), id));
        found.map_or(Vec::new(), |(profile, redemption)| self.model.paid_lines(profile, redemption))
    }

    /// What there is to redeem for the strategies.
    pub(super) fn available(&self, account: &Profile, strategies: &[Strategy]) -> Raw {
        let cut = account.now(*self.now);
        let of = |kind| account.sums(kind, cut).available;
        let worth =
            Exchange::of(&self.model.program).map_or(0, |exchange| exchange.worth(of(LotKind::Point)));
        let rewards = if strategies.contains(&Strategy::Rewards) { of(LotKind::Reward) } else { 0 };
        let points = if strategies.contains(&Strategy::Points) { worth } else { 0 };
        rewards + points
    }

    /// A redemption to link, and its total.
    pub(super) fn link(&self, link: Link, profile: usize) -> Option<(RedemptionId, Raw)> {
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
    pub(super) fn transaction_id(&mut self, which: Pick, profile: u8) -> TransactionId {
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
    pub(super) fn definition_id(&self, which: Pick, kind: Option<LotKind>) -> DefinitionId {
        let all = self.model.catalogue.after(self.model.catalogue.versions.len());
        let is_kind = |definition| kind.is_none_or(|kind| is_reward(definition) == (kind == LotKind::Reward));
        let fit: Vec<DefinitionId> =
            all.iter().filter(|version| is_kind(&version.definition)).map(|version| version.id).collect();
        pick(&fit, which).copied().unwrap_or(DefinitionId::new(4_000_000).unwrap())
    }

    pub(super) fn when(&self, time: Time) -> When {
        match time {
            Time::Instant(ticks) => When::Instant(timestamp(*self.now + ticks)),
            Time::Local(days, time) => When::Local(self.local(days, time)),
            Time::Last => When::Local("9999-12-31T23:59:59".parse().unwrap()),
        }
    }

    pub(super) fn end(&self, end: End) -> Until {
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

    pub(super) fn today(&self) -> NaiveDate {
        Calendar::of(self.model.program.timezone).date(*self.now)
    }

    pub(super) fn local(&self, days: i64, time: u8) -> NaiveDateTime {
        local(self.today(), days, time)
    }

    pub(super) fn amount(&self, money: Money) -> Amount {
        Amount::from_ten_thousandths(raw(money, self.model.program.currency.minor_unit())).unwrap()
    }

    pub(super) fn points(&self, money: Money) -> Points {
        Points::from_ten_thousandths(raw(money, self.model.program.point_scale)).unwrap()
    }
}
