//! Files that cannot be opened, made or written: an error that names the file, and nothing is left behind.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

use scrip::store::sqlite::{SqliteOptions, SqliteStore};
use scrip::{Amount, Error};

use crate::shop::{balance, define, issue, now, open, open_with, redeem};

/// Set for the test that is started again without the rights of a superuser.
const BOUND: &str = "SCRIP_BOUND_BY_PERMISSIONS";

/// What stops everybody, whatever they may do.
#[test]
fn what_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = kept(&folder.path().join("ledger.sqlite"));
    let uri = |path: &Path| PathBuf::from(format!("file:{}?mode=ro", path.display()));
    fs::create_dir(folder.path().join("directory")).unwrap();
    fs::write(folder.path().join("letter.txt"), "Dear customer, this is no database. ".repeat(100)).unwrap();
    let missing = folder.path().join("missing.sqlite");
    for path in [
        folder.path().join("no/such/ledger.sqlite"),
        folder.path().join("directory"),
        folder.path().join("letter.txt"),
        folder.path().join("letter.txt/ledger.sqlite"),
        uri(&ledger),
        uri(&missing),
    ] {
        is_refused(folder.path(), &path, &SqliteOptions::new());
    }
    // Nobody makes files there.
    #[cfg(target_os = "linux")]
    is_refused(folder.path(), Path::new("/proc/scrip.sqlite"), &SqliteOptions::new());
    is_refused(folder.path(), &missing, &SqliteOptions::new().read_only());
    still_has(&ledger);
}

/// What stops those whom permissions bind. A superuser gives that right up for this test.
#[test]
fn what_may_not_be_written_is_named() {
    if are_bound() {
        permissions();
        return;
    }
    assert!(std::env::var_os(BOUND).is_none(), "started again, and permissions still mean nothing");
    let mut again = Process::new("setpriv");
    again.arg("--bounding-set=-dac_override,-dac_read_search").arg(std::env::current_exe().unwrap());
    let name = "opening::what_may_not_be_written_is_named";
    again.args([name, "--exact", "--test-threads=1"]).env(BOUND, "1");
    match again.output() {
        Ok(output) if !output.stderr.starts_with(b"setpriv:") => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        }
        _ => {
            eprintln!("\n*** SKIPPED: permissions mean nothing to this user, and setpriv does not help ***\n")
        }
    }
}

fn permissions() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = kept(&folder.path().join("ledger.sqlite"));
    let allow = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    for mode in [0o444, 0o000] {
        allow(&ledger, mode);
        is_refused(folder.path(), &ledger, &SqliteOptions::new());
    }
    allow(&ledger, 0o644);
    allow(folder.path(), 0o555);
    is_refused(folder.path(), &ledger, &SqliteOptions::new());
    is_refused(folder.path(), &folder.path().join("missing.sqlite"), &SqliteOptions::new());
    allow(folder.path(), 0o755);
    // Who only wants to read says so, and may. SQLite gives the files that it makes meanwhile the same permissions.
    allow(&ledger, 0o444);
    assert_eq!(balance(&mut open_with(&ledger, SqliteOptions::new().read_only()), "alice"), Amount::from(9));
    allow(&ledger, 0o644);
    let mut stuck = open(&ledger);
    for _ in 0..2 {
        let Error::Store(error) = stuck.at(now()).commit(redeem("alice", 1)).unwrap_err() else { panic!() };
        assert_eq!(error.code(), "read_only", "{error:?}");
        assert!(error.to_string().contains("-wal"), "{error}");
        assert_eq!(balance(&mut stuck, "alice"), Amount::from(9));
    }
    drop(stuck);
    for end in ["-wal", "-shm"] {
        let beside = PathBuf::from(format!("{}{end}", ledger.display()));
        if beside.exists() {
            allow(&beside, 0o644);
        }
    }
    still_has(&ledger);
}

/// A ledger with something in it, closed.
fn kept(path: &Path) -> PathBuf {
    let mut ledger = open(path);
    let bonus = define(&mut ledger);
    issue(&mut ledger, "alice", bonus);
    ledger.at(now()).commit(redeem("alice", 1)).unwrap();
    path.to_path_buf()
}

fn still_has(path: &Path) {
    let mut ledger = open(path);
    assert_eq!(balance(&mut ledger, "alice"), Amount::from(9));
    ledger.at(now()).commit(redeem("alice", 9)).unwrap();
    assert!(ledger.store().check().unwrap().is_whole());
}

fn is_refused(folder: &Path, path: &Path, options: &SqliteOptions) {
    let before = contents(folder);
    let error = SqliteStore::open_with(path, options.clone()).expect_err(&path.display().to_string());
    assert_eq!(error.code(), "cannot_open", "{error:?}");
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    assert!(std::error::Error::source(&error).is_some(), "and says why");
    assert_eq!(contents(folder), before, "{error}");
}

/// The names of all that is in a folder, and what the files hold that can be read.
fn contents(folder: &Path) -> Vec<(PathBuf, Option<Vec<u8>>)> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut contents: Vec<_> = paths.map(|path| (path.clone(), fs::read(&path).ok())).collect();
    contents.sort();
    contents
}

fn are_bound() -> bool {
    let probe = tempfile::NamedTempFile::new().unwrap();
    fs::set_permissions(probe.path(), Permissions::from_mode(0o444)).unwrap();
    fs::OpenOptions::new().write(true).open(probe.path()).is_err()
}
