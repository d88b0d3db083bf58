//! What policies decide in a run that others would not.

use std::sync::{Arc, Mutex, PoisonError};

use deterministic_wasmtime::core::{
    Clock, ClockId, Event, FuelObserver, Instant, Policies, Policy, PolicyError, Scheduler, Selection, YieldObserver,
};

use super::{Decision, Recipe};

/// How many decisions are noted. A run of more is not made small.
const MOST: usize = 1 << 20;

/// The decisions of a run, while it goes on. A clone is the same list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Noted(Arc<Mutex<Vec<Decision>>>);

impl Noted {
    fn note(&self, decision: Decision) {
        let mut decisions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One more, so that it can be seen that there were more.
        if decisions.len() <= MOST {
            decisions.push(decision);
        }
    }

    /// All of them. `None` if there were too many.
    pub(crate) fn recipe(&self) -> Option<Recipe> {
        let mut decisions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let decisions = std::mem::take(&mut *decisions);
        (decisions.len() <= MOST).then(|| decisions.into_iter().collect())
    }

    /// The policies `wild`, of which is noted what `calm` would not decide: events in order, and readings that go on and show as its
    /// first one.
    pub(crate) fn of(&self, wild: Policies, mut calm: Policies) -> Policies {
        let Policies { clock, scheduler, .. } = wild;
        let before = calm.clock.now();
        let shown = calm.clock.read(ClockId::Monotonic).unwrap_or(before);
        let calm = (calm.clock.now().saturating_since(before), shown.saturating_since(before));
        Policies {
            clock: Box::new(NotedClock { inner: clock, calm, noted: self.clone(), reads: 0, sleeps: 0 }),
            scheduler: Box::new(NotedScheduler { inner: scheduler, noted: self.clone(), waits: 0, yields: 0 }),
            ..wild
        }
    }
}

struct NotedClock {
    inner: Box<dyn Clock>,
    /// How far a calm reading moves the time, and what it shows.
    calm: (u64, u64),
    noted: Noted,
    reads: u64,
    sleeps: u64,
}

impl Clock for NotedClock {
    fn now(&self) -> Instant {
        self.inner.now()
    }

    fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        self.inner.catch_up()
    }

    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        let sleeps = deadline > self.inner.now();
        self.inner.advance_to(deadline)?;
        if sleeps {
            self.sleeps += 1;
            let late = self.inner.now().saturating_since(deadline);
            if late > 0 {
                self.noted.note(Decision::Sleep { number: self.sleeps, late });
            }
        }
        Ok(())
    }

    fn read(&mut self, clock: ClockId) -> Result<Instant, PolicyError> {
        self.reads += 1;
        let before = self.inner.now();
        let shown = self.inner.read(clock)?;
        let (moves, shows) = (self.inner.now().saturating_since(before), shown.saturating_since(before));
        if (moves, shows) != self.calm {
            self.noted.note(Decision::Read { number: self.reads, moves, shows });
        }
        Ok(shown)
    }

    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        self.inner.fuel_observer()
    }
}

impl Policy for NotedClock {}

struct NotedScheduler {
    inner: Box<dyn Scheduler>,
    noted: Noted,
    waits: u64,
    yields: u64,
}

impl Scheduler for NotedScheduler {
    fn select(&mut self, now: Instant, ready: &mut [Event]) -> Result<Selection, PolicyError> {
        self.waits += 1;
        let key = |event: &Event| (event.subscription(), event.id());
        let before: Vec<_> = ready.iter().map(key).collect();
        let selection = self.inner.select(now, ready)?;
        let delivered = &ready[..selection.deliver.clamp(1, ready.len())];
        let place = |event: &Event| before.iter().position(|was| *was == key(event)).unwrap_or_default() as u32;
        let places: Vec<u32> = delivered.iter().map(place).collect();
        let in_order = places.len() == before.len() && places.iter().zip(0..).all(|(place, at)| *place == at);
        if !in_order || selection.delay > 0 {
            self.noted.note(Decision::Wait { number: self.waits, places, delay: selection.delay });
        }
        Ok(selection)
    }

    fn yield_observer(&mut self) -> Option<&mut dyn YieldObserver> {
        if self.inner.yield_observer().is_some() { Some(self) } else { None }
    }
}

impl YieldObserver for NotedScheduler {
    fn yielded(&mut self, now: Instant) -> Result<u64, PolicyError> {
        self.yields += 1;
        let nanos = self.inner.yield_observer().map_or(Ok(0), |observer| observer.yielded(now))?;
        if nanos > 0 {
            self.noted.note(Decision::Yield { number: self.yields, nanos });
        }
        Ok(nanos)
    }
}

impl Policy for NotedScheduler {}
