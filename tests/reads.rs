//! What can be read of lots without the journal is what the journal says.

use scrip::program::{Earn, ProgramSettings};
use scrip::request::{Adjust, Extend, Reassign, Revoke};
use scrip::store::{AsOf, Change, CommitStatus, MemoryError, Need, Store, View, Work};
use scrip::time::When;
use scrip::value::Quantity;
use scrip::{
    Amount, CaptureHold, Define, DefinitionId, IssuePoints, IssueReward, Ledger, LotId, MemoryStore,
    PeriodType, PlaceHold, PointDefinition, PointLot, Points, PostTransaction, ProfileId, Program, Redeem,
    Reward, RewardDefinition, Timestamp,
};

type Tested = Result<(), Box<dyn std::error::Error>>;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A ledger with a definition whose rewards can be extended and moved.
fn ledger() -> Result<(Ledger<MemoryStore>, scrip::DefinitionId), Box<dyn std::error::Error>> {
    let mut ledger = Ledger::new(Program::new("AUD", "Australia/Melbourne")?, MemoryStore::new());
    let mut ten = RewardDefinition::new("ten".parse()?, "Ten", Amount::from(10));
    (ten.is_extendable, ten.is_reassignable) = (true, true);
    let ten = ledger.at(at("2025-01-01T00:00:00Z")).commit(Define::from(ten))?.id;
    Ok((ledger, ten))
}

#[test]
fn lots_read_by_themselves_are_those_of_the_wallet() -> Tested {
    let (mut ledger, ten) = ledger()?;
    let (alice, bob) = (ProfileId::new("alice")?, ProfileId::new("bob")?);
    let mut june = ledger.at(at("2025-06-01T00:00:00Z"));
    let mut ids = Vec::new();
    for (index, end) in ["2025-06-10", "2025-06-20", "2025-07-20", "2025-08-20", "2025-09-20", "2025-10-20"]
        .into_iter()
        .enumerate()
    {
        let mut issue = IssueReward::new(alice, ten);
        issue.expires_at = Some(end.parse()?);
        // The last one can be used later only.
        issue.available_at = (index == 5).then(|| When::Instant(at("2025-09-30T00:00:00Z")));
        ids.push(june.commit(issue)?.id);
    }
    june.commit(Redeem::strict(alice, "12.50".parse()?))?;
    let hold = june.commit(PlaceHold::strict(alice, Amount::from(9)))?;
    june.commit(Extend::by_days(alice, vec![ids[1]], 5))?;
    june.commit(Reassign::new(ids[4], bob))?;
    same(&mut ledger, alice, &ids, at("2025-06-01T00:00:01Z"))?;
    // What falls due by then is seen, whether or not an entry says so yet: the lot, and the hold on another.
    same(&mut ledger, alice, &ids, at("2025-06-27T00:00:00Z"))?;
    let mut later = ledger.at(at("2025-06-01T00:10:00Z"));
    later.commit(CaptureHold::part(hold.id, Amount::from(3)))?;
    later.commit(Revoke::new(ids[3]))?;
    let mut adjust = Adjust::new(ids[2], "sorry");
    adjust.value_remaining = Some(Quantity::from(Amount::from(20)));
    later.commit(adjust)?;
    same(&mut ledger, alice, &ids, at("2025-06-02T00:00:00Z"))?;
    same(&mut ledger, alice, &ids, at("2026-06-02T00:00:00Z"))?;
    same(&mut ledger, bob, &ids, at("2025-06-02T00:00:00Z"))
}

/// Points that lapse are read as in the wallet, before their lapse and after it (rule T9).
#[test]
fn points_that_activity_keeps_say_so() -> Tested {
    let (mut ledger, _) = ledger()?;
    let alice = ProfileId::new("alice")?;
    let mut june = ledger.at(at("2025-06-01T00:00:00Z"));
    let mut club = PointDefinition::new("club".parse()?, "Club");
    (club.inactivity_period, club.inactivity_period_type) = (Some(7), PeriodType::Days);
    let club = june.commit(Define::from(club))?.id;
    let lot = june.commit(IssuePoints::new(alice, club).with_value(Points::from(9)))?.id;
    for (then, is_kept) in [("2025-06-02T00:00:00Z", true), ("2025-06-20T00:00:00Z", false)] {
        let mut then = ledger.at(at(then));
        let found: Vec<PointLot> =
            then.lots(alice, &[lot])?.lots.into_iter().map(|known| known.lot.of()).collect();
        assert_eq!(found, then.wallet(alice)?.points());
        assert_eq!(found[0].is_kept_by_activity, is_kept);
    }
    Ok(())
}

fn same(ledger: &mut Ledger<MemoryStore>, profile: ProfileId, ids: &[LotId], now: Timestamp) -> Tested {
    let mut moment = ledger.at(now);
    let wallet = moment.wallet(profile)?;
    let known = moment.lots(profile, ids)?;
    assert_eq!(known.version, wallet.account().sequence());
    let mut expected: Vec<Reward> = wallet.rewards();
    expected.sort_by_key(|reward| reward.id);
    for known in &known.lots {
        let times = wallet.lot_times(known.lot.id).unwrap();
        let changed = known.changed_at.unwrap_or(known.written_at);
        assert!(times.created_at <= known.written_at && changed <= times.updated_at);
    }
    let found: Vec<Reward> = known.lots.into_iter().map(|known| known.lot.of()).collect();
    assert_eq!(found, expected, "at {now}");
    Ok(())
}

#[test]
fn a_wallet_is_found_by_the_number_in_an_id_and_says_where_lots_went() -> Tested {
    let (mut ledger, ten) = ledger()?;
    let (alice, bob) = (ProfileId::new("alice")?, ProfileId::new("bob")?);
    let mut moment = ledger.at(at("2025-06-01T00:00:00Z"));
    let lot = moment.commit(IssueReward::new(alice, ten))?.id;
    assert_eq!(moment.wallet_of(lot.number())?.unwrap().profile_id(), alice);
    let moved = moment.commit(Reassign::new(lot, bob))?;
    assert_eq!(moment.wallet_of(lot.number())?.unwrap().moved_to(lot), Some(moved.to));
    let there = moment.wallet_of(moved.to)?.unwrap();
    assert_eq!((there.profile_id(), there.moved_to(lot), there.rewards()[0].id), (bob, None, lot));
    assert!(moment.wallet_of(scrip::id::ProfileNumber::new(77)?)?.is_none());
    assert!(moment.wallet_of(scrip::id::ProfileNumber::CATALOGUE)?.is_none());
    Ok(())
}

#[test]
fn a_wallet_tells_when_a_lot_changed() -> Tested {
    let (mut ledger, ten) = ledger()?;
    let alice = ProfileId::new("alice")?;
    let mut issue = IssueReward::new(alice, ten);
    issue.expires_at = Some("2025-12-31".parse()?);
    let days =
        ["2025-06-01T00:00:00Z", "2025-06-02T00:00:00Z", "2025-06-03T00:00:00Z", "2025-06-04T00:00:00Z"];
    let [first, second, third, fourth] = days.map(at);
    let lot = ledger.at(first).commit(issue)?.id;
    ledger.at(second).commit(Extend::by_days(alice, vec![lot], 5))?;
    ledger.at(third).commit(Redeem::strict(alice, Amount::from(1)))?;
    let times = ledger.at(fourth).wallet(alice)?.lot_times(lot).unwrap();
    assert_eq!((times.created_at, times.extended_at, times.updated_at), (first, Some(second), third));
    ledger.at(fourth).commit(PlaceHold::strict(alice, Amount::from(1)))?;
    assert_eq!(ledger.at(fourth).wallet(alice)?.lot_times(lot).unwrap().updated_at, fourth);
    Ok(())
}

/// A store that counts the entries that it lends to questions.
struct Counting {
    store: MemoryStore,
    lent: usize,
}

struct CountingWork<'w> {
    work: &'w mut dyn Work,
    lent: &'w mut usize,
}

impl Store for Counting {
    type Error = MemoryError;

    fn run(&mut self, work: &mut dyn Work) -> Result<(), MemoryError> {
        self.store.run(&mut CountingWork { work, lent: &mut self.lent })
    }
}

impl Work for CountingWork<'_> {
    fn needs(&self) -> &[Need] {
        self.work.needs()
    }

    fn decide(&mut self, unit: usize, view: View<'_>) -> Option<&Change> {
        *self.lent += view.found.earned.len() + view.found.journal.len();
        self.work.decide(unit, view)
    }

    fn settle(&mut self, unit: usize, status: CommitStatus) {
        self.work.settle(unit, status);
    }
}

/// Rule K3. Catches: a window as of the past that is answered from the whole journal.
#[test]
fn points_earned_cost_no_more_for_what_lies_outside_the_window() -> Tested {
    let mut earn = Earn::new(Points::from(1), Amount::from(1));
    earn.point_definition_id = Some(DefinitionId::new(1)?);
    let settings = ProgramSettings::new("AUD".parse()?, "Australia/Melbourne".parse()?);
    let store = Counting { store: MemoryStore::new(), lent: 0 };
    let mut ledger = Ledger::new(settings.with_earn(earn).try_into()?, store);
    let now = at("2026-01-01T00:00:00Z");
    let tier = ledger.at(now).commit(Define::from(PointDefinition::new("tier".parse()?, "Tier")))?.id;
    let alice = ProfileId::new("alice")?;
    for month in 1..=12 {
        let then = at(&format!("2025-{month:02}-15T00:00:00Z"));
        ledger.at(now).commit(PostTransaction::new(alice, Amount::from(10)).with_transacted_at(then))?;
    }
    let year = at("2025-01-01T00:00:00Z")..at("2026-01-01T00:00:00Z");
    let mut lent = Vec::new();
    for more in [0, 500, 1_000] {
        for day in 0..more {
            let then = Timestamp::from_micros(now.micros() - i64::from(800 + day) * 86_400_000_000)?;
            ledger.at(now).commit(PostTransaction::new(alice, Amount::from(1)).with_transacted_at(then))?;
        }
        for past in [false, true] {
            ledger.store().lent = 0;
            let earned = match past {
                false => ledger.at(now).points_earned(alice, tier, year.clone())?,
                true => ledger.as_of(AsOf::At(now)).points_earned(alice, tier, year.clone())?,
            };
            assert_eq!(earned, Points::from(120));
            lent.push(ledger.store().lent);
        }
    }
    assert_eq!(lent, [12; 6]);
    Ok(())
}
