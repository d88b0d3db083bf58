//! The scheduling policy: which of the ready events a waiting guest gets, and in which order.

use alloc::vec::Vec;

use crate::{Description, Instant, PolicyError, Undescribed};

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

/// Chooses among the events that are ready when a guest waits, and says what a yield does.
///
/// It may hold events back and let time pass. It never sees an event that is not ready, so it cannot wake a guest early.
///
/// # Not promised
///
/// * Fairness. A guest that relies on being shown every ready event in one wait relies on the default scheduler.
/// * That a choice depends on the events alone: schedulers have state, as seeded ones must.
pub trait Scheduler: Send {
    /// Puts the events to deliver at the front of `ready`, in the order of delivery, and says how many they are.
    ///
    /// `ready` has at least one element and is in subscription order; `now` is where the timeline stands.
    ///
    /// # Errors
    ///
    /// Whatever keeps the policy from deciding; it ends the guest.
    fn select(&mut self, now: Instant, ready: &mut [Event]) -> Result<Selection, PolicyError>;

    /// How many nanoseconds pass when the guest yields. Unless overridden, none.
    ///
    /// # Errors
    ///
    /// Whatever keeps the policy from deciding; it ends the guest.
    fn yielded(&mut self, now: Instant) -> Result<u64, PolicyError> {
        let _ = now;
        Ok(0)
    }

    /// Whether [`yielded`](Scheduler::yielded) is to be called at all. Asked once, before the run: a guest that spins yields
    /// often. One that says no lets no time pass, and does not count them either.
    fn observes_yields(&self) -> bool {
        true
    }

    /// Whether timers count as due at once, whatever their deadline, and without time passing. Only the scheduler that
    /// imitates deterministic-wasi-ctx says so.
    fn timers_are_due(&self) -> bool {
        false
    }

    /// What this scheduler is and where it stands, for the fingerprint of a run.
    ///
    /// Equal descriptions mean that the same calls have the same answers from here on. Name all that influences
    /// one: the parameters, the key and the position, what is remembered, the scheduler inside.
    ///
    /// # Errors
    ///
    /// [`Undescribed::TouchesHost`] if it asks the host; [`Undescribed::Unknown`] unless the policy describes itself.
    /// [`Described`](crate::Described) gives it a description from outside.
    fn describe(&self) -> Result<Description, Undescribed> {
        Err(Undescribed::Unknown { policy: core::any::type_name::<Self>() })
    }

    /// The scheduler's state, for [`restore`](Scheduler::restore) to continue from.
    ///
    /// # Errors
    ///
    /// [`PolicyError::NoSnapshot`] unless the policy supports it.
    fn save(&self) -> Result<Vec<u8>, PolicyError> {
        Err(PolicyError::NoSnapshot { policy: "this scheduler" })
    }

    /// Continues from a state that a scheduler of the same kind saved.
    ///
    /// # Errors
    ///
    /// [`PolicyError::NoSnapshot`] or [`PolicyError::BadSnapshot`]; the scheduler is then as it was.
    fn restore(&mut self, state: &[u8]) -> Result<(), PolicyError> {
        let _ = state;
        Err(PolicyError::NoSnapshot { policy: "this scheduler" })
    }
}

/// Delivers all that is ready, in subscription order, at once: what most guests were tested against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InOrder;

impl Scheduler for InOrder {
    fn select(&mut self, _: Instant, ready: &mut [Event]) -> Result<Selection, PolicyError> {
        Ok(Selection { deliver: ready.len(), delay: 0 })
    }

    fn observes_yields(&self) -> bool {
        false
    }

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
