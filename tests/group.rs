//! Group commit: an answer each, durable first, and nobody left waiting, whatever the store does.

#[path = "group/batch.rs"]
mod batch;
#[path = "group/gate.rs"]
mod gate;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use scrip::ledger::{GroupCommit, GroupOptions, QueueFull};
use scrip::store::{AsyncStore, Blocking, MemoryError, Work};
use scrip::{
    Amount, AsyncLedger, Command, Define, DefinitionId, Error, IssueReward, Ledger, MemoryStore, ProfileId,
    Program, Redeem, Rejection, RewardDefinition, Timestamp,
};

use gate::{Broken, Gate, Gated, Turn, gated};

fn now() -> Timestamp {
    "2025-06-15T00:00:00Z".parse().unwrap()
}

fn profile(number: usize) -> ProfileId {
    ProfileId::new(&format!("profile {number}")).unwrap()
}

fn program() -> Program {
    Program::new("AUD", "Australia/Melbourne").unwrap()
}

fn issue(number: usize, ten: DefinitionId) -> Command<IssueReward> {
    Command::new(now(), IssueReward::new(profile(number), ten))
}

fn redeem(number: usize, whole: u32) -> Command<Redeem> {
    Command::new(now(), Redeem::strict(profile(number), Amount::from(whole)))
}

/// A memory store in which "ten" is defined.
fn memory() -> (MemoryStore, DefinitionId) {
    let store = MemoryStore::new();
    let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
    let id = Ledger::new(program(), store.clone()).at(now()).commit(Define::from(ten)).unwrap().id;
    (store, id)
}

fn balance(store: &MemoryStore, number: usize) -> Amount {
    Ledger::new(program(), store.clone()).at(now()).balances(profile(number)).unwrap().reward_balance
}

type Group = GroupCommit<Ledger<Gated>>;

/// A group over a gated store, whose driver runs on a thread.
fn start(store: &MemoryStore, options: GroupOptions) -> (Group, Gate, thread::JoinHandle<Ledger<Gated>>) {
    let (gated, gate) = gated(store);
    let (group, driver) = GroupCommit::new(Ledger::new(program(), gated), options);
    (group, gate, thread::spawn(|| driver.run()))
}

/// Everyone who asked has been answered by then: the driver is done.
fn finish<T, G>(group: G, driver: thread::JoinHandle<T>) -> T {
    drop(group);
    driver.join().unwrap()
}

#[test]
fn many_threads_get_an_answer_each_and_nothing_is_lost() {
    let (store, ten) = memory();
    let (group, driver) = GroupCommit::new(Ledger::new(program(), store.clone()), GroupOptions::default());
    let driver = thread::spawn(|| driver.run());
    thread::scope(|scope| {
        for caller in 0..16 {
            let group = group.clone();
            scope.spawn(move || {
                for round in 0..50 {
                    let reward = group.commit(issue(caller, ten)).wait().unwrap().outcome;
                    assert_eq!(reward.profile_id, profile(caller));
                    // Two of three ask for more than there is, and hear so.
                    let redemption =
                        group.commit(redeem(caller, if round % 3 == 0 { 7 } else { 700 })).wait();
                    assert_eq!(redemption.is_ok(), round % 3 == 0, "{redemption:?}");
                    let shared = group.commit(redeem(100, 1)).wait();
                    assert!(matches!(shared, Err(Error::Rejected(Rejection::InsufficientValue { .. }))));
                }
            });
        }
    });
    drop(group);
    driver.join().unwrap();
    for caller in 0..16 {
        assert_eq!(balance(&store, caller), Amount::from(500 - 7 * 17));
    }
}

#[test]
fn commands_that_come_in_during_a_run_share_the_next() {
    let (store, ten) = memory();
    let (group, gate, driver) = start(&store, GroupOptions::default().batch(5));
    let first = group.commit(issue(0, ten));
    assert_eq!(gate.begun.recv(), Ok(1), "one caller alone does not wait for others");
    let rest: Vec<_> = (1..9).map(|number| group.commit(issue(number, ten))).collect();
    assert_eq!(group.queued(), 8);
    gate.turn.send(Turn::Run).unwrap();
    assert_eq!((gate.pass(Turn::Run), gate.pass(Turn::Run)), (5, 3), "no batch is larger than it may be");
    first.wait().unwrap();
    rest.into_iter()
        .for_each(|pending| assert_eq!(pending.wait().unwrap().outcome.value_initial, Amount::from(10)));
    finish(group, driver);
}

#[test]
fn a_caller_is_answered_after_the_store_has_settled_and_not_before() {
    let (store, ten) = memory();
    let (group, gate, driver) = start(&store, GroupOptions::default());
    let mut pending = group.commit(issue(0, ten));
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    assert!(poll(&mut pending, &mut context).is_pending());
    assert_eq!(gate.begun.recv(), Ok(1));
    assert!(poll(&mut pending, &mut context).is_pending(), "answered while the store was still at it");
    assert!(!woken.0.load(Ordering::SeqCst));
    gate.turn.send(Turn::Run).unwrap();
    finish(group, driver);
    assert!(woken.0.load(Ordering::SeqCst), "nobody woke the task");
    pending.wait().unwrap();
}

/// A waker that remembers whether it was called.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn poll<F: Future + Unpin>(future: &mut F, context: &mut Context<'_>) -> Poll<F::Output> {
    Pin::new(future).poll(context)
}

#[test]
fn a_full_queue_makes_callers_wait_or_says_so() {
    let (store, ten) = memory();
    let (group, gate, driver) = start(&store, GroupOptions::default().queue(2).batch(1));
    let running = group.commit(issue(0, ten));
    assert_eq!(gate.begun.recv(), Ok(1));
    let queued = [group.commit(issue(1, ten)), group.try_commit(issue(2, ten)).unwrap()];
    assert!(matches!(group.try_commit(issue(3, ten)), Err(QueueFull)));
    assert_eq!(group.queued(), 2);

    let (woken, mut late) = (Arc::new(Woken::default()), group.commit(issue(4, ten)));
    let waker = Waker::from(Arc::clone(&woken));
    assert!(poll(&mut late, &mut Context::from_waker(&waker)).is_pending());
    let mut withdrawn = group.commit(issue(5, ten));
    assert!(poll(&mut withdrawn, &mut Context::from_waker(Waker::noop())).is_pending());
    drop(withdrawn);
    assert_eq!(group.queued(), 2, "it grew beyond its bound");

    gate.turn.send(Turn::Run).unwrap();
    assert_eq!(gate.begun.recv(), Ok(1));
    assert!(woken.0.load(Ordering::SeqCst), "there is room, and who waits for it was not told");
    // Looks again on a thread of its own.
    let late = thread::spawn(move || late.wait().map(|receipt| receipt.outcome));
    gate.turn.send(Turn::Run).unwrap();
    assert_eq!((gate.pass(Turn::Run), gate.pass(Turn::Run)), (1, 1));
    running.wait().unwrap();
    queued.into_iter().for_each(|pending| assert!(pending.wait().is_ok()));
    assert_eq!(late.join().unwrap().unwrap().profile_id, profile(4));
    finish(group, driver);
    assert_eq!((balance(&store, 3), balance(&store, 5)), (Amount::ZERO, Amount::ZERO), "never queued");
}

#[test]
fn a_shutdown_does_what_is_queued_and_takes_nothing_more() {
    let (store, ten) = memory();
    let (group, gate, driver) = start(&store, GroupOptions::default().queue(3).batch(2));
    let running = group.commit(issue(0, ten));
    assert_eq!(gate.begun.recv(), Ok(1));
    let queued: Vec<_> = (1..4).map(|number| group.commit(issue(number, ten))).collect();
    let for_want_of_room = group.commit(issue(4, ten));
    let waits = thread::spawn(move || for_want_of_room.wait());
    group.close();
    let late = group.commit(issue(5, ten)).wait().unwrap_err();
    assert!(matches!(late, Error::Closed) && late.code() == "closed", "{late:?}");
    assert!(matches!(group.try_commit(issue(5, ten)).unwrap().wait(), Err(Error::Closed)));
    assert!(matches!(group.with(|_| ()).wait(), Err(Error::Closed)));
    assert!(matches!(waits.join().unwrap(), Err(Error::Closed)));
    gate.turn.send(Turn::Run).unwrap();
    assert_eq!((gate.pass(Turn::Run), gate.pass(Turn::Run)), (2, 1));
    driver.join().unwrap();
    running.wait().unwrap();
    queued.into_iter().for_each(|pending| assert!(pending.wait().is_ok()));
    assert_eq!(balance(&store, 3), Amount::from(10));
    assert_eq!(balance(&store, 5), Amount::ZERO);
}

#[test]
fn closing_wakes_the_driver_and_waiting_callers() {
    let (store, ten) = memory();
    for ends in [|group: GroupCommit<_>| drop(group), |group: GroupCommit<_>| group.close()] {
        let ledger = AsyncLedger::new(program(), Blocking(store.clone()));
        let (group, driver) = GroupCommit::new(ledger, GroupOptions::default());
        let (woken, mut driver) = (Arc::new(Woken::default()), Box::pin(driver.run()));
        let waker = Waker::from(Arc::clone(&woken));
        assert!(poll(&mut driver, &mut Context::from_waker(&waker)).is_pending());
        ends(group);
        assert!(woken.0.load(Ordering::SeqCst), "the driver sleeps on");
        assert!(poll(&mut driver, &mut Context::from_waker(&waker)).is_ready());
    }
    let (group, _driver) = GroupCommit::new(Ledger::new(program(), store), GroupOptions::default().queue(1));
    let _queued = group.commit(issue(0, ten));
    let (woken, mut late) = (Arc::new(Woken::default()), group.commit(issue(1, ten)));
    let waker = Waker::from(Arc::clone(&woken));
    assert!(poll(&mut late, &mut Context::from_waker(&waker)).is_pending());
    group.close();
    assert!(woken.0.load(Ordering::SeqCst), "who waits for room sleeps on");
    assert!(matches!(late.wait(), Err(Error::Closed)));
}

#[test]
fn dropping_the_last_handle_loses_nothing_that_is_queued() {
    let (store, ten) = memory();
    let (group, gate, driver) = start(&store, GroupOptions::default());
    let pending = group.clone().commit(issue(0, ten));
    drop(group);
    drop(pending);
    assert_eq!(gate.pass(Turn::Run), 1);
    driver.join().unwrap();
    assert_eq!(balance(&store, 0), Amount::from(10), "nobody waits for it, and it is done");
}

#[test]
fn a_dropped_driver_leaves_nobody_waiting() {
    let (store, ten) = memory();
    let (group, driver) =
        GroupCommit::new(Ledger::new(program(), store.clone()), GroupOptions::default().queue(1));
    let queued = group.commit(issue(0, ten));
    let for_want_of_room = group.commit(issue(1, ten));
    let waits = thread::spawn(move || for_want_of_room.wait());
    drop(driver);
    assert!(matches!(queued.wait(), Err(Error::Closed)));
    assert!(matches!(waits.join().unwrap(), Err(Error::Closed)));
    assert!(matches!(group.commit(issue(2, ten)).wait(), Err(Error::Closed)));
    assert_eq!(balance(&store, 0), Amount::ZERO);
}

#[test]
fn a_panic_of_the_stores_leaves_nobody_waiting() {
    let (store, ten) = memory();
    let (group, gate, driver) = start(&store, GroupOptions::default().batch(1));
    let running = group.commit(issue(0, ten));
    assert_eq!(gate.begun.recv(), Ok(1));
    let queued = group.commit(issue(1, ten));
    gate.turn.send(Turn::Panic).unwrap();
    assert!(matches!(running.wait(), Err(Error::InDoubt)), "nobody knows what became of it");
    assert!(matches!(queued.wait(), Err(Error::Closed)), "it never reached the store");
    assert!(driver.join().is_err());
    assert!(matches!(group.commit(issue(2, ten)).wait(), Err(Error::Closed)));
}

#[test]
fn a_store_that_fails_fails_everyone_in_the_batch_and_not_the_next() {
    let (store, ten) = memory();
    let (group, gate, driver) = start(&store, GroupOptions::default());
    let first = group.commit(issue(0, ten));
    assert_eq!(gate.begun.recv(), Ok(1));
    let batch: Vec<_> = (1..5).map(|number| group.commit(issue(number, ten))).collect();
    gate.turn.send(Turn::Fail).unwrap();
    // The batch, and two of it by themselves; then it is clear that it is the store.
    assert_eq!([gate.pass(Turn::Fail), gate.pass(Turn::Fail), gate.pass(Turn::Fail)], [4, 1, 1]);
    assert!(matches!(first.wait(), Err(Error::Store(_))));
    for pending in batch {
        let error = pending.wait().unwrap_err();
        let Error::Store(shared) = error.clone() else { panic!("{error}") };
        assert!(matches!(*shared, Broken::Full), "the store's own error, by type");
    }
    let next = group.commit(issue(5, ten));
    assert_eq!(gate.pass(Turn::Run), 1);
    next.wait().unwrap();
    finish(group, driver);
    assert_eq!(balance(&store, 1), Amount::ZERO, "the store failed: nothing was changed");
}

#[test]
fn one_account_that_cannot_be_read_fails_only_its_own() {
    let (store, ten) = memory();
    let (group, gate, driver) = start(&store, GroupOptions::default());
    let first = group.commit(issue(0, ten));
    assert_eq!(gate.begun.recv(), Ok(1));
    let batch: Vec<_> = (1..4).map(|number| group.commit(issue(number, ten))).collect();
    gate.turn.send(Turn::Run).unwrap();
    assert_eq!(gate.pass(Turn::Fail), 3);
    assert_eq!([gate.pass(Turn::Run), gate.pass(Turn::Fail), gate.pass(Turn::Run)], [1, 1, 1]);
    first.wait().unwrap();
    let failed: Vec<bool> = batch.into_iter().map(|pending| pending.wait().is_err()).collect();
    assert_eq!(failed, [false, true, false]);
    finish(group, driver);
}

#[test]
fn doubt_is_told_apart_and_keys_resolve_it() {
    let (store, ten) = memory();
    let (group, gate, driver) = start(&store, GroupOptions::default());
    let pending = group.commit(issue(0, ten));
    assert_eq!(gate.begun.recv(), Ok(1));
    let keyed = group.commit(issue(1, ten).keyed("till-7".parse().unwrap()));
    gate.turn.send(Turn::Forget).unwrap();
    assert!(matches!(pending.wait(), Err(Error::InDoubt)));
    // Under a key it is run again, and found to have been done.
    assert_eq!([gate.pass(Turn::Forget), gate.pass(Turn::Run)], [1, 1]);
    assert_eq!(keyed.wait().unwrap().disposition, scrip::outcome::Disposition::Replayed);
    // In doubt, and then the store fails: still in doubt, though the last attempt changed nothing.
    let keyed = group.commit(issue(2, ten).keyed("till-7".parse().unwrap()));
    assert_eq!([gate.pass(Turn::Forget), gate.pass(Turn::Conflict), gate.pass(Turn::Fail)], [1; 3]);
    assert!(matches!(keyed.wait(), Err(Error::InDoubt)));
    // Those of a batch that carry no key are not run again one by one, as those of one that failed are.
    let running = group.commit(issue(3, ten));
    assert_eq!(gate.begun.recv(), Ok(1));
    let batch = [group.commit(issue(4, ten)), group.commit(issue(5, ten))];
    gate.turn.send(Turn::Run).unwrap();
    assert_eq!(gate.pass(Turn::Forget), 2);
    running.wait().unwrap();
    drop(group);
    batch.into_iter().for_each(|pending| assert!(matches!(pending.wait(), Err(Error::InDoubt))));
    driver.join().unwrap();
    (0..6).for_each(|number| assert_eq!(balance(&store, number), Amount::from(10), "profile {number}"));
}

#[test]
fn what_is_only_staged_is_not_answered_as_done() {
    let (store, ten) = memory();
    let (group, gate, driver) = start(&store, GroupOptions::default());
    let pending = group.commit(issue(0, ten));
    assert_eq!(gate.pass(Turn::Stage), 1);
    assert!(matches!(pending.wait(), Err(Error::InDoubt)));
    finish(group, driver);
}

#[test]
fn a_call_sees_what_was_answered_before_it() {
    let (store, ten) = memory();
    let (group, driver) = GroupCommit::new(Ledger::new(program(), store), GroupOptions::default());
    let driver = thread::spawn(|| driver.run());
    for round in 1..50_u32 {
        group.commit(issue(0, ten)).wait().unwrap();
        let balances = group.with(|ledger| ledger.at(now()).balances(profile(0))).wait().unwrap().unwrap();
        assert_eq!(balances.reward_balance, Amount::from(10 * round));
    }
    finish(group, driver);
}

#[test]
fn a_call_that_panics_leaves_nobody_waiting() {
    let (store, ten) = memory();
    let (group, driver) = GroupCommit::new(Ledger::new(program(), store), GroupOptions::default());
    let call = group.with(|_| -> u32 { panic!("a planned panic of the host's") });
    let after = group.with(|_| 1);
    let driver = thread::spawn(|| driver.run());
    assert!(matches!(call.wait(), Err(Error::InDoubt)));
    assert!(matches!(after.wait(), Err(Error::Closed)));
    assert!(driver.join().is_err());
    assert!(matches!(group.commit(issue(0, ten)).wait(), Err(Error::Closed)));
}

/// Over an asynchronous store, with tasks, and with threads that block beside them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_share_a_driver_that_is_a_task() {
    let (store, ten) = memory();
    let ledger = AsyncLedger::new(program(), Blocking(store.clone()));
    let (group, driver) = GroupCommit::new(ledger, GroupOptions::default().queue(8).batch(4));
    let driver = tokio::spawn(driver.run());
    let tasks: Vec<_> = (0..100)
        .map(|number| {
            let group = group.clone();
            tokio::spawn(async move {
                group.commit(issue(number, ten)).await.unwrap();
                let refused = group.commit(redeem(number, 11)).await.unwrap_err();
                assert_eq!(refused.code(), "insufficient_value");
                group.commit(redeem(number, 4)).await.unwrap();
                group
                    .with(move |ledger| {
                        Box::pin(async move { ledger.at(now()).balances(profile(number)).await })
                    })
                    .await
                    .unwrap()
                    .unwrap()
                    .reward_balance
            })
        })
        .collect();
    let blocking = group.clone();
    let thread = tokio::task::spawn_blocking(move || blocking.commit(issue(1_000, ten)).wait());
    for task in tasks {
        assert_eq!(task.await.unwrap(), Amount::from(6));
    }
    thread.await.unwrap().unwrap();
    drop(group);
    driver.await.unwrap();
    assert_eq!(balance(&store, 1_000), Amount::from(10));
}

/// An asynchronous driver whose task is dropped while the store is at it.
#[tokio::test]
async fn an_aborted_task_leaves_nobody_waiting() {
    struct Stuck(Arc<tokio::sync::Notify>);

    impl AsyncStore for Stuck {
        type Error = MemoryError;

        async fn run(&mut self, _: &mut dyn Work) -> Result<(), MemoryError> {
            self.0.notify_one();
            std::future::pending().await
        }
    }

    let (_, ten) = memory();
    let begun = Arc::new(tokio::sync::Notify::new());
    let ledger = AsyncLedger::new(program(), Stuck(Arc::clone(&begun)));
    let (group, driver) = GroupCommit::new(ledger, GroupOptions::default());
    let driver = tokio::spawn(driver.run());
    let running = group.commit(issue(0, ten));
    begun.notified().await;
    let queued = group.commit(issue(1, ten));
    driver.abort();
    assert!(matches!(running.await, Err(Error::InDoubt)));
    assert!(matches!(queued.await, Err(Error::Closed)));
}
