//! The caller says what each reading shows.

use alloc::vec::Vec;

use deterministic_core::{Clock, ClockId, Description, FuelObserver, Instant, Policy, PolicyError, Undescribed};

use crate::ConfigError;
use crate::snapshot::snapshots;

/// What a [`ScriptedClock`] does when it is read once more than its script has readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ScriptEnd {
    /// The clock shows where it stands, again and again; sleeps still move it.
    Hold,
    /// Each further reading moves the clock by so many nanoseconds before it is shown.
    Tick(u64),
    /// The reading fails with [`PolicyError::ScriptEnded`], which ends the guest.
    Fail,
}

/// A clock whose readings come from a list: the first reading shows the first, whichever of its clocks the guest reads.
///
/// Before the first reading it stands at the first of the list (at 1 ns if there is none). A sleep moves it to its
/// deadline; a scripted reading that is then in the past shows where the clock stands instead, as time does not go
/// back.
///
/// ```
/// use deterministic_core::{Clock, ClockId, Instant};
/// use deterministic_policies::{ScriptEnd, ScriptedClock};
///
/// let mut clock = ScriptedClock::new([10, 30].map(Instant::from_nanos), ScriptEnd::Tick(5))?;
/// let readings = [(); 4].map(|()| clock.read(ClockId::Monotonic).map(Instant::as_nanos).ok());
/// assert_eq!(readings, [Some(10), Some(30), Some(35), Some(40)]);
/// # Ok::<(), deterministic_policies::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ScriptedClock {
    now: u64,
    readings: Vec<u64>,
    next: usize,
    end: ScriptEnd,
}

impl ScriptedClock {
    /// A clock that shows `readings`, which must not decrease, and then does what `end` says.
    ///
    /// # Errors
    ///
    /// [`ConfigError::ScriptDecreases`] at the first reading that is earlier than the one before it.
    pub fn new(readings: impl IntoIterator<Item = Instant>, end: ScriptEnd) -> Result<Self, ConfigError> {
        let readings: Vec<u64> = readings.into_iter().map(Instant::as_nanos).collect();
        if let Some(at) = readings.windows(2).position(|pair| pair[1] < pair[0]) {
            let (before, reading) = (readings[at], readings[at + 1]);
            return Err(ConfigError::ScriptDecreases { index: at + 1, reading, before });
        }
        Ok(ScriptedClock { now: readings.first().copied().unwrap_or(1), readings, next: 0, end })
    }
}

impl Clock for ScriptedClock {
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
        match (self.readings.get(self.next), self.end) {
            (Some(&reading), _) => {
                self.next += 1;
                self.now = self.now.max(reading);
            }
            (None, ScriptEnd::Hold) => {}
            (None, ScriptEnd::Tick(tick)) => self.now = self.now.saturating_add(tick),
            (None, ScriptEnd::Fail) => return Err(PolicyError::ScriptEnded { readings: self.readings.len() }),
        }
        Ok(self.now())
    }

    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        None
    }
}

impl Policy for ScriptedClock {
    fn describe(&self) -> Result<Description, Undescribed> {
        let description = Description::new("ScriptedClock", 1).number("now", self.now);
        let description = description.list("readings", self.readings.iter().copied()).number("next", self.next as u64);
        Ok(match self.end {
            ScriptEnd::Hold => description.text("end", "hold"),
            ScriptEnd::Tick(tick) => description.number("end", tick),
            ScriptEnd::Fail => description.text("end", "fail"),
        })
    }

    snapshots!("ScriptedClock", |clock| clock.readings.is_sorted() && clock.next <= clock.readings.len());
}
