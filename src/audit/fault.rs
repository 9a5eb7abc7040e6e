//! The two questions that every check asks: is this the value, and does this hold?

use std::fmt;

use serde::Serialize;

use crate::account::{Contradiction, Corrupt};

/// The result of a check, with a value that the check found.
pub(super) type Check<T = ()> = Result<T, Fault>;

/// A field of the entry being checked that contradicts the rest.
#[derive(Debug)]
pub(super) struct Fault {
    rule: &'static str,
    field: &'static str,
    found: String,
    expected: String,
}

impl Fault {
    pub(super) fn new(
        rule: &'static str,
        field: &'static str,
        found: &impl Serialize,
        expected: impl fmt::Display,
    ) -> Self {
        Self { rule, field, found: json(found), expected: expected.to_string() }
    }

    /// The fault as an error of the entry with this number.
    pub(super) fn at(self, sequence: u32) -> Corrupt {
        let Self { rule, field, found, expected } = self;
        Corrupt::Contradiction(Box::new(Contradiction { sequence, field, found, expected, rule }))
    }
}

/// Checks that a field has the one value that the rules give.
pub(super) fn same<T: Serialize + PartialEq>(
    rule: &'static str,
    field: &'static str,
    found: &T,
    expected: &T,
) -> Check {
    if found == expected { Ok(()) } else { Err(Fault::new(rule, field, found, json(expected))) }
}

/// Checks that a field has one of the values that the rules allow.
pub(super) fn ensure(
    rule: &'static str,
    field: &'static str,
    is_right: bool,
    found: &impl Serialize,
    expected: fmt::Arguments<'_>,
) -> Check {
    if is_right { Ok(()) } else { Err(Fault::new(rule, field, found, expected)) }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
