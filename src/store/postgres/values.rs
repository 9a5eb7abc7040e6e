//! Identifiers, amounts and instants in PostgreSQL's columns. Identifiers are `bigint`, and a profile's number may be
//! `integer`; amounts and points are `bigint`, in ten-thousandths; an instant is `timestamptz`, or `bigint` in
//! microseconds since 1970 as in the tables that people query; texts are `text`.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::id::{
    DefinitionId, EntryId, ExternalId, Handle, HoldId, Key, LotId, ProfileId, ProfileNumber, RedemptionId,
    ReturnId, TransactionId,
};
use crate::store::values::{Text, Whole};
use crate::time::Timestamp;
use crate::value::{Amount, Points, Quantity};

/// Microseconds from 1970, the epoch of the ledger's instants, to 2000, the epoch of a `timestamptz`.
const TO_2000: i64 = 946_684_800_000_000;

type Result<T> = std::result::Result<T, Box<dyn Error + Sync + Send>>;

macro_rules! columns {
    (($write:path, $accepts:path, $get:path, $read:path): $($name:ident)*) => {$(
        impl ToSql for $name {
            fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull> {
                $write(self, kind, out)
            }

            fn accepts(kind: &Type) -> bool {
                $accepts(kind)
            }

            to_sql_checked!();
        }

        impl<'a> FromSql<'a> for $name {
            fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self> {
                Ok($read($get(kind, raw)?)?)
            }

            fn accepts(kind: &Type) -> bool {
                $accepts(kind)
            }
        }
    )*};
}

columns! {
    (write_whole, is_bigint, read_whole, Whole::from_whole):
    Amount DefinitionId EntryId HoldId LotId Points Quantity RedemptionId ReturnId TransactionId
}

columns! { (write_whole, is_integer, read_whole, Whole::from_whole): ProfileNumber }

columns! { (write_whole, is_instant, read_whole, Whole::from_whole): Timestamp }

columns! {
    (write_text, is_text, read_text, Text::from_text):
    ExternalId Handle Key ProfileId
}

fn is_bigint(kind: &Type) -> bool {
    *kind == Type::INT8
}

fn is_integer(kind: &Type) -> bool {
    matches!(*kind, Type::INT4 | Type::INT8)
}

fn is_instant(kind: &Type) -> bool {
    matches!(*kind, Type::TIMESTAMPTZ | Type::INT8)
}

fn is_text(kind: &Type) -> bool {
    <&str as ToSql>::accepts(kind)
}

fn write_whole(value: &impl Whole, kind: &Type, out: &mut BytesMut) -> Result<IsNull> {
    let number = value.to_whole();
    match *kind {
        Type::INT4 => i32::try_from(number)?.to_sql(kind, out),
        Type::TIMESTAMPTZ => number.saturating_sub(TO_2000).to_sql(kind, out),
        _ => number.to_sql(kind, out),
    }
}

fn read_whole(kind: &Type, raw: &[u8]) -> Result<i64> {
    match *kind {
        Type::INT4 => i32::from_sql(kind, raw).map(i64::from),
        // `infinity` and `-infinity` are the ends of the numbers, and no instants of the ledger's.
        Type::TIMESTAMPTZ => Ok(i64::from_sql(kind, raw)?.saturating_add(TO_2000)),
        _ => i64::from_sql(kind, raw),
    }
}

fn write_text(value: &impl Text, kind: &Type, out: &mut BytesMut) -> Result<IsNull> {
    value.to_text().to_sql(kind, out)
}

fn read_text<'a>(kind: &Type, raw: &'a [u8]) -> Result<&'a str> {
    <&str>::from_sql(kind, raw)
}
