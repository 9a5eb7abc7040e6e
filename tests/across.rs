//! What goes across profiles: sweeping all of them, and what the outside hears.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use scrip::id::ExternalId;
use scrip::request::{Extend, Reassign};
use scrip::store::Blocking;
use scrip::time::{Until, When};
use scrip::value::Quantity;
use scrip::view::{Cursor, Event, EventKind, LedgerTotals};
use scrip::{
    Amount, AsyncLedger, Define, DefinitionId, IssuePoints, IssueReward, Ledger, LotId, MemoryStore,
    PeriodType, PlaceHold, PointDefinition, Points, PostTransaction, ProfileId, Program, Redeem,
    ReturnRedemption, RewardDefinition, Timestamp,
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn start() -> Timestamp {
    at("2025-06-01T00:00:00Z")
}

fn later(days: i64) -> Timestamp {
    start().checked_add(TimeDelta::days(days)).unwrap()
}

fn profile(number: usize) -> ProfileId {
    ProfileId::new(&format!("profile {number}")).unwrap()
}

fn ledger(store: MemoryStore) -> (Ledger<MemoryStore>, DefinitionId) {
    let mut ledger = Ledger::new(Program::new("AUD", "UTC").unwrap(), store);
    let mut ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
    (ten.is_extendable, ten.is_reassignable) = (true, true);
    let ten = ledger.at(start()).commit(Define::from(ten)).unwrap().id;
    (ledger, ten)
}

fn issue(definition: DefinitionId, profile: ProfileId, expires: Timestamp) -> IssueReward {
    let mut issue = IssueReward::new(profile, definition);
    issue.expires_at = Some(Until::Instant(expires));
    issue
}

#[test]
fn t7_sweeping_all_writes_what_fell_due_and_nothing_twice() {
    let (mut ledger, ten) = ledger(MemoryStore::new());
    for number in 0..1_000 {
        let expires = later(1 + i64::try_from(number % 10).unwrap());
        ledger.at(start()).commit(issue(ten, profile(number), expires)).unwrap();
    }
    ledger.at(start()).commit(PlaceHold::strict(profile(9), Amount::from(4))).unwrap();
    let before: Vec<_> = (0..1_000).map(|n| ledger.at(later(5)).balances(profile(n)).unwrap()).collect();

    let swept: Vec<_> = ledger.at(later(5)).sweep_all().map(Result::unwrap).collect();
    // Half of the lots have expired by then, and one hold has lapsed.
    assert_eq!(swept.len(), 501);
    assert!(swept.iter().all(|(_, swept)| swept.entries == 1));
    assert_eq!(ledger.at(later(5)).sweep_all().count(), 0, "sweeping twice adds nothing");

    let after: Vec<_> = (0..1_000).map(|n| ledger.at(later(5)).balances(profile(n)).unwrap()).collect();
    assert_eq!(before, after);
    let wallet = ledger.at(later(5)).wallet(profile(0)).unwrap();
    assert_eq!(wallet.journal()[1].at, later(1), "each entry has its own instant");
    assert_eq!(wallet.account().next_deadline(), None);
}

/// Listens until there is nothing more, a few events at a time, and keeps the cursor only now and then: what was not
/// kept comes again.
fn listen(ledger: &mut Ledger<MemoryStore>, cursor: &mut Cursor, now: Timestamp, limit: usize) -> Vec<Event> {
    let mut heard = Vec::new();
    loop {
        let again = ledger.at(now).events(cursor, TimeDelta::days(3), limit).unwrap();
        let events = ledger.at(now).events(cursor, TimeDelta::days(3), limit).unwrap();
        assert_eq!(again, events, "the same cursor hears the same");
        heard.extend(events.events);
        // A cursor survives being written down.
        *cursor = serde_json::from_str(&serde_json::to_string(&events.cursor).unwrap()).unwrap();
        if !events.more {
            return heard;
        }
    }
}

fn expiring(events: &[Event]) -> Vec<LotId> {
    let soon = |event: &Event| match event.kind {
        EventKind::ExpiringSoon { lot, .. } => Some(lot),
        _ => None,
    };
    events.iter().filter_map(soon).collect()
}

/// Rule T9: a coming expiry is reported once for each that there is as it then stands, also where the lead is longer than
/// the period without activity, so that all of them lie within the time that was reported before.
///
/// Catches: a lot that is kept by activity, and not reported anew; one whose end stays as it is, and is.
#[test]
fn t9_what_activity_keeps_is_reported_anew() {
    for limit in [1, 2, 1_000] {
        let (mut ledger, _) = ledger(MemoryStore::new());
        let mut club = PointDefinition::new("club".parse().unwrap(), "Club");
        (club.inactivity_period, club.inactivity_period_type) = (Some(1), PeriodType::Days);
        let club = ledger.at(start()).commit(Define::from(club)).unwrap().id;
        let mut cursor = Cursor::START;
        let points = || IssuePoints::new(profile(0), club).with_value(Points::from(5));
        let kept = ledger.at(start()).commit(points()).unwrap().id;
        let own = points().with_expiry(Until::Instant(later(1)));
        let own = ledger.at(start()).commit(own).unwrap().id;
        let heard = expiring(&listen(&mut ledger, &mut cursor, start(), limit));
        assert_eq!(heard.iter().collect::<BTreeSet<_>>(), BTreeSet::from([&kept, &own]));

        let sale = || PostTransaction::new(profile(0), Amount::from(5));
        for (minutes, reported) in
            [(0, vec![]), (1_080, vec![]), (1_500, vec![kept]), (1_501, vec![]), (2_950, vec![kept])]
        {
            let at = start().checked_add(TimeDelta::minutes(minutes)).unwrap();
            ledger.at(at).commit(sale()).unwrap();
            assert_eq!(expiring(&listen(&mut ledger, &mut cursor, at, limit)), reported, "{minutes}");
            assert_eq!(expiring(&listen(&mut ledger, &mut cursor, at, limit)), []);
        }
    }
}

#[test]
fn events_come_in_order_and_at_least_once() {
    for limit in [1, 2, 7, 1_000] {
        let (mut ledger, ten) = ledger(MemoryStore::new());
        let mut cursor = Cursor::START;
        let soon = ledger.at(start()).commit(issue(ten, profile(0), later(2))).unwrap().id;
        let late = ledger.at(start()).commit(issue(ten, profile(1), later(10))).unwrap().id;
        let first = listen(&mut ledger, &mut cursor, start(), limit);
        assert_eq!(first.len(), 3, "two issues, and one of them expires soon: {first:?}");
        assert_eq!(expiring(&first), [soon]);
        assert!(listen(&mut ledger, &mut cursor, start(), limit).is_empty());

        // A redemption, a return, and a lot that is issued when it expires soon already.
        let redemption = ledger.at(later(1)).commit(Redeem::strict(profile(1), Amount::from(4))).unwrap().id;
        ledger.at(later(1)).commit(ReturnRedemption::strict(redemption, Amount::from(1))).unwrap();
        let at_once = ledger.at(later(1)).commit(issue(ten, profile(2), later(3))).unwrap().id;
        let second = listen(&mut ledger, &mut cursor, later(1), limit);
        assert_eq!(expiring(&second), [at_once]);
        let kinds: Vec<_> =
            second.iter().filter(|event| event.profile_id == profile(1)).map(|event| event.kind).collect();
        assert!(matches!(kinds[..], [EventKind::Redeemed { .. }, EventKind::Returned { .. }]), "{kinds:?}");

        // Extended into what was told before: told again. Then time comes for the late one, with what is left of it.
        ledger.at(later(1)).commit(Extend::until(profile(0), vec![soon], Until::Instant(later(4)))).unwrap();
        assert_eq!(expiring(&listen(&mut ledger, &mut cursor, later(1), limit)), [soon]);
        let third = listen(&mut ledger, &mut cursor, later(8), limit);
        assert_eq!(expiring(&third), [late]);
        let EventKind::ExpiringSoon { value, .. } = third.last().unwrap().kind else { panic!("{third:?}") };
        assert_eq!(value, Amount::from(7).into());

        // What expired was heard, and is heard once more when an entry says so: after a sweep, or the next change.
        assert_eq!(expired(&third).len(), 2, "{third:?}");
        assert!(third.iter().all(|event| !event.is_written));
        ledger.at(later(8)).sweep_all().for_each(|swept| assert!(swept.is_ok()));
        let fourth = listen(&mut ledger, &mut cursor, later(8), limit);
        assert_eq!((expired(&fourth), fourth.len()), (expired(&third), 2), "{fourth:?}");
        assert!(fourth.iter().all(|event| event.is_written));
    }
}

/// The lots that expired, when, and with how much.
fn expired(events: &[Event]) -> BTreeSet<(LotId, Timestamp, Quantity)> {
    let expired = |event: &Event| match event.kind {
        EventKind::Expired { lot, value, .. } => Some((lot, event.at, value)),
        _ => None,
    };
    events.iter().filter_map(expired).collect()
}

/// Rule T7: with a sweep before every listening and without any, what expires, and what soon does, is heard on the same day.
///
/// Catches: an expiry that is heard only once it is written (T7); a pending lot, or one that a lapsed hold
/// released, that does not expire soon; value released by a hold on an expired lot that expires in silence; a
/// lot that arrives in a time already told, and is passed over.
#[test]
fn t7_events_do_not_wait_for_a_sweep() {
    for limit in [1, 3, 1_000] {
        let hear = |sweeps: bool| {
            let (mut ledger, ten) = ledger(MemoryStore::new());
            let mut cursor = Cursor::START;
            // One plainly; one of which a part is held until after its expiry; one that is let go when it was told already what
            // expires soon; one that is not available yet when that is told; one that was let go long before.
            for (number, days) in [(0, 4), (1, 4), (2, 7), (3, 7), (5, 9)] {
                let mut issue = issue(ten, profile(number), later(days));
                issue.available_at = (number == 3).then(|| When::Instant(later(6)));
                ledger.at(start()).commit(issue).unwrap();
            }
            for (number, amount, days) in [(1, 4, 6), (2, 10, 5), (5, 10, 1)] {
                let mut hold = PlaceHold::strict(profile(number), Amount::from(amount));
                hold.expires_in = Some(24 * 60 * 60 * days);
                ledger.at(start()).commit(hold).unwrap();
            }
            let (mut heard, mut known) = (Vec::new(), BTreeSet::new());
            for day in 0..10 {
                if sweeps {
                    ledger.at(later(day)).sweep_all().for_each(|swept| assert!(swept.is_ok()));
                }
                if day == 8 {
                    // Dated before what was told: an account's time is its own.
                    ledger.at(later(2)).commit(issue(ten, profile(4), later(3))).unwrap();
                }
                let events = listen(&mut ledger, &mut cursor, later(day), limit);
                // What was heard before may come again.
                let new = |one: &(LotId, Timestamp, Quantity)| known.insert(*one);
                let expired: Vec<_> = expired(&events).into_iter().filter(new).collect();
                heard.push((day, expired, expiring(&events)));
            }
            heard
        };
        let (swept, unswept) = (hear(true), hear(false));
        assert_eq!(swept, unswept, "{limit} at a time");
        let all = unswept.iter().map(|(_, expired, _)| expired.len()).sum::<usize>();
        let soon: BTreeSet<_> = unswept.iter().flat_map(|(_, _, soon)| soon).collect();
        assert_eq!((all, soon.len()), (7, 6), "{unswept:?}");
    }
}

#[test]
fn events_of_one_profile_keep_their_order_whatever_the_others_do() {
    let (mut ledger, ten) = ledger(MemoryStore::new());
    let mut cursor = Cursor::START;
    let mut last: BTreeMap<ProfileId, u32> = BTreeMap::new();
    for round in 0..200 {
        for number in 0..7 {
            let profile = profile((round * number) % 5);
            let _ = ledger.at(later(1)).commit(issue(ten, profile, later(100)));
            let _ = ledger.at(later(1)).commit(Redeem::lenient(profile, Amount::from(3)));
        }
        for event in ledger
            .at(later(1))
            .events(&cursor, TimeDelta::zero(), 3)
            .map(|events| {
                cursor = events.cursor;
                events.events
            })
            .unwrap()
        {
            let before = last.insert(event.profile_id, event.sequence);
            assert!(before.is_none_or(|before| before < event.sequence), "{event:?}");
        }
    }
}

#[tokio::test]
async fn an_asynchronous_ledger_sweeps_and_hears_alike() {
    let store = MemoryStore::new();
    let (mut ledger, ten) = ledger(store.clone());
    for number in 0..300 {
        ledger.at(start()).commit(issue(ten, profile(number), later(1))).unwrap();
    }
    let mut ledger = AsyncLedger::new(Program::new("AUD", "UTC").unwrap(), Blocking(store));
    let mut moment = ledger.at(later(1));
    let mut sweeps = moment.sweep_all();
    let mut swept = 0;
    while let Some(result) = sweeps.next().await {
        swept += result.unwrap().1.entries;
    }
    assert_eq!(swept, 300);
    let events = ledger.at(later(1)).events(&Cursor::START, TimeDelta::days(1), 10_000).await.unwrap();
    assert_eq!(events.events.len(), 600);
    assert!(!events.more);

    let mut moment = ledger.at(later(1));
    let mut profiles = moment.profiles();
    let mut numbers = Vec::new();
    while let Some(profile) = profiles.next().await {
        numbers.push(profile.unwrap().number);
    }
    assert!(numbers.len() == 300 && numbers.is_sorted(), "{numbers:?}");
    assert_eq!(moment.totals().await.unwrap().rewards.expired, Amount::from(3_000).into());
}

/// As of the ledger's instant, whether or not entries tell yet of what expired (rule T7); over more than a page.
#[test]
fn j3_the_totals_of_all_profiles_say_what_is_owed() {
    let (mut ledger, ten) = ledger(MemoryStore::new());
    assert_eq!(ledger.at(start()).totals().unwrap(), LedgerTotals::default());
    for count in 1..=600 {
        let (name, expires) = (profile(count), later(1 + i64::try_from(count % 2).unwrap()));
        ledger.at(start()).commit(issue(ten, name, expires)).unwrap();
        if matches!(count, 255..=257 | 511..=513) {
            let mut till = ledger.at(start());
            assert_eq!((till.profiles().count(), till.totals().unwrap().profiles), (count, count as u64));
        }
    }
    let mut till = ledger.at(start());
    till.commit(Redeem::strict(profile(2), Amount::from(3))).unwrap();
    let lot = till.wallet(profile(3)).unwrap().rewards()[0].id;
    till.commit(Reassign::new(lot, profile(5))).unwrap();

    let mut till = ledger.at(later(1));
    till.commit(PlaceHold::strict(profile(1), Amount::from(4))).unwrap();
    let totals = till.totals().unwrap();
    assert!(totals.is_conserved());
    let rewards = totals.rewards;
    let shown =
        [rewards.issued, rewards.expired, rewards.redeemed, rewards.held, rewards.owed(), rewards.moved];
    assert_eq!(shown.map(|sum| sum.to_string()), ["6000", "2997", "3", "4", "3000", "0"]);
    let expired: Vec<_> = till.profiles().map(|profile| profile.unwrap().totals.rewards.expired).collect();
    assert_eq!(expired[..2], [Amount::ZERO.into(), Amount::from(7).into()]);
}

#[test]
fn x2_a_transaction_is_found_by_its_external_id() {
    let (mut ledger, _) = ledger(MemoryStore::new());
    let order = ExternalId::new("ORDER-1").unwrap();
    for number in [3, 1] {
        let sale = PostTransaction::new(profile(number), Amount::from(5)).with_external_id(order.clone());
        ledger.at(start()).commit(sale).unwrap();
    }
    let found = ledger.at(start()).profiles_with_transaction(&order, 10).unwrap();
    assert_eq!(found, [profile(1), profile(3)]);
    assert_eq!(ledger.at(start()).profiles_with_transaction(&order, 1).unwrap().len(), 1);
}
