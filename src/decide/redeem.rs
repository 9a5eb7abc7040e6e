//! Redeeming (rules C).

use super::draft::Draft;
use super::draw::{Draw, available, draw, round_down};
use super::{check, sealed::Decide};
use crate::request::Fingerprint;
use crate::store::{Need, Owner, View};
use crate::{
    Account, Amount, Balances, Entry, EntryKind, ProfileId, Program, Redeem, Redemption, RedemptionId,
    Rejection, Strategy, Timestamp, entry,
};

impl Decide for Redeem {
    type Outcome = Redemption;

    fn need(&self) -> Result<Need, Rejection> {
        let missing = Rejection::Missing { field: "profile_id".into() };
        self.profile_id.map(|profile| Need::of(Owner::Profile(profile))).ok_or(missing)
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of("redeem", self)
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        match self.strategies.as_slice() {
            [_] => {}
            [one, other] if one != other => {}
            _ => return Err(Rejection::BadStrategies),
        }
        check::amount(program, "amount", self.amount)?;
        self.basket_total.map_or(Ok(()), |basket| check::sum(program, "basket_total", basket))
    }

    fn decide(&self, draft: &mut Draft<'_>, _: &View<'_>) -> Result<Redemption, Rejection> {
        let Draw { items, total } = self.plan(draft.program, draft.account, draft.at)?;
        let redemption = RedemptionId::made_by(draft.account.number(), draft.next_sequence());
        let entry =
            entry::Redeem { redemption, requested: self.amount, total, items, meta: self.meta.clone() };
        let mut outcome = first_outcome(draft.account.profile_id(), draft.at, &entry, Balances::default());
        outcome.balances = draft.write(EntryKind::Redeem(entry));
        Ok(outcome)
    }

    fn recall(&self, profile: ProfileId, entries: &[&Entry]) -> Option<Redemption> {
        entries.first().and_then(|entry| redemption_at_first(profile, entry))
    }
}

impl Redeem {
    /// What would be taken from an account that is brought up to `at`, or why not. A quote is this and nothing
    /// else, so that a commit at the same version does exactly what the quote said (rule C7).
    pub(super) fn plan(
        &self,
        program: &Program,
        account: &Account,
        at: Timestamp,
    ) -> Result<Draw, Rejection> {
        if self.strategies.contains(&Strategy::Points) && program.settings().exchange_rate.is_none() {
            return Err(Rejection::NoExchangeRate);
        }
        let wanted = self.capped(program)?;
        let drawn = draw(program, account, at, &self.strategies, wanted)?;
        if drawn.total.is_zero() || (self.strict && drawn.total != wanted) {
            let available = available(program, account, &self.strategies);
            return Err(Rejection::InsufficientValue { requested: self.amount, available });
        }
        Ok(drawn)
    }

    /// What the program's policies leave of the amount (rule C6).
    fn capped(&self, program: &Program) -> Result<Amount, Rejection> {
        if program.needs_basket() && self.basket_total.is_none() {
            return Err(Rejection::BasketRequired);
        }
        let settings = program.settings();
        let basket = self.basket_total.unwrap_or(Amount::ZERO);
        if let Some(minimum) = settings.minimum_spend.filter(|minimum| basket < *minimum) {
            return Err(Rejection::BelowMinimumSpend { basket, minimum });
        }
        let share =
            settings.redemption_share.map(|share| round_down(share.of_raw(basket), program.minor_unit()));
        match settings.redemption_cap.into_iter().chain(share).min() {
            Some(cap) if cap < self.amount => {
                if self.strict || cap.is_zero() {
                    Err(Rejection::CapExceeded { requested: self.amount, cap })
                } else {
                    Ok(cap)
                }
            }
            _ => Ok(self.amount),
        }
    }
}

/// The redemption that an entry made, as it stood then.
pub(crate) fn redemption_at_first(profile: ProfileId, entry: &Entry) -> Option<Redemption> {
    match &entry.kind {
        EntryKind::Redeem(redeem) => Some(first_outcome(profile, entry.at, redeem, entry.balances)),
        _ => None,
    }
}

fn first_outcome(
    profile_id: ProfileId,
    at: Timestamp,
    entry: &entry::Redeem,
    balances: Balances,
) -> Redemption {
    Redemption {
        id: entry.redemption,
        profile_id,
        redeemed_at: at,
        requested: entry.requested,
        total: entry.total,
        items: entry.items.clone(),
        returned: Amount::ZERO,
        is_reversed: false,
        transaction_id: None,
        balances,
        meta: entry.meta.clone(),
    }
}
