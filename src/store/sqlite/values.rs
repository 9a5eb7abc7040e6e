//! Identifiers, amounts and instants in SQLite's columns, as the tables that people query have them: identifiers are
//! integers, amounts and points integers of ten-thousandths, instants integers of microseconds since 1970.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use crate::id::{
    DefinitionId, EntryId, ExternalId, Handle, HoldId, Key, LotId, ProfileId, ProfileNumber, RedemptionId,
    ReturnId, TransactionId,
};
use crate::store::values::{Text, Whole};
use crate::time::Timestamp;
use crate::value::{Amount, Points, Quantity};

macro_rules! columns {
    (($write:path, $get:path, $read:path): $($name:ident)*) => {$(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::from($write(self)))
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                $read($get(&value)?).map_err(|error| FromSqlError::Other(Box::new(error)))
            }
        }
    )*};
}

columns! {
    (Whole::to_whole, ValueRef::as_i64, Whole::from_whole):
    Amount DefinitionId EntryId HoldId LotId Points ProfileNumber Quantity RedemptionId ReturnId Timestamp TransactionId
}

columns! {
    (Text::to_text, ValueRef::as_str, Text::from_text):
    ExternalId Handle Key ProfileId
}
