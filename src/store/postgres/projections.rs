//! The tables that people query, in PostgreSQL.

use std::collections::HashMap;

use futures_util::future::try_join_all;
use tokio_postgres::types::ToSql;

use super::{Layout, PostgresError, PostgresStore, Shared};
use crate::id::{DefinitionId, ProfileNumber};
use crate::journal::{Flow, FlowSum};
use crate::store::projection::sql::Dialect;
use crate::store::projection::tables::{ALL, Type};
use crate::store::projection::{ProjectReport, STRETCH, Value, changes, kind_of};
use crate::store::{Damage, Feed, Position};
use crate::time::Timestamp;

const fn dialect(table_prefix: &str) -> Dialect<'_> {
    Dialect { table_prefix, index_prefix: "", parameter: '$', type_name, is_by_profile: true, wide_key: "" }
}

const fn type_name(kind: Type) -> &'static str {
    match kind {
        Type::Number => "integer",
        Type::Id | Type::Quantity | Type::Instant => "bigint",
        Type::Flag => "boolean",
        Type::Text => "text",
    }
}

/// The statements that create the tables.
pub(super) fn create(schema: &str) -> String {
    let prefix = format!("{schema}.");
    ALL.iter().map(|table| dialect(&prefix).create(table)).collect()
}

impl PostgresStore {
    /// Brings the tables that people query up to date with the journal, in transactions of a thousand entries, and
    /// says how far they are. Callers take turns. What is committed while it runs may be in them or not.
    ///
    /// They are `account`, `definition`, `lot`, `redemption`, `redemption_item` and `transaction`, in the store's
    /// schema. Amounts and points in them are whole numbers of ten-thousandths, instants are microseconds since 1970
    /// in UTC, and an `expires_at` is the exclusive end (nothing: never). Nothing depends on a sweep (rule T7), so a
    /// query compares `expires_at` with the instant that it is asked at:
    ///
    /// ```sql
    /// -- A customer's rewards.
    /// SELECT d.handle, l.remaining / 10000.0 FROM scrip.lot l JOIN scrip.account a USING (number)
    /// LEFT JOIN scrip.definition d USING (definition)
    /// WHERE a.profile = 'alice' AND l.kind = 'reward' ORDER BY l.expires_at;
    /// -- What expires within a week.
    /// SELECT sum(remaining) / 10000.0 FROM scrip.lot WHERE kind = 'reward' AND standing = 'usable' AND remaining > 0
    /// AND expires_at > extract(epoch FROM now()) * 1000000
    /// AND expires_at <= extract(epoch FROM now() + interval '7 days') * 1000000;
    /// ```
    ///
    /// # Errors
    /// The database failed, is [distributed](PostgresError::NotDistributed), or an entry cannot be read. Entries carried over
    /// before stay.
    pub async fn project(&self) -> Result<ProjectReport, PostgresError> {
        self.shared.projects()?;
        let mut projected = ProjectReport::default();
        loop {
            let feed = self.shared.project_stretch().await?;
            let more = feed.more;
            projected.add(feed);
            if !more {
                return Ok(projected);
            }
        }
    }
}

impl PostgresStore {
    /// The sums of all flows before the last of these cuts, by period, kind of value and definition, as the tables have them: what
    /// [`Liability::from_flows`](crate::report::Liability::from_flows) makes a roll-forward of. The tables are as far as
    /// [`project`](Self::project) brought them.
    ///
    /// # Errors
    /// PostgreSQL failed, is [distributed](PostgresError::NotDistributed), or a table has what no projection wrote.
    pub async fn flows(&self, cuts: &[Timestamp]) -> Result<Vec<FlowSum>, PostgresError> {
        self.shared.projects()?;
        let schema = &self.shared.options.schema;
        let sql = format!(
            "SELECT width_bucket(m.at, $1::bigint[]), m.kind, m.flow, l.definition, sum(m.value)::text FROM {schema}.movement m
             LEFT JOIN {schema}.lot l ON l.number = m.number AND l.lot = m.lot WHERE m.at < $2
             GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
        );
        let instants: Vec<i64> = cuts.iter().map(|cut| cut.micros()).collect();
        let end = instants.last().copied().unwrap_or(i64::MIN);
        let client = self.shared.pool.get().await?;
        let mut sums = Vec::new();
        for row in client.query(&sql, &[&instants, &end]).await? {
            let (period, definition_id): (i32, Option<DefinitionId>) = (row.try_get(0)?, row.try_get(3)?);
            let (kind, flow, sum): (&str, &str, &str) = (row.try_get(1)?, row.try_get(2)?, row.try_get(4)?);
            let read = || {
                Some((usize::try_from(period).ok()?, kind_of(kind)?, Flow::named(flow)?, sum.parse().ok()?))
            };
            let broken =
                || Damage::broken(ProfileNumber::CATALOGUE, format!("a movement: `{kind}`, `{flow}`, {sum}"));
            let (period, kind, flow, sum) = read().ok_or_else(broken)?;
            sums.push(FlowSum::new((period, kind, definition_id, flow), sum));
        }
        Ok(sums)
    }
}

impl Shared {
    /// A distributed database has no feed to fill the tables from.
    fn projects(&self) -> Result<(), PostgresError> {
        match self.options.layout {
            Layout::OneServer => Ok(()),
            Layout::Distributed => Err(PostgresError::NotDistributed("projections")),
        }
    }

    async fn project_stretch(&self) -> Result<Feed, PostgresError> {
        let schema = &self.options.schema;
        let mut client = self.pool.get().await?;
        let transaction = client.transaction().await?;
        let lock = format!("SELECT position FROM {schema}.cursor WHERE name = 'tables' FOR UPDATE");
        let position = transaction.query_one(&lock, &[]).await?.try_get::<_, String>(0)?;
        let feed = self.feed(&transaction, &Position::new(position), STRETCH).await?;
        let prefix = format!("{schema}.");
        let printed = |change| dialect(&prefix).statement(&change);
        let changes: Vec<_> = feed.entries.iter().flat_map(changes).map(printed).collect();
        let mut statements = HashMap::new();
        for (sql, _) in &changes {
            if !statements.contains_key(sql) {
                statements.insert(sql, transaction.prepare_cached(sql).await?);
            }
        }
        // They are sent one after the other without waiting for the answers.
        let transaction_ref = &transaction;
        let sent = changes.iter().filter_map(|(sql, values)| {
            let statement = statements.get(sql)?;
            let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(parameter).collect();
            Some(async move { transaction_ref.execute(statement, &values).await })
        });
        try_join_all(sent).await?;
        let sql = format!("UPDATE {schema}.cursor SET position = $1 WHERE name = 'tables'");
        transaction.execute(&sql, &[&feed.position.as_str()]).await?;
        transaction.commit().await?;
        Ok(feed)
    }
}

fn parameter<'v>(value: &'v Value<'_>) -> &'v (dyn ToSql + Sync) {
    match value {
        Value::Number(number) => number,
        Value::Long(number) => number,
        Value::Flag(flag) => flag,
        Value::Text(text) => text,
    }
}

#[cfg(test)]
mod tests;
