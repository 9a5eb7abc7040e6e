//! The statements that load accounts: one row each, with the entries that the state lags behind by.

use tokio_postgres::types::Type;

use super::{ACCOUNT, Sql};

/// Accounts, by name or number, and the look-ups that go with them.
pub(super) fn accounts(schema: &str, finds: Option<(String, Vec<Type>)>) -> Sql {
    let columns = columns(schema, ["w.slot", "w.number", "w.sequence", "w.profile"], "w.lend AND ");
    // Arrays are behind a `SELECT` as in the look-ups, so that the plan is kept.
    let mut text = format!(
        "WITH w AS (
             SELECT u.slot, p.number, coalesce(h.profile, p.profile) AS profile, coalesce(h.sequence, 0) AS sequence, true AS lend
             FROM unnest((SELECT $1::integer[]), $2::text[]) AS u(slot, name)
             JOIN {schema}.profile p ON p.profile = u.name
             LEFT JOIN {schema}.head h ON h.number = p.number
             UNION ALL
             SELECT u.slot, h.number, h.profile, h.sequence, u.lend
             FROM unnest((SELECT $3::integer[]), $4::integer[], $5::boolean[]) AS u(slot, number, lend)
             JOIN {schema}.head h ON h.number = u.number)
         SELECT {columns} FROM w LEFT JOIN {schema}.state s ON w.lend AND s.number = w.number"
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

/// The account of one name.
pub(super) fn account_named(schema: &str) -> Sql {
    let values = ["0", "p.number", "coalesce(h.sequence, 0)", "coalesce(h.profile, p.profile)"];
    let text = format!(
        "SELECT {} FROM {schema}.profile p LEFT JOIN {schema}.head h ON h.number = p.number
         LEFT JOIN {schema}.state s ON s.number = p.number WHERE p.profile = $1",
        columns(schema, values, "")
    );
    Sql { text, types: vec![Type::TEXT] }
}

/// The account of one number.
pub(super) fn account_of_one(schema: &str) -> Sql {
    let text = format!(
        "SELECT {} FROM {schema}.head h LEFT JOIN {schema}.state s ON s.number = $1 WHERE h.number = $1",
        columns(schema, ["0", "$1", "h.sequence", "h.profile"], "")
    );
    Sql { text, types: vec![Type::INT4] }
}

/// Columns of every answer: kind, slot or question, number, sequence, bytes; and of an account: profile, what is kept
/// beside its state, and the entries after that.
fn columns(schema: &str, [slot, number, last, profile]: [&str; 4], lend: &str) -> String {
    format!(
        "{ACCOUNT}::smallint, {slot}, {number}, {last}, s.state, {profile}, s.sequence, s.deadline, s.expires,
         CASE WHEN {lend}{last} > coalesce(s.sequence, 0) THEN ARRAY(
             SELECT j.entry FROM {schema}.journal j
             WHERE j.number = {number} AND j.sequence > coalesce(s.sequence, 0) AND j.sequence <= {last}
             ORDER BY j.sequence) END"
    )
}
