//! What holds for a whole run, whichever policies answer.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::num::NonZeroU64;

use crate::{Clock, ClockId, Description, FuelObserver, Instant, Policy, PolicyError, Undescribed};

/// What holds for a whole run, whichever policies answer: plain data of the bundle, kept by the adapter.
///
/// A run whose guest may not know the time of day:
///
/// ```
/// use deterministic_core::{ClockId, Policies, Rules};
///
/// let rules = Rules { refused_clocks: [ClockId::Realtime].into(), ..Rules::default() };
/// let policies = Policies { rules, ..Policies::default() };
/// # let _ = policies;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The resolution of its clocks that the guest is told, in nanoseconds; 1 unless changed. Never 0: guests divide by it. No
    /// policy is held to it.
    pub resolution: NonZeroU64,
    /// The clocks that the guest may not read; none unless changed. Reading one is [`PolicyError::ClockRefused`], which ends the
    /// guest and names the clock.
    ///
    /// For guests whose result must not depend on time at all: one that asks is found, and not answered with something that only
    /// looks like a time. Sleeping goes on, since it tells the guest nothing. Go's runtime reads the clock when it starts, and
    /// so never starts where the monotonic clock is refused.
    pub refused_clocks: BTreeSet<ClockId>,
    /// Whether timers count as due at once, whatever their deadline and without time passing; no unless changed. This is how
    /// deterministic-wasi-ctx answers a wait. A guest that checks whether its sleep was long enough sleeps again for ever, until
    /// the adapter ends it.
    pub timers_are_due: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Rules { resolution: NonZeroU64::MIN, refused_clocks: BTreeSet::new(), timers_are_due: false }
    }
}

impl Rules {
    /// For adapters: `clock` as the guest may read it. Where no clock is refused that is `clock` itself, so that the rule costs
    /// nothing there.
    #[inline]
    pub fn enforce(&self, clock: Box<dyn Clock>) -> Box<dyn Clock> {
        if self.refused_clocks.is_empty() { clock } else { self.refuse(clock) }
    }

    #[cold]
    fn refuse(&self, clock: Box<dyn Clock>) -> Box<dyn Clock> {
        let refused = self.refused_clocks.iter().fold(0, |all, &id| all | bit(id));
        Box::new(RefusingClock { inner: clock, refused })
    }

    /// The description of a clock under these rules, from that of the clock itself.
    pub(crate) fn describe_clock(&self, clock: Description) -> Description {
        if self.refused_clocks.is_empty() {
            return clock;
        }
        let refused = self.refused_clocks.iter().map(|&id| id as u64);
        Description::new("RefusingClock", 1).list("refused", refused).policy("inner", clock)
    }

    /// The same of a scheduler.
    pub(crate) fn describe_scheduler(&self, scheduler: Description) -> Description {
        if !self.timers_are_due {
            return scheduler;
        }
        let description = Description::new("AllAtOnce", 1);
        if scheduler == Description::new("InOrder", 1) { description } else { description.policy("inner", scheduler) }
    }
}

/// A clock some of whose readings are refused.
struct RefusingClock {
    inner: Box<dyn Clock>,
    /// A [`bit`] for each.
    refused: u8,
}

fn bit(clock: ClockId) -> u8 {
    1 << clock as u8
}

impl Clock for RefusingClock {
    fn now(&self) -> Instant {
        self.inner.now()
    }

    fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        self.inner.catch_up()
    }

    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        self.inner.advance_to(deadline)
    }

    fn read(&mut self, clock: ClockId) -> Result<Instant, PolicyError> {
        if self.refused & bit(clock) == 0 { self.inner.read(clock) } else { Err(PolicyError::ClockRefused { clock }) }
    }

    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        self.inner.fuel_observer()
    }
}

impl Policy for RefusingClock {
    fn describe(&self) -> Result<Description, Undescribed> {
        let refused_clocks = ClockId::ALL.into_iter().filter(|&id| self.refused & bit(id) != 0).collect();
        Ok(Rules { refused_clocks, ..Rules::default() }.describe_clock(self.inner.describe()?))
    }

    /// Which are refused, and the state of the clock inside.
    fn save(&self) -> Result<Vec<u8>, PolicyError> {
        let mut state = self.inner.save()?;
        state.insert(0, self.refused);
        Ok(state)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), PolicyError> {
        match state.split_first() {
            Some((&refused, state)) if refused == self.refused => self.inner.restore(state),
            _ => Err(PolicyError::BadSnapshot {
                policy: "RefusingClock",
                reason: "other clocks were refused when it was saved".into(),
            }),
        }
    }
}
