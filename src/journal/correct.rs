//! Revoking a lot, and correcting it (rule L3).

use serde::{Deserialize, Serialize};

use crate::id::ExternalId;
use crate::journal::bytes::{Binary, Decoded, Reader, Writer};
use crate::journal::effect::Effect;
use crate::journal::{Bucket, Entry, EntryKind, Issue, LotChange, Recovered};
use crate::time::Timestamp;

/// The journal entry of a lot that is revoked or corrected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Corrected {
    /// The change of the lot.
    pub change: LotChange,
    /// The part of an upward correction clawed back at once because the lot's transaction owed it (rule X5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clawed_back: Option<Recovered>,
    /// Its fixed facts, if these were corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<Issue>,
    /// The caller's own id of the lot, if the fixed facts were corrected: a later move finds both here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
    /// The reason given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The start of the period that was over, if the lot had lapsed and comes back (rule T9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lapsed_from: Option<Timestamp>,
    /// The lot's own end as corrected, if the lot stays lapsed: its expiry is then the sooner of this and the lapse
    /// (rule T9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_end: Option<Timestamp>,
}

impl Corrected {
    /// A lot that changes like this, and nothing else.
    pub(crate) const fn of(change: LotChange) -> Self {
        let (clawed_back, issue, external_id) = (None, None, None);
        let (reason, lapsed_from, own_end) = (None, None, None);
        Self { change, clawed_back, issue, external_id, reason, lapsed_from, own_end }
    }

    pub(super) fn effects<'a>(&'a self, tell: &mut impl FnMut(Effect<'a>)) {
        let external_id = self.external_id.as_ref();
        self.issue.iter().for_each(|issue| tell(Effect::Facts { issue, external_id }));
        self.clawed_back.iter().for_each(|recovered| {
            recovered.effects((self.change.after.lot, self.change.after.kind), Bucket::Adjusted, tell)
        });
        self.change.effects(tell);
    }
}

impl Entry {
    /// The correction that it is.
    pub(crate) fn corrected(&self) -> Option<&Corrected> {
        match &self.kind {
            EntryKind::Adjust(corrected) => Some(corrected),
            _ => None,
        }
    }
}

impl Binary for Corrected {
    fn write(&self, to: &mut Writer<'_>) {
        let Self { change, clawed_back, issue, external_id, reason, lapsed_from, own_end } = self;
        to.flags([
            issue.is_some(),
            external_id.is_some(),
            reason.is_some(),
            clawed_back.is_some(),
            lapsed_from.is_some(),
            own_end.is_some(),
        ]);
        change.write(to);
        clawed_back.iter().for_each(|recovered| recovered.write(to));
        issue.iter().for_each(|issue| issue.write(to));
        external_id.iter().for_each(|id| to.text(id.as_str()));
        reason.iter().for_each(|reason| to.text(reason));
        lapsed_from.iter().chain(own_end).for_each(|instant| to.instant(*instant));
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "a correction";
        let [has_issue, has_external_id, has_reason, has_clawed_back, has_lapsed, has_own_end] =
            from.flags()?;
        let change = Binary::read(from)?;
        let clawed_back = from.if_set(has_clawed_back, Binary::read)?;
        let issue = from.if_set(has_issue, Binary::read)?;
        from.part = "a correction's reason";
        let external_id = from.if_set(has_external_id, |from| from.parsed("an external id"))?;
        let reason = from.if_set(has_reason, Reader::string)?;
        let lapsed_from = from.if_set(has_lapsed, Reader::instant)?;
        let own_end = from.if_set(has_own_end, Reader::instant)?;
        Ok(Self { change, clawed_back, issue, external_id, reason, lapsed_from, own_end })
    }
}
