//! Policies that decide by a recipe.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use deterministic_wasmtime::core::{
    Clock, ClockId, Description, Event, FuelObserver, Instant, Policies, Policy, PolicyError, Scheduler, Selection,
    Undescribed, YieldObserver,
};

use super::{About, Decision, Recipe};

/// Which decisions of a recipe were made in a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stale {
    made: Arc<Mutex<BTreeSet<About>>>,
}

impl Stale {
    fn made(&self, decision: &Decision) {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).insert(decision.about());
    }

    /// The decisions that were not, as text.
    pub(crate) fn of(&self, recipe: &Recipe) -> Vec<String> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        recipe.decisions.iter().filter(|decision| !made.contains(&decision.about())).map(Decision::to_string).collect()
    }
}

impl Recipe {
    /// The same policies with these decisions in place of theirs.
    pub(crate) fn apply(&self, policies: Policies) -> (Policies, Stale) {
        let (recipe, stale) = (Arc::new(self.clone()), Stale::default());
        let Policies { clock, scheduler, .. } = policies;
        let minds_yields = self.decisions.iter().any(|decision| matches!(decision, Decision::Yield { .. }));
        let decided = Policies {
            clock: Box::new(DecidedClock {
                inner: clock,
                recipe: recipe.clone(),
                stale: stale.clone(),
                reads: 0,
                sleeps: 0,
            }),
            scheduler: Box::new(DecidedScheduler {
                inner: scheduler,
                recipe,
                stale: stale.clone(),
                waits: 0,
                yields: 0,
                minds_yields,
            }),
            ..policies
        };
        (decided, stale)
    }
}

struct DecidedClock {
    inner: Box<dyn Clock>,
    recipe: Arc<Recipe>,
    stale: Stale,
    reads: u64,
    sleeps: u64,
}

impl Clock for DecidedClock {
    fn now(&self) -> Instant {
        self.inner.now()
    }

    fn catch_up(&mut self) -> Result<Instant, PolicyError> {
        self.inner.catch_up()
    }

    fn advance_to(&mut self, deadline: Instant) -> Result<(), PolicyError> {
        if deadline <= self.inner.now() {
            return self.inner.advance_to(deadline);
        }
        self.sleeps += 1;
        let about = Decision::Sleep { number: self.sleeps, late: 0 }.about();
        match self.recipe.of(about) {
            Some(decision @ Decision::Sleep { late, .. }) => {
                self.stale.made(decision);
                self.inner.advance_to(deadline.saturating_add(*late))
            }
            _ => self.inner.advance_to(deadline),
        }
    }

    fn read(&mut self, clock: ClockId) -> Result<Instant, PolicyError> {
        self.reads += 1;
        let about = Decision::Read { number: self.reads, moves: 0, shows: 0 }.about();
        match self.recipe.of(about) {
            Some(decision @ Decision::Read { moves, shows, .. }) => {
                self.stale.made(decision);
                let before = self.inner.now();
                self.inner.advance_to(before.saturating_add(*moves))?;
                Ok(before.saturating_add(*shows))
            }
            _ => self.inner.read(clock),
        }
    }

    fn fuel_observer(&mut self) -> Option<&mut dyn FuelObserver> {
        self.inner.fuel_observer()
    }
}

impl Policy for DecidedClock {
    fn describe(&self) -> Result<Description, Undescribed> {
        let description = Description::new("DecidedClock", 1).text("recipe", &self.recipe.to_string());
        let description = description.number("reads", self.reads).number("sleeps", self.sleeps);
        Ok(description.policy("inner", self.inner.describe()?))
    }
}

struct DecidedScheduler {
    inner: Box<dyn Scheduler>,
    recipe: Arc<Recipe>,
    stale: Stale,
    waits: u64,
    yields: u64,
    minds_yields: bool,
}

impl Scheduler for DecidedScheduler {
    fn select(&mut self, now: Instant, ready: &mut [Event]) -> Result<Selection, PolicyError> {
        self.waits += 1;
        let about = Decision::Wait { number: self.waits, places: Vec::new(), delay: 0 }.about();
        let Some(decision @ Decision::Wait { places, delay, .. }) = self.recipe.of(about) else {
            return self.inner.select(now, ready);
        };
        // Where each event is now that was at a place.
        let mut at: Vec<usize> = (0..ready.len()).collect();
        let mut deliver = 0;
        for place in places {
            let place = *place as usize;
            // One that is not there, or was taken already, is another guest's.
            let Some(found) = at.iter().position(|was| *was == place).filter(|found| *found >= deliver) else {
                continue;
            };
            ready[deliver..=found].rotate_right(1);
            at[deliver..=found].rotate_right(1);
            deliver += 1;
        }
        if deliver == 0 {
            return self.inner.select(now, ready);
        }
        self.stale.made(decision);
        Ok(Selection { deliver, delay: *delay })
    }

    fn yield_observer(&mut self) -> Option<&mut dyn YieldObserver> {
        if self.minds_yields || self.inner.yield_observer().is_some() { Some(self) } else { None }
    }
}

impl YieldObserver for DecidedScheduler {
    fn yielded(&mut self, now: Instant) -> Result<u64, PolicyError> {
        self.yields += 1;
        let about = Decision::Yield { number: self.yields, nanos: 0 }.about();
        match self.recipe.of(about) {
            Some(decision @ Decision::Yield { nanos, .. }) => {
                self.stale.made(decision);
                Ok(*nanos)
            }
            _ => self.inner.yield_observer().map_or(Ok(0), |observer| observer.yielded(now)),
        }
    }
}

impl Policy for DecidedScheduler {
    fn describe(&self) -> Result<Description, Undescribed> {
        let description = Description::new("DecidedScheduler", 1).text("recipe", &self.recipe.to_string());
        let description = description.number("waits", self.waits).number("yields", self.yields);
        Ok(description.policy("inner", self.inner.describe()?))
    }
}
