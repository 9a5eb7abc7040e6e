//! A till: a ledger on a handle of its own, for cases that send requests and read outcomes.

use super::probe::{Verdict, expect};
use super::suite::Suite;
use crate::engine::{Action, Receipt};
use crate::id::{Key, ProfileId};
use crate::journal::{LotKind, LotStatus};
use crate::ledger::{AsyncLedger, Error};
use crate::ops::Command;
use crate::store::{AsyncStore, StoreError};
use crate::time::Timestamp;
use crate::value::Amount;

/// The receipt, or the code of the rejection.
pub(super) type Answered<O> = Result<Receipt<O>, &'static str>;

impl<S, Open> Suite<Open>
where
    S: AsyncStore + Send,
    Open: AsyncFnMut() -> S,
{
    /// A ledger on a new handle, with nothing cached from earlier requests.
    pub(super) async fn till(&mut self) -> AsyncLedger<S> {
        AsyncLedger::new(self.fixture.program.clone(), (self.open)().await)
    }

    /// The instant `seconds` seconds after the fixture's.
    pub(super) fn after(&self, seconds: i64) -> Result<Timestamp, String> {
        let later = self.fixture.now.checked_add(chrono::TimeDelta::seconds(seconds));
        later.map_err(|error| error.to_string())
    }

    /// Sends a request to a till, `seconds` seconds after the fixture's instant.
    pub(super) async fn ask<A: Action>(
        &mut self,
        seconds: i64,
        request: A,
    ) -> Result<Answered<A::Outcome>, String> {
        let command = Command::new(self.after(seconds)?, request);
        self.send(&command).await
    }

    /// Sends a request under an idempotency key.
    pub(super) async fn ask_keyed<A: Action>(
        &mut self,
        seconds: i64,
        key: &str,
        request: A,
    ) -> Result<Answered<A::Outcome>, String> {
        let key = Key::new(key).map_err(|error| error.to_string())?;
        let command = Command::new(self.after(seconds)?, request).keyed(key);
        self.send(&command).await
    }

    async fn send<A: Action>(&mut self, command: &Command<A>) -> Result<Answered<A::Outcome>, String> {
        match self.till().await.run(command).await {
            Ok(receipt) => Ok(Ok(receipt)),
            Err(Error::Rejected(rejection)) => Ok(Err(rejection.code())),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Sends a request that must be executed. `loss`: the damage to the shop otherwise.
    pub(super) async fn done<A: Action>(
        &mut self,
        seconds: i64,
        request: A,
        loss: &str,
    ) -> Result<A::Outcome, String> {
        let answer = self.ask(seconds, request).await?;
        answer.map(|receipt| receipt.outcome).map_err(|code| format!("refused as {code}: {loss}"))
    }

    /// Sends a request that must be refused. `loss`: the damage to the shop otherwise.
    pub(super) async fn refused<A: Action>(
        &mut self,
        seconds: i64,
        request: A,
        code: &str,
        loss: &str,
    ) -> Verdict {
        match self.ask(seconds, request).await? {
            Err(refused) if refused == code => Ok(()),
            Err(other) => Err(format!("refused as {other} instead of {code}: {loss}")),
            Ok(_) => Err(format!("carried out instead of refused as {code}: {loss}")),
        }
    }

    /// Expects the redeemable money of a profile, and that its account can still be loaded whole.
    pub(super) async fn expect_balance(
        &mut self,
        seconds: i64,
        profile: ProfileId,
        whole: u32,
        loss: &str,
    ) -> Verdict {
        let at = self.after(seconds)?;
        let mut till = self.till().await;
        let balances = till.at(at).balances(profile).await.map_err(|error| failed(&error))?;
        let balance = balances.reward_balance;
        expect(balance == Amount::from(whole), || format!("{profile} has {balance}, not {whole}: {loss}"))?;
        // The whole journal folds to the account, and its lots add up to the same value.
        let wallet = till.at(at).wallet(profile).await.map_err(|error| failed(&error))?;
        let usable = wallet.rewards().into_iter().filter(|reward| reward.status == LotStatus::Active);
        let usable = usable
            .fold(Amount::ZERO, |sum, reward| sum.plus(reward.value_remaining.minus(reward.value_held)));
        expect(usable == balance, || format!("{profile} has {balance}, and lots with {usable}: {loss}"))?;
        let seen = self.see(profile).await?;
        let folded = crate::account::Account::replay(Some(profile), seen.account.number(), &seen.journal);
        expect(folded.as_ref() == Ok(&seen.account), || {
            format!("the journal of {profile} folds to {folded:?}, not {:?}: {loss}", seen.account)
        })?;
        expect(seen.account.is_conserved(), || format!("the account of {profile} does not add up: {loss}"))
    }

    /// The number of a profile's live reward lots.
    pub(super) async fn live_rewards(&mut self, profile: ProfileId) -> Result<usize, String> {
        Ok(self.see(profile).await?.account.lots(LotKind::Reward).len())
    }
}

pub(super) fn failed<E: StoreError>(error: &Error<E>) -> String {
    format!("a request failed as {}", error.code())
}
