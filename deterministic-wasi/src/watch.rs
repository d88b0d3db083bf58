//! The calls of a guest that runs, as another thread sees them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::Wasi;
use crate::calls::{HostCall, NAMES};

/// The host functions that the guests of a store called, for another thread: what a guest that does not come back is doing, say.
/// Get one from [`Wasi::calls_so_far`] before the guest runs.
///
/// Numbers that are read while the guest runs are of no moment in particular: the guest goes on meanwhile. After the run they
/// are those of [`Wasi::host_calls`].
///
/// ```
/// use deterministic_core::Policies;
/// use deterministic_wasi::Wasi;
///
/// let wasi = Wasi::new(Policies::default());
/// let calls = wasi.calls_so_far();
/// std::thread::spawn(move || assert_eq!((calls.total(), calls.last()), (0, None))).join().expect("no panic");
/// ```
#[derive(Clone, Debug)]
pub struct CallsSoFar(Arc<Counters>);

#[derive(Debug)]
struct Counters {
    calls: [AtomicU64; NAMES.len()],
    /// The last one's number and 1, or 0.
    last: AtomicUsize,
}

impl CallsSoFar {
    /// How often each function was called, by name, those never called left out; in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let calls = self.0.calls.iter().map(|count| count.load(Ordering::Relaxed));
        NAMES.iter().copied().zip(calls).filter(|(_, count)| *count > 0)
    }

    /// How many calls there were of all functions together.
    pub fn total(&self) -> u64 {
        self.iter().map(|(_, count)| count).sum()
    }

    /// The function that was called last, even if it has not returned.
    pub fn last(&self) -> Option<&'static str> {
        let last = self.0.last.load(Ordering::Relaxed).checked_sub(1)?;
        NAMES.get(last).copied()
    }
}

impl Wasi {
    /// The guest's calls of host functions, for another thread to look at while the guest runs.
    #[cfg_attr(docsrs, doc(cfg(feature = "watch")))]
    pub fn calls_so_far(&self) -> CallsSoFar {
        self.calls.counts.0.clone()
    }
}

/// The counters, which one thread writes.
#[derive(Debug)]
pub(crate) struct Counts(CallsSoFar);

impl Counts {
    // One instruction to find them and one for the last, more than where nobody watches.
    #[inline]
    pub(crate) fn add(&mut self, call: HostCall) {
        let Counters { calls, last } = &*self.0.0;
        let count = &calls[call as usize];
        count.store(count.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        last.store(call as usize + 1, Ordering::Relaxed);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.0.calls.iter().map(|count| count.load(Ordering::Relaxed))
    }
}

impl Default for Counts {
    fn default() -> Self {
        let calls = [const { AtomicU64::new(0) }; NAMES.len()];
        Counts(CallsSoFar(Arc::new(Counters { calls, last: AtomicUsize::new(0) })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::HostCalls;

    #[test]
    fn another_thread_sees_the_calls() {
        let mut calls = HostCalls::default();
        let seen = calls.counts.0.clone();
        assert_eq!((seen.total(), seen.last(), seen.iter().next()), (0, None, None));
        calls.count(HostCall::args_get);
        calls.count(HostCall::poll);
        calls.count(HostCall::args_get);
        let seen = std::thread::spawn(move || (seen.total(), seen.last(), seen.iter().collect::<Vec<_>>()));
        let expected = vec![("args_get", 2), ("wasi:io/poll.poll", 1)];
        assert_eq!(seen.join().expect("no panic"), (3, Some("args_get"), expected.clone()));
        assert_eq!(calls.iter().collect::<Vec<_>>(), expected);
    }
}
