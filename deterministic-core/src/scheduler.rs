//! The scheduling policy: which of the ready events a waiting guest gets, and in which order.

use alloc::vec::Vec;

use crate::{Description, Instant, Policy, PolicyError, Undescribed};

/// Something a guest waits for, and that has come to pass.
///
/// Events are made by the adapter, and can be neither copied nor changed: a scheduler moves those it is given. One that put
/// an event of its own making among them would tell the guest of something that did not happen.
#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    subscription: u32,
    id: u64,
    kind: EventKind,
}

/// What kind of event it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// A timer whose deadline has come.
    Timer {
        /// When it was due.
        deadline: Instant,
    },
    /// Something can be read without waiting.
    Readable,
    /// Something can be written without waiting.
    Writable,
}

impl Event {
    /// For adapters: the event of the `subscription`th thing waited for, which the guest calls `id`.
    pub const fn new(subscription: u32, id: u64, kind: EventKind) -> Self {
        Event { subscription, id, kind }
    }

    /// The position of the subscription in the guest's list, from 0.
    pub const fn subscription(&self) -> u32 {
        self.subscription
    }

    /// What the guest calls it, which may repeat: WASI 0.1's `userdata`, the number of a pollable or of a task's timer.
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// What happened.
    pub const fn kind(&self) -> EventKind {
        self.kind
    }
}

/// A scheduler's decision about one wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    /// How many events are delivered, from the front. The adapter reads 0 as 1: a guest that waits for something that
    /// is ready is woken. What is left out stays ready, so that the guest's next wait for it finds it; a timer that
    /// the guest subscribes anew with a relative timeout begins anew.
    pub deliver: usize,
    /// Nanoseconds that pass before the guest sees them.
    pub delay: u64,
}

/// Chooses among the events that are ready when a guest waits, and may hear of its yields.
///
/// It may hold events back and let time pass. It never sees an event that is not ready, so it cannot wake a guest early.
///
/// # Writing a scheduler
///
/// One that delivers the last event, alone:
///
/// ```
/// use deterministic_core::{Event, Instant, Policy, PolicyError, Scheduler, Selection, YieldObserver};
///
/// struct LastFirst;
///
/// impl Policy for LastFirst {}
/// impl Scheduler for LastFirst {
///     fn select(&mut self, _: Instant, ready: &mut [Event]) -> Result<Selection, PolicyError> {
///         ready.reverse();
///         Ok(Selection { deliver: 1, delay: 0 })
///     }
///     fn yield_observer(&mut self) -> Option<&mut dyn YieldObserver> { None }
/// }
/// ```
///
/// No method has a default, so that what wraps a scheduler and forgets to pass one on does not compile.
///
/// # Not promised
///
/// * Fairness. A guest that relies on being shown every ready event in one wait relies on the default scheduler.
/// * That a choice depends on the events alone: schedulers have state, as seeded ones must.
pub trait Scheduler: Policy {
    /// Puts the events to deliver at the front of `ready`, in the order of delivery, and says how many they are.
    ///
    /// `ready` has at least one element and is in subscription order; `now` is where the timeline stands.
    ///
    /// # Errors
    ///
    /// Whatever keeps the policy from deciding; it ends the guest.
    fn select(&mut self, now: Instant, ready: &mut [Event]) -> Result<Selection, PolicyError>;

    /// Who is to hear of the guest's yields: `Some(self)`, what the scheduler inside says, or `None`, and then a yield takes no
    /// time. Asking decides nothing, and the answer is always the same of the two: it is asked before the run, since a guest
    /// that spins yields often.
    fn yield_observer(&mut self) -> Option<&mut dyn YieldObserver>;
}

/// What a [`Scheduler`] is, or holds, that minds the guest's yields.
pub trait YieldObserver {
    /// The guest yields, and the timeline stands at `now`: how many nanoseconds pass.
    ///
    /// # Errors
    ///
    /// Whatever keeps the policy from deciding; it ends the guest.
    fn yielded(&mut self, now: Instant) -> Result<u64, PolicyError>;
}

/// Delivers all that is ready, in subscription order, at once: what most guests were tested against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InOrder;

impl Scheduler for InOrder {
    fn select(&mut self, _: Instant, ready: &mut [Event]) -> Result<Selection, PolicyError> {
        Ok(Selection { deliver: ready.len(), delay: 0 })
    }

    fn yield_observer(&mut self) -> Option<&mut dyn YieldObserver> {
        None
    }
}

impl Policy for InOrder {
    fn describe(&self) -> Result<Description, Undescribed> {
        Ok(Description::new("InOrder", 1))
    }

    fn save(&self) -> Result<Vec<u8>, PolicyError> {
        Ok(Vec::new())
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), PolicyError> {
        if state.is_empty() {
            return Ok(());
        }
        Err(PolicyError::BadSnapshot { policy: "InOrder", reason: "it has a state and InOrder has none".into() })
    }
}
