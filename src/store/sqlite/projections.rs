//! The tables that people query, in SQLite.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, ToSql, TransactionBehavior};

use super::tables::Tables;
use super::{SqliteError, SqliteStore};
use crate::id::DefinitionId;
use crate::journal::{Flow, FlowSum};
use crate::store::Position;
use crate::store::projection::sql::Dialect;
use crate::store::projection::tables::{ALL, Type};
use crate::store::projection::{Change, ProjectReport, STRETCH, Value, changes, kind_of};
use crate::time::Timestamp;

const DIALECT: Dialect<'_> = Dialect {
    table_prefix: "scrip_",
    index_prefix: "scrip_",
    parameter: '?',
    type_name,
    is_by_profile: false,
    wide_key: " WITHOUT ROWID",
};

const fn type_name(kind: Type) -> &'static str {
    match kind {
        Type::Number | Type::Id | Type::Quantity | Type::Instant | Type::Flag => "INTEGER",
        Type::Text => "TEXT",
    }
}

/// The statements that create the tables.
pub(super) fn create() -> String {
    ALL.iter().map(|table| DIALECT.create(table)).collect()
}

impl SqliteStore {
    /// Brings the tables that people query up to date with the journal, in transactions of a thousand entries, and says how
    /// far they are. What is committed while it runs may be in them or not.
    ///
    /// Amounts and points in them are whole numbers of ten-thousandths, instants are microseconds since 1970 in UTC, and an
    /// `expires_at` is the exclusive end (nothing: never). Nothing depends on a sweep (rule T7), so a query compares
    /// `expires_at` with the instant that it is asked at:
    ///
    /// ```
    /// # use scrip::id::Handle;
    /// # use scrip::store::sqlite::SqliteStore;
    /// # use scrip::store::sqlite::rusqlite::{self, Connection};
    /// # use scrip::{
    /// #     Amount, Define, IssueReward, Ledger, LotId, PeriodType, ProfileId, Program, Redeem,
    /// #     RewardDefinition,
    /// # };
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("ledger.sqlite");
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, SqliteStore::open(&path)?);
    /// # let now: scrip::Timestamp = "2025-06-15T14:32:00+10:00".parse()?;
    /// # let alice = ProfileId::new("alice")?;
    /// # let bonus = RewardDefinition::new("bonus".parse()?, "Bonus", Amount::from(10)).valid_for(5, PeriodType::Days);
    /// # let bonus = ledger.at(now).commit(Define::from(bonus))?;
    /// # ledger.at(now).commit(IssueReward::new(alice, bonus.id))?;
    /// # let redemption = ledger.at(now).commit(Redeem::strict(alice, "7.50".parse()?))?;
    /// ledger.store().project()?;
    ///
    /// let reports = Connection::open(&path)?;
    /// // A customer's rewards.
    /// let (handle, remaining): (Handle, Amount) = reports.query_row(
    ///     "SELECT d.handle, l.remaining FROM scrip_lot l
    ///      JOIN scrip_account a USING (number) LEFT JOIN scrip_definition d USING (definition)
    ///      WHERE a.profile = 'alice' AND l.kind = 'reward' ORDER BY l.expires_at",
    ///     [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    /// assert_eq!((handle.as_str(), remaining), ("bonus", "2.50".parse()?));
    /// // What expires within a week.
    /// let expiring: Amount = reports.query_row(
    ///     "SELECT sum(remaining) FROM scrip_lot WHERE kind = 'reward' AND standing = 'usable'
    ///      AND remaining > 0 AND expires_at > ?1 AND expires_at <= ?1 + 7 * 86400 * 1000000",
    ///     [now], |row| row.get(0))?;
    /// assert_eq!(expiring, "2.50".parse()?);
    /// // What a redemption took.
    /// let (lot, amount): (LotId, Amount) = reports.query_row(
    ///     "SELECT lot, amount FROM scrip_redemption_item WHERE redemption = ? ORDER BY place",
    ///     [redemption.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    /// assert_eq!((lot, amount), (redemption.items[0].lot, "7.50".parse()?));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// SQLite failed, or an entry cannot be read. Entries carried over before stay.
    pub fn project(&mut self) -> Result<ProjectReport, SqliteError> {
        let mut projected = ProjectReport::default();
        loop {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let tables = Tables(&transaction);
            let feed = tables.feed(&tables.projected()?, STRETCH)?;
            feed.entries.iter().flat_map(changes).try_for_each(|change| tables.change(&change))?;
            let sql = "INSERT INTO scrip_cursor VALUES ('tables', ?1) ON CONFLICT (name) DO UPDATE SET position = ?1";
            tables.prepare(sql)?.execute([feed.position.as_str()])?;
            transaction.commit()?;
            let more = feed.more;
            projected.add(feed);
            if !more {
                return Ok(projected);
            }
        }
    }
}

impl SqliteStore {
    /// The sums of all flows before the last of these cuts, by period, kind of value and definition, as the tables have them: what
    /// [`Liability::from_flows`](crate::report::Liability::from_flows) makes a roll-forward of. The tables are as far as
    /// [`project`](Self::project) brought them.
    ///
    /// # Errors
    /// SQLite failed, or a table has what no projection wrote.
    pub fn flows(&mut self, cuts: &[Timestamp]) -> Result<Vec<FlowSum>, SqliteError> {
        let end = cuts.last().map_or(i64::MIN, |end| end.micros());
        let sql = "SELECT m.at, m.kind, m.flow, l.definition, m.value FROM scrip_movement m
            LEFT JOIN scrip_lot l ON l.number = m.number AND l.lot = m.lot WHERE m.at < ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([end])?;
        let mut sums = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let at: i64 = row.get(0)?;
            let period = cuts.partition_point(|cut| cut.micros() <= at);
            let kind = word(row, 1, kind_of)?;
            let flow = word(row, 2, Flow::named)?;
            let definition_id: Option<DefinitionId> = row.get(3)?;
            let sum = sums.entry((period, kind, definition_id, flow)).or_insert(0_i128);
            *sum = sum.saturating_add(row.get::<_, i64>(4)?.into());
        }
        Ok(sums.into_iter().map(|(of, sum)| FlowSum::new(of, sum)).collect())
    }
}

/// A word of a column.
fn word<T>(row: &Row<'_>, place: usize, read: impl Fn(&str) -> Option<T>) -> Result<T, rusqlite::Error> {
    let text = row.get_ref(place)?.as_str()?;
    let unknown = || rusqlite::Error::InvalidColumnType(place, text.to_owned(), rusqlite::types::Type::Text);
    read(text).ok_or_else(unknown)
}

impl Tables<'_> {
    fn projected(self) -> Result<Position, SqliteError> {
        let sql = "SELECT position FROM scrip_cursor WHERE name = 'tables'";
        let position = self.prepare(sql)?.query_row([], |row| row.get(0)).optional()?;
        Ok(position.map_or(Position::START, Position::new))
    }

    fn change(self, change: &Change<'_>) -> Result<(), SqliteError> {
        let (sql, values) = DIALECT.statement(change);
        let values: Vec<&dyn ToSql> = values.iter().map(parameter).collect();
        self.prepare(&sql)?.execute(&values[..])?;
        Ok(())
    }
}

fn parameter<'v>(value: &'v Value<'_>) -> &'v dyn ToSql {
    match value {
        Value::Number(number) => number,
        Value::Long(number) => number,
        Value::Flag(flag) => flag,
        Value::Text(text) => text,
    }
}

#[cfg(test)]
mod tests;
