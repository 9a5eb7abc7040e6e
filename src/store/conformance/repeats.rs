//! The cases for retries long after the first request: the loss to a shop if a store finds the first use of a key or a
//! name instead of the newest, or none.

use super::probe::{Fixture, Verdict, expect};
use super::suite::Suite;
use crate::definition::RewardDefinition;
use crate::engine::{Disposition, Receipt};
use crate::id::{ExternalId, Handle, Key, RedemptionId};
use crate::ledger::{Answer, Error};
use crate::ops::{Command, Define, DeleteTransaction, PostTransaction, Request, ReturnRedemption};
use crate::program::Program;
use crate::store::{AsyncStore, StoreError};
use crate::value::Amount;

impl<S, Open> Suite<Open>
where
    S: AsyncStore + Send,
    Open: AsyncFnMut() -> S,
{
    /// Post, delete, post again, retry: the name belongs to the new sale.
    pub(super) async fn a_name_used_anew_is_found_again(&mut self) -> Verdict {
        let alice = Fixture::profile("alice")?;
        let loss = "a sale that is sent again is booked again";
        let external = ExternalId::new("T-1").map_err(|error| error.to_string())?;
        let sale =
            |whole: u32| PostTransaction::new(alice, Amount::from(whole)).with_external_id(external.clone());
        let first = self.done(0, sale(5), loss).await?;
        self.done(1, DeleteTransaction::new(first.id), loss).await?;
        let second = self.done(2, sale(7), loss).await?;
        for repetition in 3..5 {
            let answer = self.ask(repetition, sale(7)).await?;
            let found = answer.as_ref().is_ok_and(|receipt| {
                receipt.disposition == Disposition::Existing && receipt.outcome.id == second.id
            });
            expect(found, || format!("repeating {:?} was answered by {answer:?}: {loss}", second.id))?;
        }
        Ok(())
    }

    /// A key that the program has forgotten is used again, and that request is retried.
    pub(super) async fn a_key_used_anew_is_found_again(&mut self) -> Verdict {
        let mut settings = self.fixture.program.settings().clone();
        settings.key_window_seconds = Some(3_600);
        self.fixture.program = Program::try_from(settings).map_err(|error| error.to_string())?;
        let _ready = self.ready().await?;
        let alice = Fixture::profile("alice")?;
        let loss = "beyond the key window a redemption that is sent again is taken again";
        self.done(0, self.fixture.issue(alice)?, loss).await?;
        for (seconds, expected) in [
            (0, Disposition::New),
            (3_600, Disposition::Replayed),
            (7_200, Disposition::New),
            (7_201, Disposition::Replayed),
            (7_202, Disposition::Replayed),
        ] {
            let answer = self.ask_keyed(seconds, "till-7", Fixture::redeem(alice, 2)).await?;
            expect(answer.as_ref().is_ok_and(|receipt| receipt.disposition == expected), || {
                format!("after {seconds} seconds {answer:?} came, not {expected:?}: {loss}")
            })?;
        }
        self.expect_balance(7_203, alice, 6, loss).await
    }

    /// A batch under a key, and its retry; then its rows in another order, and one row alone.
    pub(super) async fn a_batch_under_a_key_is_found_again(&mut self) -> Verdict {
        let _ready = self.ready().await?;
        let (alice, bob) = (Fixture::profile("alice")?, Fixture::profile("bob")?);
        let loss = "a batch that is sent again is done again";
        let mut rows: Vec<Request> = vec![
            self.fixture.issue(alice)?.into(),
            Fixture::redeem(alice, 2).into(),
            self.fixture.issue(bob)?.into(),
            Fixture::redeem(alice, 2).into(),
        ];
        let key = Key::new(&"🔑".repeat(60)).map_err(|error| error.to_string())?;
        for (seconds, expected) in [(0, "new"), (1, "replayed"), (2, "replayed")] {
            let at = self.after(seconds)?;
            let answers = self.till().await.at(at).keyed(key.clone()).commit_all(rows.clone()).await;
            expect_all(&answers, expected, loss)?;
        }
        rows.reverse();
        let at = self.after(3)?;
        let answers = self.till().await.at(at).keyed(key.clone()).commit_all(rows.clone()).await;
        expect_all(&answers, "key_reused", loss)?;
        for row in rows {
            let answer = self.till().await.run(&Command::new(at, row).keyed(key.clone())).await;
            expect_all(&[answer], "key_reused", loss)?;
        }
        self.expect_balance(4, alice, 6, loss).await?;
        self.expect_balance(4, bob, 10, loss).await
    }

    /// Redeem 10, return 6 three times, post a sale twice, in one batch: look-ups must find uncommitted entries.
    pub(super) async fn a_batch_finds_what_it_wrote(&mut self) -> Verdict {
        let _ready = self.ready().await?;
        let alice = Fixture::profile("alice")?;
        let loss = "what is sent in one batch is given back, or booked, twice";
        let number = self.done(0, self.fixture.issue(alice)?, loss).await?.id.number();
        let external = ExternalId::new("T-1").map_err(|error| error.to_string())?;
        let sale = PostTransaction::new(alice, Amount::from(5)).with_external_id(external);
        // The redemption is the second entry of the account.
        let back = ReturnRedemption::strict(RedemptionId::made_by(number, 2), Amount::from(6));
        let requests: Vec<Request> = vec![
            Fixture::redeem(alice, 10).into(),
            sale.clone().into(),
            back.clone().into(),
            sale.into(),
            back.clone().into(),
            back.into(),
        ];
        let at = self.after(1)?;
        let answers = self.till().await.at(at).commit_all(requests).await;
        let codes: Vec<&str> =
            answers.iter().map(|answer| answer.as_ref().map_or_else(Error::code, told)).collect();
        let above = "return_above_redemption";
        let expected = ["new", "new", "new", "existing", above, above];
        expect(codes == expected, || format!("a batch was answered by {codes:?}, not {expected:?}: {loss}"))?;
        self.expect_balance(2, alice, 6, loss).await
    }

    /// A definition is found by its handle, and the handle is taken.
    pub(super) async fn a_definition_is_found_by_its_handle(&mut self) -> Verdict {
        let _ready = self.ready().await?;
        let alice = Fixture::profile("alice")?;
        let loss = "rewards are issued from another definition, or not at all";
        let handle: Handle = "coffee".parse().map_err(|_| "the fixture's handle".to_owned())?;
        let coffee = |whole: u32| RewardDefinition::new(handle.clone(), "Coffee", Amount::from(whole));
        let id = self.done(0, Define::from(coffee(4)), loss).await?.id;
        self.refused(1, Define::from(coffee(6)), "handle_taken", loss).await?;
        let mut issue = self.fixture.issue(alice)?;
        (issue.reward_definition_id, issue.reward_definition_handle) = (None, Some(handle));
        let reward = self.done(2, issue, loss).await?;
        expect(reward.definition_id == Some(id), || {
            format!("issued from {:?}: {loss}", reward.definition_id)
        })?;
        self.expect_balance(3, alice, 4, loss).await
    }
}

fn expect_all<E: StoreError>(answers: &[Answer<Request, E>], expected: &str, loss: &str) -> Verdict {
    let codes: Vec<&str> =
        answers.iter().map(|answer| answer.as_ref().map_or_else(Error::code, told)).collect();
    expect(codes.iter().all(|code| *code == expected), || {
        format!("a batch under a key was answered by {codes:?}, not {expected}: {loss}")
    })
}

fn told<O>(receipt: &Receipt<O>) -> &'static str {
    match receipt.disposition {
        Disposition::New => "new",
        Disposition::Replayed => "replayed",
        Disposition::Existing => "existing",
    }
}
