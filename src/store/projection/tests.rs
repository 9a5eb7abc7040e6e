//! The changes, made to plain maps, agree with the wallet.

use std::collections::{BTreeMap, BTreeSet};

use super::tables::{ALL, Role, Type};
use super::*;
use crate::journal::{Balances, Cause, EntryKind};
use crate::json;
use crate::view::Wallet;

type Row<'a> = BTreeMap<&'static str, Value<'a>>;

#[derive(Default)]
struct Tables<'a> {
    rows: BTreeMap<(&'static str, String), Row<'a>>,
}

impl<'a> Tables<'a> {
    fn follow(&mut self, written: &'a FeedEntry) {
        for change in changes(written) {
            let key = key(&change);
            match change.operation {
                Operation::Put => {
                    let row = self.rows.entry(key).or_default();
                    change.cells.iter().for_each(|cell| write(row, cell));
                }
                Operation::Update => {
                    let Some(row) = self.rows.get_mut(&key) else { continue };
                    change.cells.iter().for_each(|cell| write(row, cell));
                }
            }
        }
    }

    fn row(&self, table: &Table, id: impl Into<RecordId>) -> &Row<'a> {
        let id = format!("1/{}", id.into().get());
        self.rows.get(&(table.name, id)).expect("it has a row")
    }

    fn count(&self, table: &Table) -> usize {
        self.rows.keys().filter(|(name, _)| *name == table.name).count()
    }
}

fn write<'a>(row: &mut Row<'a>, cell: &Cell<'a>) {
    let value = match (cell.write, row.get(cell.column), cell.value) {
        (Write::Set, _, value) | (Write::Raise, None, value) => value,
        (Write::Add, Some(Value::Long(Some(old))), Value::Long(Some(more))) => Value::Long(Some(old + more)),
        (Write::Raise, Some(Value::Long(Some(old))), Value::Long(Some(new))) => {
            Value::Long(Some(new.max(*old)))
        }
        added => panic!("{added:?}"),
    };
    row.insert(cell.column, value);
}

/// The key of the changed row, where every key has the profile's number in it.
fn key(change: &Change<'_>) -> (&'static str, String) {
    let mut parts = Vec::new();
    for column in change.table.columns {
        if matches!(column.role, Role::Key | Role::Profile | Role::ProfileInKey) {
            match change.cells.iter().find(|cell| cell.column == column.name).map(|cell| cell.value) {
                Some(Value::Number(Some(number))) => parts.push(number.to_string()),
                Some(Value::Long(Some(number))) => parts.push(number.to_string()),
                other => panic!("{}: {other:?}", column.name),
            }
        }
    }
    (change.table.name, parts.join("/"))
}

fn assert_row<const N: usize>(row: &Row<'_>, cells: [(&'static str, Value<'_>); N]) {
    for (column, value) in cells {
        assert_eq!(row[column], value, "{column} of {row:?}");
    }
}

/// A profile's journal, and the catalogue's.
fn journals() -> [Vec<FeedEntry>; 2] {
    let (alice, number) = (ProfileId::new("alice").unwrap(), ProfileNumber::new(1).unwrap());
    let entries: Vec<Entry> = json::read(include_bytes!("../../../tests/goldens/entries.json")).unwrap();
    let catalogue: Vec<Defined> =
        json::read(include_bytes!("../../../tests/goldens/catalogue.json")).unwrap();
    let define = |(defined, sequence)| Entry {
        sequence,
        at: entries[0].at,
        cause: Cause::Request,
        is_activity: false,
        kind: EntryKind::Define(Box::new(defined)),
        balances: Balances::default(),
        stamp: None,
    };
    let definitions = catalogue.into_iter().zip(1..).map(define).map(|entry| FeedEntry {
        profile: None,
        number: ProfileNumber::CATALOGUE,
        entry,
    });
    let definitions = definitions.collect();
    let entries = entries.into_iter().map(|entry| FeedEntry { profile: Some(alice), number, entry });
    [entries.collect(), definitions]
}

#[test]
fn the_rows_say_what_the_wallet_says() {
    let [journal, _] = journals();
    let entries: Vec<Entry> = journal.iter().map(|written| written.entry.clone()).collect();
    let (alice, number) = (journal[0].profile.unwrap(), journal[0].number);
    let mut tables = Tables::default();
    for length in 1..=entries.len() {
        tables.follow(&journal[length - 1]);
        let wallet = Wallet::fold(alice, number, &entries[..length], entries[length - 1].at).unwrap();
        lots_agree(&tables, &wallet);
        redemptions_agree(&tables, &wallet);
        transactions_agree(&tables, &wallet);
        account_agrees(&tables, &entries[length - 1]);
    }
    let lots = tables.rows.iter().filter(|((name, _), _)| *name == LOT.name);
    let standings: BTreeSet<String> = lots.map(|(_, row)| format!("{:?}", row["standing"])).collect();
    let expected = ["expired", "moved", "pending", "usable"].map(|word| format!("{:?}", Value::from(word)));
    assert_eq!(standings, expected.into());
}

fn lots_agree(tables: &Tables<'_>, wallet: &Wallet) {
    let mut count = 0;
    macro_rules! agree {
        ($lots:expr, $kind:literal) => {
            for lot in $lots {
                let cells = [
                    ("kind", $kind.into()),
                    ("definition", optional_id(lot.definition_id)),
                    ("external_id", lot.external_id.as_ref().map(|id| id.as_str()).into()),
                    ("initial", lot.value_initial.into()),
                    ("remaining", lot.value_remaining.into()),
                    ("held", lot.value_held.into()),
                    ("issued_at", lot.issued_at.into()),
                    ("available_at", lot.available_at.into()),
                    ("expires_at", lot.expires_at.into()),
                ];
                assert_row(tables.row(&LOT, lot.id), cells);
                count += 1;
            }
        };
    }
    agree!(wallet.rewards(), "reward");
    agree!(wallet.points(), "point");
    assert_eq!(count, tables.count(&LOT));
}

fn redemptions_agree(tables: &Tables<'_>, wallet: &Wallet) {
    let (mut count, mut items) = (0, 0);
    for redemption in wallet.redemptions() {
        let cells = [
            ("redeemed_at", redemption.redeemed_at.into()),
            ("occurred_at", Value::Long(redemption.occurred_at.map(Timestamp::micros))),
            ("requested", redemption.requested.into()),
            ("total", redemption.total.into()),
            ("returned", redemption.returned.into()),
            ("is_reversed", redemption.is_reversed.into()),
            ("transaction_id", optional_id(redemption.transaction_id)),
            ("hold", optional_id(redemption.hold_id)),
        ];
        assert_row(tables.row(&REDEMPTION, redemption.id), cells);
        count += 1;
        for (item, place) in redemption.items.iter().zip(1..) {
            let key = format!("1/{}/{place}", redemption.id.get());
            let cells = [
                ("lot", id(item.lot)),
                ("kind", kind_word(item.kind()).into()),
                ("amount", item.amount.into()),
                ("points", item.points.into()),
            ];
            assert_row(&tables.rows[&(REDEMPTION_ITEM.name, key)], cells);
            items += 1;
        }
    }
    assert_eq!((count, items), (tables.count(&REDEMPTION), tables.count(&REDEMPTION_ITEM)));
}

fn transactions_agree(tables: &Tables<'_>, wallet: &Wallet) {
    let mut count = 0;
    for transaction in wallet.transactions() {
        let cells = [
            ("external_id", transaction.external_id.as_ref().map(|id| id.as_str()).into()),
            ("redemption", optional_id(transaction.redemption_id)),
            ("total", transaction.total.into()),
            ("total_original", transaction.total_original.into()),
            ("returned", transaction.returned.into()),
            ("is_deleted", transaction.is_deleted.into()),
            ("updated_at", transaction.updated_at.into()),
        ];
        assert_row(tables.row(&TRANSACTION, transaction.id), cells);
        count += usize::from(!transaction.is_deleted);
    }
    // The wallet leaves deleted ones out, except for those that are void.
    let kept = |row: &&Row<'_>| row.get("is_deleted") == Some(&Value::Flag(false));
    assert_eq!(count, tables.rows.values().filter(kept).count());
}

fn account_agrees(tables: &Tables<'_>, entry: &Entry) {
    let cells = [
        ("profile", "alice".into()),
        ("sequence", entry.sequence.into()),
        ("last_at", entry.at.into()),
        ("reward_balance", entry.balances.reward_balance.into()),
        ("reward_pending", entry.balances.reward_pending.into()),
        ("reward_held", entry.balances.reward_held.into()),
        ("point_balance", entry.balances.point_balance.into()),
        ("point_pending", entry.balances.point_pending.into()),
        ("point_held", entry.balances.point_held.into()),
        ("point_debt", entry.balances.point_debt.into()),
        ("status_point_balance", entry.balances.status_point_balance.into()),
        ("status_point_pending", entry.balances.status_point_pending.into()),
    ];
    assert_row(&tables.rows[&(ACCOUNT.name, "1".to_owned())], cells);
}

/// A redemption that was sent late counts as activity when it happened.
///
/// Catches: one that is not counted, or counted when it was sent; one that takes a later activity's place.
#[test]
fn a_late_activity_counts_when_it_happened() {
    let [journal, _] = journals();
    let is_redemption = |written: &&FeedEntry| matches!(written.entry.kind, EntryKind::Redeem(_));
    let first = journal.iter().find(is_redemption).unwrap();
    let at = first.entry.at;
    let sent = |minutes: i64, ago: Option<i64>| {
        let later = |minutes| at.checked_add(chrono::TimeDelta::minutes(minutes)).unwrap();
        let mut written = first.clone();
        (written.entry.at, written.entry.is_activity) = (later(minutes), true);
        if let (EntryKind::Redeem(redeemed), Some(ago)) = (&mut written.entry.kind, ago) {
            let late = crate::journal::Late { occurred_at: later(minutes - ago), revived: Vec::new() };
            redeemed.details.get_or_insert_default().late = Some(Box::new(late));
        }
        written
    };
    for (entries, last) in [
        (vec![sent(0, None), sent(60, Some(20))], 40),
        (vec![sent(30, None), sent(60, Some(50))], 30),
        (vec![sent(60, Some(20))], 40),
    ] {
        let mut tables = Tables::default();
        entries.iter().for_each(|written| tables.follow(written));
        let expected = at.checked_add(chrono::TimeDelta::minutes(last)).unwrap();
        assert_row(&tables.rows[&(ACTIVITY.name, "1".to_owned())], [("active_at", expected.into())]);
    }
}

/// A row that is put has all columns of its table, and every value is of its column's type.
#[test]
fn changes_fit_their_tables() {
    let journals = journals();
    let mut seen = BTreeSet::new();
    for change in journals.iter().flatten().flat_map(changes) {
        let name = change.table.name;
        if change.operation == Operation::Put {
            let columns: Vec<_> = change.table.columns.iter().map(|column| column.name).collect();
            let cells: Vec<_> = change.cells.iter().map(|cell| cell.column).collect();
            assert_eq!(cells, columns, "{name}");
            seen.insert(name);
        }
        for cell in change.cells {
            let column = change.table.column(cell.column).expect("a change is of columns of its table");
            let (fits, is_null) = match cell.value {
                Value::Number(number) => (column.kind == Type::Number, number.is_none()),
                Value::Long(number) => {
                    (matches!(column.kind, Type::Id | Type::Quantity | Type::Instant), number.is_none())
                }
                Value::Flag(_) => (column.kind == Type::Flag, false),
                Value::Text(text) => (column.kind == Type::Text, text.is_none()),
            };
            assert!(fits && (column.is_optional || !is_null), "{name}: {cell:?}");
        }
    }
    assert_eq!(seen, ALL.map(|table| table.name).into());
}
