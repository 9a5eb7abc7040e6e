//! Returns and reversals (rules R).

use std::collections::BTreeMap;

use scrip::definition::Terms;
use scrip::journal::{Bucket, LotKind};
use scrip::program::ExpiredReturn;
use scrip::request::{ReturnLine, ReverseRedemption};
use scrip::{Amount, RedemptionId, ReturnRedemption};

use crate::planted::bug;

use super::calendar::{Calendar, DAY, Micros, OutOfRange, SECOND, in_range};
use super::money::Raw;
use super::profile::{Back, BackTo, Cut, Fact, Flow, Lot, Origin, Return, SINCE, Way, What, Written};
use super::shares::Less;
use super::{Made, Model, Objections, Owner, Rank};

/// What is to be given back, and of what.
struct Giving {
    /// Whose redemption it is; the one that took over gives it back.
    profile: usize,
    redemption: usize,
    requested: Raw,
    /// What comes back of which line, or of whatever was paid last.
    less: Vec<Less>,
    is_reversal: bool,
    meta: Option<scrip::json::Json>,
}

/// Where value goes that was taken from a lot: back to that one, to one that was revoked and stayed behind in a merger,
/// or to a new one that expires then, in place of one that a profile had.
enum Goes {
    Back(usize, BackTo),
    Lost,
    New(usize, usize, Option<Micros>),
}

impl Model {
    pub(super) fn return_redemption(
        &mut self,
        request: &ReturnRedemption,
        owner: Owner,
        at: Micros,
    ) -> Result<Made, Objections> {
        let mut objections = Objections::default();
        let minor_unit = self.program.currency.minor_unit();
        for amount in request.amount.into_iter().chain(parts(request)) {
            objections.quantity(2, raw(amount), minor_unit, false);
        }
        let found = self.redemption_to_undo(request.redemption_id, owner, at, &mut objections);
        let Some((profile, redemption)) = found else { return Err(objections) };
        let left =
            self.profiles[profile].redemptions[redemption].total() - self.returned(profile, redemption);
        let meta = request.meta.clone();
        let (requested, less) = match &request.lines {
            Some(lines) => self.less_lines(lines, (profile, redemption), request.strict, &mut objections),
            None => {
                let requested = raw(request.amount.unwrap_or_default());
                let is_too_much = requested > left && (request.strict || left == 0);
                objections.add_if(is_too_much, Rank::Value, "return_above_redemption");
                (requested, vec![(None, requested.min(left))])
            }
        };
        let giving = Giving { profile, redemption, requested, less, is_reversal: false, meta };
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
        let made = &self.profiles[profile].redemptions[redemption];
        let is_linked = self.linked(profile, redemption).is_some();
        objections.add_if(is_linked, Rank::Terms, "redemption_linked");
        let is_returned = self.returned(profile, redemption) > 0;
        objections.add_if(is_returned, Rank::Terms, "redemption_returned");
        let window = Micros::from(self.program.reversal_window_seconds) * SECOND;
        let decided_at = self.decided_at(owner, at).unwrap_or(at);
        objections.add_if(decided_at > made.at + window, Rank::Terms, "reversal_window_over");
        let (total, meta) = (made.total(), request.meta.clone());
        let less = vec![(None, total)];
        let giving = Giving { profile, redemption, requested: total, less, is_reversal: true, meta };
        self.give_back(giving, at, objections)
    }

    /// What is still paid of each line of a redemption.
    pub(crate) fn paid_lines(&self, profile: usize, redemption: usize) -> Vec<(String, Raw)> {
        let made = &self.profiles[profile].redemptions[redemption];
        let (_, paid) = made.less(&self.less(profile, redemption));
        let mut lines: BTreeMap<String, Raw> = BTreeMap::new();
        for (line, amount) in paid.into_iter().flatten().flatten() {
            *lines.entry(line).or_default() += amount;
        }
        lines.into_iter().collect()
    }

    /// Rule S5: what was paid of each line, less what came back of it.
    fn less_lines(
        &self,
        lines: &[ReturnLine],
        (profile, redemption): (usize, usize),
        is_strict: bool,
        objections: &mut Objections,
    ) -> (Raw, Vec<Less>) {
        let paid = self.paid_lines(profile, redemption);
        let (mut requested, mut less) = (0, Vec::new());
        for line in lines {
            let left = paid.iter().find(|(id, _)| *id == line.id).map_or(0, |(_, left)| *left);
            let wanted = line.amount.map_or(left, raw);
            let is_short = is_strict && (wanted > left || left == 0);
            objections.add_if(is_short, Rank::Value, "return_above_line");
            requested += wanted;
            less.push((Some(line.id.clone()), wanted.min(left)));
        }
        let is_nothing = less.iter().all(|(_, amount)| *amount == 0);
        objections.add_if(is_nothing, Rank::Value, "return_above_line");
        (requested, less)
    }

    fn redemption_to_undo(
        &self,
        id: RedemptionId,
        owner: Owner,
        at: Micros,
        objections: &mut Objections,
    ) -> Option<(usize, usize)> {
        objections.add_if(self.decided_at(owner, at).is_none(), Rank::Time, "time_reversed");
        let found = match owner {
            Owner::Profile(home) => self.redemption_of(home, id),
            _ => None,
        };
        objections.add_if(found.is_none(), Rank::Unknown, "unknown_redemption");
        let (profile, redemption) = found?;
        let is_reversed = self.is_reversed(profile, redemption);
        objections.add_if(is_reversed, Rank::Terms, "redemption_reversed");
        // What was undone was given back as well; the first of the two is what matters.
        Some((profile, redemption))
    }

    /// A redemption of a profile, or of one that was merged into it: whose it is.
    pub(crate) fn redemption_of(&self, home: usize, id: RedemptionId) -> Option<(usize, usize)> {
        let mut household = self.household(home).into_iter();
        let owner = household.find(|one| self.profiles[*one].number == Some(id.number().get()))?;
        let mut redemptions = self.profiles[owner].redemptions.iter();
        let redemption = redemptions.position(|one| one.sequence == id.sequence())?;
        Some((owner, redemption))
    }

    /// What of a redemption was given back so far, by whoever answered for it (rule R2).
    pub(crate) fn returned(&self, profile: usize, redemption: usize) -> Raw {
        self.returns_of(profile, redemption).map(Return::total).sum()
    }

    /// The same, return by return and line by line.
    fn less(&self, profile: usize, redemption: usize) -> Vec<Less> {
        let (id, took_over) = (self.redemption_id(profile, redemption), self.heirs(profile));
        let returns = took_over.into_iter().flat_map(|one| &self.profiles[one].returns);
        returns.filter(|back| back.redemption_id == id).flat_map(|back| back.less.clone()).collect()
    }

    pub(super) fn is_reversed(&self, profile: usize, redemption: usize) -> bool {
        self.returns_of(profile, redemption).any(|back| back.is_reversal)
    }

    fn redemption_id(&self, profile: usize, redemption: usize) -> u64 {
        let account = &self.profiles[profile];
        account.made_by(account.redemptions[redemption].sequence)
    }

    fn returns_of(&self, profile: usize, redemption: usize) -> impl Iterator<Item = &Return> {
        let id = self.redemption_id(profile, redemption);
        let all = self.profiles.iter().flat_map(|account| &account.returns);
        all.filter(move |back| back.redemption_id == id)
    }

    /// The transaction that a redemption is linked to (rule X1).
    pub(super) fn linked(&self, profile: usize, redemption: usize) -> Option<u64> {
        self.profiles[profile].linked_at(redemption, Cut::with_since(Micros::MAX))
    }

    /// Rule R1: what the redemption would have taken for what it kept until now, less what it would have taken for what
    /// it keeps from now on; the last lot used first.
    fn give_back(
        &mut self,
        giving: Giving,
        at: Micros,
        mut objections: Objections,
    ) -> Result<Made, Objections> {
        let Giving { profile, redemption, .. } = giving;
        let home = Owner::Profile(self.home(profile));
        let (Some(at), None) = (self.decided_at(home, at), objections.codes()) else {
            return Err(objections);
        };
        let made = &self.profiles[profile].redemptions[redemption];
        let earlier = self.less(profile, redemption);
        let (before, _) = made.less(&earlier);
        let (after, _) = made.less(&[&earlier[..], &giving.less].concat());
        let mut back = Vec::new();
        for item in before.iter().rev() {
            let keeps = after.iter().find(|other| other.lot == item.lot);
            let amount = item.amount - keeps.map_or(0, |keeps| keeps.amount);
            let points = item.points - keeps.map_or(0, |keeps| keeps.points);
            if amount > 0 || points > 0 {
                back.push((item.lot, item.kind(), amount, points));
            }
        }
        // Of what is clawed back whole, nothing is to go anywhere.
        let mut after_due = self.profiles[self.home(profile)].clone();
        after_due.write_due(at);
        let goes: Result<Vec<Option<Goes>>, OutOfRange> = back
            .iter()
            .map(|(lot, kind, amount, points)| {
                let value = if *kind == LotKind::Reward { amount } else { points };
                let own = self.profiles[profile].lots[*lot].own;
                let clawed_back = after_due.flow_back(own, *value);
                if *value == clawed_back { Ok(None) } else { self.goes(profile, *lot, own, at).map(Some) }
            })
            .collect();
        let Ok(goes) = goes else {
            objections.add(Rank::Terms, "time_out_of_range");
            return Err(objections);
        };
        Ok(self.keep_return(giving, back, goes, at))
    }

    /// Rule R3; of a lot that was the transaction's own when it gave the value (rule X5), or nobody's.
    fn goes(&self, profile: usize, lot: usize, sale: Option<u64>, at: Micros) -> Result<Goes, OutOfRange> {
        let home = self.home(profile);
        let id = self.profiles[profile].full_id(&self.profiles[profile].lots[lot]);
        // As whoever took over last knows it.
        let mut household = self.household(home).into_iter();
        let known = household.find_map(|one| Some((one, self.profiles[one].lot_with(id)?)));
        let (owner, lot) = known.unwrap();
        let (account, is_here) = (&self.profiles[owner], owner == home);
        let made = &account.lots[lot];
        // One that came back takes nothing of what it gave when it was the transaction's own.
        let is_followed = bug("a lot that came back, and takes what it gave as its sale's own");
        let takes_back = sale.is_none() || made.own.is_some() || is_followed;
        if takes_back && made.moved.is_none() && made.revoked.is_some() {
            return Ok(if is_here { Goes::Back(lot, BackTo::Revoked) } else { Goes::Lost });
        }
        let is_home = is_here && made.moved.is_none();
        let now = account.now(at);
        let (own, lapse) = (account.own_end(lot, now), account.lapse(lot, now).filter(|end| *end <= at));
        // Elsewhere, a lot is known by its own end, and by what its journal told of it.
        let is_told = |entry: &&Written| matches!(entry.what, What::Expired(it, _) if it == lot);
        let lapse = lapse.filter(|_| is_home || account.journal.iter().any(|entry| is_told(&entry)));
        let lapse = lapse.filter(|lapse| own.is_none_or(|own| *lapse < own));
        let end = lapse.or(own);
        let past = end.filter(|end| *end <= at);
        let is_anew = is_home && lapse.is_some() && own.is_none();
        let chance = past.map(|_| self.second_chance(made.terms, is_anew, at)).transpose()?.flatten();
        Ok(match (is_home, past, chance) {
            (true, None, _) if takes_back => Goes::Back(lot, BackTo::Lot),
            (true, Some(_), None) if takes_back => Goes::Back(lot, BackTo::Expired),
            // A lot that is elsewhere, or stayed behind in a merger, takes nothing back.
            (_, _, chance) => Goes::New(owner, lot, chance.unwrap_or(end)),
        })
    }

    /// Until when a new lot is good that stands in for one which has expired; `None` where the value expires. One that only
    /// lapsed has its period without activity anew, and no other end.
    fn second_chance(
        &self,
        terms: Terms,
        is_anew: bool,
        at: Micros,
    ) -> Result<Option<Option<Micros>>, OutOfRange> {
        match (self.program.expired_return, terms.period) {
            (ExpiredReturn::Fresh, None) if is_anew => Ok(Some(None)),
            (ExpiredReturn::Original, _) | (ExpiredReturn::Fresh, None) => Ok(None),
            (ExpiredReturn::GraceDays(days), _) => {
                in_range(at + Micros::from(days) * DAY).map(|end| Some(Some(end)))
            }
            (ExpiredReturn::Fresh, Some(period)) => {
                let calendar = Calendar::of(terms.timezone);
                calendar.after(at, period.count, period.unit).map(|end| Some(Some(end)))
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
        let Giving { profile, redemption, requested, less, is_reversal, meta } = giving;
        let home = self.home(profile);
        self.profiles[home].write_due(at);
        let owner = &self.profiles[profile];
        let redemption_id = owner.made_by(owner.redemptions[redemption].sequence);
        let sequence = self.profiles[home].next_sequence();
        let mut items = Vec::new();
        let mut new_lots = Vec::new();
        for ((lot, kind, amount, points), goes) in back.into_iter().zip(goes) {
            let id = self.profiles[profile].full_id(&self.profiles[profile].lots[lot]);
            let mut item = Back { lot: id, kind, amount, points, to: BackTo::Lot, clawed_back: 0 };
            let own = self.profiles[profile].lots[lot].own;
            item.clawed_back = self.profiles[home].flow_back(own, item.value());
            let value = item.value() - item.clawed_back;
            if item.clawed_back > 0 {
                let past = Way::Between(Bucket::Redeemed, Bucket::ClawedBack);
                self.profiles[home].flow_past(kind, past, item.clawed_back);
            }
            match goes.filter(|_| value > 0) {
                None if item.clawed_back > 0 => item.to = BackTo::ClawedBack,
                None => {}
                Some(Goes::Back(lot, to)) => {
                    item.to = to;
                    self.profiles[home].flow(lot, Way::Redeemed, value);
                }
                Some(Goes::Lost) => {
                    item.to = BackTo::Revoked;
                    let revoked = Way::Between(Bucket::Redeemed, Bucket::Revoked);
                    self.profiles[home].flow_past(kind, revoked, value);
                    self.flow_since(home, id, Way::Redeemed, value);
                }
                Some(Goes::New(owner, lot, expires_at)) => {
                    let made = sequence + 1 + u32::try_from(new_lots.len()).unwrap();
                    item.to = BackTo::New(made);
                    new_lots.push(((owner, lot), own, expires_at, value));
                }
            }
            items.push(item);
        }
        let account = &mut self.profiles[home];
        let place = account.returns.len();
        account.returns.push(Return {
            sequence,
            at,
            redemption_id,
            is_reversal,
            requested,
            items,
            less,
            meta,
        });
        account.write(at, What::Returned(place));
        for (old, own, expires_at, value) in new_lots {
            self.keep_linked_lot(old, home, (redemption_id, own), expires_at, value, at);
        }
        Made::Returned { profile: home, back: place }
    }

    /// Value goes into a lot that stayed behind in a merger, or out of it: written by whoever took over.
    pub(super) fn flow_since(&mut self, home: usize, lot: u64, way: Way, value: Raw) {
        let Some((stayed, lot)) = self.stayed(home, lot) else { return };
        let account = &mut self.profiles[stayed];
        let kind = account.lots[lot].kind;
        account.flows.push(Flow { sequence: SINCE, kind, lot: Some(lot), way, value });
    }

    /// A lot that stayed behind with a profile that was merged into another: expired, revoked or used up.
    pub(super) fn stayed(&self, home: usize, lot: u64) -> Option<(usize, usize)> {
        let here = |one: usize| {
            let account = &self.profiles[one];
            let lot = account.lot_with(lot).filter(|lot| account.lots[*lot].moved.is_none())?;
            Some((one, lot))
        };
        self.household(home).into_iter().filter(|one| *one != home).find_map(here)
    }

    /// A new lot that is linked to the one it stands in for.
    fn keep_linked_lot(
        &mut self,
        (owner, lot): (usize, usize),
        home: usize,
        (redemption, own): (u64, Option<u64>),
        expires_at: Option<Micros>,
        value: Raw,
        at: Micros,
    ) {
        let old = self.profiles[owner].lots[lot].clone();
        let origin = Origin::Returned(redemption, self.profiles[owner].full_id(&old), own);
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
            own,
            active_from: Micros::MIN,
            facts: vec![Fact { sequence, initial: value, expires_at, anew: None, meta: None }],
            revoked: None,
            moved: None,
            ..old
        });
        account.flow(place, Way::Redeemed, value);
        account.write(at, What::Issued(place));
    }
}

/// How much of the lines that come back, where a request says it.
fn parts(request: &ReturnRedemption) -> impl Iterator<Item = Amount> {
    request.lines.iter().flatten().filter_map(|line| line.amount)
}

fn raw(amount: Amount) -> Raw {
    amount.ten_thousandths().into()
}
