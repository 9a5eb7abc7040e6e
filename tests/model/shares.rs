//! What lots gave, what of the lines of a basket each paid, and what is left of it after a return (rules C5, Q5, R1 and S5).

use scrip::journal::LotKind;

use super::money::{Exchange, Raw, first_part};
use super::profile::{Back, Hold, Item, Redemption, Return, total};

/// What each item paid of each line, by the line's id.
pub(crate) type Paid = Vec<Shares>;

/// The same of one item, or of all items of a source.
type Shares = Vec<(String, Raw)>;

/// So much less: of a line, or of whatever was paid last.
pub(crate) type Less = (Option<String>, Raw);

impl Item {
    /// What left the lot, in what the lot holds.
    pub(crate) fn taken(&self) -> Raw {
        if self.points == 0 { self.amount } else { self.points }
    }

    pub(crate) fn kind(&self) -> LotKind {
        if self.points == 0 { LotKind::Reward } else { LotKind::Point }
    }
}

impl Back {
    /// In what the lot holds.
    pub(crate) fn value(&self) -> Raw {
        match self.kind {
            LotKind::Reward => self.amount,
            LotKind::Point | LotKind::Status => self.points,
        }
    }
}

impl Redemption {
    pub(crate) fn total(&self) -> Raw {
        total(&self.items)
    }

    /// What it would have taken if so much less had been redeemed.
    pub(crate) fn less(&self, less: &[Less]) -> (Vec<Item>, Option<Paid>) {
        after(&self.items, self.lines.as_ref(), self.exchange.as_ref(), less)
    }
}

impl Hold {
    /// The part of it that is redeemed if so much less is captured (rule H2).
    pub(crate) fn less(&self, less: &[Less]) -> (Vec<Item>, Option<Paid>) {
        after(&self.items, self.lines.as_ref(), self.exchange.as_ref(), less)
    }
}

impl Return {
    pub(crate) fn total(&self) -> Raw {
        self.items.iter().map(|back| back.amount).sum()
    }
}

fn after(
    items: &[Item],
    paid: Option<&Paid>,
    exchange: Option<&Exchange>,
    less: &[Less],
) -> (Vec<Item>, Option<Paid>) {
    let Some(paid) = paid else {
        let sum: Raw = less.iter().map(|(_, amount)| amount).sum();
        return (first_part(items, exchange, total(items) - sum), None);
    };
    let mut sources = sources(items, paid);
    for (of, amount) in less {
        let mut left = *amount;
        for (line, share) in sources.iter_mut().rev().flat_map(|source| source.1.iter_mut().rev()) {
            if of.as_ref().is_none_or(|of| of == line) {
                let taken = left.min(*share);
                (*share, left) = (*share - taken, left - taken);
            }
        }
    }
    let (mut kept, mut lines) = (Vec::new(), Vec::new());
    for (items, shares) in sources {
        let items = first_part(&items, exchange, shares.iter().map(|(_, share)| share).sum());
        lines.extend(split(&items, &shares));
        kept.extend(items);
    }
    (kept, Some(lines))
}

/// Each reward by itself and all point lots together, with what they paid of each line.
fn sources(items: &[Item], paid: &Paid) -> Vec<(Vec<Item>, Shares)> {
    let mut sources: Vec<(Vec<Item>, Shares)> = Vec::new();
    for (item, shares) in items.iter().zip(paid) {
        if sources.last().is_none_or(|(before, _)| [before[0].kind(), item.kind()] != [LotKind::Point; 2]) {
            sources.push((Vec::new(), Vec::new()));
        }
        let (together, lines) = sources.last_mut().unwrap();
        together.push(*item);
        for (line, share) in shares {
            match lines.iter_mut().find(|(known, _)| known == line) {
                Some((_, known)) => *known += share,
                None => lines.push((line.clone(), *share)),
            }
        }
    }
    sources
}

/// What each item pays of the lines that it pays with others: the first ones that those before it leave.
pub(crate) fn split(items: &[Item], shares: &[(String, Raw)]) -> Paid {
    let mut rest = shares.to_vec();
    let pays = |item: &Item| {
        let mut left = item.amount;
        let mut paid = Vec::new();
        for (line, share) in &mut rest {
            let taken = left.min(*share);
            (*share, left) = (*share - taken, left - taken);
            if taken > 0 {
                paid.push((line.clone(), taken));
            }
        }
        paid
    };
    items.iter().map(pays).collect()
}
