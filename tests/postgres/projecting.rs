//! The tables that people query.

use scrip::request::Reassign;
use scrip::{Amount, AsyncLedger, PlaceHold, PostTransaction, Redeem, ReturnRedemption};

use crate::cluster::Cluster;
use crate::{issue, ledger, now, profile, program};

pub(crate) async fn says_what_the_ledger_says(cluster: &Cluster) {
    let (mut ledger, ten) = ledger(cluster).await;
    for name in 0..30 {
        issue(&mut ledger, profile(name), ten, 3).await;
    }
    let store = ledger.store().clone();
    let first = store.project().await.unwrap();
    assert_eq!(first.entries, 91);

    let mut till = ledger.at(now());
    let redemption = till.commit(Redeem::strict(profile(1), Amount::from(17))).await.unwrap();
    till.commit(PostTransaction::new(profile(1), 80.into()).paid_with(redemption.id, 97.into()))
        .await
        .unwrap();
    till.commit(ReturnRedemption::strict(redemption.id, Amount::from(5))).await.unwrap();
    till.commit(PlaceHold::strict(profile(2), Amount::from(4))).await.unwrap();
    let lot = till.wallet(profile(3)).await.unwrap().rewards()[0].id;
    till.commit(Reassign::new(lot, profile(4))).await.unwrap();

    // Two at once take turns, and what is carried over is carried over once.
    let (one, other) = tokio::join!(store.project(), store.project());
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(one.entries + other.entries >= 6, "{one:?} {other:?}");
    assert_eq!(one.position, other.position);
    assert_eq!(store.project().await.unwrap().entries, 0);

    let client = store.pool().get().await.unwrap();
    for name in 0..30 {
        let balances = ledger.at(now()).balances(profile(name)).await.unwrap();
        let row = client
            .query_one(
                "SELECT a.reward_balance, a.reward_held,
                     (SELECT sum(remaining - held)::bigint FROM scrip.lot l
                      WHERE l.number = a.number AND standing = 'usable'),
                     (SELECT sum(held)::bigint FROM scrip.lot l WHERE l.number = a.number)
                 FROM scrip.account a WHERE profile = $1",
                &[&name.to_string()],
            )
            .await
            .unwrap();
        let (balance, held): (i64, i64) = (row.get(0), row.get(1));
        let (in_lots, held_in_lots): (i64, i64) = (row.get(2), row.get(3));
        assert_eq!(balance, balances.reward_balance.ten_thousandths(), "{name}");
        assert_eq!(in_lots, balance, "{name}");
        assert_eq!(held_in_lots, held, "{name}");
    }
    let sql = "SELECT r.total, r.returned, t.total, (SELECT sum(amount)::bigint FROM scrip.redemption_item i
               WHERE i.redemption = r.redemption)
               FROM scrip.redemption r JOIN scrip.transaction t USING (number, transaction_id) WHERE r.redemption = $1";
    let row = client.query_one(sql, &[&redemption.id]).await.unwrap();
    let row: [i64; 4] = [row.get(0), row.get(1), row.get(2), row.get(3)];
    assert_eq!(row, [17_0000, 5_0000, 80_0000, 17_0000]);

    // What is rolled back is never carried over.
    let mut other = store.pool().get().await.unwrap();
    let mut transaction = other.transaction().await.unwrap();
    let mut joined = AsyncLedger::new(program(), store.joining(&mut transaction));
    joined.at(now()).commit(Redeem::strict(profile(5), Amount::from(1))).await.unwrap();
    assert_eq!(store.project().await.unwrap().entries, 0);
    transaction.rollback().await.unwrap();
    assert_eq!(store.project().await.unwrap().entries, 0);
}

/// Each entry is carried over once, whoever does it.
pub(crate) async fn callers_take_turns(cluster: &Cluster) {
    let (mut ledger, ten) = ledger(cluster).await;
    for name in 0..20 {
        issue(&mut ledger, profile(name), ten, 60).await;
    }
    let store = ledger.store().clone();
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.project().await.unwrap().entries })
        })
        .collect();
    let mut entries = 0;
    for caller in callers {
        entries += caller.await.unwrap();
    }
    assert_eq!(entries, 1 + 20 * 60);
    let client = store.pool().get().await.unwrap();
    let lots: i64 = client.query_one("SELECT count(*) FROM scrip.lot", &[]).await.unwrap().get(0);
    assert_eq!(lots, 20 * 60);
}
