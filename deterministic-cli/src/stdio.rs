//! The guest's standard output and error.
//!
//! The guest must not be able to tell where its output goes: a stream takes everything at once, always grants the same
//! permit, is never a terminal, and never fails. What the host fails at ends the run instead.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{self, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::order::{Order, Which};
use crate::problem::Problem;
use crate::watch::forever;

/// How much a guest may write at once; it writes on without waiting.
const PERMIT: usize = 64 << 10;

/// How many bytes of an output are kept for the cache and for digests.
const KEPT: usize = 64 << 20;

/// What a stream of bytes was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

impl Summary {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Summary { bytes: bytes.len() as u64, sha256: hex(&Sha256::digest(bytes)) }
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Both outputs of a guest, passed on to the host's unless they are [`captured`](Outputs::captured).
#[derive(Clone, Debug, Default)]
pub(crate) struct Outputs(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Held while something goes to the host, which may take it in slowly or never: what is known of the outputs can be looked at
    /// meanwhile.
    passing: Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    stdout: Passed,
    stderr: Passed,
    /// In which order, if both are kept and it is not too much.
    order: Option<Order>,
    /// Whether nothing goes to the host.
    silent: bool,
    /// Whether the run is over that wrote to them.
    closed: bool,
    failed: Option<(Which, io::Error)>,
}

#[derive(Debug, Default)]
struct Passed {
    bytes: u64,
    /// If it is wanted.
    sha256: Option<Sha256>,
    /// All of it, if it is wanted and not too much.
    kept: Option<Vec<u8>>,
}

impl Passed {
    fn note(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
        self.kept = self.kept.take().filter(|kept| kept.len() + bytes.len() <= KEPT);
        if let Some(kept) = &mut self.kept {
            // A guest whose output this machine has no memory for has no outcome here, and no other one either.
            kept.try_reserve(bytes.len()).map_err(|_| io::ErrorKind::OutOfMemory)?;
            kept.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn summary(&self) -> Option<Summary> {
        let sha256 = self.sha256.clone()?;
        Some(Summary { bytes: self.bytes, sha256: hex(&sha256.finalize()) })
    }
}

/// All that a guest wrote.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// In which order, unless it changed too often.
    pub(crate) order: Option<Order>,
}

impl Outputs {
    pub(crate) fn stdout(&self) -> impl StdoutStream + 'static {
        Output { outputs: self.clone(), which: Which::Stdout }
    }

    pub(crate) fn stderr(&self) -> impl StdoutStream + 'static {
        Output { outputs: self.clone(), which: Which::Stderr }
    }

    /// Outputs that are kept, as far as they are not too much, and shown to nobody.
    pub(crate) fn captured() -> Self {
        let kept = || Passed { kept: Some(Vec::new()), ..Passed::default() };
        let state = State { stdout: kept(), stderr: kept(), silent: true, ..State::default() };
        Outputs(Arc::new(Shared { state: Mutex::new(state), passing: Mutex::default() }))
    }

    /// How many bytes went to stdout, and what is kept of stdout and of stderr.
    pub(crate) fn take(&self) -> (u64, Option<Vec<u8>>, Option<Vec<u8>>) {
        let mut state = self.lock();
        (state.stdout.bytes, state.stdout.kept.take(), state.stderr.kept.take())
    }

    /// Has both kept, as far as they are not too much.
    pub(crate) fn keep(&self) {
        let mut state = self.lock();
        state.stdout.kept = Some(Vec::new());
        state.stderr.kept = Some(Vec::new());
        state.order = Some(Order::default());
    }

    /// Has both digested, for a report.
    pub(crate) fn digest(&self) {
        let mut state = self.lock();
        state.stdout.sha256 = Some(Sha256::default());
        state.stderr.sha256 = Some(Sha256::default());
    }

    /// Both, if they were kept.
    pub(crate) fn kept(&self) -> Option<Kept> {
        let mut state = self.lock();
        let (stdout, stderr) = state.stdout.kept.take().zip(state.stderr.kept.take())?;
        Some(Kept { stdout, stderr, order: state.order.take() })
    }

    /// Passes on what a run wrote that is not run again.
    pub(crate) fn replay(&self, turns: &[(Which, &[u8])]) {
        let _ = turns.iter().try_for_each(|(which, bytes)| self.write(*which, bytes));
    }

    /// Writes to stdout after the guest, and counts it as the guest's. [`finish`](Self::finish) tells if it failed.
    pub(crate) fn append(&self, bytes: &[u8]) {
        let _ = self.write(Which::Stdout, bytes);
    }

    /// Takes nothing more: whoever writes from here on stays there until the process ends.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }

    /// Waits until the host took what it was given, as far as it takes any.
    pub(crate) fn drain(&self) {
        let _passing = self.passing();
        let _ = io::stdout().flush();
    }

    /// Flushes; fails if the host could not take all of it.
    pub(crate) fn finish(&self) -> Result<(), Problem> {
        let flushed = io::stdout().flush();
        let mut state = self.lock();
        let _ = state.check(Which::Stdout, flushed);
        let Some((which, error)) = state.failed.take() else { return Ok(()) };
        let stream = if which == Which::Stdout { "standard output" } else { "standard error" };
        let broken = error.kind() == io::ErrorKind::BrokenPipe;
        Err(if broken { Problem::BrokenPipe } else { Problem::Output { stream, error } })
    }

    /// What stdout and what stderr was, if they were [digested](Self::digest).
    pub(crate) fn summaries(&self) -> Option<(Summary, Summary)> {
        let state = self.lock();
        state.stdout.summary().zip(state.stderr.summary())
    }

    /// What is written is known before the host has it, which may never take it.
    fn write(&self, which: Which, bytes: &[u8]) -> Result<(), HostFailed> {
        let mut state = self.open();
        let noted = state.note(which, bytes);
        if state.silent {
            return state.check(which, noted);
        }
        let passing = self.passing();
        drop(state);
        let passed = pass(which, bytes).and(noted.map_err(|error| (which, error)));
        drop(passing);
        passed.or_else(|(which, error)| self.lock().check(which, Err(error)))
    }

    /// wasmtime-wasi flushes after each write. That is wanted where somebody looks on, and costs much elsewhere.
    fn flush(&self, which: Which) -> Result<(), HostFailed> {
        if which == Which::Stdout && !self.open().silent && io::IsTerminal::is_terminal(&io::stdout()) {
            let passing = self.passing();
            let flushed = io::stdout().flush();
            drop(passing);
            return self.lock().check(which, flushed);
        }
        Ok(())
    }

    /// The state of outputs that take what is written.
    fn open(&self) -> MutexGuard<'_, State> {
        let state = self.lock();
        if state.closed {
            drop(state);
            forever();
        }
        state
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn passing(&self) -> MutexGuard<'_, ()> {
        self.0.passing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the host what the guest wrote. `io::stdout` passes on whole lines; the guest's stderr goes out at once, and after the stdout
/// before it, so that the two mix in the order in which the guest wrote them. Says which of them failed.
fn pass(which: Which, bytes: &[u8]) -> Result<(), (Which, io::Error)> {
    match which {
        Which::Stdout => io::stdout().write_all(bytes).map_err(|error| (which, error)),
        Which::Stderr => {
            io::stdout().flush().map_err(|error| (Which::Stdout, error))?;
            io::stderr().write_all(bytes).map_err(|error| (which, error))
        }
    }
}

impl State {
    fn note(&mut self, which: Which, bytes: &[u8]) -> io::Result<()> {
        let passed = if which == Which::Stdout { &mut self.stdout } else { &mut self.stderr };
        let noted = passed.note(bytes);
        self.order = self.order.take().and_then(|order| order.then(which, bytes.len() as u64));
        noted
    }

    fn check(&mut self, which: Which, result: io::Result<()>) -> Result<(), HostFailed> {
        result.map_err(|error| {
            self.failed.get_or_insert((which, error));
            HostFailed
        })
    }
}

/// Ends a guest whose output the host cannot take. What failed is kept in [`Outputs`].
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the host cannot take the guest's output")]
struct HostFailed;

/// One output as wasmtime-wasi wants it.
struct Output {
    outputs: Outputs,
    which: Which,
}

impl Output {
    fn copy(&self) -> Box<Output> {
        Box::new(Output { outputs: self.outputs.clone(), which: self.which })
    }
}

impl cli::IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        self.copy()
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        self.copy()
    }
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.outputs.write(self.which, &bytes).map_err(|error| StreamError::Trap(error.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.outputs.flush(self.which).map_err(|error| StreamError::Trap(error.into()))
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Output {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.outputs.write(self.which, bytes) {
            Ok(()) => Poll::Ready(Ok(bytes.len())),
            // This stream can tell the guest of an error, which then sees the host; but not end it. One that waits for
            // ever does: as nothing wakes it, the run is over when nothing else can go on.
            Err(HostFailed) => Poll::Pending,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.outputs.flush(self.which) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(HostFailed) => Poll::Pending,
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}
