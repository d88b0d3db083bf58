//! A clock that another thread can look at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use deterministic_wasmtime::core::{
    Clock, ClockId, Description, FuelObserver, Instant, Policy, PolicyError, Undescribed,
};

/// Where a guest stands. A clone is of the same guest.
#[derive(Clone, Debug, Default)]
pub(super) struct Moments(Arc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// In nanoseconds: when it began, and where it is.
    begun: AtomicU64,
    now: AtomicU64,
    /// How much fuel was gone when it was last told, and whether it ever was.
    fuel: AtomicU64,
    fuel_was_told: AtomicBool,
}

impl Moments {
    /// Of a guest whose clock this is, and that has not begun.
    pub(super) fn of(clock: &dyn Clock) -> Self {
        let now = clock.now().as_nanos();
        Moments(Arc::new(Seen { begun: now.into(), now: now.into(), ..Seen::default() }))
    }

    /// How far its timeline went, in nanoseconds.
    pub(super) fn elapsed(&self) -> u64 {
        self.0.now.load(Ordering::Relaxed).saturating_sub(self.0.begun.load(Ordering::Relaxed))
    }

    /// How much fuel it had consumed at its last call of a host function, if that is known.
    pub(super) fn fuel(&self) -> Option<u64> {
        self.0.fuel_was_told.load(Ordering::Relaxed).then(|| self.0.fuel.load(Ordering::Relaxed))
    }
}

/// A clock that answers as the one inside, and is seen.
pub(super) struct Watched {
    inner: Box<dyn Clock>,
    moments: Moments,
    /// Whether fuel is counted, whoever hears of it.
    counted: bool,
}

impl Watched {
    pub(super) fn new(inner: Box<dyn Clock>, moments: Moments, counted: bool) -> Self {
        Watched { inner, moments, counted }
    }

    fn moved(&self) {
        self.moments.0.now.store(self.inner.now().as_nanos(), Ordering::Relaxed);
    }
}

impl Clock for Watched {
    fn now(&self) -> Instant {
        self.inner.now()
    }

    fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        let caught_up = self.inner.catch_up();
        self.moved();
        caught_up
    }

    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        let advanced = self.inner.advance_to(deadline);
        self.moved();
        advanced
    }

    fn read(&mut self, clock: ClockId) -> Result<Instant, PolicyError> {
        let read = self.inner.read(clock);
        self.moved();
        read
    }

    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        if self.counted || self.inner.fuel_observer().is_some() { Some(self) } else { None }
    }
}

impl FuelObserver for Watched {
    fn elapse(&mut self, fuel: u64) {
        let Seen { fuel: consumed, fuel_was_told, .. } = &*self.moments.0;
        consumed.store(consumed.load(Ordering::Relaxed).saturating_add(fuel), Ordering::Relaxed);
        fuel_was_told.store(true, Ordering::Relaxed);
        if let Some(observer) = self.inner.fuel_observer() {
            observer.elapse(fuel);
            self.moved();
        }
    }
}

impl Policy for Watched {
    fn describe(&self) -> Result<Description, Undescribed> {
        self.inner.describe()
    }

    fn save(&self) -> Result<Vec<u8>, PolicyError> {
        self.inner.save()
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), PolicyError> {
        self.inner.restore(state)
    }
}
