//! A policy in a box is a policy, so that what wraps one takes it boxed or not.
//!
//! Each method is passed on, the provided ones too: one that was forgotten would answer with the default. A test holds the
//! methods here against those of the traits.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::{NonZeroU64, NonZeroUsize};

use crate::{Clock, ClockId, Description, Event, Instant, PolicyError, Rng, Scheduler, Selection, Undescribed};

impl<C: Clock + ?Sized> Clock for Box<C> {
    #[inline]
    fn now(&self) -> Instant {
        (**self).now()
    }

    #[inline]
    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        (**self).advance_to(deadline)
    }

    #[inline]
    fn read(&mut self, clock: ClockId) -> Result<Instant, PolicyError> {
        (**self).read(clock)
    }

    fn refuses(&self, clock: ClockId) -> bool {
        (**self).refuses(clock)
    }

    #[inline]
    fn resolution(&self) -> NonZeroU64 {
        (**self).resolution()
    }

    #[inline]
    fn observes_fuel(&self) -> bool {
        (**self).observes_fuel()
    }

    #[inline]
    fn elapse(&mut self, fuel: u64) {
        (**self).elapse(fuel);
    }

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

// Not for every generator in a box: one of `rand_core` is a generator of its own accord, boxed or not.
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

impl<S: Scheduler + ?Sized> Scheduler for Box<S> {
    #[inline]
    fn select(&mut self, now: Instant, ready: &mut [Event]) -> Result<Selection, PolicyError> {
        (**self).select(now, ready)
    }

    #[inline]
    fn yielded(&mut self, now: Instant) -> Result<u64, PolicyError> {
        (**self).yielded(now)
    }

    #[inline]
    fn observes_yields(&self) -> bool {
        (**self).observes_yields()
    }

    #[inline]
    fn timers_are_due(&self) -> bool {
        (**self).timers_are_due()
    }

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
