//! Late redemptions: a till that was offline sends what has happened already (rule T10).

use serde::{Deserialize, Serialize};

use crate::id::LotId;
use crate::journal::bytes::{Binary, Reader, Reading, Writer};
use crate::journal::effect::Effect;
use crate::journal::{Bucket, Items, LotState};
use crate::time::Timestamp;

/// The details of a redemption that happened before it was sent. The entry's own instant is that of the decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Late {
    /// The time at which it happened.
    pub occurred_at: Timestamp,
    /// The states of the lots that gave to it although they have expired since. What was taken came back for it; the
    /// rest stays expired.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revived: Vec<LotState>,
}

impl Late {
    /// The bucket that a lot's share was taken from.
    pub(crate) fn source(&self, lot: LotId) -> Bucket {
        let is_revived = self.revived.iter().any(|after| after.lot == lot);
        if is_revived { Bucket::Expired } else { Bucket::Available }
    }

    pub(super) fn effects<'a>(&'a self, items: &Items, tell: &mut impl FnMut(Effect<'a>)) {
        items.iter().for_each(|item| tell(Effect::take(item, self.source(item.lot))));
        self.revived.iter().for_each(|after| tell(Effect::State(after)));
    }
}

impl Binary for Late {
    fn write(&self, to: &mut Writer<'_>) {
        to.instant(self.occurred_at);
        to.list(&self.revived);
    }

    fn read(from: &mut Reader<'_>) -> Reading<Self> {
        from.part = "the time of a late redemption";
        Ok(Self { occurred_at: from.instant()?, revived: from.list()? })
    }
}
