//! The content of a request, hashed: fed to the hash field by field by a serializer, with no text in between.
//!
//! What counts is what the request says once it is read, so `10`, `"10.00"` and a body with its fields in another order
//! are the same content. Fields and variants go by their names, whole numbers have one form whatever their width, and a
//! field that is left out while it is empty adds nothing: so fields can be added, and fingerprints stay what they were.

use std::fmt::{self, Display, Write as _};
use std::hash::Hasher as _;

use serde::ser::{self, Serialize};
use siphasher::sip128::{Hasher128 as _, SipHasher13};
use smallvec::SmallVec;

use crate::journal::Fingerprint;
use crate::value::json;

/// The fingerprint of a request's name and body.
#[inline]
pub(crate) fn fingerprint(name: &str, body: &impl Serialize) -> Fingerprint {
    let mut content = Content::default();
    content.text(Tag::Name, name);
    // Nothing in a request refuses to be serialized.
    let _ = body.serialize(&mut content);
    let mut hasher = SipHasher13::new();
    hasher.write(&content.bytes);
    Fingerprint::from_le_bytes(hasher.finish128().as_u128().to_le_bytes())
}

/// What comes before each value, so that no two contents have the same bytes.
#[derive(Clone, Copy)]
enum Tag {
    Name,
    Nothing,
    False,
    True,
    Whole,
    Large,
    Float,
    Text,
    Bytes,
    Document,
    Variant,
    List,
    Map,
    Fields,
    Field,
    End,
}

/// Most requests have less than this.
type Bytes = SmallVec<[u8; 256]>;

/// What stands before a text: its tag and its length.
const TEXT: usize = 5;

/// The bytes that are hashed.
#[derive(Default)]
struct Content {
    bytes: Bytes,
}

impl Content {
    #[inline]
    fn tag(&mut self, tag: Tag) {
        self.bytes.push(tag as u8);
    }

    #[inline]
    fn text(&mut self, tag: Tag, text: &str) {
        let [a, b, c, d, ..] = (text.len() as u64).to_le_bytes();
        self.bytes.extend_from_slice(&[tag as u8, a, b, c, d]);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    #[inline]
    fn whole(&mut self, value: i64) {
        self.tag(Tag::Whole);
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    fn large(&mut self, bytes: [u8; 16]) {
        self.tag(Tag::Large);
        self.bytes.extend_from_slice(&bytes);
    }

    fn displayed(&mut self, value: &(impl Display + ?Sized)) {
        self.tag(Tag::Text);
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        // Writing to memory does not fail.
        let _ = write!(Text(self), "{value}");
        let length = self.bytes.len().saturating_sub(start).saturating_sub(4) as u64;
        if let Some(space) = self.bytes.get_mut(start..).and_then(|rest| rest.get_mut(..4)) {
            space.copy_from_slice(&length.to_le_bytes()[..4]);
        }
    }
}

struct Text<'a>(&'a mut Content);

impl fmt::Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.bytes.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// An error of serializing, of which there is none.
#[derive(Debug)]
struct Never(String);

impl Display for Never {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Never {}

impl ser::Error for Never {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

type Done = Result<(), Never>;

macro_rules! whole_numbers {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Done {
            self.whole(value.into());
            Ok(())
        })*
    };
}

impl<'a> ser::Serializer for &'a mut Content {
    type Ok = ();
    type Error = Never;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Entries<'a>;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    /// So that amounts come as whole numbers.
    fn is_human_readable(&self) -> bool {
        false
    }

    whole_numbers! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32
    }

    fn serialize_u64(self, value: u64) -> Done {
        match i64::try_from(value) {
            Ok(value) => self.whole(value),
            Err(_) => self.large(u128::from(value).to_le_bytes()),
        }
        Ok(())
    }

    fn serialize_i128(self, value: i128) -> Done {
        self.large(value.to_le_bytes());
        Ok(())
    }

    fn serialize_u128(self, value: u128) -> Done {
        self.large(value.to_le_bytes());
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Done {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Done {
        self.tag(Tag::Float);
        self.bytes.extend_from_slice(&value.to_le_bytes());
        Ok(())
    }

    fn serialize_bool(self, value: bool) -> Done {
        self.tag(if value { Tag::True } else { Tag::False });
        Ok(())
    }

    fn serialize_char(self, value: char) -> Done {
        self.displayed(&value);
        Ok(())
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Done {
        self.text(Tag::Text, value);
        Ok(())
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Done {
        self.displayed(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Done {
        self.tag(Tag::Bytes);
        self.bytes.extend_from_slice(&(value.len() as u64).to_le_bytes());
        self.bytes.extend_from_slice(value);
        Ok(())
    }

    fn serialize_none(self) -> Done {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Done {
        self.tag(Tag::Nothing);
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Done {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Done {
        self.text(Tag::Variant, variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Done {
        if name != json::DOCUMENT {
            return value.serialize(self);
        }
        let start = self.bytes.len();
        value.serialize(&mut *self)?;
        // Whatever the order of its keys and the blanks between them.
        let text = self.bytes.get(start.saturating_add(TEXT)..).unwrap_or_default();
        let document = json::canonical(std::str::from_utf8(text).unwrap_or_default());
        self.bytes.truncate(start);
        self.text(Tag::Document, &document);
        Ok(())
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Done {
        self.text(Tag::Variant, variant);
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Never> {
        self.tag(Tag::List);
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Never> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Never> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self, Never> {
        self.text(Tag::Variant, variant);
        self.serialize_seq(None)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries<'a>, Never> {
        self.tag(Tag::Map);
        Ok(Entries { content: self, entries: Vec::new() })
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Never> {
        self.tag(Tag::Fields);
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Self, Never> {
        self.text(Tag::Variant, variant);
        self.serialize_struct(name, length)
    }
}

macro_rules! elements {
    ($($trait:ident: $method:ident),*) => {
        $(impl ser::$trait for &mut Content {
            type Ok = ();
            type Error = Never;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
                value.serialize(&mut **self)
            }

            fn end(self) -> Done {
                self.tag(Tag::End);
                Ok(())
            }
        })*
    };
}
elements! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field
}

macro_rules! fields {
    ($($trait:ident),*) => {
        $(impl ser::$trait for &mut Content {
            type Ok = ();
            type Error = Never;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Done {
                self.text(Tag::Field, name);
                value.serialize(&mut **self)
            }

            #[inline]
            fn end(self) -> Done {
                self.tag(Tag::End);
                Ok(())
            }
        })*
    };
}
fields!(SerializeStruct, SerializeStructVariant);

/// The entries of a map, in the order of their keys once all are there.
struct Entries<'a> {
    content: &'a mut Content,
    entries: Vec<(Bytes, Bytes)>,
}

fn bytes_of<T: Serialize + ?Sized>(value: &T) -> Result<Bytes, Never> {
    let mut content = Content::default();
    value.serialize(&mut content)?;
    Ok(content.bytes)
}

impl ser::SerializeMap for Entries<'_> {
    type Ok = ();
    type Error = Never;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Done {
        self.entries.push((bytes_of(key)?, SmallVec::new()));
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        if let Some((_, bytes)) = self.entries.last_mut() {
            *bytes = bytes_of(value)?;
        }
        Ok(())
    }

    fn end(mut self) -> Done {
        self.entries.sort_unstable();
        for (key, value) in &self.entries {
            self.content.bytes.extend_from_slice(key);
            self.content.bytes.extend_from_slice(value);
        }
        self.content.tag(Tag::End);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
