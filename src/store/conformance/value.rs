//! The cases for value that moves more than once: the loss to a shop if a store finds an older entry, or none.

use super::probe::{Fixture, Verdict, expect};
use super::suite::Suite;
use super::till::failed;
use crate::id::{LotId, ProfileId, RedemptionId};
use crate::ops::{
    Adjust, CaptureHold, DeleteTransaction, Extend, IssueReward, MergeProfiles, PlaceHold, PostTransaction,
    Reassign, Redeem, ReleaseHold, ReturnRedemption, ReturnTransaction, ReverseRedemption, Sweep,
};
use crate::program::{Earn, Program};
use crate::store::AsyncStore;
use crate::time::Until;
use crate::value::{Amount, Points, Quantity};

const DAY: i64 = 86_400;

impl<S, Open> Suite<Open>
where
    S: AsyncStore + Send,
    Open: AsyncFnMut() -> S,
{
    /// A profile with `rewards` rewards worth 10 each, which expire on successive days.
    async fn customer(&mut self, name: &str, rewards: u32) -> Result<(ProfileId, Vec<LotId>), String> {
        let profile = Fixture::profile(name)?;
        let mut lots = Vec::new();
        for day in 1..=rewards {
            let end = self.fixture.now.checked_add(chrono::TimeDelta::days(day.into()));
            let expires_at = Some(Until::Instant(end.map_err(|error| error.to_string())?));
            let issue = IssueReward { expires_at, ..self.fixture.issue(profile)? };
            lots.push(self.done(0, issue, "a reward cannot be issued").await?.id);
        }
        Ok((profile, lots))
    }

    async fn redeemed(
        &mut self,
        seconds: i64,
        profile: ProfileId,
        whole: u32,
    ) -> Result<RedemptionId, String> {
        let redeem = Redeem::strict(profile, Amount::from(whole));
        Ok(self.done(seconds, redeem, "a customer cannot pay with what they have").await?.id)
    }

    /// Redeem 10, return 4 three times: the third return exceeds the rest.
    pub(super) async fn a_redemption_is_not_returned_twice(&mut self) -> Verdict {
        let _ready = self.ready().await?;
        let (alice, _) = self.customer("alice", 1).await?;
        let redemption = self.redeemed(0, alice, 10).await?;
        let back = ReturnRedemption::strict(redemption, Amount::from(4));
        let loss = "of 10 that were spent more than 10 can be given back";
        self.done(1, back.clone(), loss).await?;
        self.done(2, back.clone(), loss).await?;
        self.refused(3, back, "return_above_redemption", loss).await?;
        self.expect_balance(4, alice, 8, loss).await
    }

    /// A return to several rewards is one entry about each of them, and about the redemption.
    pub(super) async fn a_return_to_several_lots_is_not_repeated(&mut self) -> Verdict {
        let _ready = self.ready().await?;
        let (alice, _) = self.customer("alice", 3).await?;
        let redemption = self.redeemed(0, alice, 25).await?;
        let loss = "what was paid from several rewards can be given back again and again";
        self.done(1, ReturnRedemption::strict(redemption, Amount::from(20)), loss).await?;
        let more = ReturnRedemption::strict(redemption, Amount::from(10));
        self.refused(2, more, "return_above_redemption", loss).await?;
        self.done(3, ReturnRedemption::strict(redemption, Amount::from(5)), loss).await?;
        self.refused(4, ReverseRedemption::new(redemption), "redemption_returned", loss).await?;
        self.expect_balance(5, alice, 30, loss).await
    }

    /// A reward expires with 6 of 10 left, and later with 4: extending it brings back the value that was left.
    pub(super) async fn an_expired_reward_comes_back_with_what_was_left(&mut self) -> Verdict {
        let _ready = self.ready().await?;
        let (alice, lots) = self.customer("alice", 1).await?;
        let loss = "extending an expired reward gives back what was spent of it before";
        self.redeemed(1, alice, 4).await?;
        self.done(3 * DAY, Sweep::ProfileId(alice), loss).await?;
        self.expect_balance(3 * DAY, alice, 0, loss).await?;
        self.done(3 * DAY, Extend::by_days(alice, lots.clone(), 9), loss).await?;
        self.expect_balance(3 * DAY, alice, 6, loss).await?;
        self.redeemed(4 * DAY, alice, 2).await?;
        self.done(20 * DAY, Sweep::ProfileId(alice), loss).await?;
        self.done(21 * DAY, Extend::by_days(alice, lots, 30), loss).await?;
        self.expect_balance(21 * DAY, alice, 4, loss).await
    }

    /// Rewards that expire on successive days, each by an entry of its own.
    pub(super) async fn a_quote_lists_every_expired_reward(&mut self) -> Verdict {
        let _ready = self.ready().await?;
        let (alice, mut lots) = self.customer("alice", 4).await?;
        let loss = "nobody is told of value that could still be extended";
        for seconds in [DAY, 2 * DAY, 3 * DAY] {
            self.done(seconds, Sweep::ProfileId(alice), loss).await?;
        }
        let last = lots.pop();
        let at = self.after(3 * DAY)?;
        let redeem = Redeem::strict(alice, Amount::from(1));
        let quote = self.till().await.at(at).quote(&redeem).await.map_err(|error| failed(&error))?;
        let unused: Vec<LotId> = quote.unused.iter().map(|unused| unused.lot).collect();
        expect(unused == lots && quote.items.first().map(|item| item.lot) == last, || {
            format!("of {last:?} and the expired {lots:?} the quote lists {unused:?} as unused: {loss}")
        })
    }

    /// Two corrections, a move, and two more corrections: each sets the reward's value anew.
    pub(super) async fn the_last_correction_of_a_reward_counts(&mut self) -> Verdict {
        let _ready = self.ready().await?;
        let (alice, lots) = self.customer("alice", 1).await?;
        let bob = Fixture::profile("bob")?;
        let loss = "a reward reads as before a manager corrected it";
        let [lot] = lots[..] else { return Err("the fixture's reward".to_owned()) };
        for (whole, owner) in [(12, alice), (14, alice), (16, bob), (18, bob)] {
            let worth = Some(Quantity::from(Amount::from(whole)));
            let adjust = Adjust { value_initial: worth, ..Adjust::new(lot, "the receipt was wrong") };
            self.done(1, adjust, loss).await?;
            let at = self.after(1)?;
            let known = self.till().await.at(at).lots(owner, &[lot]).await.map_err(|error| failed(&error))?;
            let initial: Vec<Option<Quantity>> =
                known.lots.iter().map(|known| Some(known.lot.value_initial)).collect();
            expect(initial == [worth], || format!("corrected to {whole}, and reads as {known:?}: {loss}"))?;
            if whole == 14 {
                self.done(1, Reassign::new(lot, bob), loss).await?;
            }
        }
        Ok(())
    }

    /// A hold that was captured or released is closed, and a till can tell which.
    pub(super) async fn a_hold_ends_once(&mut self) -> Verdict {
        let _ready = self.ready().await?;
        let (alice, _) = self.customer("alice", 1).await?;
        let loss = "a hold is captured or released twice";
        let place = PlaceHold::strict(alice, Amount::from(6));
        let hold = self.done(0, place.clone(), loss).await?.id;
        self.done(1, CaptureHold::part(hold, Amount::from(4)), loss).await?;
        self.refused(2, CaptureHold::all(hold), "hold_captured", loss).await?;
        self.refused(2, ReleaseHold::new(hold), "hold_captured", loss).await?;
        self.expect_balance(2, alice, 6, loss).await?;
        let hold = self.done(3, place.clone(), loss).await?.id;
        self.done(4, ReleaseHold::new(hold), loss).await?;
        self.refused(5, CaptureHold::all(hold), "hold_released", loss).await?;
        let hold = self.done(6, place, loss).await?.id;
        self.refused(7_200, CaptureHold::all(hold), "hold_lapsed", loss).await?;
        self.done(7_200, Sweep::ProfileId(alice), loss).await?;
        self.refused(7_200, CaptureHold::all(hold), "hold_lapsed", loss).await?;
        self.expect_balance(7_200, alice, 6, loss).await
    }

    /// A sale of 100 that earned 100 points is returned in two parts; there is no third return.
    pub(super) async fn a_sale_is_not_returned_twice(&mut self) -> Verdict {
        let mut settings = self.fixture.program.settings().clone();
        settings.earn = vec![Earn::new(Points::from(1), Amount::from(1))];
        self.fixture.program = Program::try_from(settings).map_err(|error| error.to_string())?;
        let alice = Fixture::profile("alice")?;
        let loss = "points of a sale are taken back twice, or not at all";
        let sale = PostTransaction::new(alice, Amount::from(100));
        let sale = self.done(0, sale, loss).await?.id;
        let back = ReturnTransaction::new(sale, Amount::from(40));
        // The retry's outcome includes the points as well, which are in an entry of their own.
        let first = self.ask_keyed(1, "back", back.clone()).await?;
        let again = self.ask_keyed(2, "back", back.clone()).await?;
        let told = |answer: &super::till::Answered<crate::ops::TransactionReturn>| {
            answer.as_ref().ok().map(|receipt| receipt.outcome.clone())
        };
        expect(told(&first).is_some() && told(&first) == told(&again), || {
            format!("answered {first:?} at first, and {again:?} when repeated: {loss}")
        })?;
        self.done(3, back.clone(), loss).await?;
        self.refused(4, back, "return_above_transaction", loss).await?;
        self.done(5, DeleteTransaction::new(sale), loss).await?;
        self.refused(6, DeleteTransaction::new(sale), "unknown_transaction", loss).await?;
        let at = self.after(6)?;
        let balances = self.till().await.at(at).balances(alice).await.map_err(|error| failed(&error))?;
        expect((balances.point_balance, balances.point_debt) == (Points::ZERO, Points::ZERO), || {
            format!("a sale that came back whole leaves {balances:?}: {loss}")
        })
    }

    /// A till that was offline sends a redemption that it made before a reward expired, and then the reward is extended.
    pub(super) async fn a_late_sale_is_not_paid_twice(&mut self) -> Verdict {
        let settings = self.fixture.program.settings().clone().with_late_window(3_600);
        self.fixture.program = Program::try_from(settings).map_err(|error| error.to_string())?;
        let _ready = self.ready().await?;
        let (alice, lots) = self.customer("alice", 2).await?;
        let loss = "what was spent of a reward shortly before it expired can be spent again";
        self.done(DAY, Sweep::ProfileId(alice), loss).await?;
        for seconds in DAY..DAY + 3 {
            self.done(seconds, PostTransaction::new(alice, Amount::from(1)), loss).await?;
        }
        let late = Redeem::strict(alice, Amount::from(4)).with_occurred_at(self.after(DAY - 60)?);
        for (seconds, redeem) in [(DAY + 50, late.clone()), (DAY + 51, late)] {
            let made = self.done(seconds, redeem, "a sale that was sent late is lost").await?;
            let given = made.items.iter().map(|item| item.lot);
            expect(given.eq(lots.first().copied()), || format!("{:?} gave of {lots:?}: {loss}", made.items))?;
        }
        self.expect_balance(DAY + 60, alice, 10, loss).await?;
        self.done(DAY + 60, Extend::by_days(alice, lots, 9), loss).await?;
        self.expect_balance(DAY + 60, alice, 12, loss).await
    }

    /// A redemption is linked to a sale until the sale is deleted.
    pub(super) async fn a_redemption_pays_for_one_sale(&mut self) -> Verdict {
        let _ready = self.ready().await?;
        let (alice, _) = self.customer("alice", 1).await?;
        let redemption = self.redeemed(0, alice, 4).await?;
        let loss = "one redemption pays for two sales, or is undone though a sale was paid with it";
        let sale = PostTransaction::new(alice, Amount::from(16)).paid_with(redemption, Amount::from(20));
        let id = self.done(1, sale.clone(), loss).await?.id;
        self.refused(2, sale, "redemption_linked", loss).await?;
        self.refused(2, ReverseRedemption::new(redemption), "redemption_linked", loss).await?;
        self.done(3, DeleteTransaction::new(id), loss).await?;
        self.done(4, ReverseRedemption::new(redemption), loss).await?;
        self.refused(5, ReverseRedemption::new(redemption), "redemption_reversed", loss).await?;
        self.expect_balance(6, alice, 10, loss).await
    }

    /// A customer with two cards, one merged into the other, returns a purchase made with the closed card.
    pub(super) async fn a_merged_profile_gets_its_returns(&mut self) -> Verdict {
        let _ready = self.ready().await?;
        let (alice, _) = self.customer("alice", 1).await?;
        let bob = Fixture::profile("bob")?;
        let redemption = self.redeemed(0, alice, 8).await?;
        let loss = "what a closed card gave is not known to the card that took over";
        self.done(1, MergeProfiles::new(alice, bob), loss).await?;
        let back = ReturnRedemption::strict(redemption, Amount::from(4));
        self.done(2, back.clone(), loss).await?;
        self.done(3, back.clone(), loss).await?;
        self.refused(4, back, "return_above_redemption", loss).await?;
        self.expect_balance(5, bob, 10, loss).await?;
        let lots = self.live_rewards(bob).await?;
        expect(lots == 1, || format!("one reward came back as {lots}: {loss}"))
    }

    /// Merging a profile into itself, before it exists and after, and moving a reward to its own holder, are refused.
    pub(super) async fn one_account_is_not_two(&mut self) -> Verdict {
        let _ready = self.ready().await?;
        let alice = Fixture::profile("alice")?;
        let loss = "a card that is merged into itself is closed, with all that is on it";
        self.refused(0, MergeProfiles::new(alice, alice), "same_profile", loss).await?;
        let lot = self.done(1, self.fixture.issue(alice)?, loss).await?.id;
        self.refused(2, MergeProfiles::new(alice, alice), "same_profile", loss).await?;
        self.refused(3, Reassign::new(lot, alice), "same_profile", loss).await?;
        self.expect_balance(4, alice, 10, loss).await
    }
}
