//! What there is altogether: for the page, as long as nobody has asked for a customer.

use axum::response::Response;
use chrono::TimeDelta;
use scrip::store::Position;
use scrip::value::Sum;
use scrip::view::{Cursor, EventKind, KindSums, LedgerTotals, Progress};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer;
use crate::http::call::Call;
use crate::http::problem::Problem;
use crate::shape::newest::Newest;
use crate::shape::wire::Num;

/// How many days ahead are looked at, and how many profiles are looked up at a time.
const DAYS: u32 = 30;
const STEP: usize = 256;

/// What there is altogether.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Overview {
    program: ProgramOut,
    /// How many profiles there are.
    profiles: u64,
    outstanding: Outstanding,
    expiring: ExpiringSoon,
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

/// What expires soon, if nobody acts, without what is held.
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
    let (newest, position) = app.index.newest(&app.backend).await?;
    Ok(answer::ok(&Overview {
        program,
        profiles: totals.profiles,
        outstanding: Outstanding::from(&totals),
        expiring: expiring(&call, position).await?,
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

/// What expires soon, as those hear it who have heard everything until now. Only accounts are read, of whom it is about.
async fn expiring(call: &Call, position: Position) -> Result<ExpiringSoon, Problem> {
    let now = Progress { through: Some(call.at), telling: None };
    let mut cursor = Cursor { position, due: now, expiring: now };
    let (mut rewards, mut points) = (Sum::ZERO, Sum::ZERO);
    loop {
        let page = call.app.backend.events(call.at, cursor, TimeDelta::days(DAYS.into()), STEP).await?;
        for event in page.events {
            match event.kind {
                EventKind::ExpiringSoon { lot_kind, value, .. } if lot_kind.is_points() => {
                    points = points.plus(value.into());
                }
                EventKind::ExpiringSoon { value, .. } => rewards = rewards.plus(value.into()),
                _ => {}
            }
        }
        if !page.more {
            return Ok(ExpiringSoon { days: DAYS, rewards: Num::of(rewards), points: Num::of(points) });
        }
        cursor = page.cursor;
    }
}
