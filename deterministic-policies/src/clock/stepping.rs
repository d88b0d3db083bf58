//! The stepping clock is the virtual clock of the core, under the name by which one looks for it.

use crate::VirtualClock;

/// A clock that each reading moves by `tick` nanoseconds (0 or more) before it is shown. It begins at 1 ns, so that the
/// first reading is `1 + tick`, and a sleep moves it to its deadline.
///
/// That is [`VirtualClock::with_tick`], and so there is no type of its own. A clock that sleeps would leave alone is
/// not offered: a guest that waits for a deadline in a loop around its sleep would need `deadline / tick` rounds.
///
/// ```
/// use deterministic_core::{Clock, ClockId, Instant};
///
/// let mut clock = deterministic_policies::stepping(1_000);
/// assert_eq!(clock.read(ClockId::Monotonic)?, Instant::from_nanos(1_001));
/// clock.advance_to(Instant::from_nanos(5_000))?;
/// assert_eq!(clock.read(ClockId::Monotonic)?, Instant::from_nanos(6_000));
/// # Ok::<(), deterministic_core::PolicyError>(())
/// ```
pub const fn stepping(tick: u64) -> VirtualClock {
    VirtualClock::with_tick(tick)
}
