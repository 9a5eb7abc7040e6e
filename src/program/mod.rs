//! The program: a brand's currency, time zone, rates and policies, checked once.

mod activity;
mod currency;
mod policy;

use chrono::TimeDelta;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use activity::Activities;
pub(crate) use activity::Activity;
pub use currency::{Currency, CurrencyError};
pub use policy::{Clawback, Earn, ExpiredReturn, Share, ShareError, TransferLimit};

use crate::definition::Scope;
use crate::setters::setters;
use crate::time::{TimeError, Timestamp, Zone};
use crate::value::{Amount, Exchange, ExchangeRate, Points, Scale, Sum, Worth};

/// The choices of a brand, as they are written down: in Rust, or as the JSON of a program file.
///
/// Everything but the currency and the zone has a default. It becomes a [`Program`] by `TryFrom`, which checks it.
///
/// ```
/// use scrip::program::{ExpiredReturn, ProgramSettings};
/// use scrip::value::ExchangeRate;
/// use scrip::{Amount, Points, Program};
///
/// let settings = ProgramSettings::new("AUD".parse()?, "Australia/Melbourne".parse()?)
///     .with_exchange_rate(ExchangeRate::new(Points::from(100), Amount::from(10))?)
///     .with_expired_return(ExpiredReturn::GraceDays(7))
///     .with_minimum_spend(Amount::from(20));
/// let program = Program::try_from(settings)?;
/// assert_eq!(program.worth(Points::from(150)), Amount::from(15));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ProgramSettings {
    /// The one currency of the ledger (rule Q1).
    pub currency: Currency,
    /// The zone in which local times are read where nothing nearer says (rule T3).
    pub timezone: Zone,
    /// How many decimals points have: 0 to 4, 2 by default (rule Q4).
    #[serde(default = "default_point_scale")]
    pub point_scale: u8,
    /// What points are worth. Without it, points cannot pay (rule Q4).
    #[serde(default)]
    pub exchange_rate: Option<ExchangeRate>,
    /// For how long a redemption can be reversed, in seconds; 600 by default (rule R4).
    #[serde(default = "default_reversal_window")]
    pub reversal_window_seconds: u32,
    /// For how long a hold is good, in seconds; 900 by default (rule H3).
    #[serde(default = "default_hold")]
    pub hold_seconds: u32,
    /// How far behind an account's last entry a request may be, in seconds; 300 by default (rule T6).
    #[serde(default = "default_tolerance")]
    pub time_tolerance_seconds: u32,
    /// How late a redemption may be sent after it happened, in seconds; 0 by default: not at all (rule T10).
    #[serde(default)]
    pub late_window_seconds: u32,
    /// For how long an idempotency key is remembered, in seconds; without it, for ever (rule J5).
    #[serde(default)]
    pub key_window_seconds: Option<u32>,
    /// What becomes of value that goes back to a lot which has expired since (rule R3).
    #[serde(default)]
    pub expired_return: ExpiredReturn,
    /// The rates at which transactions earn points (rules X3 and K2). In JSON, one of them or a list.
    #[serde(default, with = "policy::rates")]
    pub earn: Vec<Earn>,
    /// What becomes of earned points that must come back and were spent (rule X4).
    #[serde(default)]
    pub clawback: Clawback,
    /// The least that a basket must be worth for a redemption (rule C6).
    #[serde(default)]
    pub minimum_spend: Option<Amount>,
    /// The most that one redemption may take (rule C6).
    #[serde(default)]
    pub redemption_cap: Option<Amount>,
    /// The largest part of a basket that one redemption may take (rule C6).
    #[serde(default)]
    pub redemption_share: Option<Share>,
    /// The most that one profile may transfer to others on one local day of the program (rule L5).
    #[serde(default)]
    pub transfer_limit_per_day: Option<TransferLimit>,
    /// The activity that keeps points from lapsing: both kinds by default (rule T9).
    #[serde(default, skip_serializing_if = "Activities::are_all")]
    pub activity: Activities,
}

const fn default_point_scale() -> u8 {
    2
}
const fn default_reversal_window() -> u32 {
    600
}
const fn default_hold() -> u32 {
    900
}
const fn default_tolerance() -> u32 {
    300
}

/// The most rates that a program earns at.
const MOST_RATES: usize = 16;

impl ProgramSettings {
    /// The defaults, in a currency and a zone.
    pub const fn new(currency: Currency, timezone: Zone) -> Self {
        Self {
            currency,
            timezone,
            point_scale: default_point_scale(),
            exchange_rate: None,
            reversal_window_seconds: default_reversal_window(),
            hold_seconds: default_hold(),
            time_tolerance_seconds: default_tolerance(),
            late_window_seconds: 0,
            key_window_seconds: None,
            expired_return: ExpiredReturn::Original,
            earn: Vec::new(),
            clawback: Clawback::Debt,
            minimum_spend: None,
            redemption_cap: None,
            redemption_share: None,
            transfer_limit_per_day: None,
            activity: Activities::ALL,
        }
    }
}

setters! { ProgramSettings {
    /// With this number of decimals for points, four at most (rule Q4).
    with_point_scale(point_scale: u8) = point_scale;

    /// With points that pay at this rate (rule Q4).
    with_exchange_rate(exchange_rate: ExchangeRate) = Some(exchange_rate);

    /// With this window, in seconds, for reversing a redemption (rule R4).
    with_reversal_window(reversal_window_seconds: u32) = reversal_window_seconds;

    /// With this default lifetime of holds, in seconds (rule H3).
    with_hold_seconds(hold_seconds: u32) = hold_seconds;

    /// With this tolerance, in seconds, for clocks behind an account's last entry (rule T6).
    with_time_tolerance(time_tolerance_seconds: u32) = time_tolerance_seconds;

    /// With redemptions that may be sent so late, in seconds, after they happened (rule T10).
    with_late_window(late_window_seconds: u32) = late_window_seconds;

    /// With this lifetime of idempotency keys, in seconds (rule J5).
    with_key_window(key_window_seconds: u32) = Some(key_window_seconds);

    /// With this policy for what is returned to an expired reward (rule R3).
    with_expired_return(expired_return: ExpiredReturn) = expired_return;

    /// With points that purchases earn, at one rate or at several (rules X3 and K2).
    with_earn(earn: impl IntoIterator<Item = Earn>) = earn.into_iter().collect();

    /// With this policy for points that were spent before their purchase came back (rule X4).
    with_clawback(clawback: Clawback) = clawback;

    /// With a smallest basket that value can be redeemed for (rule C6).
    with_minimum_spend(minimum_spend: Amount) = Some(minimum_spend);

    /// With the most that one redemption takes (rule C6).
    with_redemption_cap(redemption_cap: Amount) = Some(redemption_cap);

    /// With the largest share of a basket that one redemption takes (rule C6).
    with_redemption_share(redemption_share: Share) = Some(redemption_share);

    /// With the most that one profile transfers to others on one day (rule L5).
    with_transfer_limit_per_day(transfer_limit_per_day: TransferLimit) = Some(transfer_limit_per_day);

    /// With the activity that keeps points from lapsing (rule T9).
    with_activity(activity: Activities) = activity;
} }

/// Why settings are not a program.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// The currency is not known.
    #[error("currency: {0}")]
    Currency(#[from] CurrencyError),
    /// The zone is not known.
    #[error("timezone: {0}")]
    Timezone(#[from] TimeError),
    /// Points have at most four decimals.
    #[error("point_scale: {0} is above 4 (rule Q4)")]
    PointScale(u8),
    /// There are more rates than a program may have.
    #[error("earn: has {0} rates, and at most 16 are allowed (rule K2)")]
    TooManyRates(usize),
    /// The scope of a rate has a minimum spend: that is for what rewards pay.
    #[error("earn.scope.minimum_spend: is not allowed in a rate (rule K2)")]
    RateMinimumSpend,
    /// The scope of a rate has too many tags, or one that is empty or too long.
    #[error("earn.scope: `only` and `except` have at most 32 tags each, of 1 to 64 bytes (rules K2 and S1)")]
    RateTags,
    /// An amount that must be above zero is not.
    #[error("{field}: must be above zero (rule Q6)")]
    NotPositive {
        /// The setting.
        field: &'static str,
    },
    /// A quantity has more decimals than the currency or the points.
    #[error("{field}: {value} has more than {allowed} decimals (rule Q1)")]
    TooManyDecimals {
        /// The setting.
        field: &'static str,
        /// What it says.
        value: Decimal,
        /// How many decimals there may be.
        allowed: u8,
    },
    /// An amount is above the largest single amount.
    #[error("{field}: is above 1000000000000 (rule Q3)")]
    TooLarge {
        /// The setting.
        field: &'static str,
    },
}

/// The checked choices of a brand: currency, exchange rate, zone, windows and policies.
///
/// ```
/// use scrip::program::ProgramSettings;
/// use scrip::value::ExchangeRate;
/// use scrip::{Amount, Points, Program};
///
/// let program = Program::new("AUD", "Australia/Melbourne")?;
///
/// // With points: 100 of them are worth $10.
/// let mut settings = ProgramSettings::new("AUD".parse()?, "Australia/Melbourne".parse()?);
/// settings.exchange_rate = Some(ExchangeRate::new(Points::from(100), Amount::from(10)).unwrap());
/// let with_points = Program::try_from(settings)?;
/// # assert_ne!(program, with_points);
/// # Ok::<(), scrip::program::ProgramError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ProgramSettings", into = "ProgramSettings")]
pub struct Program {
    settings: ProgramSettings,
    minor_unit: Scale,
    point_scale: Scale,
}

impl Program {
    /// The defaults, in an ISO 4217 currency and an IANA zone.
    ///
    /// # Errors
    /// Either is not known.
    pub fn new(currency: &str, timezone: &str) -> Result<Self, ProgramError> {
        ProgramSettings::new(currency.parse()?, timezone.parse()?).try_into()
    }

    /// What it was made from.
    ///
    /// ```
    /// let program = scrip::Program::new("JPY", "Asia/Tokyo")?;
    /// assert_eq!(program.settings().currency.minor_unit(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn settings(&self) -> &ProgramSettings {
        &self.settings
    }

    pub(crate) const fn minor_unit(&self) -> Scale {
        self.minor_unit
    }

    pub(crate) const fn point_scale(&self) -> Scale {
        self.point_scale
    }

    /// What points are worth in money, rounded down to the minor unit; zero without an exchange rate (rule Q4).
    ///
    /// ```
    /// use scrip::program::ProgramSettings;
    /// use scrip::value::ExchangeRate;
    /// use scrip::{Amount, Points, Program};
    ///
    /// let rate = ExchangeRate::new(Points::from(100), Amount::from(10))?;
    /// let settings = ProgramSettings::new("AUD".parse()?, "Australia/Melbourne".parse()?);
    /// let program = Program::try_from(settings.with_exchange_rate(rate))?;
    /// assert_eq!(program.worth(Points::from(135)), "13.50".parse::<Amount>()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn worth(&self, points: Points) -> Worth {
        self.settings.exchange_rate.map_or(Worth::ZERO, |rate| rate.worth(points, self.minor_unit))
    }

    /// What the points of many profiles are worth together, rounded down once.
    pub(crate) fn worth_of(&self, points: Sum) -> Sum {
        self.settings.exchange_rate.map_or(Sum::ZERO, |rate| rate.worth_of(points, self.minor_unit))
    }

    /// At which rate points pay; `None` where they cannot.
    pub(crate) fn exchange(&self) -> Option<Exchange> {
        self.settings.exchange_rate.map(|rate| Exchange {
            rate,
            minor_unit: self.minor_unit.decimals(),
            point_scale: self.point_scale.decimals(),
        })
    }

    pub(crate) fn time_tolerance(&self) -> TimeDelta {
        TimeDelta::seconds(self.settings.time_tolerance_seconds.into())
    }

    /// The earliest instant at which a redemption that is decided at an instant may have happened (rule T10).
    pub(crate) fn late_from(&self, at: Timestamp) -> Timestamp {
        let seconds = i64::from(self.settings.late_window_seconds);
        at.checked_add(TimeDelta::seconds(seconds.saturating_neg())).unwrap_or(Timestamp::MIN)
    }

    pub(crate) fn key_window(&self) -> Option<TimeDelta> {
        self.settings.key_window_seconds.map(|seconds| TimeDelta::seconds(seconds.into()))
    }

    /// Whether a redemption needs to know what the basket is worth (rule C6).
    pub(crate) const fn needs_basket(&self) -> bool {
        self.settings.minimum_spend.is_some() || self.settings.redemption_share.is_some()
    }
}

impl TryFrom<ProgramSettings> for Program {
    type Error = ProgramError;

    fn try_from(settings: ProgramSettings) -> Result<Self, ProgramError> {
        let minor_unit = settings.currency.scale();
        let point_scale =
            Scale::new(settings.point_scale).ok_or(ProgramError::PointScale(settings.point_scale))?;
        let amounts =
            [("minimum_spend", settings.minimum_spend), ("redemption_cap", settings.redemption_cap)];
        for (field, amount) in amounts {
            if let Some(amount) = amount {
                check(field, amount.ten_thousandths(), amount.to_decimal(), minor_unit)?;
            }
        }
        if settings.earn.len() > MOST_RATES {
            return Err(ProgramError::TooManyRates(settings.earn.len()));
        }
        for earn in &settings.earn {
            if let Some(scope) = &earn.scope {
                check_scope(scope)?;
            }
            check("earn.points", earn.points.ten_thousandths(), earn.points.to_decimal(), point_scale)?;
            check("earn.amount", earn.amount.ten_thousandths(), earn.amount.to_decimal(), minor_unit)?;
        }
        if let Some(limit) = &settings.transfer_limit_per_day {
            limit.check(minor_unit, point_scale)?;
        }
        Ok(Self { settings, minor_unit, point_scale })
    }
}

/// The scope of a rate: it says on which lines points are earned, and no more (rule K2).
fn check_scope(scope: &Scope) -> Result<(), ProgramError> {
    match scope {
        _ if scope.minimum_spend.is_some() => Err(ProgramError::RateMinimumSpend),
        _ if !scope.has_good_tags() => Err(ProgramError::RateTags),
        _ => Ok(()),
    }
}

fn check(field: &'static str, raw: i64, value: Decimal, scale: Scale) -> Result<(), ProgramError> {
    if raw == 0 {
        Err(ProgramError::NotPositive { field })
    } else if raw > Amount::MAX_SINGLE.ten_thousandths() {
        Err(ProgramError::TooLarge { field })
    } else if !scale.fits(raw) {
        Err(ProgramError::TooManyDecimals { field, value, allowed: scale.decimals() })
    } else {
        Ok(())
    }
}

impl From<Program> for ProgramSettings {
    fn from(program: Program) -> Self {
        program.settings
    }
}
