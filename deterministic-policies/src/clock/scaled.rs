//! A clock that runs too fast or too slow, for sleeps as well.

use alloc::boxed::Box;
use core::fmt;

use deterministic_core::{Clock, ClockId, Description, FuelObserver, Instant, Policy, PolicyError, Undescribed};

use super::drift::Rate;
use crate::snapshot::snapshots_around;
use crate::{ConfigError, Ratio};

/// Shows the time of the clock inside, multiplied by a rate, and lets a sleep take its length on the clock inside.
///
/// It shows what [`Drift`](crate::Drift) shows. There a guest that sleeps for an hour sees an hour pass; here it sees an
/// hour times the rate, rounded up to a whole nanosecond, as on a machine whose timers run by another oscillator than the
/// clock that its programs read.
///
/// With a rate above 1 a guest oversleeps by its own clock, with one below 1 it wakes before its deadline by its own
/// clock. A guest that then sleeps for the rest, and again, reaches its deadline, since each sleep lets at least a nanosecond
/// pass inside; with a rate far below 1 that takes many sleeps.
///
/// ```
/// use deterministic_core::{Clock, Instant, VirtualClock};
/// use deterministic_policies::{Drift, Ratio, Scaled};
///
/// let (zero, slow) = (VirtualClock::starting_at(Instant::ZERO, 0), Ratio::new(4, 5)?);
/// let second = Instant::from_nanos(1_000_000_000);
///
/// let mut drift = Drift::new(zero.clone(), slow)?;
/// drift.advance_to(second)?;
/// assert_eq!(drift.now(), second);
///
/// let mut scaled = Scaled::new(zero, slow)?;
/// scaled.advance_to(second)?;
/// assert_eq!(scaled.now(), Instant::from_nanos(800_000_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Scaled<C = Box<dyn Clock>> {
    inner: C,
    params: Rate,
}

impl<C: Clock> Scaled<C> {
    /// The clock `inner` at `rate`: above 1 it runs fast, below 1 slow.
    ///
    /// # Errors
    ///
    /// [`ConfigError::ZeroRate`] if `rate` is 0.
    pub fn new(inner: C, rate: Ratio) -> Result<Self, ConfigError> {
        Ok(Scaled { inner, params: Rate::new(rate)? })
    }
}

impl<C: Clock> Clock for Scaled<C> {
    fn now(&self) -> Instant {
        self.params.shown(self.inner.now())
    }

    fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        self.inner.catch_up()?;
        Ok(self.now())
    }

    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        match deadline.saturating_since(self.now()) {
            0 => Ok(()),
            length => self.inner.advance_to(self.inner.now().saturating_add(length)),
        }
    }

    fn read(&mut self, clock: ClockId) -> Result<Instant, PolicyError> {
        Ok(self.params.shown(self.inner.read(clock)?))
    }

    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        self.inner.fuel_observer()
    }
}

impl<C: Clock> Policy for Scaled<C> {
    fn describe(&self) -> Result<Description, Undescribed> {
        Ok(Description::new("Scaled", 1).list("rate", self.params.parts()).policy("inner", self.inner.describe()?))
    }

    snapshots_around!("Scaled", Rate);
}

impl<C: Clock> fmt::Debug for Scaled<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scaled").field("now", &self.now()).field("params", &self.params).finish_non_exhaustive()
    }
}
