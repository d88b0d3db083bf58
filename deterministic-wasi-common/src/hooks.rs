//! What a context of wasi-common is made of.

use std::sync::Arc;

use deterministic_core::Policies;
use wasi_common::{RngCore, Table, WasiClocks, WasiCtx, WasiSched};

use crate::clocks;
use crate::random::Random;
use crate::sched::Sched;
use crate::shared::{Handle, Shared};

/// The hooks of wasi-common under one bundle of policies: what [`WasiCtx::new`] takes, for an embedder who makes the context.
///
/// ```
/// use deterministic_core::Policies;
/// use deterministic_wasi_common::Hooks;
/// use deterministic_wasi_common::wasi_common::{Table, WasiCtx};
///
/// let Hooks { random, clocks, sched, handle, .. } = Hooks::new(Policies::default());
/// let ctx = WasiCtx::new(random, clocks, sched, Table::new());
/// assert!(handle.failure().is_none());
/// # let _ = ctx;
/// ```
#[non_exhaustive]
pub struct Hooks {
    /// The secure stream.
    pub random: Box<dyn RngCore + Send + Sync>,
    /// Both clocks, on the one timeline.
    pub clocks: WasiClocks,
    /// Waiting and yielding.
    pub sched: Box<dyn WasiSched>,
    /// Where the timeline stands, and why the guest was ended.
    pub handle: Handle,
}

impl Hooks {
    /// Hooks at the beginning of a run under `policies`. What of it WASI 0.1 does not ask for is not used: the insecure stream and
    /// seed.
    pub fn new(policies: Policies) -> Self {
        let shared = Shared::new(policies);
        Hooks {
            random: Box::new(Random(Arc::clone(&shared))),
            clocks: clocks::clocks(&shared),
            sched: Box::new(Sched(Arc::clone(&shared))),
            handle: Handle(shared),
        }
    }

    /// The context, with no arguments, environment or directories, an empty input, and output that goes nowhere.
    pub fn into_ctx(self) -> (WasiCtx, Handle) {
        (WasiCtx::new(self.random, self.clocks, self.sched, Table::new()), self.handle)
    }
}

impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hooks").field("handle", &self.handle).finish_non_exhaustive()
    }
}
