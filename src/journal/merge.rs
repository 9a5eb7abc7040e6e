//! Merging a profile into another, which closes it (rule L2): one entry in each journal, after those of the lots.

use serde::{Deserialize, Serialize};

use crate::id::{HoldId, ProfileNumber};
use crate::journal::bytes::{Binary, Decoded, Reader, Writer, kind_of};
use crate::journal::effect::{Effect, HoldEnd};
use crate::journal::{Bucket, HoldEntry, KindTotals, LotKind, Movement, Owed};
use crate::time::Timestamp;
use crate::value::{Points, Quantity};

/// The journal entry of a profile that is merged into another and closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MergedOut {
    /// The profile that takes over.
    pub into: ProfileNumber,
    /// The open holds that moved along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<HoldId>,
    /// The points owed that moved along.
    #[serde(default, skip_serializing_if = "Points::is_nothing")]
    pub point_debt: Points,
    /// The account's history (redeemed, expired and so on), which moves along without its lots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<Movement>,
}

/// The journal entry of a profile that takes over another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MergedIn {
    /// The profile that is taken over.
    pub from: ProfileNumber,
    /// The profiles merged into that one before, which this profile now answers for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<ProfileNumber>,
    /// The open holds that moved here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holds: Vec<HoldEntry>,
    /// The debts and shortfalls that moved here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owed: Vec<Owed>,
    /// The history (redeemed, expired and so on) that moved here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<Movement>,
    /// The last activity of either profile: it counts for all lots (rule T9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_at: Option<Timestamp>,
    /// The value that was transferred on the day, by kind: it counts towards the limit of this profile (rule L5).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<Sent>,
}

/// The value of one kind that a merged profile had transferred on the day of the merger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sent {
    /// The kind of value.
    pub kind: LotKind,
    /// How much, gross.
    pub value: Quantity,
    /// The end of the program's local day.
    pub until: Timestamp,
}

impl KindTotals {
    /// The movements of the history to the profile that takes over.
    pub(crate) fn history(&self, kind: LotKind) -> impl Iterator<Item = Movement> {
        let buckets = [
            (Bucket::Redeemed, self.redeemed),
            (Bucket::Expired, self.expired),
            (Bucket::Revoked, self.revoked),
            (Bucket::ClawedBack, self.clawed_back),
            (Bucket::PaidToDebt, self.paid_to_debt),
        ];
        let some = buckets.into_iter().filter(|(_, value)| !value.is_zero());
        some.map(move |(from, value)| Movement { kind, from, to: Bucket::Moved, value })
    }
}

impl MergedOut {
    pub(super) fn effects<'a>(&'a self, tell: &mut impl FnMut(Effect<'a>)) {
        self.holds.iter().for_each(|hold| tell(Effect::HoldClosed { hold: *hold, end: HoldEnd::Moved }));
        self.moved.iter().for_each(|movement| tell(Effect::Move(*movement)));
        tell(Effect::PayDebt { points: self.point_debt, status: None });
        tell(Effect::MergedInto(self.into));
    }
}

impl MergedIn {
    pub(super) fn effects<'a>(&'a self, tell: &mut impl FnMut(Effect<'a>)) {
        self.holds.iter().for_each(|hold| tell(Effect::HoldOpened(hold)));
        self.moved.iter().for_each(|movement| tell(Effect::Move(*movement)));
        self.owed.iter().for_each(|owed| tell(Effect::Owe(owed)));
        std::iter::once(&self.from).chain(&self.before).for_each(|number| tell(Effect::MergedFrom(*number)));
        self.active_at.inspect(|active| tell(Effect::Active(*active)));
        for Sent { kind, value, until } in self.sent.iter().copied() {
            tell(Effect::Sent { kind, value, until });
        }
    }
}

impl Binary for MergedOut {
    fn write(&self, to: &mut Writer<'_>) {
        let is_owed = !self.point_debt.is_zero();
        to.flags([is_owed, !self.moved.is_empty()]);
        to.profile(self.into);
        to.number(self.holds.len() as u64);
        self.holds.iter().for_each(|hold| to.id(*hold));
        if is_owed {
            to.quantity(self.point_debt);
        }
        if !self.moved.is_empty() {
            to.list(&self.moved);
        }
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "a merger into another profile";
        let [is_owed, has_moved] = from.flags()?;
        let into = from.profile()?;
        let holds = (0..from.number()?).map(|_| from.id()).collect::<Decoded<_>>()?;
        let point_debt = from.if_set(is_owed, Reader::points)?.unwrap_or_default();
        Ok(Self { into, holds, point_debt, moved: from.if_set(has_moved, Reader::list)?.unwrap_or_default() })
    }
}

impl Binary for MergedIn {
    fn write(&self, to: &mut Writer<'_>) {
        let has_sent = !self.sent.is_empty();
        to.flags([!self.owed.is_empty(), !self.moved.is_empty(), self.active_at.is_some(), has_sent]);
        to.profile(self.from);
        to.profiles(&self.before);
        to.list(&self.holds);
        if !self.owed.is_empty() {
            to.list(&self.owed);
        }
        if !self.moved.is_empty() {
            to.list(&self.moved);
        }
        self.active_at.inspect(|active| to.instant(*active));
        if has_sent {
            to.list(&self.sent);
        }
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "a merger of another profile";
        let [is_owed, has_moved, was_active, has_sent] = from.flags()?;
        let (number, before, holds) = (from.profile()?, from.profiles()?, from.list()?);
        let owed = from.if_set(is_owed, Reader::list)?.unwrap_or_default();
        let moved = from.if_set(has_moved, Reader::list)?.unwrap_or_default();
        let active_at = from.if_set(was_active, Reader::instant)?;
        let sent = from.if_set(has_sent, Reader::list)?.unwrap_or_default();
        Ok(Self { from: number, before, holds, owed, moved, active_at, sent })
    }
}

impl Binary for Sent {
    fn write(&self, to: &mut Writer<'_>) {
        to.flags([self.kind.is_points(), self.kind == LotKind::Status]);
        to.quantity(self.value);
        to.instant(self.until);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "what was transferred on a day";
        let [is_points, is_status] = from.flags()?;
        let (kind, value) = (kind_of(is_points, is_status), from.quantity()?);
        Ok(Self { kind, value, until: from.instant()? })
    }
}
