//! Accounts as such: one that adds up is told from one that does not (rule J3).

use scrip::account::Account;
use scrip::id::ProfileNumber;
use scrip::outcome::UnusedReason;
use scrip::request::Strategy;
use scrip::store::{Change, CommitStatus, Need, Owner, Store, View, Work};
use scrip::time::{Expiry, Until, When};
use scrip::{
    Amount, Define, IssuePoints, IssueReward, Ledger, MemoryStore, PlaceHold, PointDefinition, Points,
    ProfileId, Program, Redeem, RewardDefinition, Timestamp,
};
use serde_json::Value;

type Tested = Result<(), Box<dyn std::error::Error>>;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// An account with something in every place that is counted: lots that are free, held, pending, and held past their expiry.
fn full() -> Result<(Ledger<MemoryStore>, ProfileId), Box<dyn std::error::Error>> {
    let program: Program = serde_json::from_value(serde_json::json!({
        "currency": "AUD", "timezone": "Australia/Melbourne", "exchange_rate": { "points": 100, "amount": 10 }
    }))?;
    let (mut ledger, alice) = (Ledger::new(program, MemoryStore::new()), ProfileId::new("alice")?);
    let mut june = ledger.at(at("2025-06-01T00:00:00Z"));
    let ten = june.commit(Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10))))?.id;
    let points = PointDefinition::new("points".parse()?, "Points");
    let points = june.commit(Define::from(points))?.id;
    let soon = Some(Until::Instant(at("2025-06-02T00:00:00Z")));
    for (expires_at, available_at) in [(soon, None), (None, None), (None, Some(at("2025-07-01T00:00:00Z")))] {
        let mut reward = IssueReward::new(alice, ten);
        (reward.expires_at, reward.available_at) = (expires_at, available_at.map(When::Instant));
        june.commit(reward)?;
        let mut lot = IssuePoints::new(alice, points);
        (lot.expires_at, lot.available_at) = (expires_at, available_at.map(When::Instant));
        lot.value_initial = Some(Points::from(100));
        june.commit(lot)?;
    }
    for (strategy, amount) in [(Strategy::Rewards, 4), (Strategy::Points, 4)] {
        let mut hold = PlaceHold::strict(alice, Amount::from(amount)).with_strategies([strategy]);
        hold.expires_in = Some(3 * 24 * 60 * 60);
        june.commit(hold)?;
    }
    // What is free of the lots that end on the 2nd has none left; what is held of them stays.
    ledger.at(at("2025-06-02T00:00:01Z")).commit(Redeem::strict(alice, Amount::from(1)))?;
    Ok((ledger, alice))
}

/// Copies an account.
struct Copy([Need; 1], Option<Account>);

impl Work for Copy {
    fn needs(&self) -> &[Need] {
        &self.0
    }

    fn decide(&mut self, _: usize, view: View<'_>) -> Option<&Change> {
        self.1 = Some(view.first.clone());
        None
    }

    fn settle(&mut self, _: usize, _: CommitStatus) {}
}

#[test]
fn an_account_that_does_not_add_up_is_told_from_one_that_does() -> Tested {
    let (mut ledger, alice) = full()?;
    let mut copy = Copy([Need::of(Owner::Profile(alice))], None);
    ledger.store().run(&mut copy)?;
    let account = copy.1.ok_or("no account")?;
    assert!(account.is_conserved());
    let counted = serde_json::to_value(&account)?;
    for list in ["rewards", "points", "pending", "overdue", "holds"] {
        assert!(counted[list].as_array().is_some_and(|list| !list.is_empty()), "{list}: {counted}");
    }
    let mut paths = Vec::new();
    amounts(&counted, String::new(), &mut paths);
    assert!(paths.len() > 25, "{paths:?}");
    for path in paths {
        let mut spoiled = counted.clone();
        let amount = spoiled.pointer_mut(&path).ok_or("no such place")?;
        let more: f64 = amount.as_str().ok_or("no amount")?.parse::<f64>()? + 1.0;
        *amount = Value::String(more.to_string());
        let spoiled: Account = serde_json::from_value(spoiled)?;
        assert!(!spoiled.is_conserved(), "one more at {path} is noticed");
    }
    Ok(())
}

/// Where the amounts are that have to agree with one another.
fn amounts(value: &Value, path: String, paths: &mut Vec<String>) {
    let is_counted = |name: &str| {
        let is_lot = name == "remaining" || name == "held";
        let in_totals = path.starts_with("/totals/");
        // What is left of a lot past its expiry is in no balance but as what is held of it; and of an item that points paid
        // for, it is the points that are held.
        (is_lot && !(path.starts_with("/overdue") && name == "remaining") && !path.starts_with("/pending"))
            || (path.starts_with("/pending") && name == "remaining")
            || in_totals
            || (path.contains("/items/")
                && name == if value.get("points").is_some() { "points" } else { "amount" })
    };
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if field.is_string() && is_counted(name) {
                    paths.push(format!("{path}/{name}"));
                }
                amounts(field, format!("{path}/{name}"), paths);
            }
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, one)| amounts(one, format!("{path}/{index}"), paths));
        }
        _ => {}
    }
}

#[test]
fn an_account_says_when_something_last_happened_to_it() -> Tested {
    let account = Account::new(ProfileId::new("alice")?, ProfileNumber::new(1)?);
    assert_eq!((account.sequence(), account.last_at()), (0, None));
    Ok(())
}

/// A lot expires, and then what was held of it is let go, before either was written.
#[test]
fn a_lot_that_expired_in_two_steps_is_unused_once() -> Tested {
    let (mut ledger, alice) = (
        Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new()),
        ProfileId::new("alice")?,
    );
    let mut june = ledger.at(at("2025-06-01T00:00:00Z"));
    let ten = june.commit(Define::from(RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10))))?.id;
    let mut soon = IssueReward::new(alice, ten);
    soon.expires_at = Some(Until::Instant(at("2025-06-02T00:00:00Z")));
    let soon = june.commit(soon)?.id;
    let mut later = IssueReward::new(alice, ten);
    later.expires_at = Some(Until::Never);
    assert_eq!(june.commit(later)?.expires_at, Expiry::NEVER);
    let mut hold = PlaceHold::strict(alice, Amount::from(4));
    hold.expires_in = Some(3 * 24 * 60 * 60);
    june.commit(hold)?;
    let quote = ledger.at(at("2025-06-30T00:00:00Z")).quote(&Redeem::strict(alice, Amount::from(1)))?;
    let unused: Vec<_> = quote.unused.iter().map(|unused| (unused.lot, unused.reason)).collect();
    assert_eq!(unused, [(soon, UnusedReason::Expired)]);
    Ok(())
}
