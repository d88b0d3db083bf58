//! Whether a file descriptor can be read or written without waiting.

use std::pin::pin;

use deterministic_core::EventKind;
use wasmtime::Result;
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi::p1::types::Errno;
use wasmtime_wasi::p2::Pollable;
use wasmtime_wasi::runtime::{poll_noop, with_ambient_tokio_runtime};

use super::descriptors::{Descriptor, Table};
use super::fault::{Answer, Fault};
use crate::files::Files;
use crate::held::Held;

/// What a descriptor answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    Ready,
    Waiting,
}

/// A table of file descriptors that can be asked for readiness.
pub(crate) trait Descriptors {
    /// The inner error is the errno of the whole call, as on stock.
    fn readiness(&mut self, fd: u32, kind: EventKind) -> Result<Result<Readiness, i32>>;
}

/// The descriptors of a context, and the files behind them.
pub(super) struct Open<'a> {
    pub(super) wasi: &'a mut WasiCtx,
    pub(super) table: &'a mut Option<Table>,
    pub(super) files: &'a mut Files,
    pub(super) held: &'a Held,
    pub(super) captured: bool,
}

impl Descriptors for Open<'_> {
    fn readiness(&mut self, fd: u32, kind: EventKind) -> Result<Result<Readiness, i32>> {
        match self.ask(fd as i32, kind) {
            Ok(readiness) => Ok(Ok(readiness)),
            Err(Fault::Errno(errno)) => Ok(Err(errno as i32)),
            Err(Fault::Trap(error)) => Err(error),
        }
    }
}

impl Open<'_> {
    fn ask(&mut self, fd: i32, kind: EventKind) -> Answer<Readiness> {
        let write = kind == EventKind::Writable;
        let files = self.files.as_they_are()?;
        let table = super::table(self.table, self.wasi, files, self.held, self.captured)?;
        Ok(match table.get_mut(fd)? {
            Descriptor::Input { stream, .. } if !write => look(stream),
            Descriptor::Output { stream, .. } if write => look(stream),
            Descriptor::Captured(_) if write => Readiness::Ready,
            // A file is always ready for both, whatever is left of it and however it was opened, and never hung up: POSIX
            // says so of regular ones. Stock says hang-up at the end.
            Descriptor::File(_) => Readiness::Ready,
            _ => return Err(Errno::Badf.into()),
        })
    }
}

/// Whether a standard stream is ready now.
fn look(stream: &mut impl Pollable) -> Readiness {
    match with_ambient_tokio_runtime(|| poll_noop(pin!(stream.ready()))) {
        Some(()) => Readiness::Ready,
        None => Readiness::Waiting,
    }
}
