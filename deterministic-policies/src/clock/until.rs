//! A clock with an end.

use alloc::boxed::Box;
use core::fmt;

use deterministic_core::{Clock, ClockId, Description, FuelObserver, Instant, Policy, PolicyError, Undescribed};

use crate::snapshot::snapshots_around;

/// Ends the guest with [`PolicyError::TimeIsUp`] when a reading or a sleep goes beyond a limit.
///
/// For guests that never end by themselves, such as a server's main loop: as the time is the guest's own, every run ends at the
/// same point. The timeline never stands beyond the limit, and a sleep that would end there goes no further: with the host's
/// clock inside, nothing is slept through that the guest does not see.
///
/// A clock that stands still never comes to a limit, however often the guest sleeps; one that moves with fuel is noticed to be
/// beyond it when the guest next looks or sleeps.
///
/// ```
/// use deterministic_core::{Clock, ClockId, Instant, PolicyError, VirtualClock};
/// use deterministic_policies::Until;
///
/// let mut clock = Until::new(VirtualClock::with_tick(60), Instant::from_nanos(100));
/// assert_eq!(clock.read(ClockId::Monotonic)?, Instant::from_nanos(61));
/// assert!(matches!(clock.read(ClockId::Monotonic), Err(PolicyError::TimeIsUp { .. })));
/// assert_eq!(clock.now(), Instant::from_nanos(100));
/// # Ok::<(), PolicyError>(())
/// ```
pub struct Until<C = Box<dyn Clock>> {
    inner: C,
    params: Params,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Params {
    limit: u64,
}

impl<C: Clock> Until<C> {
    /// The clock `inner`, of which the guest sees `limit` at most.
    pub fn new(inner: C, limit: Instant) -> Self {
        Until { inner, params: Params { limit: limit.as_nanos() } }
    }

    fn limit(&self) -> Instant {
        Instant::from_nanos(self.params.limit)
    }

    fn check(&self, reached: Instant) -> Result<(), PolicyError> {
        let limit = self.limit();
        if reached > limit { Err(PolicyError::TimeIsUp { limit }) } else { Ok(()) }
    }
}

impl<C: Clock> Clock for Until<C> {
    fn now(&self) -> Instant {
        self.inner.now().min(self.limit())
    }

    fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        self.inner.catch_up()?;
        Ok(self.now())
    }

    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        let limit = self.limit();
        if deadline <= self.now() {
            return Ok(());
        }
        if deadline > limit {
            self.inner.advance_to(limit.saturating_add(1))?;
            self.check(self.inner.now())?;
        }
        // Here the clock inside falls short of what it is told.
        self.inner.advance_to(deadline)?;
        self.check(self.inner.now())
    }

    fn read(&mut self, clock: ClockId) -> Result<Instant, PolicyError> {
        let shown = self.inner.read(clock)?;
        self.check(shown)?;
        Ok(shown)
    }

    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        self.inner.fuel_observer()
    }
}

impl<C: Clock> Policy for Until<C> {
    fn describe(&self) -> Result<Description, Undescribed> {
        Ok(Description::new("Until", 1).number("limit", self.params.limit).policy("inner", self.inner.describe()?))
    }

    snapshots_around!("Until", Params);
}

impl<C: Clock> fmt::Debug for Until<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Until").field("now", &self.now()).field("limit", &self.limit()).finish_non_exhaustive()
    }
}
