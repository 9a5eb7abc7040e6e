//! Redeeming (rules C).

use crate::account::Account;
use crate::engine::at_once::{OnAccount, Plain};
use crate::engine::draft::Draft;
use crate::engine::draw::{Draw, available, draw, round_down};
use crate::engine::sealed::Decide;
use crate::engine::{Refusal, Rejection, Told, check};
use crate::id::{HoldId, ProfileId, RedemptionId};
use crate::journal::packed::EntryHeader;
use crate::journal::{
    Balances, Entry, EntryKind, Fingerprint, Items, LotKind, RedeemDetails, Redeemed, Redemption, Strategy,
    flat,
};
use crate::ops::Redeem;
use crate::program::Program;
use crate::store::{Need, Owner, View};
use crate::time::Timestamp;
use crate::value::Amount;

impl Decide for Redeem {
    type Outcome = Redemption;

    fn need(&self) -> Result<Need, Rejection> {
        owner(self.profile_id)
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of("redeem", self)
    }

    fn check(&self, program: &Program) -> Result<(), Rejection> {
        self.spend().check(program)
    }

    fn decide(&self, draft: &mut Draft<'_>, _: &View<'_>) -> Result<Told<Redemption>, Refusal> {
        let Draw { items, total, exchange } = self.spend().plan(draft.program, draft.account(), draft.at)?;
        let redemption = RedemptionId::made_by(draft.first.number(), draft.first.next_sequence());
        let details = RedeemDetails::boxed(exchange, self.meta.clone());
        draft.write(EntryKind::Redeem(Redeemed {
            redemption,
            requested: self.amount,
            total,
            items,
            details,
        }));
        Ok(Told::Entries)
    }

    #[inline]
    fn plain(&self) -> Option<Plain<'_>> {
        let profile = self.profile_id.as_ref().filter(|_| self.meta.is_none())?;
        Some(Plain { profile, definition: None })
    }

    #[inline]
    fn carry_out(
        &self,
        on: OnAccount<'_>,
        outcome: &mut Option<Redemption>,
    ) -> Option<Result<(), Rejection>> {
        let OnAccount { program, at, account, out, .. } = on;
        if self.strategies[..] != [Strategy::Rewards] {
            return None;
        }
        let total = match self.spend().paid_by_rewards(program, account) {
            Ok(total) => total,
            Err(rejection) => return Some(Err(rejection)),
        };
        let mut items = Items::default();
        account.redeem(at, total, &mut items);
        let (number, sequence) = (account.number(), account.sequence());
        let balances = account.balances();
        flat::write_redemption(
            &EntryHeader { number, sequence, at, balances },
            [self.amount, total],
            &items,
            out,
        );
        *outcome = Some(Redemption {
            id: RedemptionId::made_by(number, sequence),
            profile_id: account.profile_id(),
            redeemed_at: at,
            requested: self.amount,
            total,
            items,
            returned: Amount::ZERO,
            is_reversed: false,
            transaction_id: None,
            hold_id: None,
            balances,
            meta: None,
        });
        Some(Ok(()))
    }

    fn recall(&self, profile: ProfileId, entries: &[&Entry]) -> Option<Redemption> {
        entries.first().and_then(|entry| redemption_at_first(profile, entry))
    }
}

/// What a request is about that names a profile.
pub(crate) fn owner(profile: Option<ProfileId>) -> Result<Need, Rejection> {
    let missing = Rejection::Missing { field: "profile_id".into() };
    profile.map(|profile| Need::of(Owner::Profile(profile))).ok_or(missing)
}

/// What redeeming and holding have in common: how much is wanted, from what, and how strictly.
pub(crate) struct Spend<'a> {
    pub(crate) strategies: &'a [Strategy],
    pub(crate) amount: Amount,
    pub(crate) strict: bool,
    pub(crate) basket_total: Option<Amount>,
}

impl Redeem {
    pub(crate) fn spend(&self) -> Spend<'_> {
        Spend {
            strategies: &self.strategies,
            amount: self.amount,
            strict: self.strict,
            basket_total: self.basket_total,
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
        self.basket_total.map_or(Ok(()), |basket| check::sum(program, "basket_total", basket))
    }

    /// What would be taken from an account that is brought up to `at`, or why not. A quote is this and nothing
    /// else, so that a commit at the same version does exactly what the quote said (rule C7).
    pub(crate) fn plan(
        &self,
        program: &Program,
        account: &Account,
        at: Timestamp,
    ) -> Result<Draw, Rejection> {
        if self.strategies.contains(&Strategy::Points) && program.exchange().is_none() {
            return Err(Rejection::NoExchangeRate);
        }
        let wanted = self.capped(program)?;
        let drawn = draw(program, account, at, self.strategies, wanted)?;
        if drawn.total.is_zero() || (self.strict && drawn.total != wanted) {
            let available = available(program, account, self.strategies);
            return Err(Rejection::InsufficientValue { requested: self.amount, available });
        }
        Ok(drawn)
    }

    /// What would be taken from the rewards of an account on which nothing is due: then all that is available is in lots
    /// that can be used, and the plan is to take it from them in order.
    #[inline]
    fn paid_by_rewards(&self, program: &Program, account: &Account) -> Result<Amount, Rejection> {
        let wanted = self.capped(program)?;
        let available = account.pot(LotKind::Reward).available.as_amount();
        let total = wanted.min(available);
        if total.is_zero() || (self.strict && total != wanted) {
            return Err(Rejection::InsufficientValue { requested: self.amount, available });
        }
        Ok(total)
    }

    /// What the program's policies leave of the amount (rule C6).
    #[inline]
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
    let hold = match &entry.kind {
        EntryKind::Capture(capture) => Some(capture.hold),
        _ => None,
    };
    Some(Redemption { balances: entry.balances, ..at_first(profile, entry.at, entry.redeemed()?, hold) })
}

/// A redemption as it stands right after it was made, but for the balances.
pub(crate) fn at_first(
    profile_id: ProfileId,
    at: Timestamp,
    redeemed: &Redeemed,
    hold_id: Option<HoldId>,
) -> Redemption {
    Redemption {
        id: redeemed.redemption,
        profile_id,
        redeemed_at: at,
        requested: redeemed.requested,
        total: redeemed.total,
        items: redeemed.items.clone(),
        returned: Amount::ZERO,
        is_reversed: false,
        transaction_id: None,
        hold_id,
        balances: Balances::default(),
        meta: redeemed.details.as_ref().and_then(|details| details.meta.clone()),
    }
}
