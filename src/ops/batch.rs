//! A batch under one idempotency key (rule J5).

use crate::engine::{Action, Asked, content};
use crate::id::Key;
use crate::journal::BatchRow;
use crate::ops::Request;
use crate::time::Timestamp;

/// Many requests under one idempotency key, which is one content: all its rows, in their order (rule J5).
///
/// The rows are answered one by one, as those of any batch (rule D5). Sent again, it replays the rows that were carried out
/// and tries the others, so one that was interrupted is completed. With other rows, in another order or in another number
/// the key is refused, for all of them.
///
/// [`LedgerAt::commit_all`](crate::LedgerAt::commit_all) makes one of a key and requests; this is what
/// [`Ledger::run_batch`](crate::Ledger::run_batch) and [`GroupCommit::commit_batch`](crate::ledger::GroupCommit::commit_batch) take.
///
/// ```
/// use scrip::request::KeyedBatch;
/// use scrip::{Amount, ProfileId, Redeem};
///
/// let redeem = |name: &str| ProfileId::new(name).map(|profile| Redeem::strict(profile, Amount::from(4)));
/// let requests = [redeem("alice")?, redeem("bob")?];
/// let batch = KeyedBatch::new("2025-06-15T02:00:00Z".parse().unwrap(), "import-7".parse()?, requests);
/// assert_eq!(batch.requests.len(), 2);
/// # Ok::<(), scrip::id::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyedBatch<A = Request> {
    /// The instant at which they are decided (rules T1 and T6).
    pub at: Timestamp,
    /// The idempotency key, scoped to each row's profile.
    pub key: Key,
    /// The requests.
    pub requests: Vec<A>,
    /// Rows that the caller could not read as requests, each by its place among all rows: they are part of the content.
    pub unread: Vec<(u32, String)>,
}

impl<A> KeyedBatch<A> {
    /// Requests at an instant, under a key.
    pub fn new(at: Timestamp, key: Key, requests: impl IntoIterator<Item = A>) -> Self {
        Self { at, key, requests: requests.into_iter().collect(), unread: Vec::new() }
    }

    /// The same, with rows that the caller refused without asking the ledger: each by its place among all rows, and its
    /// text. They are no requests, but with others in their place the batch would be another content.
    #[must_use]
    pub fn with_unread(self, unread: Vec<(u32, String)>) -> Self {
        Self { unread, ..self }
    }
}

impl<A: Action> KeyedBatch<A> {
    /// As the engine is asked, row by row.
    pub(crate) fn asked(&self) -> Vec<Asked<'_, A>> {
        let rows: Vec<_> = self.requests.iter().map(A::fingerprint).collect();
        let batch = content::batch(&rows, &self.unread);
        let ask = |(request, row)| {
            let row = Some(BatchRow::new(batch, row));
            Asked { at: self.at, key: Some(&self.key), row, if_version: None, request }
        };
        self.requests.iter().zip(0..).map(ask).collect()
    }
}
