//! The terms of the storage contract: what a unit needs, what the store lends it, and the change to write.

use super::find::Find;
use crate::account::Account;
use crate::definition::Defined;
use crate::id::{DefinitionId, HoldId, Key, LotId, ProfileId, ProfileNumber, RedemptionId, TransactionId};
use crate::journal::{Entry, EntryKind, External, LotState};
use crate::time::Timestamp;

/// The owner of a journal.
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

/// The point in time at which an account is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AsOf {
    /// Its current state.
    #[default]
    Now,
    /// After every entry up to and at an instant (rule J4).
    At(Timestamp),
    /// After the entry with this sequence number (rule J4).
    Sequence(u32),
}

/// A reference to a definition, or to several.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DefinitionRef {
    /// By its id.
    Id(DefinitionId),
    /// By its handle.
    Handle(External),
    /// Several by their ids: those of the points that a purchase earns (rule K2).
    Several(Box<[DefinitionId]>),
}

/// What one unit of work needs. The store reads all of it in one snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Need {
    /// The account.
    pub owner: Owner,
    /// The second account, if the change covers two.
    pub second: Option<Box<Owner>>,
    /// Profiles that were merged into the account and have records that the need names. Their journals are closed, and only
    /// read. The latest merger comes first.
    pub closed: Box<[ProfileNumber]>,
    /// The point in time; anything but now is only read. Records are looked up as of the same point.
    pub as_of: AsOf,
    /// The idempotency key to look for.
    pub key: Option<Key>,
    /// The row to look up, if the key is a batch's.
    pub row: Option<u32>,
    /// The external id to look for.
    pub external: Option<Box<External>>,
    /// The redemption to look up.
    pub redemption: Option<RedemptionId>,
    /// Whether to look up the lots of that redemption as well. Lots that can be used are left out where no points are
    /// owed, and no lot came that was a transaction's own once: the account has all that a return to them takes.
    pub redeemed_lots: bool,
    /// The transaction to look up, with its linked redemption, the lot that it earned and the replacements of that lot.
    pub transaction: Option<TransactionId>,
    /// The transaction that the external id belongs to in the journal of a merged profile.
    pub named: Option<TransactionId>,
    /// The hold to look up.
    pub hold: Option<HoldId>,
    /// The lots to look up.
    pub lots: Box<[LotId]>,
    /// Whether to look up all live lots.
    pub live_lots: bool,
    /// Whether the account is that of the profile that has the first of these lots, because the request named none.
    pub follows_lot: bool,
    /// Whether to stay with the account even if it was merged into another.
    pub even_merged: bool,
    /// The definition to look up.
    pub definition: Option<DefinitionRef>,
    /// Whether to look up the lots that expired with value left.
    pub expired: bool,
    /// The instant of a late request: whether to look up the entries after it, and the lots that they changed
    /// (rule T10).
    pub occurred_at: Option<Timestamp>,
    /// The look-ups that find purchases which earned points, in the account's journal and in the closed ones.
    pub earned: Box<[Find]>,
    /// Whether to load the whole journal, up to [`Need::as_of`].
    pub journal: bool,
}

impl Need {
    /// The current account of an owner, and nothing else.
    #[inline]
    pub fn of(owner: Owner) -> Self {
        Self {
            owner,
            second: None,
            closed: Box::default(),
            as_of: AsOf::Now,
            key: None,
            row: None,
            external: None,
            redemption: None,
            redeemed_lots: false,
            transaction: None,
            named: None,
            hold: None,
            lots: Box::default(),
            live_lots: false,
            follows_lot: false,
            even_merged: false,
            definition: None,
            expired: false,
            occurred_at: None,
            earned: Box::default(),
            journal: false,
        }
    }

    /// Whether it needs only accounts, and nothing to look up.
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
            && self.occurred_at.is_none()
            && self.earned.is_empty()
    }

    /// The journals, besides those of the accounts, that look-ups may read.
    pub fn other_journals(&self) -> impl Iterator<Item = ProfileNumber> {
        let catalogue = self.definition.as_ref().map(|_| ProfileNumber::CATALOGUE);
        catalogue.into_iter().chain(self.closed.iter().copied())
    }
}

/// The record of one thing: the entry that made it, and the newest that changed it.
///
/// For a lot, the first is the newest entry that states its fixed terms.
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

/// What happened to an account since the instant of a late request (rule T10).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Happened<'a> {
    /// The entries after it.
    pub entries: Vec<&'a Entry>,
    /// The last activity that was known then, if there was any since (rule T9).
    pub active_then: Option<Timestamp>,
    /// Entries by then that tell of an activity: at least those after the first activity that was sent late since.
    pub earlier: Vec<&'a Entry>,
    /// The lots that these changed, each with every entry about it.
    pub lots: Vec<(LotId, Vec<&'a Entry>)>,
}

/// What was looked up for a [`Need`]; see [`LookupPlan::found`](super::LookupPlan::found).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found<'a> {
    /// The first entry of the newest request that used the key: of a batch, any of its rows.
    pub key_used: Option<&'a Entry>,
    /// The entries that the request wrote under the key before, in order: of a batch, those of the row.
    pub keyed: Vec<&'a Entry>,
    /// The record that the external id was last used for.
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
    /// The further definitions.
    pub rates: Vec<Record<'a>>,
    /// The newest entry about the hold.
    pub hold: Option<&'a Entry>,
    /// The entry that placed the hold, if that is in this journal.
    pub hold_made: Option<&'a Entry>,
    /// The lots: those that the need names, those of the redemption, the one that the transaction earned.
    pub lots: Vec<(LotId, Record<'a>)>,
    /// The same lots as recorded in the closed journals.
    pub closed_lots: Vec<(LotId, Record<'a>)>,
    /// The lots that the transaction earned and their replacements, each with every entry about it as long as it was the
    /// transaction's own.
    pub own_lots: Vec<(LotId, Vec<&'a Entry>)>,
    /// The lots of the redemption that were a transaction's own once, each with the number of the entry from which on it
    /// was not, in the redemption's journal (rule X5).
    pub former_lots: Vec<(LotId, u32)>,
    /// The state of each lot that expired with value left.
    pub expired: Vec<LotState>,
    /// What happened since the instant of a late request.
    pub since: Option<Box<Happened<'a>>>,
    /// The entries about purchases that earned points, each with the rank of its journal: the account's own has rank 0,
    /// then come the closed ones, the latest merger first.
    pub earned: Vec<(usize, &'a Entry)>,
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
        rates: Vec::new(),
        lots: Vec::new(),
        closed_lots: Vec::new(),
        own_lots: Vec::new(),
        former_lots: Vec::new(),
        expired: Vec::new(),
        since: None,
        earned: Vec::new(),
        journal: Vec::new(),
    };

    /// The current state of a definition, if it was looked up.
    pub(crate) fn defined(&self, id: DefinitionId) -> Option<&'a Defined> {
        let records = self.definition.iter().chain(&self.rates);
        records.filter_map(Record::defined).find(|defined| defined.id == id)
    }

    /// The entries after the instant of a late request.
    pub(crate) fn since(&self) -> impl Iterator<Item = &'a Entry> {
        self.since.iter().flat_map(|since| &since.entries).copied()
    }

    /// The entries about a lot that changed since then.
    pub(crate) fn changed(&self, lot: LotId) -> Option<&[&'a Entry]> {
        let lots = &self.since.as_ref()?.lots;
        let place = lots.binary_search_by_key(&lot, |(id, _)| *id).ok()?;
        lots.get(place).map(|(_, entries)| &entries[..])
    }

    /// The record of a lot in the account's own journal.
    pub fn lot(&self, lot: LotId) -> Option<&Record<'a>> {
        find(&self.lots, lot)
    }

    /// The record of a lot in a closed journal.
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
    /// The second account, if the need names one.
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

/// The entries that one unit appends. Both lists are committed, or neither.
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

    /// Empties it, and keeps its capacity.
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

/// How the commit of a unit ended.
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
    /// It was sent, and the reply was lost or inconclusive. It is run again only if it is idempotent.
    InDoubt,
}

/// A piece of work for a store: one or many units, each on one account or two. See [the contract](crate::store).
pub trait Work: Send {
    /// What each unit needs.
    fn needs(&self) -> &[Need];

    /// Decides a unit. Pure, and may be called again.
    ///
    /// In the order of their index for each profile: a later unit sees an earlier one's change. `None`: nothing to
    /// write.
    fn decide(&mut self, unit: usize, view: View<'_>) -> Option<&Change>;

    /// Takes the status of a unit's commit.
    fn settle(&mut self, unit: usize, status: CommitStatus);
}

impl<'a> Record<'a> {
    /// The id of the transaction, if it is the record of one.
    pub(crate) fn transaction(&self) -> Option<TransactionId> {
        match &self.made.kind {
            EntryKind::Transaction(change) => Some(change.transaction.id),
            _ => None,
        }
    }

    /// Whether the thing is gone: its external id is free again.
    pub(crate) fn is_gone(&self) -> bool {
        match &self.newest().kind {
            EntryKind::Transaction(change) => change.transaction.is_gone(),
            _ => false,
        }
    }

    /// The current definition, if it is the record of one.
    pub(crate) fn defined(&self) -> Option<&'a Defined> {
        match &self.newest().kind {
            EntryKind::Define(defined) => Some(defined),
            _ => None,
        }
    }
}
