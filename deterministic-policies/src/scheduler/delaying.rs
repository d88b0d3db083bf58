//! Some events come later.

use alloc::boxed::Box;
use core::fmt;
use core::num::NonZeroU64;

use deterministic_core::{
    Description, Event, Instant, Policy, PolicyError, Scheduler, Seed, Selection, Undescribed, YieldObserver,
};

use crate::Ratio;
use crate::seeded_numbers::SeededNumbers;
use crate::snapshot::snapshots_around;

/// Lets another scheduler decide, then withholds some of what it delivers and lets time pass.
///
/// Each event is withheld with a given probability and is ready again at the guest's next wait; at least one is always
/// delivered. A seeded delay passes before the guest sees the events, and one at each yield.
///
/// It finds guests that rely on being woken in time, or on two things happening together.
///
/// ```
/// use deterministic_core::{Policies, Seed};
/// use deterministic_policies::{Delaying, Ratio, SeededOrder};
///
/// let seed = Seed::from_u64(7);
/// // A third of the events is withheld, and up to 10 microseconds pass.
/// let scheduler = Delaying::new(SeededOrder::new(&seed), Ratio::new(1, 3)?, 10_000, &seed);
/// let policies = Policies { scheduler: Box::new(scheduler), ..Policies::new(seed) };
/// # let _ = policies;
/// # Ok::<(), deterministic_policies::ConfigError>(())
/// ```
pub struct Delaying<S = Box<dyn Scheduler>> {
    inner: S,
    params: Params,
}

#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Params {
    numbers: SeededNumbers,
    withhold: Ratio,
    max_delay: u64,
}

impl<S: Scheduler> Delaying<S> {
    /// The decisions of `inner`, with each event withheld with probability `withhold` (one of 1 or more leaves one
    /// event for each wait) and delays of 0 to `max_delay` nanoseconds, both included. The stream `scheduler` of `seed`
    /// decides.
    pub fn new(inner: S, withhold: Ratio, max_delay: u64, seed: &Seed) -> Self {
        Delaying {
            inner,
            params: Params { numbers: SeededNumbers::new(seed, "scheduler", "delay"), withhold, max_delay },
        }
    }
}

impl<S: Scheduler> Scheduler for Delaying<S> {
    fn select(&mut self, now: Instant, ready: &mut [Event]) -> Result<Selection, PolicyError> {
        let Selection { deliver, delay } = self.inner.select(now, ready)?;
        let deliver = deliver.max(1).min(ready.len());
        let params = &mut self.params;
        let mut kept = 0;
        for i in 0..deliver {
            if !params.numbers.chance(params.withhold) {
                ready.swap(kept, i);
                kept += 1;
            }
        }
        if let (0, Some(count)) = (kept, NonZeroU64::new(deliver as u64)) {
            ready.swap(0, params.numbers.below(count) as usize);
            kept = 1;
        }
        Ok(Selection { deliver: kept, delay: delay.saturating_add(params.numbers.up_to(params.max_delay)) })
    }

    fn yield_observer(&mut self) -> Option<&mut dyn YieldObserver> {
        Some(self)
    }
}

impl<S: Scheduler> YieldObserver for Delaying<S> {
    fn yielded(&mut self, now: Instant) -> Result<u64, PolicyError> {
        let delay = self.inner.yield_observer().map_or(Ok(0), |inside| inside.yielded(now))?;
        Ok(delay.saturating_add(self.params.numbers.up_to(self.params.max_delay)))
    }
}

impl<S: Scheduler> Policy for Delaying<S> {
    fn describe(&self) -> Result<Description, Undescribed> {
        let Params { numbers, withhold, max_delay } = &self.params;
        let description = Description::new("Delaying", 1).policy("draw", numbers.describe());
        let description = description.list("withhold", withhold.parts()).number("max_delay", *max_delay);
        Ok(description.policy("inner", self.inner.describe()?))
    }

    snapshots_around!("Delaying", Params);
}

impl<S> fmt::Debug for Delaying<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delaying")
            .field("withhold", &self.params.withhold)
            .field("max_delay", &self.params.max_delay)
            .finish_non_exhaustive()
    }
}
