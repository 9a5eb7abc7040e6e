//! The program file: the choices of a brand, all of them optional.

use scrip::Program;

use crate::http::body::Body;

/// What holds where the file says nothing.
const DEFAULT: &str = r#"{
    "currency": "AUD",
    "timezone": "Australia/Melbourne",
    "exchange_rate": {"points": 100, "amount": 10}
}"#;

/// Reads a program file; none at all is the default.
///
/// # Errors
/// What is wrong with which key.
pub fn read(text: Option<&str>) -> Result<Program, String> {
    let parse = |text: &str| -> Result<Body, String> {
        scrip::json::read(text.as_bytes()).map(Body).map_err(|error| error.to_string())
    };
    let mut program = parse(DEFAULT)?;
    program.0.extend(parse(text.unwrap_or("{}"))?.0);
    // `null` means the same as with the file's other keys: that there is none.
    let text = serde_json::to_vec(&program.0).map_err(|error| error.to_string())?;
    scrip::json::read(&text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn every_key_is_optional_and_the_documented_file_is_read() {
        let default = read(None).unwrap();
        assert_eq!(read(Some("{}")).unwrap(), default);
        let whole = r#"{"currency":"AUD","point_scale":2,"exchange_rate":{"points":100,"amount":10},
            "timezone":"Australia/Melbourne","reversal_window_seconds":600,"hold_seconds":900,
            "expired_return":"original","earn":null,"clawback":"debt","minimum_spend":null,
            "redemption_cap":null,"redemption_share":null}"#;
        assert_eq!(read(Some(whole)).unwrap(), default);
        let other = r#"{"expired_return":{"grace_days":7},"redemption_share":0.5,"exchange_rate":null,
            "earn":{"points":1,"amount":1,"delay_days":14,"period_days":365}}"#;
        assert_ne!(read(Some(other)).unwrap(), default);
        let tagged = read(Some(r#"{"earn":[{"points":1,"amount":1,"tags":["shoes"]}]}"#)).unwrap();
        let scoped = r#"{"earn":[{"points":1,"amount":1,"scope":{"only":["shoes"]}}]}"#;
        assert_eq!(tagged, read(Some(scoped)).unwrap());
        assert_eq!(read(Some(r#"{"activity":["redeem","earn"]}"#)).unwrap(), default);
        assert_ne!(read(Some(r#"{"activity":["redeem"]}"#)).unwrap(), default);
        let calendar = r#"{"earn":{"points":1,"amount":1,"period":12,"period_type":"absolute_month"}}"#;
        assert_ne!(read(Some(calendar)).unwrap(), default);
    }

    #[test]
    fn a_bad_file_names_the_key() {
        for (text, named) in [
            (r#"{"curency":"AUD"}"#, "curency"),
            (r#"{"currency":"XXQ"}"#, "currency"),
            (r#"{"timezone":"Mars/Base"}"#, "timezone"),
            (r#"{"minimum_spend":-1}"#, "minimum_spend"),
            (r#"{"minimum_spend":1.005}"#, "minimum_spend"),
            (r#"{"point_scale":9}"#, "point_scale"),
            (r#"{"redemption_share":2}"#, "redemption_share"),
            (r#"{"earn":{"points":1}}"#, "earn"),
            (r#"{"earn":{"points":1,"amount":1,"period_days":1,"period":1}}"#, "period_days"),
            (r#"{"earn":{"points":1,"amount":1,"period":1,"period_type":"absolute_date"}}"#, "period_type"),
            (r#"{"earn":{"points":1,"amount":1,"period_type":"weeks"}}"#, "period: must be given"),
            (r#"{"earn":[{"points":1,"amount":1,"tags":[]}]}"#, "tags: there must be one"),
            (r#"{"earn":[{"points":1,"amount":1,"tags":["a"],"scope":{"only":["a"]}}]}"#, "tags: scope"),
            (r#"{"earn":[{"points":1,"amount":1,"tags":[""]}]}"#, "earn.scope"),
            (r#"{"activity":["issue"]}"#, "activity"),
            (r#"{"activity":"redeem"}"#, "activity"),
            (r#"{"expired_return":"never"}"#, "expired_return"),
            (r#"{"clawback":7}"#, "clawback"),
            ("[]", ""),
            ("{", ""),
        ] {
            let error = read(Some(text)).unwrap_err();
            assert!(error.contains(named), "{text}: {error}");
        }
    }
}
