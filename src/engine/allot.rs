//! The allotment of lots to the lines of a basket (rule S4).
//!
//! A flow from sources (a reward, or all point lots together) to lines. Each source in turn gives as much as it can,
//! along paths that move what earlier sources pay to other lines and never take from their totals. What sets of sources
//! can give together is a polymatroid (rank: the largest flow), so that this greedy order gives the first source the most
//! that it can have in any allotment, then the second, and so on; and stopping early is the answer for a smaller amount.
//!
//! The same argument fixes the lines: split a source into one for each line, in the order of the lines, and let these be
//! greedy in turn, while the totals of the sources after it are kept.

use crate::value::Amount;

/// The lines of a basket, one bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LineSet([u64; WORDS]);

/// Enough for 500 lines (rule S1).
const WORDS: usize = 8;

impl LineSet {
    pub(crate) const EMPTY: Self = Self([0; WORDS]);

    pub(crate) fn insert(&mut self, line: usize) {
        if let Some(word) = self.0.get_mut(line / 64) {
            *word |= 1 << (line % 64);
        }
    }

    pub(crate) fn contains(&self, line: usize) -> bool {
        self.0.get(line / 64).is_some_and(|word| word & 1 << (line % 64) != 0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0 == Self::EMPTY.0
    }

    pub(crate) fn with(self, other: Self) -> Self {
        self.each(other, |one, other| one | other)
    }

    pub(crate) fn without(self, other: Self) -> Self {
        self.each(other, |one, other| one & !other)
    }

    pub(crate) fn lines(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().zip((0..).step_by(64)).flat_map(|(word, first)| {
            let next = |word: &u64| Some(word & word.wrapping_sub(1)).filter(|word| *word != 0);
            let words = std::iter::successors(Some(word).filter(|word| *word != 0), next);
            words.map(move |word| (word.trailing_zeros() as usize).saturating_add(first))
        })
    }

    fn each(self, other: Self, both: impl Fn(u64, u64) -> u64) -> Self {
        let mut words = self.0;
        words.iter_mut().zip(other.0).for_each(|(word, other)| *word = both(*word, other));
        Self(words)
    }
}

/// A reward, or all point lots together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source {
    /// The most that it can give.
    pub(crate) capacity: Amount,
    /// The lines that it may pay.
    pub(crate) lines: LineSet,
}

/// The amounts that sources pay of lines.
#[derive(Clone, Debug)]
pub(crate) struct Allotment<'a> {
    sources: &'a [Source],
    /// The amount given by each source.
    given: Vec<Amount>,
    /// The amount of each line that nobody pays.
    room: Vec<Amount>,
    /// The sources that pay each line, and how much.
    paid: Vec<Vec<(usize, Amount)>>,
    /// Lines from which no path leads to a line with room.
    closed: LineSet,
}

/// A step of a search: a line, and the earlier step and the source through which it was reached.
type Reached = (usize, Option<(usize, usize)>);

/// Allots up to an amount from sources, in the order of use, to lines, in the order of the request.
pub(crate) fn allot<'a>(lines: &[Amount], sources: &'a [Source], amount: Amount) -> Allotment<'a> {
    let mut allotment = Allotment {
        sources,
        given: vec![Amount::ZERO; sources.len()],
        room: lines.to_vec(),
        paid: vec![Vec::new(); lines.len()],
        closed: LineSet::EMPTY,
    };
    allotment.give_in_turn(amount);
    allotment.fix_lines();
    allotment
}

impl Allotment<'_> {
    /// The amounts that a source pays, line by line.
    pub(crate) fn shares(&self, source: usize) -> impl Iterator<Item = (usize, Amount)> {
        let of_line =
            move |paid: &Vec<(usize, Amount)>| paid.iter().find(|(payer, _)| *payer == source).copied();
        self.paid.iter().enumerate().filter_map(move |(line, paid)| Some((line, of_line(paid)?.1)))
    }

    pub(crate) fn given(&self, source: usize) -> Amount {
        self.given.get(source).copied().unwrap_or_default()
    }

    /// Whether a source that has something left could give more, besides what all sources give.
    pub(crate) fn could_give_more(&mut self, source: usize) -> bool {
        let open = self.lines_of(source).without(self.closed);
        open.lines().any(|line| self.has_room(line) || self.path(line, |_| true).is_some())
    }

    /// Each source gives as much as it can, until the amount is met.
    fn give_in_turn(&mut self, amount: Amount) {
        let mut left = amount;
        for (source, Source { capacity, .. }) in self.sources.iter().enumerate() {
            let given = self.give(source, left.min(*capacity), |_| true);
            left = left.minus(given);
            if let Some(place) = self.given.get_mut(source) {
                *place = given;
            }
        }
    }

    /// Each source pays as much as it can to the first line, then to the next, while the totals of all are kept.
    fn fix_lines(&mut self) {
        for source in 0..self.sources.len() {
            let given = self.given(source);
            if !given.is_zero() {
                self.take_out(source);
                self.closed = LineSet::EMPTY;
                self.give(source, given, |payer| payer > source);
            }
        }
        self.closed = LineSet::EMPTY;
    }

    /// Pays up to an amount from a source, as much as can be of its first line, then of the next. What movable sources
    /// pay is moved to other lines for it.
    fn give(&mut self, source: usize, most: Amount, is_movable: impl Fn(usize) -> bool) -> Amount {
        let mut left = most;
        for line in self.lines_of(source).lines() {
            while !left.is_zero() && !self.closed.contains(line) {
                if !self.has_room(line) {
                    match self.path(line, &is_movable) {
                        Some(path) => self.make_room(&path, left),
                        None => break,
                    }
                }
                let taken = self.room_of(line).min(left);
                self.pay(line, source, taken);
                left = left.minus(taken);
            }
        }
        most.minus(left)
    }

    /// The steps that lead from a full line to one with room. Without any, all lines that were reached are closed.
    fn path(&mut self, line: usize, is_movable: impl Fn(usize) -> bool) -> Option<Vec<Reached>> {
        let mut reached: Vec<Reached> = vec![(line, None)];
        let mut seen = self.closed;
        seen.insert(line);
        let mut next = 0;
        while let Some((from, _)) = reached.get(next).copied() {
            let payers = self.paid.get(from).into_iter().flatten().map(|(payer, _)| *payer);
            for payer in payers.filter(|payer| is_movable(*payer)) {
                for to in self.lines_of(payer).without(seen).lines() {
                    seen.insert(to);
                    reached.push((to, Some((next, payer))));
                    if self.has_room(to) {
                        return Some(reached);
                    }
                }
            }
            next = next.saturating_add(1);
        }
        self.closed = seen;
        None
    }

    /// Moves up to an amount from the first line of a path to its last.
    fn make_room(&mut self, path: &[Reached], most: Amount) {
        let steps = || {
            let mut step = path.last();
            std::iter::from_fn(move || {
                let (to, (earlier, payer)) = step.and_then(|(to, via)| Some((*to, (*via)?)))?;
                step = path.get(earlier);
                Some((step?.0, to, payer))
            })
        };
        let end = path.last().map_or(Amount::ZERO, |(line, _)| self.room_of(*line));
        let moved = steps().fold(most.min(end), |least, (from, _, payer)| least.min(self.pays(from, payer)));
        for (from, to, payer) in steps() {
            self.pay(to, payer, moved);
            self.unpay(from, payer, moved);
        }
    }

    fn lines_of(&self, source: usize) -> LineSet {
        self.sources.get(source).map_or(LineSet::EMPTY, |source| source.lines)
    }

    fn room_of(&self, line: usize) -> Amount {
        self.room.get(line).copied().unwrap_or_default()
    }

    fn has_room(&self, line: usize) -> bool {
        !self.room_of(line).is_zero()
    }

    fn pays(&self, line: usize, source: usize) -> Amount {
        let mut payers = self.paid.get(line).into_iter().flatten();
        payers.find(|(payer, _)| *payer == source).map_or(Amount::ZERO, |(_, amount)| *amount)
    }

    fn pay(&mut self, line: usize, source: usize, amount: Amount) {
        let (Some(room), Some(paid)) = (self.room.get_mut(line), self.paid.get_mut(line)) else { return };
        *room = room.minus(amount);
        match paid.iter_mut().find(|(payer, _)| *payer == source) {
            Some((_, known)) => *known = known.plus(amount),
            None => paid.push((source, amount)),
        }
    }

    fn unpay(&mut self, line: usize, source: usize, amount: Amount) {
        let (Some(room), Some(paid)) = (self.room.get_mut(line), self.paid.get_mut(line)) else { return };
        *room = room.plus(amount);
        if let Some((_, known)) = paid.iter_mut().find(|(payer, _)| *payer == source) {
            *known = known.minus(amount);
        }
        paid.retain(|(_, amount)| !amount.is_zero());
    }

    /// Takes back all that a source pays.
    fn take_out(&mut self, source: usize) {
        for (room, paid) in self.room.iter_mut().zip(&mut self.paid) {
            if let Some(place) = paid.iter().position(|(payer, _)| *payer == source) {
                *room = room.plus(paid.swap_remove(place).1);
            }
        }
    }
}

#[cfg(test)]
mod tests;
