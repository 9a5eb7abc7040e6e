//! A commit whose answer is lost, comes late, or is an error: nobody but the journal knows whether it was carried out.

use std::time::Duration;

use scrip::ledger::{GroupCommit, GroupOptions};
use scrip::outcome::Disposition;
use scrip::request::Reassign;
use scrip::store::postgres::{Layout, Options, PostgresError, PostgresStore};
use scrip::{
    Amount, AsyncLedger, Command, Define, DefinitionId, Error, IssueReward, LotId, Redeem, RewardDefinition,
};
use tokio::time::sleep;

use crate::cluster::Cluster;
use crate::proxy::Outcome::{self, Committed, RolledBack};
use crate::proxy::{Proxy, Reply};
use crate::{issue, now, profile, program, store};

const OUTCOMES: [Outcome; 2] = [Committed, RolledBack];
const LAYOUTS: [Layout; 2] = [Layout::OneServer, Layout::Distributed];
/// No clear answer to a commit, whether it was carried out or not.
const UNCLEAR: [(Reply, Outcome); 4] = [
    (Reply::Cut, Committed),
    (Reply::Cut, RolledBack),
    (Reply::Error("XX000"), Committed),
    (Reply::Error("XX000"), RolledBack),
];
const LATE: Duration = Duration::from_millis(200);

const HEAD: &str = "INTO scrip.head";
const COMMIT: &str = "COMMIT";

/// How a request is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Path {
    /// By the one statement that writes, on one server; where each row is a statement, by `COMMIT`.
    Statement,
    /// By `COMMIT`, as it is over two accounts.
    Commit,
}

impl Path {
    /// Text that only the committing statement contains.
    fn text(self, layout: Layout) -> &'static str {
        match self {
            Self::Statement if layout == Layout::OneServer => HEAD,
            Self::Statement | Self::Commit => COMMIT,
        }
    }
}

/// A ledger behind a proxy.
struct Setup {
    ledger: AsyncLedger<PostgresStore>,
    proxy: Proxy,
    ten: DefinitionId,
    keys: u32,
}

impl Setup {
    async fn new(cluster: &Cluster, layout: Layout) -> Self {
        let (proxy, config) = Proxy::start(&cluster.database().await).await;
        let store = store(&config, &Options::new().layout(layout)).await;
        let mut ledger = AsyncLedger::new(program(), store);
        let mut ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
        ten.is_reassignable = true;
        let ten = ledger.at(now()).commit(Define::from(ten)).await.unwrap().id;
        for name in ["alice", "bob", "carol", "dora"] {
            issue(&mut ledger, profile(name), ten, 40).await;
        }
        Self { ledger, proxy, ten, keys: 0 }
    }

    /// A request of one kind or the other, with a key or without one.
    async fn ask(
        &mut self,
        path: Path,
        lot: LotId,
        key: Option<u32>,
    ) -> Result<Disposition, Error<PostgresError>> {
        let key = key.map(|key| key.to_string().parse().unwrap());
        match path {
            Path::Statement => {
                let request = Redeem::strict(profile("alice"), Amount::from(1));
                Ok(self.ledger.run(&Command { key, ..Command::new(now(), request) }).await?.disposition)
            }
            Path::Commit => {
                let request = Reassign::new(lot, profile("dora")).with_from(profile("carol"));
                Ok(self.ledger.run(&Command { key, ..Command::new(now(), request) }).await?.disposition)
            }
        }
    }

    /// Asks, and stops waiting once the answer is late.
    async fn give_up(&mut self, path: Path, lot: LotId, key: Option<u32>) {
        let proxy = self.proxy.clone();
        let is_late = async {
            while !proxy.has_struck() {
                sleep(Duration::from_millis(1)).await;
            }
            sleep(LATE / 4).await;
        };
        tokio::select! {
            answer = self.ask(path, lot, key) => panic!("{answer:?}"),
            () = is_late => {}
        }
    }

    /// A lot that carol has, and a key that was not used yet.
    async fn next(&mut self) -> (LotId, u32) {
        self.keys += 1;
        let wallet = self.ledger.at(now()).wallet(profile("carol")).await.unwrap();
        (wallet.rewards()[0].id, self.keys)
    }

    /// In whole units.
    async fn balance(&mut self, name: &str) -> i64 {
        let balance = self.ledger.at(now()).balances(profile(name)).await.unwrap().reward_balance;
        balance.ten_thousandths() / 10_000
    }

    /// How often requests of one kind were carried out. Nothing is lost between carol and dora.
    async fn times(&mut self, path: Path) -> i64 {
        let (carol, dora) = (self.balance("carol").await, self.balance("dora").await);
        assert_eq!(carol + dora, 800);
        match path {
            Path::Statement => 400 - self.balance("alice").await,
            Path::Commit => (dora - 400) / 10,
        }
    }

    async fn end(mut self) {
        assert!(self.proxy.has_struck());
        let report = self.ledger.store().check().await.unwrap();
        assert!(report.faults.is_empty(), "{report:?}");
    }
}

/// With a key: carried out once, and answered with that. Without one: in doubt, and carried out once or not at all.
pub(crate) async fn a_commit_without_a_clear_answer(cluster: &Cluster) {
    let cancelled = OUTCOMES.map(|outcome| (Reply::Error("57014"), outcome));
    for layout in LAYOUTS {
        let mut setup = Setup::new(cluster, layout).await;
        for path in [Path::Statement, Path::Commit] {
            for (reply, outcome) in UNCLEAR.into_iter().chain(cancelled) {
                let case = format!("{layout:?} {path:?} {reply:?} {outcome:?}");
                let before = setup.times(path).await;
                let (lot, key) = setup.next().await;
                setup.proxy.spoil(path.text(layout), outcome, reply);
                let expected = if outcome == Committed { Disposition::Replayed } else { Disposition::New };
                assert_eq!(setup.ask(path, lot, Some(key)).await.unwrap(), expected, "{case}");
                assert!(setup.proxy.has_struck(), "{case}");
                assert_eq!(setup.times(path).await - before, 1, "{case}");

                let (before, (lot, _)) = (setup.times(path).await, setup.next().await);
                setup.proxy.spoil(path.text(layout), outcome, reply);
                let answer = setup.ask(path, lot, None).await;
                assert!(matches!(answer, Err(Error::InDoubt)), "{case}: {answer:?}");
                let done = i64::from(outcome == Committed);
                assert_eq!(setup.times(path).await - before, done, "{case}");
            }
        }
        setup.end().await;
    }
}

/// A conflict is run again, whichever statement it answers. A refusal is certain in answer to a statement that writes, and in
/// doubt in answer to `COMMIT`.
pub(crate) async fn a_commit_that_is_refused(cluster: &Cluster) {
    for (layout, path, text, outcome) in [
        (Layout::OneServer, Path::Statement, HEAD, RolledBack),
        (Layout::OneServer, Path::Commit, COMMIT, RolledBack),
        // It is not committed yet.
        (Layout::Distributed, Path::Statement, HEAD, Committed),
        (Layout::Distributed, Path::Statement, "INTO scrip.journal", Committed),
        (Layout::Distributed, Path::Statement, COMMIT, RolledBack),
        (Layout::Distributed, Path::Commit, HEAD, Committed),
        (Layout::Distributed, Path::Commit, COMMIT, RolledBack),
    ] {
        let mut setup = Setup::new(cluster, layout).await;
        // Before it is committed, any error is proof.
        let unclear: &[&str] = if outcome == Committed { &["57014", "XX000"] } else { &[] };
        for code in ["40001", "40P01", "23505", "25006", "42501", "55P03"].iter().chain(unclear) {
            let case = format!("{layout:?} {path:?} {text} {code}");
            let (before, (lot, _)) = (setup.times(path).await, setup.next().await);
            setup.proxy.spoil(text, outcome, Reply::Error(code));
            let answer = setup.ask(path, lot, None).await;
            let mut done = 0;
            match answer {
                Ok(Disposition::New) if code.starts_with("40") => done = 1,
                Err(Error::Store(error)) if text != COMMIT && !code.starts_with("40") => {
                    let PostgresError::Database(error) = &*error else { panic!("{case}: {error:?}") };
                    assert_eq!(error.code().unwrap().code(), *code, "{case}");
                }
                Err(Error::InDoubt) if text == COMMIT => {}
                answer => panic!("{case}: {answer:?}"),
            }
            assert_eq!(setup.times(path).await - before, done, "{case}");
        }
        setup.end().await;
    }
}

/// A caller who stops waiting asks again, and finds it carried out once.
pub(crate) async fn a_commit_whose_answer_is_late(cluster: &Cluster) {
    for layout in LAYOUTS {
        let mut setup = Setup::new(cluster, layout).await;
        for path in [Path::Statement, Path::Commit] {
            let case = format!("{layout:?} {path:?}");
            let (before, (lot, key)) = (setup.times(path).await, setup.next().await);
            setup.proxy.spoil(path.text(layout), Committed, Reply::Late(LATE));
            setup.give_up(path, lot, Some(key)).await;
            assert_eq!(setup.ask(path, lot, Some(key)).await.unwrap(), Disposition::Replayed, "{case}");
            assert_eq!(setup.times(path).await - before, 1, "{case}");

            // A caller without a key looks. The connection is used again, once it has answered.
            let (before, (lot, _)) = (setup.times(path).await, setup.next().await);
            setup.proxy.spoil(path.text(layout), Committed, Reply::Late(LATE));
            setup.give_up(path, lot, None).await;
            assert_eq!(setup.times(path).await - before, 1, "{case}");
            let (lot, _) = setup.next().await;
            assert_eq!(setup.ask(path, lot, None).await.unwrap(), Disposition::New, "{case}");

            // A caller who waits gets it.
            let (lot, _) = setup.next().await;
            setup.proxy.spoil(path.text(layout), Committed, Reply::Late(LATE));
            assert_eq!(setup.ask(path, lot, None).await.unwrap(), Disposition::New, "{case}");
        }
        setup.end().await;
    }
}

/// Each request of a batch is resolved or in doubt by itself, also in a group commit.
pub(crate) async fn a_batch_without_a_clear_answer(cluster: &Cluster) {
    for (layout, is_grouped) in LAYOUTS.into_iter().flat_map(|layout| [(layout, false), (layout, true)]) {
        let mut setup = Setup::new(cluster, layout).await;
        for (reply, outcome) in UNCLEAR {
            let case = format!("{layout:?} {is_grouped} {reply:?} {outcome:?}");
            setup.keys += 1;
            let key = || setup.keys.to_string().parse().unwrap();
            let redeem = |name| Command::new(now(), Redeem::strict(profile(name), Amount::from(1)));
            let commands =
                [redeem("alice").keyed(key()), redeem("alice"), redeem("bob").keyed(key()), redeem("bob")];
            let before = (setup.balance("alice").await, setup.balance("bob").await);
            setup.proxy.spoil(Path::Statement.text(layout), outcome, reply);
            let answers = if is_grouped {
                let (group, driver) = GroupCommit::new(setup.ledger.clone(), GroupOptions::default());
                // Nothing is taken before the driver runs, so they are one batch.
                let pending = commands.map(|command| group.commit(command));
                let driver = tokio::spawn(driver.run());
                let mut answers = Vec::new();
                for pending in pending {
                    answers.push(pending.await);
                }
                drop(group);
                driver.await.unwrap();
                answers
            } else {
                setup.ledger.run_all(&commands).await
            };
            assert!(setup.proxy.has_struck(), "{case}");
            let after = (setup.balance("alice").await, setup.balance("bob").await);
            let doubt = if outcome == Committed { 2 } else { 1 };
            // Where each account is a commit of its own, only alice's is spoiled.
            let is_own = layout == Layout::Distributed;
            match &answers[..] {
                [Ok(_), Err(Error::InDoubt), Ok(_), bobs]
                    if matches!(bobs, Err(Error::InDoubt)) != is_own =>
                {
                    assert_eq!(bobs.is_ok(), is_own, "{case}: {bobs:?}");
                }
                other => panic!("{case}: {other:?}"),
            }
            assert_eq!(before.0 - after.0, doubt, "{case}");
            assert_eq!(before.1 - after.1, if is_own { 2 } else { doubt }, "{case}");
        }
        setup.end().await;
    }
}

/// Whether or not a name has its number by then, nobody else gets that number.
pub(crate) async fn a_name_whose_number_is_in_doubt(cluster: &Cluster) {
    for (layout, (reply, outcome)) in
        LAYOUTS.into_iter().flat_map(|layout| UNCLEAR.map(|fault| (layout, fault)))
    {
        let mut setup = Setup::new(cluster, layout).await;
        setup.proxy.spoil("INTO scrip.profile", outcome, reply);
        let first = setup.ledger.at(now()).commit(IssueReward::new(profile("newcomer"), setup.ten)).await;
        assert!(setup.proxy.has_struck());
        let first = match first {
            Ok(_) => 1,
            // No entry was sent yet: so nothing is in doubt.
            Err(Error::Store(_)) => 0,
            Err(error) => panic!("{reply:?} {outcome:?}: {error:?}"),
        };
        issue(&mut setup.ledger, profile("second"), setup.ten, 2).await;
        assert_eq!(setup.balance("newcomer").await, 10 * first, "{reply:?} {outcome:?}");
        issue(&mut setup.ledger, profile("newcomer"), setup.ten, 3).await;
        assert_eq!(setup.balance("newcomer").await, 10 * (first + 3), "{reply:?} {outcome:?}");
        assert_eq!(setup.balance("second").await, 20, "{reply:?} {outcome:?}");
        setup.end().await;
    }
}

/// In a transaction of the caller's nothing is in doubt before their own `COMMIT`.
pub(crate) async fn a_transaction_of_the_callers(cluster: &Cluster) {
    let mut setup = Setup::new(cluster, Layout::OneServer).await;
    let store = setup.ledger.store().clone();
    let mut client = store.pool().get().await.unwrap();
    let redeem = || Redeem::strict(profile("alice"), Amount::from(1));

    // What was written is rolled back to the savepoint, so an error says that it is not there, and the caller goes on.
    setup.proxy.spoil("INTO scrip.head", Committed, Reply::Error("XX000"));
    let mut transaction = client.transaction().await.unwrap();
    let mut joined = AsyncLedger::new(program(), store.joining(&mut transaction));
    let failed = joined.at(now()).commit(redeem()).await;
    assert!(matches!(failed, Err(Error::Store(_))), "{failed:?}");
    transaction.commit().await.unwrap();
    assert_eq!(setup.balance("alice").await, 400);

    // If nobody knows whether the savepoint ended, what is in it might be committed: so nothing may be.
    let trap = "CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
        CREATE TRIGGER trap BEFORE INSERT ON scrip.head FOR EACH ROW WHEN (NEW.profile = 'bob') EXECUTE FUNCTION trap()";
    client.batch_execute(trap).await.unwrap();
    for (text, name) in [("RELEASE SAVEPOINT", "alice"), ("ROLLBACK TO SAVEPOINT", "bob")] {
        setup.proxy.spoil(text, Committed, Reply::Error("XX000"));
        let mut transaction = client.transaction().await.unwrap();
        let mut joined = AsyncLedger::new(program(), store.joining(&mut transaction));
        for _ in 0..2 {
            let aborted = joined.at(now()).commit(Redeem::strict(profile(name), Amount::from(1))).await;
            assert!(matches!(aborted, Err(Error::Aborted)), "{text}: {aborted:?}");
        }
        assert!(setup.proxy.has_struck(), "{text}");
        transaction.rollback().await.unwrap();
        assert_eq!(setup.balance(name).await, 400, "{text}");
    }

    // Their own COMMIT: it was staged, and they ask again under the key.
    for (outcome, left) in [(Committed, 399), (RolledBack, 398)] {
        let key = || format!("own {outcome:?}").parse().unwrap();
        setup.proxy.spoil("COMMIT", outcome, Reply::Error("XX000"));
        let mut transaction = client.transaction().await.unwrap();
        let mut joined = AsyncLedger::new(program(), store.joining(&mut transaction));
        let receipt = joined.at(now()).keyed(key()).commit_with_receipt(redeem()).await.unwrap();
        assert!(receipt.is_staged);
        transaction.commit().await.unwrap_err();
        let again = setup.ledger.at(now()).keyed(key()).commit_with_receipt(redeem()).await.unwrap();
        let expected = if outcome == Committed { Disposition::Replayed } else { Disposition::New };
        assert_eq!(again.disposition, expected);
        assert_eq!(setup.balance("alice").await, left);
    }
    setup.end().await;
}

/// The tables that people query are brought up to date by whoever asks again.
pub(crate) async fn tables_that_people_query(cluster: &Cluster) {
    let mut setup = Setup::new(cluster, Layout::OneServer).await;
    let store = setup.ledger.store().clone();
    for (reply, outcome) in UNCLEAR {
        issue(&mut setup.ledger, profile("alice"), setup.ten, 1).await;
        setup.proxy.spoil("COMMIT", outcome, reply);
        store.project().await.unwrap_err();
        store.project().await.unwrap();
        let client = store.pool().get().await.unwrap();
        let sql = "SELECT sum(remaining)::bigint FROM scrip.lot JOIN scrip.account USING (number) WHERE profile = 'alice'";
        let sum: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
        assert_eq!(sum, setup.balance("alice").await * 10_000, "{outcome:?} {reply:?}");
    }
    setup.end().await;
}
