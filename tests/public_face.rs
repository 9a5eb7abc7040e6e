//! The crate root stays small, and can be imported whole beside proptest's prelude.

// Two names that could be either are a warning in some compilers.
#![deny(warnings)]

use proptest::prelude::*;
use scrip::*;

/// The most names at the crate root. A type that few programs name belongs in its module.
const MOST: usize = 45;

/// The names that `lib.rs` re-exports, without modules.
fn names(lib: &str) -> Vec<&str> {
    let reexports = lib.split("\npub use ").skip(1).filter_map(|after| after.split(';').next());
    reexports
        .flat_map(|path| match path.split_once('{') {
            Some((_, list)) => list.split([',', '}']).map(str::trim).collect(),
            None => vec![path.rsplit("::").next().unwrap_or(path)],
        })
        .filter(|name| name.starts_with(|first: char| first.is_uppercase() || first == '*'))
        .collect()
}

#[test]
fn the_root_has_few_names() {
    let names = names(include_str!("../src/lib.rs"));
    assert!(names.contains(&"Ledger"), "lib.rs is not read as it is written: {names:?}");
    assert!(!names.contains(&"*"), "a whole module is re-exported");
    assert!(names.len() <= MOST, "{} names at the root: {names:?}", names.len());
}

/// Fails to compile if a name of the root is one of proptest's: with both imported whole, neither could be used.
fn points() -> impl Strategy<Value = Points> {
    (0u32..1_000).prop_map(Points::from)
}

proptest! {
    #[test]
    fn both_preludes_are_imported_whole(points in points()) {
        prop_assert_eq!(points.to_string().parse::<Points>(), Ok(points));
    }
}
