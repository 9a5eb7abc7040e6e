//! What transactions owe, and what flows back against that (rule X5).

use scrip::DefinitionId;
use scrip::journal::LotKind;
use scrip::program::Clawback;

use super::Model;
use super::calendar::Micros;
use super::money::Raw;
use super::profile::{Cut, Profile, Way};
use super::sight::is_written;

/// What a transaction owes more, or less, from an entry on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owed {
    pub(crate) sequence: u32,
    /// The transaction, by its id.
    pub(crate) sale: u64,
    /// When the purchase was made.
    pub(crate) sold_at: Micros,
    pub(crate) value: Raw,
    /// Whether later earnings pay it.
    pub(crate) policy: Clawback,
    /// The definition of points that cannot be redeemed: only these pay it (rule K1).
    pub(crate) status: Option<DefinitionId>,
}

/// What a lapse of which no entry tells yet claws back: of which lot, and for which transaction.
struct Lapse {
    lot: usize,
    owed: Owed,
}

impl Profile {
    /// Every change of what is owed up to a moment, those of lapses that no entry tells of included (rule T7).
    fn owed_at(&self, cut: Cut) -> Vec<Owed> {
        let unwritten = self.unwritten_lapses(cut).into_iter().map(|lapse| lapse.owed);
        self.owed_as_written(cut).into_iter().chain(unwritten).collect()
    }

    fn owed_as_written(&self, cut: Cut) -> Vec<Owed> {
        self.owed.iter().filter(|owed| is_written(owed.sequence, cut)).copied().collect()
    }

    /// What holds that lapsed by then let go of lots whose transaction owes.
    fn unwritten_lapses(&self, cut: Cut) -> Vec<Lapse> {
        let is_told = |hold: usize| {
            let told = super::profile::What::Lapsed(hold);
            self.journal.iter().take(cut.entries).any(|entry| entry.what == told)
        };
        if self.owed.is_empty() {
            return Vec::new();
        }
        let mut lapsed: Vec<usize> = (0..self.holds.len())
            .filter(|hold| {
                self.hold_status(&self.holds[*hold], cut) == Some(scrip::outcome::HoldStatus::Lapsed)
            })
            .filter(|hold| !is_told(*hold))
            .collect();
        lapsed.sort_by_key(|hold| (self.holds[*hold].expires_at, self.hold_id(&self.holds[*hold])));
        let mut known = self.owed_as_written(cut);
        let mut all = Vec::new();
        for hold in lapsed {
            for item in &self.holds[hold].items {
                let Some(owed) = recovered(&known, self.lots[item.lot].own, item.taken()) else { continue };
                known.push(owed);
                all.push(Lapse { lot: item.lot, owed });
            }
        }
        all
    }

    /// What lapses that no entry tells of took out of a lot.
    pub(crate) fn lapsed_from(&self, lot: usize, cut: Cut) -> Raw {
        self.unwritten_lapses(cut).iter().filter(|one| one.lot == lot).map(|one| -one.owed.value).sum()
    }

    /// What lapses that no entry tells of clawed back.
    pub(crate) fn lapsed_back(&self, kind: LotKind, cut: Cut) -> Raw {
        let of_kind = |one: &&Lapse| self.lots[one.lot].kind == kind;
        self.unwritten_lapses(cut).iter().filter(of_kind).map(|one| -one.owed.value).sum()
    }

    /// What was owed, and is paid by later earnings (rule X4).
    pub(crate) fn debt_at(&self, cut: Cut) -> Raw {
        let owed = self.owed_at(cut).into_iter();
        let redeemable = owed.filter(|owed| owed.policy == Clawback::Debt && owed.status.is_none());
        redeemable.map(|owed| owed.value).sum()
    }

    /// What each transaction owes that owes something, the oldest sale first.
    pub(crate) fn open_at(&self, cut: Cut) -> Vec<Owed> {
        all_open(&self.owed_at(cut))
    }

    /// Writes that so much flows back to a transaction's own lot with the next entry: answers what of it is clawed back.
    pub(crate) fn flow_back(&mut self, own: Option<u64>, value: Raw) -> Raw {
        let Some(owed) = recovered(&self.owed, own, value) else { return 0 };
        self.owed.push(Owed { sequence: self.next_sequence(), ..owed });
        -owed.value
    }

    /// The same of what a hold lets go: what is clawed back comes out of the lot.
    pub(crate) fn let_go(&mut self, lot: usize, value: Raw) {
        let clawed_back = self.flow_back(self.lots[lot].own, value);
        if clawed_back > 0 {
            self.flow(lot, Way::ClawedBack, -clawed_back);
        }
    }

    /// Later earnings pay the debts of other transactions, the oldest sale's first: answers how much. Points that cannot
    /// be redeemed pay those of their own definition (rule K1).
    pub(crate) fn pay_debts(&mut self, points: Raw, status: Option<DefinitionId>) -> Raw {
        let (mut left, sequence) = (points, self.next_sequence());
        let is_payable = |owed: &Owed| owed.policy == Clawback::Debt && owed.status == status;
        for owed in all_open(&self.owed).into_iter().filter(is_payable) {
            let value = -owed.value.min(left);
            left += value;
            if value < 0 {
                self.owed.push(Owed { sequence, value, ..owed });
            }
        }
        points - left
    }
}

impl Model {
    /// The own lots of a transaction, where they are: what it earned, and what stands in for that.
    pub(super) fn own_lots(&self, home: usize, sale: u64) -> Vec<(usize, usize)> {
        let household = self.household(home).into_iter();
        let mut lots: Vec<(usize, usize)> = household
            .flat_map(|one| (0..self.profiles[one].lots.len()).map(move |lot| (one, lot)))
            .filter(|(one, lot)| {
                let lot = &self.profiles[*one].lots[*lot];
                lot.own == Some(sale) && lot.moved.is_none()
            })
            .collect();
        lots.sort_by_key(|(one, lot)| {
            let (account, lot) = (&self.profiles[*one], &self.profiles[*one].lots[*lot]);
            let is_earned = matches!(lot.origin, Some(super::profile::Origin::Earned { .. }));
            (!is_earned, lot.issued_at, account.full_id(lot))
        });
        lots
    }

    /// What was adjusted away in the own lots of a transaction as long as they were that, net, wherever they were.
    pub(super) fn adjusted_away(&self, home: usize, sale: u64) -> Raw {
        let of = |one: usize| {
            let account = &self.profiles[one];
            let is_own = |lot: Option<usize>| lot.is_some_and(|lot| account.lots[lot].own == Some(sale));
            let flows =
                account.flows.iter().filter(move |flow| flow.way == Way::Adjusted && is_own(flow.lot));
            flows.map(|flow| -flow.value).sum::<Raw>()
        };
        self.household(home).into_iter().map(of).sum()
    }
}

/// What of value that flows back is clawed back: as much as its transaction owes.
fn recovered(known: &[Owed], own: Option<u64>, value: Raw) -> Option<Owed> {
    let owed = open(known, own?)?;
    Some(Owed { value: -owed.value.min(value), ..owed }).filter(|owed| owed.value < 0)
}

/// What each transaction owes that owes something, the oldest sale first.
fn all_open(known: &[Owed]) -> Vec<Owed> {
    let mut sales: Vec<u64> = known.iter().map(|owed| owed.sale).collect();
    sales.sort_unstable();
    sales.dedup();
    let mut all: Vec<Owed> = sales.into_iter().filter_map(|sale| open(known, sale)).collect();
    all.sort_by_key(|owed| (owed.sold_at, owed.sale));
    all
}

/// What a transaction owes, if it does.
pub(super) fn open(known: &[Owed], sale: u64) -> Option<Owed> {
    let own: Vec<&Owed> = known.iter().filter(|owed| owed.sale == sale).collect();
    let value: Raw = own.iter().map(|owed| owed.value).sum();
    own.last().filter(|_| value > 0).map(|last| Owed { value, ..**last })
}
