//! Deadlines by the number of a pollable.

use deterministic_core::Instant;

/// A list with gaps: numbers are those of the table of resources, which gives freed ones again first, so it is never much
/// longer than that table. Each wait looks up every pollable that it is given.
#[derive(Debug, Default)]
pub(crate) struct Deadlines(Vec<Deadline>);

/// Of what a pollable has a deadline, if it has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Deadline {
    #[default]
    None,
    /// A timer, which is an entry of our own in the table of resources.
    Timer(Instant),
    /// A response, whose pollable is stock's.
    #[cfg(feature = "http")]
    Response(Instant),
}

impl Deadlines {
    #[inline]
    pub(crate) fn get(&self, pollable: u32) -> Option<Instant> {
        match self.0.get(pollable as usize)? {
            Deadline::None => None,
            Deadline::Timer(deadline) => Some(*deadline),
            #[cfg(feature = "http")]
            Deadline::Response(deadline) => Some(*deadline),
        }
    }

    /// Replaces the one there was.
    #[inline]
    pub(crate) fn insert(&mut self, pollable: u32, deadline: Deadline) {
        let index = pollable as usize;
        match self.0.get_mut(index) {
            Some(place) => *place = deadline,
            None => {
                self.0.resize(index + 1, Deadline::None);
                self.0[index] = deadline;
            }
        }
    }

    /// The one there was.
    #[inline]
    pub(crate) fn remove(&mut self, pollable: u32) -> Deadline {
        self.0.get_mut(pollable as usize).map(std::mem::take).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_come_in_any_order_and_be_given_again() {
        let mut deadlines = Deadlines::default();
        let instant = Instant::from_nanos;
        let timer = |nanos| Deadline::Timer(instant(nanos));
        assert_eq!(deadlines.get(7), None);
        deadlines.insert(7, timer(1));
        deadlines.insert(3, timer(2));
        assert_eq!([3, 4, 7, 8].map(|at| deadlines.get(at)), [Some(instant(2)), None, Some(instant(1)), None]);
        deadlines.insert(7, timer(3));
        assert_eq!([3, 3, 1000].map(|at| deadlines.remove(at)), [timer(2), Deadline::None, Deadline::None]);
        assert_eq!([3, 7].map(|at| deadlines.get(at)), [None, Some(instant(3))]);
    }
}
