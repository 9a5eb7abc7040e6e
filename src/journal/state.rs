//! The state of a lot after an entry that changed it, and the movements of value: a part of most entries.

use serde::{Deserialize, Serialize};

use crate::definition::Scope;
use crate::id::{LotId, ProfileNumber};
use crate::journal::bytes::{Binary, Decoded, Reader, Writer, kind_of};
use crate::journal::effect::Effect;
use crate::journal::list::{short_list, short_list_in_documents};
use crate::journal::order::Tie;
use crate::journal::{Bucket, Inactivity, LotKind, LotStatus, Movement};
use crate::time::{Expiry, Timestamp};
use crate::value::Quantity;

/// The standing of a lot: where its unheld value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The value can be used.
    Usable,
    /// The value can be used from this instant.
    Pending(Timestamp),
    /// The lot has expired.
    Expired,
    /// The lot was revoked by the shop (rule L3).
    Revoked,
    /// The lot belongs to the profile with this number now (rule L2).
    MovedTo(ProfileNumber),
}

/// The state of a lot after an entry that changed it. Together with the entry that has the lot's fixed facts, it is a
/// full description of a lot that is no longer live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LotState {
    /// The lot.
    pub lot: LotId,
    /// The kind of value in it.
    pub kind: LotKind,
    /// The time of issue.
    pub issued_at: Timestamp,
    /// The end of its use, past or future; of a lot that lapses for inactivity, the latest that it can be.
    pub expires_at: Expiry,
    /// The remaining value: usable, held, expired or, after a revocation, revoked.
    pub remaining: Quantity,
    /// The standing of the value that is not held.
    pub standing: Standing,
    /// The period without activity after which it lapses (rule T9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactivity: Option<Inactivity>,
}

/// A change of one lot: its new state, and the movements of value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LotChange {
    /// The lot's new state.
    pub after: LotState,
    /// The movements of value.
    #[serde(default, skip_serializing_if = "Movements::is_nothing")]
    pub moved: Movements,
    /// The lot's scope, if it has one and becomes usable again: an account only keeps those of live lots (rule S2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Box<Scope>>,
}

short_list! {
    /// The movements of value in a change of a lot. A single movement takes no allocation.
    Movements of Movement, 1
}

short_list_in_documents! { Movements of Movement }

impl Movements {
    fn is_nothing(&self) -> bool {
        self.0.is_empty()
    }
}

impl Standing {
    /// Whether the lot was revoked, or is with another profile.
    pub(crate) const fn is_gone(self) -> bool {
        matches!(self, Self::Revoked | Self::MovedTo(_))
    }

    /// The bucket of a lot's unheld value.
    pub(crate) const fn bucket(self) -> Bucket {
        match self {
            Self::Usable => Bucket::Available,
            Self::Pending(_) => Bucket::Pending,
            Self::Expired => Bucket::Expired,
            Self::Revoked => Bucket::Revoked,
            Self::MovedTo(_) => Bucket::Moved,
        }
    }

    /// The remaining value that callers see: nothing, if the lot was revoked or is with another profile.
    pub(crate) const fn left(self, remaining: Quantity) -> Quantity {
        if self.is_gone() { Quantity::ZERO } else { remaining }
    }

    /// The status that callers see.
    pub(crate) fn status(self, remaining: Quantity, held: Quantity) -> LotStatus {
        match self {
            Self::Revoked => LotStatus::Revoked,
            Self::MovedTo(_) => LotStatus::Moved,
            _ if remaining.is_zero() => LotStatus::Exhausted,
            Self::Expired => LotStatus::Expired,
            Self::Pending(_) => LotStatus::Pending,
            Self::Usable if held == remaining => LotStatus::Held,
            Self::Usable => LotStatus::Active,
        }
    }
}

impl LotChange {
    pub(super) fn effects<'a>(&'a self, tell: &mut impl FnMut(Effect<'a>)) {
        self.moved.iter().for_each(|movement| tell(Effect::Move(*movement)));
        self.scope.iter().for_each(|scope| tell(Effect::Scope { lot: self.after.lot, scope }));
        tell(Effect::State(&self.after));
    }
}

impl LotState {
    /// The end of its use if there is no further activity (rule T9).
    pub fn ends_at(&self) -> Expiry {
        match &self.inactivity {
            Some(inactivity) if !inactivity.has_lapsed => self.expires_at.min(inactivity.end()),
            _ => self.expires_at,
        }
    }

    pub(crate) const fn tie(&self) -> Tie {
        Tie::of(self.issued_at, self.lot)
    }

    /// The state at an instant of a lot that ends like this. If it lapsed, that is its expiry from then on: what has
    /// lapsed stays so.
    pub(crate) fn ended(self, end: Expiry, at: Timestamp) -> Self {
        match self.inactivity {
            Some(inactivity) if end < self.expires_at && end.is_past(at) => {
                let inactivity = Some(Inactivity { has_lapsed: true, ..inactivity });
                Self { expires_at: end, inactivity, ..self }
            }
            _ => self,
        }
    }

    /// Whether it lapsed for inactivity.
    pub(crate) fn has_lapsed(&self) -> bool {
        self.inactivity.is_some_and(|inactivity| inactivity.has_lapsed)
    }

    /// When it lapsed, if it has; whatever end of its own was corrected since.
    pub(crate) fn lapse(&self) -> Option<Expiry> {
        self.inactivity.filter(|inactivity| inactivity.has_lapsed).map(|inactivity| inactivity.end())
    }

    /// Writes it, with a flag for what follows it in a change of the lot.
    fn write_flagged(&self, is_scoped: bool, to: &mut Writer<'_>) {
        let standing: u64 = match self.standing {
            Standing::Usable => 0,
            Standing::Pending(_) => 1,
            Standing::Expired => 2,
            Standing::Revoked => 3,
            Standing::MovedTo(_) => 4,
        };
        let is_status = self.kind == LotKind::Status;
        let (is_never, can_lapse) = (self.expires_at == Expiry::NEVER, self.inactivity.is_some());
        to.flags([self.kind.is_points(), is_never, is_status, is_scoped, can_lapse]);
        to.number(standing);
        to.id(self.lot);
        to.instant(self.issued_at);
        to.end(self.expires_at);
        to.quantity(self.remaining);
        match self.standing {
            Standing::Pending(available_at) => to.instant(available_at),
            Standing::MovedTo(number) => to.profile(number),
            Standing::Usable | Standing::Expired | Standing::Revoked => {}
        }
        self.inactivity.iter().for_each(|inactivity| inactivity.write(to));
    }

    /// Reads it, and the flag.
    fn read_flagged(from: &mut Reader<'_>) -> Decoded<(Self, bool)> {
        from.part = "how a lot stands";
        let [is_points, is_never, is_status, is_scoped, can_lapse] = from.flags()?;
        let standing = from.number()?;
        let (lot, issued_at) = (from.id()?, from.instant()?);
        let (expires_at, remaining) = (from.end(is_never)?, from.quantity()?);
        let standing = match standing {
            0 => Standing::Usable,
            1 => Standing::Pending(from.instant()?),
            2 => Standing::Expired,
            3 => Standing::Revoked,
            4 => Standing::MovedTo(from.profile()?),
            newer => return Err(from.newer(newer)),
        };
        let (kind, inactivity) = (kind_of(is_points, is_status), from.if_set(can_lapse, Binary::read)?);
        Ok((Self { lot, kind, issued_at, expires_at, remaining, standing, inactivity }, is_scoped))
    }
}

impl Binary for LotState {
    fn write(&self, to: &mut Writer<'_>) {
        self.write_flagged(false, to);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        Self::read_flagged(from).map(|(state, _)| state)
    }
}

impl Binary for LotChange {
    fn write(&self, to: &mut Writer<'_>) {
        self.after.write_flagged(self.scope.is_some(), to);
        to.list(&self.moved);
        self.scope.iter().for_each(|scope| scope.write(to));
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        let (after, is_scoped) = LotState::read_flagged(from)?;
        let moved = Movements(from.list()?.into());
        Ok(Self { after, moved, scope: from.if_set(is_scoped, Binary::read)? })
    }
}

impl Binary for Movement {
    fn write(&self, to: &mut Writer<'_>) {
        to.flags([self.kind.is_points(), self.kind == LotKind::Status]);
        to.number(self.from.code());
        to.number(self.to.code());
        to.quantity(self.value);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "a movement";
        let [is_points, is_status] = from.flags()?;
        Ok(Self {
            kind: kind_of(is_points, is_status),
            from: Bucket::read(from)?,
            to: Bucket::read(from)?,
            value: from.quantity()?,
        })
    }
}

impl Bucket {
    /// All buckets, each at its number in the binary form. New ones are added at the end.
    const ALL: [Self; 11] = [
        Self::Issued,
        Self::Adjusted,
        Self::Moved,
        Self::Available,
        Self::Pending,
        Self::Held,
        Self::Redeemed,
        Self::Expired,
        Self::Revoked,
        Self::ClawedBack,
        Self::PaidToDebt,
    ];

    const fn code(self) -> u64 {
        self as u64
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        let code = from.number()?;
        let bucket = usize::try_from(code).ok().and_then(|place| Self::ALL.get(place));
        bucket.copied().ok_or_else(|| from.newer(code))
    }
}
