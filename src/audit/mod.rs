//! The audit of a journal: every entry is checked against itself, and against the entries before it.
//!
//! An account forgets used-up lots and past redemptions, which decisions do not need. The auditor keeps a record of
//! every lot, redemption and transaction, once each. There is one file per kind of entry.

mod active;
mod announced;
mod change;
mod clock;
mod define;
mod earn;
mod earned;
mod fault;
mod give_back;
mod hold;
mod issue;
mod late;
mod lines;
mod lots;
mod merge;
mod request;
mod spend;
mod stayed;
mod transaction;
mod transfer;
mod transfer_value;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use active::Active;
use announced::Announced;
pub use define::Definitions;
use fault::{Check, Fault, ensure, same};
use give_back::RedemptionRecord;
use late::Terms;
use lots::LotRecord;
use merge::Arrival;
use request::Span;

use crate::account::{Account, Corrupt};
use crate::id::{ExternalId, LotId, ProfileId, ProfileNumber, RedemptionId, TransactionId};
use crate::journal::owed::Earner;
use crate::journal::{Cause, Entry, EntryKind, LotState, Transaction};
use crate::time::Timestamp;
use crate::value::Delta;

/// Reads a journal from its first entry, and finds every entry that contradicts itself or the journal before it.
///
/// It proves that the journal agrees with itself, not who wrote it: a journal that was rewritten consistently is not
/// found. Lots that arrive from another profile's journal are taken as stated.
#[derive(Debug)]
pub struct Auditor<'a> {
    account: Account,
    /// The catalogue's definitions; `None` if the auditor was not given them.
    catalogue: Option<&'a Definitions>,
    past: Past,
    active: Vec<Active>,
}

/// The state of the journal after the entries so far.
#[derive(Debug, Default)]
struct Past {
    lots: BTreeMap<LotId, LotRecord>,
    /// The terms that each lot has had, for redemptions that are sent late.
    terms: BTreeMap<LotId, Vec<Terms>>,
    redemptions: BTreeMap<RedemptionId, RedemptionRecord>,
    transactions: BTreeMap<TransactionId, Transaction>,
    /// The quantity adjusted away in the own lots of each transaction, net.
    adjusted_away: BTreeMap<Earner, Delta>,
    /// The transactions' own lots that were reassigned, each with the entry by which it first left.
    own_until: BTreeMap<LotId, u32>,
    /// Lots that stayed with merged profiles, if they changed since the merger.
    stayed: BTreeMap<LotId, LotState>,
    definitions: Definitions,
    lot_names: BTreeSet<ExternalId>,
    transaction_names: BTreeMap<ExternalId, TransactionId>,
    /// Announcements of earlier entries, which the next entries must carry out.
    announced: VecDeque<Announced>,
    /// A merged profile's transaction, if the previous entry is the first one about it in this journal.
    given: Option<(TransactionId, u8)>,
    arrival: Option<Arrival>,
    span: Span,
}

/// An entry, and the account before it.
#[derive(Clone, Copy, Debug)]
struct Step<'a> {
    entry: &'a Entry,
    account: &'a Account,
    catalogue: Option<&'a Definitions>,
    /// The activity before it (rule T9).
    active: &'a [Active],
}

impl<'a> Auditor<'a> {
    /// An auditor of a journal, from its first entry. The catalogue has no profile.
    pub fn new(profile: Option<ProfileId>, number: ProfileNumber) -> Self {
        let account = profile.map_or(Account::without_profile(number), |id| Account::new(id, number));
        Self { account, catalogue: None, past: Past::default(), active: Vec::new() }
    }

    /// Makes the auditor also check lots against their definitions and their terms (rules D2 and D3).
    #[must_use]
    pub fn with_definitions(self, definitions: &'a Definitions) -> Self {
        Self { catalogue: Some(definitions), ..self }
    }

    /// Reads the next entry.
    ///
    /// # Errors
    /// The entry is not the next one of this journal. The auditor cannot be used afterwards.
    pub fn follow(&mut self, entry: &Entry) -> Result<(), Corrupt> {
        self.account.check_place(entry)?;
        let (account, active) = (&self.account, &self.active);
        let step = Step { entry, account, catalogue: self.catalogue, active };
        self.past.check(&step).map_err(|fault| fault.at(entry.sequence))?;
        self.past.keep_terms(entry);
        Active::add(&mut self.active, entry);
        self.account.follow(entry)
    }

    /// Checks that the journal may end here: that the request which wrote the last entry wrote nothing more.
    ///
    /// # Errors
    /// Entries of the last request are missing.
    pub fn check_end(&self) -> Result<(), Corrupt> {
        self.past.check_end(&self.account).map_err(|fault| fault.at(self.account.sequence()))
    }

    /// The account after the entries so far.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// The account after the entries so far.
    pub fn into_account(self) -> Account {
        self.account
    }

    /// The definitions, if the journal is the catalogue's.
    pub fn into_definitions(self) -> Definitions {
        self.past.definitions
    }
}

impl Account {
    /// Folds a journal from nothing, and checks every entry against itself and those before it: see [`Auditor`].
    ///
    /// ```
    /// # use scrip::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    /// # let mut till = ledger.at("2025-06-15T14:32:00+10:00".parse()?);
    /// # let alice = ProfileId::new("alice")?;
    /// # let ten = Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10)));
    /// # let ten = till.commit(ten)?;
    /// # let reward = till.commit(IssueReward::new(alice, ten.id))?;
    /// use scrip::account::Account;
    ///
    /// let journal = till.wallet(alice)?.journal().to_vec();
    /// assert!(Account::replay(Some(alice), reward.id.number(), &journal).is_ok());
    ///
    /// let mut forged = journal;
    /// forged[0].balances.reward_balance = Amount::from(1_000);
    /// assert!(Account::replay(Some(alice), reward.id.number(), &forged).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The entries are not a journal that this ledger wrote.
    pub fn replay<'a>(
        profile: Option<ProfileId>,
        number: ProfileNumber,
        entries: impl IntoIterator<Item = &'a Entry>,
    ) -> Result<Self, Corrupt> {
        let mut auditor = Auditor::new(profile, number);
        entries.into_iter().try_for_each(|entry| auditor.follow(entry))?;
        Ok(auditor.into_account())
    }
}

impl Past {
    fn check(&mut self, step: &Step<'_>) -> Check {
        self.check_request(step)?;
        self.check_announced(step)?;
        self.check_merger(step)?;
        active::check_activity(step)?;
        self.given = self.given.filter(|(id, _)| step.entry.cause == Cause::Transaction(*id));
        match &step.entry.kind {
            EntryKind::Define(defined) => self.define(step, defined),
            EntryKind::Issue(issue) => self.issue(step, issue),
            EntryKind::Mature(matured) => self.mature(step, matured),
            EntryKind::Expire(expired) => self.expire(step, expired),
            EntryKind::Redeem(redeemed) => self.redeem(step, redeemed),
            EntryKind::Hold(placed) => self.hold(step, placed),
            EntryKind::Capture(capture) => self.capture(step, capture),
            EntryKind::Release(release) | EntryKind::Lapse(release) => self.release(step, release),
            EntryKind::Return(back) => self.give_back(step, back, false),
            EntryKind::Reversal(back) => self.give_back(step, back, true),
            EntryKind::Extend(changes) => self.extend(step, changes),
            EntryKind::ReassignOut(moved) => self.reassign_out(step, moved),
            EntryKind::ReassignIn(moved) => self.reassign_in(step, moved),
            EntryKind::TransferOut(sent) => self.transfer_out(step, sent),
            EntryKind::Revoke(corrected) => self.revoke(step, corrected),
            EntryKind::Adjust(corrected) => self.adjust(step, corrected),
            EntryKind::Transaction(change) => self.transaction(step, change),
            EntryKind::Earn(earned) => self.earn(step, earned),
            EntryKind::Clawback(clawed) => self.claw_back(step, clawed),
            EntryKind::MergeOut(merged) => self.merge_out(step, merged),
            EntryKind::MergeIn(merged) => self.merge_in(step, merged),
        }
    }
}

impl Past {
    fn check_end(&self, account: &Account) -> Check {
        let is_whole = self.announced.is_empty() && self.arrival.is_none() && !self.span.is_open();
        let has_left = account.merged_into().is_none() || !merge::has_live_lots(account);
        let expected = format_args!("the rest of the request");
        ensure("J5", "entries", is_whole && has_left, &account.sequence(), expected)
    }
}

impl Step<'_> {
    fn at(&self) -> Timestamp {
        self.entry.at
    }

    fn number(&self) -> ProfileNumber {
        self.account.number()
    }

    /// The name of the entry's kind, as its JSON has it.
    fn kind(&self) -> String {
        let kind = serde_json::to_value(&self.entry.kind).unwrap_or_default();
        kind.as_object().and_then(|kind| kind.keys().next().cloned()).unwrap_or_default()
    }
}
