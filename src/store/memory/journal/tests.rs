//! Two accounts' entries in one journal, over several blocks, with some that come to nothing: all are found again.

use super::*;
use crate::id::LotId;
use crate::journal::{Balances, Cause, EntryKind, LotKind, LotValue};
use crate::value::Quantity;

const ENTRIES: u32 = 80_000;

fn number(owner: u32) -> ProfileNumber {
    ProfileNumber::new(owner + 1).unwrap()
}

/// An entry that differs from all others of its account.
fn entry(owner: u32, sequence: u32) -> Entry {
    let value = Quantity::from_ten_thousandths(i64::from(sequence)).unwrap();
    let value = LotValue { lot: LotId::made_by(number(owner), sequence), kind: LotKind::Reward, value };
    let (at, kind) = ("2025-06-15T00:00:00Z".parse().unwrap(), EntryKind::Mature(value));
    Entry {
        sequence,
        at,
        cause: Cause::Clock,
        is_activity: false,
        kind,
        balances: Balances::default(),
        stamp: None,
    }
}

/// Every third entry is the second account's.
fn owner_of(count: u32) -> (u32, u32) {
    let second = count / 3;
    if count % 3 == 2 { (1, second + 1) } else { (0, count - second + 1) }
}

fn filled() -> (Journal, [Chain; 2]) {
    let (mut journal, mut chains) = (Journal::default(), [Chain::default(); 2]);
    for count in 0..ENTRIES {
        let (owner, sequence) = owner_of(count);
        if count % 7 == 0 {
            // Begun, and left.
            journal.reserve().1.extend_from_slice(&[count.to_le_bytes()[0]; 100]);
        }
        let chain = &mut chains[owner as usize];
        journal.push(owner as usize, number(owner), chain, &entry(owner, sequence));
    }
    journal.reserve().1.push(1);
    assert!(journal.full.len() > 2, "the entries fill more than one block");
    (journal, chains)
}

#[test]
fn what_was_written_since_is_found_in_order() {
    let (journal, _) = filled();
    for seen in [0, 1, 63, 64, 65, ENTRIES / 2, ENTRIES - 1, ENTRIES, ENTRIES + 1, u32::MAX] {
        let found: Vec<_> = journal.after(seen as usize).collect();
        assert_eq!(found.len(), ENTRIES.saturating_sub(seen) as usize);
        for ((place, owner), count) in found.into_iter().zip(seen..) {
            let expected = owner_of(count);
            assert_eq!(owner, expected.0 as usize);
            assert_eq!(journal.at(place, number(expected.0)), Ok(entry(expected.0, expected.1)));
        }
    }
}

#[test]
fn each_account_is_read_back_from_any_of_its_entries() {
    let (journal, chains) = filled();
    for (owner, newest) in [(0, ENTRIES - ENTRIES / 3), (1, ENTRIES / 3)] {
        let back = |sequence| journal.back_from(chains[owner as usize], newest, sequence, number(owner));
        let all: Vec<_> = back(newest).map(Result::unwrap).collect();
        assert!(all.into_iter().eq((1..=newest).rev().map(|sequence| entry(owner, sequence))));
        for sequence in (1..=newest).step_by(501) {
            assert_eq!(back(sequence).next(), Some(Ok(entry(owner, sequence))));
        }
    }
}

#[test]
fn nothing_is_written_where_there_is_no_room() {
    let journal = Journal { full: vec![Vec::new(); BLOCKS - 3], ..Journal::default() };
    assert!(journal.has_room_for(2) && !journal.has_room_for(3));
    let journal = Journal { count: u32::MAX as usize - 3, ..Journal::default() };
    assert!(journal.has_room_for(2) && !journal.has_room_for(3));
}
