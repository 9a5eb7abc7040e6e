//! Quantities in JSON and elsewhere: strings out; strings or numbers in, digit by digit.
//!
//! `serde_json` hands a number with a fraction to a visitor as `f64`, which rule Q2 forbids. So the quantity asks
//! for the number's text instead, the way that [`RawValue`] does. Where that text is no longer to be had (below a
//! tagged or flattened enum, or in another format) strings and whole numbers still arrive, and a float is refused.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Visitor, value::MapAccessDeserializer};
use serde_json::value::RawValue;

use crate::value::AmountError;

macro_rules! serde_as_exact_number {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serializer.serialize_i64(self.0)
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    $crate::value::wire::read_exact(deserializer)
                } else {
                    let raw = <i64 as serde::Deserialize>::deserialize(deserializer)?;
                    Self::from_ten_thousandths(raw).map_err(serde::de::Error::custom)
                }
            }
        }
    };
}
pub(super) use serde_as_exact_number;

/// Reads a quantity from a human-readable format without a float ever holding it.
pub(super) fn read_exact<'de, D, Q>(deserializer: D) -> Result<Q, D::Error>
where
    D: Deserializer<'de>,
    Q: FromStr<Err = AmountError>,
{
    deserializer.deserialize_newtype_struct(raw_value_name(), ExactNumber(PhantomData))
}

/// The name by which `serde_json` knows that a number's text is wanted, learned from [`RawValue`] itself.
fn raw_value_name() -> &'static str {
    struct Listener<'a>(&'a mut &'static str);

    impl<'de> Deserializer<'de> for Listener<'_> {
        type Error = de::value::Error;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(de::Error::custom("only the name is wanted"))
        }

        fn deserialize_newtype_struct<V: Visitor<'de>>(
            self,
            name: &'static str,
            _: V,
        ) -> Result<V::Value, Self::Error> {
            *self.0 = name;
            Err(de::Error::custom("only the name is wanted"))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
            unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
        }
    }

    static NAME: std::sync::OnceLock<&'static str> = std::sync::OnceLock::new();
    NAME.get_or_init(|| {
        let mut name = "";
        let _ = Box::<RawValue>::deserialize(Listener(&mut name));
        name
    })
}

struct ExactNumber<Q>(PhantomData<Q>);

impl<Q: FromStr<Err = AmountError>> ExactNumber<Q> {
    fn parse<E: de::Error>(text: &str) -> Result<Q, E> {
        text.parse().map_err(|error| {
            let shown: String = text.chars().take(48).collect();
            E::custom(format_args!("`{shown}` {error}"))
        })
    }
}

impl<'de, Q: FromStr<Err = AmountError>> Visitor<'de> for ExactNumber<Q> {
    type Value = Q;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number, or a string holding one")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Q, E> {
        Self::parse(text)
    }

    fn visit_u64<E: de::Error>(self, whole: u64) -> Result<Q, E> {
        Self::parse(&whole.to_string())
    }

    fn visit_i64<E: de::Error>(self, whole: i64) -> Result<Q, E> {
        Self::parse(&whole.to_string())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Q, E> {
        Err(E::custom(format_args!("{value} {}", AmountError::BinaryFloat)))
    }

    /// How `serde_json` hands over the text of a value.
    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Q, A::Error> {
        let raw = Box::<RawValue>::deserialize(MapAccessDeserializer::new(map))?;
        let text = raw.get();
        if text.starts_with('"') {
            // Only plain digits are a number, so that no escape in the string could matter.
            Self::parse(text.trim_matches('"'))
        } else {
            Self::parse(text)
        }
    }

    /// How every other format answers.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Q, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// For a field where the absent differs from the present: `null` reaches the type's own reading.
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}
