//! Deadlines by the number of a pollable.

use deterministic_core::Instant;

/// A list with gaps: numbers are those of the table of resources, which gives freed ones again first, so it is never much
/// longer than that table. Each wait looks up every pollable that it is given.
#[derive(Debug, Default)]
pub(crate) struct Deadlines(Vec<Option<Instant>>);

impl Deadlines {
    #[inline]
    pub(crate) fn get(&self, pollable: u32) -> Option<Instant> {
        self.0.get(pollable as usize).copied().flatten()
    }

    /// Replaces the one there was.
    #[inline]
    pub(crate) fn insert(&mut self, pollable: u32, deadline: Instant) {
        let index = pollable as usize;
        match self.0.get_mut(index) {
            Some(place) => *place = Some(deadline),
            None => {
                self.0.resize(index + 1, None);
                self.0[index] = Some(deadline);
            }
        }
    }

    /// The one there was.
    #[inline]
    pub(crate) fn remove(&mut self, pollable: u32) -> Option<Instant> {
        self.0.get_mut(pollable as usize)?.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_come_in_any_order_and_be_given_again() {
        let mut deadlines = Deadlines::default();
        let instant = Instant::from_nanos;
        assert_eq!(deadlines.get(7), None);
        deadlines.insert(7, instant(1));
        deadlines.insert(3, instant(2));
        assert_eq!([3, 4, 7, 8].map(|at| deadlines.get(at)), [Some(instant(2)), None, Some(instant(1)), None]);
        deadlines.insert(7, instant(3));
        deadlines.remove(3);
        deadlines.remove(1000);
        assert_eq!([3, 7].map(|at| deadlines.get(at)), [None, Some(instant(3))]);
    }
}
