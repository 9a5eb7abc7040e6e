//! What a profile's lists come to at a moment, worked out from the beginning.

use scrip::journal::{Bucket, LotKind};
use scrip::outcome::{HoldStatus, LotStatus};

use crate::planted::bug;

use super::calendar::Micros;
use super::money::Raw;
use super::profile::{Closing, Cut, Fact, Hold, Lot, Profile, Redemption, Return, Version, Way};

/// Where the value of one kind is, that ever came in (rule J3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) issued: Raw,
    pub(crate) available: Raw,
    pub(crate) pending: Raw,
    pub(crate) held: Raw,
    pub(crate) redeemed: Raw,
    pub(crate) expired: Raw,
    pub(crate) revoked: Raw,
    pub(crate) clawed_back: Raw,
    pub(crate) paid_to_debt: Raw,
    pub(crate) adjusted: Raw,
    pub(crate) moved: Raw,
}

impl Sums {
    /// What ever left the lots: the places of it that a merger takes along.
    pub(crate) const GONE: [Bucket; 5] =
        [Bucket::Redeemed, Bucket::Expired, Bucket::Revoked, Bucket::ClawedBack, Bucket::PaidToDebt];

    pub(crate) fn gone(&mut self, place: Bucket) -> &mut Raw {
        match place {
            Bucket::Redeemed => &mut self.redeemed,
            Bucket::Expired => &mut self.expired,
            Bucket::Revoked => &mut self.revoked,
            Bucket::ClawedBack => &mut self.clawed_back,
            Bucket::PaidToDebt => &mut self.paid_to_debt,
            other => panic!("{other:?} does not go past the lots"),
        }
    }

    /// Value goes from one place to another; what moved away counts below zero.
    fn shift(&mut self, from: Bucket, to: Bucket, value: Raw) {
        for (place, value) in [(from, -value), (to, value)] {
            match place {
                Bucket::Moved => self.moved -= value,
                place => *self.gone(place) += value,
            }
        }
    }
}

impl Profile {
    /// As it stands, seen at an instant, or at the last entry if that is later (rule T6).
    pub(crate) fn now(&self, at: Micros) -> Cut {
        Cut { entries: self.journal.len(), at: self.last_at().map_or(at, |last| last.max(at)) }
    }

    /// Every entry written up to and at an instant (rule J4).
    pub(crate) fn as_of_instant(&self, at: Micros) -> Cut {
        let is_before = bug("a past instant that leaves out what was written at that instant");
        let is_by_then = |written: Micros| written < at || (written == at && !is_before);
        Cut { entries: self.journal.iter().filter(|entry| is_by_then(entry.at)).count(), at }
    }

    /// After an entry (rule J4).
    pub(crate) fn as_of_sequence(&self, sequence: usize) -> Cut {
        Cut { entries: sequence, at: self.journal[sequence - 1].at }
    }

    /// The lots that were known: of one that went and came back, its last stay.
    pub(crate) fn lots_at(&self, cut: Cut) -> impl Iterator<Item = (usize, &Lot)> {
        let is_last = move |lot: &Lot| {
            let again = |other: &Lot| {
                other.sequence > lot.sequence
                    && self.full_id(other) == self.full_id(lot)
                    && is_written(other.sequence, cut)
            };
            !self.lots.iter().any(again)
        };
        self.lots.iter().enumerate().filter(move |(_, lot)| is_written(lot.sequence, cut) && is_last(lot))
    }

    /// The id of a lot: the number of the profile in the high bits, and of the entry in the low 22.
    pub(crate) fn full_id(&self, lot: &Lot) -> u64 {
        lot.foreign.unwrap_or_else(|| self.made_by(lot.sequence))
    }

    /// The id of what an entry made.
    pub(crate) fn made_by(&self, sequence: u32) -> u64 {
        (u64::from(self.number.unwrap_or(0)) << 22) | u64::from(sequence)
    }

    /// The place of a lot as it stands, also if it went.
    pub(crate) fn lot_with(&self, id: u64) -> Option<usize> {
        self.lots.iter().rposition(|lot| self.full_id(lot) == id)
    }

    /// The place of a hold.
    pub(crate) fn hold_with(&self, id: u64) -> Option<usize> {
        self.holds.iter().position(|hold| self.hold_id(hold) == id)
    }

    pub(crate) fn hold_id(&self, hold: &Hold) -> u64 {
        hold.foreign.unwrap_or_else(|| self.made_by(hold.sequence))
    }

    /// The redemptions that had been made.
    pub(crate) fn redemptions_at(&self, cut: Cut) -> impl Iterator<Item = (usize, &Redemption)> {
        self.redemptions
            .iter()
            .enumerate()
            .filter(move |(_, redemption)| is_written(redemption.sequence, cut))
    }

    /// The transactions as they stood, deleted ones included.
    pub(crate) fn transactions_at(&self, cut: Cut) -> impl Iterator<Item = &Version> {
        let newest = move |version: &Version| {
            let is_same = |other: &Version| (other.owner, other.made) == (version.owner, version.made);
            let later = |other: &Version| is_same(other) && other.sequence > version.sequence;
            !self.versions.iter().any(|other| later(other) && is_written(other.sequence, cut))
        };
        self.versions.iter().filter(move |version| is_written(version.sequence, cut) && newest(version))
    }

    /// The transaction that a redemption was linked to (rule X1).
    pub(crate) fn linked_at(&self, redemption: usize, cut: Cut) -> Option<u64> {
        let links = self.redemptions[redemption].links.iter();
        links.rev().find(|(sequence, _)| is_written(*sequence, cut)).and_then(|(_, transaction)| *transaction)
    }

    /// What of a redemption had been given back (rule R2).
    pub(crate) fn returned_at(&self, redemption: usize, cut: Cut) -> Raw {
        self.returns_of(redemption, cut).map(|back| back.total()).sum()
    }

    pub(crate) fn is_reversed_at(&self, redemption: usize, cut: Cut) -> bool {
        self.returns_of(redemption, cut).any(|back| back.is_reversal)
    }

    fn returns_of(&self, redemption: usize, cut: Cut) -> impl Iterator<Item = &Return> {
        let id = self.made_by(self.redemptions[redemption].sequence);
        let own = self.returns.iter().filter(move |back| back.redemption_id == id);
        own.filter(move |back| is_written(back.sequence, cut))
    }

    pub(crate) fn fact(&self, lot: usize, cut: Cut) -> &Fact {
        self.lots[lot].facts.iter().rfind(|fact| is_written(fact.sequence, cut)).unwrap()
    }

    pub(crate) fn initial(&self, lot: usize, cut: Cut) -> Raw {
        self.fact(lot, cut).initial
    }

    pub(crate) fn own_end(&self, lot: usize, cut: Cut) -> Option<Micros> {
        self.fact(lot, cut).expires_at
    }

    pub(crate) fn meta(&self, lot: usize, cut: Cut) -> Option<&scrip::json::Json> {
        self.fact(lot, cut).meta.as_ref()
    }

    /// What is in a lot, held or not; of one that went, what was in it then.
    pub(crate) fn remaining(&self, lot: usize, cut: Cut) -> Raw {
        let own = self.flows.iter().filter(|flow| flow.lot == Some(lot));
        let written: Raw = own.filter(|flow| is_written(flow.sequence, cut)).map(|flow| flow.value).sum();
        written - self.lapsed_from(lot, cut)
    }

    /// What of it open holds set aside (rule H1).
    pub(crate) fn held(&self, lot: usize, cut: Cut) -> Raw {
        let open = self.holds.iter().filter(|hold| self.is_open(hold, cut));
        open.flat_map(|hold| &hold.items).filter(|item| item.lot == lot).map(|item| item.taken()).sum()
    }

    pub(crate) fn free(&self, lot: usize, cut: Cut) -> Raw {
        self.remaining(lot, cut) - self.held(lot, cut)
    }

    /// Whether a lot is here, and was not taken back.
    pub(crate) fn lives(&self, lot: usize, cut: Cut) -> bool {
        let lot = &self.lots[lot];
        let is_gone = |sequence: Option<u32>| sequence.is_some_and(|sequence| is_written(sequence, cut));
        !is_gone(lot.revoked) && !is_gone(lot.moved.map(|(sequence, ..)| sequence))
    }

    pub(crate) fn is_expired(&self, lot: usize, cut: Cut) -> bool {
        self.expiry(lot, cut).is_some_and(|end| end <= cut.at)
    }

    /// Whether a hold is good (rule H3).
    pub(crate) fn is_open(&self, hold: &Hold, cut: Cut) -> bool {
        self.hold_status(hold, cut) == Some(HoldStatus::Held)
    }

    /// How a hold stood; `None` if it was not here.
    pub(crate) fn hold_status(&self, hold: &Hold, cut: Cut) -> Option<HoldStatus> {
        if !is_written(hold.sequence, cut) {
            return None;
        }
        match hold.closed.filter(|(sequence, _)| is_written(*sequence, cut)) {
            Some((_, Closing::Captured(_))) => Some(HoldStatus::Captured),
            Some((_, Closing::Released)) => Some(HoldStatus::Released),
            Some((_, Closing::Moved)) => None,
            None if hold.expires_at <= cut.at => Some(HoldStatus::Lapsed),
            None => Some(HoldStatus::Held),
        }
    }

    pub(crate) fn status(&self, lot: usize, cut: Cut) -> LotStatus {
        let is_gone = |sequence: Option<u32>| sequence.is_some_and(|sequence| is_written(sequence, cut));
        let remaining = self.remaining(lot, cut);
        if is_gone(self.lots[lot].moved.map(|(sequence, ..)| sequence)) {
            LotStatus::Moved
        } else if is_gone(self.lots[lot].revoked) {
            LotStatus::Revoked
        } else if remaining == 0 {
            LotStatus::Exhausted
        } else if self.is_expired(lot, cut) {
            LotStatus::Expired
        } else if cut.at < self.lots[lot].available_at {
            LotStatus::Pending
        } else if self.held(lot, cut) == remaining {
            LotStatus::Held
        } else {
            LotStatus::Active
        }
    }

    /// Lots with usable value, in the order of use (rule C1).
    pub(crate) fn usable(&self, kind: LotKind, cut: Cut) -> Vec<usize> {
        self.usable_of(|lot| lot == kind, cut)
    }

    pub(crate) fn usable_of(&self, is_one: impl Fn(LotKind) -> bool, cut: Cut) -> Vec<usize> {
        let mut usable: Vec<usize> = self
            .lots_at(cut)
            .filter(|(index, lot)| is_one(lot.kind) && self.status(*index, cut) == LotStatus::Active)
            .map(|(index, _)| index)
            .collect();
        usable.sort_by_key(|index| self.rank(*index, self.expiry(*index, cut)));
        usable
    }

    /// The order of use among lots that end then (rule C1).
    pub(crate) fn rank(&self, lot: usize, end: Option<Micros>) -> impl Ord + use<> {
        let lot = &self.lots[lot];
        (end.is_none(), end, lot.issued_at, self.full_id(lot))
    }

    /// Where everything of one kind was.
    pub(crate) fn sums(&self, kind: LotKind, cut: Cut) -> Sums {
        let mut sums = Sums { clawed_back: self.lapsed_back(kind, cut), ..Sums::default() };
        for flow in self.flows.iter().filter(|flow| flow.kind == kind && is_written(flow.sequence, cut)) {
            match flow.way {
                Way::Issued => sums.issued += flow.value,
                Way::Redeemed => sums.redeemed -= flow.value,
                Way::Adjusted => sums.adjusted += flow.value,
                Way::Moved => sums.moved += flow.value,
                Way::ClawedBack => sums.clawed_back -= flow.value,
                Way::PaidToDebt => {
                    sums.issued += flow.value;
                    sums.paid_to_debt += flow.value;
                }
                Way::EarnedAndClawedBack => {
                    sums.issued += flow.value;
                    sums.clawed_back += flow.value;
                }
                Way::Between(from, to) => sums.shift(from, to, flow.value),
            }
        }
        let known = self.lots.iter().enumerate().filter(|(_, lot)| is_written(lot.sequence, cut));
        for (index, lot) in known.filter(|(_, lot)| lot.kind == kind) {
            let (remaining, held) = (self.remaining(index, cut), self.held(index, cut));
            let free = remaining - held;
            match self.status(index, cut) {
                LotStatus::Moved => {
                    let (_, _, went) = lot.moved.unwrap();
                    sums.moved -= went;
                    sums.expired += remaining - went;
                    continue;
                }
                LotStatus::Revoked => sums.revoked += free,
                LotStatus::Expired => sums.expired += free,
                LotStatus::Pending => sums.pending += free,
                _ => sums.available += free,
            }
            sums.held += held;
        }
        sums
    }
}

pub(crate) fn is_written(sequence: u32, cut: Cut) -> bool {
    usize::try_from(sequence).unwrap() <= cut.entries
}
