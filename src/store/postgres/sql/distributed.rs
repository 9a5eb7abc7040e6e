//! The statements of a database that is distributed by profile number. Each is about one profile and names its number in
//! every table, so that it is carried out by the one machine that has the profile: a row is written by an `INSERT` of its
//! own, and each kind of look-up has a statement of its own.

use tokio_postgres::types::Type;

use super::accounts::account_of_one;
use super::{FOUND, Sql};

#[derive(Debug)]
pub(in super::super) struct Distributed {
    /// The number of a name.
    pub(in super::super) number: Sql,
    /// Binds a name to a number, if it has none yet.
    pub(in super::super) register: Sql,
    /// The account of a number.
    pub(in super::super) account: Sql,
    /// Look-ups in a journal, up to a given entry.
    pub(in super::super) finds: Finds,
    /// Compares and swaps a head.
    pub(in super::super) head: Sql,
    /// Appends a row.
    pub(in super::super) journal: Sql,
    pub(in super::super) key: Sql,
    pub(in super::super) name: Sql,
    pub(in super::super) subject: Sql,
    /// Writes an account's state forward.
    pub(in super::super) state: Sql,
    /// The copy of the catalogue's entries, which every machine has: from an entry on, and a new row of it.
    pub(in super::super) catalogue: Sql,
    pub(in super::super) definition: Sql,
}

/// A look-up of each kind.
#[derive(Debug)]
pub(in super::super) struct Finds {
    pub(in super::super) range: Sql,
    pub(in super::super) latest: Sql,
    pub(in super::super) about: Sql,
    pub(in super::super) key: Sql,
    pub(in super::super) name: Sql,
    /// Whether a key or a name was ever used: of one table alone, which is planned at the least cost.
    pub(in super::super) has_key: Sql,
    pub(in super::super) has_name: Sql,
}

impl Distributed {
    pub(super) fn new(schema: &str) -> Self {
        let (int, long, text, bytes) = (&Type::INT4, &Type::INT8, &Type::TEXT, &Type::BYTEA);
        let row = |table: &str, columns: &str, types: &[&Type]| {
            let values: Vec<String> = (1..=types.len()).map(|place| format!("${place}")).collect();
            let text = format!("INSERT INTO {schema}.{table} ({columns}) VALUES ({})", values.join(", "));
            Sql { text, types: types.iter().copied().cloned().collect() }
        };
        let and = |row: Sql, more: &str| Sql { text: format!("{} {more}", row.text), ..row };
        Self {
            number: Sql {
                text: format!("SELECT p.number FROM {schema}.profile p WHERE p.profile = $1"),
                types: vec![text.clone()],
            },
            register: and(
                row("profile", "profile, number", &[text, int]),
                "ON CONFLICT (profile) DO NOTHING RETURNING number",
            ),
            account: account_of_one(schema),
            finds: Finds::new(schema),
            head: and(
                row("head AS h", "number, profile, sequence, previous, position", &[int, text, int, int, long]),
                "ON CONFLICT (number) DO UPDATE SET sequence = excluded.sequence, previous = excluded.previous
                 WHERE h.sequence = excluded.previous RETURNING number",
            ),
            journal: row("journal", "number, sequence, at, position, entry", &[int, int, long, long, bytes]),
            key: row("key", "number, key, sequence", &[int, text, int]),
            name: row("name", "number, sort, name, sequence", &[int, &Type::INT2, text, int]),
            subject: row("subject", "number, subject, sequence", &[int, long, int]),
            state: and(
                row("state AS t", "number, sequence, deadline, expires, state", &[int, int, long, long, bytes]),
                "ON CONFLICT (number) DO UPDATE SET sequence = excluded.sequence, deadline = excluded.deadline,
                     expires = excluded.expires, state = excluded.state
                 WHERE t.sequence < excluded.sequence",
            ),
            catalogue: Sql {
                text: format!(
                    "SELECT c.sequence, c.entry FROM {schema}.catalogue c WHERE c.sequence >= $1 ORDER BY c.sequence"
                ),
                types: vec![int.clone()],
            },
            definition: row("catalogue", "sequence, entry", &[int, bytes]),
        }
    }
}

impl Finds {
    /// The first two parameters: the number, and the last entry that counts.
    fn new(schema: &str) -> Self {
        let find = |condition: &str, types: &[Type]| Sql {
            text: format!(
                "SELECT {FOUND}::smallint, 0, j.number, j.sequence, j.entry FROM {schema}.journal j
                 WHERE j.number = $1 AND j.sequence {condition}"
            ),
            types: [&[Type::INT4, Type::INT4], types].concat(),
        };
        let rows = |sequences: &str, table: &str, condition: &str| {
            format!(
                "(SELECT {sequences} FROM {schema}.{table} t
                  WHERE t.number = $1 AND t.sequence <= $2 AND {condition})"
            )
        };
        let newest = |table, condition, types: &[Type]| {
            find(&format!("= {}", rows("max(t.sequence)", table, condition)), types)
        };
        let has = |table: &str, condition: &str, types: &[Type]| Sql {
            text: format!(
                "SELECT t.sequence FROM {schema}.{table} t WHERE t.number = $1 AND {condition} LIMIT 1"
            ),
            types: [&[Type::INT4], types].concat(),
        };
        let about = format!("IN {}", rows("t.sequence", "subject", "t.subject = $3"));
        Self {
            range: find(
                "<= $2 AND j.sequence BETWEEN $3 AND $4 AND j.at <= $5",
                &[Type::INT4, Type::INT4, Type::INT8],
            ),
            latest: newest("subject", "t.subject = $3", &[Type::INT8]),
            about: find(&about, &[Type::INT8]),
            key: newest("key", "t.key = $3", &[Type::TEXT]),
            name: newest("name", "t.sort = $3 AND t.name = $4", &[Type::INT2, Type::TEXT]),
            has_key: has("key", "t.key = $2", &[Type::TEXT]),
            has_name: has("name", "t.sort = $2 AND t.name = $3", &[Type::INT2, Type::TEXT]),
        }
    }
}
