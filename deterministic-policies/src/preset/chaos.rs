//! The preset `chaos`: what a bad host might do, drawn from the seed.

use alloc::boxed::Box;
use core::num::NonZeroU64;

use deterministic_core::{Clock, Instant, Scheduler, Seed};

use super::TICK;
use super::deferred::Deferred;
use crate::seeded_numbers::SeededNumbers;
use crate::{Delaying, Drift, Jitter, Jump, Jumps, Ratio, SeededOrder, VirtualClock};

/// The rate is drawn from 0.9 to 1.1, in steps of a millionth: no real clock is that wrong, so any guest that minds
/// shows.
const MILLION: NonZeroU64 = NonZeroU64::new(1_000_000).expect("a million is not 0");
const SLOWEST: NonZeroU64 = NonZeroU64::new(900_000).expect("900 000 is not 0");
const SPREAD: u64 = 200_000;
/// One jump for each doubling of the time from 1024 ns to 73 minutes, so that short and long runs meet some.
const JUMPS: core::ops::Range<u32> = 10..42;
/// The longest jump, in nanoseconds.
const LONGEST_JUMP: u64 = 10_000_000_000;
/// The largest delay of a reading and of a sleep, in nanoseconds. It is worth twenty readings: after a large delay the
/// clock seems to stand for as long, as a coarse one does, and not much longer.
const UNEVEN: u64 = 20_000;
/// The largest delay of an event, in nanoseconds.
const LATE: u64 = 1_000_000;
/// How many of the ready events are withheld.
const WITHHELD: Ratio = Ratio::of(1, NonZeroU64::new(4).expect("4 is not 0"));

/// The clock, made when it is first asked, as is the scheduler.
pub(super) fn clock(seed: &Seed) -> Box<dyn Clock> {
    Box::new(Deferred::new(seed, clock_of))
}

/// The scheduler.
pub(super) fn scheduler(seed: &Seed) -> Box<dyn Scheduler> {
    Box::new(Deferred::new(seed, scheduler_of))
}

/// Jitter over jumps over drift over virtual time.
fn clock_of(seed: &Seed) -> Jitter<Jumps<Drift<VirtualClock>>> {
    let mut numbers = SeededNumbers::new(seed, "clock", "chaos");
    let rate = SLOWEST.saturating_add(numbers.up_to(SPREAD));
    let drift = Drift::of(VirtualClock::with_tick(TICK), rate, MILLION);
    let jumps = JUMPS.map(|power| {
        let size = 1u64 << power;
        Jump { at: Instant::from_nanos(size + numbers.up_to(size)), by: numbers.up_to(size.min(LONGEST_JUMP)) }
    });
    Jitter::new(Jumps::new(drift, jumps), UNEVEN, seed)
}

/// A shuffle, of which a quarter is withheld and the rest comes up to a millisecond late.
fn scheduler_of(seed: &Seed) -> Delaying<SeededOrder> {
    Delaying::new(SeededOrder::new(seed), WITHHELD, LATE, seed)
}

#[cfg(test)]
mod tests {
    use deterministic_core::Policy as _;

    use super::*;

    /// What is answered without making them, and that all else is theirs.
    #[test]
    fn they_are_what_they_put_off() {
        let seed = Seed::from_u64(7);
        assert!(clock(&seed).fuel_observer().is_none() && clock_of(&seed).fuel_observer().is_none());
        assert!(scheduler(&seed).yield_observer().is_some() && scheduler_of(&seed).yield_observer().is_some());
        assert_eq!(clock(&seed).describe(), clock_of(&seed).describe());
        assert_eq!(scheduler(&seed).describe(), scheduler_of(&seed).describe());
        let (mut put_off, mut made) = (scheduler(&seed), scheduler_of(&seed));
        let now = Instant::from_nanos(1);
        let yielded = put_off.yield_observer().unwrap().yielded(now).unwrap();
        assert_eq!(yielded, made.yield_observer().unwrap().yielded(now).unwrap());
        assert_eq!(put_off.describe(), made.describe());
        // Without the feature `serde` there are no snapshots.
        let state = put_off.save().ok();
        assert_eq!(state, made.save().ok());
        if let Some(state) = state {
            let mut other = scheduler(&seed);
            other.restore(&state).unwrap();
            assert_eq!(other.describe(), made.describe());
        }
    }
}
