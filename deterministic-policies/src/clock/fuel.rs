//! Time passes with the instructions that the guest executes.

use deterministic_core::{Clock, ClockId, Description, FuelObserver, Instant, Policy, PolicyError, Undescribed};

use crate::Ratio;
use crate::snapshot::snapshots;

/// A clock that moves with consumed fuel, at a fixed number of nanoseconds for each unit. A sleep moves it to its
/// deadline, a reading by itself does not move it. It begins at 1 ns.
///
/// A guest that spins until a deadline ends on it, and what it measures is proportional to what it executed. The
/// adapter must meter fuel and report it through [`FuelObserver::elapse`]; without that, this is a virtual clock without a
/// tick.
///
/// The rate is a fraction and what is left of a nanosecond is kept, so that a million reports of one unit move the
/// clock exactly as one report of a million units does.
///
/// ```
/// use deterministic_core::{Clock, FuelObserver, Instant};
/// use deterministic_policies::{FuelClock, Ratio};
///
/// let mut clock = FuelClock::new(Ratio::new(1, 3)?); // three units take a nanosecond
/// (0..9).for_each(|_| clock.elapse(1));
/// assert_eq!(clock.now(), Instant::from_nanos(1 + 3));
/// # Ok::<(), deterministic_policies::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FuelClock {
    now: u64,
    rate: Ratio,
    /// What is left over of a nanosecond, in units of `1/den` of one.
    left: u64,
}

impl FuelClock {
    /// A clock on which each unit of fuel takes `nanos_per_fuel` nanoseconds. At 0, executing takes no time.
    pub const fn new(nanos_per_fuel: Ratio) -> Self {
        FuelClock { now: 1, rate: nanos_per_fuel, left: 0 }
    }
}

/// A nanosecond for each unit of fuel.
impl Default for FuelClock {
    fn default() -> Self {
        Self::new(Ratio::whole(1))
    }
}

impl Clock for FuelClock {
    fn now(&self) -> Instant {
        Instant::from_nanos(self.now)
    }

    fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        Ok(self.now())
    }

    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        self.now = self.now.max(deadline.as_nanos());
        Ok(())
    }

    fn read(&mut self, _: ClockId) -> Result<Instant, PolicyError> {
        Ok(self.now())
    }

    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        Some(self)
    }
}

impl FuelObserver for FuelClock {
    fn elapse(&mut self, fuel: u64) {
        let den = u128::from(self.rate.den().get());
        // At most (2^64-1)^2 + 2^64-1, which 128 bits hold.
        let total = u128::from(fuel) * u128::from(self.rate.num()) + u128::from(self.left);
        self.left = (total % den) as u64; // below den, which has 64 bits
        self.now = self.now.saturating_add(u64::try_from(total / den).unwrap_or(u64::MAX));
    }
}

impl Policy for FuelClock {
    fn describe(&self) -> Result<Description, Undescribed> {
        let description = Description::new("FuelClock", 1).number("now", self.now);
        Ok(description.list("nanos_per_fuel", self.rate.parts()).number("left", self.left))
    }

    snapshots!("FuelClock");
}
