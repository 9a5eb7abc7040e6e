//! The journals of all profiles, one after the other: what reports are made from.

use std::collections::VecDeque;

use super::all::page;
use super::asynchronous::AsyncLedgerAt;
use super::blocking::{LedgerAt, ready};
use super::error::Error;
use super::read;
use crate::id::ProfileNumber;
use crate::store::{AsyncScan, AsyncStore, Blocking, Scan, Store};
use crate::time::Timestamp;
use crate::view::ProfileJournal;

/// How many journals are read at a time.
const PAGE: usize = 64;

impl<S: Store + Scan<Error = <S as Store>::Error>> LedgerAt<'_, S> {
    /// All profiles with their journals, in the order of their numbers, read some dozens at a time as the iterator is
    /// driven: so a [report](crate::report) over any number of profiles needs little memory.
    ///
    /// These are the written entries, whatever the ledger's instant; a report adds what fell due. Commits made meanwhile may
    /// or may not be included.
    ///
    /// ```
    /// # use scrip::{Amount, Define, IssueReward, Ledger, MemoryStore, ProfileId, Program, RewardDefinition};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let ten = RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10));
    /// # let ten = till.commit(Define::from(ten))?;
    /// for name in ["alice", "bob"] {
    ///     till.commit(IssueReward::new(ProfileId::new(name)?, ten.id))?;
    /// }
    /// let lengths: Result<Vec<_>, _> =
    ///     till.journals().map(|journal| journal.map(|journal| journal.entries.len())).collect();
    /// assert_eq!(lengths?, [1, 1]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn journals(&mut self) -> Journals<'_, S> {
        Journals(self.0.journals())
    }

    /// The journals of the profiles for which something falls due by an instant and has no entry yet: what a roll-forward
    /// [from tables](crate::report::Liability::from_flows) lacks.
    pub fn due_journals(&mut self, by: Timestamp) -> Journals<'_, S> {
        Journals(self.0.due_journals(by))
    }
}

impl<S: AsyncStore + AsyncScan<Error = <S as AsyncStore>::Error>> AsyncLedgerAt<'_, S> {
    /// All profiles with their journals, in the order of their numbers, read some dozens at a time; see
    /// [`LedgerAt::journals`].
    pub fn journals(&mut self) -> AsyncJournals<'_, S> {
        AsyncJournals {
            store: &mut self.ledger.store,
            due: None,
            page: VecDeque::new(),
            after: Some(ProfileNumber::CATALOGUE),
        }
    }

    /// The journals of the profiles for which something falls due by an instant; see [`LedgerAt::due_journals`].
    pub fn due_journals(&mut self, by: Timestamp) -> AsyncJournals<'_, S> {
        AsyncJournals { due: Some(by), ..self.journals() }
    }
}

/// All profiles with their journals; see [`LedgerAt::journals`].
#[derive(Debug)]
pub struct Journals<'a, S>(AsyncJournals<'a, Blocking<S>>);

impl<S: Store + Scan<Error = <S as Store>::Error>> Iterator for Journals<'_, S> {
    type Item = Result<ProfileJournal, Error<<S as Store>::Error>>;

    fn next(&mut self) -> Option<Self::Item> {
        ready(self.0.next())
    }
}

/// All profiles with their journals; see [`AsyncLedgerAt::journals`].
#[derive(Debug)]
pub struct AsyncJournals<'a, S> {
    store: &'a mut S,
    /// By when something falls due, if only those are read.
    due: Option<Timestamp>,
    page: VecDeque<ProfileJournal>,
    /// After which profile the next page starts; `None` after the last.
    after: Option<ProfileNumber>,
}

impl<S: AsyncStore + AsyncScan<Error = <S as AsyncStore>::Error>> AsyncJournals<'_, S> {
    /// The next one; `None` after the last, and after an error.
    pub async fn next(&mut self) -> Option<Result<ProfileJournal, Error<<S as AsyncStore>::Error>>> {
        loop {
            if let Some(journal) = self.page.pop_front() {
                return Some(Ok(journal));
            }
            let after = self.after.take()?;
            match page(self.store, (self.due, after), PAGE, read::journal).await {
                Ok((journals, last)) => (self.page, self.after) = (journals, last),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
