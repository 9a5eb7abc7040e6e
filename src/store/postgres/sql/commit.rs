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

/// For some profiles. The first parameters: the offset of positions; numbers, profiles, sequences before and after.
pub(super) fn commit(schema: &str) -> Commit {
    let swap = format!(
        "SELECT u.number, u.profile, u.sequence, u.previous, {POSITION} FROM
             unnest((SELECT $2::integer[]), $3::text[], $4::integer[], $5::integer[])
                 AS u(number, profile, previous, sequence)"
    );
    let types = [Type::INT8, Type::INT4_ARRAY, Type::TEXT_ARRAY, Type::INT4_ARRAY, Type::INT4_ARRAY];
    let (fits, order, names) = ("s.number = e.number", "ORDER BY u.number", ["u.number", "e.number"]);
    Append { schema, swap: &swap, number: "s.number", fits, order, names, first: &types }.all()
}

/// The same for one profile.
pub(super) fn commit_one(schema: &str) -> Commit {
    let swap = format!("SELECT $2::integer, $3::text, $5::integer, $4::integer, {POSITION}");
    let types = [Type::INT8, Type::INT4, Type::TEXT, Type::INT4, Type::INT4];
    let (fits, order, names) = ("true", "", ["$2", "$2"]);
    Append { schema, swap: &swap, number: "$2", fits, order, names, first: &types }.all()
}

/// The feed position of the entries written now, unless the same journal has a later one already: a transaction that was
/// open before may write after one that began later, and a journal's positions never go back.
const POSITION: &str = "$1::bigint + pg_current_xact_id()::text::bigint";

/// Swaps heads, and appends the rows of those that swapped.
struct Append<'a> {
    schema: &'a str,
    /// The query for the rows that the heads are to be.
    swap: &'a str,
    /// How the profile's number is named.
    number: &'a str,
    /// Which rows belong to a head that swapped.
    fits: &'a str,
    /// Rows that are locked in one order do not deadlock.
    order: &'a str,
    /// How the number is named where heads are swapped, and where a key or a name is looked up.
    names: [&'a str; 2],
    first: &'a [Type; 5],
}

impl Append<'_> {
    fn all(&self) -> Commit {
        let [plain, whole, with_new_names] =
            [LookUps::None, LookUps::Any, LookUps::New].map(|look_ups| self.statement(look_ups));
        Commit { plain, whole, with_new_names }
    }

    fn statement(&self, rows: LookUps) -> Sql {
        let Self { schema, swap, number, fits, order, first, .. } = self;
        let look_ups = if rows == LookUps::None { String::new() } else { self.look_ups() };
        let are_new = if rows == LookUps::New { self.are_names_new() } else { String::new() };
        let text = format!(
            "WITH s AS (
             INSERT INTO {schema}.head AS h (number, profile, sequence, previous, position)
             {swap} {are_new} {order}
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
        if rows != LookUps::None {
            let (words, small) = (Type::TEXT_ARRAY, Type::INT2_ARRAY);
            types
                .extend([&int, &words, &int, &int, &small, &words, &int, &int, &long, &int].map(Type::clone));
        }
        Sql { text, types }
    }

    /// The condition that an account has used none of the keys and names.
    ///
    /// Rows of keys and names are written with a head that moves. So what the statement's snapshot does not show was
    /// written after it, and the head has moved since.
    fn are_names_new(&self) -> String {
        let Self { schema, names: [swapped, number], .. } = self;
        format!(
            "WHERE {swapped} NOT IN (
                 SELECT k.number FROM unnest((SELECT $15::integer[]), $16::text[]) AS e(number, key)
                 JOIN {schema}.key k ON k.number = {number} AND k.key = e.key)
             AND {swapped} NOT IN (
                 SELECT n.number
                 FROM unnest((SELECT $18::integer[]), $19::smallint[], $20::text[]) AS e(number, sort, name)
                 JOIN {schema}.name n ON n.number = {number} AND n.sort = e.sort AND n.name = e.name)"
        )
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
