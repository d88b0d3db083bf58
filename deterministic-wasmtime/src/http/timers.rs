//! Pollables of responses among the store's timers.

use deterministic_core::Instant;

use crate::DeterministicCtx;
use crate::p2::{Deadline, Timers};

impl Timers {
    /// Gives a pollable a deadline.
    pub(super) fn insert(&mut self, pollable: u32, deadline: Instant) {
        self.deadlines.insert(pollable, Deadline::Response(deadline));
    }

    /// Notes that a pollable waits for what is called `number` and has no deadline yet.
    pub(super) fn wait_for(&mut self, pollable: u32, number: u64) {
        self.open.insert(pollable, number);
        self.waiting_for.insert((number, pollable));
    }

    /// Gives those that wait for `number` their deadline.
    pub(super) fn resolve(&mut self, number: u64, deadline: Instant) {
        while let Some(&(_, pollable)) = self.waiting_for.range((number, 0)..=(number, u32::MAX)).next() {
            self.forget(pollable);
            self.insert(pollable, deadline);
        }
    }
}

impl DeterministicCtx {
    /// Where the timeline stands, or how far a wait went on a clock that does not move.
    pub(super) fn reached(&self) -> Instant {
        self.now().max(self.timers.reached)
    }
}
