//! The ledger's one currency.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::value::Scale;

/// Why a text is not a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CurrencyError {
    /// Not a code of ISO 4217.
    #[error("is not an ISO 4217 code, such as `AUD` (rule Q1)")]
    Unknown,
    /// A code with no minor unit of its own, such as gold or the code for testing.
    #[error("has no minor unit, so nobody can be paid in it (rule Q1)")]
    NoMinorUnit,
}

/// A currency of ISO 4217, with the number of decimals that it is paid in: AUD 2, JPY 0, KWD 3 (rule Q1).
///
/// ```
/// use scrip::program::Currency;
///
/// let yen: Currency = "JPY".parse()?;
/// assert_eq!((yen.code(), yen.minor_unit()), ("JPY", 0));
/// # Ok::<(), scrip::program::CurrencyError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency {
    code: &'static str,
    minor_unit: u8,
}

impl Currency {
    /// Its three-letter code.
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// How many decimals its amounts have.
    pub const fn minor_unit(self) -> u8 {
        self.minor_unit
    }

    pub(crate) const fn scale(self) -> Scale {
        match Scale::new(self.minor_unit) {
            Some(scale) => scale,
            // ISO 4217 has none above four, and `from_str` lets none in.
            None => Scale::FINEST,
        }
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(code: &str) -> Result<Self, CurrencyError> {
        let known = iso_currency::Currency::from_code(code).ok_or(CurrencyError::Unknown)?;
        let minor_unit = known
            .exponent()
            .and_then(|decimals| u8::try_from(decimals).ok())
            .filter(|decimals| *decimals <= 4)
            .ok_or(CurrencyError::NoMinorUnit)?;
        Ok(Self { code: known.code(), minor_unit })
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code)
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        code.parse().map_err(|error| serde::de::Error::custom(format_args!("`{code}` {error}")))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}
