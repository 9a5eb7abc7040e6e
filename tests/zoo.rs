//! The conformance suite can fail: for each case there is a store with a flaw that this case alone finds. Flaws that break
//! several promises are found by several cases, and by no others than they say.

#![cfg(feature = "conformance")]

#[path = "zoo/find.rs"]
mod find;
#[path = "zoo/flaw.rs"]
mod flaw;
#[path = "zoo/scan.rs"]
mod scan;
#[path = "zoo/toy.rs"]
mod toy;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use flaw::{FLAWS, Flaw};
use scrip::MemoryStore;
use scrip::store::conformance::{self, CASES, CORRUPT_CASE, SCAN_CASES};
use toy::Toy;

/// Drives a future that never really waits.
fn drive<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

/// The cases that fail on a toy with a flaw.
fn failing(flaw: Option<Flaw>) -> Vec<&'static str> {
    let mut make = async || {
        let toy = Toy::new(flaw);
        async move || toy.handle()
    };
    let mut results = Vec::new();
    for case in CASES {
        results.push((*case, drive(conformance::check_case(case, &mut make))));
    }
    for case in SCAN_CASES {
        results.push((*case, drive(conformance::check_scan_case(case, &mut make))));
    }
    let toy = Toy::new(flaw);
    let corrupt = conformance::check_corrupt(async || toy.handle(), async |profile| toy.spoil(profile));
    results.push((CORRUPT_CASE, drive(corrupt)));
    let failed = results.into_iter().filter_map(|(case, result)| Some((case, result.err()?)));
    failed
        .map(|(case, failure)| {
            assert_eq!(failure.case, case, "{failure}");
            case
        })
        .collect()
}

#[test]
fn a_store_without_a_flaw_passes() {
    assert_eq!(failing(None), Vec::<&str>::new());
}

#[test]
fn each_flaw_is_found_by_its_cases_and_no_other() {
    let mut wrong = Vec::new();
    for (flaw, expected) in FLAWS {
        let failed = failing(Some(*flaw));
        if failed != *expected {
            wrong.push(format!("{flaw:?} fails in {failed:?}, not in {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_case_alone_finds_some_flaw() {
    let all = CASES.iter().chain(SCAN_CASES).chain([&CORRUPT_CASE]);
    let blind: Vec<_> = all.filter(|case| !FLAWS.iter().any(|(_, found_by)| *found_by == [**case])).collect();
    assert!(blind.is_empty(), "no flaw is found by these alone: {blind:?}");
}

#[test]
fn the_memory_store_passes() {
    let make = || {
        let backing = MemoryStore::new();
        move || backing.clone()
    };
    conformance::check_blocking(make).unwrap();
    conformance::check_scan_blocking(make).unwrap();
}

#[test]
fn an_unknown_case_is_an_error() {
    let mut make = || MemoryStore::new;
    assert_eq!(conformance::check_case_blocking("no such case", &mut make).unwrap_err().case, "unknown");
}
