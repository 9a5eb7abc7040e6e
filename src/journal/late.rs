//! Late redemptions: a till that was offline sends what has happened already (rule T10).

use serde::{Deserialize, Serialize};

use crate::id::LotId;
use crate::journal::bytes::{Binary, Decoded, Reader, Writer};
use crate::journal::effect::Effect;
use crate::journal::{Bucket, Items, LotChange};
use crate::time::Timestamp;

/// The details of a redemption that happened before it was sent. The entry's own instant is that of the decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Late {
    /// The time at which it happened.
    pub occurred_at: Timestamp,
    /// The lots that have expired since, in the order of their ids: those that gave to it, and those that its activity
    /// keeps (rule T9). What was taken came back for it. The rest came back if the lot ends after the decision now, and
    /// stays expired otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revived: Vec<LotChange>,
}

impl Late {
    /// The bucket that a lot's share was taken from.
    pub(crate) fn source(&self, lot: LotId) -> Bucket {
        let is_revived = self.revived.iter().any(|change| change.after.lot == lot);
        if is_revived { Bucket::Expired } else { Bucket::Available }
    }

    pub(super) fn effects<'a>(&'a self, items: &Items, tell: &mut impl FnMut(Effect<'a>)) {
        items.iter().for_each(|item| tell(Effect::take(item, self.source(item.lot))));
        self.revived.iter().for_each(|change| change.effects(tell));
    }
}

impl Binary for Late {
    fn write(&self, to: &mut Writer<'_>) {
        to.instant(self.occurred_at);
        to.list(&self.revived);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "the time of a late redemption";
        Ok(Self { occurred_at: from.instant()?, revived: from.list()? })
    }
}
