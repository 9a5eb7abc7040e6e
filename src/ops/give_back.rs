//! Returns and reversals (rules R).

mod plan;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use plan::{Redeemable, Wanted, give_back};

use crate::engine::content::fingerprint;
use crate::engine::draft::EntryBuilder;
use crate::engine::sealed::Operation;
use crate::engine::{Rejection, Written, check};
use crate::id::{ProfileId, RedemptionId};
use crate::journal::{Balances, EntryKind, Fingerprint, RedemptionState, Return, ReturnEntry};
use crate::json::Json;
use crate::ops::redeem::{is_yes, yes};
use crate::program::Program;
use crate::setters::setters;
use crate::store::{Need, Owner, View};
use crate::time::Timestamp;
use crate::value::Amount;

/// Gives part of a redemption back to the lots that it was taken from, the last used first (rules R1 to R3).
///
/// Outcome: the [`Return`](crate::outcome::Return).
///
/// ```
/// # use scrip::*; fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
/// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
/// # let alice = ProfileId::new("alice")?;
/// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
/// # let ten = till.commit(ten)?.id; till.commit(IssueReward::new(alice, ten))?;
/// let redemption = till.commit(Redeem::strict(alice, Amount::from(4)))?;
/// let back = till.commit(ReturnRedemption::strict(redemption.id, Amount::from(3)))?;
/// assert_eq!(back.total, Amount::from(3));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ReturnRedemption {
    /// Which redemption.
    pub redemption_id: RedemptionId,
    /// How much, in money; or …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// … which lines come back, of a redemption that says what was bought (rule S5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<ReturnLine>>,
    /// Whether it is all or nothing, which is the default, or as much as is left to give back (rule R2).
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub strict: bool,
    /// Whatever the caller attaches, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl ReturnRedemption {
    /// Exactly this much, or nothing.
    pub const fn strict(redemption_id: RedemptionId, amount: Amount) -> Self {
        Self { redemption_id, amount: Some(amount), lines: None, strict: true, meta: None }
    }

    /// What was paid of these lines, or nothing (rule S5).
    pub fn of_lines(redemption_id: RedemptionId, lines: impl IntoIterator<Item = ReturnLine>) -> Self {
        let lines = Some(lines.into_iter().collect());
        Self { redemption_id, amount: None, lines, strict: true, meta: None }
    }

    /// Up to this much, as far as there is something left to give back.
    pub const fn lenient(redemption_id: RedemptionId, amount: Amount) -> Self {
        Self { redemption_id, amount: Some(amount), lines: None, strict: false, meta: None }
    }
}

/// A line that comes back.
///
/// ```
/// use scrip::request::ReturnLine;
/// use scrip::{Amount, RedemptionId, ReturnRedemption};
///
/// // All that was paid of one line, and three of another.
/// let lines = [ReturnLine::all("1"), ReturnLine::part("2", Amount::from(3))];
/// let back = ReturnRedemption::of_lines(RedemptionId::new(4_194_305)?, lines);
/// # Ok::<(), scrip::id::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ReturnLine {
    /// Its id in the request that redeemed.
    pub id: String,
    /// How much of what was paid of it; all that is left, otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
}

impl ReturnLine {
    /// All that is left of what was paid of a line.
    pub fn all(id: impl Into<String>) -> Self {
        Self { id: id.into(), amount: None }
    }

    /// Part of what was paid of a line.
    pub fn part(id: impl Into<String>, amount: Amount) -> Self {
        Self { id: id.into(), amount: Some(amount) }
    }
}

setters! { ReturnRedemption {
    /// With a document that is kept as sent.
    with_meta(meta: Json) = Some(meta);
} }

impl Operation for ReturnRedemption {
    type Answer = Return;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(need_for(self.redemption_id))
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("return_redemption", self)
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        check_part(program, self.amount, self.lines.as_deref())
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let redemption = Redeemable::find(view, self.redemption_id)?;
        let wanted = match &self.lines {
            None => self.by_amount(&redemption)?,
            Some(lines) => self.by_lines(&redemption, lines)?,
        };
        give_back(draft, view, &redemption, wanted, self.meta.clone())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Return> {
        given_back(written).filter(|back| !back.is_reversal)
    }
}

/// What comes back is an amount or lines, and not both.
pub(crate) fn check_part(
    program: &Program,
    amount: Option<Amount>,
    lines: Option<&[ReturnLine]>,
) -> Result<(), Rejection> {
    match (amount, lines) {
        (Some(_), Some(_)) => Err(Rejection::Contradiction { field: "amount".into(), other: "lines".into() }),
        (None, None) => Err(Rejection::Missing { field: "amount".into() }),
        (Some(amount), None) => check::amount(program, "amount", amount),
        (None, Some(lines)) => check_lines(program, lines),
    }
}

/// Checks the lines that come back: each once, and more than nothing of it.
fn check_lines(program: &Program, lines: &[ReturnLine]) -> Result<(), Rejection> {
    if lines.is_empty() {
        return Err(Rejection::Missing { field: "lines".into() });
    }
    let mut seen = BTreeSet::new();
    for ReturnLine { id, amount } in lines {
        amount.map_or(Ok(()), |amount| check::amount(program, "lines.amount", amount))?;
        if !seen.insert(id) {
            return Err(Rejection::DuplicateLine { line: id.clone() });
        }
    }
    Ok(())
}

impl ReturnRedemption {
    /// Gives back an amount, the last lot first, and in it the last line first (rules R1 and S5).
    fn by_amount<'a>(&self, redemption: &Redeemable<'_>) -> Result<Wanted<'a>, Rejection> {
        let requested = self.amount.unwrap_or_default();
        let left = redemption.redeemed.total.minus(redemption.state.returned);
        if requested > left && (self.strict || left.is_zero()) {
            return Err(Rejection::ReturnAboveRedemption { requested, left });
        }
        Ok(Wanted::of(requested, requested.min(left)))
    }

    /// Gives back what was paid of lines, of each the last lot first (rule S5).
    fn by_lines<'a>(
        &self,
        redemption: &Redeemable<'_>,
        lines: &'a [ReturnLine],
    ) -> Result<Wanted<'a>, Rejection> {
        let paid = redemption.lines();
        let mut wanted = Wanted::of(Amount::ZERO, Amount::ZERO);
        wanted.cuts.clear();
        let short = |line: &ReturnLine, left| Rejection::ReturnAboveLine { line: line.id.clone(), left };
        for line in lines {
            let left = paid.map_or(Amount::ZERO, |paid| paid.of_line(&line.id));
            let asked = line.amount.unwrap_or(left);
            if self.strict && (asked > left || left.is_zero()) {
                return Err(short(line, left));
            }
            let amount = asked.min(left);
            wanted.requested = wanted.requested.plus(asked);
            wanted.total = wanted.total.plus(amount);
            wanted.cuts.push((Some(&line.id), amount));
        }
        let none = lines.first().filter(|_| wanted.total.is_zero());
        none.map_or(Ok(wanted), |line| Err(short(line, Amount::ZERO)))
    }
}

/// Undoes a whole redemption, within the program's window (rule R4).
///
/// Outcome: the [`Return`](crate::outcome::Return).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ReverseRedemption {
    /// Which redemption.
    pub redemption_id: RedemptionId,
    /// Whatever the caller attaches, kept as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Json>,
}

impl ReverseRedemption {
    /// Undoes this redemption.
    pub const fn new(redemption_id: RedemptionId) -> Self {
        Self { redemption_id, meta: None }
    }
}

setters! { ReverseRedemption {
    /// With a document that is kept as sent.
    with_meta(meta: Json) = Some(meta);
} }

impl Operation for ReverseRedemption {
    type Answer = Return;

    fn need(&self) -> Result<Need, Rejection> {
        Ok(need_for(self.redemption_id))
    }

    fn fingerprint(&self) -> Fingerprint {
        fingerprint("reverse_redemption", self)
    }

    fn check(&self, _: &Program) -> Result<(), Rejection> {
        Ok(())
    }

    fn rule(&self, draft: &mut EntryBuilder<'_>, view: &View<'_>) -> Result<(), Rejection> {
        let redemption = Redeemable::find(view, self.redemption_id)?;
        let RedemptionState { id, returned, transaction_id, .. } = redemption.state;
        if let Some(transaction) = transaction_id {
            return Err(Rejection::RedemptionLinked { redemption: id, transaction });
        }
        if !returned.is_zero() {
            return Err(Rejection::RedemptionReturned { redemption: id, returned });
        }
        let window = TimeDelta::seconds(draft.program.settings().reversal_window_seconds.into());
        let until = redemption.at.checked_add(window).unwrap_or(Timestamp::MAX);
        if draft.at > until {
            return Err(Rejection::ReversalWindowOver { redemption: id, until });
        }
        let total = redemption.redeemed.total;
        let wanted = Wanted { reverse: true, ..Wanted::of(total, total) };
        give_back(draft, view, &redemption, wanted, self.meta.clone())
    }

    fn outcome(&self, written: &Written<'_>) -> Option<Return> {
        given_back(written).filter(|back| back.is_reversal)
    }
}

fn need_for(redemption: RedemptionId) -> Need {
    let owner = Owner::Number(redemption.number());
    Need { redemption: Some(redemption), redeemed_lots: true, ..Need::of(owner) }
}

/// The return that an entry made, as it stood then.
fn given_back(written: &Written<'_>) -> Option<Return> {
    let (first, balances) = (written.first()?, written.last()?.balances);
    let profile = written.account.profile_id();
    match &first.kind {
        EntryKind::Return(back) => Some(Return { balances, ..to_return(profile, first.at, back, false) }),
        EntryKind::Reversal(back) => Some(Return { balances, ..to_return(profile, first.at, back, true) }),
        _ => None,
    }
}

/// A return as the outcome shows it, without the balances.
pub(crate) fn to_return(
    profile_id: ProfileId,
    returned_at: Timestamp,
    back: &ReturnEntry,
    is_reversal: bool,
) -> Return {
    Return {
        id: back.id,
        profile_id,
        redemption_id: back.redemption.id,
        is_reversal,
        returned_at,
        requested: back.requested,
        total: back.total,
        items: back.items.clone(),
        points_clawed_back: back.points_clawed_back(),
        balances: Balances::default(),
        meta: back.meta.clone(),
    }
}
