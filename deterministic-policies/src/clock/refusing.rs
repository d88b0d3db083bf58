//! A clock that is not to be read.

use core::fmt;
use core::num::NonZeroU64;

use deterministic_core::{Clock, ClockId, Description, Instant, PolicyError, Undescribed};

use crate::snapshot::snapshots_around;

/// Refuses to read some of the guest's clocks with [`PolicyError::ClockRefused`], which ends the guest and names the clock.
///
/// For guests whose result must not depend on time at all: one that asks is found, and not answered with something that
/// only looks like a time. Sleeping goes on as on the clock inside, since it tells the guest nothing; only readings are refused.
///
/// Go's runtime reads the clock when it starts, and so never starts where the monotonic clock is refused.
///
/// ```
/// use deterministic_core::{Clock, ClockId, PolicyError, VirtualClock};
/// use deterministic_policies::RefusingClock;
///
/// let mut clock = RefusingClock::new(VirtualClock::new(), [ClockId::Realtime]);
/// assert!(matches!(clock.read(ClockId::Realtime), Err(PolicyError::ClockRefused { clock: ClockId::Realtime })));
/// assert!(clock.read(ClockId::Monotonic).is_ok());
/// ```
pub struct RefusingClock<C> {
    inner: C,
    own: Own,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Own {
    /// A bit for each clock, in the order of [`ALL`].
    refused: u8,
}

/// The clocks, in the order of their numbers in WASI 0.1.
const ALL: [ClockId; 4] = [ClockId::Realtime, ClockId::Monotonic, ClockId::ProcessCpuTime, ClockId::ThreadCpuTime];

fn bit(clock: ClockId) -> u8 {
    1 << clock as u8
}

impl<C: Clock> RefusingClock<C> {
    /// The clock `inner`, of which those in `refused` are not to be read.
    pub fn new(inner: C, refused: impl IntoIterator<Item = ClockId>) -> Self {
        RefusingClock { inner, own: Own { refused: refused.into_iter().fold(0, |all, clock| all | bit(clock)) } }
    }

    /// The clock `inner`, which is not to be read by any name.
    pub fn all(inner: C) -> Self {
        Self::new(inner, ALL)
    }

    fn is_refused(&self, clock: ClockId) -> bool {
        self.own.refused & bit(clock) != 0
    }
}

impl<C: Clock> Clock for RefusingClock<C> {
    fn now(&self) -> Instant {
        self.inner.now()
    }

    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        self.inner.advance_to(deadline)
    }

    fn read(&mut self, clock: ClockId) -> Result<Instant, PolicyError> {
        if self.is_refused(clock) { Err(PolicyError::ClockRefused { clock }) } else { self.inner.read(clock) }
    }

    fn refuses(&self, clock: ClockId) -> bool {
        self.is_refused(clock) || self.inner.refuses(clock)
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
        let refused = ALL.into_iter().filter(|&clock| self.is_refused(clock)).map(|clock| clock as u64);
        Ok(Description::new("RefusingClock", 1).list("refused", refused).policy("inner", self.inner.describe()?))
    }

    snapshots_around!("RefusingClock", Own, |own| own.refused < 1 << ALL.len());
}

impl<C: Clock> fmt::Debug for RefusingClock<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefusingClock").field("now", &self.now()).field("own", &self.own).finish_non_exhaustive()
    }
}
