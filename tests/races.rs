//! Threads racing on one profile and on many: nothing is spent twice, and nothing is lost (rule J6).

use std::sync::Barrier;
use std::thread;

use scrip::id::ExternalId;
use scrip::journal::LotKind;
use scrip::program::{ProgramSettings, TransferLimit};
use scrip::request::{KeyedBatch, Transfer};
use scrip::store::Store;
use scrip::view::Wallet;
use scrip::{
    Amount, Command, Define, DefinitionId, Error, IssuePoints, IssueReward, Ledger, MemoryStore,
    PointDefinition, Points, ProfileId, Program, Redeem, Rejection, RewardDefinition, Timestamp,
};

const THREADS: usize = 8;

fn now() -> Timestamp {
    "2025-06-15T00:00:00Z".parse().unwrap()
}

fn profile(number: usize) -> ProfileId {
    ProfileId::new(&format!("profile {number}")).unwrap()
}

fn ledger() -> (Ledger<MemoryStore>, DefinitionId) {
    let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne").unwrap(), MemoryStore::new());
    let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
    let ten = ledger.at(now()).commit(Define::from(ten)).unwrap().id;
    (ledger, ten)
}

/// Runs the same on many threads that all start at once, each with its own handle.
fn race<T: Send>(
    ledger: &Ledger<MemoryStore>,
    run: impl Fn(usize, Ledger<MemoryStore>) -> T + Sync,
) -> Vec<T> {
    let barrier = Barrier::new(THREADS);
    thread::scope(|scope| {
        let start = |thread: usize| {
            let (barrier, run, ledger) = (&barrier, &run, ledger.clone());
            scope.spawn(move || {
                barrier.wait();
                run(thread, ledger)
            })
        };
        let threads: Vec<_> = (0..THREADS).map(start).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn check(wallet: &Wallet) {
    assert!(wallet.account().is_conserved());
    let sequences: Vec<u32> = wallet.journal().iter().map(|entry| entry.sequence).collect();
    assert!(sequences.iter().copied().eq(1..=u32::try_from(sequences.len()).unwrap()), "{sequences:?}");
}

#[test]
fn one_profile_is_never_overspent() {
    let (mut ledger, ten) = ledger();
    for _ in 0..100 {
        ledger.at(now()).commit(IssueReward::new(profile(0), ten)).unwrap();
    }
    let cent: Amount = "0.07".parse().unwrap();
    let counts = race(&ledger, |_, mut ledger| {
        let redeem = Command::new(now(), Redeem::strict(profile(0), cent));
        let mut paid = 0_u32;
        loop {
            match ledger.run(&redeem) {
                Ok(receipt) => paid += u32::from(receipt.outcome.total == cent),
                Err(Error::Rejected(Rejection::InsufficientValue { .. })) => return paid,
                Err(other) => panic!("{other}"),
            }
        }
    });
    // 1000 pays for 14 285 times 0.07, and 0.05 is left.
    assert_eq!(counts.iter().sum::<u32>(), 14_285);
    let wallet = ledger.at(now()).wallet(profile(0)).unwrap();
    assert_eq!(wallet.balances().reward_balance, "0.05".parse().unwrap());
    assert_eq!(wallet.redemptions().len(), 14_285);
    check(&wallet);
}

#[test]
fn many_profiles_get_numbers_of_their_own() {
    let (mut ledger, ten) = ledger();
    race(&ledger, |thread, mut ledger| {
        for round in 0..500 {
            // Half of them are new to every thread at once, half to this one alone.
            let number = if round % 2 == 0 { round } else { 1_000 + thread * 1_000 + round };
            ledger.at(now()).commit(IssueReward::new(profile(number), ten)).unwrap();
        }
    });
    let mut numbers = Vec::new();
    for number in (0..500)
        .step_by(2)
        .chain((0..THREADS).flat_map(|t| (1..500).step_by(2).map(move |r| 1_000 + t * 1_000 + r)))
    {
        let wallet = ledger.at(now()).wallet(profile(number)).unwrap();
        let expected = if number < 1_000 { THREADS } else { 1 };
        assert_eq!(wallet.rewards().len(), expected, "profile {number}");
        check(&wallet);
        numbers.push(wallet.account().number());
    }
    let drawn = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), drawn);
}

#[test]
fn one_external_id_from_many_threads_issues_once() {
    let (mut ledger, ten) = ledger();
    let rewards = race(&ledger, |_, mut ledger| {
        let mut issue = IssueReward::new(profile(0), ten);
        issue.external_id = Some(ExternalId::new("old-1").unwrap());
        ledger.at(now()).commit(issue).unwrap()
    });
    assert!(rewards.iter().all(|reward| *reward == rewards[0]));
    assert_eq!(ledger.at(now()).balances(profile(0)).unwrap().reward_balance, Amount::from(10));
}

#[test]
fn handles_are_unique_among_threads() {
    let (ledger, _) = ledger();
    let results = race(&ledger, |_, mut ledger| {
        let same = RewardDefinition::new("same".parse().unwrap(), "Same", Amount::from(1));
        ledger.at(now()).commit(Define::from(same))
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let taken = |error: &Error<_>| matches!(error.rejection(), Some(Rejection::HandleTaken { .. }));
    assert!(results.iter().all(|result| result.as_ref().err().is_none_or(taken)));
}

/// Rule J5: batches of the same rows in other orders, sent at once under one new key by handles of their own. Each profile
/// belongs to the one that came first there, so that nothing is issued twice, and sending them again changes nothing.
fn no_batch_is_done_twice<S: Store + Send>(handles: &mut [Ledger<S>], ten: DefinitionId)
where
    S::Error: Send + Sync + std::fmt::Debug,
{
    for round in 0..25 {
        let rows: Vec<_> = (0..6).map(|row| IssueReward::new(profile(round * 3 + row % 3), ten)).collect();
        let batch = |thread: usize| {
            let mut rows: Vec<_> = rows.iter().zip(1..).map(worth).collect();
            rows.rotate_left(thread % 3);
            KeyedBatch::new(now(), format!("import-{round}").parse().unwrap(), rows)
        };
        for _ in 0..2 {
            let barrier = Barrier::new(handles.len());
            let answers: Vec<_> = thread::scope(|scope| {
                let mut threads = Vec::new();
                for (thread, ledger) in handles.iter_mut().enumerate() {
                    let (barrier, batch) = (&barrier, batch(thread));
                    threads.push(scope.spawn(move || {
                        barrier.wait();
                        ledger.run_batch(&batch)
                    }));
                }
                threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
            });
            for answer in answers {
                let was_used = matches!(&answer, Err(Error::KeyReused(_)));
                assert!(answer.is_ok() || was_used, "{answer:?}");
            }
            for number in 0..3 {
                let wallet = handles[0].at(now()).wallet(profile(round * 3 + number)).unwrap();
                let mut values: Vec<_> = wallet.rewards().iter().map(|lot| lot.value_initial).collect();
                values.sort_unstable();
                let row = u32::try_from(number).unwrap();
                assert_eq!(values, [Amount::from(row + 1), Amount::from(row + 4)], "round {round}");
                check(&wallet);
            }
        }
    }
}

fn worth((issue, value): (&IssueReward, u32)) -> IssueReward {
    issue.clone().with_value(Amount::from(value))
}

#[test]
fn one_key_for_batches_of_many_threads_does_none_twice() {
    let (ledger, ten) = ledger();
    no_batch_is_done_twice(&mut vec![ledger; THREADS], ten);
}

#[cfg(feature = "sqlite")]
#[test]
fn one_key_for_batches_of_many_handles_of_a_file_does_none_twice() {
    use scrip::store::sqlite::SqliteStore;
    let folder = tempfile::tempdir().unwrap();
    let open = || SqliteStore::open(folder.path().join("ledger.sqlite")).unwrap();
    let program = || Program::new("AUD", "Australia/Melbourne").unwrap();
    let mut handles: Vec<_> = (0..4).map(|_| Ledger::new(program(), open())).collect();
    let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
    let ten = handles[0].at(now()).commit(Define::from(ten)).unwrap().id;
    no_batch_is_done_twice(&mut handles, ten);
}

/// The most that anybody may send on one day, in programs of the tests below; and what each caller sends.
const LIMIT: u32 = 100;
const SENT: u32 = 7;

fn limited() -> Program {
    let settings = ProgramSettings::new("AUD".parse().unwrap(), "Australia/Melbourne".parse().unwrap());
    let limit = TransferLimit::NONE.with_points(Points::from(LIMIT));
    settings.with_transfer_limit_per_day(limit).try_into().unwrap()
}

/// Rule L5: 64 callers who send from two profiles to each other at once, and never more than the limit of each. Nothing is
/// with both, and nothing with neither.
///
/// Catches: a limit that is looked up before the account is read, or that only counts what was sent to one receiver.
fn nobody_sends_more_than_the_limit<S: Store + Send>(mut handles: Vec<Ledger<S>>)
where
    S::Error: Send + Sync + std::fmt::Debug,
{
    let both = [profile(0), profile(1)];
    let miles = PointDefinition::new("miles".parse().unwrap(), "Miles").with_reassignable(true);
    let miles = handles[0].at(now()).commit(Define::from(miles)).unwrap().id;
    for profile in both {
        handles[0]
            .at(now())
            .commit(IssuePoints::new(profile, miles).with_value(Points::from(1_000)))
            .unwrap();
    }
    let send = |from: usize| Transfer::new(both[from], both[1 - from], LotKind::Point, Points::from(SENT));
    let barrier = Barrier::new(handles.len());
    let answers: Vec<_> = thread::scope(|scope| {
        let mut threads = Vec::new();
        for (caller, ledger) in handles.iter_mut().enumerate() {
            let barrier = &barrier;
            threads.push(scope.spawn(move || {
                barrier.wait();
                (caller % 2, ledger.at(now()).commit(send(caller % 2)))
            }));
        }
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut sent = [0, 0];
    for (from, answer) in answers {
        match answer {
            Ok(_) => sent[from] += SENT,
            Err(Error::Rejected(Rejection::TransferLimit { .. }) | Error::Contention { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    let ledger = &mut handles[0];
    for from in [0, 1] {
        assert!(sent[from] <= LIMIT, "{} of {LIMIT} were sent", sent[from]);
        // Whoever was contended for too long sent nothing; the rest of the day is still there, and no more.
        let left = loop {
            match ledger.at(now()).commit(send(from)) {
                Ok(_) => sent[from] += SENT,
                Err(error) => break error,
            }
        };
        assert_eq!(left.code(), "transfer_limit");
        assert_eq!(sent[from], LIMIT / SENT * SENT);
    }
    for (place, profile) in both.into_iter().enumerate() {
        let wallet = ledger.at(now()).wallet(profile).unwrap();
        let there = 1_000 - sent[place] + sent[1 - place];
        assert_eq!(wallet.balances().point_balance, Points::from(there));
        check(&wallet);
    }
}

#[test]
fn sixty_four_callers_never_send_more_than_the_limit() {
    let ledger = Ledger::new(limited(), MemoryStore::new());
    nobody_sends_more_than_the_limit(vec![ledger; 64]);
}

#[cfg(feature = "sqlite")]
#[test]
fn sixty_four_handles_of_a_file_never_send_more_than_the_limit() {
    use scrip::store::sqlite::SqliteStore;
    let folder = tempfile::tempdir().unwrap();
    let open = || SqliteStore::open(folder.path().join("ledger.sqlite")).unwrap();
    nobody_sends_more_than_the_limit((0..64).map(|_| Ledger::new(limited(), open())).collect());
}
