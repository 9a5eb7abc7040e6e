//! A disk that is really full, and a file that may not grow: what was acknowledged stays, what was refused never
//! happened, and with room again it goes on where it was.
//!
//! The child is this very test, started again where there is little room. It says on its standard output what was
//! acknowledged, and leaves without closing the file.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command as Process, Stdio};

use scrip::store::sqlite::{SqliteError, SqliteOptions, SqliteStore};
use scrip::{Amount, Command, DefinitionId, Error, IssueReward, Ledger, Request};

use crate::shop::{balance, define, issue, now, open, open_with, profile, redeem};

const CHILD: &str = "SCRIP_FULL_CHILD";
const CUSTOMERS: usize = 5;
/// Units of 512 bytes. They are no whole number of pages, so that the last write is cut short.
const LIMIT: &str = "trap '' XFSZ; ulimit -S -f 801";
/// A disk of the child's own, that nobody else sees and that goes when it does.
const DISK: &str = "mount -t tmpfs -o size=900k scrip";
const UNSHARE: [&str; 3] = ["unshare", "--map-root-user", "--mount"];
/// What is taken off the disk to make room.
const BALLAST: usize = 400 << 10;
const FILES: [&str; 2] = ["ledger.sqlite", "ledger.sqlite-wal"];
/// The log hits the limit; or the file does first, while the log is carried over to it.
const LOGS: [usize; 2] = [32 << 20, 64 << 10];

#[test]
fn a_file_that_may_not_grow_loses_nothing() {
    let lifting = format!("{LIMIT}; prlimit --pid $$ --fsize=unlimited");
    let mut can_lift = Process::new("sh");
    let can_lift = can_lift.args(["-c", &lifting]).stderr(Stdio::null()).status().unwrap().success();
    if !can_lift {
        eprintln!("\n*** SKIPPED: no prlimit, so that a process could go on with room again ***\n");
    }
    for (log, then) in LOGS.into_iter().flat_map(|log| [(log, "leave"), (log, "lift")]) {
        if then == "leave" || can_lift {
            let folder = tempfile::tempdir().unwrap();
            let mut shell = Process::new("sh");
            shell.args(["-c", &format!("{LIMIT}; exec \"$0\" \"$@\"")]);
            let acknowledged = fill(shell, &format!("io {then} {log} {}", folder.path().display()));
            if then == "leave" {
                let sizes = FILES.map(|name| std::fs::metadata(folder.path().join(name)).unwrap().len());
                assert_eq!(sizes.map(|size| size > 400_000), [log == LOGS[1], true], "{log}: {sizes:?}");
            }
            is_what_was_acknowledged(&folder.path().join(FILES[0]), &acknowledged);
        }
    }
}

#[test]
fn a_disk_that_is_full_loses_nothing() {
    for log in LOGS {
        // The disk is mounted upon the first folder; the other is where the child leaves its files.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk");
        std::fs::create_dir(&path).unwrap();
        let mut probe = Process::new(UNSHARE[0]);
        probe.args(&UNSHARE[1..]).args(["sh", "-c", &format!("{DISK} '{}'", path.display())]);
        if !probe.stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
            eprintln!("\n*** SKIPPED: no small disk can be had here (unshare and a tmpfs) ***\n");
            return;
        }
        let mut shell = Process::new(UNSHARE[0]);
        shell.args(&UNSHARE[1..]);
        shell.args(["sh", "-c", &format!("{DISK} '{}' && exec \"$0\" \"$@\"", path.display())]);
        let acknowledged = fill(shell, &format!("full remove {log} {}", path.display()));
        is_what_was_acknowledged(&folder.path().join(FILES[0]), &acknowledged);
    }
}

/// A file that was made by half is made whole once there is room.
#[test]
fn a_file_that_there_is_no_room_to_make_is_an_error() {
    for blocks in [0, 1, 7, 9, 41, 99] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILES[0]);
        let mut shell = Process::new("sh");
        shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")]);
        assert!(fill(shell, &format!("cannot_open fail 0 {}", folder.path().display())).is_empty());
        let mut ledger = open(&path);
        let bonus = define(&mut ledger);
        issue(&mut ledger, "alice", bonus);
        assert!(ledger.store().check().unwrap().is_whole());
    }
}

/// What the child does when it is started for it; by itself, nothing.
#[test]
fn child() {
    let Ok(task) = std::env::var(CHILD) else { return };
    let words: Vec<&str> = task.splitn(4, ' ').collect();
    let &[code, then, log, folder] = words.as_slice() else { panic!("{task}") };
    let folder = Path::new(folder);
    if then == "remove" {
        std::fs::write(folder.join("ballast"), vec![7; BALLAST]).unwrap();
    }
    let options = SqliteOptions::new().log_bytes(log.parse().unwrap());
    if then == "fail" {
        let error = SqliteStore::open_with(folder.join(FILES[0]), options).expect_err("no room to make it");
        assert_eq!(error.code(), code, "{error:?}");
        std::process::exit(0);
    }
    let mut ledger = open_with(&folder.join(FILES[0]), options);
    let bonus = define(&mut ledger);
    let mut done = 0;
    let refused = loop {
        // One by one, and in batches.
        let size = if done % 3 == 0 { 20 } else { 1 };
        let steps = done..done + size;
        match run(&mut ledger, bonus, steps.clone()) {
            Ok(()) => done = steps.end,
            Err(error) => break (steps, error),
        }
        assert!(done < 100_000, "it never fills");
    };
    // Looking goes on, nothing of it stays in memory, and asking again is no better.
    let (steps, mut error) = refused;
    for _ in 0..3 {
        let Error::Store(refusal) = error else { panic!("{error:?}") };
        assert_eq!(refusal.code(), code, "{refusal:?}");
        let paid = balances(&mut ledger);
        assert_eq!(paid, expected(0..done), "{steps:?}");
        let checked = ledger.store().check().unwrap();
        assert!(checked.is_whole(), "{checked:?}");
        error = run(&mut ledger, bonus, steps.clone()).expect_err("there is no room");
    }
    match then {
        "lift" => {
            let mut lift = Process::new("prlimit");
            lift.args(["--pid", &std::process::id().to_string(), "--fsize=unlimited"]);
            assert!(lift.status().unwrap().success());
        }
        "remove" => std::fs::remove_file(folder.join("ballast")).unwrap(),
        // As if it were killed: nothing is closed.
        _ => std::process::exit(0),
    }
    run(&mut ledger, bonus, steps.clone()).unwrap();
    (0..10).for_each(|step| run(&mut ledger, bonus, steps.end + step..steps.end + step + 1).unwrap());
    if then == "remove" {
        for name in FILES {
            std::fs::copy(folder.join(name), folder.parent().unwrap().join(name)).unwrap();
        }
    }
    std::process::exit(0);
}

/// Takes some steps at once, and says that they were acknowledged. Whatever is refused is all refused.
fn run(
    ledger: &mut Ledger<SqliteStore>,
    bonus: DefinitionId,
    steps: std::ops::Range<usize>,
) -> Result<(), Error<SqliteError>> {
    let commands: Vec<Command> = steps
        .clone()
        .map(|step| {
            let name = customer(step);
            let issue: Request = IssueReward::new(profile(&name), bonus).into();
            let request = if step % 2 == 0 { issue } else { redeem(&name, 3).into() };
            Command::new(now(), request).keyed(step.to_string().parse().unwrap())
        })
        .collect();
    let answers = ledger.run_all(&commands);
    let acknowledged = answers.iter().filter(|answer| answer.is_ok()).count();
    assert!(acknowledged == 0 || acknowledged == answers.len(), "{answers:?}");
    for answer in answers {
        answer?;
    }
    let mut out = std::io::stdout().lock();
    steps.for_each(|step| writeln!(out, "\nack {step}").unwrap());
    out.flush().unwrap();
    Ok(())
}

fn customer(step: usize) -> String {
    format!("customer {}", step / 2 % CUSTOMERS)
}

/// What each customer has after some steps.
fn expected(steps: impl IntoIterator<Item = usize>) -> Vec<Amount> {
    let mut dollars = [0_i64; CUSTOMERS];
    for step in steps {
        dollars[step / 2 % CUSTOMERS] += if step % 2 == 0 { 10 } else { -3 };
    }
    dollars.iter().map(|dollars| dollars.to_string().parse().unwrap()).collect()
}

fn balances(ledger: &mut Ledger<SqliteStore>) -> Vec<Amount> {
    (0..CUSTOMERS).map(|place| balance(ledger, &customer(2 * place))).collect()
}

/// Starts a child through a shell that sees to it that there is little room. Answers what was acknowledged.
fn fill(mut shell: Process, task: &str) -> BTreeSet<usize> {
    shell.arg(std::env::current_exe().unwrap());
    shell.args(["full::child", "--exact", "--nocapture", "--test-threads=1"]).env(CHILD, task);
    let output = shell.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{task}: {said}\n{}", String::from_utf8_lossy(&output.stderr));
    let acknowledged = said.lines().filter_map(|line| line.strip_prefix("ack "));
    acknowledged.map(|step| step.parse().unwrap()).collect()
}

/// With room again, the file has all that was acknowledged, once, and nothing else; and it goes on.
fn is_what_was_acknowledged(path: &Path, acknowledged: &BTreeSet<usize>) {
    assert!(acknowledged.len() > 40, "{acknowledged:?}");
    let mut ledger = open(path);
    let checked = ledger.store().check().unwrap();
    assert!(checked.is_whole(), "{checked:?}");
    let mut found = Vec::new();
    for place in 0..CUSTOMERS {
        let wallet = ledger.at(now()).wallet(profile(&customer(2 * place))).unwrap();
        assert!(wallet.account().is_conserved());
        found.extend(wallet.journal().iter().filter_map(|entry| entry.key()?.as_str().parse::<usize>().ok()));
    }
    found.sort_unstable();
    assert!(found.iter().eq(acknowledged), "{found:?}, and not {acknowledged:?}");
    assert_eq!(balances(&mut ledger), expected(found));
    issue(&mut ledger, "late", DefinitionId::new(1).unwrap());
    assert_eq!(balance(&mut ledger, "late"), Amount::from(10));
}
