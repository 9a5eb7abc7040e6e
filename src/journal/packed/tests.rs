//! What entries come to in bytes, and that they come back.

use crate::journal::packed::*;

fn number() -> ProfileNumber {
    ProfileNumber::new(1).unwrap()
}

fn goldens() -> Vec<Entry> {
    json::read(include_bytes!("../../../tests/goldens/entries.json")).unwrap()
}

fn packed(entry: &Entry) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(entry, number(), &mut bytes);
    bytes
}

#[test]
fn entries_come_back_as_they_were() {
    let mut forms = std::collections::BTreeSet::new();
    for entry in goldens() {
        let bytes = packed(&entry);
        assert_eq!(read(&bytes, number()), Ok(entry.clone()));
        // In another account the ids that follow from the entry would be others.
        let other = ProfileNumber::new(2).unwrap();
        let mut bytes_there = Vec::new();
        write(&entry, other, &mut bytes_there);
        assert_eq!(read(&bytes_there, other), Ok(entry.clone()));
        forms.insert(bytes[0]);
    }
    assert_eq!(
        forms.into_iter().collect::<Vec<_>>(),
        [JSON, REDEEM, ISSUE, MATURE, EXPIRE],
        "every form is used"
    );
}

#[test]
fn a_plain_redemption_takes_few_bytes() {
    let plain = goldens().into_iter().filter(|entry| packed(entry)[0] == REDEEM);
    let lengths: Vec<usize> = plain.map(|entry| packed(&entry).len()).collect();
    assert!(lengths.iter().all(|length| *length < 64) && !lengths.is_empty(), "{lengths:?}");
}

/// The bytes are for ever: what was written once is read by every version after.
#[test]
fn the_forms_never_change() {
    let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let tight = goldens().into_iter().map(|entry| packed(&entry)).filter(|bytes| bytes[0] != JSON).map(hex);
    let written = tight.collect::<Vec<_>>().join("\n") + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/packed.txt");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::write(path, &written).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), written);
}

#[test]
fn spoiled_bytes_are_an_error_and_no_panic() {
    for entry in goldens() {
        let bytes = packed(&entry);
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length], number()).is_err());
        }
        for place in 0..bytes.len().min(200) {
            for value in [0, 1, 2, 5, 0x7f, 0x80, 0xff] {
                let mut spoiled = bytes.clone();
                spoiled[place] = value;
                // It may be another entry; it must not be a panic.
                let _ = read(&spoiled, number());
            }
        }
    }
    assert!(read(&[], number()).is_err());
    assert!(read(&[99], number()).is_err());
}
