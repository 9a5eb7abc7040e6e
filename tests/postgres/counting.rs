//! How often a request waits for the server.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use scrip::request::Reassign;
use scrip::store::postgres::{Layout, Options, PostgresStore};
use scrip::{
    Amount, AsyncLedger, Command, Define, DefinitionId, IssueReward, PlaceHold, PostTransaction, Redeem,
    ReleaseHold, Request, ReturnRedemption, RewardDefinition,
};
use tokio_postgres::Config;

use crate::cluster::Cluster;
use crate::proxy::reached_at;
use crate::{now, profile, program, store};

type Counts = [(&'static str, usize); 10];

/// What is remembered is not loaded; what depends on what was found, or is new, costs another each.
///
/// Catches: a batch that commits twice, once for those that are remembered and once for the others.
pub(crate) async fn a_request_takes_few_round_trips(cluster: &Cluster) {
    // On one thread, what is sent together reaches the relay together.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(count(cluster));
        });
    });
}

async fn count(cluster: &Cluster) {
    let kinds = [
        (Layout::OneServer, 10, ONE_SERVER),
        (Layout::OneServer, 0, NOTHING_REMEMBERED),
        (Layout::Distributed, 10, DISTRIBUTED),
    ];
    for (layout, remembered, expected) in kinds {
        let options = Options::new().connections(1).layout(layout).remembered(remembered);
        let config = cluster.database().await;
        PostgresStore::migrate(&config, &options).await.unwrap();
        let mut other = AsyncLedger::new(program(), store(&config, &options).await);
        let (config, trips) = counted(&config);
        let mut ledger = AsyncLedger::new(program(), store(&config, &options).await);
        let mut ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(200));
        ten.is_reassignable = true;
        let ten = ledger.at(now()).commit(Define::from(ten)).await.unwrap().id;
        // The first time prepares the statements, and draws the numbers of more profiles than there are.
        requests(&mut ledger, &mut other, ten, "alice", &trips).await;
        let counts = requests(&mut ledger, &mut other, ten, "bob", &trips).await;
        assert_eq!(counts, expected, "{layout:?} {remembered}");
    }
}

const ONE_SERVER: Counts = [
    ("a newcomer's reward", 3),
    ("a balance", 1),
    ("a redemption", 1),
    ("a redemption under a key", 1),
    ("a return", 2),
    ("a hold and its release", 3),
    ("a batch", 1),
    ("a sale that a batch posts twice", 3),
    ("a lot that moves to a newcomer", 5),
    ("a redemption, and a reward for somebody unknown, in a batch", 2),
];

/// One statement loads and one commits.
const NOTHING_REMEMBERED: Counts = [
    ("a newcomer's reward", 3),
    ("a balance", 1),
    ("a redemption", 2),
    ("a redemption under a key", 2),
    ("a return", 2),
    ("a hold and its release", 4),
    ("a batch", 2),
    ("a sale that a batch posts twice", 3),
    ("a lot that moves to a newcomer", 5),
    ("a redemption, and a reward for somebody unknown, in a batch", 2),
];

/// A name's number is looked up before its account; the transaction is begun, all rows are sent at once, and it is committed.
const DISTRIBUTED: Counts = [
    ("a newcomer's reward", 6),
    ("a balance", 2),
    ("a redemption", 5),
    ("a redemption under a key", 5),
    ("a return", 4),
    ("a hold and its release", 9),
    ("a batch", 5),
    ("a sale that a batch posts twice", 6),
    ("a lot that moves to a newcomer", 6),
    ("a redemption, and a reward for somebody unknown, in a batch", 8),
];

/// Some requests about a profile, and how many round trips each took.
async fn requests(
    ledger: &mut AsyncLedger<PostgresStore>,
    other: &mut AsyncLedger<PostgresStore>,
    ten: DefinitionId,
    name: &str,
    trips: &AtomicUsize,
) -> Counts {
    let (customer, friend) = (profile(name), profile(format!("{name}'s friend")));
    let redeem = || Redeem::strict(customer, Amount::from(1));
    let mut counts = Counts::default();
    let mut places = counts.iter_mut();
    let mut took = |what| *places.next().unwrap() = (what, trips.swap(0, Ordering::SeqCst));
    trips.store(0, Ordering::SeqCst);
    let reward = ledger.at(now()).commit(IssueReward::new(customer, ten)).await.unwrap();
    took("a newcomer's reward");
    ledger.at(now()).balances(customer).await.unwrap();
    took("a balance");
    let redemption = ledger.at(now()).commit(redeem()).await.unwrap();
    took("a redemption");
    ledger.at(now()).keyed("1".parse().unwrap()).commit(redeem()).await.unwrap();
    took("a redemption under a key");
    ledger.at(now()).commit(ReturnRedemption::strict(redemption.id, Amount::from(1))).await.unwrap();
    took("a return");
    let hold = ledger.at(now()).commit(PlaceHold::strict(customer, Amount::from(1))).await.unwrap();
    ledger.at(now()).commit(ReleaseHold::new(hold.id)).await.unwrap();
    took("a hold and its release");
    let batch: Vec<_> = (0..100).map(|_| Command::new(now(), redeem())).collect();
    assert!(ledger.run_all(&batch).await.iter().all(Result::is_ok));
    took("a batch");
    // The second finds what the first is yet to write, and looks for what else is known of it.
    let sale = || PostTransaction::new(customer, Amount::from(5)).with_external_id("sale".parse().unwrap());
    let twice = [Command::new(now(), sale()), Command::new(now(), sale())];
    assert!(ledger.run_all(&twice).await.iter().all(Result::is_ok));
    took("a sale that a batch posts twice");
    ledger.at(now()).commit(Reassign::new(reward.id, friend)).await.unwrap();
    took("a lot that moves to a newcomer");
    let stranger = profile(format!("{name}'s neighbour"));
    for profile in [customer, stranger] {
        other.at(now()).commit(IssueReward::new(profile, ten)).await.unwrap();
    }
    ledger.at(now()).balances(customer).await.unwrap();
    trips.store(0, Ordering::SeqCst);
    let both: [Request; 2] = [redeem().into(), IssueReward::new(stranger, ten).into()];
    let both = both.map(|request| Command::new(now(), request));
    assert!(ledger.run_all(&both).await.iter().all(Result::is_ok));
    took("a redemption, and a reward for somebody unknown, in a batch");
    counts
}

/// The same database behind a relay that counts how often the server is waited for.
fn counted(config: &Config) -> (Config, Arc<AtomicUsize>) {
    let relay = TcpListener::bind("127.0.0.1:0").unwrap();
    let (server, relayed) = (config.get_ports()[0], relay.local_addr().unwrap().port());
    let trips = Arc::new(AtomicUsize::new(0));
    std::thread::spawn({
        let trips = Arc::clone(&trips);
        move || {
            for client in relay.incoming() {
                let (client, trips) = (client.unwrap(), Arc::clone(&trips));
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                let ends = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let is_waiting = Arc::new(AtomicBool::new(false));
                let is_answered = Arc::clone(&is_waiting);
                std::thread::spawn(move || {
                    pass_on(client, server, || {
                        let is_new = !is_waiting.swap(true, Ordering::SeqCst);
                        trips.fetch_add(usize::from(is_new), Ordering::SeqCst);
                    });
                });
                let (client, server) = ends;
                std::thread::spawn(move || {
                    pass_on(server, client, || {
                        // All that is sent together is under way by then.
                        std::thread::sleep(Duration::from_millis(5));
                        is_answered.store(false, Ordering::SeqCst);
                    });
                });
            }
        }
    });
    (reached_at(config, relayed), trips)
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, note: impl Fn()) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        note();
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}
