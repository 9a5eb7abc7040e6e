//! The endpoints: every path of the dialect, in one table.

mod batch;
mod definitions;
mod dry_run;
mod events;
mod find;
mod holds;
mod items;
mod merge;
mod overview;
mod page;
mod points;
mod profiles;
mod reassign;
mod redemptions;
mod reports;
mod rewards;
mod search;
mod system;
mod table;
mod transactions;
mod transfers;
mod webhooks;

use axum::{Router, middleware};
use definitions::{Points, Rewards};
pub use table::Table;

use crate::app::Shared;
use crate::http::around::around;
use crate::http::code::Code;
use crate::http::problem::Problem;
use crate::shape::asked;
use crate::shape::balances::{Balances, PointsEarned};
use crate::shape::definition::{PointTemplate, RewardTemplate};
use crate::shape::ledger::LedgerEntry;
use crate::shape::lot::{Merged, Point, Reward};
use crate::shape::redemption::{HoldOut, QuoteOut, RedemptionOut, ReturnOut};
use crate::shape::report::{AgeingOut, BreakageOut, LiabilityOut};
use crate::shape::transaction::{TransactionOut, TransactionReturnOut};
use crate::shape::transfer::TransferOut;

/// The service, ready to be called.
pub fn router(app: Shared) -> Router {
    let wrong_method = || async { Problem::new(Code::MethodNotAllowed, "not with this method") };
    table()
        .router
        .fallback(|| async { Problem::not_found("resource") })
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Shared::clone(&app), around))
        .with_state(app)
}

/// Every route there is.
pub fn table() -> Table {
    let table =
        definitions(Table::default(), ["/api/v3/reward-definitions", "/api/v3/reward-definitions/{id}"]);
    let table = definitions(table, ["/api/v3/rewards/definitions", "/api/v3/rewards/definitions/{id}"]);
    webhooks(reports(system(transactions(profiles(lots(table))))))
}

fn definitions(table: Table, [all, one]: [&'static str; 2]) -> Table {
    table
        .post(all, "Define rewards", definitions::create::<Rewards>)
        .takes::<asked::RewardDefinitionBody>()
        .gives::<RewardTemplate>(201)
        .get(all, "List the definitions of rewards", definitions::index::<Rewards>)
        .lists::<RewardTemplate>()
        .get(one, "Show a definition of rewards", definitions::show::<Rewards>)
        .gives::<RewardTemplate>(200)
        .put(one, "Change a definition of rewards", definitions::change::<Rewards>)
        .takes::<asked::RewardDefinitionBody>()
        .gives::<RewardTemplate>(200)
        .delete(one, "Take a definition of rewards out of use", definitions::archive::<Rewards>)
        .gives_no_json(204)
}

fn lots(table: Table) -> Table {
    table
        .post("/api/v3/points/definitions", "Define points", definitions::create::<Points>)
        .takes::<asked::PointDefinitionBody>()
        .gives::<PointTemplate>(201)
        .get("/api/v3/points/definitions", "List the definitions of points", definitions::index::<Points>)
        .lists::<PointTemplate>()
        .get("/api/v3/points/definitions/{id}", "Show a definition of points", definitions::show::<Points>)
        .gives::<PointTemplate>(200)
        .put(
            "/api/v3/points/definitions/{id}",
            "Change a definition of points",
            definitions::change::<Points>,
        )
        .takes::<asked::PointDefinitionBody>()
        .gives::<PointTemplate>(200)
        .delete(
            "/api/v3/points/definitions/{id}",
            "Take a definition of points out of use",
            definitions::archive::<Points>,
        )
        .gives_no_json(204)
        .post("/api/v3/rewards", "Issue a reward", rewards::issue)
        .can_run_dry()
        .takes::<asked::RewardBody>()
        .gives::<Reward>(201)
        .gives::<Reward>(200)
        .get("/api/v3/rewards", "List rewards", rewards::index)
        .lists::<Reward>()
        .post("/api/v3/rewards/batch", "Issue many rewards, row by row", batch::issue)
        .takes::<asked::BatchBody>()
        .gives_bare::<batch::Batch>(200)
        .post("/api/v3/rewards/batch.json", "Issue many rewards, row by row", batch::issue)
        .takes::<asked::BatchBody>()
        .gives_bare::<batch::Batch>(200)
        .post("/api/v3/rewards/extend", "Extend rewards", rewards::extend)
        .can_run_dry()
        .takes::<asked::ExtendBody>()
        .gives_all::<Reward>(200)
        .get("/api/v3/rewards/{id}", "Show a reward", rewards::show)
        .gives::<Reward>(200)
        .put("/api/v3/rewards/{id}", "Correct a reward", rewards::change)
        .can_run_dry()
        .takes_edited::<asked::RewardChangeBody, Reward>()
        .gives::<Reward>(200)
        .delete("/api/v3/rewards/{id}", "Revoke a reward", rewards::revoke)
        .can_run_dry()
        .takes::<asked::RevokeBody>()
        .gives_no_json(204)
        .post("/api/v3/rewards/{id}/reassign", "Move a reward to another profile", reassign::reassign)
        .can_run_dry()
        .takes::<asked::ReassignBody>()
        .gives::<Reward>(200)
        .post("/api/v3/points", "Issue points", points::issue)
        .can_run_dry()
        .takes::<asked::PointBody>()
        .gives::<Point>(201)
        .gives::<Point>(200)
        .get("/api/v3/points", "List lots of points", points::index)
        .lists::<Point>()
        .get("/api/v3/points/{id}", "Show a lot of points", points::show)
        .gives::<Point>(200)
}

fn profiles(table: Table) -> Table {
    table
        .get("/api/v3/profiles/{profile}/balances", "Show a profile's balances", profiles::balances)
        .gives::<Balances>(200)
        .get("/api/v3/profiles/{profile}/rewards", "List a profile's rewards", profiles::rewards)
        .lists::<Reward>()
        .get("/api/v3/profiles/{profile}/rewards/{id}", "Show a profile's reward", profiles::reward)
        .gives::<Reward>(200)
        .get("/api/v3/profiles/{profile}/points", "List a profile's lots of points", profiles::points)
        .lists::<Point>()
        .get(
            "/api/v3/profiles/{profile}/points/earned",
            "Count the points that a profile's purchases earned",
            profiles::earned,
        )
        .gives::<PointsEarned>(200)
        .post(
            "/api/v3/profiles/{profile}/transfers",
            "Transfer value to another profile",
            transfers::transfer,
        )
        .can_run_dry()
        .takes::<asked::TransferBody>()
        .gives::<TransferOut>(201)
        .post("/api/v3/profiles/{profile}/merge", "Merge a profile into another", merge::merge)
        .can_run_dry()
        .takes::<asked::MergeBody>()
        .gives::<Merged>(200)
        .get("/api/v3/profiles/{profile}/redemptions", "List a profile's redemptions", profiles::redemptions)
        .lists::<RedemptionOut>()
        .get("/api/v3/profiles/{profile}/redemptions/{id}", "Show a redemption", profiles::one_redemption)
        .gives::<RedemptionOut>(200)
        .get(
            "/api/v3/profiles/{profile}/transactions",
            "List a profile's transactions",
            profiles::transactions,
        )
        .lists::<TransactionOut>()
        .get("/api/v3/profiles/{profile}/ledgers", "List a profile's journal", profiles::ledgers)
        .lists::<LedgerEntry>()
        .get("/api/v3/profiles/{profile}/ledgers/{id}", "Show a journal entry", profiles::one_ledger)
        .gives::<LedgerEntry>(200)
        .get("/api/v3/profiles/{profile}/holds", "List a profile's holds", profiles::held)
        .lists::<HoldOut>()
        .post("/api/v3/profiles/{profile}/holds", "Set value aside", holds::place)
        .can_run_dry()
        .takes::<asked::HoldBody>()
        .gives::<HoldOut>(201)
        .post("/api/v3/holds/{id}/capture", "Turn a hold into a redemption", holds::capture)
        .can_run_dry()
        .takes::<asked::CaptureBody>()
        .gives::<RedemptionOut>(201)
        .post("/api/v3/holds/{id}/release", "Let a hold go", holds::release)
        .can_run_dry()
        .gives::<HoldOut>(200)
        .post("/api/v3/profiles/{profile}/redemptions", "Redeem", redemptions::redeem)
        .can_run_dry()
        .takes::<asked::RedeemBody>()
        .gives::<RedemptionOut>(201)
        .post(
            "/api/v3/profiles/{profile}/redemptions/quote",
            "Say what redeeming would do",
            redemptions::quote,
        )
        .takes::<asked::RedeemBody>()
        .gives::<QuoteOut>(200)
        .post("/api/v3/profiles/{profile}/redeem", "Redeem, in short", redemptions::redeem_shortly)
        .can_run_dry()
        .takes::<asked::ShortRedeemBody>()
        .gives::<RedemptionOut>(201)
        .post("/api/v3/redemptions/{id}/reversal", "Undo a redemption", redemptions::reverse)
        .can_run_dry()
        .takes::<asked::ReversalBody>()
        .gives::<ReturnOut>(201)
        .post("/api/v3/redemptions/{id}/return", "Give part of a redemption back", redemptions::give_back)
        .can_run_dry()
        .takes::<asked::ReturnBody>()
        .gives::<ReturnOut>(201)
}

fn transactions(table: Table) -> Table {
    table
        .post("/api/v3/transactions", "Post a transaction", transactions::post)
        .can_run_dry()
        .takes::<asked::TransactionBody>()
        .gives::<TransactionOut>(201)
        .gives::<TransactionOut>(200)
        .get("/api/v3/transactions", "List transactions", transactions::index)
        .lists::<TransactionOut>()
        .post(
            "/api/v3/transactions/update-create",
            "Post a transaction, or change the one with its external id",
            transactions::update_or_create,
        )
        .can_run_dry()
        .takes::<asked::TransactionBody>()
        .gives::<TransactionOut>(201)
        .gives::<TransactionOut>(200)
        .get(
            "/api/v3/transactions/external/{id}",
            "Find a transaction by its external id",
            transactions::external,
        )
        .gives::<TransactionOut>(200)
        .get("/api/v3/transactions/{id}", "Show a transaction", transactions::show)
        .gives::<TransactionOut>(200)
        .put("/api/v3/transactions/{id}", "Change a transaction", transactions::change)
        .can_run_dry()
        .takes::<asked::TransactionBody>()
        .gives::<TransactionOut>(200)
        .delete("/api/v3/transactions/{id}", "Delete a transaction", transactions::delete)
        .can_run_dry()
        .gives_no_json(204)
        .post("/api/v3/transactions/{id}/return", "Part of a purchase comes back", transactions::give_back)
        .can_run_dry()
        .takes::<asked::TransactionReturnBody>()
        .gives::<TransactionReturnOut>(201)
}

fn system(table: Table) -> Table {
    table
        .get("/", "A page to look at wallets", page::page)
        .gives_no_json(200)
        .get("/access", "What the token of this call may do", system::access)
        .gives::<system::AccessOut>(200)
        .get("/events", "What happened since a cursor, and what is about to expire", events::events)
        .gives_bare::<events::EventPage>(200)
        .get("/overview", "What all customers have together, and the newest entries", overview::overview)
        .gives::<overview::Overview>(200)
        .get(
            "/search",
            "Find what an id stands for: a profile, an external id, or the id of anything",
            search::search,
        )
        .gives_all::<search::Found>(200)
        .get("/health", "Whether the store answers", system::health)
        .gives::<system::Health>(200)
        .get("/metrics", "Counts, for Prometheus", system::metrics)
        .gives_no_json(200)
        .get("/openapi.json", "This description", system::openapi)
        .gives_no_json(200)
        .get("/test-clock", "What time it is", system::clock)
        .gives::<system::TestClock>(200)
        .put("/test-clock", "Set the time", system::set_clock)
        .takes::<asked::ClockBody>()
        .gives::<system::TestClock>(200)
}

fn reports(table: Table) -> Table {
    table
        .get("/reports/liability", "What is owed, period by period, and why it changed", reports::liability)
        .gives_all::<LiabilityOut>(200)
        .get("/reports/liability.svg", "The same of rewards, as a picture", reports::liability_picture)
        .gives_no_json(200)
        .get("/reports/ageing", "What is owed, by month of issue and of expiry", reports::ageing)
        .gives_all::<AgeingOut>(200)
        .get(
            "/reports/ageing.svg",
            "The same of rewards by month of expiry, as a picture",
            reports::ageing_picture,
        )
        .gives_no_json(200)
        .get("/reports/breakage", "How much is used, and what never will be", reports::breakage)
        .gives::<BreakageOut>(200)
        .get("/reports/breakage.svg", "What never will be used, as a picture", reports::breakage_picture)
        .gives_no_json(200)
}

fn webhooks(table: Table) -> Table {
    table
        .get("/webhooks", "The receivers of webhooks, and how far they were told", webhooks::index)
        .gives_all::<webhooks::WebhookOut>(200)
        .post("/webhooks", "Register a receiver of webhooks", webhooks::register)
        .takes::<asked::WebhookBody>()
        .gives::<webhooks::WebhookOut>(201)
        .gives::<webhooks::WebhookOut>(200)
        .get("/webhooks/{name}", "Show a receiver of webhooks", webhooks::show)
        .gives::<webhooks::WebhookOut>(200)
        .delete("/webhooks/{name}", "End a receiver of webhooks that was registered", webhooks::end)
        .gives_no_json(204)
        .post("/webhooks/{name}/resume", "Tell a receiver again that wanted no more", webhooks::resume)
        .gives::<webhooks::WebhookOut>(200)
        .get(
            "/webhooks/{name}/dead-letters",
            "List the webhooks that are tried no more",
            webhooks::dead_letters,
        )
        .lists::<webhooks::DeadLetter>()
        .post("/webhooks/{name}/dead-letters/replay", "Try all of them again", webhooks::replay_all)
        .gives::<webhooks::Replayed>(200)
        .post("/webhooks/{name}/dead-letters/{id}/replay", "Try one of them again", webhooks::replay_one)
        .gives::<webhooks::Replayed>(200)
}
