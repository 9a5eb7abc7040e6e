//! What a process remembers of accounts: one round trip, and never an answer from what is outdated.

use scrip::id::{LotId, ProfileNumber};
use scrip::ledger::Answer;
use scrip::outcome::Disposition;
use scrip::store::AsyncScan;
use scrip::store::postgres::deadpool_postgres::Object;
use scrip::store::postgres::{Options, PostgresStore};
use scrip::{
    Amount, AsyncLedger, Command, Define, DefinitionId, Error, IssueReward, Outcome, PlaceHold,
    PostTransaction, Receipt, Redeem, Rejection, ReleaseHold, Request, RewardDefinition,
};

use crate::cluster::Cluster;
use crate::{at, issue, now, profile, program, store};

type Process = AsyncLedger<PostgresStore>;

/// Two processes on one database, which both know that alice has 30.
async fn two_processes(cluster: &Cluster) -> (Process, Process, DefinitionId) {
    let config = cluster.database().await;
    let mut one = AsyncLedger::new(program(), store(&config, &Options::new()).await);
    let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
    let ten = one.at(now()).commit(Define::from(ten)).await.unwrap().id;
    issue(&mut one, profile("alice"), ten, 3).await;
    let mut other = AsyncLedger::new(program(), store(&config, &Options::new()).await);
    assert_eq!(left(&mut one).await, left(&mut other).await);
    (one, other, ten)
}

fn redeem(amount: u32) -> Redeem {
    Redeem::strict(profile("alice"), Amount::from(amount))
}

async fn left(process: &mut Process) -> Amount {
    process.at(now()).balances(profile("alice")).await.unwrap().reward_balance
}

/// Whoever remembers an outdated account neither spends what is gone nor refuses what is there.
///
/// Catches: a head that is not compared; a refusal that is answered from what is remembered.
pub(crate) async fn of_an_outdated_account_nothing_is_answered(cluster: &Cluster) {
    let (mut one, mut other, ten) = two_processes(cluster).await;
    one.at(now()).commit(redeem(25)).await.unwrap();
    let refused = other.at(now()).commit(redeem(10)).await.unwrap_err();
    assert_eq!(refused.code(), "insufficient_value");
    one.at(now()).commit(IssueReward::new(profile("alice"), ten)).await.unwrap();
    // The other remembers 5, and one has 15.
    other.at(now()).commit(redeem(12)).await.unwrap();
    one.at(now()).commit(redeem(1)).await.unwrap();
    other.at(now()).commit(redeem(1)).await.unwrap();
    assert_eq!((left(&mut one).await, left(&mut other).await), (Amount::from(1), Amount::from(1)));
    assert!(one.store().remembered().outdated > 0 && other.store().remembered().outdated > 0);
}

/// A key or a name that another process used is found, although nothing looked for it (rules J5 and X2).
///
/// Catches: a commit that takes keys and names for new without checking.
pub(crate) async fn a_key_is_used_once_by_any_process(cluster: &Cluster) {
    let (mut one, mut other, _) = two_processes(cluster).await;
    let mut first = None;
    for process in [&mut one, &mut other] {
        for _ in 0..2 {
            let mut till = process.at(now());
            let redemption = till.keyed("till-7/1".parse().unwrap()).commit(redeem(7)).await.unwrap();
            assert_eq!(first.get_or_insert(redemption.id), &redemption.id);
            let conflict = till.keyed("till-7/1".parse().unwrap()).commit(redeem(8)).await.unwrap_err();
            assert!(matches!(conflict, Error::KeyReused(_)), "{conflict:?}");
        }
    }
    let sale = |total: u32| {
        let name = "sale-1".parse().unwrap();
        PostTransaction::new(profile("alice"), Amount::from(total)).with_external_id(name)
    };
    let posted = one.at(now()).commit(sale(20)).await.unwrap().id;
    assert_eq!(other.at(now()).commit(sale(20)).await.unwrap().id, posted);
    let conflict = other.at(now()).commit(sale(21)).await.unwrap_err();
    assert_eq!(conflict.code(), "external_id_conflict");
    assert_eq!(left(&mut other).await, Amount::from(23));
}

/// What is new in a batch does not overtake what is loaded: units about one profile keep their order.
///
/// Catches: remembered accounts that go first, whatever else a batch is about, by name or by number.
pub(crate) async fn a_batch_keeps_its_order(cluster: &Cluster) {
    let (mut one, _, ten) = two_processes(cluster).await;
    let hold = one.at(now()).commit(PlaceHold::strict(profile("alice"), Amount::from(10))).await.unwrap();
    let rows: [Request; 2] = [ReleaseHold::new(hold.id).into(), redeem(10).into()];
    let held = hold.items[0].lot;
    assert_eq!(lot_of(&one.run_all(&rows.map(|request| Command::new(now(), request))).await[1]), held);
    let soon = IssueReward::new(profile("alice"), ten).with_expiry(at("2025-06-16T00:00:00Z"));
    let rows: [Request; 2] = [soon.into(), redeem(10).into()];
    let answers = one.run_all(&rows.map(|request| Command::new(now(), request))).await;
    let Outcome::IssueReward(issued) = &answers[0].as_ref().unwrap().outcome else { panic!("{answers:?}") };
    assert_eq!(lot_of(&answers[1]), issued.id);
    // The first is refused, and the second is not decided before it.
    let answers = one.at(now()).commit_all([redeem(21), redeem(20)]).await;
    let Err(Error::Rejected(Rejection::InsufficientValue { available, .. })) = &answers[0] else {
        panic!("{answers:?}");
    };
    assert_eq!((*available, answers[1].is_ok()), (Amount::from(20).into(), true));
}

fn lot_of<E: std::fmt::Debug>(answer: &Result<Receipt<Outcome>, E>) -> LotId {
    let Ok(Receipt { outcome: Outcome::Redeem(redemption), .. }) = answer else { panic!("{answer:?}") };
    redemption.items[0].lot
}

/// Rows that repeat an earlier one, between others that are new (rule J5).
///
/// Catches: a key that is taken for new where the request is refused.
pub(crate) async fn a_batch_repeats_and_adds(cluster: &Cluster) {
    let (mut one, _, _) = two_processes(cluster).await;
    let keyed = |key: &str, amount| Command::new(now(), redeem(amount)).keyed(key.parse().unwrap());
    let rows = [keyed("1", 10), keyed("1", 10), keyed("2", 12), keyed("1", 10)];
    let told = |answers: &[Answer<Redeem, _>]| -> Vec<Disposition> {
        answers.iter().map(|answer| answer.as_ref().unwrap().disposition).collect()
    };
    let (new, replayed) = (Disposition::New, Disposition::Replayed);
    assert_eq!(told(&one.run_all(&rows).await), [new, replayed, new, replayed]);
    // There is not enough left to do it again.
    assert_eq!(told(&one.run_all(&[keyed("3", 5), keyed("1", 10)]).await), [new, replayed]);
    assert_eq!(left(&mut one).await, Amount::from(3));
}

/// A batch that cannot read an account is run again in parts, and what was refused on a remembered account once more on
/// the loaded one: each row but that of the damaged account is carried out, once.
///
/// Catches: rows that are to be run once more, and are not, as another account is damaged.
pub(crate) async fn a_batch_with_damage_runs_the_rest_once(cluster: &Cluster) {
    let (mut one, mut other, ten) = two_processes(cluster).await;
    one.at(now()).commit(redeem(25)).await.unwrap();
    issue(&mut other, profile("bob"), ten, 1).await;
    issue(&mut other, profile("alice"), ten, 3).await;
    let server = one.store().pool().get().await.unwrap();
    let damage = "UPDATE scrip.state SET state = '\\xff01'
        WHERE number = (SELECT number FROM scrip.profile WHERE profile = 'bob')";
    assert_eq!(server.execute(damage, &[]).await.unwrap(), 1);
    drop(server);
    // The process remembers 5 of alice's 35.
    let rows = [redeem(10), Redeem::strict(profile("bob"), Amount::from(1)), redeem(1)];
    let answers = one.at(now()).commit_all(rows).await;
    assert!(answers[0].is_ok() && answers[1].is_err() && answers[2].is_ok(), "{answers:?}");
    assert_eq!(left(&mut one).await, Amount::from(24));
}

/// The row by which due accounts are found is never too late, also if another process put it right meanwhile.
///
/// Catches: comparing the deadline with the row as it was remembered.
pub(crate) async fn due_accounts_are_found(cluster: &Cluster) {
    let config = cluster.database().await;
    let options = Options::new();
    let (mut one, mut other) = (
        AsyncLedger::new(program(), store(&config, &options).await),
        AsyncLedger::new(program(), store(&config, &options).await),
    );
    let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
    let ten = one.at(now()).commit(Define::from(ten)).await.unwrap().id;
    // So many lots that the state lags behind the journal.
    issue(&mut one, profile("alice"), ten, 80).await;
    let until = |text: &str| IssueReward::new(profile("alice"), ten).with_expiry(at(text));
    one.at(now()).commit(until("2025-06-16T00:00:00Z")).await.unwrap();
    one.at(now()).commit(redeem(10)).await.unwrap();
    // The row still says 16 June, which is put right.
    let due = |day: &str| (at(day), ProfileNumber::CATALOGUE);
    let (day, after) = due("2025-06-17T00:00:00Z");
    assert_eq!(other.store().due(day, after, 100).await.unwrap(), []);
    let hold = PlaceHold::strict(profile("alice"), Amount::from(1)).with_expires_in(86_400 * 3);
    one.at(now()).commit(hold).await.unwrap();
    let (day, after) = due("2025-06-20T00:00:00Z");
    assert_eq!(other.store().due(day, after, 100).await.unwrap().len(), 1);
    assert_eq!(one.store().check().await.unwrap().faults, []);
}

/// A server that took over without the last commit, or that was restored, has an account of the same version that is
/// another one: with a new connection, everything is forgotten.
///
/// Catches: remembering over a reconnection.
pub(crate) async fn is_over_with_the_connection(cluster: &Cluster) {
    let (mut one, mut other, _) = two_processes(cluster).await;
    let server = one.store().pool().get().await.unwrap();
    let saved = "CREATE TABLE saved AS SELECT * FROM scrip.head; CREATE TABLE saved_state AS SELECT * FROM scrip.state";
    server.batch_execute(saved).await.unwrap();
    one.at(now()).commit(redeem(1)).await.unwrap();
    let lost = "DELETE FROM scrip.journal j USING saved s WHERE j.number = s.number AND j.sequence > s.sequence;
        UPDATE scrip.head h SET sequence = s.sequence, previous = s.previous FROM saved s WHERE h.number = s.number;
        UPDATE scrip.state t SET sequence = s.sequence, state = s.state FROM saved_state s WHERE t.number = s.number";
    server.batch_execute(lost).await.unwrap();
    other.at(now()).commit(redeem(7)).await.unwrap();
    drop(Object::take(server));
    one.store().pool().retain(|_, _| false);
    let refused = one.at(now()).commit(redeem(24)).await.unwrap_err();
    assert_eq!(refused.code(), "insufficient_value");
    assert!(one.store().check().await.unwrap().is_whole());
}

/// With nothing remembered, every request loads.
pub(crate) async fn is_bounded_and_can_be_turned_off(cluster: &Cluster) {
    for (most, hits) in [(0, 0), (1, 2), (2, 3)] {
        let options = Options::new().remembered(most);
        let mut ledger = AsyncLedger::new(program(), store(&cluster.database().await, &options).await);
        let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
        let ten = ledger.at(now()).commit(Define::from(ten)).await.unwrap().id;
        for name in ["alice", "bob"] {
            issue(&mut ledger, profile(name), ten, 1).await;
            let one = Redeem::strict(profile(name), Amount::from(1));
            ledger.at(now()).commit(one).await.unwrap();
        }
        ledger.at(now()).commit(redeem(1)).await.unwrap();
        let report = ledger.store().remembered();
        assert_eq!((report.accounts, report.hits, report.outdated), (most, hits, 0), "{report:?}");
    }
}
