//! SQL by hand: what a good engineer writes in an afternoon. A table of lots with an index in the order of use, a table of
//! redemptions and one of what each took; all in one transaction.

use std::path::Path;

use rusqlite::{Connection, Transaction, params};

use super::InFile;
use super::contestants::{LOT_CENTS, LOTS, LaterExpiries, Request, Workload};

pub(crate) struct SqlByHand {
    connection: Connection,
    names: Vec<String>,
    later: LaterExpiries,
}

impl SqlByHand {
    /// `is_tuned`: with as large a page cache and log as scrip takes.
    pub(crate) fn set_up(path: &Path, workload: &Workload, is_tuned: bool) -> Self {
        let mut connection = Connection::open(path).unwrap();
        connection.set_prepared_statement_cache_capacity(64);
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = FULL;
                 CREATE TABLE profile (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
                 CREATE TABLE lot (id INTEGER PRIMARY KEY, profile INTEGER NOT NULL, initial INTEGER NOT NULL,
                    remaining INTEGER NOT NULL, issued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL);
                 CREATE INDEX lot_use ON lot (profile, expires_at, issued_at, id) WHERE remaining > 0;
                 CREATE TABLE redemption (id INTEGER PRIMARY KEY, profile INTEGER NOT NULL, at INTEGER NOT NULL,
                    total INTEGER NOT NULL);
                 CREATE TABLE item (redemption INTEGER NOT NULL, lot INTEGER NOT NULL, amount INTEGER NOT NULL);
                 CREATE INDEX redemption_profile ON redemption (profile);
                 CREATE INDEX item_redemption ON item (redemption);",
            )
            .unwrap();
        if is_tuned {
            connection.execute_batch("PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 8192").unwrap();
        }
        let names: Vec<_> = (0..workload.profiles).map(Workload::name).collect();
        let transaction = connection.transaction().unwrap();
        for (name, profile) in names.iter().zip(0..) {
            transaction
                .prepare_cached("INSERT INTO profile (name) VALUES (?)")
                .unwrap()
                .execute([name])
                .unwrap();
            let id = transaction.last_insert_rowid();
            workload.expiries(profile).into_iter().for_each(|expiry| issue(&transaction, id, expiry));
        }
        transaction.commit().unwrap();
        connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        Self { connection, names, later: LaterExpiries::new() }
    }
}

fn issue(transaction: &Transaction<'_>, profile: i64, expiry: i64) {
    let sql =
        "INSERT INTO lot (profile, initial, remaining, issued_at, expires_at) VALUES (?1, ?2, ?2, 0, ?3)";
    transaction.prepare_cached(sql).unwrap().execute(params![profile, LOT_CENTS, expiry]).unwrap();
}

fn redeem(transaction: &Transaction<'_>, name: &str, cents: i64, later: &mut LaterExpiries) {
    let find = "SELECT id FROM profile WHERE name = ?";
    let profile: i64 = transaction.prepare_cached(find).unwrap().query_row([name], |row| row.get(0)).unwrap();
    let mut taken = draw(transaction, profile, cents);
    if taken.is_none() {
        (0..LOTS).for_each(|_| issue(transaction, profile, later.next()));
        taken = draw(transaction, profile, cents);
    }
    let insert = "INSERT INTO redemption (profile, at, total) VALUES (?, 0, ?)";
    transaction.prepare_cached(insert).unwrap().execute(params![profile, cents]).unwrap();
    let redemption = transaction.last_insert_rowid();
    for (lot, amount) in taken.unwrap() {
        let update = "UPDATE lot SET remaining = remaining - ? WHERE id = ?";
        transaction.prepare_cached(update).unwrap().execute(params![amount, lot]).unwrap();
        let insert = "INSERT INTO item VALUES (?, ?, ?)";
        transaction.prepare_cached(insert).unwrap().execute(params![redemption, lot, amount]).unwrap();
    }
}

/// What each lot is to give, soonest first; `None` if there is too little.
fn draw(transaction: &Transaction<'_>, profile: i64, cents: i64) -> Option<Vec<(i64, i64)>> {
    let sql = "SELECT id, remaining FROM lot WHERE profile = ? AND remaining > 0 AND expires_at > 0
        ORDER BY expires_at, issued_at, id";
    let mut select = transaction.prepare_cached(sql).unwrap();
    let mut rows = select.query([profile]).unwrap();
    let (mut taken, mut left) = (Vec::new(), cents);
    while left > 0 {
        let row = rows.next().unwrap()?;
        let amount = left.min(row.get(1).unwrap());
        taken.push((row.get(0).unwrap(), amount));
        left -= amount;
    }
    Some(taken)
}

impl InFile for SqlByHand {
    fn one_by_one(&mut self, requests: &[Request]) {
        requests.chunks(1).for_each(|request| self.grouped(request));
    }

    fn grouped(&mut self, requests: &[Request]) {
        let transaction = self.connection.transaction().unwrap();
        for request in requests {
            redeem(&transaction, &self.names[request.profile as usize], request.cents, &mut self.later);
        }
        transaction.commit().unwrap();
    }

    fn check(&mut self) -> i64 {
        let sum = |sql: &str| self.connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let (issued, left) = (sum("SELECT sum(initial) FROM lot"), sum("SELECT sum(remaining) FROM lot"));
        assert_eq!(issued, left + sum("SELECT sum(amount) FROM item"), "value appeared or vanished");
        sum("SELECT sum(total) FROM redemption")
    }
}
