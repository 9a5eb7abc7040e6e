//! What there is altogether: for the page, as long as nobody has asked for a customer.

use axum::response::Response;
use chrono::TimeDelta;
use scrip::Timestamp;
use scrip::id::ProfileNumber;
use scrip::outcome::{Lot, LotStatus};
use scrip::value::Sum;
use scrip::view::{KindSums, LedgerTotals};
use serde::Serialize;
use utoipa::ToSchema;

use crate::backend::LedgerAt;
use crate::http::answer;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::shape::newest::Newest;
use crate::shape::wire::Num;

/// How many days ahead are looked at.
const DAYS: u32 = 30;
/// How many profiles are looked up at a time, and how many are looked through.
const STEP: usize = 256;
const MOST: usize = 4096;

/// What there is altogether.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Overview {
    program: ProgramOut,
    /// How many profiles there are.
    profiles: u64,
    outstanding: Outstanding,
    /// Null where too many profiles would have to be looked through.
    expiring: Option<ExpiringSoon>,
    /// The newest entries of all journals, the last one first.
    newest: Vec<Newest>,
}

/// The choices of the brand that amounts and times depend on.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Program)]
pub struct ProgramOut {
    currency: &'static str,
    timezone: String,
    /// So many points are worth this amount; null where points are worth nothing.
    exchange_rate: Option<Rate>,
}

/// So many points, and what they are worth.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ExchangeRate)]
pub struct Rate {
    points: Num,
    amount: Num,
}

/// What all customers have together.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Outstanding {
    rewards: Owed,
    points: Owed,
    /// Points that count, and cannot be redeemed.
    status_points: Owed,
    /// Points that customers owe.
    point_debt: Num,
}

/// What is owed to customers, in one kind of value.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Owed {
    available: Num,
    /// Later.
    pending: Num,
    held: Num,
}

/// What expires soon, if nobody acts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExpiringSoon {
    /// Within so many days.
    days: u32,
    rewards: Num,
    points: Num,
}

pub async fn overview(call: Call) -> Result<Response, Problem> {
    let app = &call.app;
    let settings = app.backend.program().settings();
    let rate = settings.exchange_rate;
    let program = ProgramOut {
        currency: settings.currency.code(),
        timezone: settings.timezone.to_string(),
        exchange_rate: rate.map(|rate| Rate { points: rate.points().into(), amount: rate.amount().into() }),
    };
    let totals = app.backend.totals(call.at).await?;
    let newest = app.index.newest(&app.backend).await?;
    Ok(answer::ok(&Overview {
        program,
        profiles: totals.profiles,
        outstanding: Outstanding::from(&totals),
        expiring: expiring(&call).await?,
        newest: newest.iter().filter_map(Newest::of).collect(),
    }))
}

impl From<&LedgerTotals> for Outstanding {
    fn from(totals: &LedgerTotals) -> Self {
        Self {
            rewards: Owed::from(&totals.rewards),
            points: Owed::from(&totals.points),
            status_points: Owed::from(&totals.status_points),
            point_debt: Num::of(totals.point_debt),
        }
    }
}

impl From<&KindSums> for Owed {
    fn from(sums: &KindSums) -> Self {
        let (available, pending) = (Num::of(sums.available), Num::of(sums.pending));
        Self { available, pending, held: Num::of(sums.held) }
    }
}

/// What expires soon; nothing, if too many profiles would have to be looked through.
async fn expiring(call: &Call) -> Result<Option<ExpiringSoon>, Problem> {
    let end = call.at.checked_add(TimeDelta::days(DAYS.into())).unwrap_or(Timestamp::MAX);
    let (mut rewards, mut points) = (Sum::ZERO, Sum::ZERO);
    let (mut after, mut seen) = (ProfileNumber::CATALOGUE, 0);
    loop {
        let numbers = call.app.backend.profiles_expiring((call.at, end), after, STEP).await?;
        let Some(last) = numbers.last() else { break };
        after = *last;
        seen += numbers.len();
        if seen > MOST {
            return Ok(None);
        }
        for number in numbers {
            let wallet = call.app.backend.wallet_of(LedgerAt::Now(call.at), number).await?;
            let Some(wallet) = wallet else { continue };
            rewards = rewards.plus(soon(wallet.rewards(), end));
            points = points.plus(soon(wallet.points(), end));
        }
    }
    Ok(Some(ExpiringSoon { days: DAYS, rewards: Num::of(rewards), points: Num::of(points) }))
}

/// What is in those of these lots that can still be used and expire by then.
fn soon<Q: Into<Sum>>(lots: Vec<Lot<Q>>, end: Timestamp) -> Sum {
    let is_usable = |status| matches!(status, LotStatus::Active | LotStatus::Held | LotStatus::Pending);
    let soon = lots.into_iter().filter(|lot| is_usable(lot.status) && lot.expires_at.is_past(end));
    soon.map(|lot| lot.value_remaining.into()).sum()
}
