//! Activity of a profile that has many points which lapse without it (rule T9): a sale, and a redemption.

use chrono::TimeDelta;
use scrip::program::ProgramSettings;
use scrip::request::Strategy;
use scrip::value::ExchangeRate;
use scrip::{
    Amount, Define, IssuePoints, Ledger, MemoryStore, PeriodType, PointDefinition, Points, PostTransaction,
    ProfileId, Redeem, Timestamp,
};

/// Carries out so many sales and redemptions, each in the care of `counted`, with so many lots.
pub(crate) fn run(lots: u32, requests: u32, counted: fn(&mut dyn FnMut())) {
    let rate = ExchangeRate::new(Points::from(1), Amount::from(1)).unwrap();
    let settings = ProgramSettings::new("AUD".parse().unwrap(), "Australia/Melbourne".parse().unwrap());
    let program = settings.with_exchange_rate(rate).try_into().unwrap();
    let mut ledger = Ledger::new(program, MemoryStore::new());
    let start: Timestamp = "2025-06-15T14:32:00+10:00".parse().unwrap();
    let mut till = ledger.at(start);
    let club = PointDefinition::new("club".parse().unwrap(), "Club").lapsing_after(18, PeriodType::Months);
    let club = till.commit(Define::from(club)).unwrap();
    let alice = ProfileId::new("alice").unwrap();
    for _ in 0..lots {
        till.commit(IssuePoints::new(alice, club.id).with_value(Points::from(1_000))).unwrap();
    }
    for number in 1..=requests {
        let at = start.checked_add(TimeDelta::hours(number.into())).unwrap();
        counted(&mut || {
            let mut till = ledger.at(at);
            till.commit(PostTransaction::new(alice, Amount::from(25))).unwrap();
            till.commit(Redeem::strict(alice, Amount::from(1)).with_strategies([Strategy::Points])).unwrap();
        });
    }
    let left = Points::from(1_000 * lots - requests);
    let end = start.checked_add(TimeDelta::hours(requests.into())).unwrap();
    assert_eq!(ledger.at(end).balances(alice).unwrap().point_balance, left);
}
