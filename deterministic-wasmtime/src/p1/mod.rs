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

mod abi;
mod answers;
mod capture;
mod descriptors;
mod environment;
mod escapes;
mod fault;
mod instance_pre;
mod io;
mod link;
mod listing;
pub(crate) mod memory;
mod paths;
pub(crate) mod poll;
pub(crate) mod readiness;
pub(crate) mod records;
mod status;
mod stdio;

use bytes::BytesMut;
use deterministic_core::{ByteStream, Policies};
use deterministic_fs::FileSystem;
use wasmtime_wasi::WasiCtx;

use self::abi::Allowance;
use self::capture::Captured;
use self::descriptors::Table;
use self::environment::Strings;
use self::fault::{Answer, Fault};
use self::memory::Bound;
use crate::DeterministicCtx;
use crate::held::Held;

pub use instance_pre::{InstancePre, instantiate_pre_async, instantiate_pre_sync};
pub use link::{add_to_linker_async, add_to_linker_sync};

/// What a store needs for WASI 0.1: put it into the `T` of `Store<T>`. Made by
/// [`build_deterministic_p1`](crate::WasiCtxBuilderExt::build_deterministic_p1).
pub struct P1Ctx {
    wasi: WasiCtx,
    deterministic: DeterministicCtx,
    /// Made by the first call that needs it, so that directories can be mounted until then.
    descriptors: Option<Table>,
    arguments: Option<Strings>,
    environment: Option<Strings>,
    allowance: Allowance,
    captured: Option<Captured>,
    bound: Bound,
    /// What is written to a standard stream, kept from call to call.
    scratch: BytesMut,
}

impl P1Ctx {
    pub(crate) fn new(mut wasi: WasiCtx, policies: Policies) -> Self {
        let mut deterministic = DeterministicCtx::new(policies);
        deterministic.mount_preopens(&mut wasi);
        P1Ctx {
            wasi,
            deterministic,
            descriptors: None,
            arguments: None,
            environment: None,
            allowance: Allowance(0),
            captured: None,
            bound: Bound::default(),
            scratch: BytesMut::new(),
        }
    }

    /// The state of the policies: where the timeline stands, what was called. [`ComponentCtx`](crate::ComponentCtx) has the
    /// same.
    pub fn deterministic(&self) -> &DeterministicCtx {
        &self.deterministic
    }

    /// The same, to restore a saved state, to mount directories before the guest starts, or to let time pass.
    pub fn deterministic_mut(&mut self) -> &mut DeterministicCtx {
        &mut self.deterministic
    }

    /// The descriptors, and the files behind them as of now.
    #[inline]
    fn open(&mut self) -> Answer<(&mut Table, &mut FileSystem)> {
        let (files, held) = self.deterministic.files_and_held()?;
        Ok((table(&mut self.descriptors, &mut self.wasi, files, held, self.captured.is_some())?, files))
    }

    /// The same, and the secure random stream, which reads of some devices draw from.
    #[inline]
    fn open_to_read(&mut self) -> Answer<(&mut Table, &mut FileSystem, &mut ByteStream)> {
        let (files, held, random) = self.deterministic.files_held_and_random()?;
        let table = table(&mut self.descriptors, &mut self.wasi, files, held, self.captured.is_some())?;
        Ok((table, files, random))
    }

    /// The descriptors.
    #[inline]
    fn table(&mut self) -> Answer<&mut Table> {
        let (files, held) = self.deterministic.files_as_they_were();
        table(&mut self.descriptors, &mut self.wasi, files, held, self.captured.is_some())
    }

    fn arguments(&mut self) -> Answer<&Strings> {
        let made = || Strings::arguments(&mut self.wasi).map_err(Fault::Trap);
        once(&mut self.arguments, made).map(|strings| &*strings)
    }

    fn environment(&mut self) -> Answer<&Strings> {
        let made = || Strings::environment(&mut self.wasi).map_err(Fault::Trap);
        once(&mut self.environment, made).map(|strings| &*strings)
    }
}

/// The table of descriptors, made when it is first needed.
#[inline]
fn table<'a>(
    place: &'a mut Option<Table>,
    wasi: &mut WasiCtx,
    files: &FileSystem,
    held: &Held,
    captured: bool,
) -> Answer<&'a mut Table> {
    once(place, || Table::new(wasi, files, held.account(), captured).map_err(Fault::Trap))
}

/// What is in `place`, made when it is first needed.
#[inline]
fn once<T>(place: &mut Option<T>, make: impl FnOnce() -> Answer<T>) -> Answer<&mut T> {
    match place {
        Some(made) => Ok(made),
        none => Ok(none.insert(make()?)),
    }
}

impl std::fmt::Debug for P1Ctx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("P1Ctx").field("deterministic", &self.deterministic).finish_non_exhaustive()
    }
}
