//! The statements that commit: they compare and swap heads, and append the rows of those that swapped.

use tokio_postgres::types::Type;

use super::Sql;

/// The commit, with and without look-up rows: a table that a statement could write to costs time even if it does not.
#[derive(Debug)]
pub(in super::super) struct Commit {
    /// Entries and states alone, as most commits are.
    pub(in super::super) plain: Sql,
    pub(in super::super) whole: Sql,
}

/// For some profiles. The first parameters: the offset of positions; numbers, profiles, sequences before and after.
pub(super) fn commit(schema: &str, is_one: bool) -> Commit {
    let swap = format!(
        "SELECT u.number, u.profile, u.sequence, u.previous, {} FROM
             unnest((SELECT $2::integer[]), $3::text[], $4::integer[], $5::integer[])
                 AS u(number, profile, previous, sequence)
         ORDER BY u.number",
        position(is_one)
    );
    let types = [Type::INT8, Type::INT4_ARRAY, Type::TEXT_ARRAY, Type::INT4_ARRAY, Type::INT4_ARRAY];
    Append { schema, swap: &swap, number: "s.number", fits: "s.number = e.number", first: &types }.both()
}

/// The same for one profile.
pub(super) fn commit_one(schema: &str, is_one: bool) -> Commit {
    let swap = format!("VALUES ($2::integer, $3::text, $5::integer, $4::integer, {})", position(is_one));
    let types = [Type::INT8, Type::INT4, Type::TEXT, Type::INT4, Type::INT4];
    Append { schema, swap: &swap, number: "$2", fits: "true", first: &types }.both()
}

/// The feed position of the entries written now, unless the same journal has a later one already.
fn position(is_one: bool) -> &'static str {
    // A transaction that was open before may write after one that began later: a journal's positions never go back.
    if is_one { "$1::bigint + pg_current_xact_id()::text::bigint" } else { "$1::bigint" }
}

/// Swaps heads, and appends the rows of those that swapped.
struct Append<'a> {
    schema: &'a str,
    /// The rows that the heads are to be.
    swap: &'a str,
    /// How the profile's number is named.
    number: &'a str,
    /// Which rows belong to a head that swapped.
    fits: &'a str,
    first: &'a [Type; 5],
}

impl Append<'_> {
    fn both(&self) -> Commit {
        Commit { plain: self.statement(false), whole: self.statement(true) }
    }

    fn statement(&self, with_look_ups: bool) -> Sql {
        let Self { schema, swap, number, fits, first } = self;
        let look_ups = if with_look_ups { self.look_ups() } else { String::new() };
        let text = format!(
            "WITH s AS (
             INSERT INTO {schema}.head AS h (number, profile, sequence, previous, position) {swap}
             ON CONFLICT (number) DO UPDATE SET sequence = excluded.sequence, previous = excluded.previous,
                 position = greatest(h.position, excluded.position)
             WHERE h.sequence = excluded.previous
             RETURNING number, position),
         j AS (
             INSERT INTO {schema}.journal (number, sequence, at, position, entry)
             SELECT {number}, e.sequence, e.at, s.position, e.entry
             FROM unnest((SELECT $6::integer[]), $7::integer[], $8::bigint[], $9::bytea[])
                 AS e(number, sequence, at, entry)
             JOIN s ON {fits}),
         t AS (
             INSERT INTO {schema}.state AS t (number, sequence, deadline, expires, state)
             SELECT {number}, e.sequence, e.deadline, e.expires, e.state
             FROM unnest((SELECT $10::integer[]), $11::integer[], $12::bigint[], $13::bigint[], $14::bytea[])
                 AS e(number, sequence, deadline, expires, state)
             JOIN s ON {fits} ORDER BY e.number
             ON CONFLICT (number) DO UPDATE SET sequence = excluded.sequence, deadline = excluded.deadline,
                 expires = excluded.expires, state = excluded.state
             WHERE t.sequence < excluded.sequence){look_ups}
         SELECT number FROM s"
        );
        let (int, long, bytes) = (Type::INT4_ARRAY, Type::INT8_ARRAY, Type::BYTEA_ARRAY);
        let mut types = first.to_vec();
        types.extend([&int, &int, &long, &bytes, &int, &int, &long, &long, &bytes].map(Type::clone));
        if with_look_ups {
            let (words, small) = (Type::TEXT_ARRAY, Type::INT2_ARRAY);
            types
                .extend([&int, &words, &int, &int, &small, &words, &int, &int, &long, &int].map(Type::clone));
        }
        Sql { text, types }
    }

    fn look_ups(&self) -> String {
        let Self { schema, number, fits, .. } = self;
        format!(
            ",
         k AS (
             INSERT INTO {schema}.key (number, key, sequence)
             SELECT {number}, e.key, e.sequence
             FROM unnest((SELECT $15::integer[]), $16::text[], $17::integer[]) AS e(number, key, sequence)
             JOIN s ON {fits}),
         n AS (
             INSERT INTO {schema}.name (number, sort, name, sequence)
             SELECT {number}, e.sort, e.name, e.sequence
             FROM unnest((SELECT $18::integer[]), $19::smallint[], $20::text[], $21::integer[])
                 AS e(number, sort, name, sequence)
             JOIN s ON {fits}),
         b AS (
             INSERT INTO {schema}.subject (number, subject, sequence)
             SELECT {number}, e.subject, e.sequence
             FROM unnest((SELECT $22::integer[]), $23::bigint[], $24::integer[]) AS e(number, subject, sequence)
             JOIN s ON {fits})"
        )
    }
}
