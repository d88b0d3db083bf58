//! A clock that somebody sets forward.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use deterministic_core::{Clock, ClockId, Description, FuelObserver, Instant, Policy, PolicyError, Undescribed, Value};

use crate::snapshot::snapshots_around;

/// One jump of a [`Jumps`] clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump {
    /// When it happens, on the timeline of the clock inside.
    pub at: Instant,
    /// How far the clock jumps forward, in nanoseconds.
    pub by: u64,
}

/// Shows the time of the clock inside, and jumps forward at given instants: a suspended laptop, a paused virtual
/// machine.
///
/// Jumps only go forward. The monotonic clock and the wall clock share one timeline and the monotonic clock must not go
/// back; a wall clock that is set back cannot be had from this crate.
///
/// A sleep that ends inside a jump ends after it: later than its deadline, as on a machine that was suspended.
///
/// ```
/// use deterministic_core::{Clock, Instant, VirtualClock};
/// use deterministic_policies::{Jump, Jumps};
///
/// let jump = Jump { at: Instant::from_nanos(100), by: 1_000 };
/// let mut clock = Jumps::new(VirtualClock::new(), [jump]);
/// clock.advance_to(Instant::from_nanos(99))?;
/// assert_eq!(clock.now(), Instant::from_nanos(99));
/// clock.advance_to(Instant::from_nanos(500))?;
/// assert_eq!(clock.now(), Instant::from_nanos(1_100));
/// # Ok::<(), deterministic_core::PolicyError>(())
/// ```
pub struct Jumps<C = Box<dyn Clock>> {
    inner: C,
    params: Params,
}

#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Params {
    /// When each jump happens inside, in order, and how far all jumps up to and with it add up.
    jumps: Vec<(u64, u64)>,
}

impl<C: Clock> Jumps<C> {
    /// The clock `inner` with these jumps, in any order; jumps at the same instant add up.
    pub fn new(inner: C, jumps: impl IntoIterator<Item = Jump>) -> Self {
        let mut jumps: Vec<_> = jumps.into_iter().map(|jump| (jump.at.as_nanos(), jump.by)).collect();
        jumps.sort_unstable();
        let mut total = 0u64;
        for (_, by) in &mut jumps {
            total = total.saturating_add(*by);
            *by = total;
        }
        // Of those at one instant, the last holds the sum: jumps that add up are the same as one jump.
        jumps.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 = later.1;
            }
            same
        });
        Jumps { inner, params: Params { jumps } }
    }
}

impl Params {
    /// How far the first `count` jumps add up.
    fn total(&self, count: usize) -> u64 {
        count.checked_sub(1).and_then(|last| self.jumps.get(last)).map_or(0, |jump| jump.1)
    }

    /// What this clock shows when the one inside stands at `inside`.
    fn shown(&self, inside: Instant) -> Instant {
        inside.saturating_add(self.total(self.jumps.partition_point(|jump| jump.0 <= inside.as_nanos())))
    }

    /// The earliest instant inside at which this clock shows `shown` or later.
    fn inside(&self, shown: Instant) -> Instant {
        // Jumps after which `shown` is still to come lie before the instant looked for.
        let passed = self.jumps.partition_point(|&(at, total)| at.saturating_add(total) < shown.as_nanos());
        let counted = shown.as_nanos().saturating_sub(self.total(passed));
        let next = self.jumps.get(passed).map_or(u64::MAX, |jump| jump.0);
        Instant::from_nanos(counted.min(next))
    }

    fn is_valid(&self) -> bool {
        self.jumps.is_sorted_by_key(|jump| jump.0) && self.jumps.is_sorted_by_key(|jump| jump.1)
    }
}

impl<C: Clock> Clock for Jumps<C> {
    fn now(&self) -> Instant {
        self.params.shown(self.inner.now())
    }

    fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        self.inner.catch_up()?;
        Ok(self.now())
    }

    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        self.inner.advance_to(self.params.inside(deadline))
    }

    fn read(&mut self, clock: ClockId) -> Result<Instant, PolicyError> {
        Ok(self.params.shown(self.inner.read(clock)?))
    }

    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        self.inner.fuel_observer()
    }
}

impl<C: Clock> Policy for Jumps<C> {
    fn describe(&self) -> Result<Description, Undescribed> {
        let jumps = self.params.jumps.iter().map(|&(at, total)| Value::from_iter([at.into(), total.into()]));
        Ok(Description::new("Jumps", 1).list("jumps", jumps).policy("inner", self.inner.describe()?))
    }

    snapshots_around!("Jumps", Params, Params::is_valid);
}

impl<C: Clock> fmt::Debug for Jumps<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jumps").field("now", &self.now()).field("params", &self.params).finish_non_exhaustive()
    }
}
