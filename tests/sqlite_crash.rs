//! A process that is killed in the middle of its work, again and again: nothing acknowledged is lost, nothing happens
//! twice, and no value appears or vanishes.
//!
//! The child is this very test, started again. It redeems under keys, says on its standard output what was acknowledged,
//! and is killed without warning.

#![cfg(feature = "sqlite")]

#[path = "sqlite/shop.rs"]
#[allow(dead_code)] // Other tests use more of it.
mod shop;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command as Process, Stdio};

use scrip::store::sqlite::{SqliteOptions, SqliteStore};
use scrip::{Amount, Command, Ledger, Redeem};

use shop::{define, issue, now, open, open_with, profile, redeem};

const CHILD: &str = "SCRIP_CRASH_CHILD";
const CUSTOMERS: u32 = 7;
const ROUNDS: u32 = 12;

/// What the child does when it is started for it; by itself, nothing.
#[test]
fn child() {
    let Ok(task) = std::env::var(CHILD) else { return };
    let mut words = task.splitn(4, ' ');
    let mut number = || words.next().unwrap().parse::<u32>().unwrap();
    let (writer, round, batch) = (number(), number(), number());
    let path = words.next().unwrap();
    let mut ledger = open_with(Path::new(path), SqliteOptions::new().resident(writer as usize * 100));
    let mut out = std::io::stdout().lock();
    for step in 0.. {
        let keys: Vec<String> =
            (0..batch).map(|place| format!("{writer}-{round}-{}", step * batch + place)).collect();
        let commands: Vec<_> = keys.iter().map(|key| command(key)).collect();
        for (key, answer) in keys.iter().zip(ledger.run_all(&commands)) {
            answer.unwrap();
            writeln!(out, "ack {key}").unwrap();
        }
        out.flush().unwrap();
    }
}

/// The same key is always the same request.
fn command(key: &str) -> Command<Redeem> {
    let step: u32 = key.rsplit('-').next().unwrap().parse().unwrap();
    let name = format!("customer {}", step % CUSTOMERS);
    Command::new(now(), redeem(&name, 1 + step % 3)).keyed(key.parse().unwrap())
}

/// Starts a child and kills it once it has acknowledged so many. Answers all that it did acknowledge.
fn killed(path: &Path, writer: u32, round: u32, batch: u32, after: usize) -> Vec<String> {
    let mut child = Process::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, format!("{writer} {round} {batch} {}", path.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        // The pipe may end within a line.
        if let Some(key) = line.unwrap().strip_prefix("ack ") {
            acknowledged.push(key.to_owned());
        }
        if acknowledged.len() == after {
            child.kill().unwrap(); // SIGKILL; what it wrote before is still read.
        }
    }
    assert!(!child.wait().unwrap().success(), "it was to be killed");
    assert!(acknowledged.len() >= after);
    acknowledged
}

/// The keys of all redemptions, and what they took.
fn redeemed(ledger: &mut Ledger<SqliteStore>) -> Vec<(String, Amount)> {
    let mut redeemed = Vec::new();
    for customer in 0..CUSTOMERS {
        let wallet = ledger.at(now()).wallet(profile(&format!("customer {customer}"))).unwrap();
        assert!(wallet.account().is_conserved());
        for entry in wallet.journal() {
            if let Some(key) = entry.key() {
                let redemption = scrip::RedemptionId::new(entry.id(wallet.account().number()).get()).unwrap();
                redeemed.push((key.to_string(), wallet.redemption(redemption).unwrap().total));
            }
        }
    }
    redeemed
}

#[test]
fn a_killed_process_loses_nothing_and_does_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let mut ledger = open(&path);
    let bonus = define(&mut ledger);
    for customer in 0..CUSTOMERS {
        let commands = (0..600).map(|_| {
            let mut reward = scrip::IssueReward::new(profile(&format!("customer {customer}")), bonus);
            reward.value_initial = Some(Amount::from(1000));
            reward
        });
        assert!(ledger.at(now()).commit_all(commands).iter().all(Result::is_ok));
    }
    drop(ledger);
    let seed: u64 = std::env::var("SCRIP_CRASH_SEED").map_or(42, |seed| seed.parse().unwrap());
    let mut random = seed;
    let mut all = BTreeSet::new();
    for round in 0..ROUNDS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let after = 1 + usize::try_from(random >> 33).unwrap() % 200;
        // Two at once in every third round: one by one, and in batches.
        let writers = if round % 3 == 2 { 2 } else { 1 };
        let threads: Vec<_> = (0..writers)
            .map(|writer| {
                let (path, batch) = (path.clone(), if (round + writer) % 2 == 0 { 1 } else { 10 });
                std::thread::spawn(move || killed(&path, writer, round, batch, after))
            })
            .collect();
        let acknowledged: Vec<String> = threads.into_iter().flat_map(|t| t.join().unwrap()).collect();
        all.extend(acknowledged.iter().cloned());

        let mut ledger = open(&path);
        let checked = ledger.store().check().unwrap();
        assert!(checked.is_whole(), "round {round}: {checked:?}");
        let found = redeemed(&mut ledger);
        let keys: BTreeSet<String> = found.iter().map(|(key, _)| key.clone()).collect();
        assert_eq!(keys.len(), found.len(), "a key was carried out twice");
        let lost: Vec<_> = all.difference(&keys).collect();
        assert!(lost.is_empty(), "round {round}: acknowledged and lost: {lost:?}");
        for (key, total) in &found {
            assert_eq!(*total, command(key).request.amount, "{key}");
        }
        // Whoever was not told whether it happened asks again, and it has happened once.
        let next =
            acknowledged.iter().map(|key| key.rsplit_once('-').unwrap().1.parse::<u32>().unwrap()).max();
        for step in 0..next.unwrap() + 15 {
            ledger.run(&command(&format!("0-{round}-{step}"))).unwrap();
        }
        let again = redeemed(&mut ledger);
        let keys: BTreeSet<&String> = again.iter().map(|(key, _)| key).collect();
        assert_eq!(keys.len(), again.len(), "a key was carried out twice");
        all.extend(again.iter().map(|(key, _)| key.clone()));
        let spent: u64 = again.iter().map(|(_, total)| total.ten_thousandths().unsigned_abs()).sum();
        let left: u64 = (0..CUSTOMERS)
            .map(|n| ledger.at(now()).balances(profile(&format!("customer {n}"))).unwrap().reward_balance)
            .map(|balance| balance.ten_thousandths().unsigned_abs())
            .sum();
        assert_eq!(spent + left, u64::from(CUSTOMERS) * 600 * 1000 * 10_000, "value appeared or vanished");
    }
    assert!(all.len() > 500);
    let mut ledger = open(&path);
    issue(&mut ledger, "customer 0", bonus);
}
