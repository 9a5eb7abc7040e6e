//! JSON: reading requests, with errors that name the field, and documents that are kept as sent.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use smallvec::SmallVec;
use thiserror::Error;

/// The name by which a serializer that is not for people knows a document.
pub(crate) const DOCUMENT: &str = "scrip::Json";
/// How deep a document may nest.
const MAX_DEPTH: usize = 64;
/// How many letters a field's name may be off to be taken for another.
const MOST_SLIPS: usize = 2;
/// The longest document, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// Why a text is not the JSON that was expected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{message}", if path == "." { String::new() } else { format!("{path}: ") })]
#[non_exhaustive]
pub struct JsonError {
    /// The field, such as `items[2].amount`; `.` for the whole text.
    pub path: String,
    /// What was wrong with it.
    pub message: String,
}

/// Reads a value from JSON text: a request, a program, an entry.
///
/// Numbers arrive exactly (rule Q2), and an error names the field it was found in.
///
/// ```
/// use scrip::{Redeem, json};
///
/// let redeem: Redeem = json::read(br#"{"strategies": ["rewards"], "amount": 10.50}"#)?;
/// assert_eq!(redeem.amount, "10.5".parse().unwrap());
///
/// let wrong = json::read::<Redeem>(br#"{"amount": "ten"}"#).unwrap_err();
/// assert_eq!(wrong.path, "amount");
///
/// // A field that is not known is refused, as a slip would otherwise say nothing.
/// let slip = json::read::<Redeem>(br#"{"amuont": 10}"#).unwrap_err();
/// assert!(slip.message.starts_with("unknown field `amuont` (did you mean `amount`?)"));
/// # Ok::<(), scrip::json::JsonError>(())
/// ```
///
/// # Errors
/// Not JSON, not this type, or something after it.
pub fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, JsonError> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| JsonError {
        path: error.path().to_string(),
        message: explained(error.inner().to_string()),
    })?;
    let end = reader.end();
    end.map_err(|error| JsonError { path: ".".to_owned(), message: error.to_string() })?;
    Ok(value)
}

/// The message, with the name that was probably meant where a field is not known.
fn explained(message: String) -> String {
    let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
    let Some((name, known)) = unknown else { return message };
    // The names that are known stand between backticks.
    let known = known.split('`').skip(1).step_by(2);
    let nearest = known.map(|known| (strsim::osa_distance(name, known), known)).min();
    match nearest {
        Some((distance, meant)) if distance <= MOST_SLIPS => {
            message.replacen(&format!("`{name}`"), &format!("`{name}` (did you mean `{meant}`?)"), 1)
        }
        _ => message,
    }
}

/// Any JSON document, kept word for word: what a caller attaches and wants back as sent.
///
/// At most 1 MiB, nested at most 64 deep. Two documents are equal when their content is, whatever the order of
/// their keys and the blanks between them.
///
/// ```
/// use scrip::json::Json;
///
/// let note = Json::new(r#"{"till": 7,  "clerk": "Ada"}"#)?;
/// assert_eq!(note.as_str(), r#"{"till": 7,  "clerk": "Ada"}"#);
/// assert_eq!(note, Json::new(r#"{"clerk":"Ada","till":7}"#)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Json(Box<RawValue>);

impl Json {
    /// Reads a document.
    ///
    /// # Errors
    /// Not JSON, too long, or nested too deep.
    pub fn new(text: &str) -> Result<Self, JsonError> {
        RawValue::from_string(text.to_owned())
            .map_err(|error| error.to_string())
            .and_then(Self::checked)
            .map_err(|message| JsonError { path: ".".to_owned(), message })
    }

    /// The document, as it was sent.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    fn checked(raw: Box<RawValue>) -> Result<Self, String> {
        if raw.get().len() > MAX_BYTES {
            return Err(format!("a document holds at most {MAX_BYTES} bytes"));
        }
        if is_too_deep(raw.get()) {
            return Err(format!("a document nests at most {MAX_DEPTH} deep"));
        }
        Ok(Self(raw))
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str() || canonical(self.as_str()) == canonical(other.as_str())
    }
}

impl Eq for Json {}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            self.0.serialize(serializer)
        } else {
            serializer.serialize_newtype_struct(DOCUMENT, self.as_str())
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Self::checked(Box::<RawValue>::deserialize(deserializer)?).map_err(D::Error::custom)
        } else {
            Self::new(&String::deserialize(deserializer)?).map_err(D::Error::custom)
        }
    }
}

fn is_too_deep(text: &str) -> bool {
    let (mut open, mut in_string, mut escaped) = (SmallVec::<[u8; MAX_DEPTH]>::new(), false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => open.push(byte),
            b'}' | b']' if !in_string => drop(open.pop()),
            _ => {}
        }
        if open.len() > MAX_DEPTH {
            return true;
        }
    }
    false
}

/// The document with its keys sorted and its blanks gone. Numbers stay as written: `1.0` is not `1` here, as
/// nobody said that it is a quantity.
pub(crate) fn canonical(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    write_canonical(text, &mut out);
    out
}

// Depth was bounded when the document came in, and so bounds the recursion.
fn write_canonical(text: &str, out: &mut String) {
    let text = text.trim();
    if let Ok(fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text) {
        let inner = fields.iter().map(|(key, value)| (Some(key.as_str()), *value));
        write_sequence(['{', '}'], inner, out);
    } else if let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(text) {
        write_sequence(['[', ']'], elements.into_iter().map(|value| (None, value)), out);
    } else if let Ok(string) = serde_json::from_str::<String>(text) {
        write_string(&string, out);
    } else {
        out.push_str(text);
    }
}

fn write_sequence<'a>(
    [open, close]: [char; 2],
    elements: impl Iterator<Item = (Option<&'a str>, &'a RawValue)>,
    out: &mut String,
) {
    out.push(open);
    for (index, (key, value)) in elements.enumerate() {
        if index > 0 {
            out.push(',');
        }
        if let Some(key) = key {
            write_string(key, out);
            out.push(':');
        }
        write_canonical(value.get(), out);
    }
    out.push(close);
}

fn write_string(text: &str, out: &mut String) {
    // A string always has a JSON form.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_equal_when_their_content_is() {
        let one = Json::new(r#"{ "b": [1, 2.50, {"x": "\u0041"}], "a": null }"#).unwrap();
        let same = Json::new(r#"{"a":null,"b":[1,2.50,{"x":"A"}]}"#).unwrap();
        let other = Json::new(r#"{"a":null,"b":[2.50,1,{"x":"A"}]}"#).unwrap();
        assert_eq!(one, same);
        assert_ne!(one, other);
        assert_eq!(one.as_str(), r#"{ "b": [1, 2.50, {"x": "\u0041"}], "a": null }"#);
    }

    #[test]
    fn documents_are_bounded() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(Json::new(&deep(64)).is_ok());
        assert!(Json::new(&deep(65)).is_err());
        assert!(Json::new(&format!("\"{}\"", "[".repeat(100))).is_ok(), "brackets in a string do not nest");
        assert!(Json::new(&format!("\"{}\"", "x".repeat(MAX_BYTES))).is_err());
        assert!(Json::new("{\"a\":}").is_err());
    }
}
