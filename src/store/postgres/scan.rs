//! Reading across profiles.
//!
//! The rows that are kept beside the journals say when something falls due, and never too late. So they find every
//! profile that is asked for, and some more, whose accounts are then loaded; early deadlines are corrected.

use super::ask::Answer;
use super::batch::{BatchState, Ends};
use super::session::Session;
use super::sql::Sql;
use super::{Layout, PostgresError, PostgresStore, Shared};
use crate::account::Account;
use crate::id::{ProfileId, ProfileNumber};
use crate::journal::External;
use crate::store::row::{number_of, profile_of};
use crate::store::scan::{expires_within, is_due};
use crate::store::{AsyncScan, Feed, FeedEntry, Need, Owner, Position};
use crate::time::Timestamp;

/// The number of candidates that are checked together.
const PAGE: usize = 256;

impl AsyncScan for PostgresStore {
    type Error = PostgresError;

    async fn profiles(
        &mut self,
        after: ProfileNumber,
        limit: usize,
    ) -> Result<Vec<ProfileNumber>, PostgresError> {
        let client = self.shared.pool.get().await?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = Session::query(&client, &self.shared.statements.profiles, &[&after, &limit]).await?;
        rows.iter().map(|row| Ok(number_of(row.try_get::<_, i32>(0)?)?)).collect()
    }

    async fn due(
        &mut self,
        by: Timestamp,
        after: ProfileNumber,
        limit: usize,
    ) -> Result<Vec<ProfileNumber>, PostgresError> {
        self.shared
            .numbers_where(&self.shared.statements.due, by, after, limit, |account| is_due(account, by))
            .await
    }

    async fn expiring(
        &mut self,
        stretch: (Timestamp, Timestamp),
        after: ProfileNumber,
        limit: usize,
    ) -> Result<Vec<ProfileNumber>, PostgresError> {
        self.shared
            .numbers_where(&self.shared.statements.expiring, stretch.1, after, limit, |account| {
                expires_within(account, stretch)
            })
            .await
    }

    /// In the order of the database's transactions, up to the oldest one that is still open, so that one which
    /// commits late is not skipped. A transaction that stays open holds the feed up.
    async fn feed(&mut self, after: &Position, limit: usize) -> Result<Feed, PostgresError> {
        let client = self.shared.pool.get().await?;
        self.shared.feed(&client, after, limit).await
    }

    async fn named(&mut self, name: &External, limit: usize) -> Result<Vec<ProfileId>, PostgresError> {
        let client = self.shared.pool.get().await?;
        let (sort, limit) = (i16::from(name.sort()), i64::try_from(limit).unwrap_or(i64::MAX));
        let mut profiles = Vec::new();
        let named = &self.shared.statements.named;
        for row in Session::query(&client, named, &[&sort, &name.as_str(), &limit]).await? {
            profiles.extend(profile_of(number_of(row.try_get::<_, i32>(1)?)?, row.try_get(0)?)?);
        }
        Ok(profiles)
    }
}

impl Shared {
    /// The profiles after a number whose row says that something happens by an instant, and whose account agrees.
    /// `candidates`: the statement that finds the rows.
    async fn numbers_where(
        &self,
        candidates: &Sql,
        by: Timestamp,
        after: ProfileNumber,
        limit: usize,
        wanted: impl Fn(&Account) -> bool,
    ) -> Result<Vec<ProfileNumber>, PostgresError> {
        let client = self.pool.get().await?;
        let (mut after, page) = (after, i64::try_from(PAGE).unwrap_or(i64::MAX));
        let mut found = Vec::new();
        while found.len() < limit {
            let mut needs = Vec::new();
            for row in Session::query(&client, candidates, &[&after, &by, &page]).await? {
                after = number_of(row.try_get::<_, i32>(0)?)?;
                needs.push(Need::of(Owner::Number(after)));
            }
            if needs.is_empty() {
                break;
            }
            let is_last = needs.len() < PAGE;
            let batch = self.load(&client, &needs.iter().collect::<Vec<_>>()).await?;
            for need in &needs {
                let account = batch.account_of(need.owner);
                if let Some(account) = account.filter(|account| found.len() < limit && wanted(account)) {
                    found.push(account.number());
                }
            }
            self.refresh_rows(&client, &batch).await?;
            if is_last {
                break;
            }
        }
        Ok(found)
    }

    /// Where a row says too early when something falls due, it is written anew, so that it is not looked at again.
    async fn refresh_rows(&self, session: &impl Session, batch: &BatchState) -> Result<(), PostgresError> {
        let early = batch.accounts.iter().filter(|loaded| {
            let account = &loaded.account;
            // A row is only ever written forward.
            account.sequence() >= loaded.kept.sequence && loaded.kept.ends != Ends::of(account)
        });
        let mut early: Vec<_> = early.collect();
        early.sort_unstable_by_key(|loaded| loaded.account.number());
        for loaded in early {
            self.keep(session, &loaded.account).await?;
        }
        Ok(())
    }

    /// The entries written after a position, up to the oldest transaction that is still open, excluded.
    pub(super) async fn feed(
        &self,
        session: &impl Session,
        after: &Position,
        limit: usize,
    ) -> Result<Feed, PostgresError> {
        if self.options.layout == Layout::Distributed {
            return Err(PostgresError::NotDistributed("feed"));
        }
        let (position, number, sequence) = read(after)?;
        let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let rows = session
            .query(&self.statements.feed, &[&position, &number, &sequence, &self.offset, &one_more])
            .await?;
        let mut feed = Feed {
            entries: Vec::with_capacity(rows.len()),
            position: after.clone(),
            more: rows.len() > limit,
        };
        for row in rows.iter().take(limit) {
            let (answer, position) = (Answer(row), row.try_get::<_, i64>(0)?);
            let (number, sequence) = (answer.number()?, answer.sequence()?);
            let profile = profile_of(number, row.try_get(1)?)?;
            let entry = answer.entry()?;
            feed.entries.push(FeedEntry { profile, number, entry });
            feed.position = Position::new(format!("{position}.{}.{sequence}", number.get()));
        }
        Ok(feed)
    }
}

/// A position is a transaction and the last of its entries that was delivered: `transaction.profile.sequence`.
fn read(position: &Position) -> Result<(i64, i32, i32), PostgresError> {
    if *position == Position::START {
        return Ok((0, 0, 0));
    }
    let mut parts = position.as_str().split('.');
    let parts = (parts.next(), parts.next(), parts.next(), parts.next());
    let (Some(position), Some(number), Some(sequence), None) = parts else {
        return Err(PostgresError::NoSuchPosition);
    };
    match (position.parse(), number.parse(), sequence.parse()) {
        (Ok(position), Ok(number), Ok(sequence)) => Ok((position, number, sequence)),
        _ => Err(PostgresError::NoSuchPosition),
    }
}
