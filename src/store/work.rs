//! The vocabulary between the driver and a store: what is needed, what is lent, what is to be written.

use crate::account::Account;
use crate::id::{DefinitionId, HoldId, Key, LotId, ProfileId, ProfileNumber, RedemptionId, TransactionId};
use crate::journal::{Entry, EntryKind, External, LotState};
use crate::time::Timestamp;

/// Whose journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A profile's, by its id.
    Profile(ProfileId),
    /// A profile's, by its number in the store, as identifiers carry it. If the number was never drawn, the store
    /// lends [`Account::without_profile`].
    Number(ProfileNumber),
}

impl Owner {
    /// The journal of definitions, which belongs to no profile.
    pub const CATALOGUE: Self = Self::Number(ProfileNumber::CATALOGUE);
}

/// As of when an account is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AsOf {
    /// As it stands.
    #[default]
    Now,
    /// After every entry up to and at an instant (rule J4).
    At(Timestamp),
    /// After the entry with this sequence number (rule J4).
    Sequence(u32),
}

/// How a definition is named.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DefinitionRef {
    /// By its id.
    Id(DefinitionId),
    /// By its handle.
    Handle(External),
}

/// What one unit of work needs. The store reads all of it in one snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Need {
    /// The account.
    pub owner: Owner,
    /// The second account, where the change is over two.
    pub second: Option<Owner>,
    /// Profiles that were merged into the account, of which records are named: their journals are closed, and only read.
    /// Whoever took over later comes first.
    pub closed: Vec<ProfileNumber>,
    /// As of when; anything but now is only read. What is named is then looked up as of that moment, too.
    pub as_of: AsOf,
    /// The idempotency key to look for.
    pub key: Option<Key>,
    /// Which row of a batch is wanted, if the key is a batch's.
    pub row: Option<u32>,
    /// The caller's own id to look for.
    pub external: Option<Box<External>>,
    /// The redemption that is named.
    pub redemption: Option<RedemptionId>,
    /// Whether the lots that it was taken from are wanted as well.
    pub redeemed_lots: bool,
    /// The transaction that is named. The redemption that it is linked to comes with it, and the lot that it earned, with
    /// those that stand in for it.
    pub transaction: Option<TransactionId>,
    /// The transaction that the caller's own id stands for in the journal of a profile that was merged into the account.
    pub named: Option<TransactionId>,
    /// The hold that is named.
    pub hold: Option<HoldId>,
    /// The lots that are named.
    pub lots: Vec<LotId>,
    /// Whether all live lots are wanted.
    pub live_lots: bool,
    /// Whether the account is that of the profile which has the first of these lots, whoever that is: the field of the
    /// request that would say so.
    pub follows_lot: Option<&'static str>,
    /// Whether the account itself is meant, also once it was merged into another.
    pub even_merged: bool,
    /// The definition that is named.
    pub definition: Option<DefinitionRef>,
    /// Whether the lots that expired with value left are wanted.
    pub expired: bool,
    /// Whether the whole journal is wanted, up to [`Need::as_of`].
    pub journal: bool,
}

impl Need {
    /// An account as it stands, and nothing else.
    #[inline]
    pub const fn of(owner: Owner) -> Self {
        Self {
            owner,
            second: None,
            closed: Vec::new(),
            as_of: AsOf::Now,
            key: None,
            row: None,
            external: None,
            redemption: None,
            redeemed_lots: false,
            transaction: None,
            named: None,
            hold: None,
            lots: Vec::new(),
            live_lots: false,
            follows_lot: None,
            even_merged: false,
            definition: None,
            expired: false,
            journal: false,
        }
    }

    /// Whether the accounts are all that is needed: then there is nothing to look up.
    pub fn is_plain(&self) -> bool {
        self.key.is_none()
            && !(self.expired || self.journal || self.live_lots)
            && self.as_of == AsOf::Now
            && self.external.is_none()
            && self.redemption.is_none()
            && self.transaction.is_none()
            && self.named.is_none()
            && self.hold.is_none()
            && self.lots.is_empty()
            && self.definition.is_none()
    }

    /// The journals that look-ups may be in, besides those of the accounts.
    pub fn other_journals(&self) -> impl Iterator<Item = ProfileNumber> {
        let catalogue = self.definition.as_ref().map(|_| ProfileNumber::CATALOGUE);
        catalogue.into_iter().chain(self.closed.iter().copied())
    }
}

/// What is written down of one thing: the entry that made it, and the newest that changed it.
///
/// Of a lot, the first is the newest entry that says what is fixed about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The entry that made it.
    pub made: &'a Entry,
    /// The newest of the later entries that have it among their [records](Entry::records).
    pub latest: Option<&'a Entry>,
}

impl<'a> Record<'a> {
    /// The newest entry about it.
    pub fn newest(&self) -> &'a Entry {
        self.latest.unwrap_or(self.made)
    }
}

/// What was looked up for a [`Need`]; see [`LookupPlan::found`](super::LookupPlan::found).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found<'a> {
    /// The first entry of the newest request that used the key: of a batch, any of its rows.
    pub key_used: Option<&'a Entry>,
    /// The entries that the request wrote under the key before, in order: of a batch, those of the row.
    pub keyed: Vec<&'a Entry>,
    /// What the caller's own id was last used for.
    pub external: Option<Record<'a>>,
    /// The redemption.
    pub redemption: Option<Record<'a>>,
    /// The transaction.
    pub transaction: Option<Record<'a>>,
    /// The transaction that the caller's own id stood for in another journal.
    pub named: Option<Record<'a>>,
    /// The redemption that the transaction is linked to.
    pub linked: Option<Record<'a>>,
    /// The definition.
    pub definition: Option<Record<'a>>,
    /// The newest entry about the hold.
    pub hold: Option<&'a Entry>,
    /// The entry that placed the hold, if that is in this journal.
    pub hold_made: Option<&'a Entry>,
    /// The lots: those that were named, those that the redemption was taken from, the one that the transaction earned.
    pub lots: Vec<(LotId, Record<'a>)>,
    /// Those of them that the closed journals know.
    pub closed_lots: Vec<(LotId, Record<'a>)>,
    /// The lots that the transaction earned, and those that stand in for them, each with every entry about it.
    pub own_lots: Vec<(LotId, Vec<&'a Entry>)>,
    /// How each lot stands that has expired with value left.
    pub expired: Vec<LotState>,
    /// The journal.
    pub journal: Vec<&'a Entry>,
}

impl<'a> Found<'a> {
    /// Nothing.
    pub const NOTHING: Found<'static> = Found {
        key_used: None,
        keyed: Vec::new(),
        external: None,
        redemption: None,
        transaction: None,
        named: None,
        linked: None,
        hold: None,
        hold_made: None,
        definition: None,
        lots: Vec::new(),
        closed_lots: Vec::new(),
        own_lots: Vec::new(),
        expired: Vec::new(),
        journal: Vec::new(),
    };

    /// A lot, as the account's own journal knows it.
    pub fn lot(&self, lot: LotId) -> Option<&Record<'a>> {
        find(&self.lots, lot)
    }

    /// A lot, as a closed journal knows it.
    pub fn closed_lot(&self, lot: LotId) -> Option<&Record<'a>> {
        find(&self.closed_lots, lot)
    }
}

/// Lots are listed in the order of their ids.
fn find<'f, 'a>(lots: &'f [(LotId, Record<'a>)], lot: LotId) -> Option<&'f Record<'a>> {
    let place = lots.binary_search_by_key(&lot, |(id, _)| *id).ok()?;
    lots.get(place).map(|(_, record)| record)
}

/// What a store lends for the length of one [`Work::decide`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct View<'a> {
    /// The account.
    pub first: &'a Account,
    /// The second account, where one was asked for.
    pub second: Option<&'a Account>,
    /// What was looked up.
    pub found: &'a Found<'a>,
}

impl<'a> View<'a> {
    /// A view of an account and what was looked up for it.
    pub const fn new(first: &'a Account, second: Option<&'a Account>, found: &'a Found<'a>) -> Self {
        Self { first, second, found }
    }
}

/// What one unit wants written. Both lists are committed, or neither.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The next entries of the account.
    pub first: Vec<Entry>,
    /// The next entries of the second account.
    pub second: Vec<Entry>,
}

impl Change {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty() && self.second.is_empty()
    }

    /// Empties it, and keeps its space.
    pub fn clear(&mut self) {
        self.first.clear();
        self.second.clear();
    }

    /// Whether the lists follow the accounts' last entries without a gap: the store's compare and swap.
    pub fn follows(&self, first: u32, second: Option<u32>) -> bool {
        let follows = |entries: &[Entry], last: u32| {
            entries.iter().zip(last.saturating_add(1)..).all(|(entry, next)| entry.sequence == next)
        };
        follows(&self.first, first)
            && match second {
                Some(last) => follows(&self.second, last),
                None => self.second.is_empty(),
            }
    }
}

/// What became of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommitStatus {
    /// It is durable, or there was nothing to write.
    Committed,
    /// It is written inside the caller's open transaction, and durable when that commits.
    Staged,
    /// Nothing was written, because the account has changed. Run it again.
    Conflict,
    /// The caller's transaction cannot go on. It is never run again here.
    Aborted,
    /// It was sent, and no answer came, or one that does not tell. It is run again only under a key.
    InDoubt,
}

/// A piece of work for a store: one or many units, each on one account or two. See [the contract](crate::store).
pub trait Work: Send {
    /// What each unit needs.
    fn needs(&self) -> &[Need];

    /// Decides a unit. Pure, and may be asked again.
    ///
    /// In the order of their index for each profile: a later unit sees an earlier one's change. `None`: nothing to
    /// write.
    fn decide(&mut self, unit: usize, view: View<'_>) -> Option<&Change>;

    /// Hears what became of a unit.
    fn settle(&mut self, unit: usize, fate: CommitStatus);
}

impl<'a> Record<'a> {
    /// The transaction that it is about.
    pub(crate) fn transaction(&self) -> Option<TransactionId> {
        match &self.made.kind {
            EntryKind::Transaction(change) => Some(change.transaction.id),
            _ => None,
        }
    }

    /// Whether it is about a thing that is gone: its name is free again.
    pub(crate) fn is_gone(&self) -> bool {
        match &self.newest().kind {
            EntryKind::Transaction(change) => change.transaction.is_gone(),
            _ => false,
        }
    }

    /// The definition that the record is about, as it stands.
    pub(crate) fn defined(&self) -> Option<&'a crate::definition::Defined> {
        match &self.newest().kind {
            EntryKind::Define(defined) => Some(defined),
            _ => None,
        }
    }
}
