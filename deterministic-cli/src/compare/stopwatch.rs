//! The time that host calls take, measured from inside the guest's instance.

use std::time::Instant;

use super::stats::median;

/// How many calls of a function are kept one by one; of more, every second, fourth, …
const KEPT: usize = 1 << 14;

/// What the instrumented guest of one store says of its host calls, by number of function.
#[derive(Debug)]
pub(super) struct Stopwatch {
    /// What a call that does nothing is measured to take, in nanoseconds; taken off each.
    overhead_ns: u64,
    /// The call that goes on. Host functions of WASI never call the guest.
    running: Option<(u32, Instant)>,
    calls: Vec<Calls>,
}

/// The calls of one function.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    pub(super) count: u64,
    /// Of all of them together, in nanoseconds.
    pub(super) total_ns: u64,
    /// Each `stride`th, in nanoseconds.
    kept: Vec<u64>,
    /// A power of two, as exponent.
    stride: u32,
}

impl Stopwatch {
    pub(super) fn new(functions: usize, overhead_ns: u64) -> Self {
        Stopwatch { overhead_ns, running: None, calls: vec![Calls::default(); functions] }
    }

    pub(super) fn begin(&mut self, function: u32) {
        self.running = Some((function, Instant::now()));
    }

    /// To be called with the time that was read first.
    pub(super) fn end(&mut self, now: Instant) {
        let Some((function, begun)) = self.running.take() else { return };
        let took = u64::try_from(now.saturating_duration_since(begun).as_nanos()).unwrap_or(u64::MAX);
        if let Some(calls) = self.calls.get_mut(function as usize) {
            calls.add(took.saturating_sub(self.overhead_ns));
        }
    }

    /// By number of function. A call that never came back (`proc_exit`) took until `now`, when the host had control again.
    pub(super) fn stop(mut self, now: Instant) -> Vec<Calls> {
        self.end(now);
        self.calls
    }
}

impl Calls {
    fn add(&mut self, took_ns: u64) {
        if self.count.trailing_zeros() >= self.stride {
            if self.kept.len() == KEPT {
                // Those that the doubled stride would have kept.
                let mut index = 0;
                self.kept.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.stride += 1;
            }
            if self.count.trailing_zeros() >= self.stride {
                self.kept.push(took_ns);
            }
        }
        self.count += 1;
        self.total_ns = self.total_ns.saturating_add(took_ns);
    }

    /// Of the calls of several runs, in nanoseconds. `None` if there was no call.
    pub(super) fn median_ns<'a>(runs: impl Iterator<Item = &'a Calls>) -> Option<u64> {
        let mut all: Vec<u64> = runs.flat_map(|calls| calls.kept.iter().copied()).collect();
        (!all.is_empty()).then(|| median(&mut all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded_and_even() {
        let mut calls = Calls::default();
        for took in 0..10 * KEPT as u64 {
            calls.add(took);
        }
        assert!(calls.kept.len() <= KEPT && calls.kept.len() > KEPT / 4, "{}", calls.kept.len());
        let step = 1 << calls.stride;
        assert!(calls.kept.iter().enumerate().all(|(index, took)| *took == index as u64 * step));
        assert_eq!(calls.count, 10 * KEPT as u64);
        assert_eq!(calls.total_ns, (0..10 * KEPT as u64).sum::<u64>());
    }

    #[test]
    fn a_call_that_does_not_come_back_counts() {
        let mut watch = Stopwatch::new(2, u64::MAX);
        watch.end(Instant::now());
        watch.begin(1);
        let calls = watch.stop(Instant::now());
        assert_eq!((calls[0].count, calls[1].count, calls[1].total_ns), (0, 1, 0));
        assert_eq!(Calls::median_ns(calls.iter()), Some(0));
    }
}
