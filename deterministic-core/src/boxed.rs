//! A policy in a `Box<dyn …>` is a policy, so that what wraps one takes it boxed or not.
//!
//! Not every box: one of a generator of `rand_core` is a generator of its own accord, and a policy by that.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::NonZeroUsize;

use crate::{
    Clock, ClockId, Description, Event, FuelObserver, Instant, Policy, PolicyError, Rng, Scheduler, Selection,
    Undescribed, YieldObserver,
};

impl Clock for Box<dyn Clock> {
    #[inline]
    fn now(&self) -> Instant {
        (**self).now()
    }

    #[inline]
    fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        (**self).catch_up()
    }

    #[inline]
    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        (**self).advance_to(deadline)
    }

    #[inline]
    fn read(&mut self, clock: ClockId) -> Result<Instant, PolicyError> {
        (**self).read(clock)
    }

    #[inline]
    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        (**self).fuel_observer()
    }
}

impl Rng for Box<dyn Rng> {
    #[inline]
    fn fill(&mut self, buf: &mut [u8]) -> Result<(), PolicyError> {
        (**self).fill(buf)
    }

    #[inline]
    fn draw_u64(&mut self) -> Result<u64, PolicyError> {
        (**self).draw_u64()
    }

    #[inline]
    fn word(&self) -> NonZeroUsize {
        (**self).word()
    }
}

impl Scheduler for Box<dyn Scheduler> {
    #[inline]
    fn select(&mut self, now: Instant, ready: &mut [Event]) -> Result<Selection, PolicyError> {
        (**self).select(now, ready)
    }

    #[inline]
    fn yield_observer(&mut self) -> Option<&mut dyn YieldObserver> {
        (**self).yield_observer()
    }
}

/// What has defaults is passed on in one place: forgotten, it would answer with them.
macro_rules! policies {
    ($($policy:ident)*) => {$(
        impl Policy for Box<dyn $policy> {
            fn describe(&self) -> Result<Description, Undescribed> {
                (**self).describe()
            }

            fn save(&self) -> Result<Vec<u8>, PolicyError> {
                (**self).save()
            }

            fn restore(&mut self, state: &[u8]) -> Result<(), PolicyError> {
                (**self).restore(state)
            }
        }
    )*};
}

policies! { Clock Rng Scheduler }
