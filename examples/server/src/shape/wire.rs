//! Numbers with exact digits, and times as `YYYY-MM-DD HH:MM:SS`.

use chrono::NaiveDateTime;
use scrip::time::Expiry;
use scrip::value::{Delta, Quantity, Worth};
use scrip::{Amount, Points, Timestamp};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A quantity as a JSON number, digit by digit: no float ever holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Num(String);

macro_rules! numbers {
    ($($from:ty),*) => {$(
        impl From<$from> for Num {
            fn from(value: $from) -> Self {
                Self(value.to_string())
            }
        }
    )*};
}

numbers!(Amount, Points, Quantity, Delta, Worth);

impl Num {
    /// From anything whose text is a plain decimal.
    pub fn of(decimal: impl std::fmt::Display) -> Self {
        Self(decimal.to_string())
    }
}

impl Serialize for Num {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.clone()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl PartialSchema for Num {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::Number))
            .description(Some("A decimal number with exact digits."))
            .into()
    }
}

impl ToSchema for Num {}

/// A time to the second: in UTC, or where its name says so, local to a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(NaiveDateTime);

impl Time {
    /// The last second in which a lot can be used.
    pub fn last(expiry: Expiry) -> Option<Self> {
        expiry.last_second().map(Self::from)
    }
}

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        Self(at.to_datetime().naive_utc())
    }
}

impl From<NaiveDateTime> for Time {
    fn from(local: NaiveDateTime) -> Self {
        Self(local)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.format("%Y-%m-%d %H:%M:%S"))
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .pattern(Some(r"^(\+1)?\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$"))
            .description(Some("`YYYY-MM-DD HH:MM:SS`; the day after the year 9999, which zones west of UTC reach, is `+10000-01-01`."))
            .into()
    }
}

impl ToSchema for Time {}
