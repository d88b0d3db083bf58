//! Exploration by random priorities.

use alloc::vec::Vec;

use deterministic_core::{
    Description, Event, EventKind, Instant, Policy, PolicyError, Scheduler, Seed, Selection, Undescribed, Value,
    YieldObserver,
};

use crate::seeded_numbers::SeededNumbers;
use crate::snapshot::snapshots;

/// Delivers one event for each wait: the one with the highest priority.
///
/// After Burckhardt, Kothari, Musuvathi and Nagarakatte, *A randomized scheduler with probabilistic guarantees of
/// finding bugs*, ASPLOS 2010. What the paper calls a thread is here whatever goes by one [`Event::id`] and one kind of
/// event (a timer's deadline does not tell it from another). Each has a random priority. At `depth - 1` random steps,
/// the one with the highest priority at that moment falls below all that have not fallen; among the fallen, the `i`th
/// point's has the `i`th lowest priority. A bug that takes `depth` ordering constraints among `n` threads in `k` steps
/// is found by one run with a probability of at least `1 / (n * k^(depth-1))`: try many seeds.
///
/// Priorities are a keyed function of id and kind and take no memory; the state grows with `depth` alone, whatever the
/// guest waits for.
///
/// Not fair: what has a low priority waits for as long as something above it is ready. A guest that is always ready to
/// write may never see its timer; give such a guest a limit of fuel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Pct {
    keys: [u64; 2],
    /// How many waits there were.
    step: u64,
    /// The change points, by the rank that they give.
    points: Vec<ChangePoint>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct ChangePoint {
    /// The step at which it happens, from 1.
    step: u64,
    /// Which has this rank since then.
    fallen: Option<TaskKey>,
}

/// What the paper calls a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct TaskKey {
    id: u64,
    kind: u8,
}

impl TaskKey {
    fn of(event: &Event) -> Self {
        let kind = match event.kind() {
            EventKind::Timer { .. } => 0,
            EventKind::Readable => 1,
            EventKind::Writable => 2,
            // Kinds to come share a number: they are told apart by their ids only.
            _ => 3,
        };
        TaskKey { id: event.id(), kind }
    }
}

impl Pct {
    /// A scheduler that looks for bugs of `depth` ordering constraints (1 to 255; 0 counts as 1) in a run of about
    /// `steps` waits (0 counts as 1). The stream `scheduler` of `seed` decides.
    ///
    /// The change points fall within the first `steps` waits; afterwards the priorities stay as they are.
    pub fn new(seed: &Seed, depth: u8, steps: u64) -> Self {
        let mut numbers = SeededNumbers::new(seed, "scheduler", "pct");
        let keys = [numbers.word(), numbers.word()];
        let last = steps.saturating_sub(1);
        let point = |_| ChangePoint { step: numbers.up_to(last).saturating_add(1), fallen: None };
        Pct { keys, step: 0, points: (1..depth).map(point).collect() }
    }

    /// The priority: those that have not fallen are above those that have.
    fn priority(&self, task: TaskKey) -> (bool, u64) {
        match self.points.iter().position(|point| point.fallen == Some(task)) {
            Some(rank) => (false, rank as u64),
            None => (true, mix(mix(task.id ^ self.keys[0]) ^ self.keys[1].wrapping_add(task.kind.into()))),
        }
    }

    /// Where the event with the highest priority is; of several, the first.
    fn highest(&self, ready: &[Event]) -> Option<usize> {
        (0..ready.len()).rev().max_by_key(|&i| self.priority(TaskKey::of(&ready[i])))
    }
}

/// A permutation of the 64-bit numbers that makes neighbours differ everywhere: the finaliser of SplitMix64.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Scheduler for Pct {
    fn select(&mut self, _: Instant, ready: &mut [Event]) -> Result<Selection, PolicyError> {
        self.step = self.step.saturating_add(1);
        for rank in 0..self.points.len() {
            if self.points[rank].step == self.step
                && let Some(highest) = self.highest(ready)
            {
                let task = TaskKey::of(&ready[highest]);
                // One that falls again has its new rank only.
                self.points.iter_mut().filter(|point| point.fallen == Some(task)).for_each(|point| point.fallen = None);
                self.points[rank].fallen = Some(task);
            }
        }
        if let Some(highest) = self.highest(ready) {
            ready[..=highest].rotate_right(1);
        }
        Ok(Selection { deliver: 1, delay: 0 })
    }

    fn yield_observer(&mut self) -> Option<&mut dyn YieldObserver> {
        None
    }
}

impl Policy for Pct {
    fn describe(&self) -> Result<Description, Undescribed> {
        let points = self.points.iter().map(|point| {
            let fallen = point.fallen.map(|task| [task.id.into(), task.kind.into()]);
            Value::from_iter([point.step.into()].into_iter().chain(fallen.into_iter().flatten()))
        });
        let description = Description::new("Pct", 1).list("keys", self.keys);
        Ok(description.number("step", self.step).list("points", points))
    }

    snapshots!("Pct");
}
