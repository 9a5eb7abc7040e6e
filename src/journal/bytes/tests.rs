//! Tests of the encoding: numbers, instants and ids round-trip, and invalid bytes are refused.

use super::*;
use crate::id::MAX_SEQUENCE;

fn number() -> ProfileNumber {
    ProfileNumber::new(3).unwrap()
}

fn written(write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut Writer::new(&mut out, number(), 5, Timestamp::MIN));
    out
}

fn reader(bytes: &[u8]) -> Reader<'_> {
    Reader { sequence: 5, ..Reader::new(bytes, number(), "a test") }
}

#[test]
fn numbers_take_a_byte_for_each_seven_bits() {
    for bits in 0..64 {
        for value in [1 << bits, (1 << bits) - 1, (1 << bits) + 1, u64::MAX >> bits] {
            let bytes = written(|to| to.number(value));
            assert_eq!(bytes.len(), ((value | 1).ilog2() as usize / 7 + 1).min(9), "{value}");
            let mut from = reader(&bytes);
            assert_eq!(from.number(), Ok(value));
            assert_eq!(from.finish(), Ok(()));
        }
    }
}

#[test]
fn a_number_has_one_form() {
    // Zero and one, in encodings of two bytes and of nine.
    for bytes in [&[2, 0][..], &[6, 0], &[0, 1, 0, 0, 0, 0, 0, 0, 0]] {
        let error = reader(bytes).number().unwrap_err().to_string();
        assert!(error.contains("a number in as few bytes as it takes"), "{error}");
    }
}

#[test]
fn instants_come_back_and_whole_seconds_are_short() {
    let second = Timestamp::from_micros(1_750_000_000_000_000).unwrap();
    let micro = Timestamp::from_micros(1_750_000_000_000_001).unwrap();
    assert_eq!([second, micro].map(|at| written(|to| to.instant(at)).len()), [5, 8]);
    let near = [-1_000_001, -1_000_000, -1, 0, 1, 999_999, 1_000_000];
    let near = near.map(|micros| Timestamp::from_micros(micros).unwrap());
    for at in [Timestamp::MIN, Timestamp::MAX, second, micro].into_iter().chain(near) {
        assert_eq!(reader(&written(|to| to.instant(at))).instant(), Ok(at));
    }
    let beyond = written(|to| to.span(Timestamp::MAX.micros() + 1));
    assert!(reader(&beyond).instant().unwrap_err().to_string().contains("in the years 1 to 9999"));
}

#[test]
fn ids_of_the_account_are_short_and_others_whole() {
    use crate::id::LotId;
    let (own, other) = (LotId::made_by(number(), 9), LotId::made_by(ProfileNumber::MAX, MAX_SEQUENCE));
    for (id, length) in [(own, 1), (other, 9)] {
        let bytes = written(|to| to.id(id));
        assert_eq!((bytes.len(), reader(&bytes).id()), (length, Ok(id)));
    }
    let none = written(|to| to.number(u64::from(MAX_SEQUENCE) + 1));
    assert!(reader(&none).id::<LotId>().is_err(), "the number of no entry");
    assert!(reader(&[1, 1]).id::<LotId>().is_err(), "no id");
}

#[test]
fn errors_say_what_was_read_and_what_is_wrong() {
    let error = |read: &dyn Fn(&mut Reader<'_>) -> Option<Unreadable>, bytes: &[u8]| {
        let mut from = reader(bytes);
        from.part = "an entry's items";
        read(&mut from).unwrap().to_string()
    };
    let text = written(|to| to.text("abcd"));
    assert_eq!(
        error(&|from| from.text().err(), &text[..2]),
        "cannot read an entry's items: 3 bytes are missing"
    );
    assert_eq!(error(&|from| from.number().err(), &[]), "cannot read an entry's items: 1 byte is missing");
    let flags = written(|to| to.flags([true, false, true, false, true]));
    assert_eq!(
        error(&|from| from.flags::<3>().err(), &flags),
        "cannot read an entry's items: expected a known form, found 16: written by a newer version"
    );
    let quantity = written(|to| to.number(u64::MAX));
    assert_eq!(
        error(&|from| from.quantity().err(), &quantity),
        "cannot read an entry's items: expected at most 9000000000000000000 ten-thousandths, found 18446744073709551615"
    );
    assert_eq!(reader(&[1]).finish().unwrap_err().to_string(), "cannot read a test: 1 byte is left over");
}
