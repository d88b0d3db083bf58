//! The clock policy: where the timeline stands, and how it moves.

use alloc::vec::Vec;

use crate::{ClockId, Description, Instant, Policy, PolicyError, Undescribed};

/// Decides where a run's timeline stands and how it moves.
///
/// One clock serves one store. The adapter calls it from one thread at a time, so an implementation keeps its state in
/// plain fields. The monotonic clock of the guest shows what [`read`](Clock::read) returns, the wall clock shows the
/// epoch plus that.
///
/// # Writing a clock
///
/// A clock on which every reading takes a millisecond:
///
/// ```
/// use deterministic_core::{Clock, ClockId, FuelObserver, Instant, Policy, PolicyError};
///
/// struct Ticking(Instant);
///
/// impl Policy for Ticking {}
/// impl Clock for Ticking {
///     fn now(&self) -> Instant { self.0 }
///     fn catch_up(&mut self) -> Result<Instant, PolicyError> { Ok(self.now()) }
///     fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
///         self.0 = self.0.max(deadline);
///         Ok(())
///     }
///     fn read(&mut self, _: ClockId) -> Result<Instant, PolicyError> {
///         self.0 = self.0.saturating_add(1_000_000);
///         Ok(self.0)
///     }
///     fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> { None }
/// }
///
/// let mut clock = Ticking(Instant::ZERO);
/// assert_eq!(clock.read(ClockId::Monotonic)?.as_nanos(), 1_000_000);
/// clock.advance_to(Instant::from_nanos(5_000_000))?;
/// assert_eq!(clock.read(ClockId::Realtime)?.as_nanos(), 6_000_000);
/// # Ok::<(), PolicyError>(())
/// ```
///
/// That is enough to run with; [`Policy`] is what gives runs under it a fingerprint and lets them be continued. No method has a
/// default, so that what wraps a clock and forgets to pass one on does not compile. The feature `testing` of
/// `deterministic-policies` has the requirements below as tests for a clock of one's own.
///
/// # Requirements
///
/// * [`now`](Clock::now) never goes back, and no reading is earlier than `now` was before it.
/// * The answers depend on nothing but the calls made. A clock that asks the host says so in its name.
///
/// # Not promised
///
/// * That time moves: a frozen clock is a clock. A guest that waits for a deadline never sees it there.
/// * That two readings differ, or that `now() >= deadline` after `advance_to(deadline)`.
/// * That a reading is as precise as the [resolution](crate::Rules::resolution) says.
pub trait Clock: Policy {
    /// Where the timeline stands. Looking does not move it.
    fn now(&self) -> Instant;

    /// Where the timeline stands for a guest that begins to wait, or looks whether it still has to. That is `Ok(self.now())`, but for
    /// a clock that runs by itself, such as a recorded one of the host's, which stands still for all else between two questions and
    /// here goes on to where it is.
    ///
    /// # Errors
    ///
    /// Whatever keeps the policy from answering; it ends the guest.
    fn catch_up(&mut self) -> Result<Instant, PolicyError>;

    /// Lets time pass until `deadline`: what a sleep does. A deadline that has passed moves nothing.
    ///
    /// # Errors
    ///
    /// Whatever keeps the policy from going on; it ends the guest.
    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError>;

    /// What one reading by the guest returns. It may move the timeline; where it does not, that is `Ok(self.now())`.
    ///
    /// # Errors
    ///
    /// Whatever keeps the policy from answering; it ends the guest.
    fn read(&mut self, clock: ClockId) -> Result<Instant, PolicyError>;

    /// Who is to hear of the fuel that the guest consumes: `Some(self)`, what the clock inside says, or `None`. Asking moves
    /// nothing, and the answer is always the same of the two: it is asked before the run, since measuring fuel has a cost.
    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver>;
}

/// What a [`Clock`] is, or holds, that moves with the fuel that the guest consumes.
pub trait FuelObserver {
    /// The guest consumed `fuel` units more. Called before each call of the clock.
    fn elapse(&mut self, fuel: u64);
}

/// Virtual time: a sleep jumps to its deadline, and each reading takes a fixed tick (which may be 0).
///
/// The timeline begins at 1 ns and not at 0, at which Go's runtime refuses to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualClock {
    now: Instant,
    tick: u64,
}

impl VirtualClock {
    /// A clock that only sleeping moves.
    pub const fn new() -> Self {
        Self::with_tick(0)
    }

    /// A clock that each reading moves by `tick` nanoseconds before it is shown.
    pub const fn with_tick(tick: u64) -> Self {
        Self::starting_at(Instant::from_nanos(1), tick)
    }

    /// A clock that stands at `now` before the first reading, and that each reading moves by `tick` nanoseconds.
    pub const fn starting_at(now: Instant, tick: u64) -> Self {
        VirtualClock { now, tick }
    }
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Instant {
        self.now
    }

    fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        Ok(self.now())
    }

    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        self.now = self.now.max(deadline);
        Ok(())
    }

    fn read(&mut self, _: ClockId) -> Result<Instant, PolicyError> {
        self.now = self.now.saturating_add(self.tick);
        Ok(self.now)
    }

    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        None
    }
}

impl Policy for VirtualClock {
    fn describe(&self) -> Result<Description, Undescribed> {
        Ok(Description::new("VirtualClock", 1).number("now", self.now.as_nanos()).number("tick", self.tick))
    }

    fn save(&self) -> Result<Vec<u8>, PolicyError> {
        let mut state = Vec::with_capacity(16);
        state.extend_from_slice(&self.now.as_nanos().to_le_bytes());
        state.extend_from_slice(&self.tick.to_le_bytes());
        Ok(state)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), PolicyError> {
        let state: &[u8; 16] = state.try_into().map_err(|_| PolicyError::BadSnapshot {
            policy: "VirtualClock",
            reason: alloc::format!("{} bytes where 16 are wanted", state.len()),
        })?;
        let word = |at: usize| u64::from_le_bytes(core::array::from_fn(|i| state[at + i]));
        *self = VirtualClock { now: Instant::from_nanos(word(0)), tick: word(8) };
        Ok(())
    }
}
