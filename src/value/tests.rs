use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::value::*;

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

#[test]
fn q1_trailing_zeros_are_no_decimals() {
    for (text, raw) in [
        ("10", 100_000),
        ("10.50", 105_000),
        ("10.500", 105_000),
        ("10.50000000000000000000000000000000000000000", 105_000),
        ("0.0001", 1),
        ("-0", 0),
        ("-0.000000", 0),
        ("007", 70_000),
        ("123456789012.34", 1_234_567_890_123_400),
        ("1e2", 1_000_000),
        ("1.5E+1", 150_000),
        ("100e-4", 100),
        ("0e99999999999999999999", 0),
    ] {
        assert_eq!(text.parse::<Amount>().map(Amount::ten_thousandths), Ok(raw), "{text}");
    }
}

#[test]
fn q1_more_decimals_are_rejected_never_rounded() {
    for text in ["0.00001", "10.00500000001", "1e-5", "0.00000000000000000000000000000000000000001"] {
        assert_eq!(text.parse::<Amount>(), Err(AmountError::TooManyDecimals), "{text}");
    }
}

#[test]
fn q3_the_largest_total_is_held_and_one_more_is_not() {
    assert_eq!(amount("900000000000000"), Amount::MAX_TOTAL);
    for text in ["900000000000000.0001", "1e15", "9223372036854775808", "1e1000000000000", &"9".repeat(500)] {
        assert_eq!(text.parse::<Amount>(), Err(AmountError::TooLarge), "{text}");
    }
    assert_eq!(Amount::MAX_TOTAL.checked_add(amount("0.0001")), None);
    assert_eq!(Amount::ZERO.checked_sub(amount("0.0001")), None);
    assert_eq!(Amount::from_ten_thousandths(i64::MAX), Err(AmountError::TooLarge));
    assert_eq!(Amount::from_ten_thousandths(-1), Err(AmountError::Negative));
}

#[test]
fn q6_negative_is_not_an_amount() {
    for text in ["-1", "-0.01", "-1e3"] {
        assert_eq!(text.parse::<Amount>(), Err(AmountError::Negative), "{text}");
    }
}

#[test]
fn q2_what_is_not_a_plain_number_is_refused() {
    for text in [
        "", " ", "1 ", " 1", "+1", "--1", ".5", "5.", ".", "1..2", "1.2.3", "1,000", "1_000", "0x10", "NaN",
        "inf", "1e", "e1", "1e1.5", "1e+-1", "١٢", "10\u{a0}", "-", "1e٣",
    ] {
        assert_eq!(text.parse::<Amount>(), Err(AmountError::NotANumber), "{text:?}");
    }
}

#[test]
fn q2_json_numbers_and_strings_arrive_exactly() {
    #[derive(Deserialize, Serialize, PartialEq, Debug)]
    struct Body {
        amount: Amount,
    }
    for text in ["10", "10.50", "\"10.50\"", "123456789012.34", "999999999999.9999", "1e2", "\"1e2\""] {
        let expected = amount(text.trim_matches('"'));
        let json = format!("{{\"amount\": {text}}}");
        assert_eq!(serde_json::from_str::<Body>(&json).unwrap().amount, expected, "{text}");
        assert_eq!(serde_json::from_slice::<Body>(json.as_bytes()).unwrap().amount, expected, "{text}");
        assert_eq!(serde_json::from_reader::<_, Body>(json.as_bytes()).unwrap().amount, expected, "{text}");
    }
    for text in
        ["null", "true", "[]", "{}", "\"\"", "\"1\\u0030\"", "10.00001", "-1", "\"ten\"", "\"1", "1e400"]
    {
        let json = format!("{{\"amount\": {text}}}");
        assert!(serde_json::from_str::<Body>(&json).is_err(), "{text}");
    }
    assert_eq!(serde_json::to_string(&Body { amount: amount("10.50") }).unwrap(), r#"{"amount":"10.5"}"#);
}

/// Where the text is no longer to be had, strings and whole numbers arrive and a float is refused by name.
#[test]
fn q2_below_a_tagged_enum_a_float_is_refused() {
    #[derive(Deserialize, PartialEq, Debug)]
    #[serde(tag = "type")]
    enum Tagged {
        Pay { amount: Amount },
    }
    let read = |text| serde_json::from_str::<Tagged>(text);
    assert_eq!(read(r#"{"type":"Pay","amount":"10.50"}"#).unwrap(), Tagged::Pay { amount: amount("10.5") });
    assert_eq!(read(r#"{"type":"Pay","amount":10}"#).unwrap(), Tagged::Pay { amount: Amount::from(10) });
    let refused = read(r#"{"type":"Pay","amount":10.50}"#).unwrap_err().to_string();
    assert!(refused.contains("binary float") && refused.contains("rule Q2"), "{refused}");
}

#[test]
fn decimals_go_in_and_out_exactly() {
    for text in ["0", "0.0001", "10.5", "123456789012.3456", "900000000000000"] {
        let decimal: Decimal = text.parse().unwrap();
        assert_eq!(Amount::try_from(decimal).unwrap().to_decimal(), decimal);
    }
    assert_eq!(Amount::try_from(Decimal::new(10_500_000, 6)).unwrap(), amount("10.5"));
    assert_eq!(Amount::try_from(Decimal::new(1, 5)), Err(AmountError::TooManyDecimals));
    assert_eq!(Amount::try_from(Decimal::new(-1, 0)), Err(AmountError::Negative));
    assert_eq!(Amount::try_from(-Decimal::ZERO), Ok(Amount::ZERO));
    assert_eq!(Amount::try_from(Decimal::MAX), Err(AmountError::TooLarge));
}

#[test]
fn amounts_are_written_with_the_digits_they_need() {
    let ten_and_a_half = amount("10.5");
    assert_eq!(format!("{ten_and_a_half}"), "10.5");
    assert_eq!(format!("{ten_and_a_half:.2}"), "10.50");
    assert_eq!(format!("{ten_and_a_half:.0}"), "10.5", "a digit is never dropped");
    assert_eq!(format!("{ten_and_a_half:.6}"), "10.500000");
    assert_eq!(format!("[{ten_and_a_half:>8.2}]"), "[   10.50]");
    assert_eq!(amount("0.0001").to_string(), "0.0001");
}

#[test]
fn changes_go_up_and_down() {
    let down: Delta = "-2.5".parse().unwrap();
    assert_eq!((down.to_string(), down.to_decimal()), ("-2.5".to_owned(), Decimal::new(-25, 1)));
    assert_eq!("--1".parse::<Delta>(), Err(AmountError::Negative));
    let json = serde_json::to_string(&down).unwrap();
    assert_eq!(serde_json::from_str::<Delta>(&json).unwrap(), down);
}

mod rates {
    use super::super::*;

    fn rate(points: &str, amount: &str) -> ExchangeRate {
        ExchangeRate::new(points.parse().unwrap(), amount.parse().unwrap()).unwrap()
    }

    fn scale(decimals: u8) -> Scale {
        Scale::new(decimals).unwrap()
    }

    #[test]
    fn q4_worth_is_rounded_down_to_the_minor_unit() {
        let rate = rate("150", "1");
        for (points, worth) in
            [("149.99", "0.99"), ("150", "1"), ("1.49", "0"), ("1.5", "0.01"), ("10000", "66.66")]
        {
            let worth: Amount = worth.parse().unwrap();
            assert_eq!(rate.worth(points.parse().unwrap(), scale(2)), worth, "{points}");
        }
        assert_eq!(rate.worth(Points::from(299), scale(0)), Amount::from(1));
    }

    /// Catches: the worth of many accounts' points as the sum of their worths, each rounded down.
    #[test]
    fn q4_the_worth_of_many_is_rounded_down_once() {
        let rate = rate("150", "1");
        for points in ["0", "1.49", "1.5", "149.99", "10000", "899999999999999.99"] {
            let points: Points = points.parse().unwrap();
            let one = rate.worth(points, scale(2)).ten_thousandths();
            assert_eq!(rate.worth_of(points.into(), scale(2)).ten_thousandths(), one, "{points}");
        }
        let many = [Points::from(1); 150].into_iter().sum();
        assert_eq!(rate.worth_of(many, scale(2)), Amount::from(1).into());
        // Two billion profiles with the most that each may have.
        let all = Sum::raw(i128::from(Points::MAX_TOTAL.ten_thousandths()) << 31);
        assert_eq!(
            rate.worth_of(all, scale(0)).ten_thousandths(),
            all.ten_thousandths() / 1_500_000 * 10_000
        );
    }

    #[test]
    fn q5_cost_is_the_fewest_points_that_are_worth_it() {
        for (points, amount) in [("150", "1"), ("7", "3"), ("1", "0.03"), ("100", "10"), ("3", "1000000")] {
            let rate = rate(points, amount);
            for minor in 0..=4 {
                for point_scale in 0..=4 {
                    for units in [1, 2, 3, 7, 99, 100, 101, 12_345] {
                        let wanted = Amount::raw(units * scale(minor).step());
                        let cost = rate.cost_raw(wanted, scale(point_scale));
                        let worth = |raw: i128| {
                            rate.worth(Points::raw(i64::try_from(raw).unwrap()), scale(4)).ten_thousandths()
                        };
                        let wanted = i128::from(wanted.ten_thousandths());
                        assert!(worth(cost) >= wanted, "{rate}: {cost} is not enough for {wanted}");
                        let step = i128::from(scale(point_scale).step());
                        assert!(worth(cost - step) < wanted, "{rate}: {cost} is too much for {wanted}");
                    }
                }
            }
        }
    }

    #[test]
    fn q3_no_worth_of_any_balance_loses_a_digit() {
        let rate = rate("0.0001", "100");
        assert_eq!(rate.worth(Points::MAX_TOTAL, scale(2)).to_string(), "900000000000000000000");
    }

    #[test]
    fn a_worth_is_written_and_read_exactly_and_is_an_amount_where_it_fits() {
        let large = rate("0.0001", "100").worth(Points::MAX_TOTAL, scale(2));
        for worth in [Worth::ZERO, Worth::from(Amount::raw(75_001)), large] {
            let text = serde_json::to_string(&worth).unwrap();
            assert_eq!(serde_json::from_str::<Worth>(&text).unwrap(), worth, "{text}");
        }
        for text in [r#""-1""#, r#""0.00001""#, r#""1e3""#, "1", r#""79228162514264337593543950335""#] {
            assert!(serde_json::from_str::<Worth>(text).is_err(), "{text}");
        }
        assert_eq!(Amount::try_from(large), Err(AmountError::TooLarge));
        assert_eq!(Amount::try_from(Worth::from(Amount::MAX_TOTAL)), Ok(Amount::MAX_TOTAL));
    }

    #[test]
    fn rates_are_bounded_and_positive() {
        let new = |points: Points, amount: Amount| ExchangeRate::new(points, amount);
        assert_eq!(new(Points::ZERO, Amount::from(1)), Err(RateError::Zero));
        assert_eq!(new(Points::from(1), Amount::ZERO), Err(RateError::Zero));
        assert!(new(Points::from(1), Amount::from(1_000_000)).is_ok());
        assert_eq!(new(Points::from(1), "1000000.0001".parse().unwrap()), Err(RateError::TooLarge));
        assert_eq!(new(Points::MAX_TOTAL, Amount::from(1)), Err(RateError::TooLarge));
        assert!(serde_json::from_str::<ExchangeRate>(r#"{"points":0,"amount":1}"#).is_err());
        let read: ExchangeRate = serde_json::from_str(r#"{"points":100,"amount":10}"#).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), r#"{"points":"100","amount":"10"}"#);
    }
}
