//! Pollables of responses among the store's timers.

use deterministic_core::Instant;

use crate::DeterministicCtx;
use crate::p2::Timers;

impl Timers {
    /// Gives a pollable a deadline.
    pub(super) fn insert(&mut self, pollable: u32, deadline: Instant) {
        self.deadlines.insert(pollable, deadline);
    }

    /// Notes that a pollable waits for what is called `number` and has no deadline yet.
    pub(super) fn wait_for(&mut self, pollable: u32, number: u64) {
        self.open.insert(pollable, number);
    }

    /// Gives those among `pollables` that still wait for `number` their deadline. The guest may have dropped some, and others
    /// may stand in their place.
    pub(super) fn resolve(&mut self, pollables: &[u32], number: u64, deadline: Instant) {
        for pollable in pollables {
            if self.open.get(pollable) == Some(&number) {
                self.open.remove(pollable);
                self.deadlines.insert(*pollable, deadline);
            }
        }
    }
}

impl DeterministicCtx {
    /// Where the timeline stands, or how far a wait went on a clock that does not move.
    pub(super) fn reached(&self) -> Instant {
        self.now().max(self.timers.reached)
    }
}
