//! A description for a policy that has none.

use alloc::vec::Vec;
use core::any::type_name;
use core::num::NonZeroUsize;

use crate::{
    Clock, ClockId, Description, Event, FuelObserver, Instant, Policy, PolicyError, Rng, Scheduler, Selection,
    Undescribed, YieldObserver,
};

/// A clock, generator or scheduler that somebody else described: a generator of `rand`, say, which cannot know how.
///
/// It answers as the policy inside. The description holds until the first call that may change it; afterwards
/// [`Undescribed::Used`] is all there is to say.
///
/// The description must name all that influences an answer, and must not be given to a policy that asks the host:
/// nobody checks it, and a cache that trusts it gives wrong results.
///
/// ```
/// use deterministic_core::{Described, Description, Policies, rand_core::SeedableRng};
/// use rand_pcg::Pcg64Mcg;
///
/// let description = Description::new("rand_pcg::Pcg64Mcg::seed_from_u64", 1).number("seed", 7u64);
/// let rng = Described::new(Pcg64Mcg::seed_from_u64(7), description);
/// let policies = Policies { secure_random: Box::new(rng), ..Policies::default() };
/// assert!(policies.describe().is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct Described<P> {
    policy: P,
    description: Description,
    used: bool,
}

impl<P> Described<P> {
    /// The policy `policy`, which `description` fits as it is now.
    pub const fn new(policy: P, description: Description) -> Self {
        Described { policy, description, used: false }
    }

    /// The policy inside, for a call that may change it.
    fn touch(&mut self) -> &mut P {
        self.used = true;
        &mut self.policy
    }
}

impl<P: Policy> Policy for Described<P> {
    fn describe(&self) -> Result<Description, Undescribed> {
        if self.used { Err(Undescribed::Used { policy: type_name::<P>() }) } else { Ok(self.description.clone()) }
    }

    fn save(&self) -> Result<Vec<u8>, PolicyError> {
        self.policy.save()
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), PolicyError> {
        self.touch().restore(state)
    }
}

impl<P: Clock> Clock for Described<P> {
    fn now(&self) -> Instant {
        self.policy.now()
    }

    fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        self.touch().catch_up()
    }

    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        self.touch().advance_to(deadline)
    }

    fn read(&mut self, clock: ClockId) -> Result<Instant, PolicyError> {
        self.touch().read(clock)
    }

    // Not the observer inside: what it is told ends the description.
    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        if self.policy.fuel_observer().is_some() { Some(self) } else { None }
    }
}

impl<P: Clock> FuelObserver for Described<P> {
    fn elapse(&mut self, fuel: u64) {
        if let Some(observer) = self.touch().fuel_observer() {
            observer.elapse(fuel);
        }
    }
}

impl<P: Rng> Rng for Described<P> {
    fn fill(&mut self, buf: &mut [u8]) -> Result<(), PolicyError> {
        self.touch().fill(buf)
    }

    fn draw_u64(&mut self) -> Result<u64, PolicyError> {
        self.touch().draw_u64()
    }

    fn word(&self) -> NonZeroUsize {
        self.policy.word()
    }
}

impl<P: Scheduler> Scheduler for Described<P> {
    fn select(&mut self, now: Instant, ready: &mut [Event]) -> Result<Selection, PolicyError> {
        self.touch().select(now, ready)
    }

    fn yield_observer(&mut self) -> Option<&mut dyn YieldObserver> {
        if self.policy.yield_observer().is_some() { Some(self) } else { None }
    }
}

impl<P: Scheduler> YieldObserver for Described<P> {
    fn yielded(&mut self, now: Instant) -> Result<u64, PolicyError> {
        self.touch().yield_observer().map_or(Ok(0), |observer| observer.yielded(now))
    }
}
