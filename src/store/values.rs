//! Identifiers, amounts and instants as values of a database's columns: each is one whole number or one text, in every
//! database the same, and is checked when it is read.

use std::error::Error as StdError;

use thiserror::Error;

use crate::id::{
    DefinitionId, EntryId, ExternalId, Handle, HoldId, IdError, Key, LotId, ProfileId, ProfileNumber,
    RedemptionId, ReturnId, TransactionId,
};
use crate::time::Timestamp;
use crate::value::{Amount, Points, Quantity};

/// A value of a column that is not one of the type that it is read as.
#[derive(Debug, Error)]
#[error("`{value}` cannot be read as {type_name}: it {source}")]
pub(super) struct InvalidValue {
    value: String,
    type_name: &'static str,
    source: Box<dyn StdError + Send + Sync>,
}

/// A type that is kept as a whole number.
pub(super) trait Whole: Sized {
    fn to_whole(&self) -> i64;
    fn from_whole(number: i64) -> Result<Self, InvalidValue>;
}

/// A type that is kept as a text.
pub(super) trait Text: Sized {
    fn to_text(&self) -> &str;
    fn from_text(text: &str) -> Result<Self, InvalidValue>;
}

macro_rules! whole {
    ($($name:ident: $to:expr, $from:expr;)*) => {$(
        impl Whole for $name {
            fn to_whole(&self) -> i64 {
                let to: fn($name) -> i64 = $to;
                to(*self)
            }

            fn from_whole(number: i64) -> Result<Self, InvalidValue> {
                let from: fn(i64) -> Result<Self, _> = $from;
                from(number).map_err(|error| invalid(number, stringify!($name), error))
            }
        }
    )*};
}

macro_rules! ids {
    ($($name:ident)*) => {
        whole! {$(
            $name: |id: $name| id.get().cast_signed(),
                |number: i64| u64::try_from(number).map_err(|_| IdError::NotAnId).and_then($name::new);
        )*}
    };
}

ids! { DefinitionId EntryId HoldId LotId RedemptionId ReturnId TransactionId }

whole! {
    ProfileNumber: |number: ProfileNumber| i64::from(number.get()),
        |number: i64| u32::try_from(number).map_err(|_| IdError::NotAnId).and_then(ProfileNumber::new);
    Amount: Amount::ten_thousandths, Amount::from_ten_thousandths;
    Points: Points::ten_thousandths, Points::from_ten_thousandths;
    Quantity: Quantity::ten_thousandths, Quantity::from_ten_thousandths;
    Timestamp: Timestamp::micros, Timestamp::from_micros;
}

macro_rules! texts {
    ($($name:ident)*) => {$(
        impl Text for $name {
            fn to_text(&self) -> &str {
                self.as_str()
            }

            fn from_text(text: &str) -> Result<Self, InvalidValue> {
                Self::new(text).map_err(|error| invalid(text.escape_debug(), stringify!($name), error))
            }
        }
    )*};
}

texts! { ExternalId Handle Key ProfileId }

fn invalid(
    value: impl ToString,
    type_name: &'static str,
    source: impl StdError + Send + Sync + 'static,
) -> InvalidValue {
    InvalidValue { value: value.to_string(), type_name, source: Box::new(source) }
}
