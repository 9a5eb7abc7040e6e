//! One thing read by itself is what the whole wallet says of it, and costs the same however long the journal is.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use scrip::id::ExternalId;
use scrip::journal::{Cause, Entry, EntryKind, External, LotKind};
use scrip::outcome::{Lot, LotSnapshot};
use scrip::request::MergeProfiles;
use scrip::store::AsOf;
use scrip::view::Wallet;
use scrip::{
    Amount, CaptureHold, Define, DefinitionId, HoldId, IssueReward, Ledger, LotId, MemoryStore, Outcome,
    PlaceHold, PointLot, PostTransaction, ProfileId, Program, Receipt, Redeem, Redemption, RedemptionId,
    Reward, RewardDefinition, Timestamp, Transaction, TransactionId,
};

use crate::config;
use crate::model::calendar::{DAY, Micros};
use crate::model::generate;
use crate::model::plain_store::PlainStore;
use crate::model::resolve::profile_id;
use crate::model::world::World;
use crate::planted::{bug, catches};
use crate::timestamp;

/// The definitions of a ledger, now or as it was.
macro_rules! definitions_one_by_one {
    ($ledger:expr) => {{
        let mut till = $ledger;
        let catalogue = till.catalogue().unwrap();
        for defined in catalogue.iter() {
            let (handle, id) = (defined.definition.handle(), defined.id);
            prop_assert_eq!(till.definition(id).unwrap(), Some(defined.clone()));
            let by_handle = till.definition_by_handle(LotKind::Reward, handle).unwrap();
            prop_assert_eq!(by_handle.as_ref(), catalogue.reward(handle));
            let by_handle = till.definition_by_handle(LotKind::Point, handle).unwrap();
            prop_assert_eq!(by_handle.as_ref(), catalogue.point(handle));
        }
    }};
}

/// Everything in the wallets of a ledger, now or as it was.
macro_rules! one_by_one {
    ($ledger:expr) => {{
        let mut till = $ledger;
        let wallets: Vec<Wallet> = (0..3).map(|profile| till.wallet(profile_id(profile)).unwrap()).collect();
        let mut lots: BTreeMap<u64, Either> = BTreeMap::new();
        for wallet in &wallets {
            lots.extend(here(wallet, wallet.rewards()).map(|lot| (lot.id.get(), Either::Reward(lot))));
            lots.extend(here(wallet, wallet.points()).map(|lot| (lot.id.get(), Either::Points(lot))));
        }
        for wallet in &wallets {
            // Whatever the entry made, if anything: each id is asked for as if it were that of anything.
            for id in wallet.journal().iter().map(|entry| entry.id(wallet.account().number()).get()) {
                let (redemption, transaction) =
                    (RedemptionId::new(id).unwrap(), TransactionId::new(id).unwrap());
                let known = redemption_now(&wallets, wallet, redemption);
                prop_assert_eq!(till.redemption(redemption).unwrap(), known);
                let known = transaction_now(&wallets, wallet, transaction);
                prop_assert_eq!(till.transaction(transaction).unwrap(), known.cloned());
                let hold = HoldId::new(id).unwrap();
                prop_assert_eq!(
                    till.hold(hold).unwrap(),
                    wallets.iter().find_map(|wallet| wallet.hold(hold))
                );
                let lot = till.lot(LotId::new(id).unwrap()).unwrap().map(Either::from);
                prop_assert_eq!(lot.as_ref(), lots.get(&id));
                prop_assert_eq!(till.definition(DefinitionId::new(id).unwrap()).unwrap(), None);
            }
            for name in names(wallet) {
                for wallet in &wallets {
                    let found = till.transaction_by_external_id(wallet.profile_id(), &name).unwrap();
                    prop_assert_eq!(found.as_ref(), named(&wallets, wallet, &name), "under {}", name);
                }
            }
        }
        definitions_one_by_one!(till);
        Ok(())
    }};
}

proptest! {
    #![proptest_config(config(100))]

    /// Of everything that there is in any wallet: also after mergers and moves, and of what fell due and was not swept.
    ///
    /// Catches: a redemption that is read as it was made, without what was returned of it.
    #[test]
    fn one_thing_reads_as_in_the_wallet(case in generate::case(40)) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        for step in &case.steps {
            // Holds that came along in a merger are not open for long.
            if matches!(world.step(step)?, Ok(Receipt { outcome: Outcome::MergeProfiles(_), .. })) {
                from_now_on(&mut world, &[0])?;
            }
        }
        from_now_on(&mut world, &[0, DAY, 400 * DAY])?;
    }

    /// The same of the past (rule J4), as of instants and as of sequence numbers.
    ///
    /// Catches: later entries that are looked up too; a sequence number of the profile that took over; the
    /// oldest entry taken for the newest (J4).
    #[test]
    fn one_thing_reads_as_in_the_wallet_of_the_past(case in generate::case(40), which in any::<u16>()) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        for step in &case.steps {
            world.step(step)?.ok();
        }
        for profile in (0..3).map(profile_id) {
            let journal = world.ledger.as_of(AsOf::Sequence(u32::MAX)).wallet(profile).unwrap().written().to_vec();
            // What is written together is seen together.
            let places = 1..journal.len();
            let ends = places.filter(|place| journal[*place].cause != Cause::Merge).map(|place| &journal[place - 1]);
            let ends: Vec<&Entry> = ends.chain(journal.last()).collect();
            for end in (0..ends.len().min(3)).map(|nth| ends[(usize::from(which) + 7 * nth) % ends.len()]) {
                one_by_one_as_of(&mut world.ledger, AsOf::At(end.at)).map_err(|error| world.with_story(error))?;
                let then = AsOf::Sequence(end.sequence);
                alone_as_of(&mut world.ledger, profile, then).map_err(|error| world.with_story(error))?;
            }
        }
        for sequence in 1..=4 {
            definitions_one_by_one!(world.ledger.as_of(AsOf::Sequence(sequence)));
        }
    }
}

fn from_now_on(world: &mut World<MemoryStore>, later: &[Micros]) -> Result<(), TestCaseError> {
    let end = timestamp(world.now);
    let lasts = (0..3).filter_map(|profile| world.account(profile_id(profile)).last_at());
    let now = lasts.fold(end, Timestamp::max);
    for later in later {
        let at = now.checked_add(TimeDelta::microseconds(*later)).unwrap_or(now);
        one_by_one(&mut world.ledger, at).map_err(|error| world.with_story(error))?;
    }
    Ok(())
}

fn one_by_one(ledger: &mut Ledger<MemoryStore>, at: Timestamp) -> Result<(), TestCaseError> {
    one_by_one!(ledger.at(at))
}

fn one_by_one_as_of(ledger: &mut Ledger<MemoryStore>, as_of: AsOf) -> Result<(), TestCaseError> {
    one_by_one!(ledger.as_of(as_of))
}

/// As of a sequence number only one journal is read: what went on is seen as gone.
fn alone_as_of(
    ledger: &mut Ledger<MemoryStore>,
    profile: ProfileId,
    as_of: AsOf,
) -> Result<(), TestCaseError> {
    let wallet = ledger.as_of(as_of).wallet(profile).unwrap();
    let is_later = bug("later entries that are looked up too");
    let mut then = ledger.as_of(if is_later { AsOf::Sequence(u32::MAX) } else { as_of });
    let rewards = wallet.rewards().into_iter().map(|lot| (lot.id, Either::Reward(lot)));
    let points = wallet.points().into_iter().map(|lot| (lot.id, Either::Points(lot)));
    let lots: BTreeMap<LotId, Either> = rewards.chain(points).collect();
    for id in wallet.journal().iter().map(|entry| entry.id(wallet.account().number()).get()) {
        let (redemption, transaction) = (RedemptionId::new(id).unwrap(), TransactionId::new(id).unwrap());
        prop_assert_eq!(then.redemption(redemption).unwrap(), wallet.redemption(redemption).cloned());
        prop_assert_eq!(then.transaction(transaction).unwrap(), wallet.transaction(transaction).cloned());
        let (hold, lot) = (HoldId::new(id).unwrap(), LotId::new(id).unwrap());
        prop_assert_eq!(then.hold(hold).unwrap(), wallet.hold(hold));
        let read = then.lot(lot).unwrap().map(Either::from);
        prop_assert_eq!(read.as_ref(), lots.get(&lot));
    }
    for name in names(&wallet) {
        let known = given(&wallet, &name).and_then(|id| wallet.transaction(id));
        prop_assert_eq!(then.transaction_by_external_id(profile, &name).unwrap(), known.cloned());
    }
    Ok(())
}

#[derive(Debug, PartialEq)]
enum Either {
    Reward(Reward),
    Points(PointLot),
}

impl From<LotSnapshot> for Either {
    fn from(LotSnapshot { kind, lot, .. }: LotSnapshot) -> Self {
        match kind {
            LotKind::Reward => Self::Reward(lot.of()),
            LotKind::Point | LotKind::Status => Self::Points(lot.of()),
        }
    }
}

/// The lots that did not move on.
fn here<Q>(wallet: &Wallet, lots: Vec<Lot<Q>>) -> impl Iterator<Item = Lot<Q>> {
    lots.into_iter().filter(|lot| wallet.moved_to(lot.id).is_none())
}

/// Each name that a transaction of a journal ever had.
fn names(wallet: &Wallet) -> Vec<ExternalId> {
    let names = wallet.journal().iter().filter_map(|entry| match &entry.kind {
        EntryKind::Transaction(change) => change.transaction.external_id.clone(),
        _ => None,
    });
    names.collect()
}

/// The transaction that was last given a name in a journal: posted under it, or named later, which a merged profile's can
/// be in the journal of the profile that took over (rule X6).
fn given(wallet: &Wallet, name: &ExternalId) -> Option<TransactionId> {
    wallet.journal().iter().rev().find_map(|entry| match (entry.external()?, &entry.kind) {
        (External::Transaction(given), EntryKind::Transaction(change)) if given == name => {
            Some(change.transaction.id)
        }
        _ => None,
    })
}

/// The transaction that was given a name in a wallet; or else in that of the profile which it was merged into.
fn named<'a>(wallets: &'a [Wallet], wallet: &'a Wallet, name: &ExternalId) -> Option<&'a Transaction> {
    let now = given(wallet, name).and_then(|id| {
        let posted = wallets.iter().find(|other| other.account().number() == id.number())?;
        transaction_now(wallets, posted, id)
    });
    now.or_else(|| named(wallets, into(wallets, wallet)?, name))
}

/// The wallet of the profile that this one was merged into.
fn into<'a>(wallets: &'a [Wallet], wallet: &Wallet) -> Option<&'a Wallet> {
    let into = wallet.account().merged_into()?;
    wallets.iter().find(|other| other.account().number() == into)
}

/// A transaction of a profile, as the last journal that tells of it does, unless it was deleted.
fn transaction_now<'a>(
    wallets: &'a [Wallet],
    wallet: &'a Wallet,
    id: TransactionId,
) -> Option<&'a Transaction> {
    if id.number() != wallet.account().number() {
        return None;
    }
    let told = |wallet: &'a Wallet| {
        wallet.journal().iter().rev().find_map(|entry| match &entry.kind {
            EntryKind::Transaction(change) if change.transaction.id == id => Some(&change.transaction),
            _ => None,
        })
    };
    let way = std::iter::successors(Some(wallet), |wallet| into(wallets, wallet));
    way.filter_map(told).last().filter(|transaction| !transaction.is_deleted || transaction.is_void)
}

/// A redemption of a profile, with all that later journals tell of it.
fn redemption_now(wallets: &[Wallet], wallet: &Wallet, id: RedemptionId) -> Option<Redemption> {
    let mut redemption = wallet.redemption(id)?.clone();
    let later = std::iter::successors(into(wallets, wallet), |wallet| into(wallets, wallet));
    for entry in later.flat_map(Wallet::journal) {
        let state = match &entry.kind {
            EntryKind::Return(back) | EntryKind::Reversal(back) => Some(&back.redemption),
            EntryKind::Transaction(change) => change.redemptions.iter().find(|state| state.id == id),
            _ => None,
        };
        if let Some(state) = state.filter(|state| state.id == id) {
            redemption.returned = state.returned;
            redemption.is_reversed = state.is_reversed;
            redemption.transaction_id = state.transaction_id;
        }
    }
    if bug("a redemption that is read as it was made, without what was returned of it") {
        redemption.returned = Amount::ZERO;
    }
    Some(redemption)
}

/// Catches: of the holds that arrived in a merger, always the first.
#[test]
fn holds_are_found_one_by_one_where_several_came_along() {
    let mut ledger = Ledger::new(Program::new("AUD", "UTC").unwrap(), MemoryStore::new());
    let mut till = ledger.at("2025-06-15T14:32:00Z".parse().unwrap());
    let [alice, bob] = [0, 1].map(profile_id);
    let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
    let ten = till.commit(Define::from(ten)).unwrap().id;
    till.commit(IssueReward::new(alice, ten)).unwrap();
    let holds =
        [1, 2, 3].map(|amount| till.commit(PlaceHold::strict(alice, Amount::from(amount))).unwrap().id);
    till.commit(MergeProfiles::new(alice, bob)).unwrap();
    till.commit(CaptureHold::all(holds[0])).unwrap();
    let wallet = till.wallet(bob).unwrap();
    for hold in holds {
        assert_eq!(till.hold(hold).unwrap(), wallet.hold(hold));
        assert!(wallet.hold(hold).is_some());
    }
}

/// The look-ups that reading each thing takes, in a journal with so many entries after it.
fn looked_up(entries: u32) -> Vec<(&'static str, usize)> {
    let mut ledger = Ledger::new(Program::new("AUD", "UTC").unwrap(), PlainStore::default());
    let at: Timestamp = "2025-06-15T14:32:00Z".parse().unwrap();
    let alice = profile_id(0);
    let mut till = ledger.at(at);
    let mut define = |handle: &str| {
        let hundred = RewardDefinition::new(handle.parse().unwrap(), "A hundred", Amount::from(100));
        till.commit(Define::from(hundred)).unwrap().id
    };
    let definition = define("hundred");
    for other in 1..entries / 10 {
        define(&format!("other-{other}"));
    }
    let lot = till.commit(IssueReward::new(alice, definition)).unwrap().id;
    let hold = till.commit(PlaceHold::strict(alice, Amount::from(2))).unwrap().id;
    let redemption = till.commit(Redeem::strict(alice, Amount::from(1))).unwrap().id;
    let name: ExternalId = "till-7/0042".parse().unwrap();
    let sale = PostTransaction::new(alice, Amount::from(25)).paid_with(redemption, Amount::from(26));
    let sale = till.commit(sale.with_external_id(name.clone())).unwrap().id;
    till.commit(CaptureHold::all(hold)).unwrap();
    for _ in 0..entries {
        till.commit(Redeem::strict(alice, "0.01".parse().unwrap())).unwrap();
    }
    let mut counted = Vec::new();
    let mut count = |what, read: &mut dyn FnMut(&mut Ledger<PlainStore>) -> bool| {
        let before = ledger.store().looked_up();
        assert!(read(&mut ledger), "there is no {what}");
        counted.push((what, ledger.store().looked_up() - before));
    };
    let handle = "hundred".parse().unwrap();
    count("redemption", &mut |ledger| ledger.at(at).redemption(redemption).unwrap().is_some());
    count("hold", &mut |ledger| ledger.at(at).hold(hold).unwrap().is_some());
    count("transaction", &mut |ledger| ledger.at(at).transaction(sale).unwrap().is_some());
    count("name", &mut |ledger| ledger.at(at).transaction_by_external_id(alice, &name).unwrap().is_some());
    count("lot", &mut |ledger| ledger.at(at).lot(lot).unwrap().is_some());
    count("definition", &mut |ledger| ledger.at(at).definition(definition).unwrap().is_some());
    count("handle", &mut |ledger| {
        ledger.at(at).definition_by_handle(LotKind::Reward, &handle).unwrap().is_some()
    });
    counted
}

/// What is looked up, and what is found, is counted: so a whole journal would be seen.
///
/// Catches: a question about one lot that loads the whole journal.
#[test]
fn reading_one_thing_costs_the_same_however_long_the_journal_is() {
    let short = looked_up(10);
    assert_eq!(short, looked_up(2_000));
    assert!(short.iter().all(|(_, count)| *count <= 12), "{short:?}");
}

#[test]
fn each_property_catches_its_bug() {
    catches(
        one_thing_reads_as_in_the_wallet,
        &["a redemption that is read as it was made, without what was returned of it"],
    );
    catches(one_thing_reads_as_in_the_wallet_of_the_past, &["later entries that are looked up too"]);
}
