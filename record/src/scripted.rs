//! Situations that chance does not bring about often enough.

use std::io;

use serde_json::{Value, json};

use crate::chance::Chance;
use crate::generate::amount;
use crate::run::Run;

/// A few profiles, and definitions of each sort with ordinary terms.
pub fn open(run: &mut Run<'_>) -> io::Result<()> {
    run.known.profiles = ["p-a", "p-b", "p-c"].map(str::to_owned).to_vec();
    for (place, sort) in ["reward", "reward", "point", "point"].into_iter().enumerate() {
        let period = (place % 2 == 0).then_some(14);
        let terms = json!({
            "handle": format!("first-{place}"), "name": "One of the first", "value": amount(100_000),
            "period": period, "extend_days": 3, "is_extendable": true, "is_reassignable": true,
        });
        send(run, "define", json!({sort: terms}))?;
    }
    Ok(())
}

/// The largest amount nine hundred times is all that an account holds (rule Q3).
pub fn fill_an_account(run: &mut Run<'_>) -> io::Result<()> {
    let issue = json!({"issue_reward": {
        "profile_id": "vault", "reward_definition_id": first_definition(run), "value_initial": "1000000000000",
    }});
    let mut chance = Chance::of(0, 0);
    let all: Vec<_> =
        (0..902).map(|_| run.command("issue_reward", run.now, None, issue.clone(), &mut chance)).collect();
    run.known.profiles.push("vault".to_owned());
    run.send_batch(all)
}

/// A transaction and its redemption stay with two profiles, both merged since (rule X1).
pub fn part_a_redemption(run: &mut Run<'_>) -> io::Result<()> {
    let id = first_definition(run);
    send(run, "issue_reward", json!({"profile_id": "m-1", "reward_definition_id": id}))?;
    send(run, "redeem", json!({"profile_id": "m-1", "amount": 3, "basket_total": 100}))?;
    let redemption = run.known.redemptions.last().map(|known| known.id);
    send(run, "merge_profiles", json!({"profile_id": "m-1", "into": "m-2"}))?;
    let sale = json!({
        "profile_id": "m-2", "redemption_id": redemption, "total": 7, "total_original": 10,
    });
    send(run, "post_transaction", sale)?;
    send(run, "merge_profiles", json!({"profile_id": "m-2", "into": "m-3"}))?;
    let sale = run.known.transactions.last().map(|known| known.id);
    send(run, "delete_transaction", json!({"transaction_id": sale}))?;
    run.known.profiles.extend(["m-1", "m-2", "m-3"].map(str::to_owned));
    Ok(())
}

fn first_definition(run: &Run<'_>) -> Option<u64> {
    run.known.rewards.first().map(|known| known.id)
}

fn send(run: &mut Run<'_>, kind: &'static str, body: Value) -> io::Result<()> {
    let mut chance = Chance::of(0, 0);
    let prepared = run.command(kind, run.now, None, json!({kind: body}), &mut chance);
    run.single(&mut chance, prepared)
}
