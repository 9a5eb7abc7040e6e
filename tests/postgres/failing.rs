//! What fails for one account of a batch: a statement that the server refuses, and rows that cannot be read.

use scrip::store::postgres::{Layout, Options, PostgresError};
use scrip::{Amount, AsyncLedger, Command, Define, Error, Redeem, RewardDefinition};

use crate::cluster::Cluster;
use crate::{issue, now, profile, program, store};

const NAMES: [&str; 3] = ["alice", "bob", "carol"];

/// What is said to be done was done once, and what is said not to be was not. Where each account is a commit of its own, the
/// second of three fails alone.
pub(crate) async fn does_not_take_what_was_written_back(cluster: &Cluster) {
    for layout in [Layout::OneServer, Layout::Distributed] {
        for (code, done) in [
            ("40001", [true; 3]),
            ("40P01", [true; 3]),
            ("P0001", if layout == Layout::Distributed { [true, false, true] } else { [false; 3] }),
        ] {
            let options = Options::new().layout(layout);
            let mut ledger = AsyncLedger::new(program(), store(&cluster.database().await, &options).await);
            let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
            let ten = ledger.at(now()).commit(Define::from(ten)).await.unwrap().id;
            for name in NAMES {
                issue(&mut ledger, profile(name), ten, 1).await;
            }
            let client = ledger.store().pool().get().await.unwrap();
            let trap = format!(
                "CREATE SEQUENCE trapped;
                 CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS $$
                 BEGIN
                     IF NEW.profile = 'bob' AND nextval('trapped') = 1 THEN
                         RAISE EXCEPTION 'no' USING ERRCODE = '{code}';
                     END IF;
                     RETURN NEW;
                 END $$;
                 CREATE TRIGGER trap BEFORE INSERT ON scrip.head FOR EACH ROW EXECUTE FUNCTION trap();"
            );
            client.batch_execute(&trap).await.unwrap();
            // Each of them twice, under one key: what is told of the second was written by the first, or by nobody.
            let commands = [NAMES, NAMES].concat().into_iter().map(|name| {
                let redeem = Command::new(now(), Redeem::strict(profile(name), Amount::from(4)));
                redeem.keyed("till 1".parse().unwrap())
            });
            let answers = ledger.run_all(&commands.collect::<Vec<_>>()).await;
            for ((answer, name), done) in answers.iter().zip(NAMES.into_iter().cycle()).zip(done.repeat(2)) {
                match answer {
                    Ok(_) => assert!(done, "{layout:?} {code}: {name}"),
                    Err(Error::Store(_)) => assert!(!done, "{layout:?} {code}: {name}"),
                    other => panic!("{layout:?} {code}: {name}: {other:?}"),
                }
                let left = ledger.at(now()).balances(profile(name)).await.unwrap().reward_balance;
                assert_eq!(left, Amount::from(if done { 6 } else { 10 }), "{layout:?} {code}: {name}");
            }
        }
    }
}

/// In a batch, and in a transaction of the caller's; whichever of its rows is spoiled.
pub(crate) async fn an_account_that_cannot_be_read_does_its_neighbours_no_harm(cluster: &Cluster) {
    for (layout, spoil) in [Layout::OneServer, Layout::Distributed].into_iter().flat_map(|layout| {
        ["UPDATE scrip.state SET state = '\\xff01'", "UPDATE scrip.journal SET entry = '\\xff01'"]
            .map(|spoil| (layout, spoil))
    }) {
        let options = Options::new().layout(layout);
        let mut ledger = AsyncLedger::new(program(), store(&cluster.database().await, &options).await);
        let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
        let ten = ledger.at(now()).commit(Define::from(ten)).await.unwrap().id;
        let redeem = |(place, (name, amount)): (usize, (&str, u32))| {
            let command = Command::new(now(), Redeem::strict(profile(name), Amount::from(amount)));
            command.keyed(place.to_string().parse().unwrap())
        };
        issue(&mut ledger, profile("bob"), ten, 1).await;
        assert!(ledger.run_all(&[redeem((2, ("bob", 4)))]).await.iter().all(Result::is_ok));
        // The account is kept beside its journal by then, and only a key leads back to what is spoiled.
        for _ in 2..9 {
            issue(&mut ledger, profile("bob"), ten, 1).await;
        }
        issue(&mut ledger, profile("alice"), ten, 1).await;
        issue(&mut ledger, profile("carol"), ten, 1).await;
        let store = ledger.store().clone();
        let mut client = store.pool().get().await.unwrap();
        let of_bob = "WHERE number = (SELECT number FROM scrip.profile WHERE profile = 'bob')";
        assert!(client.execute(&format!("{spoil} {of_bob}"), &[]).await.unwrap() > 0);

        let wanted = [("alice", 7), ("carol", 4), ("bob", 4), ("alice", 4), ("dora", 1), ("carol", 4)];
        let commands: Vec<_> = wanted.into_iter().enumerate().map(redeem).collect();
        expect(&ledger.run_all(&commands).await, layout, spoil);
        for (name, expected) in [("alice", 3), ("carol", 2)] {
            let left = ledger.at(now()).balances(profile(name)).await.unwrap().reward_balance;
            assert_eq!(left, Amount::from(expected), "{layout:?} {spoil}: {name}");
        }
        let transaction = &mut client.transaction().await.unwrap();
        let mut joined = AsyncLedger::new(program(), store.joining(transaction));
        expect(&joined.run_all(&commands).await, layout, spoil);
    }
}

/// Bob's alone is an error of the store's. What alice wants later is not there any more, and dora never had anything.
fn expect<T: std::fmt::Debug>(answers: &[Result<T, Error<PostgresError>>], layout: Layout, spoil: &str) {
    match answers {
        [Ok(_), Ok(_), Err(failed), Err(Error::Rejected(_)), Err(Error::Rejected(_)), Ok(_)] => {
            let Error::Store(error) = failed else { panic!("{layout:?} {spoil}: {failed:?}") };
            assert_eq!((error.code(), failed.code()), ("unreadable", "corrupt"), "{layout:?} {spoil}");
        }
        other => panic!("{layout:?} {spoil}: {other:?}"),
    }
}
