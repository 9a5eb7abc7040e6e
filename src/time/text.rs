//! Times and zones as texts in a document.

use std::fmt;

use serde::de::{self, Deserializer, Visitor};

use super::TimeError;

/// Reads a string and names what was wrong with it.
pub(super) fn read_text<'de, D, T>(
    deserializer: D,
    expected: &'static str,
    parse: impl FnOnce(&str) -> Result<T, TimeError>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    struct Text<F>(&'static str, F);

    impl<T, F: FnOnce(&str) -> Result<T, TimeError>> Visitor<'_> for Text<F> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            (self.1)(text).map_err(|error| {
                let shown: String = text.chars().take(48).collect();
                E::custom(format_args!("`{shown}` {error}"))
            })
        }
    }

    deserializer.deserialize_str(Text(expected, parse))
}
