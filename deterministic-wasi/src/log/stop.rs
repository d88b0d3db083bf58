//! Where a run is to be stopped.

use std::num::NonZeroU64;

use deterministic_core::Instant;

/// Where a run is to be stopped: before a call, by which it is found again in each run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopAt {
    /// Before the call of this number, as the log counts them.
    Call(NonZeroU64),
    /// Before the first call that begins at this time of the guest's or later, as the log tells it.
    Time(Instant),
}

impl StopAt {
    /// Whether the call of this number, which begins at that time, is the one.
    pub(super) fn is_here(self, call: u64, at: Instant) -> bool {
        match self {
            StopAt::Call(number) => call >= number.get(),
            StopAt::Time(time) => at >= time,
        }
    }
}
