//! A clock that runs too fast or too slow.

use alloc::boxed::Box;
use core::fmt;
use core::num::NonZeroU64;

use deterministic_core::{Clock, ClockId, Description, FuelObserver, Instant, Policy, PolicyError, Undescribed};

use crate::snapshot::snapshots_around;
use crate::{ConfigError, Ratio};

/// Shows the time of the clock inside, multiplied by a rate.
///
/// Where the clock inside stands at `t`, this one stands at `t * rate`, rounded up to a whole nanosecond: exactly,
/// however long the run, as nothing is added up. Rounding up means that it never shows 0 where the clock inside does
/// not. The end of the timeline stays the end of the timeline at every rate, so that every sleep ends.
///
/// # Sleeps
///
/// A sleep moves the clock inside to the earliest instant at which this one has reached the deadline. So readings are
/// scaled and sleeps are not: a guest that sleeps for an hour sees an hour pass, as on a machine whose timers run by the
/// same wrong clock that its programs read. What drifts is what the clock inside adds by itself: its ticks, its fuel.
/// [`Scaled`](crate::Scaled) scales both.
///
/// ```
/// use deterministic_core::{Clock, Instant, VirtualClock};
/// use deterministic_policies::{Drift, Ratio};
///
/// // A second of this clock takes 1.25 seconds of the clock inside.
/// let inside = VirtualClock::starting_at(Instant::from_nanos(1_000), 0);
/// let clock = Drift::new(inside, Ratio::new(4, 5)?)?;
/// assert_eq!(clock.now(), Instant::from_nanos(800));
/// # Ok::<(), deterministic_policies::ConfigError>(())
/// ```
pub struct Drift<C = Box<dyn Clock>> {
    inner: C,
    params: Rate,
}

/// By how much the time shown goes faster than the time inside.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Rate {
    num: NonZeroU64,
    den: NonZeroU64,
}

impl<C: Clock> Drift<C> {
    /// The clock `inner` at `rate`: above 1 it runs fast, below 1 slow.
    ///
    /// # Errors
    ///
    /// [`ConfigError::ZeroRate`] if `rate` is 0.
    pub fn new(inner: C, rate: Ratio) -> Result<Self, ConfigError> {
        Ok(Drift { inner, params: Rate::new(rate)? })
    }

    /// The clock `inner` at the rate `num/den`.
    pub(crate) fn of(inner: C, num: NonZeroU64, den: NonZeroU64) -> Self {
        Drift { inner, params: Rate { num, den } }
    }
}

impl Rate {
    pub(super) fn new(rate: Ratio) -> Result<Self, ConfigError> {
        Ok(Rate { num: NonZeroU64::new(rate.num()).ok_or(ConfigError::ZeroRate)?, den: rate.den() })
    }

    /// Both parts, for a description.
    pub(super) fn parts(&self) -> [u64; 2] {
        [self.num.get(), self.den.get()]
    }

    /// What is shown when the clock inside stands at `inside`.
    pub(super) fn shown(&self, inside: Instant) -> Instant {
        if inside == Instant::MAX {
            return inside;
        }
        let product = u128::from(inside.as_nanos()) * u128::from(self.num.get());
        narrow(product.div_ceil(self.den.get().into()))
    }

    /// The earliest instant inside at which a clock of this rate shows `shown` or later.
    fn inside(&self, shown: Instant) -> Instant {
        // ceil(t * num / den) >= d  is  t * num / den > d - 1  is  t > (d - 1) * den / num.
        let Some(before) = shown.as_nanos().checked_sub(1) else { return Instant::ZERO };
        narrow(u128::from(before) * u128::from(self.den.get()) / u128::from(self.num.get()) + 1)
    }
}

fn narrow(nanos: u128) -> Instant {
    Instant::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

impl<C: Clock> Clock for Drift<C> {
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

impl<C: Clock> Policy for Drift<C> {
    fn describe(&self) -> Result<Description, Undescribed> {
        Ok(Description::new("Drift", 1).list("rate", self.params.parts()).policy("inner", self.inner.describe()?))
    }

    snapshots_around!("Drift", Rate);
}

impl<C: Clock> fmt::Debug for Drift<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drift").field("now", &self.now()).field("params", &self.params).finish_non_exhaustive()
    }
}
