//! The edges: ten thousand lots, one tick around an expiry, the largest amounts, a long history.

use chrono::TimeDelta;
use scrip::definition::Scope;
use scrip::program::{Earn, ProgramSettings};
use scrip::request::{Line, MergeProfiles, Strategy};
use scrip::time::Until;
use scrip::value::ExchangeRate;
use scrip::{
    Amount, CaptureHold, Command, Define, DefinitionId, HoldId, IssuePoints, IssueReward, Ledger,
    MemoryStore, PlaceHold, PointDefinition, Points, PostTransaction, ProfileId, Program, Redeem, Request,
    ReturnRedemption, ReturnTransaction, RewardDefinition, Timestamp,
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn alice() -> ProfileId {
    ProfileId::new("alice").unwrap()
}

fn ledger(program: Program) -> (Ledger<MemoryStore>, DefinitionId, DefinitionId) {
    let start = at("2025-01-01T00:00:00Z");
    let mut ledger = Ledger::new(program, MemoryStore::new());
    let ten = RewardDefinition::new("ten".parse().unwrap(), "Ten", Amount::from(10));
    let ten = ledger.at(start).commit(Define::from(ten)).unwrap().id;
    let points = PointDefinition::new("points".parse().unwrap(), "Points");
    let points = ledger.at(start).commit(Define::from(points)).unwrap().id;
    (ledger, ten, points)
}

fn australian() -> Program {
    Program::new("AUD", "Australia/Melbourne").unwrap()
}

/// Rule D5: each request of a batch is answered in its place, also one that says too little to load anything for.
///
/// Catches: a batch that leaves such a request unanswered, or answers it in another's place.
#[test]
fn a_batch_refuses_in_its_place_what_nothing_can_be_loaded_for() {
    let (mut ledger, ten, _) = ledger(australian());
    let start = at("2025-01-01T00:00:00Z");
    ledger.at(start).commit(IssueReward::new(alice(), ten)).unwrap();
    let mut nobodys = Redeem::strict(alice(), Amount::from(3));
    nobodys.profile_id = None;
    let fine = Redeem::strict(alice(), Amount::from(4));
    let batch = [nobodys.clone(), fine, nobodys, Redeem::strict(alice(), Amount::from(7))];
    let answers = ledger.run_all(&batch.map(|redeem| Command::new(start, redeem)));
    let told = |answer: &Result<_, scrip::Error<_>>| answer.as_ref().err().map(scrip::Error::code);
    let told: Vec<_> = answers.iter().map(told).collect();
    assert_eq!(told, [Some("missing_field"), None, Some("missing_field"), Some("insufficient_value")]);
    assert_eq!(ledger.at(start).balances(alice()).unwrap().reward_balance, Amount::from(6));
}

#[test]
fn ten_thousand_lots_are_used_in_order_to_the_cent() {
    let (mut ledger, ten, _) = ledger(australian());
    let start = at("2025-01-01T00:00:00Z");
    let issues = (0..10_000_i64).map(|index| {
        let mut issue = IssueReward::new(alice(), ten);
        // In an order that has nothing to do with that of their expiries.
        let seconds = 86_400 + (index * 7_919) % 10_000;
        issue.expires_at = Some(Until::Instant(start.checked_add(TimeDelta::seconds(seconds)).unwrap()));
        issue.value_initial = Some("0.01".parse().unwrap());
        issue
    });
    assert!(ledger.at(start).commit_all(issues).iter().all(Result::is_ok));
    let redemption = ledger.at(start).commit(Redeem::strict(alice(), "99.99".parse().unwrap())).unwrap();
    assert_eq!(redemption.items.len(), 9_999);
    let wallet = ledger.at(start).wallet(alice()).unwrap();
    let left: Vec<_> = wallet.rewards().into_iter().filter(|reward| reward.is_active()).collect();
    assert_eq!(left.len(), 1);
    // The one that expires last.
    assert_eq!(
        left[0].expires_at.instant(),
        Some(start.checked_add(TimeDelta::seconds(86_400 + 9_999)).unwrap())
    );
    assert!(wallet.account().is_conserved());
}

#[test]
fn ten_thousand_lots_expire_one_by_one() {
    let (mut ledger, ten, _) = ledger(australian());
    let start = at("2025-01-01T00:00:00Z");
    let issues = (0..10_000_i64).map(|index| {
        let mut issue = IssueReward::new(alice(), ten);
        issue.expires_at =
            Some(Until::Instant(start.checked_add(TimeDelta::microseconds(index + 1)).unwrap()));
        issue
    });
    assert!(ledger.at(start).commit_all(issues).iter().all(Result::is_ok));
    for (micros, left) in [(0, 100_000), (1, 99_990), (5_000, 50_000), (9_999, 10), (10_000, 0)] {
        let then = start.checked_add(TimeDelta::microseconds(micros)).unwrap();
        assert_eq!(
            ledger.at(then).balances(alice()).unwrap().reward_balance,
            Amount::from(left),
            "after {micros}"
        );
    }
}

/// Rule T4 on the days with 23 and 25 hours, through an issue and a redemption, one tick around the end.
#[test]
fn short_and_long_days_end_when_they_end() {
    for (zone, issued, end) in [
        ("Australia/Melbourne", "2025-10-04T12:00:00+10:00", "2025-10-06T00:00:00+11:00"),
        ("Australia/Melbourne", "2025-04-05T12:00:00+11:00", "2025-04-07T00:00:00+10:00"),
        ("America/Sao_Paulo", "2018-11-02T12:00:00-03:00", "2018-11-04T01:00:00-02:00"),
        ("Africa/Cairo", "2024-10-30T12:00:00+03:00", "2024-11-01T00:00:00+02:00"),
        ("America/Havana", "2024-11-01T12:00:00-04:00", "2024-11-03T00:00:00-04:00"),
        ("Pacific/Apia", "2011-12-28T12:00:00-10:00", "2011-12-31T00:00:00+14:00"),
        ("Europe/London", "2024-02-28T12:00:00Z", "2024-03-01T00:00:00Z"),
    ] {
        let mut ledger = Ledger::new(Program::new("AUD", zone).unwrap(), MemoryStore::new());
        let mut till = ledger.at(at(issued));
        let day = RewardDefinition::new("day".parse().unwrap(), "To the end of tomorrow", Amount::from(10))
            .valid_for(1, scrip::PeriodType::Days);
        let day = till.commit(Define::from(day)).unwrap().id;
        till.commit(IssueReward::new(alice(), day)).unwrap();
        let end = at(end);
        let tick_before = end.checked_add(TimeDelta::microseconds(-1)).unwrap();
        ledger.at(tick_before).commit(Redeem::strict(alice(), Amount::from(1))).unwrap();
        assert_eq!(
            ledger.at(tick_before).balances(alice()).unwrap().reward_balance,
            Amount::from(9),
            "{zone}"
        );
        assert_eq!(ledger.at(end).balances(alice()).unwrap().reward_balance, Amount::ZERO, "{zone}");
        ledger.at(end).commit(Redeem::strict(alice(), Amount::from(1))).unwrap_err();
    }
}

/// Rules Q3 and Q5: the largest amounts paid in the smallest steps, with nothing lost.
#[test]
fn the_largest_amounts_and_the_finest_points() {
    let mut settings = ProgramSettings::new("AUD".parse().unwrap(), "UTC".parse().unwrap());
    settings.point_scale = 4;
    settings.exchange_rate = Some(ExchangeRate::new("0.0001".parse().unwrap(), Amount::from(100)).unwrap());
    let (mut ledger, ten, points) = ledger(settings.try_into().unwrap());
    let now = at("2025-01-01T00:00:00Z");
    let mut till = ledger.at(now);
    for _ in 0..900 {
        let mut issue = IssuePoints::new(alice(), points);
        issue.value_initial = Some(Points::MAX_SINGLE);
        till.commit(issue).unwrap();
        let mut issue = IssueReward::new(alice(), ten);
        issue.value_initial = Some(Amount::MAX_SINGLE);
        till.commit(issue).unwrap();
    }
    let balances = till.balances(alice()).unwrap();
    assert_eq!(balances.point_balance, Points::MAX_TOTAL);
    assert_eq!(balances.point_worth.to_string(), "900000000000000000000");
    assert_eq!(balances.combined_worth.to_string(), "900000900000000000000");
    let both = [Strategy::Points, Strategy::Rewards];
    let paid = till.commit(Redeem::strict(alice(), Amount::MAX_SINGLE).with_strategies(both)).unwrap();
    assert_eq!(paid.items.len(), 1);
    assert_eq!(paid.items[0].points, Points::from(1_000_000));
}

/// Rule Q3: all that a merged profile ever had counts for the one that took over, so that what comes back has room.
#[test]
fn a_merger_is_held_to_the_total() {
    let (mut ledger, ten, _) = ledger(australian());
    let (now, old) = (at("2025-01-01T00:00:00Z"), ProfileId::new("old").unwrap());
    let mut till = ledger.at(now);
    let mut largest = IssueReward::new(old, ten);
    largest.value_initial = Some(Amount::MAX_SINGLE);
    till.commit(largest.clone()).unwrap();
    let redemption = till.commit(Redeem::strict(old, Amount::MAX_SINGLE)).unwrap().id;
    largest.profile_id = alice();
    for _ in 0..899 {
        till.commit(largest.clone()).unwrap();
    }
    let mut small = largest.clone();
    small.value_initial = Some(Amount::from(10));
    let bob = ProfileId::new("bob").unwrap();
    small.profile_id = bob;
    till.commit(small.clone()).unwrap();
    till.commit(MergeProfiles::new(old, alice())).unwrap();
    let before = till.wallet(alice()).unwrap().journal().len();
    small.profile_id = alice();
    assert_eq!(till.commit(small).unwrap_err().code(), "account_total_exceeded");
    let too_much = till.commit(MergeProfiles::new(bob, alice())).unwrap_err();
    assert_eq!(too_much.code(), "account_total_exceeded");
    assert_eq!(before, till.wallet(alice()).unwrap().journal().len());
    let back = till.commit(ReturnRedemption::strict(redemption, Amount::MAX_SINGLE)).unwrap();
    assert_eq!(back.balances.reward_balance, Amount::MAX_TOTAL);
    for profile in [alice(), old, bob] {
        assert!(till.wallet(profile).unwrap().account().is_conserved());
    }
}

/// Rules Q3 and X4: what was earned, spent and is owed goes along, and is held to the total as well.
#[test]
fn what_is_owed_is_held_to_the_total() {
    let mut settings = ProgramSettings::new("AUD".parse().unwrap(), "UTC".parse().unwrap());
    settings.exchange_rate = Some(ExchangeRate::new(Points::from(1_000), Amount::from(1)).unwrap());
    settings.earn = vec![Earn::new(Points::from(1_000), Amount::from(1))];
    let (mut ledger, ..) = ledger(settings.try_into().unwrap());
    let mut till = ledger.at(at("2025-01-01T00:00:00Z"));
    let all: Amount = "900000000000".parse().unwrap();
    let [one, two, new] = ["one", "two", "new"].map(|name| ProfileId::new(name).unwrap());
    // All of it is spent; and then comes back what earned it.
    for profile in [one, two] {
        let sale = till.commit(PostTransaction::new(profile, all)).unwrap().id;
        till.commit(Redeem::strict(profile, all).with_strategies([Strategy::Points])).unwrap();
        let back = till.commit(ReturnTransaction::new(sale, all)).unwrap();
        assert_eq!(back.balances.point_debt, Points::MAX_TOTAL);
    }
    let merged = till.commit(MergeProfiles::new(one, two)).unwrap_err();
    assert_eq!(merged.code(), "account_total_exceeded");
    assert_eq!(till.commit(MergeProfiles::new(one, new)).unwrap().point_debt, Points::MAX_TOTAL);
    assert_eq!(till.balances(new).unwrap().point_debt, Points::MAX_TOTAL);
    let more = till.commit(PostTransaction::new(new, Amount::from(1))).unwrap_err();
    assert_eq!(more.code(), "account_total_exceeded");
}

/// What was spent is no burden: the account that decisions are made on holds what is live, and nothing else.
#[test]
fn an_account_holds_only_live_lots() {
    let (mut ledger, ten, _) = ledger(australian());
    let now = at("2025-01-01T00:00:00Z");
    let commands = (0..2_000).map(|_| Command::new(now, Redeem::strict(alice(), Amount::from(10))));
    for command in commands {
        ledger.at(now).commit(IssueReward::new(alice(), ten)).unwrap();
        ledger.run(&command).unwrap();
    }
    let wallet = ledger.at(now).wallet(alice()).unwrap();
    assert_eq!(wallet.journal().len(), 4_000);
    let fresh =
        serde_json::to_string(&scrip::account::Account::new(alice(), wallet.account().number())).unwrap();
    let grown = serde_json::to_string(wallet.account()).unwrap();
    assert!(grown.len() < fresh.len() + 200, "{grown}");
}

/// So many lines with the longest ids, each with these tags.
fn lines(count: u32, tags: &[String]) -> Vec<Line> {
    (0..count).map(|id| Line::new(format!("{id:064}"), Amount::from(1)).with_tags(tags)).collect()
}

fn tags(count: usize, bytes: usize) -> Vec<String> {
    (0..count).map(|tag| format!("{tag:0bytes$}")).collect()
}

/// Every request that says what is bought; a sale has no tags that every line has as well.
fn with_basket(hold: HoldId, lines: &[Line], tags: &[String]) -> Vec<Request> {
    let (lines, one) = (|| lines.iter().cloned(), Amount::from(1));
    vec![
        PostTransaction::new(alice(), Amount::from(501)).with_lines(lines()).into(),
        Redeem::strict(alice(), one).with_lines(lines()).with_tags(tags).into(),
        PlaceHold::strict(alice(), one).with_lines(lines()).with_tags(tags).into(),
        CaptureHold::all(hold).with_lines(lines()).with_tags(tags).into(),
    ]
}

/// Catches: a limit that one of the requests lacks, or that is one off (rule S1).
#[test]
fn a_basket_has_five_hundred_lines_and_a_line_thirty_two_tags() {
    let (mut ledger, ten, _) = ledger(australian());
    let mut till = ledger.at(at("2025-01-01T00:00:00Z"));
    till.commit(IssueReward::new(alice(), ten)).unwrap();
    let hold = till.commit(PlaceHold::strict(alice(), Amount::from(1))).unwrap().id;
    let most = tags(32, 64);
    let [mut empty, mut long] = [lines(1, &[]), lines(1, &[])];
    (empty[0].id, long[0].id) = (String::new(), "x".repeat(65));
    for (lines, tags, code, field) in [
        (lines(501, &[]), vec![], "too_many", "lines"),
        (lines(1, &tags(33, 2)), vec![], "too_many", "lines.tags"),
        (lines(1, &tags(1, 65)), vec![], "text_length", "lines.tags"),
        (lines(1, &[String::new()]), vec![], "text_length", "lines.tags"),
        (empty, vec![], "text_length", "lines.id"),
        (long, vec![], "text_length", "lines.id"),
        (lines(1, &[]), tags(33, 2), "too_many", "tags"),
        (lines(1, &[]), tags(1, 65), "text_length", "tags"),
    ] {
        let requests = with_basket(hold, &lines, &tags).into_iter();
        for request in requests.skip(usize::from(!tags.is_empty())) {
            let error = till.commit(request).unwrap_err();
            assert_eq!((error.code(), error.rejection().unwrap().field()), (code, Some(field)));
        }
    }
    let scope = Scope::only(most.clone()).with_except(tags(32, 63));
    till.commit(IssueReward::new(alice(), ten).with_scope(scope)).unwrap();
    for scope in [Scope::only(tags(33, 2)), Scope::except(tags(33, 2))] {
        let error = till.commit(IssueReward::new(alice(), ten).with_scope(scope)).unwrap_err();
        assert_eq!(error.code(), "too_many");
    }
    for request in with_basket(hold, &lines(500, &most), &most) {
        till.commit(request).unwrap();
    }
}
