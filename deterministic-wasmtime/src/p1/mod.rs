//! WASI 0.1 (`wasi_snapshot_preview1`) and the version before it (`wasi_unstable`).
//!
//! Every function is this crate's own, on the calling thread and without an executor; only a standard stream of the
//! embedder's that is not ready makes one wait. Calls that ask for time, randomness or readiness are answered by the
//! policies, files by [`deterministic_fs`]. Where stock wasmtime-wasi gives an errno or traps, so do these, but where POSIX
//! says otherwise: `fd_read`, `fd_write`, `fd_pread` and `fd_pwrite` fill or take all buffers of a call, where stock stops after
//! the first; a path with a slash behind it leads to a directory, also where no symbolic link is followed; and `poll_oneoff`
//! finds regular files always ready.
//!
//! The `read`, `check_write`, `write` and `flush` of a standard stream are called without a tokio runtime around them, as
//! wasmtime-wasi's synchronous WASI 0.2 calls them. A stream of the embedder's that starts tasks there does so by
//! [`wasmtime_wasi::runtime::spawn`], which finds a runtime itself.

mod captured;
mod escapes;
mod instance_pre;
mod link;
pub(crate) mod memory;
mod stdio;

use deterministic_core::Policies;
use deterministic_wasi::p1::State;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder};

use self::memory::Bound;
use crate::DeterministicCtx;

pub use instance_pre::{InstancePre, instantiate_pre_async, instantiate_pre_sync};
pub use link::{add_to_linker_async, add_to_linker_sync};

/// What a store needs for WASI 0.1: put it into the `T` of `Store<T>`. Made by
/// [`build_deterministic_p1`](crate::WasiCtxBuilderExt::build_deterministic_p1).
pub struct P1Ctx {
    wasi: WasiCtx,
    deterministic: DeterministicCtx,
    state: State,
    bound: Bound,
    /// Whether the directories of the builder are mounted: before the first who may look at files.
    has_mounted: bool,
}

impl P1Ctx {
    #[inline]
    pub(crate) fn new(builder: &mut WasiCtxBuilder, policies: Policies) -> Self {
        P1Ctx {
            wasi: builder.build(),
            deterministic: DeterministicCtx::new(policies),
            state: State::default(),
            bound: Bound::default(),
            has_mounted: false,
        }
    }

    fn mount(&mut self) {
        if !self.has_mounted {
            self.has_mounted = true;
            self.deterministic.mount_preopens(&mut self.wasi);
        }
    }

    /// The state of the policies: where the timeline stands, what was called. [`ComponentCtx`](crate::ComponentCtx) has the
    /// same.
    pub fn deterministic(&self) -> &DeterministicCtx {
        &self.deterministic
    }

    /// The same, to restore a saved state, to mount directories before the guest starts, or to let time pass.
    pub fn deterministic_mut(&mut self) -> &mut DeterministicCtx {
        self.mount();
        &mut self.deterministic
    }
}

impl std::fmt::Debug for P1Ctx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("P1Ctx").field("deterministic", &self.deterministic).finish_non_exhaustive()
    }
}
