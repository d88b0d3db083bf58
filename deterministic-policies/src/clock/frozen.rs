//! Time stands still.

use deterministic_core::{Clock, ClockId, Description, FuelObserver, Instant, Policy, PolicyError, Undescribed};

use crate::snapshot::snapshots;

/// A clock that always shows the same instant. Neither a reading nor a sleep moves it.
///
/// A result that was computed under it does not depend on time at all, which is what a cache wants.
///
/// # Guests that spin on it
///
/// A sleep returns at once, but a guest that then asks whether the time has come is told no. Guests that loop until a
/// deadline passes therefore get no further: busy-waits, `while Instant::now() < deadline { sleep }`, thread pools and
/// runtimes that sleep again when they wake early (Go's timers, tokio's), benchmarks that measure until enough time has
/// passed (CoreMark). Give such a guest virtual time, or a limit of fuel. deterministic-wasmtime ends those that sleep, with an
/// error that names this clock; those that spin it cannot tell from others that compute.
///
/// The default is 1 ns, because Go's runtime refuses to start at a monotonic 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FrozenClock {
    now: u64,
}

impl FrozenClock {
    /// A clock that stands at 1 ns.
    pub const fn new() -> Self {
        Self::at(Instant::from_nanos(1))
    }

    /// A clock that stands at `instant`. At [`Instant::ZERO`], Go's runtime does not start.
    pub const fn at(instant: Instant) -> Self {
        FrozenClock { now: instant.as_nanos() }
    }
}

impl Default for FrozenClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for FrozenClock {
    fn now(&self) -> Instant {
        Instant::from_nanos(self.now)
    }

    fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        Ok(self.now())
    }

    fn advance_to(&mut self, _: Instant) -> Result<(), PolicyError> {
        Ok(())
    }

    fn read(&mut self, _: ClockId) -> Result<Instant, PolicyError> {
        Ok(self.now())
    }

    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        None
    }
}

impl Policy for FrozenClock {
    fn describe(&self) -> Result<Description, Undescribed> {
        Ok(Description::new("FrozenClock", 1).number("now", self.now))
    }

    snapshots!("FrozenClock");
}
