//! An asynchronous shop back end: its own `sale` table and the ledger's rewards change in one transaction.
//!
//! ```sh
//! DATABASE_URL='host=localhost user=postgres dbname=shop' cargo run --features postgres --example postgres
//! ```
//!
//! Without `DATABASE_URL` it starts a PostgreSQL server of its own, if there is one on this machine.

#[path = "../tests/cluster/mod.rs"]
#[allow(dead_code)] // The tests use more of it.
mod cluster;

use std::error::Error;
use std::sync::Arc;

use scrip::store::postgres::{Options, PostgresStore, tokio_postgres};
use scrip::{
    Amount, AsyncLedger, Define, IssueReward, Key, PeriodType, ProfileId, Program, Redeem, Redemption,
    RewardDefinition, Timestamp,
};

type Failure = Box<dyn Error + Send + Sync>;

/// What every request handler has a clone of.
#[derive(Clone)]
struct Shop {
    store: PostgresStore,
    program: Arc<Program>,
}

impl Shop {
    /// Sells something for part of a customer's rewards. The sale and the redemption are committed together or not at
    /// all; `order` makes a repetition harmless.
    async fn sell(
        &self,
        order: &str,
        customer: ProfileId,
        total: Amount,
        rewards: Amount,
    ) -> Result<Redemption, Failure> {
        let mut client = self.store.pool().get().await?;
        let mut transaction = client.transaction().await?;
        let mut ledger =
            AsyncLedger::new(Program::clone(&self.program), self.store.joining(&mut transaction));
        let mut till = ledger.at(clock());
        let redemption = till.keyed(Key::new(order)?).commit(Redeem::strict(customer, rewards)).await?;
        let insert = "INSERT INTO sale (order_id, customer, total, redemption) VALUES ($1, $2, $3, $4)
                      ON CONFLICT (order_id) DO NOTHING";
        transaction.execute(insert, &[&order, &customer, &total, &redemption.id]).await?;
        transaction.commit().await?;
        Ok(redemption)
    }
}

/// A service would ask its clock.
fn clock() -> Timestamp {
    Timestamp::from_micros(1_750_000_000_000_000).expect("an instant")
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let own = if std::env::var_os("DATABASE_URL").is_none() { cluster::Cluster::start() } else { None };
    let config: tokio_postgres::Config = match (&own, std::env::var("DATABASE_URL")) {
        (_, Ok(url)) => url.parse()?,
        (Some(cluster), _) => cluster.database().await,
        (None, _) => return Ok(()),
    };
    let options = Options::new();
    PostgresStore::migrate(&config, &options).await?;
    let store = PostgresStore::connect(&config, &options).await?;
    let program = Arc::new(Program::new("AUD", "Australia/Melbourne")?);
    let shop = Shop { store: store.clone(), program: Arc::clone(&program) };
    let client = store.pool().get().await?;
    client
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS sale (
                 order_id text PRIMARY KEY, customer text NOT NULL, total bigint NOT NULL, redemption bigint NOT NULL)",
        )
        .await?;

    let mut ledger = AsyncLedger::new(Program::clone(&program), store.clone());
    let alice = ProfileId::new("alice")?;
    let birthday = RewardDefinition::new("birthday".parse()?, "Birthday", Amount::from(10))
        .valid_for(30, PeriodType::Days);
    let birthday = ledger.at(clock()).keyed(Key::new("birthday")?).commit(Define::from(birthday)).await?;
    for number in 0..4 {
        let key = Key::new(&format!("birthday {number}"))?;
        ledger.at(clock()).keyed(key).commit(IssueReward::new(alice, birthday.id)).await?;
    }

    // Four requests at once, and one of them twice: a till that did not hear the answer.
    let orders = ["ORDER-1", "ORDER-2", "ORDER-3", "ORDER-3"];
    let tasks = orders.map(|order| {
        let shop = shop.clone();
        tokio::spawn(async move { shop.sell(order, alice, Amount::from(50), Amount::from(12)).await })
    });
    for (task, order) in tasks.into_iter().zip(orders) {
        let redemption = task.await??;
        println!("{order}: redemption {} took {}", redemption.id, redemption.total);
    }
    // A sale that cannot be written takes no rewards either.
    let refused = shop.sell("ORDER-4", alice, Amount::from(50), Amount::from(12)).await;
    println!("ORDER-4: {}", refused.err().map_or_else(|| "sold".to_owned(), |error| error.to_string()));

    let left = ledger.at(clock()).balances(alice).await?.reward_balance;
    let sales: i64 = client.query_one("SELECT count(*) FROM sale", &[]).await?.try_get(0)?;
    println!("{sales} sales, and {left} of 40.00 left");
    assert_eq!((sales, left), (3, Amount::from(4)));
    Ok(())
}
