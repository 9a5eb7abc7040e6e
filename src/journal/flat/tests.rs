//! What plain entries come to in fixed places, and that they come back.

use crate::account::Account;
use crate::id::ProfileId;
use crate::journal::flat::*;
use crate::value::json;

fn number() -> ProfileNumber {
    ProfileNumber::new(1).unwrap()
}

/// What is written of an entry, if it is a plain redemption or issue.
fn written(entry: &Entry) -> Option<Vec<u8>> {
    let Entry { sequence, at, balances, .. } = *entry;
    let (head, mut bytes) = (EntryHeader { number: number(), sequence, at, balances }, Vec::new());
    match &entry.kind {
        EntryKind::Redeem(redeemed) if redeemed.details.is_none() => {
            write_redemption(&head, [redeemed.requested, redeemed.total], &redeemed.items, &mut bytes);
        }
        EntryKind::Issue(issue) if issue.details.is_none() => write_issue(&head, issue, &mut bytes),
        _ => return None,
    }
    Some(bytes)
}

fn plain() -> Vec<Entry> {
    let goldens: Vec<Entry> = json::read(include_bytes!("../../../tests/goldens/entries.json")).unwrap();
    let unnamed = goldens.into_iter().map(|entry| Entry { stamp: None, ..entry });
    let plain = unnamed.filter(|entry| entry.cause == Cause::Request && written(entry).is_some());
    plain.chain([redemption(3), redemption(5)]).collect()
}

/// A redemption of three, of as many as were asked for.
fn redemption(requested: u32) -> Entry {
    let item = |sequence, amount| {
        let lot = LotId::made_by(number(), sequence);
        Item { lot, amount: Amount::from(amount), points: Points::ZERO }
    };
    let redeemed = Redeemed {
        redemption: RedemptionId::made_by(number(), 9),
        requested: Amount::from(requested),
        total: Amount::from(3),
        items: [item(4, 1), item(7, 2)].into_iter().collect(),
        details: None,
    };
    let balances = Balances { reward_balance: Amount::from(8), ..Balances::default() };
    let (at, kind) = ("2025-06-15T00:00:00.5Z".parse().unwrap(), EntryKind::Redeem(redeemed));
    Entry { sequence: 9, at, cause: Cause::Request, kind, balances, stamp: None }
}

#[test]
fn entries_come_back_as_they_were() {
    let mut forms = std::collections::BTreeSet::new();
    let points = Points::from(7);
    for entry in plain() {
        for point_balance in [Points::ZERO, points] {
            let entry = Entry { balances: Balances { point_balance, ..entry.balances }, ..entry.clone() };
            let bytes = written(&entry).unwrap();
            forms.insert(bytes[0]);
            assert_eq!(read(&bytes, number()), Ok(entry));
        }
    }
    for form in [REDEEM, REDEEM | MORE, REDEEM | MORE | POINTS, ISSUE | MORE, ISSUE | MORE | POINTS] {
        assert!(forms.contains(&form), "{form:x} is among {forms:x?}");
    }
}

#[test]
fn what_has_no_place_is_written_as_elsewhere() {
    let large = Amount::from_ten_thousandths(i64::from(u32::MAX) + 1).unwrap();
    let held = |entry: &Entry| Balances { reward_held: Amount::from(1), ..entry.balances };
    let rich = |entry: &Entry| Balances { reward_balance: large, ..entry.balances };
    for entry in plain() {
        for balances in [held(&entry), rich(&entry)] {
            let entry = Entry { balances, ..entry.clone() };
            let bytes = written(&entry).unwrap();
            assert!(bytes[0] < REDEEM);
            assert_eq!(read(&bytes, number()), Ok(entry));
        }
    }
}

/// Every term by itself, and an issue that says another time or value than it would without.
#[test]
fn every_issue_comes_back() {
    let issued =
        |entry: &Entry| matches!(&entry.kind, EntryKind::Issue(issue) if issue.issued_at == entry.at);
    let entry = plain().into_iter().find(issued).unwrap();
    let EntryKind::Issue(issue) = &entry.kind else { panic!("no issue") };
    let bare = Terms {
        period: None,
        extend_days: None,
        is_reassignable: false,
        is_extendable: false,
        ..issue.terms
    };
    let units = [PeriodType::Days, PeriodType::Weeks, PeriodType::Months, PeriodType::Years];
    let mut terms: Vec<Terms> =
        units.map(|unit| Terms { period: Some(Period::new(3, unit)), ..bare }).into_iter().collect();
    terms.extend([
        bare,
        Terms { extend_days: Some(0), ..bare },
        Terms { is_reassignable: true, ..bare },
        Terms { is_extendable: true, ..bare },
    ]);
    let earlier = Timestamp::from_micros(entry.at.micros() - 1).unwrap();
    let mut issues: Vec<Issue> = terms.into_iter().map(|terms| Issue { terms, ..issue.clone() }).collect();
    issues.extend([
        Issue { kind: LotKind::Point, ..issue.clone() },
        Issue { issued_at: earlier, ..issue.clone() },
        Issue { available_at: earlier, ..issue.clone() },
        Issue { value_remaining: Quantity::ZERO, ..issue.clone() },
        Issue { definition_id: None, ..issue.clone() },
    ]);
    for issue in issues {
        let entry = Entry { kind: EntryKind::Issue(issue), ..entry.clone() };
        assert_eq!(read(&written(&entry).unwrap(), number()), Ok(entry));
    }
}

#[test]
fn what_comes_before_it_stays() {
    let entry = &plain()[0];
    let head = EntryHeader { number: number(), sequence: 1, at: entry.at, balances: Balances::default() };
    let other = Account::new(ProfileId::new("other").unwrap(), ProfileNumber::new(2).unwrap());
    // A lot of another account has no place.
    let lot = LotId::made_by(other.number(), 3);
    let items: Items = [Item { lot, amount: Amount::from(1), points: Points::ZERO }].into_iter().collect();
    let mut bytes = vec![1, 2, 3];
    write_redemption(&head, [Amount::from(1); 2], &items, &mut bytes);
    assert_eq!(bytes[..3], [1, 2, 3]);
    let EntryKind::Redeem(redeemed) = read(&bytes[3..], number()).unwrap().kind else {
        panic!("no redemption")
    };
    assert_eq!(redeemed.items, items);
}

#[test]
fn spoiled_bytes_are_an_error_and_no_panic() {
    for bytes in plain().iter().map(|entry| written(entry).unwrap()) {
        for length in 0..bytes.len() {
            // Cut between two items it may be a shorter entry; it must not be a panic.
            let _ = read(&bytes[..length], number());
        }
        for place in 0..bytes.len() {
            for value in [0, 1, 2, 5, 0x7f, 0x80, 0x87, 0xff] {
                let mut spoiled = bytes.clone();
                spoiled[place] = value;
                let _ = read(&spoiled, number());
            }
        }
    }
    assert!(read(&[REDEEM], number()).is_err());
    assert!(read(&[0xf8], number()).is_err());
}
