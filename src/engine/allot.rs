//! The allotment of lots to the lines of a basket (rule S4).
//!
//! A flow from sources (a reward, or all point lots together) to lines. Each source in turn gives as much as it can,
//! along paths that move what earlier sources pay to other lines and never take from their totals. What sets of sources
//! can give together is a polymatroid (rank: the largest flow), so that this greedy order gives the first source the most
//! that it can have in any allotment, then the second, and so on; and stopping early is the answer for a smaller amount.
//!
//! The same argument fixes the lines: split a source into one for each line, in the order of the lines, and let these be
//! greedy in turn, while the totals of the sources after it are kept.

use smallvec::SmallVec;

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

    fn remove(&mut self, line: usize) {
        if let Some(word) = self.0.get_mut(line / 64) {
            *word &= !(1 << (line % 64));
        }
    }

    /// The first line of both.
    fn first_common(&self, other: &Self) -> Option<usize> {
        let mut words = self.0.iter().zip(&other.0).map(|(one, other)| one & other).zip((0..).step_by(64));
        let (word, first): (u64, usize) = words.find(|(word, _)| *word != 0)?;
        Some((word.trailing_zeros() as usize).saturating_add(first))
    }

    pub(crate) fn with(self, other: Self) -> Self {
        self.each(other, |one, other| one | other)
    }

    fn both(self, other: Self) -> Self {
        self.each(other, |one, other| one & other)
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
    /// The lines with such an amount.
    open: LineSet,
    /// The sources that pay each line, and how much.
    paid: Vec<Payers>,
    /// Lines from which no path leads to a line with room.
    closed: LineSet,
    /// The steps of the last search.
    steps: Vec<Step>,
}

type Payers = SmallVec<[(usize, Amount); 2]>;

/// A step of a search: what a source pays of a line can be moved to the line of the step before it in the search, by
/// its place, or else to one with room.
#[derive(Clone, Copy, Debug)]
struct Step {
    line: usize,
    payer: usize,
    /// The step through which the line was reached.
    via: Option<usize>,
}

/// Allots up to an amount from sources, in the order of use, to lines, in the order of the request.
pub(crate) fn allot<'a>(lines: &[Amount], sources: &'a [Source], amount: Amount) -> Allotment<'a> {
    let mut open = LineSet::EMPTY;
    let some = lines.iter().enumerate().filter(|(_, amount)| !amount.is_zero());
    some.for_each(|(line, _)| open.insert(line));
    let mut allotment = Allotment {
        sources,
        given: vec![Amount::ZERO; sources.len()],
        room: lines.to_vec(),
        open,
        paid: vec![Payers::new(); lines.len()],
        closed: LineSet::EMPTY,
        steps: Vec::new(),
    };
    allotment.give_in_turn(amount);
    allotment.fix_lines();
    allotment
}

impl Allotment<'_> {
    /// The amounts that each source pays, line by line.
    pub(crate) fn shares(&self) -> Vec<Vec<(usize, Amount)>> {
        let mut shares = vec![Vec::new(); self.sources.len()];
        for (line, paid) in self.paid.iter().enumerate() {
            for (payer, amount) in paid {
                shares.get_mut(*payer).into_iter().for_each(|shares| shares.push((line, *amount)));
            }
        }
        shares
    }

    pub(crate) fn given(&self, source: usize) -> Amount {
        self.given.get(source).copied().unwrap_or_default()
    }

    /// Whether a source that has something left could give more, besides what all sources give.
    pub(crate) fn could_give_more(&mut self, source: usize) -> bool {
        let open = self.lines_of(source).without(self.closed);
        open.lines().any(|line| self.has_room(line) || self.find_room(line, 0).is_some())
    }

    /// Each source gives as much as it can, until the amount is met: first to lines with room.
    fn give_in_turn(&mut self, amount: Amount) {
        let mut left = amount;
        for (source, Source { capacity, lines }) in self.sources.iter().enumerate() {
            let most = left.min(*capacity);
            let open = lines.both(self.open);
            let mut given = self.give(source, open, most, 0);
            given = given.plus(self.give(source, *lines, most.minus(given), 0));
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
                self.give(source, self.lines_of(source), given, source.saturating_add(1));
            }
        }
        self.closed = LineSet::EMPTY;
    }

    /// Pays up to an amount from a source, as much as can be of the first of some lines, then of the next. What sources
    /// from `movable` on pay is moved to other lines for it.
    fn give(&mut self, source: usize, lines: LineSet, most: Amount, movable: usize) -> Amount {
        let mut left = most;
        for line in lines.lines() {
            if left.is_zero() {
                break;
            }
            while !left.is_zero() && !self.closed.contains(line) {
                if !self.has_room(line) {
                    match self.find_room(line, movable) {
                        Some(to) => self.make_room(to, left),
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

    /// A line with room, to which what is paid of a full line can be moved, and the steps to it: the last of them pays it.
    /// Without any, all lines that were reached are closed.
    fn find_room(&mut self, line: usize, movable: usize) -> Option<usize> {
        self.steps.clear();
        let mut seen = self.closed;
        seen.insert(line);
        let mut next = self.reach(line, None, movable);
        if let Some(to) = next {
            return Some(to);
        }
        let mut place = 0;
        while let Some(Step { payer, .. }) = self.steps.get(place).copied() {
            let further = self.lines_of(payer).without(seen);
            seen = seen.with(further);
            for line in further.lines() {
                next = self.reach(line, Some(place), movable);
                if let Some(to) = next {
                    return Some(to);
                }
            }
            place = place.saturating_add(1);
        }
        self.closed = seen;
        None
    }

    /// Adds the steps that a full line leads to; answers a line with room, if the last of them leads there.
    fn reach(&mut self, line: usize, via: Option<usize>, movable: usize) -> Option<usize> {
        let payers = self.paid.get(line).into_iter().flatten();
        for (payer, _) in payers.filter(|(payer, _)| *payer >= movable) {
            self.steps.push(Step { line, payer: *payer, via });
            let to = self.sources.get(*payer).and_then(|source| source.lines.first_common(&self.open));
            if to.is_some() {
                return to;
            }
        }
        None
    }

    /// Moves up to an amount along the steps of the last search, to the line with room that it found.
    fn make_room(&mut self, to: usize, most: Amount) {
        let last = self.steps.len().checked_sub(1);
        let step = |place: Option<usize>| place.and_then(|place| self.steps.get(place).copied());
        let path: SmallVec<[Step; 8]> =
            std::iter::successors(step(last), |earlier| step(earlier.via)).collect();
        let most = most.min(self.room_of(to));
        let moved = path.iter().fold(most, |least, step| least.min(self.pays(step.line, step.payer)));
        let mut to = to;
        for Step { line, payer, .. } in path {
            self.pay(to, payer, moved);
            self.unpay(line, payer, moved);
            to = line;
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
        if room.is_zero() {
            self.open.remove(line);
        }
        match paid.iter_mut().find(|(payer, _)| *payer == source) {
            Some((_, known)) => *known = known.plus(amount),
            None => paid.push((source, amount)),
        }
    }

    fn unpay(&mut self, line: usize, source: usize, amount: Amount) {
        let (Some(room), Some(paid)) = (self.room.get_mut(line), self.paid.get_mut(line)) else { return };
        *room = room.plus(amount);
        self.open.insert(line);
        if let Some((_, known)) = paid.iter_mut().find(|(payer, _)| *payer == source) {
            *known = known.minus(amount);
        }
        paid.retain(|(_, amount)| !amount.is_zero());
    }

    /// Takes back all that a source pays.
    fn take_out(&mut self, source: usize) {
        for (line, (room, paid)) in self.room.iter_mut().zip(&mut self.paid).enumerate() {
            if let Some(place) = paid.iter().position(|(payer, _)| *payer == source) {
                *room = room.plus(paid.swap_remove(place).1);
                self.open.insert(line);
            }
        }
    }
}

#[cfg(test)]
mod tests;
