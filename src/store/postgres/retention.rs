//! Keeping the journal small: partitions by time, and an archive for entries that are no longer needed.

use deadpool_postgres::Object;

use super::ask::Answer;
use super::batch::Ends;
use super::commit::account_bytes;
use super::load::plain;
use super::session::{Filled, Parameter, Session, Value, send_all};
use super::sql::Archive;
use super::{PostgresError, PostgresStore, Shared};
use crate::account::{Account, unneeded};
use crate::id::ProfileNumber;
use crate::store::row::number_of;
use crate::store::{Need, Owner};
use crate::time::Timestamp;

/// The report of an archiving run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArchiveReport {
    /// How many accounts were looked at.
    pub accounts: u64,
    /// How many entries went to the archive.
    pub entries: u64,
}

impl PostgresStore {
    /// Adds a partition to a journal that is [partitioned](super::Options::partitioned): for the entries from one
    /// instant, included, to another, excluded. Do so before entries of that time come in; those for which there is no
    /// partition go to the one for the rest.
    ///
    /// # Errors
    /// The journal is not partitioned, the stretch overlaps another partition, or the rest holds entries of it already.
    pub async fn add_partition(&self, from: Timestamp, until: Timestamp) -> Result<(), PostgresError> {
        if !self.shared.options.partitioned {
            return Err(PostgresError::OtherLayout);
        }
        let (schema, from, until) = (&self.shared.options.schema, from.micros(), until.micros());
        // A name may not hold a minus.
        let sign = if from < 0 { "before_1970_" } else { "" };
        let sql = format!(
            "CREATE TABLE {schema}.journal_{sign}{} PARTITION OF {schema}.journal FOR VALUES FROM ({from}) TO ({until})",
            from.unsigned_abs()
        );
        Ok(self.shared.pool.get().await?.batch_execute(&sql).await?)
    }

    /// Moves to the table `archive` what was written before an instant and is not needed for anything that can still be
    /// asked: redemptions that nothing came of later, and lots that only they drew from. Each account's state is
    /// written forward first, so that balances, live lots, open holds, transactions and debts stay exact.
    ///
    /// What is gone then: the idempotency keys and external ids of those entries, so let the instant be further back than
    /// the program's key and late windows and than any till repeats itself; returning and linking those redemptions; and the
    /// wallet and the past of an account whose entries were moved, which is
    /// [`Missing`](crate::store::Damage::Missing) from now on. A cursor in the feed that is further back does not hear of them,
    /// so let everybody listen first. The archive has the same columns as the journal; together they are the whole
    /// journal.
    ///
    /// It goes from account to account, each in a transaction of its own, and can be stopped and run again.
    ///
    /// # Errors
    /// The database failed, or an account or an entry cannot be read. Entries moved before stay moved.
    pub async fn archive(&self, before: Timestamp) -> Result<ArchiveReport, PostgresError> {
        let mut archived = ArchiveReport::default();
        let mut client = self.shared.pool.get().await?;
        let mut after = ProfileNumber::CATALOGUE;
        loop {
            let rows = Session::query(&client, &self.shared.statements.heads, &[&after]).await?;
            if rows.is_empty() {
                return Ok(archived);
            }
            for row in rows {
                after = number_of(row.try_get::<_, i32>(0)?)?;
                let entries = self.shared.archive_one(&mut client, after, before).await?;
                archived.accounts = archived.accounts.saturating_add(1);
                archived.entries = archived.entries.saturating_add(entries);
            }
        }
    }
}

impl Shared {
    async fn archive_one(
        &self,
        client: &mut Object,
        number: ProfileNumber,
        before: Timestamp,
    ) -> Result<u64, PostgresError> {
        let need = Need::of(Owner::Number(number));
        let batch = self.load(client, &[&need]).await?;
        let Some(account) = batch.account_of(need.owner) else { return Ok(0) };
        let mut journal = Vec::new();
        for row in Session::query(client, &self.statements.journal, &[&number]).await? {
            let entry = Answer(&row).entry()?;
            // The account does not have the entries that came in since then.
            if entry.sequence <= account.sequence() {
                journal.push(entry);
            }
        }
        let unneeded = unneeded(account, &journal, before);
        let sequences: Vec<i32> = unneeded.filter_map(|entry| i32::try_from(entry.sequence).ok()).collect();
        if sequences.is_empty() {
            return Ok(0);
        }
        let transaction = client.transaction().await?;
        self.keep(&transaction, account).await?;
        let moved = self.move_entries(&transaction, number, &sequences).await?;
        transaction.commit().await?;
        Ok(moved)
    }

    /// Returns how many entries were moved.
    async fn move_entries(
        &self,
        session: &impl Session,
        number: ProfileNumber,
        sequences: &[i32],
    ) -> Result<u64, PostgresError> {
        let Archive { journal, key, name, row: add } = &self.statements.archive;
        let (mut moved, mut rows) = (Vec::new(), Vec::new());
        for row in session.query(journal, &[&number, &sequences]).await? {
            let (sequence, bytes) = (row.try_get(0)?, row.try_get(3)?);
            let (at, position) = (Value::Long(row.try_get(1)?), Value::Long(row.try_get(2)?));
            let values = [Value::Int(plain(number)), Value::Int(sequence), at, position, Value::Bytes(bytes)];
            rows.push(Filled::new(add, values));
            moved.push(sequence);
        }
        send_all(session, &rows).await?.into_iter().try_for_each(|answer| answer.map(drop))?;
        for sql in [key, name] {
            session.query(sql, &[&number, &moved]).await?;
        }
        Ok(u64::try_from(moved.len()).unwrap_or(u64::MAX))
    }

    /// Writes an account's state, unless a newer one is stored.
    pub(super) async fn keep(&self, session: &impl Session, account: &Account) -> Result<(), PostgresError> {
        let sequence = i32::try_from(account.sequence()).unwrap_or(i32::MAX);
        let (Ends { deadline, expires }, bytes) = (Ends::of(account), account_bytes(account));
        let parameters: [Parameter<'_>; 5] = [&account.number(), &sequence, &deadline, &expires, &bytes];
        session.query(&self.statements.keep, &parameters).await?;
        Ok(())
    }
}
