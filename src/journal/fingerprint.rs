//! The fingerprint of a request, in 128 bits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The fingerprint of a request, in 128 bits: equal for equal content, on every machine and in every version.
///
/// It distinguishes a retry from a mistake (rules J5, D5 and X2). The instant and the key are not part of it, nor is
/// the order of keys in an attached document. It does not resist deliberate collisions: all that an attacker would
/// gain is the outcome of their own earlier request.
///
/// ```
/// use scrip::journal::Fingerprint;
///
/// let said: Fingerprint = "0123456789abcdef0123456789abcdef".parse()?;
/// assert_eq!(said.to_string(), "0123456789abcdef0123456789abcdef");
/// assert_eq!("0123".parse::<Fingerprint>().unwrap_err().code(), "not_a_fingerprint");
/// # Ok::<(), scrip::journal::FingerprintError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(u128);

/// The error of a text that is not a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is not a fingerprint: expected 32 hexadecimal digits")]
#[non_exhaustive]
pub struct FingerprintError;

impl FingerprintError {
    /// A stable code for programs.
    pub const fn code(self) -> &'static str {
        "not_a_fingerprint"
    }
}

impl Fingerprint {
    pub(crate) const fn to_le_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    pub(crate) const fn from_le_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_le_bytes(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        // The parser would accept a sign as well.
        let is_all_digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let read = is_all_digits.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        read.map(Self).ok_or(FingerprintError)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
