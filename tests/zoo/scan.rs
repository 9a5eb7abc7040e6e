//! Reading the toy across profiles.

use scrip::account::Account;
use scrip::id::ProfileNumber;
use scrip::journal::{External, LotKind};
use scrip::store::{AsyncScan, Feed, FeedEntry, Owner, Position};
use scrip::{ProfileId, Timestamp};

use super::flaw::Flaw;
use super::toy::{Toy, ToyError};

impl Toy {
    fn accounts(&self) -> Result<Vec<Account>, ToyError> {
        let count = self.lock().profiles.len() as u32;
        (1..=count)
            .map(|number| self.account(Owner::Number(ProfileNumber::new(number).unwrap()), 0))
            .collect()
    }

    fn numbers(
        &self,
        after: ProfileNumber,
        limit: usize,
        wanted: impl Fn(&Account) -> bool,
    ) -> Result<Vec<ProfileNumber>, ToyError> {
        let accounts = self.accounts()?.into_iter();
        let wanted = accounts.filter(|account| account.number() > after && wanted(account));
        Ok(wanted.map(|account| account.number()).take(limit).collect())
    }
}

impl AsyncScan for Toy {
    type Error = ToyError;

    async fn profiles(&mut self, after: ProfileNumber, limit: usize) -> Result<Vec<ProfileNumber>, ToyError> {
        let (is_first, skips) = (after == ProfileNumber::CATALOGUE, self.has(Flaw::PagesOfProfilesSkip));
        let after = ProfileNumber::new(after.get() + u32::from(skips && !is_first)).unwrap();
        self.numbers(after, limit, |_| true)
    }

    async fn due(
        &mut self,
        by: Timestamp,
        after: ProfileNumber,
        limit: usize,
    ) -> Result<Vec<ProfileNumber>, ToyError> {
        let early = self.has(Flaw::DueTooLate);
        self.numbers(after, limit, |account| {
            account.next_deadline().is_some_and(|deadline| if early { deadline < by } else { deadline <= by })
        })
    }

    async fn expiring(
        &mut self,
        (start, end): (Timestamp, Timestamp),
        after: ProfileNumber,
        limit: usize,
    ) -> Result<Vec<ProfileNumber>, ToyError> {
        let excludes_end = self.has(Flaw::StretchEndsEarly);
        let (has_pending, has_holds) = (!self.has(Flaw::LeavesOutPending), !self.has(Flaw::LeavesOutHolds));
        let is_within = |at: Timestamp| at > start && if excludes_end { at < end } else { at <= end };
        self.numbers(after, limit, |account| {
            let pending = account.pending().map(|pending| pending.with_current_end()).filter(|_| has_pending);
            let mut lots = account.lots(LotKind::Reward).chain(account.lots(LotKind::Point)).chain(pending);
            lots.any(|lot| lot.expires_at.instant().is_some_and(is_within))
                || (has_holds && account.holds().any(|hold| is_within(hold.expires_at)))
        })
    }

    async fn feed(&mut self, after: &Position, limit: usize) -> Result<Feed, ToyError> {
        let start = match after.as_str() {
            "" => 0,
            text => match text.parse::<usize>() {
                Ok(start) => start,
                Err(_) if self.has(Flaw::AnyPositionWillDo) => 0,
                Err(_) => return Err(ToyError::NoSuchPosition),
            },
        };
        let log = self.lock().log.clone();
        let mut entries = Vec::new();
        for (number, sequence) in log.iter().skip(start).take(limit) {
            let entry = self.journal(*number)?[*sequence as usize - 1].clone();
            let place = (*number as usize).checked_sub(1);
            let profile = place.map(|place| self.lock().profiles[place]);
            entries.push(FeedEntry { profile, number: entry_number(*number), entry });
        }
        let is_full = entries.len() == limit;
        let skipped = usize::from(is_full && self.has(Flaw::FeedSkips));
        let position = match entries.len() {
            0 => after.clone(),
            read => Position::new((start + read + skipped).to_string()),
        };
        let more = if self.has(Flaw::FullIsMore) {
            is_full
        } else {
            log.len() > start + entries.len() + skipped && !self.has(Flaw::NeverMore)
        };
        Ok(Feed { entries, position, more })
    }

    async fn named(&mut self, name: &External, limit: usize) -> Result<Vec<ProfileId>, ToyError> {
        let any_sort = self.has(Flaw::FindsNamesOfAnySort);
        let mut found = Vec::new();
        for account in self.accounts()? {
            let journal = self.journal(account.number().get())?;
            let is_it =
                |other: &External| if any_sort { other.as_str() == name.as_str() } else { other == name };
            if journal.iter().any(|entry| entry.external().is_some_and(is_it)) {
                found.extend(account.profile());
            }
        }
        found.truncate(limit);
        Ok(found)
    }
}

fn entry_number(number: u32) -> ProfileNumber {
    if number == 0 { ProfileNumber::CATALOGUE } else { ProfileNumber::new(number).unwrap() }
}
