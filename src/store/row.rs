//! An account in the rows of a database: the head, a snapshot that may lag behind it, and the journal.

use std::fmt::Display;

use super::damage::{Damage, differ};
use crate::account::{Account, wire};
use crate::id::{ProfileId, ProfileNumber};
use crate::journal::{Entry, LotKind};
use crate::time::Timestamp;

/// The rows of one account, without its journal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AccountRow<'r> {
    pub(crate) number: ProfileNumber,
    pub(crate) profile: Option<&'r str>,
    /// The sequence number of its last entry.
    pub(crate) head: u32,
    /// The encoded snapshot; `None` before the first.
    pub(crate) state: Option<&'r [u8]>,
}

impl AccountRow<'_> {
    pub(crate) fn profile(&self) -> Result<Option<ProfileId>, Damage> {
        profile_of(self.number, self.profile)
    }

    /// Decodes the snapshot.
    pub(crate) fn state(&self) -> Result<Account, Damage> {
        let (number, profile) = (self.number, self.profile()?);
        let account = match self.state {
            Some(bytes) => wire::read(bytes).map_err(Damage::unreadable(number))?,
            None => profile.map_or(Account::without_profile(number), |id| Account::new(id, number)),
        };
        if account.number() != number || account.profile() != profile.as_ref() {
            let (expected, found) = ((number, profile), (account.number(), account.profile().copied()));
            return Err(Damage::broken(number, differ("its state is another account's", &expected, &found)));
        }
        if account.sequence() > self.head {
            let (end, found) = (self.head, account.sequence());
            let what = format!("its state is ahead of its head: expected entry {end} at most, found {found}");
            return Err(Damage::broken(number, what));
        }
        Ok(account)
    }

    /// Folds in the entries after the snapshot.
    pub(crate) fn catch_up(
        &self,
        account: &mut Account,
        rest: impl IntoIterator<Item = Result<Entry, Damage>>,
    ) -> Result<(), Damage> {
        for entry in rest {
            account.follow(&entry?).map_err(Damage::corrupt(self.number))?;
        }
        if account.sequence() != self.head {
            return Err(Damage::broken(self.number, ends_elsewhere(self.head, account.sequence())));
        }
        Ok(())
    }
}

pub(crate) fn ends_elsewhere(head: u32, end: u32) -> String {
    differ("its journal does not end where its head does", &head, &end)
}

/// Reads a stored account number.
pub(crate) fn number_of(stored: impl TryInto<u32> + Copy + Display) -> Result<ProfileNumber, Damage> {
    let number = stored.try_into().ok().and_then(|number| ProfileNumber::new(number).ok());
    number.ok_or_else(|| {
        let most = ProfileNumber::MAX.get();
        let what = format!("a row has an account's number of {stored}, expected 0 to {most}");
        Damage::broken(ProfileNumber::CATALOGUE, what)
    })
}

/// Reads a stored profile id; only the catalogue has none.
pub(crate) fn profile_of(number: ProfileNumber, text: Option<&str>) -> Result<Option<ProfileId>, Damage> {
    match text {
        Some(text) => {
            let invalid = |error| {
                let what = format!("its profile's name is not an id: `{}` {error}", text.escape_debug());
                Damage::broken(number, what)
            };
            ProfileId::new(text).map(Some).map_err(invalid)
        }
        None if number == ProfileNumber::CATALOGUE => Ok(None),
        None => Err(Damage::broken(number, "it has no profile")),
    }
}

/// The earliest instant at which a lot of the account expires, held or not, or a hold lapses.
pub(crate) fn first_end(account: &Account) -> Option<Timestamp> {
    let first = |kind| account.lots(kind).next().and_then(|lot| lot.expires_at.instant());
    let queued = LotKind::ALL.into_iter().filter_map(first);
    let pending = account.pending().filter_map(|pending| pending.with_current_end().expires_at.instant());
    let lapse = account.holds().next().map(|hold| hold.expires_at);
    queued.chain(pending).chain(lapse).min()
}
