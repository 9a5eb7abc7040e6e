//! The statements that a check reads by.

use tokio_postgres::types::Type;

use super::Sql;

/// The kind of a row in an answer.
pub(in super::super) const HEAD: i16 = 0;
pub(in super::super) const STATE: i16 = 1;
pub(in super::super) const ENTRY: i16 = 2;
pub(in super::super) const ARCHIVED: i16 = 3;
pub(in super::super) const KEY: i16 = 4;
pub(in super::super) const NAME: i16 = 5;
pub(in super::super) const SUBJECT: i16 = 6;

/// All rows of one number, in one snapshot: the head, the state, the journal and then its look-up rows.
pub(super) fn check_of_one(schema: &str) -> Sql {
    let journal = |table: &str, kind: i16| {
        format!(
            "SELECT {kind}::smallint, j.sequence, j.at, j.position, j.entry, NULL FROM {schema}.{table} j WHERE j.number = $1"
        )
    };
    let text = format!(
        "SELECT {HEAD}::smallint AS kind, h.sequence, h.position, NULL::bigint, NULL::bytea, h.profile
             FROM {schema}.head h WHERE h.number = $1
         UNION ALL SELECT {STATE}::smallint, s.sequence, s.deadline, s.expires, s.state, NULL
             FROM {schema}.state s WHERE s.number = $1
         UNION ALL {}
         UNION ALL {}
         UNION ALL SELECT {KEY}::smallint, k.sequence, NULL, NULL, NULL, k.key FROM {schema}.key k WHERE k.number = $1
         UNION ALL SELECT {NAME}::smallint, n.sequence, n.sort, NULL, NULL, n.name
             FROM {schema}.name n WHERE n.number = $1
         UNION ALL SELECT {SUBJECT}::smallint, b.sequence, b.subject, NULL, NULL, NULL
             FROM {schema}.subject b WHERE b.number = $1
         ORDER BY kind, sequence",
        journal("journal", ENTRY),
        journal("archive", ARCHIVED),
    );
    Sql { text, types: vec![Type::INT4] }
}

/// The query that finds the number of an orphaned or duplicate row, and the fault to report.
pub(in super::super) fn strays(schema: &str) -> Vec<(Sql, &'static str)> {
    let beside = [
        ("journal", "there are entries of it, and no head"),
        ("archive", "there are archived entries of it, and no head"),
        ("state", "there is a state of it, and no head"),
        ("key", "there are keys of it, and no head"),
        ("name", "there are names of it, and no head"),
        ("subject", "there are subjects of it, and no head"),
    ];
    let mut strays = Vec::new();
    for (table, what) in beside {
        let text = format!(
            "SELECT t.number FROM {schema}.{table} t
             WHERE NOT EXISTS (SELECT FROM {schema}.head h WHERE h.number = t.number) LIMIT 1"
        );
        strays.push((text, what));
    }
    let twice = format!("SELECT number FROM {schema}.profile GROUP BY number HAVING count(*) > 1 LIMIT 1");
    strays.push((twice, "two profiles have its number"));
    strays.into_iter().map(|(text, what)| (Sql { text, types: Vec::new() }, what)).collect()
}

/// The last number that was drawn.
pub(in super::super) fn drawn(schema: &str) -> Sql {
    let text =
        format!("SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM {schema}.number");
    Sql { text, types: Vec::new() }
}

/// The highest number of a profile above another: a statement of its own, as a distributed database does not join the sequence.
pub(in super::super) fn undrawn(schema: &str) -> Sql {
    let text = format!("SELECT number FROM {schema}.profile WHERE number > $1 ORDER BY number DESC LIMIT 1");
    Sql { text, types: vec![Type::INT8] }
}
