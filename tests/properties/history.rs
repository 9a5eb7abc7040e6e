//! The journal and what follows from it (rules J1 to J4, T1 and T7).

use proptest::prelude::*;
use rust_decimal::Decimal;
use scrip::account::{Account, Corrupt};
use scrip::audit::Auditor;
use scrip::journal::{Cause, Entry, EntryKind};
use scrip::store::{AsOf, Owner};
use scrip::value::Sum;
use scrip::{Command, Error, Ledger, MemoryStore, Points, json};

use crate::afterwards::returns_add_up;
use crate::model::calendar::{DAY, Micros, SECOND};
use crate::model::generate;
use crate::model::memo::{Memo, same_lines};
use crate::model::plain_store::PlainStore;
use crate::model::resolve::profile_id;
use crate::model::steps::Case;
use crate::model::world::{World, journals, look};
use crate::planted::{bug, catches};
use crate::{config, timestamp};
use proptest::test_runner::TestCaseError;

/// Moments of the past: around the last of so many entries, long before it, and after entries.
fn moments(entries: u32, last: Micros, now: Micros, ago: Micros) -> Vec<AsOf> {
    let instants = [last - 1, last, now.max(last), last - ago].map(|at| AsOf::At(timestamp(at)));
    let sequences = [1, entries / 2, entries].into_iter().filter(|_| entries > 1).map(AsOf::Sequence);
    instants.into_iter().chain(sequences).collect()
}

/// What a case leads to.
fn played(case: &Case) -> Result<World<MemoryStore>, TestCaseError> {
    let mut world = World::alone(case, MemoryStore::new())?;
    for step in &case.steps {
        world.step(step)?.ok();
    }
    Ok(world)
}

proptest! {
    #![proptest_config(config(100))]

    /// Rules J3 and R2, after every step, per account and over the ledger.
    ///
    /// Catches: expired value that is added to no total; totals over all profiles that leave out what is held
    /// (J3).
    #[test]
    fn no_value_appears_or_vanishes(case in generate::case(40)) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        for step in &case.steps {
            world.step(step)?.ok();
            let mut totals = world.ledger.at(timestamp(world.now)).totals().unwrap();
            if bug("totals over all profiles that leave out what is held") {
                (totals.rewards.held, totals.points.held) = (Sum::ZERO, Sum::ZERO);
            }
            prop_assert!(totals.is_conserved(), "over the ledger: {:?}", totals);
            prop_assert_eq!((totals.rewards.moved, totals.points.moved), (Sum::ZERO, Sum::ZERO));
            let (mut money, mut points) = (Sum::ZERO, Sum::ZERO);
            for id in (0..3).map(profile_id) {
                let last = world.account(id).last_at().unwrap_or(timestamp(world.now));
                let wallet = world.ledger.at(last.max(timestamp(world.now))).wallet(id).unwrap();
                prop_assert!(wallet.account().is_conserved(), "{:?}", wallet.account());
                money = money.plus(wallet.balances().reward_balance.into());
                points = points.plus(wallet.balances().point_balance.into());
                returns_add_up(&wallet).map_err(|error| world.with_story(error))?;
            }
            prop_assert_eq!((totals.rewards.available, totals.points.available), (money, points));
        }
    }

    /// Rules J1 and J3: whatever the ledger wrote passes an audit, also after mergers.
    ///
    /// Catches: a replacement of an earned lot that is held to the catalogue's terms where it arrives (R3).
    #[test]
    fn an_audit_finds_nothing(case in generate::case(40)) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        for step in &case.steps {
            world.step(step)?.ok();
        }
        let audited = audit(&mut world);
        prop_assert!(audited.is_ok(), "{}", world.with_story(TestCaseError::fail(format!("{audited:?}"))));
    }

    /// Rules J1 and J2: the journal is all there is. Folding it, also after it was written down as JSON and read
    /// again, gives the account bit for bit, and at each entry the balances that it states.
    ///
    /// Catches: instants that lose their microseconds in JSON (J2).
    #[test]
    fn replay_gives_the_account(case in generate::case(40)) {
        let mut world = played(&case)?;
        for id in (0..3).map(profile_id) {
            let (held, journal) = look(world.ledger.store(), Owner::Profile(id));
            let wallet = world.ledger.at(timestamp(world.now)).wallet(id);
            if let Ok(wallet) = wallet {
                prop_assert_eq!(wallet.written(), &journal);
                prop_assert_eq!(wallet.account(), &held);
            }
            let line = |entry: &Entry| {
                let mut entry = entry.clone();
                if bug("instants that lose their microseconds in JSON") {
                    entry.at = timestamp(entry.at.micros() / SECOND * SECOND);
                }
                serde_json::to_string(&entry).unwrap()
            };
            let lines: Vec<String> = journal.iter().map(line).collect();
            let read: Vec<Entry> = lines.iter().map(|line| json::read(line.as_bytes()).unwrap()).collect();
            prop_assert_eq!(&read, &journal);
            for (entry, line) in read.iter().zip(&lines) {
                prop_assert_eq!(&serde_json::to_string(entry).unwrap(), line);
            }
            for entries in [&journal, &read] {
                let replayed = Account::replay(Some(id), held.number(), entries).unwrap();
                prop_assert_eq!(&replayed, &held, "rule J2");
                prop_assert_eq!(serde_json::to_string(&replayed).unwrap(), serde_json::to_string(&held).unwrap());
                let mut folded = Account::new(id, held.number());
                for (place, entry) in entries.iter().enumerate() {
                    folded.apply(entry);
                    prop_assert_eq!(folded.sequence(), entry.sequence);
                    prop_assert_eq!(folded.last_at(), Some(entry.at));
                    prop_assert_eq!(folded.totals().balances(), entry.balances, "rule J1");
                    prop_assert!(folded.totals().is_conserved(), "rule J3");
                    // In the middle of a merger, lots have come whose holds are still to come.
                    let is_midway = entries.get(place + 1).is_some_and(|next| next.cause == Cause::Merge);
                    prop_assert!(is_midway || folded.is_conserved(), "rule J3");
                }
            }
        }
    }

    /// Rules J1 to J3: a journal in which anything is missing, moved or altered is no journal.
    ///
    /// Catches: a replay that ignores sequence numbers, times or balances (J1).
    #[test]
    fn a_journal_that_was_tampered_with_is_refused(case in generate::case(30), which in any::<u16>()) {
        let mut world = played(&case)?;
        let id = profile_id(0);
        let (held, journal) = look(world.ledger.store(), Owner::Profile(id));
        if journal.len() < 2 {
            return Ok(());
        }
        let place = usize::from(which) % (journal.len() - 1);
        let replay = |tamper: &dyn Fn(&mut Vec<Entry>)| {
            let mut journal = journal.clone();
            tamper(&mut journal);
            if bug("a replay that ignores sequence numbers") {
                journal.iter_mut().zip(1..).for_each(|(entry, sequence)| entry.sequence = sequence);
            }
            Account::replay(Some(id), held.number(), &journal)
        };
        prop_assert_eq!(replay(&|_| ()).unwrap(), held.clone());
        prop_assert!(replay(&|journal| drop(journal.remove(place))).is_err(), "missing");
        prop_assert!(replay(&|journal| journal.swap(place, place + 1)).is_err(), "out of order");
        prop_assert!(replay(&|journal| journal.insert(place, journal[place].clone())).is_err(), "twice");
        let too_late = |journal: &mut Vec<Entry>| {
            journal[place].at = timestamp(journal[place + 1].at.micros() + 1);
        };
        prop_assert!(replay(&too_late).is_err(), "rule T6");
        let other_balances = |journal: &mut Vec<Entry>| {
            let balances = &mut journal[place].balances;
            balances.point_balance = balances.point_balance.checked_add(Points::from(1)).unwrap();
        };
        prop_assert!(replay(&other_balances).is_err(), "rule J1");
        let places = ["available", "pending", "held", "redeemed", "expired", "revoked", "clawed_back", "paid_to_debt"];
        let sources = ["issued", "adjusted", "moved"];
        let one_by_one = sources.into_iter().chain(places).map(|field| vec![field]);
        // These add up, and the lots do not agree with them.
        let together = ["available", "pending", "held"].map(|place| vec!["issued", place]);
        for fields in one_by_one.chain(together) {
            for pot in ["rewards", "points"] {
                prop_assert!(!raised(&held, pot, &fields).is_conserved(), "rule J3: {:?} of {}", fields, pot);
            }
        }
    }

    /// Rules J4 and T7: what was answered about the past stays the answer, whatever comes later.
    ///
    /// Catches: several lots that fell due, of which only the first is written (T7); a wallet's journal that
    /// stops at what is written (J4).
    #[test]
    fn the_past_does_not_change(case in generate::case(20), ago in 0..40 * DAY) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        let mut memos: Vec<Memo> = Vec::new();
        for step in &case.steps {
            world.step(step)?.ok();
            for id in (0..3).map(profile_id) {
                let (account, _) = look(world.ledger.store(), Owner::Profile(id));
                let last = account.last_at().map_or(world.now, scrip::Timestamp::micros);
                for as_of in moments(account.sequence(), last, world.now, ago) {
                    memos.push(Memo::write(&mut world.ledger, id, as_of, account.sequence()));
                }
            }
        }
        for memo in &memos {
            let (_, journal) = look(world.ledger.store(), Owner::Profile(memo.profile));
            memo.check(&mut world.ledger, &journal).map_err(|error| world.with_story(error))?;
        }
    }

    /// Rule J4: what is shown of the past is what the model works out for then.
    ///
    /// Catches: a past instant that leaves out what was written at that instant (J4).
    #[test]
    fn the_past_agrees_with_the_model(case in generate::case(25), ago in 0..40 * DAY) {
        let mut world = World::compared(&case, MemoryStore::new())?;
        for step in &case.steps {
            world.step(step)?.ok();
        }
        for profile in 0..world.model.profiles.len() {
            let account = &world.model.profiles[profile];
            let instants: Vec<Micros> = account.journal.iter().map(|entry| entry.at).collect();
            for (place, at) in instants.into_iter().enumerate() {
                for as_of in moments(u32::try_from(place).unwrap() + 1, at, at + 1, ago) {
                    world.check_past(profile, as_of).map_err(|error| world.with_story(error))?;
                }
            }
        }
        for at in [world.now, world.now - ago, case.start, case.start - 1] {
            world.check_past_catalogue(at)?;
        }
    }

    /// Rule T1: the same commands on a fresh store give the same answers and the same journals, byte by byte; also
    /// after they were written down as lines of JSON and read again, in one batch, and over another store.
    ///
    /// Catches: an instant as expiry that keeps its second in JSON (T5); a batch that runs backwards, or goes
    /// on past a row that leads to another account.
    #[test]
    fn the_same_commands_lead_to_the_same_bytes(case in generate::case(40)) {
        let mut world = World::alone(&case, MemoryStore::new())?;
        let mut answers = Vec::new();
        for step in &case.steps {
            answers.push(world.step(step)?);
        }
        let lines: Vec<String> = world.sent.iter().map(|sent| serde_json::to_string(sent).unwrap()).collect();
        let mut read: Vec<Command> = lines.iter().map(|line| json::read(line.as_bytes()).unwrap()).collect();
        prop_assert_eq!(&read, &world.sent);
        if bug("a batch that runs backwards") {
            read.reverse();
        }
        let profiles = (0..3).map(|profile| Owner::Profile(profile_id(profile)));
        let owners: Vec<Owner> = std::iter::once(Owner::CATALOGUE).chain(profiles).collect();
        let program = world.ledger.program().clone();
        let expected = journals(world.ledger.store(), &owners);

        let mut fresh = Ledger::new(program.clone(), MemoryStore::new());
        let again: Vec<_> = world.sent.iter().map(|command| fresh.run(command)).collect();
        for (one, other) in answers.iter().rev().zip(again.iter().rev()) {
            prop_assert_eq!(one.as_ref().ok(), other.as_ref().ok());
            prop_assert_eq!(one.as_ref().err().map(Error::rejection), other.as_ref().err().map(Error::rejection));
        }
        same_lines(&expected, &journals(fresh.store(), &owners))?;

        let mut batch = Ledger::new(program.clone(), MemoryStore::new());
        let answers = batch.run_all(&read);
        let codes: Vec<_> = answers.iter().map(|answer| answer.as_ref().err().map(Error::code)).collect();
        let told = world.with_story(TestCaseError::fail("rule D5: row by row"));
        prop_assert_eq!(&world.refused, &codes, "{}", told);
        same_lines(&expected, &journals(batch.store(), &owners))?;

        let mut plain = Ledger::new(program, PlainStore::default());
        plain.run_all(&read);
        same_lines(&expected, &journals(plain.store(), &owners)).map_err(|error| world.with_story(error))?;
    }
}

/// An account with some of its totals one higher.
fn raised(account: &Account, pot: &str, fields: &[&str]) -> Account {
    let mut json = serde_json::to_value(account).unwrap();
    for field in fields {
        let value = &mut json["totals"][pot][field];
        let more = value.as_str().unwrap().parse::<Decimal>().unwrap() + Decimal::ONE;
        *value = more.to_string().into();
    }
    serde_json::from_value(json).unwrap()
}

/// Follows every journal, the catalogue's first.
fn audit(world: &mut World<MemoryStore>) -> Result<(), Corrupt> {
    let (account, journal) = look(world.ledger.store(), Owner::CATALOGUE);
    let mut auditor = Auditor::new(None, account.number());
    journal.iter().try_for_each(|entry| auditor.follow(entry))?;
    let definitions = auditor.into_definitions();
    for profile in (0..3).map(profile_id) {
        let (account, journal) = look(world.ledger.store(), Owner::Profile(profile));
        let mut auditor = Auditor::new(Some(profile), account.number()).with_definitions(&definitions);
        let is_lost = bug("an expiry that is not written");
        let written =
            journal.into_iter().filter(|entry| !is_lost || !matches!(entry.kind, EntryKind::Expire(_)));
        written.zip(1..).try_for_each(|(mut entry, sequence)| {
            entry.sequence = sequence;
            auditor.follow(&entry)
        })?;
        auditor.check_end()?;
    }
    Ok(())
}

#[test]
fn each_property_catches_its_bug() {
    catches(no_value_appears_or_vanishes, &["totals over all profiles that leave out what is held"]);
    catches(an_audit_finds_nothing, &["an expiry that is not written"]);
    catches(replay_gives_the_account, &["instants that lose their microseconds in JSON"]);
    catches(a_journal_that_was_tampered_with_is_refused, &["a replay that ignores sequence numbers"]);
    catches(the_past_does_not_change, &["a past that is answered as of now"]);
    catches(
        the_past_agrees_with_the_model,
        &["a past instant that leaves out what was written at that instant"],
    );
    catches(the_same_commands_lead_to_the_same_bytes, &["a batch that runs backwards"]);
}
