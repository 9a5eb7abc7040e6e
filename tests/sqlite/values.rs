//! Identifiers, amounts and instants as parameters and columns of a caller's own statements.

use std::error::Error;
use std::fmt::Debug;

use scrip::id::{EntryId, ExternalId, Handle, IdError, ProfileNumber, ReturnId};
use scrip::store::sqlite::rusqlite::types::{FromSql, ToSql, Value};
use scrip::store::sqlite::rusqlite::{self, Connection};
use scrip::value::{AmountError, Quantity};
use scrip::{
    Amount, DefinitionId, HoldId, Key, LotId, Points, ProfileId, RedemptionId, Timestamp, TransactionId,
};

use super::shop::{define, issue, now, open, profile, redeem};

/// Sends a value, and says how SQLite has it and what is read back.
fn through<T: ToSql + FromSql>(connection: &Connection, value: &T) -> (Value, T) {
    connection.query_row("SELECT ?1, ?1", [value], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

fn kept_as<T: ToSql + FromSql + PartialEq + Debug>(value: T, kept: impl Into<Value>) {
    let connection = Connection::open_in_memory().unwrap();
    assert_eq!(through(&connection, &value), (kept.into(), value));
}

#[test]
fn each_type_is_one_value_and_comes_back() {
    const LARGEST_ID: u64 = (1 << 53) - 1;
    kept_as(DefinitionId::new(1).unwrap(), 1);
    kept_as(LotId::new(LARGEST_ID).unwrap(), LARGEST_ID.cast_signed());
    kept_as(RedemptionId::new(4_194_306).unwrap(), 4_194_306);
    kept_as(HoldId::new(4_194_307).unwrap(), 4_194_307);
    kept_as(ReturnId::new(4_194_308).unwrap(), 4_194_308);
    kept_as(TransactionId::new(4_194_309).unwrap(), 4_194_309);
    kept_as(EntryId::new(4_194_310).unwrap(), 4_194_310);
    kept_as(ProfileNumber::MAX, (1_i64 << 31) - 1);
    kept_as("7.5".parse::<Amount>().unwrap(), 7_5000);
    kept_as(Points::MAX_TOTAL, 9_000_000_000_000_000_000_i64);
    kept_as(Quantity::ZERO, 0);
    for extreme in [Timestamp::MIN, Timestamp::MAX] {
        kept_as(extreme, extreme.micros());
    }
    kept_as(profile("zoë"), "zoë".to_owned());
    kept_as(Key::new("order 1").unwrap(), "order 1".to_owned());
    kept_as(ExternalId::new("0042").unwrap(), "0042".to_owned());
    kept_as(Handle::new("birthday").unwrap(), "birthday".to_owned());
    kept_as(None::<Timestamp>, Value::Null);
}

/// Reads a value as a type that it is not; how the error tells it.
fn refused<T: FromSql + Debug>(value: impl ToSql) -> Box<dyn Error + Send + Sync> {
    let connection = Connection::open_in_memory().unwrap();
    match connection.query_row("SELECT ?", [value], |row| row.get::<_, T>(0)).unwrap_err() {
        rusqlite::Error::FromSqlConversionFailure(0, _, error) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_invalid_value_is_refused_by_an_error_that_names_it() {
    let error = refused::<LotId>(0);
    assert_eq!(error.to_string(), "`0` cannot be read as LotId: it is not an identifier of this ledger");
    let reason = error.source().and_then(|source| source.downcast_ref());
    assert_eq!(reason, Some(&IdError::NotAnId));

    let error = refused::<Amount>(-1);
    assert_eq!(error.to_string(), "`-1` cannot be read as Amount: it is negative (rule Q6)");
    let reason = error.source().and_then(|source| source.downcast_ref());
    assert_eq!(reason, Some(&AmountError::Negative));

    let starts = |error: Box<dyn Error + Send + Sync>, start: &str| {
        assert!(error.to_string().starts_with(start), "{error}");
    };
    starts(refused::<RedemptionId>(-1), "`-1` cannot be read as RedemptionId");
    starts(refused::<ProfileNumber>(1_i64 << 31), "`2147483648` cannot be read as ProfileNumber");
    starts(refused::<Points>(i64::MAX), "`9223372036854775807` cannot be read as Points");
    starts(refused::<Timestamp>(i64::MAX), "`9223372036854775807` cannot be read as Timestamp");
    starts(refused::<Handle>("no slash/"), "`no slash/` cannot be read as Handle");
    starts(refused::<ProfileId>("a\nb"), "`a\\nb` cannot be read as ProfileId");
}

#[test]
fn the_tables_that_people_query_have_the_same_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let mut ledger = open(&path);
    let bonus = define(&mut ledger);
    issue(&mut ledger, "alice", bonus);
    let redemption = ledger.at(now()).commit(redeem("alice", 7)).unwrap();
    ledger.store().project().unwrap();

    let wallet = ledger.at(now()).wallet(profile("alice")).unwrap();
    let lot = &wallet.rewards()[0];
    let reports = Connection::open(&path).unwrap();
    let sql = "SELECT a.number, a.profile, d.handle, l.definition, l.remaining, l.expires_at, i.redemption
        FROM scrip_account a JOIN scrip_lot l USING (number) JOIN scrip_definition d USING (definition)
        JOIN scrip_redemption_item i USING (lot) WHERE l.lot = ?1 AND a.last_at = ?2";
    let row: (ProfileNumber, ProfileId, Handle, DefinitionId, Amount, Option<Timestamp>, RedemptionId) =
        reports.query_row(sql, (lot.id, now()), |row| row.try_into()).unwrap();
    let (handle, left) = ("bonus".parse().unwrap(), Amount::from(3));
    let expected =
        (lot.id.number(), profile("alice"), handle, bonus, left, lot.expires_at.instant(), redemption.id);
    assert_eq!(row, expected);
}
