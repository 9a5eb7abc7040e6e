//! Example entries of every kind, ordinary and rare.

use super::definitions::definitions;
use super::lots::{issues, states};
use super::owed::{late, owed, paid_lines, recovered, sold_lines};
use super::*;
use crate::definition::{Defined, Scope};
use crate::id::{
    DefinitionId, ExternalId, HoldId, LotId, ProfileId, RedemptionId, ReturnId, TransactionId, TransferId,
};
use crate::journal::*;
use crate::json::Json;
use crate::time::{Period, PeriodType, Timestamp};
use crate::value::{Amount, Exchange, ExchangeRate, Points};

pub(super) fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

pub(super) fn entry(kind: EntryKind) -> Entry {
    let balances = Balances { reward_balance: Amount::from(80), ..Balances::default() };
    let cause = usual_cause(&kind);
    let is_activity = kind.activity(number(), 130).is_some();
    Entry { sequence: 130, at: at(1_750_000_000_000_000), cause, is_activity, kind, balances, stamp: None }
}

pub(super) fn amount(cents: i64) -> Amount {
    Amount::from_ten_thousandths(cents * 100).unwrap()
}

pub(super) fn points(whole: u32) -> Points {
    Points::from(whole)
}

pub(super) fn document() -> Option<Json> {
    Some(Json::new(r#"{"a": [1.50, "é"]}"#).unwrap())
}

pub(super) fn lot(sequence: u32) -> LotId {
    LotId::made_by(number(), sequence)
}

pub(super) fn elsewhere(sequence: u32) -> LotId {
    LotId::made_by(ProfileNumber::MAX, sequence)
}

pub(super) fn redeemed(is_rare: bool) -> Redeemed {
    let item = |sequence, cents| Item { lot: lot(sequence), amount: amount(cents), points: Points::ZERO };
    let (items, redemption) =
        ([item(14, 1000), item(27, 995)].into_iter().collect(), RedemptionId::made_by(number(), 130));
    let plain = Redeemed { redemption, requested: amount(1995), total: amount(1995), items, details: None };
    if !is_rare {
        return plain;
    }
    let share = Item { lot: elsewhere(4_194_303), amount: Amount::ZERO, points: points(3) };
    let rate = ExchangeRate::new(points(150), Amount::from(1)).unwrap();
    let exchange = Exchange { rate, minor_unit: 2, point_scale: 4 };
    Redeemed {
        requested: amount(5000),
        items: plain.items.iter().copied().chain([share]).collect(),
        details: RedeemDetails {
            exchange: Some(exchange),
            lines: Some(paid_lines()),
            late: late(),
            meta: document(),
        }
        .boxed(),
        ..plain
    }
}

pub(super) fn scope() -> Option<Box<Scope>> {
    let scope = Scope::only(["shoes", "é"]).with_except(["sale"]).with_minimum_spend(amount(5000));
    Some(Box::new(scope))
}

/// Changes to every standing, with every bucket among the movements.
pub(super) fn changes() -> Vec<LotChange> {
    let moves = [
        (Bucket::Issued, Bucket::Adjusted),
        (Bucket::Moved, Bucket::Available),
        (Bucket::Pending, Bucket::Held),
        (Bucket::Redeemed, Bucket::Expired),
        (Bucket::Revoked, Bucket::ClawedBack),
        (Bucket::PaidToDebt, Bucket::Issued),
    ];
    let moved = |(from, to)| Movement { kind: LotKind::Point, from, to, value: points(7).into() };
    states()
        .into_iter()
        .zip(moves)
        .map(|(after, move_)| LotChange {
            after,
            moved: [moved(move_), moved(move_)][..1].iter().copied().collect(),
            scope: scope().filter(|_| matches!(after.standing, Standing::Pending(_))),
        })
        .collect()
}

pub(super) fn holds() -> [HoldEntry; 2] {
    let Redeemed { requested, total, items, details, .. } = redeemed(true);
    let (hold, held_at) = (HoldId::made_by(number(), 130), at(1_750_000_000_000_000));
    let placed = HoldEntry { hold, requested, total, items, held_at, expires_at: Timestamp::MAX, details };
    let earlier = HoldEntry {
        hold: HoldId::made_by(number(), 2),
        held_at: Timestamp::MIN,
        details: None,
        ..placed.clone()
    };
    [placed, earlier]
}

pub(super) fn state_of_redemption() -> RedemptionState {
    let transaction_id = Some(TransactionId::made_by(number(), 8));
    RedemptionState {
        id: RedemptionId::made_by(number(), 7),
        returned: amount(1),
        is_reversed: true,
        transaction_id,
        lines: Some(Box::new(paid_lines())),
    }
}

pub(super) fn back() -> ReturnEntry {
    let clawed_back = recovered().pop();
    let item = |to, change: Option<LotChange>| ReturnedItem {
        lot: lot(14),
        clawed_back: clawed_back.filter(|_| change.is_some()),
        kind: LotKind::Point,
        amount: amount(3),
        points: points(4),
        to,
        change,
    };
    let change = changes().into_iter().next();
    let items = vec![
        item(ReturnedTo::Lot, change.clone()),
        item(ReturnedTo::Expired, change),
        item(ReturnedTo::Revoked, None),
        item(ReturnedTo::NewLot(lot(131)), None),
        item(ReturnedTo::ClawedBack, None),
    ];
    let (id, redemption) = (ReturnId::made_by(number(), 130), state_of_redemption());
    ReturnEntry { id, redemption, requested: amount(9), total: amount(8), items, meta: document() }
}

pub(super) fn balances() -> Balances {
    Balances {
        reward_balance: amount(1),
        reward_pending: amount(2),
        reward_held: amount(3),
        point_balance: points(4),
        point_pending: points(5),
        point_held: points(6),
        point_debt: points(7),
        status_point_balance: points(8),
        status_point_pending: points(9),
    }
}

pub(super) fn transactions() -> [Transaction; 2] {
    let now = at(1_750_000_000_000_000);
    let bare = Transaction {
        id: TransactionId::made_by(number(), 130),
        profile_id: ProfileId::new("alice").unwrap(),
        external_id: None,
        redemption_id: None,
        total: amount(5000),
        total_original: amount(5000),
        transacted_at: now,
        timezone: "UTC".parse().unwrap(),
        tags: Vec::new(),
        items: None,
        payments: None,
        meta: None,
        returned: Amount::ZERO,
        earned: Vec::new(),
        lines: Vec::new(),
        is_deleted: false,
        is_void: false,
        created_at: now,
        updated_at: now,
    };
    let earned = Earned {
        scope: None,
        points_rate: points(1),
        amount_rate: Amount::from(2),
        point_scale: 3,
        delay_days: 4,
        period: Some(Period::new(5, PeriodType::AbsoluteMonth)),
        definition_id: Some(DefinitionId::made_by(ProfileNumber::CATALOGUE, 6)),
        inactivity: Some(Period::new(1, PeriodType::Years)),
        is_status: true,
        is_reassignable: true,
        points: points(7),
        written_off: points(3),
        lot: Some(lot(8)),
    };
    let full = Transaction {
        id: TransactionId::made_by(number(), 9),
        external_id: Some("t-1".parse().unwrap()),
        redemption_id: Some(RedemptionId::made_by(number(), 7)),
        total_original: amount(6000),
        tags: vec!["a".to_owned(), String::new()],
        items: document(),
        payments: Some(Json::new("[]").unwrap()),
        meta: Some(Json::new("null").unwrap()),
        returned: amount(1),
        earned: vec![earned.clone(), Earned { scope: Some(Box::default()), ..earned }],
        lines: sold_lines(),
        is_deleted: true,
        is_void: true,
        created_at: Timestamp::MIN,
        updated_at: Timestamp::MAX,
        ..bare.clone()
    };
    [bare, full]
}

/// Every kind of entry, with and without each of its optional fields.
pub(super) fn every_kind() -> Vec<Entry> {
    let mut kinds: Vec<EntryKind> = [false, true].map(|is_rare| EntryKind::Redeem(redeemed(is_rare))).into();
    kinds.extend(issues().into_iter().map(EntryKind::Issue));
    for kind in LotKind::ALL {
        kinds.push(EntryKind::Mature(LotValue { lot: lot(3), kind, value: amount(1).into() }));
    }
    kinds.extend(
        states().into_iter().map(|after| EntryKind::Expire(Expired { value: amount(2).into(), after })),
    );
    let clawed_back = recovered().into_iter().map(Some).chain(std::iter::repeat(None));
    let released: Vec<ReleasedLot> = states()
        .into_iter()
        .zip(clawed_back)
        .map(|(after, clawed_back)| ReleasedLot { value: amount(3).into(), clawed_back, after })
        .collect();
    for placed in holds() {
        let hold = placed.hold;
        kinds.push(EntryKind::Hold(Box::new(placed.clone())));
        let release = Release { placed, released: released.clone() };
        kinds.extend([EntryKind::Release(Box::new(release.clone())), EntryKind::Lapse(Box::new(release))]);
        let whole = Capture { hold, redeem: redeemed(false), released: Vec::new(), expired: Vec::new() };
        let part = Capture { released: released.clone(), expired: states(), ..whole.clone() };
        kinds.extend([whole, part].map(|capture| EntryKind::Capture(Box::new(capture))));
    }
    let bare = ReturnEntry { total: amount(9), items: Vec::new(), meta: None, ..back() };
    for back in [back(), bare] {
        kinds
            .extend([EntryKind::Return(Box::new(back.clone())), EntryKind::Reversal(Box::new(back.clone()))]);
    }
    kinds.extend(kinds_of_changes());
    let mut entries: Vec<Entry> = kinds.into_iter().map(entry).collect();
    entries.extend(heads());
    entries
}

pub(super) fn kinds_of_changes() -> Vec<EntryKind> {
    let mut kinds = vec![EntryKind::Extend(changes()), EntryKind::Extend(Vec::new())];
    let (transaction, external): (_, Option<ExternalId>) =
        (TransactionId::made_by(number(), 8), Some("e".parse().unwrap()));
    for (change, issue) in changes().into_iter().zip(issues()) {
        let out = MovedOut { change: change.clone(), to: number() };
        kinds.push(EntryKind::ReassignOut(Box::new(out)));
        let item = TransferredItem { change: change.clone(), new_lot: lot(7) };
        for (sequence, meta) in [(130, None), (7, document())] {
            let transfer = TransferId::made_by(number(), sequence);
            let (to, counts_until) = (ProfileNumber::MAX, Timestamp::MAX);
            let sent = TransferOut { transfer, to, counts_until, items: vec![item.clone()], meta };
            kinds.push(EntryKind::TransferOut(Box::new(sent)));
        }
        for held in [amount(0), amount(1)] {
            let external_id = external.clone().filter(|_| held.is_zero());
            let moved = (issue.clone(), change.clone());
            let moved =
                MovedIn { issue: moved.0, external_id, held: held.into(), change: moved.1, from: number() };
            kinds.push(EntryKind::ReassignIn(Box::new(moved)));
        }
        let bare = Corrected::of(change.clone());
        let (issue, reason) = (Some(issue), Some("it was wrong".to_owned()));
        let clawed_back = recovered().pop();
        let full = Corrected { issue, clawed_back, external_id: external.clone(), reason, ..bare.clone() };
        let back = Corrected { lapsed_from: Some(Timestamp::MIN), ..bare.clone() };
        let over = Corrected { own_end: Some(Timestamp::MAX), ..full.clone() };
        kinds.push(EntryKind::Revoke(Box::new(bare)));
        kinds.extend([full, back, over].map(|corrected| EntryKind::Adjust(Box::new(corrected))));
        for (paid_to_debt, owed) in [points(0), points(1)].into_iter().zip(owed()) {
            let clawed_back = recovered().pop().filter(|_| paid_to_debt.is_zero());
            let (change_of, status) = (change.clone(), owed.status);
            let more =
                EarnedMore { transaction, rate: 1, change: change_of, status, paid_to_debt, clawed_back };
            kinds.push(EntryKind::Earn(Box::new(more)));
            let bare = ClawedBack {
                transaction,
                rate: 0,
                points: points(9),
                changes: vec![change.clone()],
                written_off: points(0),
                owed: None,
            };
            let (changes, owed) = (Vec::new(), Some(owed));
            let full = ClawedBack { rate: 1, changes, written_off: points(2), owed, ..bare.clone() };
            kinds.extend([bare, full].map(|clawed| EntryKind::Clawback(Box::new(clawed))));
        }
    }
    for transaction in transactions() {
        let bare =
            TransactionChange { transaction, redemptions: vec![], returned: None, transacted_before: None };
        let (redemptions, returned) = (vec![state_of_redemption()], Some(amount(4)));
        let full = TransactionChange {
            redemptions,
            returned,
            transacted_before: Some(Timestamp::MIN),
            ..bare.clone()
        };
        kinds.push(EntryKind::Transaction(Box::new(full)));
        kinds.push(EntryKind::Transaction(Box::new(bare)));
    }
    for point_debt in [points(0), points(1)] {
        let ids = holds().iter().map(|placed| placed.hold).collect();
        let all = changes().into_iter().flat_map(|change| change.moved.to_vec());
        let moved: Vec<_> = all.filter(|_| !point_debt.is_zero()).collect();
        let out = MergedOut { into: number(), holds: ids, point_debt, moved: moved.clone() };
        kinds.push(EntryKind::MergeOut(Box::new(out)));
        let (before, holds) = (vec![ProfileNumber::MAX, number()], holds().into());
        let owed = owed().into_iter().filter(|_| !point_debt.is_zero()).collect();
        let active_at = (!point_debt.is_zero()).then_some(Timestamp::MAX);
        let of = |kind| Sent { kind, value: points(7).into(), until: Timestamp::MAX };
        let sent = LotKind::ALL.map(of).into_iter().filter(|_| !point_debt.is_zero()).collect();
        let arrival = MergedIn { from: number(), before, holds, owed, moved, active_at, sent };
        kinds.push(EntryKind::MergeIn(Box::new(arrival)));
    }
    for (definition, sequence) in definitions().into_iter().zip([130, 1, 2, 130, 4, 5, 6]) {
        let id = DefinitionId::made_by(ProfileNumber::CATALOGUE, sequence);
        let (is_archived, created_at, updated_at) = (sequence == 2, Timestamp::MIN, Timestamp::MAX);
        let defined = Defined { id, definition, is_archived, created_at, updated_at };
        kinds.push(EntryKind::Define(Box::new(defined)));
    }
    kinds
}

/// Entry headers in all their forms.
pub(super) fn heads() -> Vec<Entry> {
    let plain = || entry(EntryKind::Redeem(redeemed(false)));
    let fingerprint: Fingerprint = "00112233445566778899aabbccddeeff".parse().unwrap();
    let externals = [
        External::Lot("l".parse().unwrap()),
        External::Transaction("t".parse().unwrap()),
        External::RewardDefinition("r".parse().unwrap()),
        External::PointDefinition("p".parse().unwrap()),
    ];
    let stamps = externals.map(|external| Stamp {
        key: None,
        row: None,
        external: Some(external),
        fingerprint,
        entries: 1,
    });
    let keyed = Stamp { key: Some("k".parse().unwrap()), row: None, external: None, fingerprint, entries: 1 };
    let row = Stamp { row: Some(BatchRow::new(fingerprint, 499)), ..keyed.clone() };
    let many = Stamp { external: stamps[0].external.clone(), entries: u32::MAX, ..keyed.clone() };
    let causes = [
        Cause::Clock,
        Cause::Merge,
        Cause::Transaction(TransactionId::made_by(number(), 1)),
        Cause::Return(ReturnId::made_by(ProfileNumber::MAX, 2)),
    ];
    let mut heads: Vec<Entry> = causes.map(|cause| Entry { cause, ..plain() }).into();
    heads.extend(
        stamps
            .into_iter()
            .chain([keyed, many, row])
            .map(|stamp| Entry { stamp: Some(Box::new(stamp)), ..plain() }),
    );
    heads.push(Entry { is_activity: false, ..plain() });
    heads.push(Entry {
        balances: balances(),
        sequence: crate::id::MAX_SEQUENCE,
        at: Timestamp::MAX,
        ..plain()
    });
    heads.push(Entry { balances: Balances::default(), sequence: 1, at: Timestamp::MIN, ..plain() });
    heads
}
