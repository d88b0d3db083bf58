//! Policies that are made when they are first asked.

use alloc::vec::Vec;
use core::cell::OnceCell;

use deterministic_core::{
    Clock, ClockId, Description, Event, FuelObserver, Instant, Policy, PolicyError, Scheduler, Seed, Selection,
    Undescribed, YieldObserver,
};

/// A policy of a seed, made when it is first asked. Deriving keys takes longer than all else that a store is made of, and a search
/// over seeds makes many stores.
pub(super) struct Deferred<P> {
    seed: Seed,
    make: fn(&Seed) -> P,
    made: OnceCell<P>,
}

impl<P> Deferred<P> {
    pub(super) fn new(seed: &Seed, make: fn(&Seed) -> P) -> Self {
        Deferred { seed: *seed, make, made: OnceCell::new() }
    }

    fn get(&self) -> &P {
        self.made.get_or_init(|| (self.make)(&self.seed))
    }

    fn get_mut(&mut self) -> &mut P {
        self.get();
        self.made.get_mut().expect("it was just made")
    }
}

/// Of a clock that does not observe fuel: who makes a store asks that, which is no reason to make the clock.
impl<C: Clock> Clock for Deferred<C> {
    fn now(&self) -> Instant {
        self.get().now()
    }

    fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        self.get_mut().catch_up()
    }

    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        self.get_mut().advance_to(deadline)
    }

    fn read(&mut self, clock: ClockId) -> Result<Instant, PolicyError> {
        self.get_mut().read(clock)
    }

    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        None
    }
}

/// Of a scheduler that observes yields, for the same reason.
impl<S: Scheduler> Scheduler for Deferred<S> {
    fn select(&mut self, now: Instant, ready: &mut [Event]) -> Result<Selection, PolicyError> {
        self.get_mut().select(now, ready)
    }

    fn yield_observer(&mut self) -> Option<&mut dyn YieldObserver> {
        Some(self)
    }
}

impl<S: Scheduler> YieldObserver for Deferred<S> {
    fn yielded(&mut self, now: Instant) -> Result<u64, PolicyError> {
        self.get_mut().yield_observer().map_or(Ok(0), |observer| observer.yielded(now))
    }
}

impl<P: Policy> Policy for Deferred<P> {
    fn describe(&self) -> Result<Description, Undescribed> {
        self.get().describe()
    }

    fn save(&self) -> Result<Vec<u8>, PolicyError> {
        self.get().save()
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), PolicyError> {
        self.get_mut().restore(state)
    }
}
