//! The allotment of lots to the lines of a basket (rule S4).
//!
//! A flow from sources (a reward, or all point lots together) to lines. Each source in turn gives as much as it can,
//! along paths that move what earlier sources pay to other lines and never take from their totals. What sets of sources
//! can give together is a polymatroid (rank: the largest flow), so that this greedy order gives the first source the most
//! that it can have in any allotment, then the second, and so on; and stopping early is the answer for a smaller amount.
//!
//! The same argument fixes the lines: split a source into one for each line, in the order of the lines, and let these be
//! greedy in turn, while the totals of the sources after it are kept.
//!
//! Lines that the same sources may pay are one class: to totals it is all one which of them is paid, so the flow goes to
//! classes.

use smallvec::SmallVec;

use crate::value::Amount;

/// Lines of a basket, or classes of them: one bit for each.
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
        *self == Self::EMPTY
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
pub(crate) struct Allotment {
    /// The lines that each source pays, and how much.
    shares: Vec<Vec<(usize, Amount)>>,
    flow: Flow,
}

/// Allots up to an amount from sources, in the order of use, to lines, in the order of the request.
pub(crate) fn allot(lines: &[Amount], sources: &[Source], amount: Amount) -> Allotment {
    let classes = classes(lines, sources);
    let mut flow = Flow::new(lines, sources, &classes);
    flow.give_in_turn(amount);
    let shares = fix_lines(&mut flow, lines, sources, &classes);
    Allotment { shares, flow }
}

impl Allotment {
    /// The amounts that each source pays, line by line.
    pub(crate) fn shares(&self) -> &[Vec<(usize, Amount)>] {
        &self.shares
    }

    pub(crate) fn given(&self, source: usize) -> Amount {
        self.flow.given(source)
    }

    /// Whether a source that has something left could give more, besides what all sources give.
    pub(crate) fn could_give_more(&mut self, source: usize) -> bool {
        self.flow.could_give_more(source)
    }
}

/// The lines with an amount, those together that the same sources may pay.
fn classes(lines: &[Amount], sources: &[Source]) -> Vec<LineSet> {
    let mut all = LineSet::EMPTY;
    let some = lines.iter().enumerate().filter(|(_, amount)| !amount.is_zero());
    some.for_each(|(line, _)| all.insert(line));
    let mut classes = vec![all];
    let mut split = Vec::new();
    for source in sources {
        for class in &mut classes {
            let (inside, outside) = (class.both(source.lines), class.without(source.lines));
            if !inside.is_empty() && !outside.is_empty() {
                *class = inside;
                split.push(outside);
            }
        }
        classes.append(&mut split);
    }
    classes
}

/// Each source pays as much as it can to the first line, then to the next, while the totals of all are kept.
fn fix_lines(
    flow: &mut Flow,
    lines: &[Amount],
    sources: &[Source],
    classes: &[LineSet],
) -> Vec<Vec<(usize, Amount)>> {
    // What nobody pays of each line, and its class.
    let mut rest: Vec<(Amount, usize)> = lines.iter().map(|amount| (*amount, 0)).collect();
    for (place, class) in classes.iter().enumerate() {
        class.lines().for_each(|line| rest.get_mut(line).into_iter().for_each(|(_, class)| *class = place));
    }
    let fix = |(source, of): (usize, &Source)| {
        let (mut shares, mut left) = (Vec::new(), flow.given(source));
        if left.is_zero() {
            return shares;
        }
        flow.take_out(source);
        for line in of.lines.lines() {
            let Some((rest, class)) = rest.get_mut(line) else { continue };
            let given = flow.give(source, *class, left.min(*rest), source.saturating_add(1));
            if !given.is_zero() {
                shares.push((line, given));
                (*rest, left) = (rest.minus(given), left.minus(given));
                if left.is_zero() {
                    break;
                }
            }
        }
        shares
    };
    let shares = sources.iter().enumerate().map(fix).collect();
    flow.closed = LineSet::EMPTY;
    shares
}

/// The amounts that sources pay of classes of lines.
#[derive(Clone, Debug)]
struct Flow {
    payers: Vec<Payer>,
    classes: Vec<Class>,
    /// The classes with room.
    open: LineSet,
    /// The classes from which no path leads to one with room.
    closed: LineSet,
    /// The steps of the last search, and how many searches there were.
    steps: Vec<Hop>,
    searches: u32,
}

/// A source, as the flow sees it.
#[derive(Clone, Copy, Debug)]
struct Payer {
    /// The most that it can give.
    capacity: Amount,
    /// The classes that it may pay.
    classes: LineSet,
    given: Amount,
    /// The last search that met it.
    met: u32,
}

#[derive(Clone, Debug)]
struct Class {
    /// The amount of its lines that nobody pays.
    room: Amount,
    /// The sources that pay the rest, and how much.
    paid: SmallVec<[(usize, Amount); 4]>,
}

/// A step of a search: what a source pays of a class can be moved to the class of the step before it in the search, or else
/// to one with room.
#[derive(Clone, Copy, Debug)]
struct Hop {
    class: usize,
    payer: usize,
    /// The step through which the class was reached.
    via: Option<usize>,
}

impl Flow {
    fn new(lines: &[Amount], sources: &[Source], classes: &[LineSet]) -> Self {
        let amount = |line| lines.get(line).copied().unwrap_or_default();
        let cost = |class: &LineSet| class.lines().fold(Amount::ZERO, |sum, line| sum.plus(amount(line)));
        let (mut open, mut firsts) = (LineSet::EMPTY, Vec::with_capacity(classes.len()));
        // Only a basket of nothing has an empty class.
        for (place, first) in
            classes.iter().enumerate().filter_map(|(place, class)| Some((place, class.lines().next()?)))
        {
            open.insert(place);
            firsts.push((place, first));
        }
        let payer = |source: &Source| {
            let mut classes = LineSet::EMPTY;
            let inside = firsts.iter().filter(|(_, first)| source.lines.contains(*first));
            inside.for_each(|(place, _)| classes.insert(*place));
            Payer { capacity: source.capacity, classes, given: Amount::ZERO, met: 0 }
        };
        Self {
            payers: sources.iter().map(payer).collect(),
            classes: classes.iter().map(|class| Class { room: cost(class), paid: SmallVec::new() }).collect(),
            open,
            closed: LineSet::EMPTY,
            steps: Vec::new(),
            searches: 0,
        }
    }

    /// Each source gives as much as it can, until the amount is met: first to classes with room.
    fn give_in_turn(&mut self, amount: Amount) {
        let mut rest = amount;
        for source in 0..self.payers.len() {
            let Some(Payer { capacity, classes, .. }) = self.payers.get(source).copied() else { return };
            let most = rest.min(capacity);
            let mut left = most;
            for class in classes.both(self.open).lines().chain(classes.lines()) {
                left = left.minus(self.give(source, class, left, 0));
            }
            let given = most.minus(left);
            rest = rest.minus(given);
            self.payers.get_mut(source).into_iter().for_each(|payer| payer.given = given);
        }
    }

    fn could_give_more(&mut self, source: usize) -> bool {
        let classes = self.classes_of(source).without(self.closed);
        classes.lines().any(|class| self.open.contains(class) || self.find_room(class, 0).is_some())
    }

    /// Pays up to an amount of a class, as much as can be. What sources from `movable` on pay is moved to other classes for it.
    fn give(&mut self, source: usize, class: usize, most: Amount, movable: usize) -> Amount {
        let mut left = most;
        while !left.is_zero() && !self.closed.contains(class) {
            if !self.open.contains(class) {
                match self.find_room(class, movable) {
                    Some(to) => self.make_room(to, left),
                    None => break,
                }
            }
            left = left.minus(self.pay(class, source, left));
        }
        most.minus(left)
    }

    /// A class with room, to which what is paid of a full class can be moved, and the steps to it: the last of them pays it.
    /// Without any, all classes that were reached are closed.
    fn find_room(&mut self, class: usize, movable: usize) -> Option<usize> {
        self.steps.clear();
        self.searches = self.searches.saturating_add(1);
        let mut seen = self.closed;
        seen.insert(class);
        let mut found = self.reach(class, None, movable);
        let mut place = 0;
        while let (None, Some(Hop { payer, .. })) = (found, self.steps.get(place).copied()) {
            let further = self.classes_of(payer).without(seen);
            seen = seen.with(further);
            found = further.lines().find_map(|class| self.reach(class, Some(place), movable));
            place = place.saturating_add(1);
        }
        if found.is_none() {
            self.closed = seen;
        }
        found
    }

    /// Adds the steps that a full class leads to; answers a class with room, if the last of them leads there.
    fn reach(&mut self, class: usize, via: Option<usize>, movable: usize) -> Option<usize> {
        let paid = self.classes.get(class).map_or(&[][..], |class| &class.paid);
        for (payer, _) in paid.iter().filter(|(payer, _)| *payer >= movable) {
            let Some(of) = self.payers.get_mut(*payer).filter(|of| of.met != self.searches) else { continue };
            of.met = self.searches;
            self.steps.push(Hop { class, payer: *payer, via });
            let to = of.classes.first_common(&self.open);
            if to.is_some() {
                return to;
            }
        }
        None
    }

    /// Moves up to an amount along the steps of the last search, to the class with room that it found.
    fn make_room(&mut self, to: usize, most: Amount) {
        let last = self.steps.len().checked_sub(1);
        let step = |place: Option<usize>| place.and_then(|place| self.steps.get(place).copied());
        let path: SmallVec<[Hop; 8]> =
            std::iter::successors(step(last), |earlier| step(earlier.via)).collect();
        let least = path.iter().fold(most, |least, step| least.min(self.pays(step.class, step.payer)));
        let (mut to, mut moved) = (to, least);
        for Hop { class, payer, .. } in path {
            moved = self.pay(to, payer, moved);
            self.unpay(class, payer, moved);
            to = class;
        }
    }

    fn given(&self, source: usize) -> Amount {
        self.payers.get(source).map_or(Amount::ZERO, |payer| payer.given)
    }

    fn classes_of(&self, source: usize) -> LineSet {
        self.payers.get(source).map_or(LineSet::EMPTY, |payer| payer.classes)
    }

    fn pays(&self, class: usize, source: usize) -> Amount {
        let mut paid = self.classes.get(class).into_iter().flat_map(|class| &class.paid);
        paid.find(|(payer, _)| *payer == source).map_or(Amount::ZERO, |(_, amount)| *amount)
    }

    /// Pays a class, up to an amount and to the room that it has: answers how much.
    fn pay(&mut self, class: usize, source: usize, most: Amount) -> Amount {
        let Some(Class { room, paid }) = self.classes.get_mut(class) else { return Amount::ZERO };
        let amount = most.min(*room);
        *room = room.minus(amount);
        if room.is_zero() {
            self.open.remove(class);
        }
        match paid.iter_mut().find(|(payer, _)| *payer == source) {
            Some((_, known)) => *known = known.plus(amount),
            None => paid.push((source, amount)),
        }
        amount
    }

    fn unpay(&mut self, class: usize, source: usize, amount: Amount) {
        let Some(Class { room, paid }) = self.classes.get_mut(class) else { return };
        let Some((place, (_, known))) = paid.iter_mut().enumerate().find(|(_, (payer, _))| *payer == source)
        else {
            return;
        };
        *known = known.minus(amount);
        if known.is_zero() {
            paid.swap_remove(place);
        }
        *room = room.plus(amount);
        self.open.insert(class);
    }

    /// Takes back all that a source pays; what was closed may have room now.
    fn take_out(&mut self, source: usize) {
        for class in self.classes_of(source).lines() {
            self.unpay(class, source, self.pays(class, source));
        }
        self.closed = LineSet::EMPTY;
    }
}

#[cfg(test)]
mod tests;
