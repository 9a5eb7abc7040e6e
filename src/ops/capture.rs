//! Capturing a hold (rules H2, H4 and S5).

use serde::{Deserialize, Serialize};

use crate::account::{Account, release_items};
use crate::definition::Line;
use crate::engine::basket::{Basket, capture_for};
use crate::engine::content::fingerprint;
use crate::engine::draft::EntryBuilder;
use crate::engine::sealed::Operation;
use crate::engine::{Rejection, Written, check};
use crate::id::{HoldId, RedemptionId};
use crate::journal::draw::{Draw, first_part};
use crate::journal::lines::Cut;
use crate::journal::{
    Capture, EntryKind, Fingerprint, HoldEntry, Item, Items, LotKind, LotState, RedeemDetails, Redeemed,
    Redemption, Standing,
};
use crate::json::Json;
use crate::ops::hold::{need_for, open};
use crate::ops::redeem::redemption_at_first;
use crate::program::Program;
use crate::setters::setters;
use crate::store::{Need, View};
use crate::time::Timestamp;
use crate::value::{Amount, Points};

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
    /// What was bought in the end: the held shares are allotted to these lines anew. Without them, the lines that the
    /// hold was placed for are paid (rule S5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<Line>>,
    /// Tags that every line has as well (rule S1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whatever the caller attaches, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl CaptureHold {
    /// All of it.
    pub const fn all(hold_id: HoldId) -> Self {
        Self { hold_id, amount: None, lines: None, tags: Vec::new(), meta: None }
    }

    /// This much of it.
    pub fn part(hold_id: HoldId, amount: Amount) -> Self {
        Self { amount: Some(amount), ..Self::all(hold_id) }
    }
}

setters! { CaptureHold {
    /// For these lines: what was bought in the end (rule S5).
    with_lines(lines: impl IntoIterator<Item = Line>) = Some(lines.into_iter().collect());

    /// With tags that every line has as well (rule S1).
    with_tags(tags: impl IntoIterator<Item = impl Into<String>>) = tags.into_iter().map(Into::into).collect();

    /// With a document that is kept as sent.
    with_meta(meta: Json) = Some(meta);
} }

impl Operation for CaptureHold {
    type Answer = Redemption;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(need_for(self.hold_id))
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("capture_hold", self)
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        self.amount.map_or(Ok(()), |amount| check::amount(program, "amount", amount))?;
        check::basket(program, self.lines.as_deref().unwrap_or_default(), &self.tags).map(|_| ())
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let placed = open(draft.account(), view, self.hold_id)?;
        let amount = self.amount.unwrap_or(placed.total);
        if amount > placed.total {
            return Err(Rejection::CaptureAboveHold { requested: amount, held: placed.total });
        }
        let captured = self.captured(draft.account(), placed, amount)?;
        let redemption = RedemptionId::made_by(draft.first.number(), draft.first.next_sequence());
        let capture = capture(draft.account(), placed, redemption, captured, self.meta.clone(), draft.at);
        draft.write(EntryKind::Capture(Box::new(capture)));
        Ok(())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Redemption> {
        redemption_at_first(written.account.profile_id(), written.first()?)
    }
}

impl CaptureHold {
    /// The part of a hold that is redeemed: as if only that had been redeemed (rule H2), or allotted anew to other lines
    /// (rule S5).
    fn captured(&self, account: &Account, placed: &HoldEntry, amount: Amount) -> Result<Draw, Rejection> {
        let Some(lines) = &self.lines else { return Ok(first_of(placed, amount)) };
        let drawn = capture_for(Basket { lines, tags: &self.tags }, account, placed, amount);
        let is_short = self.amount.is_some_and(|amount| drawn.total != amount);
        if is_short || drawn.total.is_zero() {
            let all = capture_for(Basket { lines, tags: &self.tags }, account, placed, placed.total);
            return Err(Rejection::CaptureAboveHold { requested: amount, held: all.total });
        }
        Ok(drawn)
    }
}

/// The first part of a hold, for the lines that it was placed for.
fn first_of(placed: &HoldEntry, amount: Amount) -> Draw {
    let details = placed.details.as_deref();
    let exchange = details.and_then(|details| details.exchange);
    let items = first_part(&placed.items, exchange, amount);
    let lines = details.and_then(|details| details.lines.as_ref()).map(|lines| {
        let cut = Cut { line: None, amount: placed.total.minus(amount) };
        lines.less(&placed.items, exchange, [cut]).of_items(&placed.items, &items)
    });
    let exchange = exchange.filter(|_| items.iter().any(|item| !item.points.is_zero()));
    let details = RedeemDetails { exchange, lines, ..RedeemDetails::default() };
    Draw { items, total: amount, details: details.boxed() }
}

/// The redemption of a part of a hold; the rest is released (rule H2).
fn capture(
    account: &Account,
    placed: &HoldEntry,
    redemption: RedemptionId,
    captured: Draw,
    meta: Option<Json>,
    at: Timestamp,
) -> Capture {
    let Draw { items, total, details } = captured;
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
    let details = RedeemDetails::with_meta(details, meta);
    let redeem = Redeemed { redemption, requested: total, total, items, details };
    Capture { hold: placed.hold, redeem, released, expired }
}

/// What of each item the first part of it leaves.
fn rest(items: &Items, first: &Items) -> Vec<Item> {
    let left = items.iter().filter_map(|item| {
        let taken = first.iter().find(|taken| taken.lot == item.lot);
        let (amount, points) = taken.map_or((Amount::ZERO, Points::ZERO), |t| (t.amount, t.points));
        let left =
            Item { lot: item.lot, amount: item.amount.minus(amount), points: item.points.minus(points) };
        let is_all = match item.kind() {
            LotKind::Reward => left.amount.is_zero(),
            LotKind::Point | LotKind::Status => left.points.is_zero(),
        };
        (!is_all).then_some(left)
    });
    left.collect()
}

/// How a lot stands that gave all that was held of it, if it has expired meanwhile (rule H4).
fn left_expired(account: &Account, item: &Item, at: Timestamp) -> Option<LotState> {
    let (after, _) = account.live(item.lot, at)?;
    let remaining = after.remaining.minus(item.value());
    (after.standing == Standing::Expired).then_some(LotState { remaining, ..after })
}
