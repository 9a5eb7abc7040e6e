//! Keyed redemptions a second against a store without HTTP, for `load.sh`:
//!
//! `direct STORE CALLERS SECONDS`, with a store as the server's `--store` has it, and nothing in it.

use std::error::Error;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use scrip::ledger::{GroupCommit, GroupOptions};
use scrip::store::Blocking;
use scrip::store::postgres::{Options, PostgresStore, tokio_postgres};
use scrip::store::sqlite::SqliteStore;
use scrip::{
    Amount, AsyncLedger, Command, Define, DefinitionId, IssueReward, Ledger, MemoryStore, ProfileId, Program,
    Redeem, RewardDefinition, Timestamp,
};

/// How many profiles there are, and how many rewards each has.
const PROFILES: u64 = 1000;
const LOTS: u64 = 8;
const NOW: &str = "2025-06-20T00:00:00Z";

/// What a caller does: carries out a request, and says whether it was done.
trait Till: Clone + Send + Sync + 'static {
    fn issue(&self, command: Command<IssueReward>) -> impl Future<Output = bool> + Send;
    fn redeem(&self, command: Command<Redeem>) -> impl Future<Output = bool> + Send;
}

impl Till for AsyncLedger<Blocking<MemoryStore>> {
    async fn issue(&self, command: Command<IssueReward>) -> bool {
        self.clone().run(&command).await.is_ok()
    }

    async fn redeem(&self, command: Command<Redeem>) -> bool {
        self.clone().run(&command).await.is_ok()
    }
}

macro_rules! grouped {
    ($($ledger:ty),*) => {$(
        impl Till for GroupCommit<$ledger> {
            async fn issue(&self, command: Command<IssueReward>) -> bool {
                self.commit(command).await.is_ok()
            }

            async fn redeem(&self, command: Command<Redeem>) -> bool {
                self.commit(command).await.is_ok()
            }
        }
    )*};
}

grouped!(Ledger<SqliteStore>, AsyncLedger<PostgresStore>);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [store, callers, seconds] = arguments.as_slice() else {
        return Err("direct STORE CALLERS SECONDS".into());
    };
    let (callers, seconds): (u64, f64) = (callers.parse()?, seconds.parse()?);
    let patience = Duration::from_secs_f64(seconds);
    let program = Program::new("AUD", "Australia/Melbourne")?;
    let value = Amount::from(1_000_000);
    let define = Define::from(RewardDefinition::new("load".parse()?, "Load", value));
    let now: Timestamp = NOW.parse()?;
    let count = match store.split_once(':') {
        None => {
            let mut ledger = AsyncLedger::new(program, Blocking(MemoryStore::new()));
            let ten = ledger.at(now).commit(define).await?;
            drive(ledger, ten.id, callers, patience).await?
        }
        Some(("sqlite", path)) => {
            let mut ledger = Ledger::new(program, SqliteStore::open(Path::new(path))?);
            let ten = ledger.at(now).commit(define)?;
            let (group, driver) = GroupCommit::new(ledger, GroupOptions::default());
            std::thread::spawn(move || driver.run());
            drive(group, ten.id, callers, patience).await?
        }
        Some(_) => {
            let config: tokio_postgres::Config = store.parse()?;
            PostgresStore::migrate(&config, &Options::new()).await?;
            let mut ledger =
                AsyncLedger::new(program, PostgresStore::connect(&config, &Options::new()).await?);
            let ten = ledger.at(now).commit(define).await?;
            let (group, driver) = GroupCommit::new(ledger, GroupOptions::default());
            tokio::spawn(driver.run());
            drive(group, ten.id, callers, patience).await?
        }
    };
    println!("{:.0}", count as f64 / seconds);
    Ok(())
}

fn profile(number: u64) -> Result<ProfileId, scrip::id::IdError> {
    ProfileId::new(&format!("p{number}"))
}

/// Fills the profiles, and redeems from them for a while. Answers with how many redemptions were done.
async fn drive(
    till: impl Till,
    definition: DefinitionId,
    callers: u64,
    patience: Duration,
) -> Result<u64, Box<dyn Error>> {
    let now: Timestamp = NOW.parse()?;
    let mut filling = tokio::task::JoinSet::new();
    for number in 0..PROFILES {
        let (till, issue) = (till.clone(), IssueReward::new(profile(number)?, definition));
        filling.spawn(async move {
            for _ in 0..LOTS {
                assert!(till.issue(Command::new(now, issue.clone())).await);
            }
        });
    }
    filling.join_all().await;
    let done = Arc::new(AtomicU64::new(0));
    let mut calling = tokio::task::JoinSet::new();
    let since = Instant::now();
    for caller in 0..callers {
        let (till, done) = (till.clone(), Arc::clone(&done));
        calling.spawn(async move {
            for number in 0_u64.. {
                if since.elapsed() >= patience {
                    return;
                }
                // As far apart as random ones, and the same for every run.
                let whose = (number.wrapping_mul(7919) + caller * 131) % PROFILES;
                let (Ok(whose), Ok(key)) = (profile(whose), format!("{caller}-{number}").parse()) else {
                    return;
                };
                let redeem = Redeem::strict(whose, Amount::from(1));
                assert!(till.redeem(Command::new(now, redeem).keyed(key)).await);
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    calling.join_all().await;
    Ok(done.load(Ordering::Relaxed))
}
