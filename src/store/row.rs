//! An account as the rows of a database have it: a head, the account as it was kept some entries ago, and the journal.

use super::damage::Damage;
use crate::account::{Account, wire};
use crate::id::{ProfileId, ProfileNumber};
use crate::journal::{Entry, LotKind};
use crate::time::Timestamp;

/// The rows of one account, but for its journal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AccountRow<'r> {
    pub(crate) number: ProfileNumber,
    pub(crate) profile: Option<&'r str>,
    /// The sequence number of its last entry.
    pub(crate) head: u32,
    /// The account as it was kept; `None` if it was not yet.
    pub(crate) state: Option<&'r [u8]>,
}

impl AccountRow<'_> {
    pub(crate) fn profile(&self) -> Result<Option<ProfileId>, Damage> {
        profile_of(self.number, self.profile)
    }

    /// The account as it was kept.
    pub(crate) fn state(&self) -> Result<Account, Damage> {
        let (number, profile) = (self.number, self.profile()?);
        let account = match self.state {
            Some(bytes) => wire::read(bytes).map_err(Damage::unreadable(number))?,
            None => profile.map_or(Account::without_profile(number), |id| Account::new(id, number)),
        };
        if account.number() != number || account.profile() != profile.as_ref() {
            return Err(Damage::broken(number, "its state is another account's"));
        }
        if account.sequence() > self.head {
            return Err(Damage::broken(number, "its state is ahead of its head"));
        }
        Ok(account)
    }

    /// Folds in the entries that were written after the account was kept.
    pub(crate) fn catch_up(
        &self,
        account: &mut Account,
        rest: impl IntoIterator<Item = Result<Entry, Damage>>,
    ) -> Result<(), Damage> {
        for entry in rest {
            account.follow(&entry?).map_err(Damage::corrupt(self.number))?;
        }
        if account.sequence() != self.head {
            return Err(Damage::broken(self.number, "its journal does not end where its head does"));
        }
        Ok(())
    }
}

/// The number of an account.
pub(crate) fn number_of(stored: impl TryInto<u32>) -> Result<ProfileNumber, Damage> {
    let number = stored.try_into().ok().and_then(|number| ProfileNumber::new(number).ok());
    number.ok_or(Damage::broken(ProfileNumber::CATALOGUE, "a row has a number that no account can have"))
}

/// Whose account it is; the catalogue is nobody's.
pub(crate) fn profile_of(number: ProfileNumber, text: Option<&str>) -> Result<Option<ProfileId>, Damage> {
    match text {
        Some(text) => {
            let unknown = |_| Damage::broken(number, "its profile's name is not an id");
            ProfileId::new(text).map(Some).map_err(unknown)
        }
        None if number == ProfileNumber::CATALOGUE => Ok(None),
        None => Err(Damage::broken(number, "it has no profile")),
    }
}

/// When the first of an account's live lots expires, held or not.
pub(crate) fn first_expiry(account: &Account) -> Option<Timestamp> {
    let first = |kind| account.lots(kind).next().and_then(|lot| lot.expires_at.instant());
    [LotKind::Reward, LotKind::Point].into_iter().filter_map(first).min()
}
