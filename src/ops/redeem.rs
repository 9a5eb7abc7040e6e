//! Redeeming (rules C).

use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::definition::Line;
use crate::engine::basket::{Basket, Reasons, draw_for};
use crate::engine::content::fingerprint;
use crate::engine::draft::EntryBuilder;
use crate::engine::draw::{available, draw};
use crate::engine::late::{Late, Moments};
use crate::engine::sealed::Operation;
use crate::engine::{Rejection, Written, check};
use crate::id::{HoldId, ProfileId, RedemptionId};
use crate::journal::draw::Draw;
use crate::journal::{
    Balances, Entry, EntryKind, Fingerprint, RedeemDetails, Redeemed, Redemption, Strategies, Strategy,
};
use crate::json::Json;
use crate::program::Program;
use crate::setters::setters;
use crate::store::{Need, Owner, View};
use crate::time::Timestamp;
use crate::value::Amount;

/// Takes value from a profile's lots, soonest expiry first (rules C).
///
/// Outcome: the [`Redemption`](crate::Redemption), with the amount that each lot gave.
///
/// ```
/// use scrip::request::Strategy;
/// use scrip::{Amount, ProfileId, Redeem};
///
/// let alice = ProfileId::new("alice")?;
/// // All of it or nothing, from rewards and then from points.
/// let redeem = Redeem::strict(alice, Amount::from(10)).with_strategies([Strategy::Rewards, Strategy::Points]);
/// // As much of it as there is, from rewards.
/// let redeem = Redeem::lenient(alice, Amount::from(10));
/// # Ok::<(), scrip::id::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Redeem {
    /// Whose value. Left out where the path of an HTTP request says it; see [`Redeem::with_profile`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_id: Option<ProfileId>,
    /// The kinds of value to pay with, in order; rewards alone by default (rule C3).
    #[serde(default = "Strategies::rewards", skip_serializing_if = "Strategies::is_rewards")]
    pub strategies: Strategies,
    /// How much, in money.
    pub amount: Amount,
    /// Whether it is all or nothing, which is the default, or as much as there is (rule C4).
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub strict: bool,
    /// The basket's total, for the program's minimum spend and share (rule C6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basket_total: Option<Amount>,
    /// What is bought: the whole basket, before rewards (rule S1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<Line>>,
    /// Tags that every line has as well, such as the shop's (rule S1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// When it happened, if that was before it is sent: what a till did while it was offline (rule T10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
    /// Whatever the caller attaches, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl Redeem {
    /// Exactly this much from rewards, or nothing (rule C4).
    pub fn strict(profile_id: ProfileId, amount: Amount) -> Self {
        Self {
            profile_id: Some(profile_id),
            strategies: Strategies::rewards(),
            amount,
            strict: true,
            basket_total: None,
            lines: None,
            tags: Vec::new(),
            occurred_at: None,
            meta: None,
        }
    }

    /// Up to this much from rewards, as far as they go (rule C4).
    pub fn lenient(profile_id: ProfileId, amount: Amount) -> Self {
        Self { strict: false, ..Self::strict(profile_id, amount) }
    }

    /// The same, paid with these strategies in this order (rule C3).
    #[must_use]
    pub fn with_strategies(self, strategies: impl IntoIterator<Item = Strategy>) -> Self {
        Self { strategies: strategies.into_iter().collect(), ..self }
    }

    /// The same, for a basket worth so much (rule C6).
    #[must_use]
    pub fn with_basket_total(self, total: Amount) -> Self {
        Self { basket_total: Some(total), ..self }
    }

    /// The same, of this profile: for a body that came without one.
    #[must_use]
    pub fn with_profile(self, profile_id: ProfileId) -> Self {
        Self { profile_id: Some(profile_id), ..self }
    }
}

setters! { Redeem {
    /// For these lines: what is bought (rule S1).
    with_lines(lines: impl IntoIterator<Item = Line>) = Some(lines.into_iter().collect());

    /// With tags that every line has as well (rule S1).
    with_tags(tags: impl IntoIterator<Item = impl Into<String>>) = tags.into_iter().map(Into::into).collect();

    /// That happened then, and is sent late (rule T10).
    with_occurred_at(occurred_at: Timestamp) = Some(occurred_at);

    /// With a document that is kept as sent.
    with_meta(meta: Json) = Some(meta);
} }

impl Operation for Redeem {
    type Answer = Redemption;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(Need { occurred_at: self.occurred_at, ..owner(self.profile_id)? })
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("redeem", self)
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        self.spend().check(program)
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let draw = match self.occurred_at {
            None => self.spend().plan(draft.program, draft.account(), draft.at, None),
            Some(then) => self.late_plan(draft, view, then),
        };
        let Draw { items, total, details } = draw?;
        let redemption = RedemptionId::made_by(draft.first.number(), draft.first.next_sequence());
        let details = RedeemDetails::with_meta(details, self.meta.clone());
        draft.write(EntryKind::Redeem(Redeemed {
            redemption,
            requested: self.amount,
            total,
            items,
            details,
        }));
        Ok(())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Redemption> {
        redemption_at_first(written.account.profile_id(), written.first()?)
    }
}

impl Redeem {
    /// The draw as it would have been when it happened (rule T10).
    #[cold]
    fn late_plan(
        &self,
        draft: &EntryBuilder<'_>,
        view: &View<'_>,
        then: Timestamp,
    ) -> Result<Draw, Rejection> {
        let (now, due, at) = (draft.account(), draft.first.due(), draft.at);
        let late = Late::find(draft.program, &Moments { view, now, due, at }, then)?;
        self.spend().plan_at(draft.program, (now, at), late.as_deref(), None)
    }
}

/// What a request is about that names a profile.
pub(crate) fn owner(profile: Option<ProfileId>) -> Result<Need, Rejection> {
    let missing = Rejection::Missing { field: "profile_id".into() };
    profile.map(|profile| Need::of(Owner::Profile(profile))).ok_or(missing)
}

/// The parts common to redemptions and holds: how much is wanted, from which lots, and how strictly.
pub(crate) struct Spend<'a> {
    pub(crate) strategies: &'a [Strategy],
    pub(crate) amount: Amount,
    pub(crate) strict: bool,
    pub(crate) basket_total: Option<Amount>,
    pub(crate) lines: Option<&'a [Line]>,
    pub(crate) tags: &'a [String],
}

impl Redeem {
    pub(crate) fn spend(&self) -> Spend<'_> {
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

impl Spend<'_> {
    #[inline]
    pub(crate) fn check(&self, program: &Program) -> Result<(), Rejection> {
        match self.strategies {
            [_] => {}
            [one, other] if one != other => {}
            _ => return Err(Rejection::BadStrategies),
        }
        check::amount(program, "amount", self.amount)?;
        self.basket_total.map_or(Ok(()), |basket| check::sum(program, "basket_total", basket))?;
        if self.lines.is_none() && self.tags.is_empty() { Ok(()) } else { self.check_basket(program) }
    }

    /// The lines are the whole basket, so that they are its total (rule S1).
    fn check_basket(&self, program: &Program) -> Result<(), Rejection> {
        let lines = check::basket(program, self.lines.unwrap_or_default(), self.tags)?;
        match self.basket_total.filter(|total| self.lines.is_some() && *total != lines) {
            Some(basket_total) => Err(Rejection::BasketDiffers { basket_total, lines }),
            None => Ok(()),
        }
    }

    /// What the basket costs, if the request says so.
    fn basket_total(&self) -> Option<Amount> {
        let sum = |lines: &[Line]| lines.iter().fold(Amount::ZERO, |sum, line| sum.plus(line.amount));
        self.lines.map(sum).or(self.basket_total)
    }

    fn basket(&self) -> Option<Basket<'_>> {
        self.lines.map(|lines| Basket { lines, tags: self.tags })
    }

    /// What would be taken from an account that is brought up to `at`, or why not. A quote is this and nothing
    /// else, so that a commit at the same version does exactly what the quote said (rule C7).
    pub(crate) fn plan(
        &self,
        program: &Program,
        account: &Account,
        at: Timestamp,
        reasons: Option<&mut Reasons>,
    ) -> Result<Draw, Rejection> {
        if self.strategies.contains(&Strategy::Points) && program.exchange().is_none() {
            return Err(Rejection::NoExchangeRate);
        }
        let wanted = self.capped(program)?;
        let drawn = match self.basket() {
            None => draw(program, account, at, self.strategies, wanted)?,
            Some(basket) => draw_for(basket, (program, account, at), self.strategies, wanted, reasons)?,
        };
        if drawn.total.is_zero() || (self.strict && drawn.total != wanted) {
            let available = self.available(program, account, at)?;
            let (requested, available) = (self.amount.into(), available.into());
            return Err(Rejection::InsufficientValue { field: "amount".into(), requested, available });
        }
        Ok(drawn)
    }

    /// The same, from what there was when it happened, if it is late (rule T10).
    pub(crate) fn plan_at(
        &self,
        program: &Program,
        (account, at): (&Account, Timestamp),
        late: Option<&Late>,
        reasons: Option<&mut Reasons>,
    ) -> Result<Draw, Rejection> {
        let Some(late) = late else { return self.plan(program, account, at, reasons) };
        let mut draw = self.plan(program, &late.account, late.occurred_at, reasons)?;
        late.note(&mut draw);
        Ok(draw)
    }

    /// The most that could be drawn.
    fn available(&self, program: &Program, account: &Account, at: Timestamp) -> Result<Amount, Rejection> {
        let Some(basket) = self.basket() else {
            return Ok(available(program, account, at, self.strategies));
        };
        let total = self.basket_total().unwrap_or_default();
        let all = draw_for(basket, (program, account, at), self.strategies, total, None)?;
        Ok(all.total)
    }

    /// The amount that the program's policies allow (rule C6).
    fn capped(&self, program: &Program) -> Result<Amount, Rejection> {
        let basket_total = self.basket_total();
        if program.needs_basket() && basket_total.is_none() {
            return Err(Rejection::BasketRequired);
        }
        let settings = program.settings();
        let basket = basket_total.unwrap_or(Amount::ZERO);
        if let Some(minimum) = settings.minimum_spend.filter(|minimum| basket < *minimum) {
            return Err(Rejection::BelowMinimumSpend { basket, minimum });
        }
        let share = settings.redemption_share.map(|share| share.of(basket, program.minor_unit()));
        let wanted = match settings.redemption_cap.into_iter().chain(share).min() {
            Some(cap) if cap < self.amount => {
                if self.strict || cap.is_zero() {
                    return Err(Rejection::CapExceeded { requested: self.amount, cap });
                }
                cap
            }
            _ => self.amount,
        };
        // All lots together pay at most what the lines cost (rule S1).
        if self.lines.is_none() || wanted <= basket {
            Ok(wanted)
        } else if self.strict || basket.is_zero() {
            Err(Rejection::AboveBasket { requested: self.amount, basket })
        } else {
            Ok(basket)
        }
    }
}

/// The redemption that an entry made, as it stood then.
#[inline(always)]
pub(crate) fn redemption_at_first(profile: ProfileId, entry: &Entry) -> Option<Redemption> {
    let hold = match &entry.kind {
        EntryKind::Capture(capture) => Some(capture.hold),
        _ => None,
    };
    Some(at_first(profile, entry.at, entry.redeemed()?, hold, entry.balances))
}

/// A redemption right after it was made.
#[inline(always)]
pub(crate) fn at_first(
    profile_id: ProfileId,
    at: Timestamp,
    redeemed: &Redeemed,
    hold_id: Option<HoldId>,
    balances: Balances,
) -> Redemption {
    Redemption {
        id: redeemed.redemption,
        profile_id,
        redeemed_at: at,
        requested: redeemed.requested,
        total: redeemed.total,
        items: redeemed.items.clone(),
        lines: redeemed.details.as_ref().and_then(|details| details.lines.clone()),
        occurred_at: redeemed.late().map(|late| late.occurred_at),
        returned: Amount::ZERO,
        is_reversed: false,
        transaction_id: None,
        hold_id,
        balances,
        meta: redeemed.details.as_ref().and_then(|details| details.meta.clone()),
    }
}

pub(crate) const fn yes() -> bool {
    true
}
// serde passes a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
pub(crate) const fn is_yes(flag: &bool) -> bool {
    *flag
}
