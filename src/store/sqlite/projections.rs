//! The tables that people query, filled from the journal.

use rusqlite::{OptionalExtension, TransactionBehavior, params};

use super::tables::Tables;
use super::{SqliteError, SqliteStore};
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

impl SqliteStore {
    /// Brings the tables that people query up to date with the journal, in transactions of a thousand entries, and says how
    /// far they are. What is committed while it runs may be in them or not.
    ///
    /// Amounts and points in them are whole numbers of ten-thousandths, instants are microseconds since 1970 in UTC, and an
    /// `expires_at` is the exclusive end (nothing: never). Nothing depends on a sweep (rule T7), so a query compares
    /// `expires_at` with the instant that it is asked at:
    ///
    /// ```
    /// # use scrip::store::sqlite::{SqliteStore, rusqlite::{self, Connection}};
    /// # use scrip::{Amount, Define, IssueReward, Ledger, PeriodType, ProfileId, Program, Redeem, RewardDefinition};
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
    /// let (handle, remaining): (String, i64) = reports.query_row(
    ///     "SELECT d.handle, l.remaining FROM scrip_lot l
    ///      JOIN scrip_account a USING (number) LEFT JOIN scrip_definition d USING (definition)
    ///      WHERE a.profile = 'alice' AND l.kind = 'reward' ORDER BY l.expires_at",
    ///     [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    /// assert_eq!((handle.as_str(), remaining), ("bonus", 2_5000));
    /// // What expires within a week.
    /// let expiring: i64 = reports.query_row(
    ///     "SELECT sum(remaining) FROM scrip_lot WHERE kind = 'reward' AND standing = 'usable'
    ///      AND remaining > 0 AND expires_at > ?1 AND expires_at <= ?1 + 7 * 86400 * 1000000",
    ///     [now.micros()], |row| row.get(0))?;
    /// assert_eq!(expiring, 2_5000);
    /// // What a redemption took.
    /// let (lot, amount): (i64, i64) = reports.query_row(
    ///     "SELECT lot, amount FROM scrip_redemption_item WHERE redemption = ? ORDER BY place",
    ///     [redemption.id.get() as i64], |row| Ok((row.get(0)?, row.get(1)?)))?;
    /// assert_eq!((lot, amount), (redemption.items[0].lot.get() as i64, 7_5000));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// SQLite failed, or an entry cannot be read. What was carried over before stays.
    pub fn project(&mut self) -> Result<ProjectReport, SqliteError> {
        let mut projected = ProjectReport::default();
        loop {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let tables = Tables(&transaction);
            let after = tables.projected()?;
            let feed = tables.feed(&after, STRETCH)?;
            for written in &feed.entries {
                tables.carry_over(written)?;
            }
            let sql = "INSERT INTO scrip_cursor VALUES ('tables', ?1) ON CONFLICT (name) DO UPDATE SET position = ?1";
            tables.prepare(sql)?.execute([feed.position.as_str()])?;
            transaction.commit()?;
            let carried = u64::try_from(feed.entries.len()).unwrap_or(u64::MAX);
            projected.entries = projected.entries.saturating_add(carried);
            projected.position = feed.position;
            if feed.entries.len() < STRETCH {
                return Ok(projected);
            }
        }
    }
}

impl Tables<'_> {
    fn projected(self) -> Result<Position, SqliteError> {
        let sql = "SELECT position FROM scrip_cursor WHERE name = 'tables'";
        let position = self.prepare(sql)?.query_row([], |row| row.get(0)).optional()?;
        Ok(position.map_or(Position::START, Position::new))
    }

    fn carry_over(self, written: &FeedEntry) -> Result<(), SqliteError> {
        steps(&written.entry).iter().try_for_each(|step| self.step(written, step))
    }

    fn step(self, written: &FeedEntry, step: &Step<'_>) -> Result<(), SqliteError> {
        let number = written.number.get();
        let run = |sql: &str, row: &[&dyn rusqlite::ToSql]| -> Result<(), SqliteError> {
            self.prepare(sql)?.execute(row)?;
            Ok(())
        };
        match step {
            Step::Account { sequence, at, balances } => {
                let profile = written.profile.as_ref().map(ProfileId::as_str);
                self.account(number, profile, *sequence, at.micros(), balances)
            }
            Step::Definition(defined) => {
                let kind = match defined.definition {
                    Definition::Reward(_) => "reward",
                    Definition::Point(_) => "point",
                };
                let (handle, name) = (defined.definition.handle().as_str(), defined.definition.name());
                run(
                    "INSERT OR REPLACE INTO scrip_definition VALUES (?, ?, ?, ?, ?)",
                    params![defined.id.get().cast_signed(), kind, handle, name, defined.is_archived],
                )
            }
            Step::Lot(lot) => self.lot(written.number, lot),
            Step::Facts(issue) => run(
                "UPDATE scrip_lot SET definition = ?, initial = ?, issued_at = ?, available_at = ?
                 WHERE number = ? AND lot = ?",
                params![
                    issue.definition_id.map(|id| id.get().cast_signed()),
                    issue.value_initial.ten_thousandths(),
                    issue.issued_at.micros(),
                    issue.available_at.micros(),
                    number,
                    issue.lot.get().cast_signed()
                ],
            ),
            Step::Take { lot, value, of_held } => {
                let (value, held) = (value.ten_thousandths(), i64::from(*of_held));
                run(
                    "UPDATE scrip_lot SET remaining = remaining - ?1, held = held - ?1 * ?2
                     WHERE number = ?3 AND lot = ?4",
                    params![value, held, number, lot.get().cast_signed()],
                )
            }
            Step::Hold { lot, value } => run(
                "UPDATE scrip_lot SET held = held + ? WHERE number = ? AND lot = ?",
                params![value.ten_thousandths(), number, lot.get().cast_signed()],
            ),
            Step::Free { lot, value } => run(
                "UPDATE scrip_lot SET held = held - ? WHERE number = ? AND lot = ?",
                params![value.ten_thousandths(), number, lot.get().cast_signed()],
            ),
            Step::Stands { after } => {
                let (standing, to) = standing_words(after.standing);
                run(
                    "UPDATE scrip_lot SET remaining = ?1, standing = ?2, moved_to = ?3, expires_at = ?4,
                     held = CASE WHEN ?3 IS NULL THEN held ELSE 0 END WHERE number = ?5 AND lot = ?6",
                    params![
                        after.remaining.ten_thousandths(),
                        standing,
                        to.map(ProfileNumber::get),
                        end_micros(after.expires_at),
                        number,
                        after.lot.get().cast_signed()
                    ],
                )
            }
            Step::Mature { lot } => run(
                "UPDATE scrip_lot SET standing = 'usable' WHERE number = ? AND lot = ?",
                params![number, lot.get().cast_signed()],
            ),
            Step::Redeem { redeemed, at, hold } => run(
                "INSERT OR REPLACE INTO scrip_redemption VALUES (?, ?, ?, ?, ?, 0, 0, NULL, ?)",
                params![
                    redeemed.redemption.get().cast_signed(),
                    number,
                    at.micros(),
                    redeemed.requested.ten_thousandths(),
                    redeemed.total.ten_thousandths(),
                    hold.map(|hold| hold.get().cast_signed())
                ],
            ),
            Step::Item { redemption, place, item } => run(
                "INSERT OR REPLACE INTO scrip_redemption_item VALUES (?, ?, ?, ?, ?, ?)",
                params![
                    redemption.get().cast_signed(),
                    place,
                    item.lot.get().cast_signed(),
                    kind_word(item.kind()),
                    item.amount.ten_thousandths(),
                    item.points.ten_thousandths()
                ],
            ),
            Step::Redemption(state) => run(
                "UPDATE scrip_redemption SET returned = ?, is_reversed = ?, transaction_id = ?
                 WHERE redemption = ? AND number = ?",
                params![
                    state.returned.ten_thousandths(),
                    state.is_reversed,
                    state.transaction_id.map(|id| id.get().cast_signed()),
                    state.id.get().cast_signed(),
                    number
                ],
            ),
            Step::Transaction(transaction) => self.transaction(number, transaction),
        }
    }
}

impl Tables<'_> {
    fn account(
        self,
        number: u32,
        profile: Option<&str>,
        sequence: u32,
        last_at: i64,
        balances: &Balances,
    ) -> Result<(), SqliteError> {
        let sql = "INSERT INTO scrip_account VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
            ON CONFLICT (number) DO UPDATE SET sequence = ?3, last_at = ?4, reward_balance = ?5, reward_pending = ?6,
            reward_held = ?7, point_balance = ?8, point_pending = ?9, point_held = ?10, point_debt = ?11";
        self.prepare(sql)?.execute(params![
            number,
            profile,
            sequence,
            last_at,
            balances.reward_balance.ten_thousandths(),
            balances.reward_pending.ten_thousandths(),
            balances.reward_held.ten_thousandths(),
            balances.point_balance.ten_thousandths(),
            balances.point_pending.ten_thousandths(),
            balances.point_held.ten_thousandths(),
            balances.point_debt.ten_thousandths()
        ])?;
        Ok(())
    }

    fn lot(self, number: ProfileNumber, row: &LotRow<'_>) -> Result<(), SqliteError> {
        let (issue, (standing, moved_to)) = (row.issue, standing_words(row.standing));
        let sql = "INSERT OR REPLACE INTO scrip_lot VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        self.prepare(sql)?.execute(params![
            number.get(),
            issue.lot.get().cast_signed(),
            kind_word(issue.kind),
            issue.definition_id.map(|id| id.get().cast_signed()),
            row.external_id,
            issue.value_initial.ten_thousandths(),
            issue.value_remaining.ten_thousandths(),
            row.held.ten_thousandths(),
            standing,
            issue.issued_at.micros(),
            issue.available_at.micros(),
            end_micros(issue.expires_at),
            moved_to.map(ProfileNumber::get)
        ])?;
        Ok(())
    }

    fn transaction(self, number: u32, transaction: &Transaction) -> Result<(), SqliteError> {
        let sql = "INSERT OR REPLACE INTO scrip_transaction VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        self.prepare(sql)?.execute(params![
            transaction.id.get().cast_signed(),
            number,
            transaction.external_id.as_ref().map(|id| id.as_str()),
            transaction.redemption_id.map(|id| id.get().cast_signed()),
            transaction.total.ten_thousandths(),
            transaction.total_original.ten_thousandths(),
            transaction.returned.ten_thousandths(),
            transaction.earned.map_or(0, |earned| earned.points.ten_thousandths()),
            transaction.transacted_at.micros(),
            transaction.is_deleted,
            transaction.created_at.micros(),
            transaction.updated_at.micros()
        ])?;
        Ok(())
    }
}
