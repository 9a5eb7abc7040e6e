//! The store in PostgreSQL, on a server of the tests' own. One entry runs the cases in turn, so that one server does.

mod checking;
#[path = "../cluster/mod.rs"]
mod cluster;
mod conforming;
mod counting;
mod crashing;
mod distributing;
mod doubting;
mod failing;
#[path = "../forging/mod.rs"]
mod forging;
#[path = "../held/mod.rs"]
mod held;
mod joining;
mod projecting;
mod proxy;
mod racing;
mod remembering;
mod retaining;
mod routing;
mod scanning;
mod schema;
mod securing;
mod values;

use cluster::Cluster;
use scrip::store::postgres::{Layout, Options, PostgresStore};
use scrip::{
    Amount, AsyncLedger, Define, DefinitionId, IssueReward, ProfileId, Program, RewardDefinition, Timestamp,
};

#[test]
fn postgres() {
    let Some(cluster) = Cluster::start() else { return };
    // A server that recovers goes through all files of all its databases: this one has few.
    let Some(crashed) = Cluster::start() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let only = std::env::var("CASE").ok();
    macro_rules! run {
        ($cluster:ident: $($module:ident::$case:ident),* $(,)?) => {$(
            let name = concat!(stringify!($module), "::", stringify!($case));
            if only.as_ref().is_none_or(|only| name.contains(only.as_str())) {
                println!("{name}");
                runtime.block_on($module::$case(&$cluster));
            }
        )*};
    }
    run! { cluster:
        schema::is_migrated_once_and_refused_when_newer,
        schema::fits_a_database_that_is_distributed_by_profile,
        schema::of_an_older_version_is_brought_up_to_date,
        conforming::to_every_promise,
        conforming::to_every_promise_in_a_transaction_of_the_callers,
        conforming::to_every_promise_across_profiles,
        conforming::to_the_same_answers_as_in_memory,
        conforming::to_errors_instead_of_panics,
        counting::a_request_takes_few_round_trips,
        racing::one_balance_is_spent_once,
        racing::newcomers_get_one_number,
        racing::a_limit_of_a_day_is_kept,
        racing::batches_in_any_order_do_not_deadlock,
        remembering::of_an_outdated_account_nothing_is_answered,
        remembering::a_key_is_used_once_by_any_process,
        remembering::a_batch_keeps_its_order,
        remembering::a_batch_repeats_and_adds,
        remembering::a_batch_with_damage_runs_the_rest_once,
        remembering::due_accounts_are_found,
        remembering::is_over_with_the_connection,
        remembering::is_bounded_and_can_be_turned_off,
        failing::does_not_take_what_was_written_back,
        failing::an_account_that_cannot_be_read_does_its_neighbours_no_harm,
        doubting::a_commit_without_a_clear_answer,
        doubting::a_commit_that_is_refused,
        doubting::a_commit_whose_answer_is_late,
        doubting::a_batch_without_a_clear_answer,
        doubting::a_name_whose_number_is_in_doubt,
        doubting::a_transaction_of_the_callers,
        doubting::tables_that_people_query,
        distributing::every_statement_finds_its_machine,
        distributing::a_dropped_request_leaves_no_transaction_open,
        distributing::a_machine_that_is_down_stops_its_own_profiles,
        distributing::what_is_looked_up_is_as_of_the_account,
        distributing::a_definition_is_read_from_a_copy_that_is_up_to_date,
        distributing::what_takes_one_order_of_transactions_is_refused,
        values::come_back_and_are_checked,
        checking::finds_damage_in_any_table,
        checking::finds_nothing_while_others_write,
        checking::names_the_field_that_was_changed,
        joining::is_committed_and_rolled_back_with_the_callers_rows,
        joining::conflicts_and_dooms,
        scanning::finds_what_is_due_and_what_expires,
        scanning::feed_leaves_nothing_out,
        scanning::finds_names_of_anybody,
        projecting::says_what_the_ledger_says,
        projecting::callers_take_turns,
        retaining::keeps_what_can_still_be_asked_for,
        securing::talks_to_whom_it_trusts_and_to_nobody_else,
        securing::shows_a_certificate_of_its_own,
    }
    run! { crashed: crashing::loses_nothing_and_does_nothing_twice }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2025-06-15T00:00:00Z")
}

fn profile(name: impl std::fmt::Display) -> ProfileId {
    ProfileId::new(&name.to_string()).unwrap()
}

fn program() -> Program {
    Program::new("AUD", "Australia/Melbourne").unwrap()
}

/// A store on a database that is migrated.
async fn store(config: &tokio_postgres::Config, options: &Options) -> PostgresStore {
    PostgresStore::migrate(config, options).await.unwrap();
    PostgresStore::connect(config, options).await.unwrap()
}

/// A ledger on an empty database, with a definition of a reward worth 10.
async fn ledger(cluster: &Cluster) -> (AsyncLedger<PostgresStore>, DefinitionId) {
    ledger_in(cluster, Layout::OneServer).await
}

/// The same in a layout.
async fn ledger_in(cluster: &Cluster, layout: Layout) -> (AsyncLedger<PostgresStore>, DefinitionId) {
    let store = store(&cluster.database().await, &Options::new().layout(layout)).await;
    let mut ledger = AsyncLedger::new(program(), store);
    let mut ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
    ten.is_reassignable = true;
    let ten = ledger.at(now()).commit(Define::from(ten)).await.unwrap().id;
    (ledger, ten)
}

async fn issue(
    ledger: &mut AsyncLedger<PostgresStore>,
    profile: ProfileId,
    ten: DefinitionId,
    rewards: usize,
) {
    let requests = (0..rewards).map(|_| IssueReward::new(profile, ten));
    assert!(ledger.at(now()).commit_all(requests).await.iter().all(Result::is_ok));
}
