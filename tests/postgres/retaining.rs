//! Partitions and the archive.

use chrono::TimeDelta;
use scrip::store::Damage;
use scrip::store::postgres::{Layout, Options, PostgresError};
use scrip::{
    Amount, AsyncLedger, Define, Error, IssueReward, PlaceHold, PostTransaction, Redeem, ReturnRedemption,
    RewardDefinition, Timestamp,
};

use crate::cluster::Cluster;
use crate::{checking, now, profile, program, store};

fn later(days: i64) -> Timestamp {
    now().checked_add(TimeDelta::days(days)).unwrap()
}

pub(crate) async fn keeps_what_can_still_be_asked_for(cluster: &Cluster) {
    for (layout, partitioned) in
        [(Layout::OneServer, false), (Layout::OneServer, true), (Layout::Distributed, false)]
    {
        let options = Options::new().layout(layout).partitioned(partitioned);
        let store = store(&cluster.database().await, &options).await;
        let mut ledger = AsyncLedger::new(program(), store.clone());
        if partitioned {
            store.add_partition(later(0), later(30)).await.unwrap();
            store.add_partition(later(30), later(60)).await.unwrap();
            assert!(store.add_partition(later(45), later(50)).await.is_err(), "it overlaps");
        } else {
            let refused = store.add_partition(later(0), later(30)).await.unwrap_err();
            assert!(matches!(refused, PostgresError::OtherLayout), "{refused:?}");
        }
        let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
        let ten = ledger.at(now()).commit(Define::from(ten)).await.unwrap().id;
        let alice = profile("alice");
        let mut redeemed = Vec::new();
        for day in 0..20 {
            let mut till = ledger.at(later(day));
            till.commit(IssueReward::new(alice, ten)).await.unwrap();
            // What is left over adds up, so that lots stay in use for long.
            let key = format!("day {day}").parse().unwrap();
            redeemed.push(till.keyed(key).commit(Redeem::strict(alice, Amount::from(9))).await.unwrap());
        }
        let mut till = ledger.at(later(20));
        let sale = PostTransaction::new(alice, 1.into()).paid_with(redeemed[3].id, 10.into());
        till.commit(sale).await.unwrap();
        till.commit(ReturnRedemption::strict(redeemed[5].id, Amount::from(2))).await.unwrap();
        till.commit(PlaceHold::strict(alice, Amount::from(3))).await.unwrap();
        let last = ledger.at(later(40)).commit(Redeem::strict(alice, Amount::from(1))).await.unwrap();
        let before = ledger.at(later(41)).balances(alice).await.unwrap();
        let entries = ledger.at(later(41)).wallet(alice).await.unwrap().journal().len();

        let archived = store.archive(later(30)).await.unwrap();
        assert_eq!(archived.accounts, 1);
        assert!(archived.entries >= 25, "{archived:?} of {entries}");
        assert_eq!(
            store.archive(later(30)).await.unwrap().entries,
            0,
            "a second time there is nothing left to move"
        );

        // Nothing that counts has changed, and everything recent can still be done.
        assert_eq!(ledger.at(later(41)).balances(alice).await.unwrap(), before);
        let mut till = ledger.at(later(41));
        till.commit(ReturnRedemption::strict(last.id, Amount::from(1))).await.unwrap();
        till.commit(ReturnRedemption::strict(redeemed[5].id, Amount::from(7))).await.unwrap();
        till.commit(ReturnRedemption::strict(redeemed[3].id, Amount::from(9))).await.unwrap();
        let gone = till.commit(ReturnRedemption::strict(redeemed[7].id, Amount::from(1))).await;
        assert!(matches!(gone, Err(Error::Rejected(_))), "{gone:?}");
        let after = ledger.at(later(41)).balances(alice).await.unwrap().reward_balance;
        assert_eq!(after, before.reward_balance.checked_add(Amount::from(17)).unwrap());
        ledger.at(later(41)).commit(Redeem::strict(alice, after)).await.unwrap();
        let wallet = ledger.at(later(41)).wallet(alice).await.unwrap_err();
        let Error::Store(error) = wallet else { panic!("{wallet:?}") };
        assert!(matches!(*error, PostgresError::Damaged(Damage::Missing { .. })), "{error:?}");

        // The archive and what is left are the whole journal.
        let client = store.pool().get().await.unwrap();
        let whole = "SELECT count(*), min(sequence), max(sequence)::bigint FROM
            (SELECT number, sequence FROM scrip.archive UNION ALL SELECT number, sequence FROM scrip.journal) j
            WHERE number = 1";
        let row = client.query_one(whole, &[]).await.unwrap();
        assert_eq!((row.get::<_, i64>(0), row.get::<_, i32>(1)), (row.get::<_, i64>(2), 1));
        let checked = checking::expect_whole(&store).await;
        assert_eq!(checked.entries, row.get::<_, i64>(0).unsigned_abs() + 1);
        if partitioned {
            let rest: i64 =
                client.query_one("SELECT count(*) FROM scrip.journal_rest", &[]).await.unwrap().get(0);
            assert_eq!(rest, 0, "every entry had a partition");
        }
    }
}
