//! A clock that is a little late, by another amount each time.

use alloc::boxed::Box;
use core::fmt;

use deterministic_core::{Clock, ClockId, Description, FuelObserver, Instant, Policy, PolicyError, Seed, Undescribed};

use crate::seeded_numbers::SeededNumbers;
use crate::snapshot::snapshots_around;

/// Shows the time of the clock inside plus a seeded delay, drawn anew for each reading and for each sleep.
///
/// The clock stays monotonic: where a smaller delay would show an earlier instant than was shown before, the one shown
/// before is shown again. It is never more than the largest delay ahead of the clock inside.
///
/// The delays are drawn from the stream `clock` of the seed.
pub struct Jitter<C = Box<dyn Clock>> {
    inner: C,
    params: Params,
}

#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Params {
    numbers: SeededNumbers,
    max: u64,
    /// The latest instant shown.
    last: u64,
}

impl<C: Clock> Jitter<C> {
    /// The clock `inner` with delays of 0 to `max` nanoseconds, both included.
    pub fn new(inner: C, max: u64, seed: &Seed) -> Self {
        Jitter { inner, params: Params { numbers: SeededNumbers::new(seed, "clock", "jitter"), max, last: 0 } }
    }

    /// Shows `inside` with a delay, or what was shown before.
    fn show(&mut self, inside: Instant) -> Instant {
        let late = inside.saturating_add(self.params.numbers.up_to(self.params.max));
        self.params.last = self.params.last.max(late.as_nanos());
        Instant::from_nanos(self.params.last)
    }
}

impl<C: Clock> Clock for Jitter<C> {
    fn now(&self) -> Instant {
        self.inner.now().max(Instant::from_nanos(self.params.last))
    }

    fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        self.inner.catch_up()?;
        Ok(self.now())
    }

    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        if deadline > self.now() {
            self.inner.advance_to(deadline)?;
            self.show(self.inner.now());
        }
        Ok(())
    }

    fn read(&mut self, clock: ClockId) -> Result<Instant, PolicyError> {
        let inside = self.inner.read(clock)?;
        Ok(self.show(inside))
    }

    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        self.inner.fuel_observer()
    }
}

impl<C: Clock> Policy for Jitter<C> {
    fn describe(&self) -> Result<Description, Undescribed> {
        let Params { numbers, max, last } = &self.params;
        let description = Description::new("Jitter", 1).policy("draw", numbers.describe());
        Ok(description.number("max", *max).number("last", *last).policy("inner", self.inner.describe()?))
    }

    snapshots_around!("Jitter", Params);
}

impl<C: Clock> fmt::Debug for Jitter<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jitter").field("now", &self.now()).field("max", &self.params.max).finish_non_exhaustive()
    }
}
