//! Holding and releasing (rules H).

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::account::{Account, release_items};
use crate::definition::Line;
use crate::engine::content::fingerprint;
use crate::engine::draft::EntryBuilder;
use crate::engine::sealed::Operation;
use crate::engine::{Rejection, Written};
use crate::id::{HoldId, ProfileId};
use crate::journal::draw::Draw;
use crate::journal::{
    Balances, EntryKind, Fingerprint, Hold, HoldEntry, HoldStatus, RedeemDetails, Release, Strategies,
    Strategy,
};
use crate::json::Json;
use crate::ops::redeem::{Spend, is_yes, owner, yes};
use crate::program::Program;
use crate::setters::setters;
use crate::store::{Need, Owner, View};
use crate::value::Amount;

/// Sets value aside in named lots, soonest expiry first, for a while (rules H).
///
/// Outcome: the [`Hold`](crate::Hold).
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
/// let hold = till.commit(PlaceHold::strict(alice, Amount::from(4)).with_expires_in(600))?;
/// assert_eq!(hold.total, Amount::from(4));
/// assert_eq!(till.balances(alice)?.reward_balance, Amount::from(6));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PlaceHold {
    /// Whose value. Left out where the path of an HTTP request says it; see [`PlaceHold::with_profile`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_id: Option<ProfileId>,
    /// The kinds of value to set aside, in order; rewards alone by default (rule C3).
    #[serde(default = "Strategies::rewards", skip_serializing_if = "Strategies::is_rewards")]
    pub strategies: Strategies,
    /// How much, in money.
    pub amount: Amount,
    /// Whether it is all or nothing, which is the default, or as much as there is (rule C4).
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub strict: bool,
    /// Its lifetime in seconds; by default the program's `hold_seconds` (rule H3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u32>,
    /// The basket's total, for the program's minimum spend and share (rule C6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basket_total: Option<Amount>,
    /// What is to be bought: the whole basket, before rewards (rule S1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<Line>>,
    /// Tags that every line has as well, such as the shop's (rule S1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whatever the caller attaches, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl PlaceHold {
    /// Exactly this much from rewards, or nothing (rule C4).
    pub fn strict(profile_id: ProfileId, amount: Amount) -> Self {
        Self {
            profile_id: Some(profile_id),
            strategies: Strategies::rewards(),
            amount,
            strict: true,
            expires_in: None,
            basket_total: None,
            lines: None,
            tags: Vec::new(),
            meta: None,
        }
    }

    /// Up to this much from rewards, as far as they go (rule C4).
    pub fn lenient(profile_id: ProfileId, amount: Amount) -> Self {
        Self { strict: false, ..Self::strict(profile_id, amount) }
    }

    /// The same, with these strategies in this order (rule C3).
    #[must_use]
    pub fn with_strategies(self, strategies: impl IntoIterator<Item = Strategy>) -> Self {
        Self { strategies: strategies.into_iter().collect(), ..self }
    }

    /// The same, of this profile: for a body that came without one.
    #[must_use]
    pub fn with_profile(self, profile_id: ProfileId) -> Self {
        Self { profile_id: Some(profile_id), ..self }
    }
}

setters! { PlaceHold {
    /// With this lifetime, in seconds, instead of the program's (rule H3).
    with_expires_in(expires_in: u32) = Some(expires_in);

    /// For a basket with this total (rule C6).
    with_basket_total(basket_total: Amount) = Some(basket_total);

    /// For these lines: what is to be bought (rule S1).
    with_lines(lines: impl IntoIterator<Item = Line>) = Some(lines.into_iter().collect());

    /// With tags that every line has as well (rule S1).
    with_tags(tags: impl IntoIterator<Item = impl Into<String>>) = tags.into_iter().map(Into::into).collect();

    /// With a document that is kept as sent.
    with_meta(meta: Json) = Some(meta);
} }

impl Operation for PlaceHold {
    type Answer = Hold;

    fn need(&self) -> Result<Need, Rejection> {
        owner(self.profile_id)
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("place_hold", self)
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        // Field by field, as the request has them.
        Spend { basket_total: None, lines: None, tags: &[], ..self.spend() }.check(program)?;
        if self.expires_in == Some(0) {
            return Err(Rejection::NotPositive { field: "expires_in".into() });
        }
        self.spend().check(program)
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, _: &View<'_>) -> Result<(), Rejection> {
        let seconds = self.expires_in.unwrap_or(draft.program.settings().hold_seconds);
        let expires_at = draft.at.checked_add(TimeDelta::seconds(seconds.into()));
        let expires_at = expires_at.map_err(|_| Rejection::TimeOutOfRange { field: "expires_in".into() })?;
        let plan = self.spend().plan(draft.program, draft.account(), draft.at, None)?;
        let Draw { items, total, details } = plan;
        let hold = HoldId::made_by(draft.first.number(), draft.first.next_sequence());
        let details = RedeemDetails::with_meta(details, self.meta.clone());
        let placed =
            HoldEntry { hold, requested: self.amount, total, items, held_at: draft.at, expires_at, details };
        draft.write(EntryKind::Hold(Box::new(placed)));
        Ok(())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Hold> {
        let (entry, profile) = (written.first()?, written.account.profile_id());
        match &entry.kind {
            EntryKind::Hold(placed) => {
                Some(Hold { balances: entry.balances, ..to_hold(profile, placed, HoldStatus::Held) })
            }
            _ => None,
        }
    }
}

impl PlaceHold {
    fn spend(&self) -> Spend<'_> {
        Spend {
            strategies: &self.strategies,
            amount: self.amount,
            strict: self.strict,
            basket_total: self.basket_total,
            lines: self.lines.as_deref(),
            tags: &self.tags,
        }
    }
}

/// Releases a hold (rule H3).
///
/// Outcome: the [`Hold`](crate::Hold), released.
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
/// let hold = till.commit(PlaceHold::strict(alice, Amount::from(4)))?;
/// till.commit(ReleaseHold::new(hold.id))?;
/// assert_eq!(till.balances(alice)?.reward_balance, Amount::from(10));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ReleaseHold {
    /// Which hold.
    pub hold_id: HoldId,
}

impl ReleaseHold {
    /// Releases this hold.
    pub const fn new(hold_id: HoldId) -> Self {
        Self { hold_id }
    }
}

impl Operation for ReleaseHold {
    type Answer = Hold;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(need_for(self.hold_id))
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("release_hold", self)
    }

    fn check(&self, _: &Program) -> Result<(), Rejection> {
        Ok(())
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let placed = open(draft.account(), view, self.hold_id)?;
        let released = release_items(draft.account(), &placed.items, draft.at);
        let release = Release { placed: placed.clone(), released };
        draft.write(EntryKind::Release(Box::new(release)));
        Ok(())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Hold> {
        let (entry, profile) = (written.first()?, written.account.profile_id());
        match &entry.kind {
            EntryKind::Release(release) => Some(Hold {
                balances: entry.balances,
                ..to_hold(profile, &release.placed, HoldStatus::Released)
            }),
            _ => None,
        }
    }
}

pub(super) fn need_for(hold: HoldId) -> Need {
    Need { hold: Some(hold), ..Need::of(Owner::Number(hold.number())) }
}

/// The hold, if it is open; otherwise what became of it (rule H3).
pub(super) fn open<'a>(
    account: &'a Account,
    view: &View<'_>,
    hold: HoldId,
) -> Result<&'a HoldEntry, Rejection> {
    if let Some(open) = account.hold(hold) {
        return Ok(open);
    }
    // One that came along in a merger has no entry of its own here. It was open, and is not any more.
    if view.first.hold(hold).is_some() {
        return Err(Rejection::HoldLapsed { hold });
    }
    Err(match view.found.hold.map(|entry| &entry.kind) {
        Some(EntryKind::Capture(capture)) if capture.hold == hold => Rejection::HoldCaptured { hold },
        Some(EntryKind::Release(release)) if release.placed.hold == hold => Rejection::HoldReleased { hold },
        // It had lapsed, whether or not an entry says so yet (rule T7).
        Some(EntryKind::Lapse(_)) => Rejection::HoldLapsed { hold },
        Some(EntryKind::Hold(placed)) if placed.hold == hold => Rejection::HoldLapsed { hold },
        _ => Rejection::UnknownHold { hold },
    })
}

/// A hold as the outcome shows it, without the balances.
pub(crate) fn to_hold(profile_id: ProfileId, placed: &HoldEntry, status: HoldStatus) -> Hold {
    Hold {
        id: placed.hold,
        profile_id,
        status,
        requested: placed.requested,
        total: placed.total,
        items: placed.items.clone(),
        lines: placed.details.as_ref().and_then(|details| details.lines.clone()),
        held_at: placed.held_at,
        expires_at: placed.expires_at,
        redemption_id: None,
        balances: Balances::default(),
        meta: placed.details.as_ref().and_then(|details| details.meta.clone()),
    }
}
