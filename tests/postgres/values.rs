//! Identifiers, amounts and instants as parameters and columns of a caller's own statements.

use std::fmt::Debug;

use scrip::id::{EntryId, ExternalId, Handle, ProfileNumber, ReturnId};
use scrip::store::postgres::tokio_postgres::types::{FromSqlOwned, ToSql};
use scrip::store::postgres::tokio_postgres::{Client, NoTls};
use scrip::value::Quantity;
use scrip::{Amount, DefinitionId, HoldId, Key, LotId, Points, RedemptionId, Timestamp, TransactionId};

use crate::cluster::Cluster;
use crate::profile;

/// Sends a value as a type of the database; how that prints it, and whether it comes back.
async fn kept_as<T>(client: &Client, value: T, kind: &str, printed: &str)
where
    T: ToSql + FromSqlOwned + PartialEq + Debug + Sync,
{
    let sql = format!("SELECT $1::{kind}::text, $1::{kind}");
    let row = client.query_one(&sql, &[&value]).await.unwrap();
    assert_eq!((row.get::<_, &str>(0), row.get::<_, T>(1)), (printed, value));
}

/// Reads a value of the database's as a type that it is not; how the error tells it.
async fn refused<T: FromSqlOwned + Debug>(client: &Client, value: &str) -> String {
    let error =
        client.query_one(&format!("SELECT {value}"), &[]).await.unwrap().try_get::<_, T>(0).unwrap_err();
    std::error::Error::source(&error).unwrap().to_string()
}

pub(crate) async fn come_back_and_are_checked(cluster: &Cluster) {
    let (client, connection) = cluster.database().await.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("SET TIME ZONE 'UTC'").await.unwrap();

    kept_as(&client, DefinitionId::new(1).unwrap(), "bigint", "1").await;
    kept_as(&client, LotId::new((1 << 53) - 1).unwrap(), "bigint", "9007199254740991").await;
    kept_as(&client, RedemptionId::new(4_194_306).unwrap(), "bigint", "4194306").await;
    kept_as(&client, HoldId::new(4_194_307).unwrap(), "bigint", "4194307").await;
    kept_as(&client, ReturnId::new(4_194_308).unwrap(), "bigint", "4194308").await;
    kept_as(&client, TransactionId::new(4_194_309).unwrap(), "bigint", "4194309").await;
    kept_as(&client, EntryId::new(4_194_310).unwrap(), "bigint", "4194310").await;
    kept_as(&client, ProfileNumber::MAX, "integer", "2147483647").await;
    kept_as(&client, ProfileNumber::MAX, "bigint", "2147483647").await;
    kept_as(&client, "7.5".parse::<Amount>().unwrap(), "bigint", "75000").await;
    kept_as(&client, Points::MAX_TOTAL, "bigint", "9000000000000000000").await;
    kept_as(&client, Quantity::ZERO, "bigint", "0").await;
    let instant: Timestamp = "1999-12-31T23:59:59.000001Z".parse().unwrap();
    kept_as(&client, instant, "timestamptz", "1999-12-31 23:59:59.000001+00").await;
    kept_as(&client, instant, "bigint", "946684799000001").await;
    kept_as(&client, Timestamp::MAX, "timestamptz", "10000-01-01 23:59:59.999999+00").await;
    kept_as(&client, Timestamp::MIN, "timestamptz", "0001-12-31 00:00:00+00 BC").await;
    kept_as(&client, profile(1), "text", "1").await;
    kept_as(&client, Key::new("order 1").unwrap(), "varchar", "order 1").await;
    kept_as(&client, ExternalId::new("0042").unwrap(), "text", "0042").await;
    kept_as(&client, Handle::new("birthday").unwrap(), "text", "birthday").await;
    let none = client.query_one("SELECT $1::timestamptz", &[&None::<Timestamp>]).await.unwrap();
    assert_eq!(none.get::<_, Option<Timestamp>>(0), None);

    let told = refused::<LotId>(&client, "0::bigint").await;
    assert_eq!(told, "`0` cannot be read as LotId: it is not an identifier of this ledger");
    let told = refused::<Amount>(&client, "(-1)::bigint").await;
    assert_eq!(told, "`-1` cannot be read as Amount: it is negative (rule Q6)");
    for infinite in ["infinity", "-infinity"] {
        let told = refused::<Timestamp>(&client, &format!("'{infinite}'::timestamptz")).await;
        assert!(
            told.ends_with("cannot be read as Timestamp: it is outside the years 1 to 9999 (rule T1)"),
            "{told}"
        );
    }
    let told = refused::<Handle>(&client, "'no slash/'").await;
    assert!(told.starts_with("`no slash/` cannot be read as Handle"), "{told}");
    // A number of the wrong width is not misread.
    let told = refused::<LotId>(&client, "1::integer").await;
    assert!(told.contains("cannot convert between the Rust type"), "{told}");
}
