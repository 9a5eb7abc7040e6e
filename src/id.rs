//! Identifiers: of profiles, lots, redemptions and everything else that a ledger records.
//!
//! An identifier is the number of the profile that it was made for (31 bits, drawn once per profile by the store)
//! and the sequence number of the journal entry that made it (22 bits). So it is small, is safe in JavaScript,
//! is the same on every run, and says where its record stands without an index across profiles.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use thiserror::Error;

const SEQUENCE_BITS: u32 = 22;
/// The most entries that one journal can number: a little over four million.
pub(crate) const MAX_SEQUENCE: u32 = (1 << SEQUENCE_BITS) - 1;
/// The longest profile id, in bytes.
const PROFILE_BYTES: usize = 64;

/// Why a text or number does not identify anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IdError {
    /// Empty.
    #[error("is empty")]
    Empty,
    /// Longer than allowed.
    #[error("is longer than {max} bytes")]
    TooLong {
        /// The most bytes allowed.
        max: usize,
    },
    /// Holds a character that is not allowed.
    #[error("holds a control character")]
    ControlCharacter,
    /// Holds a character that is not safe in a URL.
    #[error("holds a character other than letters, digits, `-`, `_`, `.` and `~`")]
    NotUrlSafe,
    /// Not a number that the ledger could have given out.
    #[error("is not an identifier of this ledger")]
    NotAnId,
}

impl IdError {
    /// A stable code for programs to act on.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong { .. } => "too_long",
            Self::ControlCharacter => "control_character",
            Self::NotUrlSafe => "not_url_safe",
            Self::NotAnId => "not_an_id",
        }
    }
}

/// A customer: the caller's own opaque text, 1 to 64 bytes without control characters.
///
/// Profiles are not created. Any id is a profile, with nothing in it until something is issued.
///
/// ```
/// use scrip::ProfileId;
///
/// let alice = ProfileId::new("alice")?;
/// assert_eq!(alice.as_str(), "alice");
/// # Ok::<(), scrip::id::IdError>(())
/// ```
// Padded with zeros, which no id contains: in the map of profiles this measured faster and smaller than a boxed
// string, and it copies without an allocation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProfileId([u8; PROFILE_BYTES]);

impl ProfileId {
    /// No profile: what an account is owned by that belongs to none.
    pub(crate) const BLANK: Self = Self([0; PROFILE_BYTES]);

    /// Reads an id.
    ///
    /// # Errors
    /// Empty, longer than 64 bytes, or with a control character.
    pub fn new(text: &str) -> Result<Self, IdError> {
        check_text(text, PROFILE_BYTES)?;
        let mut bytes = [0; PROFILE_BYTES];
        if let Some(front) = bytes.get_mut(..text.len()) {
            front.copy_from_slice(text.as_bytes());
        }
        Ok(Self(bytes))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        // The zeros are at the end, so the id ends in the first eight bytes of which the last is one.
        let (eights, _) = self.0.as_chunks::<8>();
        let full = eights.iter().take_while(|eight| eight[7] != 0).count();
        let rest = eights.get(full).map_or(0, |eight| eight.iter().take_while(|byte| **byte != 0).count());
        let length = full.wrapping_mul(8).wrapping_add(rest);
        self.0.get(..length).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.0.first() == Some(&0)
    }
}

impl std::hash::Hash for ProfileId {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        // Most ids are short, and the zeros after them say nothing.
        let (front, rest) = self.0.split_at(16);
        let is_short = rest.iter().fold(0, |any, byte| any | byte) == 0;
        state.write(if is_short { front } else { &self.0 });
    }
}

/// A profile's number in its store, below 2<sup>31</sup>; zero is the catalogue of definitions.
///
/// ```
/// use scrip::id::ProfileNumber;
///
/// assert_eq!(ProfileNumber::new(7)?.get(), 7);
/// assert!(ProfileNumber::new(1 << 31).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct ProfileNumber(u32);

impl ProfileNumber {
    /// The catalogue: the journal that holds the definitions, and belongs to no profile.
    pub const CATALOGUE: Self = Self(0);
    /// The highest number a store may draw.
    pub const MAX: Self = Self((1 << 31) - 1);

    /// From a plain number.
    ///
    /// # Errors
    /// Above [`Self::MAX`].
    pub const fn new(number: u32) -> Result<Self, IdError> {
        if number <= Self::MAX.0 { Ok(Self(number)) } else { Err(IdError::NotAnId) }
    }

    /// As a plain number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for ProfileNumber {
    type Error = IdError;

    fn try_from(number: u32) -> Result<Self, IdError> {
        Self::new(number)
    }
}

impl From<ProfileNumber> for u32 {
    fn from(number: ProfileNumber) -> Self {
        number.0
    }
}

/// What all identifiers have in common.
pub(crate) trait Identifier: Copy + PartialEq {
    fn new(id: u64) -> Result<Self, IdError>;
    fn made_by(number: ProfileNumber, sequence: u32) -> Self;
    fn get(self) -> u64;
    fn number(self) -> ProfileNumber;
    fn sequence(self) -> u32;
}

/// The number of the next entry. One past the last number there is it stays there, and no entry is kept with that.
pub(crate) const fn next_sequence(sequence: u32) -> u32 {
    if sequence <= MAX_SEQUENCE { sequence.wrapping_add(1) } else { sequence }
}

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// A number below 2<sup>53</sup>.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(NonZeroU64);

        impl $name {
            /// From the number that the ledger gave out.
            ///
            /// # Errors
            /// Not below 2<sup>53</sup>, or naming no journal entry.
            pub const fn new(id: u64) -> Result<Self, IdError> {
                match NonZeroU64::new(id) {
                    Some(whole) if id >> (31 + SEQUENCE_BITS) == 0 && id & (MAX_SEQUENCE as u64) != 0 => {
                        Ok(Self(whole))
                    }
                    _ => Err(IdError::NotAnId),
                }
            }

            /// The identifier of what a journal entry made.
            pub(crate) const fn made_by(number: ProfileNumber, sequence: u32) -> Self {
                let id = ((number.0 as u64) << SEQUENCE_BITS) | (sequence & MAX_SEQUENCE) as u64;
                // Journals count from one.
                match NonZeroU64::new(id) {
                    Some(id) => Self(id),
                    None => Self(NonZeroU64::MIN),
                }
            }

            /// As a plain number.
            pub const fn get(self) -> u64 {
                self.0.get()
            }

            /// The number of the profile that it was made for.
            // The high bits are 31, by construction.
            #[allow(clippy::cast_possible_truncation)]
            pub const fn number(self) -> ProfileNumber {
                ProfileNumber((self.get() >> SEQUENCE_BITS) as u32)
            }

            /// The sequence number of the journal entry that made it.
            // The low bits are 22, by the mask.
            #[allow(clippy::cast_possible_truncation)]
            pub const fn sequence(self) -> u32 {
                (self.get() & MAX_SEQUENCE as u64) as u32
            }
        }

        impl Identifier for $name {
            fn new(id: u64) -> Result<Self, IdError> {
                Self::new(id)
            }

            #[inline]
            fn made_by(number: ProfileNumber, sequence: u32) -> Self {
                Self::made_by(number, sequence)
            }

            #[inline]
            fn get(self) -> u64 {
                self.get()
            }

            #[inline]
            fn number(self) -> ProfileNumber {
                self.number()
            }

            #[inline]
            fn sequence(self) -> u32 {
                self.sequence()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({}:{})", stringify!($name), self.number().get(), self.sequence())
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.parse().map_err(|_| IdError::NotAnId).and_then(Self::new)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_u64(self.get())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(u64::deserialize(deserializer)?).map_err(de::Error::custom)
            }
        }
    )*};
}

identifiers! {
    /// A reward definition or point definition.
    DefinitionId;
    /// A lot of value: one reward, or one lot of points.
    LotId;
    /// A redemption.
    RedemptionId;
    /// A hold: value set aside.
    HoldId;
    /// A return, or a reversal: value given back.
    ReturnId;
    /// A transaction: a purchase at the till.
    TransactionId;
    /// A transfer of value from one profile to another.
    TransferId;
    /// A journal entry.
    EntryId;
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident, $max:literal, $check:path;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        // Shared, as it is looked up, written down and kept: copying the text each time took a tenth of a keyed redemption.
        pub struct $name(Arc<str>);

        impl $name {
            /// Reads it.
            ///
            /// # Errors
            /// Empty, too long, or with a character that is not allowed.
            pub fn new(text: &str) -> Result<Self, IdError> {
                $check(text, $max).map(|()| Self(text.into()))
            }

            /// As text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        text_like!($name);
    )*};
}

macro_rules! text_like {
    ($name:ident) => {
        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a string")
                    }

                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        $name::new(text).map_err(|error| {
                            let shown: String = text.chars().take(48).collect();
                            E::custom(format_args!("`{}` {error}", shown.escape_debug()))
                        })
                    }
                }

                deserializer.deserialize_str(Text)
            }
        }
    };
}

text_like!(ProfileId);

texts! {
    /// An idempotency key, scoped to its profile: 1 to 255 bytes without control characters (rule J5).
    Key, 255, check_text;
    /// The caller's own id of a reward or transaction, unique per profile: 1 to 255 bytes without control
    /// characters (rules D5 and X2).
    ExternalId, 255, check_text;
    /// A definition's name in URLs: 1 to 100 letters, digits, `-`, `_`, `.` and `~` (rule D1).
    Handle, 100, check_handle;
}

pub(crate) fn check_text(text: &str, max: usize) -> Result<(), IdError> {
    if text.is_empty() {
        Err(IdError::Empty)
    } else if text.len() > max {
        Err(IdError::TooLong { max })
    } else if is_plain(text) || !text.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(IdError::ControlCharacter)
    }
}

/// Whether all of it is printable ASCII. All bytes are looked at, as that is done many at a time.
fn is_plain(text: &str) -> bool {
    text.bytes().fold(true, |plain, byte| plain & (0x20..0x7f).contains(&byte))
}

fn check_handle(text: &str, max: usize) -> Result<(), IdError> {
    check_text(text, max)?;
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    // `.` and `..` are safe letter by letter, and yet a URL swallows them.
    let only_dots = text.bytes().all(|byte| byte == b'.');
    if text.bytes().all(safe) && !only_dots { Ok(()) } else { Err(IdError::NotUrlSafe) }
}
