//! Returns and reversals (rules R).

use scrip::{
    Amount, Bucket, ExpiredReturn, LotKind, RedemptionId, ReturnRedemption, ReverseRedemption, Terms,
};

use super::calendar::{Calendar, DAY, Micros, OutOfRange, SECOND, in_range};
use super::money::{Raw, first_part};
use super::profile::{Back, BackTo, Fact, Lot, Origin, Return, Way, What};
use super::{Made, Model, Objections, Owner, Rank};

/// What is to be given back, and of what.
struct Giving {
    profile: usize,
    redemption: usize,
    requested: Raw,
    total: Raw,
    is_reversal: bool,
    meta: Option<scrip::json::Json>,
}

/// Where value goes that was taken from a lot: back to that, or to a new one that expires then.
enum Goes {
    Back(usize, BackTo),
    New(Option<Micros>),
}

impl Model {
    pub(super) fn return_redemption(
        &mut self,
        request: &ReturnRedemption,
        owner: Owner,
        at: Micros,
    ) -> Result<Made, Objections> {
        let mut objections = Objections::default();
        let requested = raw(request.amount);
        objections.quantity(2, requested, self.program.currency.minor_unit(), false);
        let found = self.redemption_to_undo(request.redemption_id, owner, at, &mut objections);
        let Some((profile, redemption)) = found else { return Err(objections) };
        let account = &self.profiles[profile];
        let left = account.redemptions[redemption].total()
            - account.returned_at(redemption, account.now(Micros::MIN));
        let is_too_much = requested > left && (request.strict || left == 0);
        objections.add_if(is_too_much, Rank::Value, "return_above_redemption");
        let meta = request.meta.clone();
        let total = requested.min(left);
        let giving = Giving { profile, redemption, requested, total, is_reversal: false, meta };
        self.give_back(giving, at, objections)
    }

    /// Rule R4.
    pub(super) fn reverse(
        &mut self,
        request: &ReverseRedemption,
        owner: Owner,
        at: Micros,
    ) -> Result<Made, Objections> {
        let mut objections = Objections::default();
        let found = self.redemption_to_undo(request.redemption_id, owner, at, &mut objections);
        let Some((profile, redemption)) = found else { return Err(objections) };
        let account = &self.profiles[profile];
        let (made, now) = (&account.redemptions[redemption], account.now(Micros::MIN));
        let is_linked = account.linked_at(redemption, now).is_some();
        objections.add_if(is_linked, Rank::Terms, "redemption_linked");
        let is_returned = account.returned_at(redemption, now) > 0;
        objections.add_if(is_returned, Rank::Terms, "redemption_returned");
        let window = Micros::from(self.program.reversal_window_seconds) * SECOND;
        let decided_at = self.decided_with_home(owner, at).unwrap_or(at);
        objections.add_if(decided_at > made.at + window, Rank::Terms, "reversal_window_over");
        let (total, meta) = (made.total(), request.meta.clone());
        let giving = Giving { profile, redemption, requested: total, total, is_reversal: true, meta };
        self.give_back(giving, at, objections)
    }

    fn redemption_to_undo(
        &self,
        id: RedemptionId,
        owner: Owner,
        at: Micros,
        objections: &mut Objections,
    ) -> Option<(usize, usize)> {
        let is_late = self.decided_with_home(owner, at).is_none();
        objections.add_if(is_late, Rank::Time, "time_reversed");
        let found = match owner {
            Owner::Profile(profile) => {
                let mut redemptions = self.profiles[profile].redemptions.iter();
                redemptions
                    .position(|one| one.sequence == id.sequence())
                    .map(|redemption| (profile, redemption))
            }
            _ => None,
        };
        objections.add_if(found.is_none(), Rank::Unknown, "unknown_redemption");
        let (profile, redemption) = found?;
        let account = &self.profiles[profile];
        let is_reversed = account.is_reversed_at(redemption, account.now(Micros::MIN));
        objections.add_if(is_reversed, Rank::Terms, "redemption_reversed");
        // What was undone was given back as well; the first of the two is what matters.
        Some((profile, redemption))
    }

    /// Rule T6, of a record that may be with a merged profile, and value that is with another.
    pub(super) fn decided_with_home(&self, owner: Owner, at: Micros) -> Option<Micros> {
        let own = self.decided_at(owner, at)?;
        let Owner::Profile(profile) = owner else { return Some(own) };
        let home = self.decided_at(Owner::Profile(self.home(profile)), at)?;
        Some(own.max(home))
    }

    /// Rule R1: what the redemption would have taken for what it kept until now, less what it would have taken for what
    /// it keeps from now on; the last lot used first.
    fn give_back(
        &mut self,
        giving: Giving,
        at: Micros,
        mut objections: Objections,
    ) -> Result<Made, Objections> {
        let Giving { profile, redemption, total, .. } = giving;
        let (Some(at), None) = (self.decided_with_home(Owner::Profile(profile), at), objections.codes())
        else {
            return Err(objections);
        };
        let account = &self.profiles[profile];
        let made = &account.redemptions[redemption];
        let kept = made.total() - account.returned_at(redemption, account.now(Micros::MIN));
        let before = first_part(&made.items, made.exchange.as_ref(), kept);
        let after = first_part(&made.items, made.exchange.as_ref(), kept - total);
        let mut back = Vec::new();
        for item in before.iter().rev() {
            let keeps = after.iter().find(|other| other.lot == item.lot);
            let amount = item.amount - keeps.map_or(0, |keeps| keeps.amount);
            let points = item.points - keeps.map_or(0, |keeps| keeps.points);
            if amount > 0 || points > 0 {
                back.push((item.lot, item.kind(), amount, points));
            }
        }
        let goes: Result<Vec<Option<Goes>>, OutOfRange> = back
            .iter()
            .map(|(lot, kind, amount, points)| {
                let value = if *kind == LotKind::Reward { amount } else { points };
                if *value == 0 { Ok(None) } else { self.goes(profile, *lot, at).map(Some) }
            })
            .collect();
        let Ok(goes) = goes else {
            objections.add(Rank::Terms, "time_out_of_range");
            return Err(objections);
        };
        Ok(self.keep_return(giving, back, goes, at))
    }

    /// Rule R3.
    fn goes(&self, profile: usize, lot: usize, at: Micros) -> Result<Goes, OutOfRange> {
        let home = self.home(profile);
        let id = self.profiles[profile].full_id(&self.profiles[profile].lots[lot]);
        let here = self.profiles[home].lot_with(id);
        let here = here.filter(|lot| self.profiles[home].lots[*lot].moved.is_none());
        if let Some(lot) = here {
            let account = &self.profiles[home];
            let now = account.now(at);
            if account.lots[lot].revoked.is_some() {
                return Ok(Goes::Back(lot, BackTo::Revoked));
            }
            if !account.is_expired(lot, now) {
                return Ok(Goes::Back(lot, BackTo::Lot));
            }
            let chance = self.second_chance(account.lots[lot].terms, at)?;
            return Ok(chance.map_or(Goes::Back(lot, BackTo::Expired), |end| Goes::New(Some(end))));
        }
        // With the expiry that it had when it left, or that it has where it stayed behind.
        let known = self.profiles[home].lot_with(id).map(|lot| (home, lot));
        let (owner, lot) = known.unwrap_or_else(|| (profile, self.profiles[profile].lot_with(id).unwrap()));
        let account = &self.profiles[owner];
        let end = account.expiry(lot, account.now(at));
        match end.filter(|end| *end <= at) {
            Some(past) => {
                let chance = self.second_chance(account.lots[lot].terms, at)?;
                Ok(Goes::New(Some(chance.unwrap_or(past))))
            }
            None => Ok(Goes::New(end)),
        }
    }

    /// Until when a new lot is good that stands in for one which has expired; `None` where the value expires.
    fn second_chance(&self, terms: Terms, at: Micros) -> Result<Option<Micros>, OutOfRange> {
        match (self.program.expired_return, terms.period) {
            (ExpiredReturn::Original, _) | (ExpiredReturn::Fresh, None) => Ok(None),
            (ExpiredReturn::GraceDays(days), _) => in_range(at + Micros::from(days) * DAY).map(Some),
            (ExpiredReturn::Fresh, Some(period)) => {
                let calendar = Calendar::of(terms.timezone);
                calendar.after(at, period.count, period.unit).map(Some)
            }
        }
    }

    fn keep_return(
        &mut self,
        giving: Giving,
        back: Vec<(usize, LotKind, Raw, Raw)>,
        goes: Vec<Option<Goes>>,
        at: Micros,
    ) -> Made {
        let Giving { profile, redemption, requested, is_reversal, meta, .. } = giving;
        let home = self.home(profile);
        self.profiles[profile].write_due(at);
        self.profiles[home].write_due(at);
        let redemption_id =
            self.profiles[profile].made_by(self.profiles[profile].redemptions[redemption].sequence);
        let (own_sequence, sequence) =
            (self.profiles[profile].next_sequence(), self.profiles[home].next_sequence());
        let way = if home == profile { Way::Redeemed } else { Way::Moved };
        let mut items = Vec::new();
        let mut new_lots = Vec::new();
        for ((lot, kind, amount, points), goes) in back.into_iter().zip(goes) {
            let id = self.profiles[profile].full_id(&self.profiles[profile].lots[lot]);
            let mut item = Back { lot: id, kind, amount, points, to: BackTo::Lot };
            match goes {
                None => {}
                Some(Goes::Back(lot, to)) => {
                    item.to = to;
                    self.profiles[home].flow(lot, way, item.value());
                }
                Some(Goes::New(expires_at)) => {
                    let made = sequence + 1 + u32::try_from(new_lots.len()).unwrap();
                    item.to = BackTo::New(made);
                    new_lots.push((lot, expires_at, item.value()));
                }
            }
            if home != profile {
                self.profiles[profile].flow_past(kind, Way::GivenAway, item.value());
            }
            items.push(item);
        }
        let returned = Return {
            sequence,
            at,
            foreign: None,
            redemption_id,
            redemption: (home == profile).then_some(redemption),
            is_reversal,
            requested,
            items,
            meta,
        };
        let place = self.profiles[home].returns.len();
        if home != profile {
            let foreign = Some(self.profiles[profile].made_by(own_sequence));
            let own = Return { sequence: own_sequence, redemption: Some(redemption), ..returned.clone() };
            let own_place = self.profiles[profile].returns.len();
            self.profiles[profile].returns.push(own);
            self.profiles[profile].write(at, What::ReturnedElsewhere(own_place));
            self.profiles[home].returns.push(Return { foreign, ..returned });
        } else {
            self.profiles[home].returns.push(returned);
        }
        self.profiles[home].write(at, What::Returned(place));
        let from = if home == profile { Bucket::Redeemed } else { Bucket::Moved };
        for (lot, expires_at, value) in new_lots {
            self.keep_linked_lot((profile, lot), home, (redemption_id, from), expires_at, value, at);
        }
        Made::Returned { profile: home, back: place }
    }

    /// A new lot that is linked to the one it stands in for.
    fn keep_linked_lot(
        &mut self,
        (profile, lot): (usize, usize),
        home: usize,
        (redemption, from): (u64, Bucket),
        expires_at: Option<Micros>,
        value: Raw,
        at: Micros,
    ) {
        let old = self.profiles[profile].lots[lot].clone();
        let id = self.profiles[profile].full_id(&old);
        let origin = Origin::Returned(redemption, id, from);
        let account = &mut self.profiles[home];
        let (sequence, place) = (account.next_sequence(), account.lots.len());
        account.lots.push(Lot {
            foreign: None,
            sequence,
            issued_at: at,
            available_at: at,
            external_id: None,
            source_type: None,
            source: None,
            origin: Some(origin),
            facts: vec![Fact { sequence, initial: value, expires_at, meta: None }],
            revoked: None,
            moved: None,
            ..old
        });
        account.flow(place, if from == Bucket::Redeemed { Way::Redeemed } else { Way::Moved }, value);
        account.write(at, What::Issued(place));
    }
}

fn raw(amount: Amount) -> Raw {
    amount.ten_thousandths().into()
}
