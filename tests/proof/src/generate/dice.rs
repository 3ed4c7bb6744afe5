//! The only source of chance.

/// Draws from a seed.
pub(super) struct Dice(fastrand::Rng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// True in so many of a hundred draws.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.0.u32(..100) < percent
    }

    pub(super) fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.0.usize(..all.len())]
    }

    /// One of them, or nothing in the rest of a hundred draws.
    pub(super) fn maybe<T: Copy>(&mut self, percent: u32, all: &[T]) -> Option<T> {
        self.chance(percent).then(|| self.pick(all))
    }

    /// From `least` to `most`.
    pub(super) fn number(&mut self, least: usize, most: usize) -> usize {
        self.0.usize(least..=most)
    }

    /// Some of them, in their order.
    pub(super) fn some<T: Copy>(&mut self, percent: u32, all: &[T]) -> Vec<T> {
        all.iter().copied().filter(|_| self.chance(percent)).collect()
    }
}
