//! A clock that runs too fast or too slow.

use alloc::boxed::Box;
use core::fmt;
use core::num::NonZeroU64;

use deterministic_core::{Clock, ClockId, Description, Instant, PolicyError, Undescribed};

use crate::snapshot::snapshots_around;
use crate::{ConfigError, Ratio};

/// Shows the time of the clock inside, multiplied by a rate.
///
/// Where the clock inside stands at `t`, this one stands at `t * rate`, rounded up to a whole nanosecond: exactly,
/// however long the run, as nothing is added up. Rounding up means that it never shows 0 where the clock inside does
/// not. The end of the timeline stays the end of the timeline at every rate, so that every sleep ends.
///
/// A sleep moves the clock inside to the earliest instant at which this one has reached the deadline.
///
/// ```
/// use deterministic_core::{Clock, Instant, VirtualClock};
/// use deterministic_policies::{Drift, Ratio};
///
/// // A second of this clock takes 1.25 seconds of the clock inside.
/// let inside = VirtualClock::starting_at(Instant::from_nanos(1_000), 0);
/// let mut clock = Drift::new(Box::new(inside), Ratio::new(4, 5)?)?;
/// assert_eq!(clock.now(), Instant::from_nanos(800));
/// # Ok::<(), deterministic_policies::ConfigError>(())
/// ```
pub struct Drift {
    inner: Box<dyn Clock>,
    own: Own,
}

#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Own {
    num: NonZeroU64,
    den: NonZeroU64,
}

impl Drift {
    /// The clock `inner` at `rate`: above 1 it runs fast, below 1 slow.
    ///
    /// # Errors
    ///
    /// [`ConfigError::ZeroRate`] if `rate` is 0.
    pub fn new(inner: Box<dyn Clock>, rate: Ratio) -> Result<Self, ConfigError> {
        let num = NonZeroU64::new(rate.num()).ok_or(ConfigError::ZeroRate)?;
        Ok(Self::of(inner, num, rate.den()))
    }

    /// The clock `inner` at the rate `num/den`.
    pub(crate) fn of(inner: Box<dyn Clock>, num: NonZeroU64, den: NonZeroU64) -> Self {
        Drift { inner, own: Own { num, den } }
    }
}

impl Own {
    /// What this clock shows when the one inside stands at `inside`.
    fn shown(&self, inside: Instant) -> Instant {
        if inside == Instant::MAX {
            return inside;
        }
        let product = u128::from(inside.as_nanos()) * u128::from(self.num.get());
        narrow(product.div_ceil(self.den.get().into()))
    }

    /// The earliest instant inside at which this clock shows `shown` or later.
    fn inside(&self, shown: Instant) -> Instant {
        // ceil(t * num / den) >= d  is  t * num / den > d - 1  is  t > (d - 1) * den / num.
        let Some(before) = shown.as_nanos().checked_sub(1) else { return Instant::ZERO };
        narrow(u128::from(before) * u128::from(self.den.get()) / u128::from(self.num.get()) + 1)
    }
}

fn narrow(nanos: u128) -> Instant {
    Instant::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

impl Clock for Drift {
    fn now(&self) -> Instant {
        self.own.shown(self.inner.now())
    }

    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        self.inner.advance_to(self.own.inside(deadline))
    }

    fn read(&mut self, clock: ClockId) -> Result<Instant, PolicyError> {
        Ok(self.own.shown(self.inner.read(clock)?))
    }

    fn resolution(&self) -> NonZeroU64 {
        self.inner.resolution()
    }

    fn observes_fuel(&self) -> bool {
        self.inner.observes_fuel()
    }

    fn elapse(&mut self, fuel: u64) {
        self.inner.elapse(fuel);
    }

    fn describe(&self) -> Result<Description, Undescribed> {
        let rate = [self.own.num.get(), self.own.den.get()];
        Ok(Description::new("Drift", 1).list("rate", rate).policy("inner", self.inner.describe()?))
    }

    snapshots_around!("Drift");
}

impl fmt::Debug for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drift").field("now", &self.now()).field("own", &self.own).finish_non_exhaustive()
    }
}
