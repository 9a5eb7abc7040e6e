//! The statements that commit: they compare and swap heads, and append the rows of those that swapped.

use tokio_postgres::types::Type;

use super::Sql;

/// The commit, with and without look-up rows: a table that a statement could write to costs time even if it does not.
#[derive(Debug)]
pub(in super::super) struct Commit {
    /// Entries and states alone, as most commits are.
    pub(in super::super) plain: Sql,
    pub(in super::super) whole: Sql,
    /// The same, of those accounts that have used none of the keys and names before.
    pub(in super::super) with_new_names: Sql,
}

/// Which look-up rows a commit writes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LookUps {
    None,
    Any,
    New,
}

/// The commit of one entry and of the state after it, as most commits are. It takes plain values: with an array for each,
/// the server needs half as long again.
#[derive(Debug)]
pub(in super::super) struct CommitEntry {
    pub(in super::super) unkeyed: Sql,
    pub(in super::super) keyed: Sql,
    /// The same, if the profile has not used the key before.
    pub(in super::super) with_new_key: Sql,
}

/// For some profiles. The first parameters: the offset of positions; numbers, profiles, sequences before and after.
pub(super) fn commit(schema: &str) -> Commit {
    let [plain, whole, with_new_names] =
        [LookUps::None, LookUps::Any, LookUps::New].map(|look_ups| statement(schema, look_ups));
    Commit { plain, whole, with_new_names }
}

/// For one profile. The parameters: the offset of positions; number, profile, sequences before and after; the instant and
/// the bytes of the entry; the deadline, the first end and the bytes of the state, all null if it is not written; the key,
/// if there is one.
pub(super) fn commit_entry(schema: &str) -> CommitEntry {
    let statement = |rows: LookUps| {
        let is_new = format!(
            "WHERE NOT EXISTS (SELECT FROM {schema}.key k WHERE k.number = $2 AND k.key = $11::text)"
        );
        let key = format!(
            ", k AS (INSERT INTO {schema}.key (number, key, sequence) SELECT $2, $11::text, $5 FROM s)"
        );
        let (is_new, key) = match rows {
            LookUps::None => ("", ""),
            LookUps::Any => ("", key.as_str()),
            LookUps::New => (is_new.as_str(), key.as_str()),
        };
        let swap = format!("SELECT $2::integer, $3::text, $5::integer, $4::integer, {POSITION} {is_new}");
        let text = format!(
            "WITH s AS ({}),
         j AS (
             INSERT INTO {schema}.journal (number, sequence, at, position, entry)
             SELECT $2, $5, $6::bigint, s.position, $7::bytea FROM s),
         t AS (
             INSERT INTO {schema}.state AS t (number, sequence, deadline, expires, state)
             SELECT $2, $5, $8::bigint, $9::bigint, $10::bytea FROM s WHERE $10 IS NOT NULL {}){key}
         SELECT number FROM s",
            swap_heads(schema, &swap),
            UNLESS_NEWER
        );
        let (int, long, bytes) = (Type::INT4, Type::INT8, Type::BYTEA);
        let mut types = vec![long.clone(), int.clone(), Type::TEXT, int.clone(), int];
        types.extend([&long, &bytes, &long, &long, &bytes].map(Type::clone));
        types.extend((rows != LookUps::None).then_some(Type::TEXT));
        Sql { text, types }
    };
    CommitEntry {
        unkeyed: statement(LookUps::None),
        keyed: statement(LookUps::Any),
        with_new_key: statement(LookUps::New),
    }
}

/// The feed position of the entries written now, unless the same journal has a later one already: a transaction that was
/// open before may write after one that began later, and a journal's positions never go back.
const POSITION: &str = "$1::bigint + pg_current_xact_id()::text::bigint";

/// What becomes of a state that is written already.
const UNLESS_NEWER: &str = "ON CONFLICT (number) DO UPDATE SET sequence = excluded.sequence,
                 deadline = excluded.deadline, expires = excluded.expires, state = excluded.state
             WHERE t.sequence < excluded.sequence";

/// Swaps heads for the rows of a query, and returns those that swapped.
fn swap_heads(schema: &str, swap: &str) -> String {
    format!(
        "
             INSERT INTO {schema}.head AS h (number, profile, sequence, previous, position)
             {swap}
             ON CONFLICT (number) DO UPDATE SET sequence = excluded.sequence, previous = excluded.previous,
                 position = greatest(h.position, excluded.position)
             WHERE h.sequence = excluded.previous
             RETURNING number, position"
    )
}

/// Swaps heads, and appends the rows of those that swapped.
fn statement(schema: &str, rows: LookUps) -> Sql {
    let look_ups = if rows == LookUps::None { String::new() } else { look_ups(schema) };
    let are_new = if rows == LookUps::New { are_names_new(schema) } else { String::new() };
    // Rows that are locked in one order do not deadlock.
    let swap = format!(
        "SELECT u.number, u.profile, u.sequence, u.previous, {POSITION} FROM
             unnest((SELECT $2::integer[]), $3::text[], $4::integer[], $5::integer[])
                 AS u(number, profile, previous, sequence) {are_new} ORDER BY u.number"
    );
    let text = format!(
        "WITH s AS ({}),
         j AS (
             INSERT INTO {schema}.journal (number, sequence, at, position, entry)
             SELECT s.number, e.sequence, e.at, s.position, e.entry
             FROM unnest((SELECT $6::integer[]), $7::integer[], $8::bigint[], $9::bytea[])
                 AS e(number, sequence, at, entry)
             JOIN s ON s.number = e.number),
         t AS (
             INSERT INTO {schema}.state AS t (number, sequence, deadline, expires, state)
             SELECT s.number, e.sequence, e.deadline, e.expires, e.state
             FROM unnest((SELECT $10::integer[]), $11::integer[], $12::bigint[], $13::bigint[], $14::bytea[])
                 AS e(number, sequence, deadline, expires, state)
             JOIN s ON s.number = e.number ORDER BY e.number
             {}){look_ups}
         SELECT number FROM s",
        swap_heads(schema, &swap),
        UNLESS_NEWER
    );
    let (int, long, bytes) = (Type::INT4_ARRAY, Type::INT8_ARRAY, Type::BYTEA_ARRAY);
    let mut types = vec![Type::INT8, int.clone(), Type::TEXT_ARRAY, int.clone(), int.clone()];
    types.extend([&int, &int, &long, &bytes, &int, &int, &long, &long, &bytes].map(Type::clone));
    if rows != LookUps::None {
        let (words, small) = (Type::TEXT_ARRAY, Type::INT2_ARRAY);
        types.extend([&int, &words, &int, &int, &small, &words, &int, &int, &long, &int].map(Type::clone));
    }
    Sql { text, types }
}

/// The condition that an account has used none of the keys and names.
///
/// Rows of keys and names are written with a head that moves. So what the statement's snapshot does not show was
/// written after it, and the head has moved since.
fn are_names_new(schema: &str) -> String {
    format!(
        "WHERE u.number NOT IN (
                 SELECT k.number FROM unnest((SELECT $15::integer[]), $16::text[]) AS e(number, key)
                 JOIN {schema}.key k ON k.number = e.number AND k.key = e.key)
             AND u.number NOT IN (
                 SELECT n.number
                 FROM unnest((SELECT $18::integer[]), $19::smallint[], $20::text[]) AS e(number, sort, name)
                 JOIN {schema}.name n ON n.number = e.number AND n.sort = e.sort AND n.name = e.name)"
    )
}

fn look_ups(schema: &str) -> String {
    format!(
        ",
         k AS (
             INSERT INTO {schema}.key (number, key, sequence)
             SELECT s.number, e.key, e.sequence
             FROM unnest((SELECT $15::integer[]), $16::text[], $17::integer[]) AS e(number, key, sequence)
             JOIN s ON s.number = e.number),
         n AS (
             INSERT INTO {schema}.name (number, sort, name, sequence)
             SELECT s.number, e.sort, e.name, e.sequence
             FROM unnest((SELECT $18::integer[]), $19::smallint[], $20::text[], $21::integer[])
                 AS e(number, sort, name, sequence)
             JOIN s ON s.number = e.number),
         b AS (
             INSERT INTO {schema}.subject (number, subject, sequence)
             SELECT s.number, e.subject, e.sequence
             FROM unnest((SELECT $22::integer[]), $23::bigint[], $24::integer[]) AS e(number, subject, sequence)
             JOIN s ON s.number = e.number)"
    )
}
