//! The JSON form of an account: flat, even where the state in memory is boxed.

use serde::{Deserialize, Serialize};

use super::Account;
use super::debts::Debts;
use super::holds::OpenHolds;
use super::lapsing::Lapsing;
use super::lots::{LotQueue, OverdueLot, PendingLots};
use super::rest::ColdState;
use super::scopes::Scopes;
use super::sent::Sent;
use crate::id::{ProfileId, ProfileNumber};
use crate::journal::Totals;
use crate::time::Timestamp;

#[derive(Serialize, Deserialize)]
#[serde(rename = "Account")]
pub(super) struct AccountWire {
    #[serde(rename = "profile_id", with = "owner")]
    profile: ProfileId,
    number: ProfileNumber,
    sequence: u32,
    last_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    active_at: Option<Timestamp>,
    totals: Totals,
    rewards: LotQueue,
    points: LotQueue,
    #[serde(default, skip_serializing_if = "LotQueue::is_empty")]
    status: LotQueue,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lapsing: Option<Box<Lapsing>>,
    #[serde(default, skip_serializing_if = "Debts::is_empty")]
    owed: Debts,
    #[serde(default, skip_serializing_if = "PendingLots::is_empty")]
    pending: PendingLots,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    overdue: Vec<OverdueLot>,
    #[serde(default, skip_serializing_if = "OpenHolds::is_empty")]
    holds: OpenHolds,
    #[serde(default, skip_serializing_if = "Scopes::is_empty")]
    scopes: Scopes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sent: Option<Box<Sent>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    has_former_lots: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    merged_into: Option<ProfileNumber>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    merged_from: Vec<ProfileNumber>,
}

impl From<Account> for AccountWire {
    fn from(account: Account) -> Self {
        let (totals, active_at) = (account.totals(), account.active_at());
        let Account { profile, number, sequence, last_at, rewards, rest, .. } = account;
        let rest = rest.map(|rest| *rest).unwrap_or_default();
        let ColdState { points, status, lapsing, debts: owed, pending, overdue, holds, scopes, sent, .. } =
            rest;
        let (has_former_lots, merged_into, merged_from) =
            (rest.has_former_lots, rest.merged_into, rest.merged_from);
        Self {
            profile,
            number,
            sequence,
            last_at,
            active_at,
            totals,
            rewards,
            points,
            status,
            lapsing,
            owed,
            pending,
            overdue,
            holds,
            scopes,
            sent,
            has_former_lots,
            merged_into,
            merged_from,
        }
    }
}

impl From<AccountWire> for Account {
    fn from(form: AccountWire) -> Self {
        let AccountWire {
            profile,
            number,
            sequence,
            last_at,
            totals,
            rewards,
            points,
            status,
            pending,
            overdue,
            holds,
            ..
        } = form;
        let AccountWire { active_at, lapsing, owed: debts, scopes, sent, has_former_lots, .. } = form;
        let (merged_into, merged_from) = (form.merged_into, form.merged_from);
        let active_at = active_at.unwrap_or(Timestamp::MIN);
        let Totals { rewards: rewards_pot, points: points_pot, status_points: status_pot, point_debt } =
            totals;
        let rest = ColdState {
            points,
            points_pot,
            status,
            status_pot,
            point_debt,
            debts,
            lapsing,
            pending,
            overdue,
            holds,
            scopes,
            sent,
            has_former_lots,
            merged_into,
            merged_from,
        };
        let rest = (rest != *ColdState::NONE).then(|| Box::new(rest));
        Self { profile, number, sequence, last_at, active_at, rewards_pot, rewards, rest }
    }
}

/// A profile id, or `null` where there is none.
mod owner {
    use super::ProfileId;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(profile: &ProfileId, serializer: S) -> Result<S::Ok, S::Error> {
        (!profile.is_blank()).then_some(profile).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ProfileId, D::Error> {
        Option::deserialize(deserializer).map(|profile| profile.unwrap_or(ProfileId::BLANK))
    }
}
