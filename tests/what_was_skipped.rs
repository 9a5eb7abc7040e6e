//! Says which tests were skipped because something is missing on this machine: what a passing test prints is swallowed, and
//! what this program prints is not.

#[allow(dead_code)] // The tests of the store use the rest.
mod cluster;

use std::path::{Path, PathBuf};

fn main() {
    let on_path = |name: &str| {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let mut places: Vec<PathBuf> = std::env::split_paths(&paths).map(|path| path.join(name)).collect();
        places.retain(|place| place.is_file());
        !places.is_empty()
    };
    let is_there = [
        ("PostgreSQL (initdb, pg_ctl)", "the PostgreSQL store", cluster::is_installed()),
        (
            "Chromium (chromium, chromedriver)",
            "the pages of the server and of the reports",
            on_path("chromium") && on_path("chromedriver"),
        ),
        (
            "bean-check (in target/beancount) and hledger",
            "the books",
            Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/target/beancount/bin/bean-check")).is_file()
                && Path::new("/usr/bin/hledger").is_file(),
        ),
    ];
    println!();
    for (needed, tested, is_there) in is_there {
        let ran = if is_there { "ran" } else { "SKIPPED: it is not on this machine" };
        println!("tests of {tested}, which need {needed}: {ran}");
    }
    println!();
}
