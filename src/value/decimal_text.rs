//! Amounts and points that are texts in a format which takes a number for a float: CSV, for one.
//!
//! The `csv` crate looks at a field to guess its type, and `25.00` becomes a float before an [`Amount`] sees it, which is
//! refused (rule Q2). `#[serde(with = "scrip::value::decimal_text")]` on the field asks for the text instead, digit by digit. It is
//! for [`Amount`], [`Points`], [`Quantity`], [`Delta`] and [`Decimal`], and for an `Option` of them, which is `None` where
//! the field is empty.
//!
//! ```
//! use scrip::{Amount, ProfileId};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Row {
//!     customer: ProfileId,
//!     #[serde(with = "scrip::value::decimal_text")]
//!     value: Amount,
//!     #[serde(with = "scrip::value::decimal_text")]
//!     minimum: Option<Amount>,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let file = "customer,value,minimum\nalice,25.00,\nbob,0.10,5\n";
//! let rows: Vec<Row> = csv::Reader::from_reader(file.as_bytes()).deserialize().collect::<Result<_, _>>()?;
//! assert_eq!((rows[0].customer, rows[0].value), (ProfileId::new("alice")?, Amount::from(25)));
//! assert_eq!((rows[1].value, rows[1].minimum), ("0.1".parse()?, Some(Amount::from(5))));
//! # assert_eq!(rows[0].minimum, None);
//! # Ok(())
//! # }
//! ```
//!
//! The guide has a [recipe](crate::guide::recipes) that reads rewards from a file.

use std::fmt;

use rust_decimal::Decimal;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serializer};

use super::{Amount, Delta, Points, Quantity};

/// Writes the digits as a text.
///
/// # Errors
/// The format failed.
pub fn serialize<T: DecimalText, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.write(serializer)
}

/// Reads a text of digits, exactly.
///
/// # Errors
/// Not a text, or not a valid number of this type.
pub fn deserialize<'de, T: DecimalText, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::read(deserializer)
}

/// What can be written as a text of digits. Sealed.
pub trait DecimalText: sealed::Sealed {}

mod sealed {
    use serde::{Deserializer, Serializer};

    pub trait Sealed: Sized {
        fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
        fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
    }
}

macro_rules! texts {
    ($($name:ty: $parse:expr;)*) => {$(
        impl DecimalText for $name {}

        impl sealed::Sealed for $name {
            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }

            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Text($parse))
            }
        }
    )*};
}

texts! {
    Amount: str::parse::<Amount>;
    Points: str::parse::<Points>;
    Quantity: str::parse::<Quantity>;
    Delta: str::parse::<Delta>;
    Decimal: Decimal::from_str_exact;
}

impl<T: DecimalText> DecimalText for Option<T> {}

impl<T: DecimalText> sealed::Sealed for Option<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => serializer.serialize_some(&Present(value)),
            None => serializer.serialize_none(),
        }
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<Present<T>>::deserialize(deserializer)?.map(|Present(value)| value))
    }
}

/// A value in an option.
struct Present<T>(T);

impl<T: DecimalText> serde::Serialize for Present<&T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

impl<'de, T: DecimalText> Deserialize<'de> for Present<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Self)
    }
}

struct Text<P>(P);

impl<T, E: fmt::Display, P: FnOnce(&str) -> Result<T, E>> Visitor<'_> for Text<P> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string holding a decimal number")
    }

    fn visit_str<F: de::Error>(self, text: &str) -> Result<T, F> {
        (self.0)(text).map_err(|error| {
            let shown: String = text.chars().take(48).collect();
            F::custom(format_args!("`{shown}` {error}"))
        })
    }
}
