//! The statements. Each is written once, for one profile or for many.
//!
//! Those for one profile name its number in every table, so that a database which spreads the tables by it sends them
//! to one machine; those for many take arrays, and rows are locked in the order of their numbers.

use tokio_postgres::types::Type;

use super::{Layout, Options, PostgresError};

/// A statement, and the types of its parameters: told beforehand, it need not be prepared to be sent.
#[derive(Debug)]
pub(super) struct Sql {
    pub(super) text: String,
    pub(super) types: Vec<Type>,
}

/// Every statement of the hot path, for one schema.
#[derive(Debug)]
pub(super) struct Statements {
    /// The number of each of some names.
    pub(super) numbers: Sql,
    /// So many new numbers.
    pub(super) draw: Sql,
    /// Binds names to numbers, where they have none yet.
    pub(super) register: Sql,
    /// Accounts by name or number.
    pub(super) accounts: Sql,
    /// The same, and what is to be looked up with them.
    pub(super) load: Sql,
    /// Look-ups in journals as they stood after given entries.
    pub(super) find: Sql,
    /// The account of one number.
    pub(super) account_of_one: Sql,
    /// Look-ups in the journal of one number.
    pub(super) find_of_one: Sql,
    /// Compares and swaps heads, and appends where that went well.
    pub(super) commit: Sql,
    /// The same for one profile.
    pub(super) commit_one: Sql,
    /// Writes an account's state forward.
    pub(super) keep: Sql,
    /// What was written after a position.
    pub(super) feed: Sql,
    /// The profiles for which something falls due by an instant, and those of which something expires.
    pub(super) due: Sql,
    pub(super) expiring: Sql,
    /// The profiles that have a thing of some name.
    pub(super) named: Sql,
    /// Some heads after a number.
    pub(super) heads: Sql,
    /// Everything that is left of one journal.
    pub(super) journal: Sql,
    /// Moves entries of one journal to the archive.
    pub(super) archive: Sql,
}

/// What kind of row an answer is.
pub(super) const ACCOUNT: i16 = 0;
pub(super) const TAIL: i16 = 1;
pub(super) const FOUND: i16 = 2;

impl Statements {
    pub(super) fn new(options: &Options) -> Result<Self, PostgresError> {
        let schema = options.checked_schema()?;
        let is_one = options.layout == Layout::OneServer;
        Ok(Self {
            numbers: numbers(schema),
            draw: Sql {
                text: format!("SELECT nextval('{schema}.number')::integer FROM generate_series(1, $1)"),
                types: vec![Type::INT4],
            },
            register: register(schema),
            accounts: accounts(schema, None),
            load: accounts(schema, Some(finds(schema, "w.number", 6))),
            find: find(schema),
            account_of_one: account_of_one(schema),
            find_of_one: find_of_one(schema),
            commit: commit(schema, is_one),
            commit_one: commit_one(schema, is_one),
            keep: keep(schema),
            feed: feed(schema),
            due: candidates(schema, "deadline"),
            expiring: candidates(schema, "expires"),
            named: named(schema),
            heads: Sql {
                text: format!("SELECT number FROM {schema}.head WHERE number > $1 ORDER BY number LIMIT 256"),
                types: vec![Type::INT4],
            },
            journal: journal(schema),
            archive: archive(schema),
        })
    }

    /// Those that are about one profile.
    #[cfg(test)]
    pub(super) fn of_one(&self) -> [&Sql; 6] {
        [&self.account_of_one, &self.find_of_one, &self.commit_one, &self.keep, &self.journal, &self.archive]
    }
}

fn numbers(schema: &str) -> Sql {
    let text = format!("SELECT profile, number FROM {schema}.profile WHERE profile = ANY($1)");
    Sql { text, types: vec![Type::TEXT_ARRAY] }
}

fn register(schema: &str) -> Sql {
    let text = format!(
        "INSERT INTO {schema}.profile (profile, number)
         SELECT u.profile, u.number FROM unnest($1::text[], $2::integer[]) AS u(profile, number) ORDER BY u.profile
         ON CONFLICT (profile) DO NOTHING RETURNING number"
    );
    Sql { text, types: vec![Type::TEXT_ARRAY, Type::INT4_ARRAY] }
}

/// Columns of every answer: kind, slot or question, number, sequence, bytes, profile; and of an account, what is kept.
fn accounts(schema: &str, finds: Option<(String, Vec<Type>)>) -> Sql {
    let mut text = format!(
        "WITH w AS MATERIALIZED (
             SELECT u.slot, p.number, coalesce(h.profile, p.profile) AS profile, coalesce(h.sequence, 0) AS sequence, true AS lend
             FROM unnest($1::integer[], $2::text[]) AS u(slot, name)
             JOIN {schema}.profile p ON p.profile = u.name
             LEFT JOIN {schema}.head h ON h.number = p.number
             UNION ALL
             SELECT u.slot, h.number, h.profile, h.sequence, u.lend
             FROM unnest($3::integer[], $4::integer[], $5::boolean[]) AS u(slot, number, lend)
             JOIN {schema}.head h ON h.number = u.number),
         k AS MATERIALIZED (
             SELECT w.slot, w.number, w.profile, w.sequence, w.lend, s.sequence AS kept, s.deadline, s.expires, s.state
             FROM w LEFT JOIN {schema}.state s ON w.lend AND s.number = w.number)
         SELECT {ACCOUNT}::smallint, k.slot, k.number, k.sequence, k.state, k.profile, k.kept, k.deadline, k.expires
         FROM k
         UNION ALL
         SELECT {TAIL}::smallint, k.slot, k.number, j.sequence, j.entry, NULL, NULL, NULL, NULL
         FROM k JOIN {schema}.journal j
             ON j.number = k.number AND j.sequence > coalesce(k.kept, 0) AND j.sequence <= k.sequence
         WHERE k.lend"
    );
    let mut types =
        vec![Type::INT4_ARRAY, Type::TEXT_ARRAY, Type::INT4_ARRAY, Type::INT4_ARRAY, Type::BOOL_ARRAY];
    if let Some((arms, more)) = finds {
        text.push_str(" UNION ALL ");
        text.push_str(&arms);
        types.extend(more);
    }
    Sql { text, types }
}

fn find(schema: &str) -> Sql {
    let (arms, more) = finds(schema, "w.number", 4);
    let text = format!(
        "WITH w AS MATERIALIZED (
             SELECT * FROM unnest($1::integer[], $2::integer[], $3::integer[]) AS w(slot, number, sequence))
         {arms}"
    );
    Sql { text, types: [vec![Type::INT4_ARRAY, Type::INT4_ARRAY, Type::INT4_ARRAY], more].concat() }
}

fn account_of_one(schema: &str) -> Sql {
    let text = format!(
        "SELECT {ACCOUNT}::smallint, 0, h.number, h.sequence, s.state, h.profile, s.sequence, s.deadline, s.expires
         FROM {schema}.head h LEFT JOIN {schema}.state s ON s.number = $1 WHERE h.number = $1
         UNION ALL
         SELECT {TAIL}::smallint, 0, j.number, j.sequence, j.entry, NULL, NULL, NULL, NULL
         FROM {schema}.journal j
         WHERE j.number = $1
             AND j.sequence > coalesce((SELECT s.sequence FROM {schema}.state s WHERE s.number = $1), 0)"
    );
    Sql { text, types: vec![Type::INT4] }
}

fn find_of_one(schema: &str) -> Sql {
    let (arms, more) = finds(schema, "$1", 3);
    let text = format!("WITH w AS (SELECT 0 AS slot, $1::integer AS number, $2::integer AS sequence) {arms}");
    Sql { text, types: [vec![Type::INT4, Type::INT4], more].concat() }
}

/// The look-ups: by range, newest about a subject, all about a subject, by key, by name. `number` is how a table's
/// profile number is named; `next`: the first free parameter.
///
/// Each sees the journal as it stood after the entry that `w` says.
fn finds(schema: &str, number: &str, next: usize) -> (String, Vec<Type>) {
    let p = |index: usize| format!("${}", next.saturating_add(index));
    let found = format!(
        "SELECT {FOUND}::smallint, a.ask, j.number, j.sequence, j.entry, NULL, NULL::integer, NULL::bigint, NULL::bigint"
    );
    let by = |table: &str, condition: &str, newest: &str| {
        format!(
            "JOIN w ON w.slot = a.slot
             CROSS JOIN LATERAL (
                 SELECT t.sequence FROM {schema}.{table} t
                 WHERE t.number = {number} AND t.sequence <= w.sequence AND {condition} {newest}) AS t
             JOIN {schema}.journal j ON j.number = {number} AND j.sequence = t.sequence"
        )
    };
    let newest = "ORDER BY t.sequence DESC LIMIT 1";
    let (latest, about) =
        (by("subject", "t.subject = a.subject", newest), by("subject", "t.subject = a.subject", ""));
    let key = by("key", "t.key = a.key", newest);
    let name = by("name", "t.sort = a.sort AND t.name = a.name", newest);
    let text = format!(
        "{found} FROM unnest({}::integer[], {}::integer[], {}::integer[], {}::integer[], {}::bigint[])
             AS a(ask, slot, low, high, until)
         JOIN w ON w.slot = a.slot
         JOIN {schema}.journal j ON j.number = {number} AND j.sequence BETWEEN a.low AND least(a.high, w.sequence)
             AND j.at <= a.until
         UNION ALL {found} FROM unnest({}::integer[], {}::integer[], {}::bigint[]) AS a(ask, slot, subject) {latest}
         UNION ALL {found} FROM unnest({}::integer[], {}::integer[], {}::bigint[]) AS a(ask, slot, subject) {about}
         UNION ALL {found} FROM unnest({}::integer[], {}::integer[], {}::text[]) AS a(ask, slot, key) {key}
         UNION ALL {found} FROM unnest({}::integer[], {}::integer[], {}::smallint[], {}::text[])
             AS a(ask, slot, sort, name) {name}",
        p(0), p(1), p(2), p(3), p(4), p(5), p(6), p(7), p(8), p(9), p(10), p(11), p(12), p(13), p(14), p(15),
        p(16), p(17),
    );
    let (int, long, words) = (Type::INT4_ARRAY, Type::INT8_ARRAY, Type::TEXT_ARRAY);
    let types = [
        &int,
        &int,
        &int,
        &int,
        &long,
        &int,
        &int,
        &long,
        &int,
        &int,
        &long,
        &int,
        &int,
        &words,
        &int,
        &int,
        &Type::INT2_ARRAY,
        &words,
    ];
    (text, types.into_iter().cloned().collect())
}

/// Where in the feed what is written now will stand, before that of what was written to the same journal already.
fn position(is_one: bool) -> &'static str {
    // A transaction that was open before may write after one that began later: a journal's positions never go back.
    if is_one { "$1::bigint + pg_current_xact_id()::text::bigint" } else { "$1::bigint" }
}

/// The first parameters: the offset of positions; numbers, profiles, sequences before and after.
fn commit(schema: &str, is_one: bool) -> Sql {
    let swap = format!(
        "SELECT u.number, u.profile, u.sequence, u.previous, {} FROM
             unnest($2::integer[], $3::text[], $4::integer[], $5::integer[]) AS u(number, profile, previous, sequence)
         ORDER BY u.number",
        position(is_one)
    );
    let types = [Type::INT8, Type::INT4_ARRAY, Type::TEXT_ARRAY, Type::INT4_ARRAY, Type::INT4_ARRAY];
    append(schema, &swap, "s.number", "s.number = e.number", types)
}

fn commit_one(schema: &str, is_one: bool) -> Sql {
    let swap = format!("VALUES ($2::integer, $3::text, $5::integer, $4::integer, {})", position(is_one));
    let types = [Type::INT8, Type::INT4, Type::TEXT, Type::INT4, Type::INT4];
    append(schema, &swap, "$2", "true", types)
}

fn keep(schema: &str) -> Sql {
    let text = format!(
        "UPDATE {schema}.state SET sequence = $2, deadline = $3, expires = $4, state = $5
         WHERE number = $1 AND sequence < $2"
    );
    Sql { text, types: vec![Type::INT4, Type::INT4, Type::INT8, Type::INT8, Type::BYTEA] }
}

/// Of the transactions that none still open comes before.
fn feed(schema: &str) -> Sql {
    let text = format!(
        "SELECT j.position, h.profile, j.number, j.sequence, j.entry
         FROM {schema}.journal j JOIN {schema}.head h ON h.number = j.number
         WHERE j.position >= $1 AND (j.position, j.number, j.sequence) > ($1, $2, $3)
             AND j.position < $4 + pg_snapshot_xmin(pg_current_snapshot())::text::bigint
         ORDER BY j.position, j.number, j.sequence LIMIT $5"
    );
    Sql { text, types: vec![Type::INT8, Type::INT4, Type::INT4, Type::INT8, Type::INT8] }
}

fn journal(schema: &str) -> Sql {
    let text = format!(
        "SELECT {FOUND}::smallint, 0, j.number, j.sequence, j.entry FROM {schema}.journal j
         WHERE j.number = $1 ORDER BY j.sequence"
    );
    Sql { text, types: vec![Type::INT4] }
}

/// Only of what the account's state already has in it.
fn archive(schema: &str) -> Sql {
    let text = format!(
        "WITH s AS (SELECT s.sequence FROM {schema}.state s WHERE s.number = $1),
         d AS (
             DELETE FROM {schema}.journal j USING s
             WHERE j.number = $1 AND j.sequence = ANY($2) AND j.sequence <= s.sequence
             RETURNING j.sequence, j.at, j.position, j.entry),
         k AS (DELETE FROM {schema}.key k USING d WHERE k.number = $1 AND k.sequence = d.sequence),
         n AS (DELETE FROM {schema}.name n USING d WHERE n.number = $1 AND n.sequence = d.sequence)
         INSERT INTO {schema}.archive (number, sequence, at, position, entry)
         SELECT $1, d.sequence, d.at, d.position, d.entry FROM d RETURNING sequence"
    );
    Sql { text, types: vec![Type::INT4, Type::INT4_ARRAY] }
}

fn candidates(schema: &str, column: &str) -> Sql {
    let text = format!(
        "SELECT number FROM {schema}.state WHERE number > $1 AND {column} <= $2 ORDER BY number LIMIT $3"
    );
    Sql { text, types: vec![Type::INT4, Type::INT8, Type::INT8] }
}

fn named(schema: &str) -> Sql {
    let text = format!(
        "SELECT DISTINCT h.profile FROM {schema}.name n JOIN {schema}.head h ON h.number = n.number
         WHERE n.sort = $1 AND n.name = $2 AND h.profile IS NOT NULL ORDER BY h.profile LIMIT $3"
    );
    Sql { text, types: vec![Type::INT2, Type::TEXT, Type::INT8] }
}

/// Swaps heads, and appends what goes with those that swapped. `swap`: the rows that the heads are to be; `number`:
/// how the profile's number is named; `fits`: which rows belong to a head that swapped.
fn append(schema: &str, swap: &str, number: &str, fits: &str, first: [Type; 5]) -> Sql {
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
             FROM unnest($6::integer[], $7::integer[], $8::bigint[], $9::bytea[]) AS e(number, sequence, at, entry)
             JOIN s ON {fits}),
         t AS (
             INSERT INTO {schema}.state AS t (number, sequence, deadline, expires, state)
             SELECT {number}, e.sequence, e.deadline, e.expires, e.state
             FROM unnest($10::integer[], $11::integer[], $12::bigint[], $13::bigint[], $14::bytea[])
                 AS e(number, sequence, deadline, expires, state)
             JOIN s ON {fits} ORDER BY e.number
             ON CONFLICT (number) DO UPDATE SET sequence = excluded.sequence, deadline = excluded.deadline,
                 expires = excluded.expires, state = excluded.state
             WHERE t.sequence < excluded.sequence),
         k AS (
             INSERT INTO {schema}.key (number, key, sequence)
             SELECT {number}, e.key, e.sequence
             FROM unnest($15::integer[], $16::text[], $17::integer[]) AS e(number, key, sequence) JOIN s ON {fits}),
         n AS (
             INSERT INTO {schema}.name (number, sort, name, sequence)
             SELECT {number}, e.sort, e.name, e.sequence
             FROM unnest($18::integer[], $19::smallint[], $20::text[], $21::integer[])
                 AS e(number, sort, name, sequence)
             JOIN s ON {fits}),
         b AS (
             INSERT INTO {schema}.subject (number, subject, sequence)
             SELECT {number}, e.subject, e.sequence
             FROM unnest($22::integer[], $23::bigint[], $24::integer[]) AS e(number, subject, sequence)
             JOIN s ON {fits})
         SELECT number FROM s"
    );
    let (int, long, words) = (Type::INT4_ARRAY, Type::INT8_ARRAY, Type::TEXT_ARRAY);
    let bytes = Type::BYTEA_ARRAY;
    let rest = [
        &int,
        &int,
        &long,
        &bytes,
        &int,
        &int,
        &long,
        &long,
        &bytes,
        &int,
        &words,
        &int,
        &int,
        &Type::INT2_ARRAY,
        &words,
        &int,
        &int,
        &long,
        &int,
    ];
    Sql { text, types: first.into_iter().chain(rest.into_iter().cloned()).collect() }
}

#[cfg(test)]
mod tests;
