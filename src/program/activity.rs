//! What keeps points from lapsing (rule T9).

use serde::{Deserialize, Serialize};

use crate::setters::setters;

/// What a profile does that may keep its points from lapsing (rule T9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Activity {
    #[serde(rename = "earn")]
    Earning,
    #[serde(rename = "redeem")]
    Redeeming,
}

/// The activity that keeps points from lapsing, where their definition says that they lapse without any (rule T9).
/// In JSON it is a list of what counts, `["earn", "redeem"]`; that is also the default.
///
/// ```
/// use scrip::program::{Activities, ProgramSettings};
///
/// let settings = ProgramSettings::new("AUD".parse()?, "Australia/Melbourne".parse()?);
/// let settings = settings.with_activity(Activities::ALL.with_redeeming(false));
/// assert!(settings.activity.earning);
/// assert_eq!(serde_json::to_string(&settings.activity)?, r#"["earn"]"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<Activity>", into = "Vec<Activity>")]
#[non_exhaustive]
pub struct Activities {
    /// Whether it counts that a transaction is posted.
    pub earning: bool,
    /// Whether it counts that value is redeemed, or a hold captured.
    pub redeeming: bool,
}

impl Activities {
    /// Both.
    pub const ALL: Self = Self { earning: true, redeeming: true };

    pub(crate) const fn include(self, activity: Activity) -> bool {
        match activity {
            Activity::Earning => self.earning,
            Activity::Redeeming => self.redeeming,
        }
    }

    pub(super) fn are_all(&self) -> bool {
        *self == Self::ALL
    }
}

impl From<Vec<Activity>> for Activities {
    fn from(named: Vec<Activity>) -> Self {
        let has = |activity| named.contains(&activity);
        Self { earning: has(Activity::Earning), redeeming: has(Activity::Redeeming) }
    }
}

impl From<Activities> for Vec<Activity> {
    fn from(activities: Activities) -> Self {
        let both = [Activity::Earning, Activity::Redeeming];
        both.into_iter().filter(|activity| activities.include(*activity)).collect()
    }
}

impl Default for Activities {
    fn default() -> Self {
        Self::ALL
    }
}

setters! { Activities {
    /// Whether it counts that a transaction is posted.
    with_earning(earning: bool) = earning;

    /// Whether it counts that value is redeemed, or a hold captured.
    with_redeeming(redeeming: bool) = redeeming;
} }
