//! The schema: how it comes to be, and that it can be spread over machines.

use scrip::store::postgres::{Layout, Options, PostgresError, PostgresStore, SCHEMA_VERSION};

use scrip::store::{AsyncScan, Position};
use scrip::{Amount, AsyncLedger, Redeem};

use crate::cluster::Cluster;
use crate::{now, profile, program};

pub(crate) async fn is_migrated_once_and_refused_when_newer(cluster: &Cluster) {
    let config = cluster.database().await;
    let options = Options::new().schema("loyalty_2");
    let missing = PostgresStore::connect(&config, &options).await.unwrap_err();
    assert!(matches!(missing, PostgresError::NotMigrated { found: 0, .. }), "{missing:?}");

    // Many at once: one does it.
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let (config, options) = (config.clone(), options.clone());
            tokio::spawn(async move { PostgresStore::migrate(&config, &options).await.unwrap() })
        })
        .collect();
    let mut did = 0;
    for task in tasks {
        let migrated = task.await.unwrap();
        assert_eq!(migrated.to, SCHEMA_VERSION);
        did += usize::from(migrated.from < SCHEMA_VERSION);
    }
    assert_eq!(did, 1);
    PostgresStore::connect(&config, &options).await.unwrap();
    let other = PostgresStore::connect(&config, &options.clone().partitioned(true)).await.unwrap_err();
    assert!(matches!(other, PostgresError::OtherLayout), "{other:?}");
    let name = PostgresStore::connect(&config, &Options::new().schema("drop table")).await.unwrap_err();
    assert!(matches!(name, PostgresError::SchemaName(_)), "{name:?}");

    let store = PostgresStore::connect(&config, &options).await.unwrap();
    let client = store.pool().get().await.unwrap();
    client.execute("UPDATE loyalty_2.version SET version = version + 1", &[]).await.unwrap();
    for newer in [
        PostgresStore::connect(&config, &options).await.map(drop),
        PostgresStore::migrate(&config, &options).await.map(drop),
    ] {
        let error = newer.unwrap_err();
        assert!(matches!(error, PostgresError::TooNew { .. }), "{error:?}");
        assert!(error.to_string().contains(&(SCHEMA_VERSION + 1).to_string()), "{error}");
    }
    let lossy = {
        let mut config = cluster.database().await;
        PostgresStore::migrate(&config, &options).await.unwrap();
        config.options("-c synchronous_commit=off");
        PostgresStore::connect(&config, &options).await.unwrap_err()
    };
    assert!(matches!(lossy, PostgresError::NotDurable), "{lossy:?}");
}

/// What Citus, YugabyteDB and CockroachDB cannot do, or cannot do well, once the tables are spread by profile number.
pub(crate) async fn fits_a_database_that_is_distributed_by_profile(cluster: &Cluster) {
    let config = cluster.database().await;
    let options = Options::new().layout(Layout::Distributed);
    PostgresStore::migrate(&config, &options).await.unwrap();
    let store = PostgresStore::connect(&config, &options).await.unwrap();
    let client = store.pool().get().await.unwrap();
    let count = async |sql: &str| -> i64 { client.query_one(sql, &[]).await.unwrap().get(0) };

    let foreign_keys = "SELECT count(*) FROM information_schema.table_constraints
        WHERE constraint_schema = 'scrip' AND constraint_type = 'FOREIGN KEY'";
    assert_eq!(count(foreign_keys).await, 0);
    let triggers = "SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE c.relnamespace = 'scrip'::regnamespace AND NOT tgisinternal";
    assert_eq!(count(triggers).await, 0);
    let functions = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'scrip'::regnamespace";
    assert_eq!(count(functions).await, 0);

    // Whatever is unique says the profile's number first; but for names, which are where numbers come from, and what
    // every machine has a copy of: the catalogue, and the one row about the schema.
    let unique = "SELECT c.relname, a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
        WHERE c.relnamespace = 'scrip'::regnamespace AND i.indisunique ORDER BY 1";
    let mut leading = Vec::new();
    for row in client.query(unique, &[]).await.unwrap() {
        leading.push((row.get::<_, String>(0), row.get::<_, String>(1)));
    }
    assert!(leading.len() >= 9, "{leading:?}");
    for (table, column) in leading {
        let by = match table.as_str() {
            "profile" => "profile",
            "version" => "version",
            "catalogue" => "sequence",
            _ => "number",
        };
        assert_eq!(column, by, "{table}");
    }
    // Types that only PostgreSQL itself has.
    let types =
        "SELECT DISTINCT data_type FROM information_schema.columns WHERE table_schema = 'scrip' ORDER BY 1";
    for row in client.query(types, &[]).await.unwrap() {
        let name: String = row.get(0);
        assert!(
            ["bigint", "boolean", "bytea", "integer", "smallint", "text"].contains(&name.as_str()),
            "{name}"
        );
    }
}

/// A schema as the first version made it, with entries in it.
pub(crate) async fn of_an_older_version_is_brought_up_to_date(cluster: &Cluster) {
    let config = cluster.database().await;
    let options = Options::new();
    let all = PostgresStore::migration(&options, 0).unwrap();
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&all[0]).await.unwrap();
    client.batch_execute(include_str!("version_1.sql")).await.unwrap();
    let old = PostgresStore::connect(&config, &options).await.unwrap_err();
    assert!(matches!(old, PostgresError::NotMigrated { found: 1, .. }), "{old:?}");

    let migrated = PostgresStore::migrate(&config, &options).await.unwrap();
    assert_eq!((migrated.from, migrated.to), (1, SCHEMA_VERSION));
    let store = PostgresStore::connect(&config, &options).await.unwrap();
    let mut ledger = AsyncLedger::new(program(), store.clone());
    let balances = ledger.at(now()).balances(profile("alice")).await.unwrap();
    assert_eq!(balances.reward_balance, Amount::from(12));
    // Positions go on, although this database counts its transactions from another number than the old one did.
    ledger.at(now()).commit(Redeem::strict(profile("alice"), Amount::from(2))).await.unwrap();
    let mut scan = store.clone();
    let before = scan.feed(&Position::START, 4).await.unwrap();
    assert_eq!(before.entries.len(), 4);
    let after = scan.feed(&before.position, 4).await.unwrap();
    assert_eq!(after.entries.len(), 1, "what was written after the dump was restored comes after the rest");
    assert_eq!(store.project().await.unwrap().entries, 5);
}
