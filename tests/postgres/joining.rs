//! Inside the caller's own transaction.

use scrip::request::Reassign;
use scrip::store::postgres::PostgresStore;
use scrip::{Amount, AsyncLedger, Error, Key, Redeem, Redemption};
use tokio_postgres::{IsolationLevel, Transaction};

use crate::cluster::Cluster;
use crate::{issue, ledger, now, profile, program};

async fn redeem(
    store: &PostgresStore,
    transaction: &mut Transaction<'_>,
    whole: u32,
    key: &str,
) -> Result<Redemption, Error<scrip::store::postgres::PostgresError>> {
    let mut ledger = AsyncLedger::new(program(), store.joining(transaction));
    let redeem = Redeem::strict(profile("alice"), Amount::from(whole));
    let receipt = ledger.at(now()).keyed(Key::new(key).unwrap()).commit_with_receipt(redeem).await?;
    assert!(receipt.is_staged);
    Ok(receipt.outcome)
}

pub(crate) async fn is_committed_and_rolled_back_with_the_callers_rows(cluster: &Cluster) {
    let (mut ledger, ten) = ledger(cluster).await;
    issue(&mut ledger, profile("alice"), ten, 2).await;
    let store = ledger.store().clone();
    let mut client = store.pool().get().await.unwrap();
    client.batch_execute("CREATE TABLE sale (redemption bigint PRIMARY KEY)").await.unwrap();

    for (commits, left) in [(false, 20), (true, 9)] {
        let mut transaction = client.transaction().await.unwrap();
        let first = redeem(&store, &mut transaction, 4, "first").await.unwrap();
        // A refusal leaves the transaction as it was, and a later request sees an earlier one.
        let refused = redeem(&store, &mut transaction, 17, "refused").await;
        assert!(matches!(refused, Err(Error::Rejected(_))), "{refused:?}");
        redeem(&store, &mut transaction, 7, "second").await.unwrap();
        let again = redeem(&store, &mut transaction, 4, "first").await.unwrap();
        assert_eq!(again, first);
        transaction.execute("INSERT INTO sale VALUES ($1)", &[&first.id]).await.unwrap();
        // Nobody else sees it yet.
        let seen = ledger.at(now()).balances(profile("alice")).await.unwrap().reward_balance;
        assert_eq!(seen, Amount::from(20));
        if commits { transaction.commit().await } else { transaction.rollback().await }.unwrap();
        let seen = ledger.at(now()).balances(profile("alice")).await.unwrap().reward_balance;
        assert_eq!(seen, Amount::from(left));
        let sales: i64 = client.query_one("SELECT count(*) FROM sale", &[]).await.unwrap().get(0);
        assert_eq!(sales, i64::from(commits));
    }

    // Over two accounts, one of them a newcomer.
    let lot = ledger.at(now()).wallet(profile("alice")).await.unwrap().rewards()[0].id;
    for (commits, left) in [(false, 0), (true, 9)] {
        let mut transaction = client.transaction().await.unwrap();
        let mut joined = AsyncLedger::new(program(), store.joining(&mut transaction));
        joined.at(now()).commit(Reassign::new(lot, profile("bob"))).await.unwrap();
        if commits { transaction.commit().await } else { transaction.rollback().await }.unwrap();
        let seen = ledger.at(now()).balances(profile("bob")).await.unwrap().reward_balance;
        assert_eq!(seen, Amount::from(left));
    }
}

pub(crate) async fn conflicts_and_dooms(cluster: &Cluster) {
    let (mut ledger, ten) = ledger(cluster).await;
    issue(&mut ledger, profile("alice"), ten, 2).await;
    let store = ledger.store().clone();
    let mut client = store.pool().get().await.unwrap();
    client.batch_execute("CREATE TABLE sale (redemption bigint PRIMARY KEY)").await.unwrap();

    // READ COMMITTED: what somebody else commits meanwhile is seen.
    let mut transaction = client.transaction().await.unwrap();
    redeem(&store, &mut transaction, 1, "a").await.unwrap();
    transaction.commit().await.unwrap();
    let mut transaction = client.transaction().await.unwrap();
    transaction.execute("INSERT INTO sale VALUES (1)", &[]).await.unwrap();
    ledger.at(now()).commit(Redeem::strict(profile("alice"), Amount::from(1))).await.unwrap();
    redeem(&store, &mut transaction, 1, "b").await.unwrap();
    transaction.commit().await.unwrap();

    // REPEATABLE READ: it cannot be, and trying again would not help.
    let repeatable = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
    let mut transaction = repeatable.start().await.unwrap();
    transaction.execute("INSERT INTO sale VALUES (2)", &[]).await.unwrap();
    ledger.at(now()).commit(Redeem::strict(profile("alice"), Amount::from(1))).await.unwrap();
    let doomed = redeem(&store, &mut transaction, 1, "c").await;
    assert!(matches!(doomed, Err(Error::Aborted)), "{doomed:?}");
    transaction.rollback().await.unwrap();

    // A transaction that had failed before.
    let mut transaction = client.transaction().await.unwrap();
    transaction.execute("INSERT INTO sale VALUES (1)", &[]).await.unwrap_err();
    let doomed = redeem(&store, &mut transaction, 1, "d").await;
    assert!(matches!(doomed, Err(Error::Aborted)), "{doomed:?}");
    transaction.rollback().await.unwrap();

    // A connection that is gone.
    let mut transaction = client.transaction().await.unwrap();
    let backend: i32 = transaction.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    let killer = store.pool().get().await.unwrap();
    killer.execute("SELECT pg_terminate_backend($1)", &[&backend]).await.unwrap();
    let doomed = redeem(&store, &mut transaction, 1, "e").await;
    assert!(matches!(doomed, Err(Error::Aborted)), "{doomed:?}");
    drop(transaction);

    let left = ledger.at(now()).balances(profile("alice")).await.unwrap().reward_balance;
    assert_eq!(left, Amount::from(16));
}
