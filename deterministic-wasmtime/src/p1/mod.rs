//! WASI 0.1 (`wasi_snapshot_preview1`) and the version before it (`wasi_unstable`).
//!
//! The calls that ask for time, randomness or readiness are answered by the policies, on the calling thread and without
//! an executor. The others are wasmtime-wasi's own, and what they say of files is made the same for every host.

mod answers;
mod files;
mod link;
mod listing;
pub(crate) mod memory;
pub(crate) mod poll;
pub(crate) mod readiness;
mod removal;

use deterministic_core::Policies;
use wasmtime_wasi::p1::WasiP1Ctx;

use crate::DeterministicCtx;

pub use link::{add_to_linker_async, add_to_linker_sync};

/// What a store needs for WASI 0.1: put it into the `T` of `Store<T>`. Made by
/// [`build_deterministic_p1`](crate::WasiCtxBuilderExt::build_deterministic_p1).
pub struct P1Ctx {
    wasi: WasiP1Ctx,
    deterministic: DeterministicCtx,
    listings: listing::Listings,
}

impl P1Ctx {
    pub(crate) fn new(wasi: WasiP1Ctx, policies: Policies) -> Self {
        P1Ctx { wasi, deterministic: DeterministicCtx::new(policies), listings: listing::Listings::default() }
    }

    /// The state of the policies: where the timeline stands, what was called.
    pub fn deterministic(&self) -> &DeterministicCtx {
        &self.deterministic
    }

    /// The same, to restore a saved state.
    pub fn deterministic_mut(&mut self) -> &mut DeterministicCtx {
        &mut self.deterministic
    }
}

impl std::fmt::Debug for P1Ctx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("P1Ctx").field("deterministic", &self.deterministic).finish_non_exhaustive()
    }
}
