//! A statement that the server refuses, for one account of a batch.

use scrip::store::postgres::{Layout, Options};
use scrip::{Amount, AsyncLedger, Command, Define, Error, Redeem, RewardDefinition};

use crate::cluster::Cluster;
use crate::{issue, now, profile, program, store};

const NAMES: [&str; 3] = ["alice", "bob", "carol"];

/// What is said to be done was done once, and what is said not to be was not: also where each account is a commit of its
/// own, and the second of three fails.
pub(crate) async fn does_not_take_what_was_written_back(cluster: &Cluster) {
    for layout in [Layout::OneServer, Layout::Distributed] {
        for (code, done) in [("40001", [true; 3]), ("P0001", [layout == Layout::Distributed, false, false])] {
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
            let commands =
                NAMES.map(|name| Command::new(now(), Redeem::strict(profile(name), Amount::from(4))));
            let answers = ledger.run_all(&commands).await;
            for ((answer, name), done) in answers.iter().zip(NAMES).zip(done) {
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
