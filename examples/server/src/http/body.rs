//! Bodies: JSON objects whose numbers stay as they were written until the crate reads them.

use std::collections::BTreeMap;

use scrip::time::{Until, When};
use scrip::{Zone, json};
use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserializer, Serialize};
use serde_json::value::RawValue;

use super::code::Code;
use super::json::repeated_key;
use super::problem::Problem;

/// The longest `meta`, in bytes.
const MOST_META: usize = 16 << 10;

/// The fields of an object, each word for word.
pub type Fields = BTreeMap<String, Box<RawValue>>;

/// A body that is an object.
#[derive(Clone, Debug, Default)]
pub struct Body(pub Fields);

impl Body {
    /// Reads a body. None at all is as good as `{}`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        Self::of(document(bytes)?)
    }

    /// The fields of a document that is an object.
    pub fn of(document: &RawValue) -> Result<Self, Problem> {
        if document.get().trim_start().starts_with('{') {
            json::read(document.get().as_bytes()).map(Self).map_err(Problem::from)
        } else {
            Err(not_an_object())
        }
    }

    /// The fields that a value of the crate is written with.
    pub fn from_value(value: &impl Serialize) -> Self {
        let text = serde_json::to_vec(value).unwrap_or_default();
        Self(serde_json::from_slice(&text).unwrap_or_default())
    }

    /// These fields, with those of another body over them. What is `null` is not said, in either.
    pub fn overlaid(mut self, mut other: Self) -> Self {
        other.drop_nulls();
        self.0.extend(other.0);
        self.drop_nulls();
        self
    }

    pub fn drop_nulls(&mut self) {
        self.0.retain(|_, value| value.get() != "null");
    }

    /// Whether a field says something other than `null`.
    pub fn has(&self, field: &str) -> bool {
        self.0.get(field).is_some_and(|value| value.get() != "null")
    }

    /// What a caller attaches is bounded.
    pub fn check_meta(&self) -> Result<(), Problem> {
        let length = self.0.get("meta").map_or(0, |meta| meta.get().len());
        if length > MOST_META {
            return Err(Problem::invalid("meta", format!("holds at most {MOST_META} bytes, not {length}")));
        }
        Ok(())
    }

    pub fn require(&self, fields: &[&str]) -> Result<(), Problem> {
        match fields.iter().find(|field| !self.has(field)) {
            Some(field) => Err(Problem::missing(field)),
            None => Ok(()),
        }
    }

    /// Reads one field; `null` is as good as leaving it out.
    pub fn get<T: DeserializeOwned>(&self, field: &str) -> Result<Option<T>, Problem> {
        if !self.has(field) {
            return Ok(None);
        }
        let value = self.0.get(field).map(|value| json::read(value.get().as_bytes()));
        value.transpose().map_err(|error| Problem::invalid(field, error.message))
    }

    pub fn set(&mut self, field: &str, value: &impl Serialize) {
        if let Ok(value) = serde_json::value::to_raw_value(value) {
            self.0.insert(field.to_owned(), value);
        }
    }

    pub fn set_default(&mut self, field: &str, value: &impl Serialize) {
        if !self.has(field) {
            self.set(field, value);
        }
    }

    pub fn remove(&mut self, field: &str) -> Option<Box<RawValue>> {
        self.0.remove(field)
    }

    /// Takes the field out if it repeats what the server said before: then it changes nothing.
    pub fn drop_unchanged(&mut self, field: &str, said: &impl Serialize) {
        let said = serde_json::to_string(said).unwrap_or_default();
        if self.0.get(field).is_some_and(|value| value.get() == said) {
            self.0.remove(field);
        }
    }

    /// Refuses to change a field that stays what it is; repeating it changes nothing.
    pub fn keeps(&mut self, field: &str, said: &impl Serialize) -> Result<(), Problem> {
        self.drop_unchanged(field, said);
        if self.has(field) { Err(Problem::invalid(field, "stays what it is")) } else { Ok(()) }
    }

    /// The zone that local times in this body are in: what it says itself, or UTC. In the server's own answer, which bears its
    /// version, they are UTC.
    pub fn zone(&self) -> Result<Zone, Problem> {
        if self.has("version") {
            return Ok(Zone::UTC);
        }
        Ok(self.get("timezone")?.unwrap_or(Zone::UTC))
    }

    /// Makes local times in these fields instants. Days stay days: they end where the lot is.
    pub fn resolve(&mut self, starts: &[&str], ends: &[&str]) -> Result<(), Problem> {
        let zone = self.zone()?;
        for field in starts {
            if let Some(when) = self.get::<When>(field)? {
                let at = when.resolve(zone).map_err(|error| Problem::invalid(field, error.to_string()))?;
                self.set(field, &When::Instant(at));
            }
        }
        for field in ends {
            if let Some(until @ Until::Local(_)) = self.get::<Until>(field)? {
                let end = until.resolve(zone).map_err(|error| Problem::invalid(field, error.to_string()))?;
                self.set(field, &Until::from(end));
            }
        }
        Ok(())
    }

    /// The request that the fields make. Those that it does not have were checked before: the server answers for them itself.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let names = field_names::<T>();
        let fields: BTreeMap<_, _> =
            self.0.iter().filter(|(name, _)| names.contains(&name.as_str())).collect();
        let text = serde_json::to_vec(&fields).unwrap_or_default();
        json::read(&text).map_err(Problem::from)
    }
}

/// The names of the fields that a structure is read from.
fn field_names<T: DeserializeOwned>() -> &'static [&'static str] {
    struct Listener<'a>(&'a mut &'static [&'static str]);

    impl<'de> Deserializer<'de> for Listener<'_> {
        type Error = serde::de::value::Error;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
            Err(serde::de::Error::custom("only the names are wanted"))
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Self::Error> {
            *self.0 = fields;
            Err(serde::de::Error::custom("only the names are wanted"))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
            unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    let mut names: &'static [&'static str] = &[];
    let _ = T::deserialize(Listener(&mut names));
    names
}

/// A text that is JSON, whatever it says; but no object in it has a key twice, of which one would be lost.
pub fn document(bytes: &[u8]) -> Result<&RawValue, Problem> {
    let text: &RawValue = serde_json::from_slice(bytes)
        .map_err(|error| Problem::new(Code::NotJson, format!("not JSON: {error}")))?;
    match repeated_key(text.get()) {
        Some(key) => Err(Problem::field(Code::RepeatedKey, &key, "comes twice in one object")),
        None => Ok(text),
    }
}

fn not_an_object() -> Problem {
    Problem::new(Code::InvalidBody, "the body must be a JSON object")
}
