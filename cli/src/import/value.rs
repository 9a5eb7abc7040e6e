//! A value as old systems write it: signs of currency, thousands, decimal commas, cents.

use scrip::rust_decimal::Decimal;

use super::map::{Unit, ValueForm};
use super::slip::Slip;

/// Reads a value; `None` if the cell is empty. `decimals` is how many the currency or the points have: what the last
/// digits of cents stand for.
pub fn read(text: &str, form: &ValueForm, decimals: u8) -> Result<Option<Decimal>, Slip> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if is_negative(text) {
        return Err(Slip::new(
            "negative",
            format!("`{text}` is below zero; what is taken cannot be imported (rule Q6)"),
        ));
    }
    let number = plain(text, form)?;
    let value = Decimal::from_str_exact(&number).map_err(|_| wrong(text, "has more digits than fit"))?;
    match form.unit {
        Unit::Major => Ok(Some(value)),
        Unit::Minor if value.scale() > 0 => {
            Err(wrong(text, "has decimals, where the smallest unit is counted"))
        }
        Unit::Minor => {
            let mantissa = i64::try_from(value.mantissa()).map_err(|_| wrong(text, "is too large"))?;
            Ok(Some(Decimal::new(mantissa, u32::from(decimals))))
        }
    }
}

fn is_negative(text: &str) -> bool {
    text.contains(['-', '−']) || (text.starts_with('(') && text.ends_with(')'))
}

/// The digits, with a point before the decimals and nothing else.
fn plain(text: &str, form: &ValueForm) -> Result<String, Slip> {
    let digits = without_sign(text, &form.signs);
    let (whole, decimals) = match digits.split_once(form.decimal) {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (digits, None),
    };
    let whole = without_grouping(whole, form.grouping).ok_or_else(|| {
        wrong(
            text,
            "has thousands that are not three digits each; say `values.decimal` and `values.grouping`",
        )
    })?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(&whole) || !decimals.is_none_or(is_number) {
        let is_scientific = digits.contains(['e', 'E']) && digits.bytes().any(|byte| byte.is_ascii_digit());
        return Err(if is_scientific {
            wrong(
                text,
                "is in scientific notation, which a spreadsheet makes of long numbers; digits are lost in it",
            )
        } else {
            wrong(text, "is not a number in the form that the map says; see `values`")
        });
    }
    Ok(decimals.map_or_else(|| whole.clone(), |decimals| format!("{whole}.{decimals}")))
}

/// Without one sign of the currency, before or after.
fn without_sign<'t>(text: &'t str, signs: &[String]) -> &'t str {
    let found = signs
        .iter()
        .find_map(|sign| text.strip_prefix(sign.as_str()).or_else(|| text.strip_suffix(sign.as_str())));
    found.unwrap_or(text).trim()
}

/// Without what stands between thousands, if it stands where it should.
fn without_grouping(whole: &str, grouping: Option<char>) -> Option<String> {
    let Some(grouping) = grouping.filter(|grouping| whole.contains(*grouping)) else {
        return Some(whole.to_owned());
    };
    let groups: Vec<&str> = whole.split(grouping).collect();
    let (first, others) = groups.split_first()?;
    let fits = (1..=3).contains(&first.len()) && others.iter().all(|group| group.len() == 3);
    fits.then(|| groups.concat())
}

fn wrong(text: &str, what: &str) -> Slip {
    Slip::new("not_a_value", format!("`{text}` {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(decimal: char, grouping: Option<char>, signs: &[&str]) -> ValueForm {
        let signs = signs.iter().map(|sign| (*sign).to_owned()).collect();
        ValueForm { decimal, grouping, signs, unit: Unit::Major }
    }

    fn text(text: &str, form: &ValueForm) -> Result<String, &'static str> {
        read(text, form, 2)
            .map(|value| value.map_or_else(String::new, |value| value.to_string()))
            .map_err(|slip| slip.code)
    }

    #[test]
    fn values_are_read_as_they_are_met_in_the_wild() {
        let dollars = form('.', Some(','), &["$", "A$", "AUD"]);
        for (written, read) in [
            ("$25.00", "25.00"),
            ("1,000.00", "1000.00"),
            ("25", "25"),
            (" 0 ", "0"),
            ("", ""),
            ("42187.5", "42187.5"),
            ("1,234,567.89", "1234567.89"),
            ("12.50 AUD", "12.50"),
            ("0.1", "0.1"),
            ("00012", "12"),
        ] {
            assert_eq!(text(written, &dollars).as_deref(), Ok(read), "{written}");
        }
        let comma = form(',', Some('.'), &["€"]);
        for (written, read) in [("1.000,00", "1000.00"), ("12,5 €", "12.5"), ("1.000", "1000"), ("25", "25")]
        {
            assert_eq!(text(written, &comma).as_deref(), Ok(read), "{written}");
        }
    }

    #[test]
    fn what_is_not_clear_is_refused() {
        let dollars = form('.', Some(','), &["$"]);
        for wrong in [
            "1.000,00",
            "10,00",
            "1,00,000",
            "1e3",
            "2.5E+10",
            "ten",
            "$",
            "1.2.3",
            "1 000",
            "£5",
            ".5",
            "5.",
            "1,",
            "NaN",
            "9999999999999999999999999999999",
        ] {
            assert_eq!(text(wrong, &dollars), Err("not_a_value"), "{wrong}");
        }
        for negative in ["-5", "$-5.00", "-$5.00", "(5.00)", "−5"] {
            assert_eq!(text(negative, &dollars), Err("negative"), "{negative}");
        }
        // Without a sign for thousands none is taken off.
        assert_eq!(text("1,000", &form('.', None, &[])), Err("not_a_value"));
    }

    #[test]
    fn cents_are_as_many_decimals_as_the_currency_has() {
        let cents = ValueForm { unit: Unit::Minor, ..ValueForm::default() };
        let read = |text, decimals| read(text, &cents, decimals).unwrap().unwrap().to_string();
        assert_eq!(
            (read("2500", 2), read("5", 2), read("2500", 0), read("2500", 3)),
            ("25.00".into(), "0.05".into(), "2500".into(), "2.500".into())
        );
        assert_eq!(super::read("25.5", &cents, 2).unwrap_err().code, "not_a_value");
    }
}
