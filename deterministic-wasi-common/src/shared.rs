//! What the hooks of one context have in common.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cap_std::time::Instant as HostInstant;
use deterministic_core::{ByteStream, Instant, Policies, WallTime};
use deterministic_wasi::{HostCall, HostCalls, Timeline};

use crate::failure::{Failure, FailureKind};

/// The policies at work.
pub(crate) struct State {
    pub(crate) time: Timeline,
    pub(crate) random: ByteStream,
    pub(crate) calls: HostCalls,
    failure: Option<Failure>,
}

/// The state behind the locks that wasi-common's hooks need, which share it and take `&self`.
pub(crate) struct Shared {
    state: Mutex<State>,
    /// What the monotonic clock shows while a wait asks wasi-common which timers are due; see `poll`. Behind a lock of its own, as the
    /// state is locked then.
    pub(crate) shown: Mutex<Option<HostInstant>>,
}

impl Shared {
    pub(crate) fn new(policies: Policies) -> Arc<Self> {
        let Policies { epoch, clock, secure_random, scheduler, rules, .. } = policies;
        let state = State {
            time: Timeline::new(epoch, clock, scheduler, rules),
            random: ByteStream::new(secure_random),
            calls: HostCalls::default(),
            failure: None,
        };
        Arc::new(Shared { state: Mutex::new(state), shown: Mutex::new(None) })
    }

    /// The state, as a policy left it that panicked, too.
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Has the policies answer a call. Once they could not, they are not asked again: the guest should have ended.
    pub(crate) fn answer<T>(
        &self,
        call: HostCall,
        answer: impl FnOnce(&mut State) -> Result<T, FailureKind>,
    ) -> Result<T, Failure> {
        let mut state = self.lock();
        if let Some(failure) = &state.failure {
            return Err(failure.clone());
        }
        state.calls.count(call);
        // wasi-common knows no fuel.
        let fuel = if state.time.observes_fuel() { state.time.fuel_left(None) } else { Ok(()) };
        fuel.map_err(FailureKind::from).and_then(|()| answer(&mut state)).map_err(|kind| {
            let failure = Failure::from(kind);
            state.failure = Some(failure.clone());
            failure
        })
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks at a context's time, and lets it pass; kept by the embedder, since wasi-common's context hides it. A clone is the same one.
#[derive(Clone)]
pub struct Handle(pub(crate) Arc<Shared>);

impl Handle {
    /// Where the timeline stands.
    pub fn now(&self) -> Instant {
        self.0.lock().time.now()
    }

    /// What the wall clock shows there.
    pub fn wall_now(&self) -> WallTime {
        self.0.lock().time.wall_now()
    }

    /// Why the context no longer answers its guest; `None` while it does. Look here after a run: not every failure can end a guest,
    /// see the crate's front page.
    pub fn failure(&self) -> Option<Failure> {
        self.0.lock().failure.clone()
    }

    /// Lets time pass until `deadline`, as a sleep of the guest's does: for an embedder between two calls into the guest. A deadline
    /// that has passed moves nothing.
    ///
    /// # Errors
    ///
    /// What the clock policy says that cannot move.
    pub fn advance_to(&self, deadline: Instant) -> Result<(), deterministic_core::PolicyError> {
        let clock = &mut self.0.lock().time.clock;
        if deadline > clock.now() { clock.advance_to(deadline) } else { Ok(()) }
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("now", &self.now()).field("failure", &self.failure()).finish_non_exhaustive()
    }
}
