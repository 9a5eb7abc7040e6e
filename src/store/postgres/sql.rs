//! The statements. Those of one server take arrays, and lock rows in the order of their numbers; those of a
//! [distributed](Distributed) database are each about one profile.

mod accounts;
pub(super) mod check;
mod commit;
mod distributed;

use tokio_postgres::types::Type;

pub(super) use self::commit::{Commit, CommitEntry};
pub(super) use self::distributed::Distributed;
use super::{Options, PostgresError};

/// A statement and the types of its parameters: with these it can be sent without being prepared first.
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
    /// Draws a given number of new profile numbers.
    pub(super) draw: Sql,
    /// Binds names to numbers, where they have none yet.
    pub(super) register: Sql,
    /// Accounts by name or number.
    pub(super) accounts: Sql,
    /// The same, with the look-ups that go with them.
    pub(super) load: Sql,
    /// Look-ups in journals as they stood after given entries.
    pub(super) find: Sql,
    /// The account of one name.
    pub(super) account_named: Sql,
    /// Compares and swaps heads, and appends the rows of those that swapped.
    pub(super) commit: Commit,
    /// The same for one entry.
    pub(super) commit_entry: CommitEntry,
    pub(super) distributed: Distributed,
    /// Writes an account's state forward.
    pub(super) keep: Sql,
    /// The entries written after a position.
    pub(super) feed: Sql,
    /// The profiles for which something falls due by an instant, and those of which something expires.
    pub(super) due: Sql,
    pub(super) expiring: Sql,
    /// The profiles that have a thing of some name.
    pub(super) named: Sql,
    pub(super) profiles: Sql,
    /// All rows of one number.
    pub(super) check_of_one: Sql,
    /// Some heads after a number.
    pub(super) heads: Sql,
    /// Everything that is left of one journal.
    pub(super) journal: Sql,
    pub(super) archive: Archive,
}

/// The statements that move entries of one journal to the archive.
#[derive(Debug)]
pub(super) struct Archive {
    /// Takes entries out of the journal, if the account's state already has them in it.
    pub(super) journal: Sql,
    /// Removes what leads to them.
    pub(super) key: Sql,
    pub(super) name: Sql,
    /// Adds an entry to the archive.
    pub(super) row: Sql,
}

/// The kind of a row in an answer.
pub(super) const ACCOUNT: i16 = 0;
pub(super) const FOUND: i16 = 1;

impl Statements {
    pub(super) fn new(options: &Options) -> Result<Self, PostgresError> {
        let schema = options.checked_schema()?;
        Ok(Self {
            numbers: numbers(schema),
            draw: draw(schema),
            register: register(schema),
            accounts: accounts::accounts(schema, None),
            load: accounts::accounts(schema, Some(finds(schema, "w.number", 6))),
            find: find(schema),
            account_named: accounts::account_named(schema),
            commit: commit::commit(schema),
            commit_entry: commit::commit_entry(schema),
            distributed: Distributed::new(schema),
            keep: keep(schema),
            feed: feed(schema),
            due: candidates(schema, "deadline"),
            expiring: candidates(schema, "expires"),
            named: named(schema),
            profiles: profiles(schema),
            check_of_one: check::check_of_one(schema),
            heads: Sql {
                text: format!(
                    "SELECT number, profile FROM {schema}.head WHERE number > $1 ORDER BY number LIMIT 256"
                ),
                types: vec![Type::INT4],
            },
            journal: journal(schema),
            archive: Archive::new(schema),
        })
    }
}

fn numbers(schema: &str) -> Sql {
    let text = format!("SELECT profile, number FROM {schema}.profile WHERE profile = ANY($1)");
    Sql { text, types: vec![Type::TEXT_ARRAY] }
}

fn draw(schema: &str) -> Sql {
    let text = format!("SELECT nextval('{schema}.number')::integer FROM generate_series(1, $1)");
    Sql { text, types: vec![Type::INT4] }
}

fn register(schema: &str) -> Sql {
    let text = format!(
        "INSERT INTO {schema}.profile (profile, number)
         SELECT u.profile, u.number FROM unnest($1::text[], $2::integer[]) AS u(profile, number) ORDER BY u.profile
         ON CONFLICT (profile) DO NOTHING RETURNING number"
    );
    Sql { text, types: vec![Type::TEXT_ARRAY, Type::INT4_ARRAY] }
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

/// The look-ups: by range, newest about a subject, all about a subject, by key, by name. `number` is how a table's
/// profile number is named; `next`: the first free parameter.
///
/// Each sees the journal as it stood after the entry that `w` says. An array behind a `SELECT` is as long as any other to the
/// planner: a plan that was made for its own length would look cheaper, and be made anew each time.
fn finds(schema: &str, number: &str, next: usize) -> (String, Vec<Type>) {
    let p = |index: usize| format!("${}", next.saturating_add(index));
    let found = format!(
        "SELECT {FOUND}::smallint, a.ask, j.number, j.sequence, j.entry, NULL, NULL::integer, NULL::bigint, NULL::bigint, NULL::bytea[]"
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
        "{found} FROM unnest((SELECT {}::integer[]), {}::integer[], {}::integer[], {}::integer[], {}::bigint[])
             AS a(ask, slot, low, high, until)
         JOIN w ON w.slot = a.slot
         JOIN {schema}.journal j ON j.number = {number} AND j.sequence BETWEEN a.low AND least(a.high, w.sequence)
             AND j.at <= a.until
         UNION ALL {found} FROM unnest((SELECT {}::integer[]), {}::integer[], {}::bigint[]) AS a(ask, slot, subject) {latest}
         UNION ALL {found} FROM unnest((SELECT {}::integer[]), {}::integer[], {}::bigint[]) AS a(ask, slot, subject) {about}
         UNION ALL {found} FROM unnest((SELECT {}::integer[]), {}::integer[], {}::text[]) AS a(ask, slot, key) {key}
         UNION ALL {found} FROM unnest((SELECT {}::integer[]), {}::integer[], {}::smallint[], {}::text[])
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

fn keep(schema: &str) -> Sql {
    let text = format!(
        "UPDATE {schema}.state SET sequence = $2, deadline = $3, expires = $4, state = $5
         WHERE number = $1 AND sequence <= $2"
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

impl Archive {
    fn new(schema: &str) -> Self {
        let of = |text: String| Sql { text, types: vec![Type::INT4, Type::INT4_ARRAY] };
        let delete = |table: &str| {
            format!("DELETE FROM {schema}.{table} j WHERE j.number = $1 AND j.sequence = ANY($2)")
        };
        Self {
            journal: of(format!(
                "{} AND j.sequence <= (SELECT s.sequence FROM {schema}.state s WHERE s.number = $1)
                 RETURNING j.sequence, j.at, j.position, j.entry",
                delete("journal")
            )),
            key: of(delete("key")),
            name: of(delete("name")),
            row: Sql {
                text: format!(
                    "INSERT INTO {schema}.archive (number, sequence, at, position, entry) VALUES ($1, $2, $3, $4, $5)"
                ),
                types: vec![Type::INT4, Type::INT4, Type::INT8, Type::INT8, Type::BYTEA],
            },
        }
    }
}

fn candidates(schema: &str, column: &str) -> Sql {
    let text = format!(
        "SELECT number FROM {schema}.state WHERE number > $1 AND {column} <= $2 ORDER BY number LIMIT $3"
    );
    Sql { text, types: vec![Type::INT4, Type::INT8, Type::INT8] }
}

fn profiles(schema: &str) -> Sql {
    let text = format!("SELECT number FROM {schema}.head WHERE number > $1 ORDER BY number LIMIT $2");
    Sql { text, types: vec![Type::INT4, Type::INT8] }
}

fn named(schema: &str) -> Sql {
    let text = format!(
        "SELECT DISTINCT h.profile, h.number FROM {schema}.name n JOIN {schema}.head h ON h.number = n.number
         WHERE n.sort = $1 AND n.name = $2 AND h.profile IS NOT NULL ORDER BY h.profile LIMIT $3"
    );
    Sql { text, types: vec![Type::INT2, Type::TEXT, Type::INT8] }
}

#[cfg(test)]
mod tests;
