//! The policies that a program chooses among.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::ProgramError;
use crate::definition::Scope;
use crate::id::DefinitionId;
use crate::setters::setters;
use crate::time::{Period, PeriodType};
use crate::value::{Amount, AmountError, Points, Rounding, Scale, proportion};

/// What becomes of value that is returned to a lot which has expired since (rule R3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiredReturn {
    /// It goes back to its lot, and is expired.
    #[default]
    Original,
    /// A new linked reward with just that value, usable for this number of 24-hour days from the return.
    GraceDays(u32),
    /// A new linked reward with just that value, for the lot's frozen period from the return.
    Fresh,
}

/// What becomes of earned points that must come back, and were spent (rule X4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clawback {
    /// They are owed: later earnings pay the debt first, that of the oldest sale before the others.
    #[default]
    Debt,
    /// The shortfall is written down, and not collected from what other transactions earn.
    Shortfall,
}

/// The points that a transaction earns: a ratio on its total (rule X3).
///
/// ```
/// # use scrip::*;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
/// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
/// # let alice = ProfileId::new("alice")?;
/// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
/// # let ten = till.commit(ten)?;
/// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
/// use scrip::program::{Earn, ProgramSettings};
///
/// let settings = ProgramSettings::new("AUD".parse()?, "Australia/Melbourne".parse()?);
/// let earn = Earn::new(Points::from(1), Amount::from(2)); // A point for two dollars.
/// let mut ledger = Ledger::new(settings.with_earn(earn).try_into()?, MemoryStore::new());
/// let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
/// till.commit(PostTransaction::new(alice, Amount::from(25)))?;
/// assert_eq!(till.balances(alice)?.point_balance, "12.5".parse()?);
/// # Ok(())
/// # }
/// ```
///
/// With a scope it earns on the lines of a sale that the scope admits, and a program may have several rates (rule K2):
///
/// ```
/// use scrip::definition::Scope;
/// use scrip::program::{Earn, ProgramSettings};
/// use scrip::request::Line;
/// use scrip::{Amount, Ledger, MemoryStore, Points, PostTransaction, ProfileId};
///
/// // A point for a dollar, but not on tax; two more for a dollar of shoes.
/// let all = Earn::new(Points::from(1), Amount::from(1)).with_scope(Scope::except(["tax"]));
/// let shoes = Earn::new(Points::from(2), Amount::from(1)).with_scope(Scope::only(["shoes"]));
/// let settings = ProgramSettings::new("AUD".parse()?, "Australia/Melbourne".parse()?);
/// let mut ledger = Ledger::new(settings.with_earn([all, shoes]).try_into()?, MemoryStore::new());
/// let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
///
/// let lines = [
///     Line::new("boots", Amount::from(50)).with_tags(["shoes"]),
///     Line::new("socks", Amount::from(5)),
///     Line::new("gst", Amount::from(6)).with_tags(["tax"]),
/// ];
/// let sale = PostTransaction::new(ProfileId::new("alice")?, Amount::from(61)).with_lines(lines);
/// let earned = till.commit(sale)?.earned;
/// assert_eq!((earned[0].points, earned[1].points), (Points::from(55), Points::from(100)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// In JSON, `period_days` is a period of local days, and `period` with a `period_type` one of another type; `tags` is a scope
/// of these tags `only`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "EarnForm", into = "EarnForm")]
pub struct Earn {
    /// The points that are earned …
    pub points: Points,
    /// … for this amount of money, rounded down at the point scale.
    pub amount: Amount,
    /// The days from the transaction until they can be spent.
    pub delay_days: u32,
    /// How long they last from then; without it they never expire.
    pub period: Option<Period>,
    /// The point definition that earned lots name.
    pub point_definition_id: Option<DefinitionId>,
    /// The lines that earn, by their tags; without it, the total does (rule K2). It has no minimum spend.
    pub scope: Option<Scope>,
}

/// How a rule for earning is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EarnForm {
    points: Points,
    amount: Amount,
    #[serde(default)]
    delay_days: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    period_days: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    period: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    period_type: Option<PeriodType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    point_definition_id: Option<DefinitionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
    #[serde(default, skip_serializing)]
    tags: Option<Vec<String>>,
}

impl TryFrom<EarnForm> for Earn {
    type Error = &'static str;

    fn try_from(form: EarnForm) -> Result<Self, &'static str> {
        let period = match (form.period_days, form.period, form.period_type) {
            (Some(_), Some(_), _) => return Err("period_days: period says how long they last already"),
            (_, _, Some(PeriodType::AbsoluteDate)) => {
                return Err("period_type: earned points have no absolute_expiry (rule T4)");
            }
            (Some(days), None, None | Some(PeriodType::Days)) => Some(Period::new(days, PeriodType::Days)),
            (None, Some(count), unit) => Some(Period::new(count, unit.unwrap_or_default())),
            (None, None, None) => None,
            (_, None, Some(_)) => return Err("period: must be given with period_type"),
        };
        let EarnForm { points, amount, delay_days, point_definition_id, scope, tags, .. } = form;
        let scope = match (scope, tags) {
            (Some(_), Some(_)) => return Err("tags: scope says on which lines points are earned already"),
            (scope, None) => scope,
            (None, Some(tags)) if tags.is_empty() => {
                return Err("tags: there must be one, or no tags at all");
            }
            (None, Some(tags)) => Some(Scope::only(tags)),
        };
        Ok(Self { points, amount, delay_days, period, point_definition_id, scope })
    }
}

impl From<Earn> for EarnForm {
    fn from(earn: Earn) -> Self {
        let Earn { points, amount, delay_days, period, point_definition_id, scope } = earn;
        let (days, other) = match period {
            Some(Period { count, unit: PeriodType::Days }) => (Some(count), None),
            other => (None, other),
        };
        let (count, unit) = (other.map(|period| period.count), other.map(|period| period.unit));
        Self {
            points,
            amount,
            delay_days,
            period_days: days,
            period: count,
            period_type: unit,
            point_definition_id,
            scope,
            tags: None,
        }
    }
}

impl Earn {
    /// The same, on the lines that a scope admits (rule K2).
    #[must_use]
    pub fn with_scope(self, scope: Scope) -> Self {
        Self { scope: Some(scope), ..self }
    }

    /// A number of points for an amount of money, usable at once and without expiry.
    pub const fn new(points: Points, amount: Amount) -> Self {
        Self { points, amount, delay_days: 0, period: None, point_definition_id: None, scope: None }
    }
}

/// One rate is where one is expected: `with_earn(earn)`.
impl IntoIterator for Earn {
    type Item = Self;
    type IntoIter = std::iter::Once<Self>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self)
    }
}

/// The JSON of a program's rates: nothing, one of them, or a list.
pub(super) mod rates {
    use std::fmt;

    use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
    use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
    use serde::ser::{Serialize, Serializer};

    use super::Earn;

    pub(in crate::program) fn serialize<S: Serializer>(rates: &[Earn], to: S) -> Result<S::Ok, S::Error> {
        match rates {
            [] => to.serialize_none(),
            [one] => one.serialize(to),
            several => several.serialize(to),
        }
    }

    pub(in crate::program) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Earn>, D::Error> {
        from.deserialize_any(Rates)
    }

    struct Rates;

    impl<'de> Visitor<'de> for Rates {
        type Value = Vec<Earn>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a rate, or a list of rates")
        }

        fn visit_unit<E: Error>(self) -> Result<Vec<Earn>, E> {
            Ok(Vec::new())
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<Earn>, A::Error> {
            Ok(vec![Earn::deserialize(MapAccessDeserializer::new(map))?])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Vec<Earn>, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(list))
        }
    }
}

/// The most that one profile may transfer to others on one local day of the program: gross, for each kind of value (rule
/// L5). A kind that is left out has no limit; zero forbids its transfer.
///
/// ```
/// use scrip::Points;
/// use scrip::program::{ProgramSettings, TransferLimit};
///
/// let limit = TransferLimit::NONE.with_points(Points::from(5_000));
/// let settings = ProgramSettings::new("AUD".parse()?, "Australia/Melbourne".parse()?);
/// let settings = settings.with_transfer_limit_per_day(limit);
/// # assert!(scrip::Program::try_from(settings).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TransferLimit {
    /// Money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewards: Option<Amount>,
    /// Points that can be redeemed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<Points>,
    /// Points that cannot be redeemed (rule K1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_points: Option<Points>,
}

impl TransferLimit {
    /// No limit.
    pub const NONE: Self = Self { rewards: None, points: None, status_points: None };

    /// Checks the decimals.
    pub(super) fn check(&self, minor_unit: Scale, point_scale: Scale) -> Result<(), ProgramError> {
        let amount = self.rewards.map(|amount| (amount.ten_thousandths(), amount.to_decimal()));
        let points = |points: Option<Points>| points.map(|it| (it.ten_thousandths(), it.to_decimal()));
        let fields = [
            ("transfer_limit_per_day.rewards", amount, minor_unit),
            ("transfer_limit_per_day.points", points(self.points), point_scale),
            ("transfer_limit_per_day.status_points", points(self.status_points), point_scale),
        ];
        let some = fields.into_iter().filter_map(|(field, limit, scale)| Some((field, limit?, scale)));
        let mut some = some.filter(|(_, (raw, _), _)| *raw != 0);
        some.try_for_each(|(field, (raw, value), scale)| super::check(field, raw, value, scale))
    }
}

setters! { TransferLimit {
    /// With a limit of money.
    with_rewards(rewards: Amount) = Some(rewards);

    /// With a limit of points that can be redeemed.
    with_points(points: Points) = Some(points);

    /// With a limit of points that cannot be redeemed.
    with_status_points(status_points: Points) = Some(status_points);
} }

/// A share of a basket: a fraction above zero and at most one, with up to four decimals (rule C6).
///
/// ```
/// use scrip::Amount;
/// use scrip::program::Share;
///
/// let half: Share = "0.5".parse()?;
/// assert_eq!(Amount::from(half), "0.50".parse()?);
/// assert_eq!("1.5".parse::<Share>().unwrap_err().code(), "share_out_of_range");
/// # Ok::<(), scrip::program::ShareError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Amount", into = "Amount")]
pub struct Share(Amount);

/// Why a text or an amount is not a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ShareError {
    /// Not an exact number.
    #[error(transparent)]
    Number(#[from] AmountError),
    /// Zero, or above one.
    #[error("a share is above zero and at most one (rule C6)")]
    OutOfRange,
}

impl ShareError {
    /// A stable code for programs to act on.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Number(error) => error.code(),
            Self::OutOfRange => "share_out_of_range",
        }
    }
}

impl Share {
    /// This share of an amount, rounded down to the minor unit.
    pub(crate) fn of(self, basket: Amount, minor: Scale) -> Amount {
        let (all, one) = (basket.ten_thousandths(), Amount::from(1).ten_thousandths());
        let share = proportion(all, self.0.ten_thousandths(), one, minor, Rounding::Down);
        i64::try_from(share).map_or(basket, Amount::raw)
    }
}

impl TryFrom<Amount> for Share {
    type Error = ShareError;

    fn try_from(fraction: Amount) -> Result<Self, ShareError> {
        if fraction.is_zero() || fraction > Amount::from(1) {
            Err(ShareError::OutOfRange)
        } else {
            Ok(Self(fraction))
        }
    }
}

impl FromStr for Share {
    type Err = ShareError;

    fn from_str(text: &str) -> Result<Self, ShareError> {
        text.parse::<Amount>()?.try_into()
    }
}

impl From<Share> for Amount {
    fn from(share: Share) -> Self {
        share.0
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
