//! The lapse of a lot for want of activity (rule T9).

use serde::{Deserialize, Serialize};

use crate::journal::bytes::{Binary, Decoded, Reader, Writer};
use crate::time::{Expiry, Period, Timestamp, Zone};

/// The period without activity after which a lot lapses (rule T9), as of an entry about the lot.
///
/// Later activity of the account counts as well, and is not written here: so it costs the same however many lots it
/// keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Inactivity {
    /// The period, frozen at issue (rule D3).
    pub period: Period,
    /// The zone in which its days are counted.
    pub timezone: Zone,
    /// The start of the period: the latest of when the lot became available and the last activity before it was over.
    pub from: Timestamp,
    /// Whether the lot lapsed: then the lot's expiry is the instant of that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_lapsed: bool,
}

/// An activity that an entry tells of (rule T9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Active {
    /// The instant by which a lot must not have lapsed to be kept by it.
    pub(crate) at: Timestamp,
    /// The start of the periods that it begins: earlier, if it came along in a merger.
    pub(crate) from: Timestamp,
}

impl Inactivity {
    /// Counted from an instant.
    pub(crate) const fn new(period: Period, timezone: Zone, from: Timestamp) -> Self {
        Self { period, timezone, from, has_lapsed: false }
    }

    /// The same, counted from this activity, unless it is counted from a later instant.
    pub(crate) fn since(self, activity: Option<Timestamp>) -> Self {
        Self { from: activity.map_or(self.from, |at| at.max(self.from)), ..self }
    }

    /// The end of the period without any activity after its start.
    pub(crate) fn end(&self) -> Expiry {
        // A period that ends after the year 9999 does not end.
        self.period.expiry(self.from, self.timezone).unwrap_or(Expiry::NEVER)
    }
}

impl Binary for Inactivity {
    fn write(&self, to: &mut Writer<'_>) {
        to.flags([self.has_lapsed]);
        self.period.write(to);
        to.text(self.timezone.name());
        to.instant(self.from);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "the inactivity of a lot";
        let [has_lapsed] = from.flags()?;
        let (period, timezone) = (Binary::read(from)?, from.parsed("an IANA time zone")?);
        Ok(Self { has_lapsed, ..Self::new(period, timezone, from.instant()?) })
    }
}
