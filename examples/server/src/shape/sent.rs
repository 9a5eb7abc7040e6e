//! What a client sends beside the fields that the ledger knows: kept with the transaction, and given back as sent.

use scrip::json::Json;
use serde_json::value::RawValue;

use crate::http::body::Fields;
use crate::http::problem::Problem;

/// The one key of the document that holds it.
const WRAP: &str = "sent";

/// Puts everything into the one document that the ledger attaches to a transaction. A `meta` alone is that document.
pub fn pack(mut sent: Fields) -> Result<Option<Json>, Problem> {
    let only = (sent.len() == 1).then(|| sent.remove("meta")).flatten();
    let document = match only {
        Some(meta) if unwrap(&meta).is_none() => meta.get().to_owned(),
        Some(meta) => wrap(&Fields::from([("meta".to_owned(), meta)])),
        None if sent.is_empty() => return Ok(None),
        None => wrap(&sent),
    };
    Json::new(&document).map(Some).map_err(|error| Problem::invalid("meta", error.message))
}

/// Takes it out again.
pub fn unpack(document: Option<&Json>) -> Fields {
    let raw = document.and_then(|document| RawValue::from_string(document.as_str().to_owned()).ok());
    match raw {
        Some(raw) => unwrap(&raw).unwrap_or_else(|| Fields::from([("meta".to_owned(), raw)])),
        None => Fields::new(),
    }
}

fn wrap(sent: &Fields) -> String {
    serde_json::to_string(&Fields::from([(
        WRAP.to_owned(),
        serde_json::value::to_raw_value(sent).unwrap_or_default(),
    )]))
    .unwrap_or_default()
}

fn unwrap(document: &RawValue) -> Option<Fields> {
    let outer: Fields = serde_json::from_str(document.get()).ok()?;
    let inner = outer.get(WRAP).filter(|_| outer.len() == 1)?;
    serde_json::from_str(inner.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_was_sent_comes_back() {
        for text in [
            r#"{"meta":{"a":1.50}}"#,
            r#"{"meta":{"sent":{"meta":1}}}"#,
            r#"{"meta":[1]}"#,
            r#"{"location":{"id":7},"receipt_ref":"R1"}"#,
            r#"{"location":{"id":7},"meta":{"sent":2}}"#,
            r#"{"sent":{"a":1}}"#,
        ] {
            let packed = pack(fields(text)).unwrap();
            let back = serde_json::to_string(&unpack(packed.as_ref())).unwrap();
            assert_eq!(back, text);
        }
        assert!(pack(Fields::new()).unwrap().is_none() && unpack(None).is_empty());
    }
}
