//! Reading across profiles, and the tables that people query.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use rusqlite::Connection;
use scrip::journal::LotKind;
use scrip::store::sqlite::{SqliteError, SqliteOptions, SqliteStore};
use scrip::store::{Position, Scan, Store};
use scrip::view::{Cursor, Event, Wallet};
use scrip::{Amount, Command, Ledger, MemoryStore, PlaceHold, ProfileId, Redeem, Timestamp, json};

use crate::shop::{days_later, define, issue, now, open, profile, program};

fn sqlite() -> (tempfile::TempDir, Ledger<SqliteStore>) {
    let folder = tempfile::tempdir().unwrap();
    let store =
        SqliteStore::open_with(folder.path().join("l.sqlite"), SqliteOptions::new().resident(5)).unwrap();
    (folder, Ledger::new(program(), store))
}

/// Many profiles with a little history.
fn fill<S: Store>(ledger: &mut Ledger<S>)
where
    S::Error: std::fmt::Debug,
{
    let bonus = define(ledger);
    for customer in 0..300 {
        let name = format!("customer {customer}");
        issue(ledger, &name, bonus);
        match customer % 5 {
            0 => drop(ledger.at(now()).commit(PlaceHold::strict(profile(&name), Amount::from(4))).unwrap()),
            1 => drop(ledger.at(now()).commit(Redeem::strict(profile(&name), Amount::from(10))).unwrap()),
            _ => {}
        }
    }
}

fn hear<S>(ledger: &mut Ledger<S>, cursor: &mut Cursor, at: Timestamp) -> BTreeMap<ProfileId, Vec<Event>>
where
    S: Store + Scan<Error = <S as Store>::Error>,
    <S as Store>::Error: std::fmt::Debug,
{
    let mut heard = BTreeMap::<_, Vec<Event>>::new();
    loop {
        let events = ledger.at(at).events(cursor, TimeDelta::days(30), 7).unwrap();
        for event in events.events {
            heard.entry(event.profile_id).or_default().push(event);
        }
        *cursor = events.cursor;
        if !events.more {
            return heard;
        }
    }
}

#[test]
fn sweeps_and_events_are_those_of_the_memory_store() {
    let (_folder, mut file) = sqlite();
    let mut memory = Ledger::new(program(), MemoryStore::new());
    fill(&mut file);
    fill(&mut memory);
    let mut cursors = [Cursor::START, Cursor::START];
    for days in [0, 1, 29, 31, 31] {
        let at = days_later(days);
        let swept: Vec<_> = file.at(at).sweep_all().map(Result::unwrap).collect();
        assert_eq!(
            swept,
            memory.at(at).sweep_all().map(Result::unwrap).collect::<Vec<_>>(),
            "after {days} days"
        );
        let (heard, expected) =
            (hear(&mut file, &mut cursors[0], at), hear(&mut memory, &mut cursors[1], at));
        assert_eq!(heard, expected, "after {days} days");
    }
    assert!(file.store().check().unwrap().is_whole());
}

#[test]
fn a_position_of_another_form_is_refused() {
    let (_folder, mut file) = sqlite();
    for text in ["x", "-1", "1+x", "1,2"] {
        let error = file.store().feed(&Position::new(text.to_owned()), 1).unwrap_err();
        assert!(matches!(error, SqliteError::NoSuchPosition), "{text}");
    }
}

/// The tables say what the wallets say, after every command, however often they are brought up to date.
#[test]
fn the_tables_say_what_the_wallets_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let program = json::read(include_bytes!("../goldens/program.json")).unwrap();
    let mut ledger = Ledger::new(program, SqliteStore::open(&path).unwrap());
    let reports = Connection::open(&path).unwrap();
    let mut last = Position::START;
    for (line, place) in include_str!("../goldens/commands.ndjson").lines().zip(0..) {
        let command: Command = json::read(line.as_bytes()).unwrap();
        ledger.run(&command).unwrap();
        // Now after one command, now after several.
        if place % 3 == 0 {
            continue;
        }
        let projected = ledger.store().project().unwrap();
        assert!(projected.entries > 0 && projected.position != last);
        last = projected.position;
        assert_eq!(ledger.store().project().unwrap().entries, 0, "nothing is carried over twice");
        let mut select = reports.prepare("SELECT profile FROM scrip_account").unwrap();
        let profiles = select.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let profiles: Vec<ProfileId> = profiles.map(|name| profile(&name.unwrap())).collect();
        for profile in profiles {
            let wallet = ledger.at(command.at).wallet(profile);
            compare(&reports, &wallet.unwrap());
        }
    }
}

fn compare(reports: &Connection, wallet: &Wallet) {
    let name = wallet.profile_id();
    let rewards = wallet.rewards().into_iter().map(|lot| {
        let values = [lot.value_initial, lot.value_remaining, lot.value_held].map(|q| q.ten_thousandths());
        (lot.id.get(), ("reward", values, lot.expires_at.instant(), lot.external_id))
    });
    let points = wallet.points().into_iter().map(|lot| {
        let values = [lot.value_initial, lot.value_remaining, lot.value_held].map(|q| q.ten_thousandths());
        (lot.id.get(), ("point", values, lot.expires_at.instant(), lot.external_id))
    });
    let expected: BTreeMap<u64, _> = rewards.chain(points).collect();
    let sql = "SELECT lot, kind, initial, remaining, held, expires_at, external_id FROM scrip_lot
        JOIN scrip_account USING (number) WHERE profile = ?";
    let mut select = reports.prepare(sql).unwrap();
    let rows = select.query_map([name.as_str()], |row| {
        let kind: String = row.get(1)?;
        let kind = if kind == "reward" { "reward" } else { "point" };
        let end: Option<i64> = row.get(5)?;
        let external: Option<String> = row.get(6)?;
        let values = [row.get(2)?, row.get(3)?, row.get(4)?];
        let end = end.map(|micros| Timestamp::from_micros(micros).unwrap());
        Ok((
            row.get::<_, i64>(0)?.cast_unsigned(),
            (kind, values, end, external.map(|id| id.parse().unwrap())),
        ))
    });
    assert_eq!(rows.unwrap().map(Result::unwrap).collect::<BTreeMap<_, _>>(), expected, "{name}");
    for redemption in wallet.redemptions() {
        let sql =
            "SELECT r.total, r.returned, r.is_reversed, r.transaction_id, group_concat(i.lot), sum(i.amount)
            FROM scrip_redemption r JOIN scrip_redemption_item i USING (redemption) WHERE redemption = ?";
        let row = reports.query_row(sql, [redemption.id.get().cast_signed()], |row| {
            let transaction: Option<i64> = row.get(3)?;
            Ok((
                (row.get(0)?, row.get(1)?, row.get(2)?, transaction),
                row.get::<_, String>(4)?,
                row.get::<_, i64>(5)?,
            ))
        });
        let lots: Vec<String> = redemption.items.iter().map(|item| item.lot.to_string()).collect();
        let (total, returned) = (redemption.total.ten_thousandths(), redemption.returned.ten_thousandths());
        let transaction = redemption.transaction_id.map(|id| id.get().cast_signed());
        assert_eq!(
            row.unwrap(),
            ((total, returned, redemption.is_reversed, transaction), lots.join(","), total)
        );
    }
    for transaction in wallet.transactions() {
        let sql = "SELECT total, redemption, returned FROM scrip_transaction WHERE transaction_id = ?";
        let id = transaction.id.get().cast_signed();
        let row: (i64, Option<i64>, i64) =
            reports.query_row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        let redemption = transaction.redemption_id.map(|id| id.get().cast_signed());
        assert_eq!(
            row,
            (transaction.total.ten_thousandths(), redemption, transaction.returned.ten_thousandths())
        );
    }
    let sql = "SELECT reward_balance, point_balance FROM scrip_account WHERE profile = ?";
    let balances: (i64, i64) =
        reports.query_row(sql, [name.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let last = wallet.journal().last().unwrap().balances;
    assert_eq!(balances, (last.reward_balance.ten_thousandths(), last.point_balance.ten_thousandths()));
    assert!(wallet.account().lots(LotKind::Reward).len() <= expected.len());
}

#[test]
fn many_entries_are_carried_over_in_several_transactions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let mut ledger = open(&path);
    let bonus = define(&mut ledger);
    let issues = |round: u32| {
        (0..2_500).map(move |n| scrip::IssueReward::new(profile(&format!("{round} {n}")), bonus))
    };
    assert!(ledger.at(now()).commit_all(issues(0)).iter().all(Result::is_ok));
    assert_eq!(ledger.store().project().unwrap().entries, 2_501);
    let count: i64 = Connection::open(&path)
        .unwrap()
        .query_row("SELECT count(*) FROM scrip_lot WHERE remaining = 100000", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 2_500);
}
