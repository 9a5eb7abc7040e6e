//! The content of a request, hashed: fed to the hash field by field by a serializer, with no text in between.
//!
//! What counts is what the request says once it is read, so `10`, `"10.00"` and a body with its fields in another order
//! are the same content. Fields and variants go by their names, whole numbers have one form whatever their width, and a
//! field that is left out while it is empty adds nothing: so fields can be added, and fingerprints stay what they were.

use std::fmt::{self, Display};
use std::hash::Hasher as _;

use serde::ser::{self, Serialize};
use siphasher::sip128::{Hasher128 as _, SipHasher13};

use crate::journal::Fingerprint;
use crate::json::{DOCUMENT, canonical};

/// The fingerprint of a request's name and body.
#[inline]
pub(crate) fn fingerprint(name: &str, body: &impl Serialize) -> Fingerprint {
    let mut content = Content { hasher: SipHasher13::new(), room: [0; ROOM], used: 0, is_document: false };
    content.text(Tag::Name, name);
    // Nothing in a request refuses to be serialized.
    let _ = body.serialize(&mut content);
    content.hash_room();
    Fingerprint::from_le_bytes(content.hasher.finish128().as_u128().to_le_bytes())
}

/// The content of a batch: that of its rows, in order, and the texts of those that could not be read, each at its place.
pub(crate) fn batch(rows: &[Fingerprint], unread: &[(u32, String)]) -> Fingerprint {
    fingerprint("batch", &(rows, unread))
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

/// More than most requests have.
const ROOM: usize = 256;

/// What is hashed. Short values gather in an array, and are hashed together: that halves the instructions.
struct Content {
    hasher: SipHasher13,
    room: [u8; ROOM],
    used: usize,
    /// Whether the next text is a JSON document.
    is_document: bool,
}

impl Content {
    /// Hashes what has gathered.
    fn hash_room(&mut self) {
        let used = std::mem::take(&mut self.used);
        self.hasher.write(self.room.get(..used).unwrap_or_default());
    }

    /// The first few of eight bytes.
    #[inline]
    fn short(&mut self, eight: [u8; 8], count: usize) {
        if self.room.len().wrapping_sub(self.used) < 8 {
            self.hash_room();
        }
        if let Some(room) = self.room.get_mut(self.used..).and_then(|rest| rest.first_chunk_mut()) {
            *room = eight;
        }
        self.used = self.used.wrapping_add(count);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if self.room.len().wrapping_sub(self.used) < bytes.len() {
            self.hash_room();
        }
        match self.room.get_mut(self.used..).and_then(|rest| rest.get_mut(..bytes.len())) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.used = self.used.wrapping_add(bytes.len());
            }
            None => self.hasher.write(bytes),
        }
    }

    #[inline]
    fn tag(&mut self, tag: Tag) {
        self.short([tag as u8; 8], 1);
    }

    #[inline]
    fn text(&mut self, tag: Tag, text: &str) {
        self.short(((text.len() as u64) << 8 | tag as u64).to_le_bytes(), 5);
        self.bytes(text.as_bytes());
    }

    #[inline]
    fn whole(&mut self, value: i64) {
        self.tag(Tag::Whole);
        self.short(value.to_le_bytes(), 8);
    }

    fn large(&mut self, bytes: [u8; 16]) {
        self.tag(Tag::Large);
        self.bytes(&bytes);
    }
}

/// The error type that serde requires; it never occurs.
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

impl ser::Serializer for &mut Content {
    type Ok = ();
    type Error = Never;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
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
        self.short(value.to_le_bytes(), 8);
        Ok(())
    }

    fn serialize_bool(self, value: bool) -> Done {
        self.tag(if value { Tag::True } else { Tag::False });
        Ok(())
    }

    fn serialize_char(self, value: char) -> Done {
        self.text(Tag::Text, value.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Done {
        if std::mem::take(&mut self.is_document) {
            // Whatever the order of its keys and the blanks between them.
            self.text(Tag::Document, &canonical(value));
        } else {
            self.text(Tag::Text, value);
        }
        Ok(())
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Done {
        self.text(Tag::Text, &value.to_string());
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Done {
        self.tag(Tag::Bytes);
        self.short((value.len() as u64).to_le_bytes(), 8);
        self.bytes(value);
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
        self.is_document = name == DOCUMENT;
        value.serialize(self)
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

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Never> {
        self.tag(Tag::Map);
        Ok(self)
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

/// A map in the order of its keys, as an ordered one gives it; a request has no others.
impl ser::SerializeMap for &mut Content {
    type Ok = ();
    type Error = Never;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Done {
        key.serialize(&mut **self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        value.serialize(&mut **self)
    }

    fn end(self) -> Done {
        self.tag(Tag::End);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
