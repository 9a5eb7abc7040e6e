//! When an answer is the one that a case expects.

use scrip::rust_decimal::Decimal;
use serde_json::Value;

/// Whether what was found has all that is expected; if not, where it differs. Amounts are compared as numbers.
pub(crate) fn matches(expected: &Value, found: &Value) -> Result<(), String> {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => expected.iter().try_for_each(|(name, value)| {
            let own = found.get(name).unwrap_or(&Value::Null);
            matches(value, own).map_err(|place| format!("{name}.{place}"))
        }),
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            let differs =
                |(index, (one, other))| matches(one, other).map_err(|place| format!("{index}.{place}"));
            expected.iter().zip(found).enumerate().try_for_each(differs)
        }
        _ if expected == found => Ok(()),
        _ => match (decimal(expected), decimal(found)) {
            (Some(one), Some(other)) if one == other => Ok(()),
            _ => Err(String::new()),
        },
    }
}

fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => number.to_string().parse().ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}
