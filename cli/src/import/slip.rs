//! The errors of a row.

use std::borrow::Cow;

/// An error in one cell, or in the whole row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    /// The column, where it is one's.
    pub column: Option<String>,
    /// A stable code: the ledger's, where it refused the row.
    pub code: &'static str,
    /// For people.
    pub message: Cow<'static, str>,
}

impl Slip {
    pub fn new(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { column: None, code, message: message.into() }
    }

    /// The same, of a column.
    #[must_use]
    pub fn at(self, column: &str) -> Self {
        Self { column: Some(column.to_owned()), ..self }
    }
}
