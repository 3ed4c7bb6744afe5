//! Things that are tied to each other, directly or over others.

/// Numbered things, each in one group; at first each in its own.
#[derive(Debug)]
pub(crate) struct Groups(Vec<usize>);

impl Groups {
    /// As many groups as things.
    pub(crate) fn of(count: usize) -> Self {
        Self((0..count).collect())
    }

    /// Ties two things, and so all that is tied to them.
    pub(crate) fn join(&mut self, a: usize, b: usize) {
        let (keep, drop) = (self.0[a].min(self.0[b]), self.0[a].max(self.0[b]));
        if keep != drop {
            self.0.iter_mut().filter(|group| **group == drop).for_each(|group| *group = keep);
        }
    }

    /// The group of a thing: the smallest number in it.
    pub(crate) fn get(&self, thing: usize) -> usize {
        self.0[thing]
    }

    /// How many things are in the group of this one.
    pub(crate) fn size(&self, thing: usize) -> usize {
        self.0.iter().filter(|group| **group == self.0[thing]).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tied_over_others_is_one_group() {
        let mut groups = Groups::of(5);
        groups.join(3, 4);
        groups.join(1, 3);
        assert_eq!([0, 1, 2, 3, 4].map(|at| groups.get(at)), [0, 1, 2, 1, 1]);
        assert_eq!([0, 4].map(|at| groups.size(at)), [1, 3]);
    }
}
