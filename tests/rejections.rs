//! Every rejection is reached, changes nothing, and stands where the documented precedence says.

use std::collections::BTreeSet;

use scrip::account::Account;
use scrip::definition::Scope;
use scrip::id::ExternalId;
use scrip::rejection::{Refusal, RejectionClass};
use scrip::request::{Adjust, Extend, Line, Revoke, Strategy, decide};
use scrip::store::{Found, Position, Record, Scan, View};
use scrip::time::Until;
use scrip::{
    Amount, Command, Define, DefinitionId, Error, IssuePoints, IssueReward, Ledger, LotId, MemoryStore,
    PeriodType, PointDefinition, Points, PostTransaction, ProfileId, Program, Redeem, RedemptionId,
    Rejection, Request, RewardDefinition, Timestamp,
};

fn alice() -> ProfileId {
    ProfileId::new("alice").unwrap()
}

fn now() -> Timestamp {
    "2025-06-15T00:00:00Z".parse().unwrap()
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

struct Till {
    ledger: Ledger<MemoryStore>,
    ten: DefinitionId,
    points: DefinitionId,
}

impl Till {
    fn new() -> Self {
        let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne").unwrap(), MemoryStore::new());
        let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
        let ten = ledger.at(now()).commit(Define::from(ten)).unwrap().id;
        let points = PointDefinition::new("points".parse().unwrap(), "Points");
        let points = ledger.at(now()).commit(Define::from(points)).unwrap().id;
        Self { ledger, ten, points }
    }

    fn reward(&self, change: impl FnOnce(&mut IssueReward)) -> Request {
        let mut issue = IssueReward::new(alice(), self.ten);
        change(&mut issue);
        issue.into()
    }

    fn refused(&mut self, request: impl Into<Request>) -> Rejection {
        match self.ledger.at(now()).commit(request.into()) {
            Err(Error::Rejected(rejection)) => rejection,
            other => panic!("not rejected: {other:?}"),
        }
    }

    fn done(&mut self, request: impl Into<Request>) {
        self.ledger.at(now()).commit(request.into()).unwrap();
    }
}

fn definition(change: impl FnOnce(&mut RewardDefinition)) -> Request {
    let mut definition = RewardDefinition::new("other".parse().unwrap(), "Other", Amount::from(10));
    change(&mut definition);
    Define::from(definition).into()
}

/// The codes that the cases in `tests/vectors` do not reach, reached here; together they must be all there are.
#[test]
fn every_code_is_reached() {
    let mut till = Till::new();
    let mut reached = codes_in_the_vectors();
    let long = "x".repeat(70_000);
    let mut revoke = Revoke::new(LotId::new(77).unwrap());
    revoke.reason = Some("x".repeat(256));
    for rejection in [
        till.refused(definition(|d| d.scope = Some(Box::new(Scope::only(vec!["x"; 33]))))),
        till.refused(Redeem::strict(alice(), amount("1")).with_lines(vec![Line::new("1", amount("1")); 501])),
    ] {
        assert_eq!(rejection.code(), "too_many", "{rejection}");
        reached.insert(rejection.code().to_owned());
    }
    for rejection in [
        till.refused(definition(|d| d.name = String::new())),
        till.refused(definition(|d| d.name = "x".repeat(256))),
        till.refused(definition(|d| d.description = Some(long.clone()))),
        till.refused(definition(|d| d.tags = vec![String::new()])),
        till.refused(revoke),
    ] {
        assert_eq!(rejection.code(), "text_length", "{rejection}");
        reached.insert(rejection.code().to_owned());
    }
    let endless = till.refused(definition(|d| d.absolute_expiry = Some(Until::Never)));
    assert_eq!(endless.to_string(), "absolute_expiry: must be a date; for no end, leave it out (rule T4)");
    reached.insert(endless.code().to_owned());
    let far = definition(|d| *d = d.clone().valid_for(u32::MAX, PeriodType::Years));
    till.done(far);
    let mut issue = IssueReward::new(alice(), till.ten);
    issue.reward_definition_id = None;
    issue.reward_definition_handle = Some("other".parse().unwrap());
    reached.insert(till.refused(issue).code().to_owned());

    reached.insert(made_for_another_version().code().to_owned());
    reached.insert(too_much().code().to_owned());
    reached.insert(full_journal().code().to_owned());
    reached.insert(reversed().code().to_owned());

    let all: BTreeSet<String> = Rejection::CODES.iter().map(|code| (*code).to_owned()).collect();
    let missing: Vec<_> = all.difference(&reached).collect();
    assert!(missing.is_empty(), "no test reaches {missing:?}");
}

fn codes_in_the_vectors() -> BTreeSet<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors");
    let files =
        std::fs::read_dir(folder).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let quoted = |text: String| text.split('"').map(str::to_owned).collect::<Vec<_>>();
    let words: BTreeSet<String> = files.flat_map(quoted).collect();
    Rejection::CODES.iter().filter(|code| words.contains(**code)).map(|code| (*code).to_owned()).collect()
}

/// Rule J6: what was read may have changed since.
fn made_for_another_version() -> Rejection {
    let mut till = Till::new();
    let issue = till.reward(|_| ());
    till.done(issue);
    let redeem = || Command::new(now(), Redeem::strict(alice(), amount("1")));
    till.ledger.run(&redeem().if_version(1)).unwrap();
    let refused = till.ledger.run(&redeem().if_version(1)).unwrap_err();
    // A repetition is answered, whatever was written since.
    for _ in 0..2 {
        till.ledger.run(&redeem().if_version(2).keyed("k".parse().unwrap())).unwrap();
    }
    match refused {
        Error::Rejected(rejection) => {
            assert_eq!(rejection, Rejection::VersionChanged { expected: 1, found: 2 });
            rejection
        }
        other => panic!("{other}"),
    }
}

/// Rule Q3: nine hundred single amounts fit in an account, and not a ten-thousandth more.
fn too_much() -> Rejection {
    let mut till = Till::new();
    for _ in 0..900 {
        let issue = till.reward(|issue| issue.value_initial = Some(Amount::MAX_SINGLE));
        till.done(issue);
    }
    let used_first = till.ledger.at(now()).wallet(alice()).unwrap().rewards().first().unwrap().id;
    let balance = till.ledger.at(now()).balances(alice()).unwrap().reward_balance;
    assert_eq!(balance, Amount::MAX_TOTAL);
    // Spending it does not make room: what was ever issued counts, so that no total can leave its bounds.
    till.done(Redeem::strict(alice(), Amount::MAX_SINGLE));
    let issue = till.reward(|issue| issue.value_initial = Some(amount("0.01")));
    let rejection = till.refused(issue);
    // Nor does a correction.
    let mut adjust = Adjust::new(used_first, "too much");
    adjust.value_remaining = Some(amount("0.01").into());
    let corrected = till.refused(adjust);
    assert_eq!((corrected.code(), corrected.field()), (rejection.code(), Some("value_remaining")));
    assert_eq!(rejection.field(), Some("value_initial"));
    // Points are counted by themselves.
    let mut issue = IssuePoints::new(alice(), till.points);
    issue.value_initial = Some(Points::MAX_SINGLE);
    till.done(issue);
    rejection
}

/// An account whose journal has used up its numbers, as four million entries would leave it.
fn full_journal() -> Rejection {
    let mut till = Till::new();
    let issue = till.reward(|_| ());
    till.done(issue);
    let account = till.ledger.at(now()).wallet(alice()).unwrap().account().clone();
    let last = |sequence: u32| {
        let text = serde_json::to_string(&account).unwrap();
        let text = text.replace("\"sequence\":1,", &format!("\"sequence\":{sequence},"));
        serde_json::from_str::<Account>(&text).unwrap()
    };
    let command = Command::new(now(), Redeem::strict(alice(), Amount::from(1)));
    let found = Found::default();
    let program = till.ledger.program().clone();
    let decided = |account: &Account| decide(&program, &command, &View::new(account, None, &found));
    let one_left = last((1 << 22) - 2);
    assert_eq!(decided(&one_left).unwrap().unwrap().change.first[0].sequence, (1 << 22) - 1);
    match decided(&last((1 << 22) - 1)) {
        Err(Refusal::Rejected(rejection)) => rejection,
        other => panic!("{other:?}"),
    }
}

/// A redemption that the journal says was reversed.
fn reversed() -> Rejection {
    let mut till = Till::new();
    let issue = till.reward(|_| ());
    till.done(issue);
    let redemption = till.ledger.at(now()).commit(Redeem::strict(alice(), Amount::from(1))).unwrap().id;
    let sale = PostTransaction::new(alice(), Amount::from(1)).paid_with(redemption, Amount::from(2));
    till.done(sale.clone());
    let wallet = till.ledger.at(now()).wallet(alice()).unwrap();
    let text = serde_json::to_string(&wallet.journal()[2]).unwrap();
    let latest =
        serde_json::from_str(&text.replace("\"is_reversed\":false", "\"is_reversed\":true")).unwrap();
    let mut found = Found::default();
    found.redemption = Some(Record { made: &wallet.journal()[1], latest: Some(&latest) });
    let command = Command::new(now(), Request::from(sale));
    match decide(till.ledger.program(), &command, &View::new(wallet.account(), None, &found)) {
        Err(Refusal::Rejected(rejection)) => rejection,
        other => panic!("{other:?}"),
    }
}

/// Requests with several things wrong at once are refused for the first of them.
#[test]
fn the_precedence_is_as_documented() {
    use RejectionClass::{Field, Identity, Terms, Time, Unknown, Value};
    let mut till = Till::new();
    let external_id = Some(ExternalId::new("one").unwrap());
    let first = till.reward(|issue| issue.external_id = external_id.clone());
    till.done(first);
    let early: Timestamp = "2025-06-14T00:00:00Z".parse().unwrap();
    let bad = Some(amount("1.001"));
    let nothing = DefinitionId::new(99).unwrap();
    let at = |till: &mut Till, at: Timestamp, request: Request| match till.ledger.at(at).commit(request) {
        Err(Error::Rejected(rejection)) => rejection.class(),
        other => panic!("not rejected: {other:?}"),
    };
    // Everything is wrong, and then one thing less at each step.
    let issue = till.reward(|issue| {
        issue.external_id = external_id.clone();
        issue.value_initial = bad;
        issue.reward_definition_id = Some(nothing);
    });
    assert_eq!(at(&mut till, early, issue), Identity);
    let issue = till.reward(|issue| {
        issue.value_initial = bad;
        issue.reward_definition_id = Some(nothing);
    });
    assert_eq!(at(&mut till, early, issue), Field);
    let issue = till.reward(|issue| issue.reward_definition_id = Some(nothing));
    assert_eq!(at(&mut till, early, issue.clone()), Time);
    assert_eq!(at(&mut till, now(), issue), Unknown);
    let issue = till.reward(|issue| issue.value_remaining = Some(Amount::from(11)));
    assert_eq!(at(&mut till, now(), issue), Terms);
    // Terms before value: without an exchange rate points cannot pay, whether or not there are any.
    let redeem =
        Redeem::strict(alice(), Amount::from(1_000)).with_strategies([Strategy::Rewards, Strategy::Points]);
    assert_eq!(at(&mut till, now(), redeem.clone().into()), Terms);
    assert_eq!(at(&mut till, now(), redeem.with_strategies([Strategy::Rewards]).into()), Value);
}

/// Whatever is refused leaves every journal as it was.
#[test]
fn a_rejected_request_changes_nothing() {
    let mut till = Till::new();
    let issue =
        till.reward(|issue| issue.expires_at = Some(Until::Instant("2025-07-01T00:00:00Z".parse().unwrap())));
    till.done(issue);
    let before = till.ledger.store().feed(&Position::START, 100).unwrap();
    let nothing = RedemptionId::new(77).unwrap();
    let later: Timestamp = "2025-08-01T00:00:00Z".parse().unwrap();
    let requests: Vec<Request> = vec![
        Redeem::strict(alice(), Amount::from(11)).into(),
        Redeem::strict(alice(), amount("0.001")).into(),
        PostTransaction::new(alice(), amount("0.001")).into(),
        PostTransaction::new(alice(), Amount::from(5)).paid_with(nothing, Amount::from(5)).into(),
        till.reward(|issue| issue.value_initial = Some(Amount::ZERO)),
    ];
    for at in [now(), later] {
        for request in &requests {
            till.ledger.at(at).commit(request.clone()).unwrap_err();
            // Not even what fell due since is written by it.
            let written = till.ledger.store().feed(&Position::START, 100).unwrap();
            assert_eq!(written, before, "{request:?} at {at}");
        }
    }
}

/// The text names the field and the rule, and the numbers are in it.
#[test]
fn a_rejection_says_what_is_wrong() {
    let mut till = Till::new();
    let text = till.refused(Redeem::strict(alice(), amount("10.005"))).to_string();
    assert_eq!(text, "amount: 10.005 has more than 2 decimals, and amounts are never rounded (rule Q1)");
    let text = till.refused(Redeem::strict(alice(), Amount::from(7))).to_string();
    assert_eq!(text, "amount: 7 was requested and 0 is available (rule C4)");

    let named = |issue: &mut IssueReward| issue.external_id = Some("one".parse().unwrap());
    let reward = till.reward(named);
    till.done(reward);
    let other = till.reward(|issue| (named(issue), issue.value_initial = Some(Amount::from(3))).1);
    let text = till.refused(other).to_string();
    assert_eq!(text, "external_id: `one` was used before with other content (rule D5)");
    let sale = |total| PostTransaction::new(alice(), total).with_external_id("one".parse().unwrap());
    till.done(sale(Amount::from(5)));
    let text = till.refused(sale(Amount::from(6))).to_string();
    assert_eq!(text, "external_id: `one` was used before with other content (rule X2)");
    let [one, two] = [77, 78].map(|id| LotId::new(id).unwrap());
    let text = till.refused(Extend::by_days(alice(), vec![one], 1)).to_string();
    assert_eq!(text, format!("ids: lot {one} is not among the lots of this profile (rule L1)"));
    let text = till.refused(Extend::by_days(alice(), vec![one, two], 1)).to_string();
    assert_eq!(text, format!("ids: lots {one}, {two} are not among the lots of this profile (rule L1)"));
}
