use super::*;

/// The migration that was released prints them.
#[test]
fn the_tables_are_those_that_were_released() {
    assert_eq!(create("scrip"), include_str!("../../../../tests/goldens/tables_postgres.sql"));
}
