//! The host's time.

use std::time::{Duration, Instant as HostInstant, SystemTime};

use deterministic_core::{
    Clock, ClockId, Description, FuelObserver, Instant, Policy, PolicyError, Undescribed, WallTime,
};

/// The host's monotonic clock, counted from 1 ns when this clock was made. **Not deterministic.**
///
/// It is for recording a run and for measuring against. A sleep blocks the calling thread until its deadline, and a
/// sleep until [`Instant::MAX`] blocks it for 584 years. There is no snapshot of it.
#[derive(Clone, Copy, Debug)]
pub struct HostClock {
    began: HostInstant,
    epoch: WallTime,
}

impl HostClock {
    /// A clock that begins now.
    pub fn new() -> Self {
        // A host whose clock is set before 1970 gets 1970, as `WallTime` has nothing earlier.
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        HostClock { began: HostInstant::now(), epoch: WallTime::from_unix_nanos(nanos(since_1970)) }
    }

    /// What the host's wall clock showed when this clock was made: the epoch to put beside it in a bundle.
    pub const fn epoch(&self) -> WallTime {
        self.epoch
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Default for HostClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for HostClock {
    fn now(&self) -> Instant {
        Instant::from_nanos(1).saturating_add(nanos(self.began.elapsed()))
    }

    fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        Ok(self.now())
    }

    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        loop {
            match deadline.saturating_since(self.now()) {
                0 => return Ok(()),
                left => std::thread::sleep(Duration::from_nanos(left)),
            }
        }
    }

    fn read(&mut self, _: ClockId) -> Result<Instant, PolicyError> {
        Ok(self.now())
    }

    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        None
    }
}

impl Policy for HostClock {
    fn describe(&self) -> Result<Description, Undescribed> {
        Err(Undescribed::TouchesHost { policy: "HostClock" })
    }

    fn save(&self) -> Result<alloc::vec::Vec<u8>, PolicyError> {
        Err(PolicyError::NoSnapshot { policy: "HostClock" })
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), PolicyError> {
        Err(PolicyError::NoSnapshot { policy: "HostClock" })
    }
}
