//! Whether a file descriptor can be read or written without waiting.

use deterministic_core::EventKind;
use wasmtime::Result;
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p1::types::{Errno, Fd};
use wasmtime_wasi::p1::wasi_snapshot_preview1::WasiSnapshotPreview1 as P1;
use wiggle::{GuestMemory, GuestPtr};

use crate::Error;
use crate::executor::Wait;

/// What a descriptor answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    Ready,
    /// Ready, because there will never be more.
    HungUp,
    Waiting,
}

/// A table of file descriptors that can be asked for readiness.
pub(crate) trait Descriptors {
    /// The inner error is the errno of the whole call, as on stock.
    fn readiness(&mut self, fd: u32, kind: EventKind) -> Result<Result<Readiness, i32>>;
}

/// wiggle checks alignment on the host's address, so the scratch memory that stands in for a guest's must be aligned as
/// one.
#[repr(align(16))]
struct Scratch([u8; 192]);

/// Where the subscriptions, the events and their number lie in the scratch memory.
const SUBSCRIPTIONS: usize = 0;
const EVENTS: usize = 96;
const SUBSCRIPTION_SIZE: usize = 48;

/// The descriptors of a WASI 0.1 context.
pub(crate) struct Table<'a> {
    pub(crate) wasi: &'a mut WasiP1Ctx,
    pub(crate) wait: Wait,
}

impl Descriptors for Table<'_> {
    fn readiness(&mut self, fd: u32, kind: EventKind) -> Result<Result<Readiness, i32>> {
        if kind == EventKind::Readable
            && let Ok(position) = P1::fd_tell(self.wasi, &mut GuestMemory::Unshared(&mut []), Fd::from(fd))
        {
            // Only files have a position. Stock reads ahead on another thread to find out; a file is always ready.
            return self.file_readiness(fd, position);
        }
        self.ask_stock(fd, kind)
    }
}

impl Table<'_> {
    fn file_readiness(&mut self, fd: u32, position: u64) -> Result<Result<Readiness, i32>> {
        let mut memory = GuestMemory::Unshared(&mut []);
        match self.wait.run(P1::fd_filestat_get(self.wasi, &mut memory, Fd::from(fd))) {
            Some(Ok(stat)) if stat.size <= position => Ok(Ok(Readiness::HungUp)),
            Some(Ok(_)) => Ok(Ok(Readiness::Ready)),
            Some(Err(error)) => error.downcast().map(|errno| Err(errno as i32)),
            None => Err(Error::FilesOnOtherThreads.into()),
        }
    }

    /// Asks wasmtime-wasi's own function about this one descriptor, with a timeout of 0 beside it, in scratch memory.
    fn ask_stock(&mut self, fd: u32, kind: EventKind) -> Result<Result<Readiness, i32>> {
        let tag = super::poll::tag(kind);
        let mut scratch = Scratch([0; 192]);
        scratch.0[8] = tag;
        scratch.0[16..20].copy_from_slice(&fd.to_le_bytes());
        scratch.0[SUBSCRIPTION_SIZE + 16] = 1; // a monotonic timer, relative, due at once
        // Enough for the copies of two subscriptions and two events.
        P1::set_hostcall_fuel(self.wasi, 1 << 10);
        let polled = {
            let mut memory = GuestMemory::Unshared(&mut scratch.0);
            let (subscriptions, events) = (GuestPtr::new(SUBSCRIPTIONS as u32), GuestPtr::new(EVENTS as u32));
            Wait::Never.run(P1::poll_oneoff(self.wasi, &mut memory, subscriptions, events, 2))
        };
        match polled {
            // Events come in the order of subscriptions.
            Some(Ok(1..)) if scratch.0[EVENTS + 10] == tag => Ok(Ok(Readiness::Ready)),
            Some(Ok(_)) | None => Ok(Ok(Readiness::Waiting)),
            Some(Err(error)) => error.downcast().map(|errno: Errno| Err(errno as i32)),
        }
    }
}
