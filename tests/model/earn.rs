//! What transactions earn, and what comes back of that (rules X3 and X4).

use scrip::{Bucket, Clawback, Earn, LotKind, Period, PeriodType, Terms};

use super::calendar::{Calendar, DAY, Micros, OutOfRange};
use super::money::{Raw, smallest};
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
        was: Option<Earned>,
        kept: Raw,
        transacted_at: Micros,
        calendar: Calendar,
        objections: &mut Objections,
    ) -> Settling {
        let Some(earn) = self.program.earn else {
            return Settling { earned: None, times: (transacted_at, None) };
        };
        let was = was.unwrap_or(Earned { points: 0, lot: None });
        let points = self.earns(&earn, kept);
        let is_new = points > was.points && self.own_lot(profile, was).is_none();
        let times = times(&earn, transacted_at, calendar);
        objections.add_if(is_new && times.is_err(), Rank::Terms, "time_out_of_range");
        // The transaction itself is the next entry, and what it earns the one after that.
        let lot = if is_new { Some((profile, 0)) } else { was.lot };
        let times = times.unwrap_or((transacted_at, None));
        Settling { earned: Some(Earned { points, lot }), times }
    }

    /// The lot that a transaction earned, if it is here.
    fn own_lot(&self, profile: usize, earned: Earned) -> Option<usize> {
        let account = &self.profiles[profile];
        let (issuer, sequence) = earned.lot?;
        let lot = account.lot_with(self.profiles[issuer].made_by(sequence))?;
        account.lots[lot].moved.is_none().then_some(lot)
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
        let was = was.unwrap_or(Earned { points: 0, lot: None });
        let sale = self.id_of(&self.profiles[profile].versions[version]);
        let own = self.own_lot(profile, was);
        let (less, more) = ((was.points - now.points).max(0), (now.points - was.points).max(0));
        if less > 0 {
            let from_lot = match own {
                Some(lot) => self.claw_from_own(profile, lot, less, at),
                None => self.claw_from_stayed(profile, was, less, at),
            };
            self.claw_back(profile, sale, from_lot, less, at);
        } else if more > 0 {
            let account = &mut self.profiles[profile];
            // A debt is paid first.
            let paid = account.debt_at(account.now(at)).min(more);
            if paid > 0 {
                let sequence = account.next_sequence();
                account.debts.push((sequence, -paid));
                account.flow_past(LotKind::Point, Way::PaidToDebt, paid);
            }
            match own {
                Some(lot) => {
                    account.flow(lot, Way::Issued, more - paid);
                    account.write(at, What::EarnedMore(sale, more, paid));
                }
                None => self.earn_anew(profile, version, (more, paid), settling.times, at),
            }
        }
        less
    }

    /// From its own lot first, also what expired or was revoked there.
    fn claw_from_own(&mut self, profile: usize, lot: usize, less: Raw, at: Micros) -> Raw {
        let account = &mut self.profiles[profile];
        let from_lot = account.free(lot, account.now(at)).min(less);
        if from_lot > 0 {
            account.flow(lot, Way::ClawedBack, -from_lot);
        }
        from_lot
    }

    /// The same of a lot that stayed behind in a merger.
    fn claw_from_stayed(&mut self, home: usize, was: Earned, less: Raw, at: Micros) -> Raw {
        let id = was.lot.map(|(issuer, sequence)| self.profiles[issuer].made_by(sequence));
        let Some((stayed, lot)) = id.and_then(|id| self.stayed(home, id)) else { return 0 };
        let account = &self.profiles[stayed];
        let from_lot = account.remaining(lot, Cut::with_since(at)).min(less);
        let lost = if account.lots[lot].revoked.is_some() { Bucket::Revoked } else { Bucket::Expired };
        if from_lot > 0 {
            self.flow_since(home, account.full_id(&account.lots[lot]), Way::ClawedBack, -from_lot);
            let taken = Way::Between(lost, Bucket::ClawedBack);
            self.profiles[home].flow_past(LotKind::Point, taken, from_lot);
        }
        from_lot
    }

    /// What its own lot does not give is owed or short, by the policy.
    fn claw_back(&mut self, profile: usize, sale: u64, from_lot: Raw, less: Raw, at: Micros) {
        let rest = less - from_lot;
        let (owed, short) = match self.program.clawback {
            Clawback::Debt => (rest, 0),
            Clawback::Shortfall => (0, rest),
        };
        let account = &mut self.profiles[profile];
        account.debts.push((account.next_sequence(), owed));
        account.write(at, What::ClawedBack(sale, less, from_lot, owed, short));
    }

    fn earn_anew(
        &mut self,
        profile: usize,
        version: usize,
        (points, paid): (Raw, Raw),
        (available_at, expires_at): (Micros, Option<Micros>),
        at: Micros,
    ) {
        let earn = self.program.earn.unwrap();
        let sale = &self.profiles[profile].versions[version];
        let timezone = self.zone_of(sale);
        let origin = Origin::Earned(sale.made, paid);
        let issued_at = sale.transacted_at;
        let account = &mut self.profiles[profile];
        let (sequence, lot) = (account.next_sequence(), account.lots.len());
        account.lots.push(Lot {
            foreign: None,
            sequence,
            kind: LotKind::Point,
            definition: earn.point_definition_id,
            issued_at,
            available_at,
            terms: Terms {
                timezone,
                period: earn.period_days.map(|days| Period::new(days, PeriodType::Days)),
                extend_days: None,
                is_reassignable: false,
                is_extendable: false,
            },
            external_id: None,
            source_type: None,
            source: None,
            origin: Some(origin),
            facts: vec![Fact { sequence, initial: points, expires_at, meta: None }],
            revoked: None,
            moved: None,
        });
        account.flow(lot, Way::Issued, points - paid);
        account.write(at, What::Issued(lot));
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
    let end = earn.period_days.map(|days| calendar.after(available_at, days, PeriodType::Days));
    Ok((available_at, end.transpose()?))
}
