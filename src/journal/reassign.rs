//! Reassigning: a lot moves to another profile (rule L2), with one entry in each journal.

use serde::{Deserialize, Serialize};

use crate::id::{ExternalId, ProfileNumber};
use crate::journal::bytes::{Binary, Decoded, Reader, Writer};
use crate::journal::effect::{Arrival, Effect};
use crate::journal::{Issue, LotChange};
use crate::value::Quantity;

/// The journal entry of a lot that moves to another profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MovedOut {
    /// The change of the lot in this journal.
    pub change: LotChange,
    /// The profile that the lot moved to.
    pub to: ProfileNumber,
}

/// The journal entry of a lot that moves here from another profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MovedIn {
    /// Its fixed facts, with its current expiry and remaining value.
    pub issue: Issue,
    /// The caller's own id of the lot. Look-ups by it do not find this entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
    /// The held part of it, whose holds move along.
    #[serde(default, skip_serializing_if = "Quantity::is_nothing")]
    pub held: Quantity,
    /// The change of the lot in this journal.
    pub change: LotChange,
    /// The profile that the lot moved from.
    pub from: ProfileNumber,
}

impl MovedOut {
    pub(super) fn effects<'a>(&'a self, tell: &mut impl FnMut(Effect<'a>)) {
        self.change.effects(tell);
    }
}

impl MovedIn {
    pub(super) fn effects<'a>(&'a self, tell: &mut impl FnMut(Effect<'a>)) {
        let Self { issue, external_id, held, change, from } = self;
        change.moved.iter().for_each(|movement| tell(Effect::Move(*movement)));
        tell(Effect::Arrive(Arrival {
            issue,
            after: change.after,
            held: *held,
            external_id: external_id.as_ref(),
            from: Some(*from),
        }));
    }
}

impl Binary for MovedOut {
    fn write(&self, to: &mut Writer<'_>) {
        self.change.write(to);
        to.profile(self.to);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        let change = Binary::read(from)?;
        from.part = "a lot that went to another profile";
        Ok(Self { change, to: from.profile()? })
    }
}

impl Binary for MovedIn {
    fn write(&self, to: &mut Writer<'_>) {
        let is_held = !self.held.is_zero();
        to.flags([self.external_id.is_some(), is_held]);
        self.issue.write(to);
        self.external_id.iter().for_each(|id| to.text(id.as_str()));
        if is_held {
            to.quantity(self.held);
        }
        self.change.write(to);
        to.profile(self.from);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "a lot that came from another profile";
        let [has_external_id, is_held] = from.flags()?;
        Ok(Self {
            issue: Binary::read(from)?,
            external_id: from.if_set(has_external_id, |from| from.parsed("an external id"))?,
            held: from.if_set(is_held, Reader::quantity)?.unwrap_or_default(),
            change: Binary::read(from)?,
            from: from.profile()?,
        })
    }
}
