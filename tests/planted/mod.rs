//! Bugs that the properties must catch. Each is one line beside the code that it spoils, in the model or in what a property
//! sends and reads: `if bug("a window that excludes its end")`. None is in the library: an engine with the bug differs from
//! the right model just as the right engine differs from a model with it.

use std::cell::Cell;
use std::panic::catch_unwind;
use std::process::Command;

use proptest::test_runner::{Config, RngSeed};

thread_local!(static PLANTED: Cell<Option<&'static str>> = const { Cell::new(None) });

/// Whether this bug is planted in what this thread runs.
pub fn bug(name: &str) -> bool {
    PLANTED.get() == Some(name)
}

/// How a property is run: `PROPTEST_CASES` sets another number of cases. With a bug in it, the cases are the same ones on
/// every run, and the first that fails is enough.
pub fn config(cases: u32) -> Config {
    // A failure prints the commands that led to it, which is more than a seed would tell later.
    let usual = Config { failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    if PLANTED.get().is_some() {
        return Config { cases, max_shrink_iters: 0, rng_seed: RngSeed::Fixed(20261123), ..usual };
    }
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    Config { cases: asked.unwrap_or(cases), ..usual }
}

/// The property fails with each of these bugs planted.
pub fn catches(property: fn(), bugs: &[&'static str]) {
    if std::env::vars().any(|(name, _)| name.starts_with("PROPTEST_")) {
        return without_other_cases();
    }
    for bug in bugs {
        PLANTED.set(Some(bug));
        let outcome = catch_unwind(property);
        PLANTED.set(None);
        assert!(outcome.is_err(), "not caught: {bug}");
    }
}

/// The environment asks for other cases, which may meet a bug or not, and overrules what a property asks for: so all of this
/// thread's test runs, once, in a process without that.
fn without_other_cases() {
    thread_local!(static HAS_RUN: Cell<bool> = const { Cell::new(false) });
    if HAS_RUN.replace(true) {
        return;
    }
    let thread = std::thread::current();
    let mut same = Command::new(std::env::current_exe().unwrap());
    same.args([thread.name().expect("a test's thread has its name"), "--exact"]);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PROPTEST_")) {
        same.env_remove(name);
    }
    let ran = same.output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
}
