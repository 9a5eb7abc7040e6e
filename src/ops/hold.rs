//! Holding, capturing and releasing (rules H).

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::account::{Account, after, release_items};
use crate::engine::content::fingerprint;
use crate::engine::draft::EntryBuilder;
use crate::engine::sealed::Operation;
use crate::engine::{Rejection, Written, check};
use crate::id::{HoldId, ProfileId, RedemptionId};
use crate::journal::draw::{Draw, first_part};
use crate::journal::{
    Balances, Capture, EntryKind, Fingerprint, Hold, HoldEntry, HoldStatus, Item, Items, LotState,
    RedeemDetails, Redeemed, Redemption, Release, Standing, Strategies, Strategy,
};
use crate::json::Json;
use crate::ops::redeem::{Spend, is_yes, owner, redemption_at_first, yes};
use crate::program::Program;
use crate::setters::setters;
use crate::store::{Need, Owner, View};
use crate::time::Timestamp;
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
        let spend = self.spend();
        // Field by field, as the request has them.
        Spend { basket_total: None, ..spend }.check(program)?;
        if self.expires_in == Some(0) {
            return Err(Rejection::NotPositive { field: "expires_in".into() });
        }
        self.spend().check(program)
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, _: &View<'_>) -> Result<(), Rejection> {
        let seconds = self.expires_in.unwrap_or(draft.program.settings().hold_seconds);
        let expires_at = draft.at.checked_add(TimeDelta::seconds(seconds.into()));
        let expires_at = expires_at.map_err(|_| Rejection::TimeOutOfRange { field: "expires_in".into() })?;
        let Draw { items, total, exchange } = self.spend().plan(draft.program, draft.account(), draft.at)?;
        let hold = HoldId::made_by(draft.first.number(), draft.first.next_sequence());
        let details = RedeemDetails::boxed(exchange, self.meta.clone());
        let placed =
            HoldEntry { hold, requested: self.amount, total, items, held_at: draft.at, expires_at, details };
        draft.write(EntryKind::Hold(Box::new(placed)));
        Ok(())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Hold> {
        let (entry, profile) = (written.first()?, written.account.profile_id());
        match &entry.kind {
            EntryKind::Hold(placed) => {
                Some(Hold { balances: entry.balances, ..seen(profile, placed, HoldStatus::Held) })
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
        }
    }
}

/// Turns a hold into a redemption of as much, or less; the rest is released (rule H2).
///
/// Outcome: the [`Redemption`](crate::Redemption).
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
/// let redemption = till.commit(CaptureHold::part(hold.id, Amount::from(3)))?;
/// assert_eq!(redemption.total, Amount::from(3));
/// assert_eq!(till.balances(alice)?.reward_balance, Amount::from(7));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CaptureHold {
    /// Which hold.
    pub hold_id: HoldId,
    /// How much of it, in money; all of it otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// Whatever the caller attaches, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl CaptureHold {
    /// All of it.
    pub const fn all(hold_id: HoldId) -> Self {
        Self { hold_id, amount: None, meta: None }
    }

    /// This much of it.
    pub const fn part(hold_id: HoldId, amount: Amount) -> Self {
        Self { hold_id, amount: Some(amount), meta: None }
    }
}

setters! { CaptureHold {
    /// With a document that is kept as sent.
    with_meta(meta: Json) = Some(meta);
} }

impl Operation for CaptureHold {
    type Answer = Redemption;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(about(self.hold_id))
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("capture_hold", self)
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        self.amount.map_or(Ok(()), |amount| check::amount(program, "amount", amount))
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let placed = open(draft.account(), view, self.hold_id)?;
        let amount = self.amount.unwrap_or(placed.total);
        if amount > placed.total {
            return Err(Rejection::CaptureAboveHold { requested: amount, held: placed.total });
        }
        let redemption = RedemptionId::made_by(draft.first.number(), draft.first.next_sequence());
        let capture = capture(draft.account(), placed, redemption, amount, self.meta.clone(), draft.at);
        draft.write(EntryKind::Capture(Box::new(capture)));
        Ok(())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Redemption> {
        redemption_at_first(written.account.profile_id(), written.first()?)
    }
}

/// The redemption of the first part of a hold, as if only that had been redeemed; the rest is released (rule H2).
fn capture(
    account: &Account,
    placed: &HoldEntry,
    redemption: RedemptionId,
    amount: Amount,
    meta: Option<Json>,
    at: Timestamp,
) -> Capture {
    let exchange = placed.details.as_ref().and_then(|details| details.exchange);
    let items = first_part(&placed.items, exchange, amount);
    let mut released = release_items(account, &rest(&placed.items, &items), at);
    let mut expired = Vec::new();
    for item in &items {
        let freed = released.iter_mut().find(|freed| freed.after.lot == item.lot);
        if let Some(freed) = freed {
            // What is left of a lot that gave part of what was held of it.
            freed.after.remaining = freed.after.remaining.minus(item.value());
        } else if let Some(after) = left_expired(account, item, at) {
            expired.push(after);
        }
    }
    let meta = meta.or_else(|| placed.details.as_ref().and_then(|details| details.meta.clone()));
    let details =
        RedeemDetails::boxed(exchange.filter(|_| items.iter().any(|item| !item.points.is_zero())), meta);
    let redeem = Redeemed { redemption, requested: amount, total: amount, items, details };
    Capture { hold: placed.hold, redeem, released, expired }
}

/// What of each item the first part of it leaves.
fn rest(items: &Items, first: &Items) -> Vec<Item> {
    let left = items.iter().filter_map(|item| {
        let taken = first.iter().find(|taken| taken.lot == item.lot);
        let (amount, points) =
            taken.map_or((Amount::ZERO, crate::value::Points::ZERO), |t| (t.amount, t.points));
        let left =
            Item { lot: item.lot, amount: item.amount.minus(amount), points: item.points.minus(points) };
        let is_all = match item.kind() {
            crate::journal::LotKind::Reward => left.amount.is_zero(),
            crate::journal::LotKind::Point | crate::journal::LotKind::Status => left.points.is_zero(),
        };
        (!is_all).then_some(left)
    });
    left.collect()
}

/// How a lot stands that gave all that was held of it, if it has expired meanwhile (rule H4).
fn left_expired(account: &Account, item: &Item, at: Timestamp) -> Option<LotState> {
    let (lot, kind, standing) = account.live(item.lot, at)?;
    let after = after(&lot, kind, standing);
    let remaining = after.remaining.minus(item.value());
    (standing == Standing::Expired).then_some(LotState { remaining, ..after })
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
        Ok(about(self.hold_id))
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
                ..seen(profile, &release.placed, HoldStatus::Released)
            }),
            _ => None,
        }
    }
}

fn about(hold: HoldId) -> Need {
    Need { hold: Some(hold), ..Need::of(Owner::Number(hold.number())) }
}

/// The hold, if it is open; otherwise what became of it (rule H3).
fn open<'a>(account: &'a Account, view: &View<'_>, hold: HoldId) -> Result<&'a HoldEntry, Rejection> {
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
pub(crate) fn seen(profile_id: ProfileId, placed: &HoldEntry, status: HoldStatus) -> Hold {
    Hold {
        id: placed.hold,
        profile_id,
        status,
        requested: placed.requested,
        total: placed.total,
        items: placed.items.clone(),
        held_at: placed.held_at,
        expires_at: placed.expires_at,
        redemption_id: None,
        balances: Balances::default(),
        meta: placed.details.as_ref().and_then(|details| details.meta.clone()),
    }
}
