//! Tables that are distributed by profile number.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use scrip::outcome::Disposition;
use scrip::request::{MergeProfiles, Reassign};
use scrip::store::postgres::{Layout, Options, PostgresError, PostgresStore};
use scrip::{
    Amount, AsyncLedger, Command, Define, DefinitionId, Error, IssueReward, PlaceHold, PostTransaction,
    ProfileId, Program, Redeem, ReleaseHold, Request, ReturnRedemption, RewardDefinition, json,
};

use crate::checking::expect_whole;
use crate::cluster::Cluster;
use crate::proxy::{Proxy, Sent};
use crate::routing::{Route, route};
use crate::{issue, now, profile, program, store};

fn options() -> Options {
    Options::new().layout(Layout::Distributed)
}

/// A definition of a reward worth 10, in an empty ledger.
async fn ten(ledger: &mut AsyncLedger<PostgresStore>) -> DefinitionId {
    let mut ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
    ten.is_reassignable = true;
    ledger.at(now()).commit(Define::from(ten)).await.unwrap().id
}

async fn number_of(store: &PostgresStore, name: ProfileId) -> i32 {
    let client = store.pool().get().await.unwrap();
    let find = "SELECT number FROM scrip.profile WHERE profile = $1";
    client.query_one(find, &[&name]).await.unwrap().get(0)
}

/// The numbers that each transaction named: one for each statement outside a transaction, too.
fn transactions(sent: &[Sent]) -> Vec<BTreeSet<i32>> {
    let mut open: BTreeMap<usize, BTreeSet<i32>> = BTreeMap::new();
    let mut all = Vec::new();
    for Sent { text, parameters, connection } in sent {
        let route = route(text).unwrap_or_else(|fault| panic!("{fault}: {text}"));
        let number = match route {
            Route::Number(place) => {
                let bytes = parameters[place].as_deref().unwrap();
                Some(i32::from_be_bytes(bytes.try_into().unwrap()))
            }
            Route::Name(_) | Route::Anywhere => None,
        };
        match text.split_whitespace().next().unwrap() {
            "BEGIN" | "START" => assert_eq!(open.insert(*connection, BTreeSet::new()), None),
            "COMMIT" | "ROLLBACK" if !text.contains("SAVEPOINT") => all.extend(open.remove(connection)),
            _ => match open.get_mut(connection) {
                Some(numbers) => numbers.extend(number),
                None => all.push(number.into_iter().collect()),
            },
        }
    }
    assert_eq!(open, BTreeMap::new(), "transactions that did not end");
    all
}

/// What a database that spreads tables by profile number can send to one machine, whatever is asked for; and no transaction
/// names an account that the request is not about, as it would be committed on another machine, too.
///
/// Catches: rows that are written through a `WITH`, a look-up without the number, a definition that is read from its journal, a
/// batch in one transaction.
pub(crate) async fn every_statement_finds_its_machine(cluster: &Cluster) {
    let (proxy, config) = Proxy::start(&cluster.database().await).await;
    let store = store(&config, &options()).await;
    let mut ledger = AsyncLedger::new(program(), store.clone());
    let ten = ten(&mut ledger).await;
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(profile);
    for name in [alice, bob, carol] {
        issue(&mut ledger, name, ten, 3).await;
    }
    let mut numbers = Vec::new();
    for name in [alice, bob, carol] {
        numbers.push(number_of(&store, name).await);
    }
    let [alice_number, bob_number, carol_number] = numbers[..] else { panic!() };

    proxy.take_sent();
    let lot = ledger.at(now()).commit(IssueReward::new(alice, ten)).await.unwrap().id;
    requests_about(&mut ledger, alice).await;
    let sent = proxy.take_sent();
    assert!(sent.iter().filter(|sent| sent.text == "COMMIT").count() >= 7, "{sent:?}");
    let mut tables = BTreeSet::new();
    for Sent { text, .. } in &sent {
        tables.extend(text.split_once("INTO scrip.").map(|(_, rest)| rest.split(' ').next().unwrap()));
    }
    let expected = ["head", "journal", "key", "name", "state", "subject"];
    assert_eq!(tables, expected.into(), "tables that were written");
    for numbers in transactions(&sent) {
        assert!(numbers.is_subset(&[alice_number].into()), "{numbers:?}");
    }

    // Each account of a batch is a transaction of its own.
    let redeem = |name| Command::new(now(), Redeem::strict(name, Amount::from(1)));
    let batch: Vec<_> = [alice, bob, alice, carol].into_iter().map(redeem).collect();
    assert!(ledger.run_all(&batch).await.iter().all(Result::is_ok));
    let batch = transactions(&proxy.take_sent());
    assert!(batch.iter().all(|numbers| numbers.len() <= 1), "{batch:?}");

    // What is about two accounts is about these two.
    ledger.at(now()).commit(Reassign::new(lot, bob)).await.unwrap();
    let two = transactions(&proxy.take_sent());
    assert!(two.contains(&[alice_number, bob_number].into()), "{two:?}");
    ledger.at(now()).commit(MergeProfiles::new(bob, carol)).await.unwrap();
    let two = [two, transactions(&proxy.take_sent())].concat();
    assert!(two.contains(&[bob_number, carol_number].into()), "{two:?}");
    assert!(two.iter().all(|numbers| numbers.len() <= 2), "{two:?}");

    every_request_finds_its_machine(cluster).await;
}

/// Requests of many kinds, one by one.
async fn requests_about(ledger: &mut AsyncLedger<PostgresStore>, name: ProfileId) {
    let redeem = || Redeem::strict(name, Amount::from(1));
    let mut till = ledger.at(now());
    let redemption = till.keyed("1".parse().unwrap()).commit(redeem()).await.unwrap();
    till.keyed("1".parse().unwrap()).commit(redeem()).await.unwrap();
    let sale = PostTransaction::new(name, Amount::from(5)).with_external_id("sale".parse().unwrap());
    till.commit(sale.paid_with(redemption.id, Amount::from(6))).await.unwrap();
    till.commit(ReturnRedemption::strict(redemption.id, Amount::from(1))).await.unwrap();
    let hold = till.commit(PlaceHold::strict(name, Amount::from(1))).await.unwrap();
    till.commit(ReleaseHold::new(hold.id)).await.unwrap();
    till.balances(name).await.unwrap();
    till.wallet(name).await.unwrap();
    till.commit(Redeem::strict(name, Amount::from(1_000))).await.unwrap_err();
    let batch: Vec<_> = (0..3).map(|_| Command::new(now(), redeem())).collect();
    assert!(ledger.run_all(&batch).await.iter().all(Result::is_ok));
}

/// Everything that can be asked for, also in a transaction of the caller's.
async fn every_request_finds_its_machine(cluster: &Cluster) {
    let program = || json::read::<Program>(include_bytes!("../goldens/program.json")).unwrap();
    let lines = include_str!("../goldens/commands.ndjson").lines();
    let commands: Vec<Command> = lines.map(|line| json::read(line.as_bytes()).unwrap()).collect();
    let (proxy, config) = Proxy::start(&cluster.database().await).await;
    for schema in ["alone", "joined"] {
        let store = store(&config, &options().schema(schema)).await;
        let mut client = store.pool().get().await.unwrap();
        let mut transaction = client.transaction().await.unwrap();
        let mut joined = AsyncLedger::new(program(), store.joining(&mut transaction));
        let mut ledger = AsyncLedger::new(program(), store.clone());
        proxy.take_sent();
        for command in &commands {
            match schema {
                "alone" => _ = ledger.run(command).await.unwrap(),
                _ => _ = joined.run(command).await.unwrap(),
            }
            let numbers = transactions(&proxy.take_sent());
            assert!(numbers.iter().all(|numbers| numbers.len() <= 2), "{numbers:?}: {command:?}");
        }
    }
}

/// Wherever a request is dropped, nothing stays open: its connection does what is asked for next, and a repeat under the key
/// finds it done once or not at all.
///
/// Catches: a transaction that is begun by a statement of its own, which nobody rolls back.
pub(crate) async fn a_dropped_request_leaves_no_transaction_open(cluster: &Cluster) {
    let config = cluster.database().await;
    let store = store(&config, &options().connections(1)).await;
    let mut ledger = AsyncLedger::new(program(), store.clone());
    let ten = ten(&mut ledger).await;
    issue(&mut ledger, profile("alice"), ten, 60).await;
    let lots: Vec<_> =
        ledger.at(now()).wallet(profile("alice")).await.unwrap().rewards().iter().map(|lot| lot.id).collect();
    let other = cluster.client(config.get_dbname().unwrap()).await;
    let (mut dropped, mut left) = (0, 600);
    for kind in ["a redemption", "a newcomer", "two accounts"] {
        for polls in 0_usize.. {
            let request = match kind {
                "a redemption" => Request::from(Redeem::strict(profile("alice"), Amount::from(1))),
                "a newcomer" => IssueReward::new(profile(polls), ten).into(),
                _ => Reassign::new(lots[lots.len() - 1 - polls], profile("bob"))
                    .with_from(profile("alice"))
                    .into(),
            };
            let command = Command::new(now(), request).keyed(format!("{kind} {polls}").parse().unwrap());
            let is_done = poll_times(ledger.clone().run(&command), polls).await;
            // The pool has no other connection.
            let client = store.pool().get().await.unwrap();
            client.query("SELECT 1", &[]).await.unwrap();
            let open = "SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
            let open: i64 = other.query_one(open, &[]).await.unwrap().get(0);
            assert_eq!(open, 0, "{kind}, after {polls} polls");
            drop(client);
            ledger.run(&command).await.unwrap();
            match kind {
                "a redemption" => left -= 1,
                "a newcomer" => {
                    let balance = ledger.at(now()).balances(profile(polls)).await.unwrap().reward_balance;
                    assert_eq!(balance, Amount::from(10), "{kind}, after {polls} polls");
                }
                _ => left -= 10,
            }
            let balance = ledger.at(now()).balances(profile("alice")).await.unwrap().reward_balance;
            assert_eq!(balance, Amount::from(left), "{kind}, after {polls} polls");
            if is_done {
                break;
            }
            dropped += 1;
        }
    }
    assert!(dropped > 15, "it was dropped at {dropped} points only");
    expect_whole(&store).await;
}

/// Polls a future so many times, and drops it. Returns whether it was ready by then.
async fn poll_times(future: impl Future, times: usize) -> bool {
    let (mut future, mut left) = (pin!(future), times);
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(true),
            // Polled again, although nothing may have happened: what matters is where it was dropped.
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// With a machine down, everything goes on for the profiles whose accounts and names others have: also for newcomers, with
/// definitions, and in a batch.
///
/// Catches: a definition that is read from its journal, a batch that fails as a whole, and a newcomer who gets a number of the
/// machine that is down.
pub(crate) async fn a_machine_that_is_down_stops_its_own_profiles(cluster: &Cluster) {
    let config = cluster.database().await;
    let (proxy, slow) = Proxy::start(&config).await;
    let store = store(&slow, &options()).await;
    let mut ledger = AsyncLedger::new(program(), store.clone());
    let ten = ten(&mut ledger).await;
    for name in ["alice", "bob"] {
        issue(&mut ledger, profile(name), ten, 3).await;
    }
    let redeem = |name| Redeem::strict(profile(name), Amount::from(1));
    let earlier = ledger.at(now()).commit(redeem("alice")).await.unwrap().id;
    let bob = number_of(&store, profile("bob")).await;
    // Bob's account and the catalogue's, and the name of a newcomer.
    let down = [bob.to_be_bytes().into(), 0_i32.to_be_bytes().into(), b"dora".to_vec()];
    proxy.take_down(down.to_vec());

    requests_about(&mut ledger, profile("alice")).await;
    ledger.at(now()).commit(ReturnRedemption::strict(earlier, Amount::from(1))).await.unwrap();
    for name in ["alice", "erin", "frank"] {
        issue(&mut ledger, profile(name), ten, 1).await;
    }
    // Whose account would be where nobody answers gets another number, once that is known.
    ledger.at(now()).balances(profile("bob")).await.unwrap_err();
    let next = number_of(&store, profile("frank")).await + 1;
    proxy.take_down(down.into_iter().chain([next.to_be_bytes().into()]).collect());
    issue(&mut ledger, profile("ivy"), ten, 1).await;
    assert_eq!(number_of(&store, profile("ivy")).await, next + 1);
    let fresh = AsyncLedger::new(program(), crate::store(&slow, &options()).await);
    issue(&mut fresh.clone(), profile("gina"), ten, 1).await;

    let names = ["alice", "bob", "erin", "dora", "alice", "henry", "frank"];
    let commands = names.map(|name| match name {
        "henry" | "dora" => Command::new(now(), Request::from(IssueReward::new(profile(name), ten))),
        _ => Command::new(now(), redeem(name).into()),
    });
    for together in [1, commands.len()] {
        let mut answers = Vec::new();
        for some in commands.chunks(together) {
            answers.extend(ledger.run_all(some).await);
        }
        for (name, answer) in names.iter().zip(answers) {
            let is_down = ["bob", "dora"].contains(name);
            assert_eq!(answer.is_err(), is_down, "{name}: {answer:?}");
            assert!(!is_down || matches!(answer, Err(Error::Store(_))), "{name}: {answer:?}");
        }
    }
    proxy.take_down(Vec::new());
    for command in commands {
        ledger.run(&command).await.unwrap();
    }
    expect_whole(&store).await;
}

/// Whatever another process commits between two statements of a load: a key is used once, and what is read fits together.
///
/// Catches: look-ups that are sent before the account, and what is newer than the account but is taken.
pub(crate) async fn what_is_looked_up_is_as_of_the_account(cluster: &Cluster) {
    let config = cluster.database().await;
    let (proxy, slow) = Proxy::start(&config).await;
    let mut ledger = AsyncLedger::new(program(), store(&config, &options()).await);
    let mut slow = AsyncLedger::new(program(), store(&slow, &options()).await);
    let ten = ten(&mut ledger).await;
    issue(&mut ledger, profile("alice"), ten, 3).await;
    let mut left = 30;
    for (round, text) in
        ["FROM scrip.profile", "FROM scrip.head", "FROM scrip.key", "INTO scrip.head", "COMMIT"]
            .into_iter()
            .enumerate()
    {
        let redeem = || Redeem::strict(profile("alice"), Amount::from(1));
        let command = Command::new(now(), redeem()).keyed(round.to_string().parse().unwrap());
        let (arrived, release) = proxy.hold(text);
        let slower = tokio::spawn({
            let (mut slow, command) = (slow.clone(), command.clone());
            async move { slow.run(&command).await.unwrap() }
        });
        arrived.await.unwrap();
        // By then it has the head.
        let faster = (text != "COMMIT").then_some(&command);
        if let Some(command) = faster {
            ledger.run(command).await.unwrap();
        }
        release.send(()).unwrap();
        let slower = slower.await.unwrap();
        let expected = if faster.is_some() { Disposition::Replayed } else { Disposition::New };
        assert_eq!(slower.disposition, expected, "{text}");
        left -= 1;
        let balance = slow.at(now()).balances(profile("alice")).await.unwrap().reward_balance;
        assert_eq!(balance, Amount::from(left), "{text}");
    }
    for text in ["FROM scrip.head", "BETWEEN"] {
        let (arrived, release) = proxy.hold(text);
        let reader = tokio::spawn({
            let mut slow = slow.clone();
            async move { slow.at(now()).wallet(profile("alice")).await }
        });
        arrived.await.unwrap();
        ledger.at(now()).commit(Redeem::strict(profile("alice"), Amount::from(1))).await.unwrap();
        release.send(()).unwrap();
        let wallet = reader.await.unwrap().unwrap_or_else(|error| panic!("{text}: {error:?}"));
        assert_eq!(wallet.journal().len(), wallet.account().sequence() as usize, "{text}");
        assert!(wallet.account().is_conserved(), "{text}");
    }
    expect_whole(ledger.store()).await;
}

/// A process keeps the definitions that it read, and what another changes counts at once.
///
/// Catches: a copy that is not checked, or that is kept after the database was restored.
pub(crate) async fn a_definition_is_read_from_a_copy_that_is_up_to_date(cluster: &Cluster) {
    let config = cluster.database().await;
    let mut ledgers = Vec::new();
    for _ in 0..2 {
        ledgers.push(AsyncLedger::new(program(), store(&config, &options()).await));
    }
    let [one, other] = &mut ledgers[..] else { panic!() };
    let ten = ten(one).await;
    issue(other, profile("alice"), ten, 1).await;
    let client = one.store().pool().get().await.unwrap();
    client.batch_execute("CREATE TABLE before AS TABLE scrip.catalogue").await.unwrap();

    let define = |handle: &str| RewardDefinition::new(handle.parse().unwrap(), "Five", Amount::from(5));
    let five = one.at(now()).commit(Define::from(define("five"))).await.unwrap().id;
    issue(other, profile("alice"), five, 1).await;
    let balance = other.at(now()).balances(profile("alice")).await.unwrap().reward_balance;
    assert_eq!(balance, Amount::from(15));

    // In a transaction that is rolled back.
    let mut pooled = other.store().pool().get().await.unwrap();
    let mut transaction = pooled.transaction().await.unwrap();
    let store = other.store().clone();
    let mut joined = AsyncLedger::new(program(), store.joining(&mut transaction));
    let six = joined.at(now()).commit(Define::from(define("six"))).await.unwrap().id;
    joined.at(now()).commit(IssueReward::new(profile("alice"), six)).await.unwrap();
    transaction.rollback().await.unwrap();
    other.at(now()).commit(IssueReward::new(profile("alice"), six)).await.unwrap_err();

    // Restored as it was before, and written on.
    client
        .batch_execute(
            "DELETE FROM scrip.catalogue; INSERT INTO scrip.catalogue TABLE before;
             DELETE FROM scrip.journal WHERE number = 0 AND sequence > 1;
             DELETE FROM scrip.name WHERE number = 0 AND sequence > 1;
             UPDATE scrip.head SET sequence = 1, previous = 0 WHERE number = 0;
             DELETE FROM scrip.state WHERE number = 0",
        )
        .await
        .unwrap();
    other.at(now()).commit(IssueReward::new(profile("alice"), five)).await.unwrap_err();
    let again = one.at(now()).commit(Define::from(define("seven"))).await.unwrap().id;
    assert_eq!(again, five, "the number is drawn again");
    other
        .at(now())
        .commit(IssueReward::by_handle(profile("alice"), "five".parse().unwrap()))
        .await
        .unwrap_err();
    other.at(now()).commit(IssueReward::by_handle(profile("alice"), "seven".parse().unwrap())).await.unwrap();
}

pub(crate) async fn what_takes_one_order_of_transactions_is_refused(cluster: &Cluster) {
    let store = store(&cluster.database().await, &options()).await;
    for refused in [store.project().await.map(drop), store.flows(&[now()]).await.map(drop)] {
        let error = refused.unwrap_err();
        assert!(matches!(error, PostgresError::NotDistributed("projections")), "{error:?}");
        assert_eq!(error.code(), "not_distributed");
    }
}
