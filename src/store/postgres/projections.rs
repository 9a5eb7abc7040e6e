//! The tables that people query, filled from the journal.

use futures_util::future::try_join_all;
use tokio_postgres::types::ToSql;

use super::{PostgresError, PostgresStore, Shared};
use crate::definition::Definition;
use crate::id::{ProfileId, ProfileNumber};
use crate::journal::{Balances, Transaction};
use crate::store::projection::{LotRow, Step, end_micros, kind_word, standing_words, steps};
use crate::store::{FeedEntry, Position};

/// How many entries one transaction carries over.
const STRETCH: usize = 1000;

/// How far the tables that people query are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProjectReport {
    /// How many entries this call carried over.
    pub entries: u64,
    /// How far in the journal the tables are now.
    pub position: Position,
}

/// A statement and what goes into it. They are sent one after the other without waiting for the answers.
type Change = (&'static str, Vec<Box<dyn ToSql + Sync + Send>>);

macro_rules! row {
    ($($value:expr),* $(,)?) => { vec![$(Box::new($value) as Box<dyn ToSql + Sync + Send>),*] };
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
    /// The database failed, is distributed, or an entry cannot be read. What was carried over before stays.
    pub async fn project(&self) -> Result<ProjectReport, PostgresError> {
        let mut projected = ProjectReport::default();
        loop {
            let (carried, position) = self.shared.project_stretch().await?;
            projected.entries = projected.entries.saturating_add(u64::try_from(carried).unwrap_or(u64::MAX));
            projected.position = position;
            if carried < STRETCH {
                return Ok(projected);
            }
        }
    }
}

impl Shared {
    async fn project_stretch(&self) -> Result<(usize, Position), PostgresError> {
        let schema = &self.options.schema;
        let mut client = self.pool.get().await?;
        let transaction = client.transaction().await?;
        let lock = format!("SELECT position FROM {schema}.cursor WHERE name = 'tables' FOR UPDATE");
        let position = transaction.query_one(&lock, &[]).await?.try_get::<_, String>(0)?;
        let feed = self.feed(&transaction, &Position::new(position), STRETCH).await?;
        let changes: Vec<Change> = feed.entries.iter().flat_map(changes).collect();
        let mut statements = std::collections::HashMap::new();
        for (sql, _) in &changes {
            if !statements.contains_key(sql) {
                let text = sql.replace("scrip.", &format!("{schema}."));
                statements.insert(*sql, transaction.prepare_cached(&text).await?);
            }
        }
        let transaction_ref = &transaction;
        let sent = changes.iter().filter_map(|(sql, values)| {
            let statement = statements.get(sql)?;
            let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| &**value as _).collect();
            Some(async move { transaction_ref.execute(statement, &values).await })
        });
        try_join_all(sent).await?;
        let sql = format!("UPDATE {schema}.cursor SET position = $1 WHERE name = 'tables'");
        transaction.execute(&sql, &[&feed.position.as_str()]).await?;
        transaction.commit().await?;
        Ok((feed.entries.len(), feed.position))
    }
}

fn changes(written: &FeedEntry) -> Vec<Change> {
    steps(&written.entry).iter().map(|step| change(written, step)).collect()
}

/// Below 2 to the 31st.
fn plain(number: ProfileNumber) -> i32 {
    super::load::plain(number)
}

/// What a step does to its table. An id is below 2 to the 53rd.
fn change(written: &FeedEntry, step: &Step<'_>) -> Change {
    let number = plain(written.number);
    match step {
        Step::Account { sequence, at, balances } => {
            let profile = written.profile.as_ref().map(ProfileId::to_string).unwrap_or_default();
            account(number, profile, *sequence, at.micros(), balances)
        }
        Step::Definition(defined) => {
            let kind = match defined.definition {
                Definition::Reward(_) => "reward",
                Definition::Point(_) => "point",
            };
            let (handle, name) =
                (defined.definition.handle().to_string(), defined.definition.name().to_owned());
            (
                "INSERT INTO scrip.definition VALUES ($1, $2, $3, $4, $5) ON CONFLICT (definition) DO UPDATE SET
                 handle = excluded.handle, name = excluded.name, is_archived = excluded.is_archived",
                row![defined.id.get().cast_signed(), kind, handle, name, defined.is_archived],
            )
        }
        Step::Lot(lot) => new_lot(number, lot),
        Step::Facts(issue) => (
            "UPDATE scrip.lot SET definition = $1, initial = $2, issued_at = $3, available_at = $4
             WHERE number = $5 AND lot = $6",
            row![
                issue.definition_id.map(|id| id.get().cast_signed()),
                issue.value_initial.ten_thousandths(),
                issue.issued_at.micros(),
                issue.available_at.micros(),
                number,
                issue.lot.get().cast_signed(),
            ],
        ),
        Step::Take { lot, value, of_held } => (
            "UPDATE scrip.lot SET remaining = remaining - $1, held = held - $2 WHERE number = $3 AND lot = $4",
            row![
                value.ten_thousandths(),
                if *of_held { value.ten_thousandths() } else { 0 },
                number,
                lot.get().cast_signed(),
            ],
        ),
        Step::Hold { lot, value } => (
            "UPDATE scrip.lot SET held = held + $1 WHERE number = $2 AND lot = $3",
            row![value.ten_thousandths(), number, lot.get().cast_signed()],
        ),
        Step::Free { lot, value } => (
            "UPDATE scrip.lot SET held = held - $1 WHERE number = $2 AND lot = $3",
            row![value.ten_thousandths(), number, lot.get().cast_signed()],
        ),
        Step::Stands { after } => {
            let (standing, to) = standing_words(after.standing);
            (
                "UPDATE scrip.lot SET remaining = $1, standing = $2, moved_to = $3, expires_at = $4,
                 held = CASE WHEN $3::integer IS NULL THEN held ELSE 0 END WHERE number = $5 AND lot = $6",
                row![
                    after.remaining.ten_thousandths(),
                    standing,
                    to.map(plain),
                    end_micros(after.expires_at),
                    number,
                    after.lot.get().cast_signed(),
                ],
            )
        }
        Step::Mature { lot } => (
            "UPDATE scrip.lot SET standing = 'usable' WHERE number = $1 AND lot = $2",
            row![number, lot.get().cast_signed()],
        ),
        Step::Redeem { redeemed, at, hold } => (
            "INSERT INTO scrip.redemption VALUES ($1, $2, $3, $4, $5, 0, false, NULL, $6)",
            row![
                number,
                redeemed.redemption.get().cast_signed(),
                at.micros(),
                redeemed.requested.ten_thousandths(),
                redeemed.total.ten_thousandths(),
                hold.map(|hold| hold.get().cast_signed()),
            ],
        ),
        Step::Item { redemption, place, item } => (
            "INSERT INTO scrip.redemption_item VALUES ($1, $2, $3, $4, $5, $6, $7)",
            row![
                number,
                redemption.get().cast_signed(),
                i32::try_from(*place).unwrap_or(i32::MAX),
                item.lot.get().cast_signed(),
                kind_word(item.kind()),
                item.amount.ten_thousandths(),
                item.points.ten_thousandths(),
            ],
        ),
        Step::Redemption(state) => (
            "UPDATE scrip.redemption SET returned = $1, is_reversed = $2, transaction_id = $3
             WHERE number = $4 AND redemption = $5",
            row![
                state.returned.ten_thousandths(),
                state.is_reversed,
                state.transaction_id.map(|id| id.get().cast_signed()),
                number,
                state.id.get().cast_signed(),
            ],
        ),
        Step::Transaction(sale) => transaction(number, sale),
    }
}

fn account(number: i32, profile: String, sequence: u32, last_at: i64, balances: &Balances) -> Change {
    (
        "INSERT INTO scrip.account VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (number) DO UPDATE SET sequence = $3, last_at = $4, reward_balance = $5, reward_pending = $6,
         reward_held = $7, point_balance = $8, point_pending = $9, point_held = $10, point_debt = $11",
        row![
            number,
            profile,
            i32::try_from(sequence).unwrap_or(i32::MAX),
            last_at,
            balances.reward_balance.ten_thousandths(),
            balances.reward_pending.ten_thousandths(),
            balances.reward_held.ten_thousandths(),
            balances.point_balance.ten_thousandths(),
            balances.point_pending.ten_thousandths(),
            balances.point_held.ten_thousandths(),
            balances.point_debt.ten_thousandths(),
        ],
    )
}

/// A lot that comes back to a profile that it left takes its row again.
fn new_lot(number: i32, lot: &LotRow<'_>) -> Change {
    let (issue, (standing, moved_to)) = (lot.issue, standing_words(lot.standing));
    (
        "INSERT INTO scrip.lot VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (number, lot) DO UPDATE SET definition = $4, external_id = $5, initial = $6, remaining = $7,
         held = $8, standing = $9, issued_at = $10, available_at = $11, expires_at = $12, moved_to = $13",
        row![
            number,
            issue.lot.get().cast_signed(),
            kind_word(issue.kind),
            issue.definition_id.map(|id| id.get().cast_signed()),
            lot.external_id.map(str::to_owned),
            issue.value_initial.ten_thousandths(),
            issue.value_remaining.ten_thousandths(),
            lot.held.ten_thousandths(),
            standing,
            issue.issued_at.micros(),
            issue.available_at.micros(),
            end_micros(issue.expires_at),
            moved_to.map(plain),
        ],
    )
}

fn transaction(number: i32, sale: &Transaction) -> Change {
    (
        "INSERT INTO scrip.transaction VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (number, transaction_id) DO UPDATE SET external_id = $3, redemption = $4, total = $5,
         total_original = $6, returned = $7, points_earned = $8, transacted_at = $9, is_deleted = $10,
         created_at = $11, updated_at = $12",
        row![
            number,
            sale.id.get().cast_signed(),
            sale.external_id.as_ref().map(ToString::to_string),
            sale.redemption_id.map(|id| id.get().cast_signed()),
            sale.total.ten_thousandths(),
            sale.total_original.ten_thousandths(),
            sale.returned.ten_thousandths(),
            sale.earned.map_or(0, |earned| earned.points.ten_thousandths()),
            sale.transacted_at.micros(),
            sale.is_deleted,
            sale.created_at.micros(),
            sale.updated_at.micros(),
        ],
    )
}
