//! An import that is killed at any moment is finished by running it again: the ledger is then the uninterrupted one's.

mod common;

use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{NOW, Shop, many_rows, map};

/// How many rows, and how many times it is killed: KILLS=100 ROWS=100000 for the large size.
fn size(name: &str, usual: u32) -> u32 {
    std::env::var(name).ok().and_then(|size| size.parse().ok()).unwrap_or(usual)
}

const IMPORT: [&str; 8] = ["import", "rewards", "old.csv", "--map", "map.toml", "--define", "--at", NOW];

fn shop(file: &str) -> Shop {
    let shop = Shop::new();
    map(&shop.path("map.toml"));
    shop.write("old.csv", file.as_bytes());
    shop
}

#[test]
fn killed_at_any_moment_and_run_again_it_is_the_same() {
    let (rows, kills) = (size("ROWS", 5_000), size("KILLS", 10));
    let file = many_rows(rows);
    let whole = shop(&file);
    let began = Instant::now();
    whole.done(&IMPORT);
    let takes = began.elapsed();
    let balances = |shop: &Shop| shop.done(&["export", "balances", "--at", NOW]);
    let wanted = balances(&whole);

    let mut random = 20_261_126_u64;
    let (mut killed, mut in_between) = (shop(&file), 0);
    for _ in 0..kills {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let moment = takes.mul_f64(f64::from(u32::try_from(random >> 33).unwrap()) / f64::from(1_u32 << 31));
        let mut child = killed.command(&IMPORT).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(moment.max(Duration::from_millis(1)));
        child.kill().unwrap();
        let was_killed = !child.wait().unwrap().success();
        in_between += u32::from(was_killed && killed.has_store());
        if !was_killed {
            // It was over already: begin anew.
            assert_eq!(balances(&killed), wanted);
            killed = shop(&file);
        }
    }
    assert!(in_between > 0, "no import was killed half way");
    killed.done(&IMPORT);
    assert_eq!(balances(&killed), wanted);
    let store = format!("sqlite:{}", killed.path("shop.sqlite").display());
    killed.done(&["check", &store]);
}

/// An interruption ends after the rows in flight, and says how to go on.
#[cfg(unix)]
#[test]
fn an_interruption_finishes_the_rows_in_flight() {
    let shop = shop(&many_rows(100_000));
    let child = shop.command(&IMPORT).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !shop.has_store() {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(300));
    let interrupted =
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let answer: common::Answer = child.wait_with_output().unwrap().into();
    assert!(answer.status == 130 && answer.out.contains("Run it again"), "{answer:?}");
    let issued = shop.done(&["export", "rewards"]).lines().count() - 1;
    assert!(issued > 0 && issued.is_multiple_of(1_000), "{issued}");
}
