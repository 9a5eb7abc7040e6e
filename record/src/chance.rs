//! Random numbers that are the same on every run: SplitMix64.
//!
//! Every step has a generator of its own, seeded by its number. An answer that differs changes what later steps can choose
//! from, and never which numbers they draw.

pub struct Chance(u64);

impl Chance {
    pub fn of(ledger: u64, step: u64) -> Self {
        let mut chance = Self(ledger.wrapping_mul(0xA076_1D64_78BD_642F) ^ step);
        // The first numbers of neighbouring seeds are alike.
        chance.next();
        Self(chance.next())
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }

    /// From `start` to `end`, both inclusive.
    pub fn between(&mut self, start: i64, end: i64) -> i64 {
        start + i64::try_from(self.next() % u64::try_from(end - start + 1).unwrap()).unwrap()
    }

    pub fn percent(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let index = self.below(from.len());
        from.get(index)
    }

    pub fn one_of<T: Copy, const N: usize>(&mut self, from: [T; N]) -> T {
        from[self.below(N)]
    }

    /// One of the last eight more often than an older one.
    pub fn recent<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let is_old = self.percent(30);
        let last = from.len().saturating_sub(8);
        self.pick(if is_old { from } else { &from[last..] })
    }
}
