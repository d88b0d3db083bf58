//! All that is ready, shuffled.

use core::num::NonZeroU64;

use deterministic_core::{
    Description, Event, Instant, Policy, PolicyError, Scheduler, Seed, Selection, Undescribed, YieldObserver,
};

use crate::seeded_numbers::SeededNumbers;
use crate::snapshot::snapshots;

/// Delivers all that is ready in a seeded order; each order has the same probability.
///
/// It finds guests that rely on events coming in the order in which they asked for them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SeededOrder {
    numbers: SeededNumbers,
}

impl SeededOrder {
    /// The orders that the stream `scheduler` of `seed` gives.
    pub fn new(seed: &Seed) -> Self {
        SeededOrder { numbers: SeededNumbers::new(seed, "scheduler", "order") }
    }
}

impl Scheduler for SeededOrder {
    fn select(&mut self, _: Instant, ready: &mut [Event]) -> Result<Selection, PolicyError> {
        // Fisher and Yates: each place, from the last, gets one of those not yet placed.
        let mut unplaced = ready.len();
        while let Some(count) = NonZeroU64::new(unplaced as u64).filter(|count| count.get() > 1) {
            ready.swap(unplaced - 1, self.numbers.below(count) as usize);
            unplaced -= 1;
        }
        Ok(Selection { deliver: ready.len(), delay: 0 })
    }

    fn yield_observer(&mut self) -> Option<&mut dyn YieldObserver> {
        None
    }
}

impl Policy for SeededOrder {
    fn describe(&self) -> Result<Description, Undescribed> {
        Ok(Description::new("SeededOrder", 1).policy("draw", self.numbers.describe()))
    }

    snapshots!("SeededOrder");
}
