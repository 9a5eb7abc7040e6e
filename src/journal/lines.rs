//! The lines of a basket that a redemption or a hold paid, item by item, and what is left of them after a return
//! (rule S5).

use serde::{Deserialize, Serialize};

use crate::journal::bytes::{Binary, Decoded, Reader, Writer};
use crate::journal::draw::first_part;
use crate::journal::{Item, Items, LotKind};
use crate::value::{Amount, Exchange, Points};

/// The part of a line that one lot paid.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LineShare {
    /// The line's id in the request.
    pub id: String,
    /// The amount that the lot paid of it; above zero.
    pub amount: Amount,
}

/// The lines that each item paid: a list for each item, in the order of the request's lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PaidLines(Vec<Vec<LineShare>>);

impl std::ops::Deref for PaidLines {
    type Target = [Vec<LineShare>];

    fn deref(&self) -> &[Vec<LineShare>] {
        &self.0
    }
}

impl FromIterator<Vec<LineShare>> for PaidLines {
    fn from_iter<I: IntoIterator<Item = Vec<LineShare>>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}

/// An amount to be taken off: from a line, or, without one, from what was paid last.
pub(crate) struct Cut<'a> {
    pub(crate) line: Option<&'a str>,
    pub(crate) amount: Amount,
}

impl PaidLines {
    /// What all items pay of a line.
    pub(crate) fn of_line(&self, line: &str) -> Amount {
        let shares = self.iter().flatten().filter(|share| share.id == line);
        shares.fold(Amount::ZERO, |sum, share| sum.plus(share.amount))
    }

    /// What is left after cuts: of the last source that paid first, and in it of the last line first. All point lots
    /// are one source, whose dollars are split among them again (rules Q5 and S4).
    pub(crate) fn less<'a>(
        &self,
        items: &[Item],
        exchange: Option<Exchange>,
        cuts: impl IntoIterator<Item = Cut<'a>>,
    ) -> Self {
        let mut sources = sources(items, self);
        for Cut { line, amount } in cuts {
            let mut left = amount;
            let shares = sources.iter_mut().rev().flat_map(|(_, shares)| shares.iter_mut().rev());
            for share in shares.filter(|share| line.is_none_or(|line| share.id == line)) {
                let taken = share.amount.min(left);
                share.amount = share.amount.minus(taken);
                left = left.minus(taken);
            }
        }
        sources.into_iter().flat_map(|(group, shares)| split(group, exchange, shares)).collect()
    }

    /// The items that pay these lines: of the given items, those which still pay something.
    pub(crate) fn items(&self, items: &[Item], exchange: Option<Exchange>) -> Items {
        let mut left = Items::default();
        for (group, shares) in sources(items, self) {
            still_pays(group, exchange, &shares).iter().for_each(|item| left.push(*item));
        }
        left
    }

    /// The lists of those items only that are still among them.
    pub(crate) fn of_items(self, items: &[Item], left: &[Item]) -> Self {
        let is_left = |item: &Item| left.iter().any(|other| other.lot == item.lot);
        items.iter().zip(self.0).filter(|(item, _)| is_left(item)).map(|(_, shares)| shares).collect()
    }
}

/// The sources of a draw: each reward, and all point lots together, with the lines that each paid.
pub(crate) fn sources<'a>(items: &'a [Item], lines: &PaidLines) -> Vec<(&'a [Item], Vec<LineShare>)> {
    let mut sources: Vec<(&[Item], Vec<LineShare>)> = Vec::new();
    let (mut rest, mut lists) = (items, lines.iter());
    while let Some(first) = rest.first() {
        let run = match first.kind() {
            LotKind::Reward => 1,
            _ => rest.iter().take_while(|item| item.kind() == LotKind::Point).count(),
        };
        let (group, after) = rest.split_at(run);
        rest = after;
        let mut shares: Vec<LineShare> = Vec::new();
        for share in lists.by_ref().take(run).flatten() {
            match shares.last_mut() {
                Some(last) if last.id == share.id => last.amount = last.amount.plus(share.amount),
                _ => shares.push(share.clone()),
            }
        }
        sources.push((group, shares));
    }
    sources
}

/// The items of one source, if it only pays these lines.
fn still_pays(group: &[Item], exchange: Option<Exchange>, shares: &[LineShare]) -> Items {
    let paid = shares.iter().fold(Amount::ZERO, |sum, share| sum.plus(share.amount));
    first_part(group, exchange, paid)
}

/// The lines of one source, item by item: each item pays the first lines that the items before it leave.
pub(crate) fn split(
    group: &[Item],
    exchange: Option<Exchange>,
    shares: Vec<LineShare>,
) -> Vec<Vec<LineShare>> {
    let items = still_pays(group, exchange, &shares);
    let mut shares = shares.into_iter().filter(|share| !share.amount.is_zero()).peekable();
    let pays = |item: &Item| items.iter().find(|left| left.lot == item.lot).map(|left| left.amount);
    let amounts = group.iter().map(|item| pays(item).unwrap_or_default());
    let lists = amounts.map(|amount| {
        let (mut list, mut left) = (Vec::new(), amount);
        while let Some(share) = shares.peek_mut().filter(|_| !left.is_zero()) {
            let taken = share.amount.min(left);
            list.push(LineShare { id: share.id.clone(), amount: taken });
            (share.amount, left) = (share.amount.minus(taken), left.minus(taken));
            if share.amount.is_zero() {
                shares.next();
            }
        }
        list
    });
    lists.collect()
}

/// What of each item the other list does not have: in the order of the first, without items that lose nothing.
pub(crate) fn difference(items: &[Item], kept: &[Item]) -> Vec<(Item, LotKind)> {
    let lost = items.iter().map(|item| {
        let kept = kept.iter().find(|kept| kept.lot == item.lot);
        let (amount, points) = kept.map_or((Amount::ZERO, Points::ZERO), |kept| (kept.amount, kept.points));
        let lost =
            Item { lot: item.lot, amount: item.amount.minus(amount), points: item.points.minus(points) };
        (lost, item.kind())
    });
    lost.filter(|(lost, _)| !lost.amount.is_zero() || !lost.points.is_zero()).collect()
}

impl Binary for PaidLines {
    fn write(&self, to: &mut Writer<'_>) {
        to.list(&self.0);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        from.part = "the lines that were paid";
        from.list().map(Self)
    }
}

impl Binary for LineShare {
    fn write(&self, to: &mut Writer<'_>) {
        to.text(&self.id);
        to.quantity(self.amount);
    }

    fn read(from: &mut Reader<'_>) -> Decoded<Self> {
        Ok(Self { id: from.string()?, amount: from.amount()? })
    }
}
