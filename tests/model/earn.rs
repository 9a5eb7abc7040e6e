//! What transactions earn, and what comes back of that (rules X3 to X5).

use scrip::DefinitionId;
use scrip::definition::{Definition, Terms};
use scrip::journal::{Bucket, LotKind};
use scrip::program::{Clawback, Earn};

use crate::planted::bug;

use super::calendar::{Calendar, DAY, Micros, OutOfRange};
use super::issue::{inactivity, kind_of};
use super::money::{Raw, smallest};
use super::owed::{Owed, open};
use super::profile::{Cut, Earned, Fact, Lot, Origin, Version, Way, What};
use super::{Model, Objections, Rank};

/// What becomes of the points of a transaction when it is posted or changed.
pub(super) struct Settling {
    pub(super) earned: Option<Earned>,
    /// When points that it earns anew can be used.
    times: (Micros, Option<Micros>),
}

impl Model {
    /// What so much money earns, rounded down at the point scale.
    pub(crate) fn earns(&self, earn: &Earn, kept: Raw) -> Raw {
        let unit = smallest(self.program.point_scale);
        let (points, amount): (Raw, Raw) =
            (earn.points.ten_thousandths().into(), earn.amount.ten_thousandths().into());
        kept * points / (amount * unit) * unit
    }

    /// What stays earned of a transaction, now that so much of its total is kept: `was` before.
    pub(super) fn settling(
        &self,
        profile: usize,
        sale: Option<u64>,
        was: Option<Earned>,
        kept: Raw,
        (transacted_at, calendar): (Micros, Calendar),
        objections: &mut Objections,
    ) -> Settling {
        let Some(earn) = self.program.earn.first() else {
            return Settling { earned: None, times: (transacted_at, None) };
        };
        let was = was.unwrap_or(self.nothing());
        let points = self.earns(earn, kept);
        let is_new = points > was.points && self.own_lot(profile, was).is_none();
        let times = times(earn, transacted_at, calendar);
        objections.add_if(is_new && times.is_err(), Rank::Terms, "time_out_of_range");
        // The transaction itself is the next entry, and what it earns the one after that.
        let lot = if is_new { Some((profile, 0)) } else { was.lot };
        // What was adjusted away counts as taken, once.
        let less = (was.points - points).max(0);
        let away = sale.map_or(0, |sale| self.adjusted_away(profile, sale));
        let written_off = was.written_off + (away - was.written_off).clamp(0, less);
        let times = times.unwrap_or((transacted_at, None));
        Settling { earned: Some(Earned { points, lot, written_off, ..was }), times }
    }

    /// Of a transaction that is posted: whether its points can be redeemed is what their definition says now (rule K1).
    fn nothing(&self) -> Earned {
        let named = self.program.earn.first().and_then(|earn| earn.point_definition_id);
        let known = named.and_then(|id| self.catalogue.get(id));
        let point = known.and_then(|known| match &known.definition {
            Definition::Point(point) => Some(point),
            Definition::Reward(_) => None,
        });
        Earned {
            kind: point.map_or(LotKind::Point, kind_of),
            inactivity: point.and_then(inactivity),
            can_move: point.is_some_and(|point| point.is_reassignable),
            points: 0,
            lot: None,
            written_off: 0,
        }
    }

    /// The definition of what a transaction earned, if such points cannot be redeemed.
    fn status(&self, earned: Earned) -> Option<DefinitionId> {
        self.program.earn.first()?.point_definition_id.filter(|_| earned.kind == LotKind::Status)
    }

    /// The lot that a transaction earned, if it is here, and its own still.
    fn own_lot(&self, profile: usize, earned: Earned) -> Option<usize> {
        let account = &self.profiles[profile];
        let (issuer, sequence) = earned.lot?;
        let lot = account.lot_with(self.profiles[issuer].made_by(sequence))?;
        (account.lots[lot].moved.is_none() && account.lots[lot].own.is_some()).then_some(lot)
    }

    /// Writes what a version of a transaction earns more or less than `was` (rule X4); answers how much was clawed back.
    pub(super) fn settle(
        &mut self,
        profile: usize,
        version: usize,
        was: Option<Earned>,
        settling: &Settling,
        at: Micros,
    ) -> Raw {
        let Some(now) = settling.earned else { return 0 };
        let was = was.unwrap_or(self.nothing());
        let sale = self.id_of(&self.profiles[profile].versions[version]);
        let (less, more) = ((was.points - now.points).max(0), (now.points - was.points).max(0));
        if less > 0 {
            let counts = now.written_off - was.written_off;
            let from_lots = self.claw_from_lots(profile, sale, less - counts, at);
            let rest = less - counts - from_lots;
            self.owe(profile, version, rest, self.status(now));
            let (owed, short) = match self.program.clawback {
                Clawback::Debt => (rest, 0),
                Clawback::Shortfall => (0, rest),
            };
            self.profiles[profile].write(at, What::ClawedBack(sale, less, from_lots, owed, short));
        } else if more > 0 {
            self.earn_more(profile, version, was, more, settling.times, at);
        }
        less
    }

    /// From its own lots first, also what expired or was revoked there, and what stayed behind in a merger.
    fn claw_from_lots(&mut self, home: usize, sale: u64, less: Raw, at: Micros) -> Raw {
        let mut left = less;
        for (one, lot) in self.own_lots(home, sale) {
            let account = &self.profiles[one];
            let cut = if one == home { account.now(at) } else { Cut::with_since(at) };
            let value = account.free(lot, cut).min(left);
            left -= value;
            if value > 0 && one == home {
                self.profiles[home].flow(lot, Way::ClawedBack, -value);
            } else if value > 0 {
                let lost =
                    if account.lots[lot].revoked.is_some() { Bucket::Revoked } else { Bucket::Expired };
                self.flow_since(home, account.full_id(&account.lots[lot]), Way::ClawedBack, -value);
                let taken = Way::Between(lost, Bucket::ClawedBack);
                let kind = self.profiles[one].lots[lot].kind;
                self.profiles[home].flow_past(kind, taken, value);
            }
        }
        less - left
    }

    /// What its own lots do not give is owed or short, by the policy.
    fn owe(&mut self, profile: usize, version: usize, value: Raw, status: Option<DefinitionId>) {
        let policy = self.program.clawback;
        let version = &self.profiles[profile].versions[version];
        let (sale, sold_at) = (self.id_of(version), version.transacted_at);
        let account = &mut self.profiles[profile];
        // A sale that owes already is as old as it was.
        let sold_at = open(&account.owed, sale).map_or(sold_at, |owed| owed.sold_at);
        if value > 0 {
            account.owed.push(Owed {
                sequence: account.next_sequence(),
                sale,
                sold_at,
                value,
                policy,
                status,
            });
        }
    }

    /// What the transaction owes itself comes first, then the debts of others, then its own lot.
    fn earn_more(
        &mut self,
        profile: usize,
        version: usize,
        was: Earned,
        more: Raw,
        times: (Micros, Option<Micros>),
        at: Micros,
    ) {
        let sale = self.id_of(&self.profiles[profile].versions[version]);
        let own = self.own_lot(profile, was);
        let (kind, status) = (was.kind, self.status(was));
        let replaces = was.lot.map(|(issuer, sequence)| self.profiles[issuer].made_by(sequence));
        let account = &mut self.profiles[profile];
        let clawed_back = account.flow_back(Some(sale), more);
        if clawed_back > 0 {
            account.flow_past(kind, Way::EarnedAndClawedBack, clawed_back);
        }
        let paid = account.pay_debts(more - clawed_back, status);
        if paid > 0 {
            account.flow_past(kind, Way::PaidToDebt, paid);
        }
        match own {
            Some(lot) => {
                let into = more - clawed_back - paid;
                account.flow(lot, Way::Issued, into);
                account.write(at, What::EarnedMore(sale, into, paid));
            }
            None => {
                let origin = Origin::Earned { sale, paid, clawed_back, replaces };
                self.earn_anew(profile, version, was, (more, origin), times, at);
            }
        }
    }

    fn earn_anew(
        &mut self,
        profile: usize,
        version: usize,
        was: Earned,
        (points, origin): (Raw, Origin),
        (available_at, expires_at): (Micros, Option<Micros>),
        at: Micros,
    ) {
        let Origin::Earned { sale: id, paid, clawed_back, .. } = origin else { return };
        let earn = self.program.earn[0].clone();
        let sale = &self.profiles[profile].versions[version];
        let timezone = self.zone_of(sale);
        let issued_at = sale.transacted_at;
        let account = &mut self.profiles[profile];
        let (sequence, lot) = (account.next_sequence(), account.lots.len());
        account.lots.push(Lot {
            foreign: None,
            sequence,
            kind: was.kind,
            definition: earn.point_definition_id,
            issued_at,
            available_at,
            terms: Terms {
                timezone,
                period: earn.period,
                inactivity: was.inactivity,
                extend_days: None,
                is_reassignable: was.can_move,
                is_extendable: false,
            },
            active_from: Micros::MIN,
            external_id: None,
            source_type: None,
            source: None,
            scope: None,
            origin: Some(origin),
            own: Some(id),
            facts: vec![Fact { sequence, initial: points, expires_at, anew: None, meta: None }],
            revoked: None,
            moved: None,
        });
        account.flow(lot, Way::Issued, points - paid - clawed_back);
        account.write(at, What::Issued(lot));
    }

    /// Rule K3, from every version of every purchase: what those made in a window earned, as it was known at an instant.
    pub(crate) fn points_earned(
        &self,
        profile: usize,
        definition: DefinitionId,
        window: std::ops::Range<Micros>,
        known_at: Micros,
    ) -> Raw {
        let is_of = |earn: &Earn| earn.point_definition_id == Some(definition);
        if !self.program.earn.first().is_some_and(is_of) {
            return 0;
        }
        // What is said later of a merged profile's purchases is with whoever took over.
        let chain = self.heirs(profile);
        let mut newest: std::collections::BTreeMap<u32, &Version> = std::collections::BTreeMap::new();
        for version in chain.iter().flat_map(|one| &self.profiles[*one].versions) {
            if version.owner == profile && version.updated_at <= known_at {
                let is_first = bug("a purchase whose time was changed, found where it was before");
                let known = newest.get(&version.made).copied().filter(|_| is_first);
                newest.insert(version.made, known.unwrap_or(version));
            }
        }
        let counts = |version: &&&Version| window.contains(&version.transacted_at);
        newest.values().filter(counts).filter_map(|version| version.earned).map(|earned| earned.points).sum()
    }

    pub(super) fn zone_of(&self, sale: &Version) -> scrip::Zone {
        sale.said.timezone.unwrap_or(self.program.timezone)
    }
}

/// From when, and until when, points that are earned can be used (rule X3).
fn times(
    earn: &Earn,
    transacted_at: Micros,
    calendar: Calendar,
) -> Result<(Micros, Option<Micros>), OutOfRange> {
    let available_at = transacted_at + Micros::from(earn.delay_days) * DAY;
    if available_at > scrip::Timestamp::MAX.micros() {
        return Err(OutOfRange);
    }
    let end = earn.period.map(|period| calendar.after(available_at, period.count, period.unit));
    Ok((available_at, end.transpose()?))
}
