//! Examples of lots: as they are issued, and how they stand.

use super::examples::{amount, at, document, elsewhere, lot, points, scope};
use super::number;
use super::owed::recovered;
use crate::definition::Terms;
use crate::id::{DefinitionId, ProfileNumber, RedemptionId, TransactionId, TransferId};
use crate::journal::*;
use crate::time::{Expiry, Period, PeriodType, Timestamp};
use crate::value::Amount;

pub(super) fn issue() -> Issue {
    let timezone = "Australia/Melbourne".parse().unwrap();
    let period = Some(Period::new(30, PeriodType::Days));
    let at = at(1_750_000_000_123_456);
    Issue {
        lot: lot(130),
        kind: LotKind::Reward,
        definition_id: Some(DefinitionId::made_by(ProfileNumber::CATALOGUE, 3)),
        value_initial: amount(1000).into(),
        value_remaining: amount(1000).into(),
        issued_at: at,
        available_at: at,
        expires_at: Expiry::at("2025-07-15T14:00:00Z".parse().unwrap()),
        terms: Terms {
            timezone,
            period,
            inactivity: None,
            extend_days: None,
            is_reassignable: false,
            is_extendable: true,
        },
        active_from: None,
        moves: 0,
        details: None,
    }
}

pub(super) fn issues() -> Vec<Issue> {
    let details = |origin| {
        let (source_type, source) = (Some("order".to_owned()), Some("17".to_owned()));
        Some(Box::new(LotDetails {
            source_type,
            source,
            origin: Some(origin),
            scope: scope(),
            meta: document(),
            was_reassigned: false,
        }))
    };
    let (redemption, transaction) =
        (RedemptionId::made_by(number(), 3), TransactionId::made_by(number(), 129));
    let returned = Origin::Returned { redemption, lot: elsewhere(1), transaction: None, rate: 0 };
    let stood_in =
        Origin::Returned { redemption, lot: elsewhere(1), transaction: Some(transaction), rate: 2 };
    let transferred =
        Origin::Transferred { transfer: TransferId::new((7 << 22) | 9).unwrap(), lot: elsewhere(1) };
    let (clawed_back, replaces) = (recovered().pop(), Some(elsewhere(3)));
    let earned =
        Origin::Earned { transaction, rate: 0, paid_to_debt: points(2), clawed_back: None, replaces: None };
    let earned_again =
        Origin::Earned { transaction, rate: 255, paid_to_debt: points(0), clawed_back, replaces };
    use PeriodType::{AbsoluteDate, AbsoluteMonth, AbsoluteWeek, AbsoluteYear, Days, Months, Weeks, Years};
    let units = [Days, Weeks, Months, Years, AbsoluteWeek, AbsoluteMonth, AbsoluteYear, AbsoluteDate];
    let bare = Terms { period: None, is_extendable: false, is_reassignable: true, ..issue().terms };
    let terms =
        units.map(|unit| Terms { period: Some(Period::new(u32::MAX, unit)), extend_days: Some(0), ..bare });
    let mut issues: Vec<Issue> = terms.map(|terms| Issue { terms, ..issue() }).into();
    issues.extend([
        Issue { terms: bare, kind: LotKind::Point, expires_at: Expiry::NEVER, ..issue() },
        Issue { issued_at: Timestamp::MIN, available_at: Timestamp::MAX, definition_id: None, ..issue() },
        Issue { value_remaining: Amount::ZERO.into(), details: details(returned), ..issue() },
        Issue { lot: elsewhere(2), details: details(earned), ..issue() },
        Issue { details: details(stood_in), kind: LotKind::Status, ..issue() },
        Issue { details: details(earned_again), ..issue() },
        Issue { details: details(transferred), ..issue() },
        lapsing(None),
        lapsing(Some(Timestamp::MAX)),
        Issue { lot: elsewhere(4), details: details(earned), ..issue() }.reassigned(),
    ]);
    issues
}

/// A lot that lapses after a year and a half without activity.
fn lapsing(active_from: Option<Timestamp>) -> Issue {
    let inactivity = Some(Period::new(18, PeriodType::Months));
    let terms = Terms { inactivity, ..issue().terms };
    Issue { kind: LotKind::Point, terms, active_from, ..issue() }
}

pub(super) fn states() -> Vec<LotState> {
    let usable = issue().after(at(1_750_000_000_123_456));
    let standings = [
        Standing::Pending(Timestamp::MAX),
        Standing::Expired,
        Standing::Revoked,
        Standing::MovedTo(ProfileNumber::MAX),
    ];
    let others = standings.map(|standing| LotState { standing, ..usable });
    let rare = LotState { lot: elsewhere(9), kind: LotKind::Point, expires_at: Expiry::NEVER, ..usable };
    let status = LotState { kind: LotKind::Status, ..usable };
    let lasting = lapsing(None).after(usable.issued_at);
    let lapsed = lasting.ended(Expiry::at(Timestamp::MIN), Timestamp::MIN);
    [usable, rare, status].into_iter().chain(others).chain([lasting, lapsed]).collect()
}
