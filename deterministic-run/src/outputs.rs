//! The guest's standard output and error.
//!
//! The guest must not be able to tell where its output goes: a stream takes everything at once, always grants the same
//! permit, is never a terminal, and never fails. What the host fails at ends the run instead.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
#[cfg(feature = "wasmi")]
use deterministic_wasmtime::wasi::p1;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{self, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::order::Order;
use crate::outcome::Output;

/// How much a guest may write at once; it writes on without waiting.
const PERMIT: usize = 64 << 10;

/// One of a guest's output streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// The standard output.
    Stdout,
    /// The standard error.
    Stderr,
}

/// Who gets what a guest writes, while it writes it: a terminal, a log.
///
/// A sink that blocks stops the guest, in whose own time nothing passes. One that fails ends the run, with its error and without an
/// outcome; the guest never sees it.
pub trait Sink: Send + Sync {
    /// Takes all of `bytes`.
    ///
    /// # Errors
    ///
    /// What keeps it from that.
    fn write(&self, stream: Stream, bytes: &[u8]) -> Result<(), OutputError>;

    /// The guest flushed the stream, or wrote to it: wasmtime-wasi flushes after each write.
    ///
    /// # Errors
    ///
    /// What keeps earlier bytes from getting where they were to go.
    fn flush(&self, stream: Stream) -> Result<(), OutputError> {
        let _ = stream;
        Ok(())
    }
}

/// The host could not take what the guest wrote.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the guest's {}: {error}; the run was ended there", if *.stream == Stream::Stdout { "standard output" } else { "standard error" })]
pub struct OutputError {
    /// Which of them it was.
    pub stream: Stream,
    /// What the host said.
    pub error: io::Error,
}

/// Both outputs of a guest: kept, passed on, or both. A clone is of the same outputs.
#[derive(Clone)]
pub struct Outputs(Arc<Shared>);

struct Shared {
    sink: Option<Arc<dyn Sink>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    stdout: Passed,
    stderr: Passed,
    /// In which order, if both are kept and it is not too much.
    order: Option<Order>,
    failed: Option<OutputError>,
}

#[derive(Debug, Default)]
struct Passed {
    written: u64,
    /// All of it, if it is wanted and not too much.
    kept: Option<Vec<u8>>,
}

impl Passed {
    fn note(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        self.kept = self.kept.take().filter(|kept| kept.len() + bytes.len() <= Output::MOST);
        if let Some(kept) = &mut self.kept {
            // A guest whose output this machine has no memory for has no outcome here, and no other one either.
            kept.try_reserve(bytes.len()).map_err(|_| io::ErrorKind::OutOfMemory)?;
            kept.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn take(&mut self) -> Output {
        Output::new(self.written, self.kept.take())
    }
}

impl std::fmt::Debug for Outputs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Outputs").field(&self.0.state).finish()
    }
}

impl Outputs {
    /// Outputs that are passed on to `sink`, if there is one, and kept if that is wanted.
    pub fn new(sink: Option<Arc<dyn Sink>>, keep: bool) -> Self {
        let kept = || Passed { written: 0, kept: keep.then(Vec::new) };
        let order = keep.then(Order::default);
        let state = State { stdout: kept(), stderr: kept(), order, failed: None };
        Outputs(Arc::new(Shared { sink, state: Mutex::new(state) }))
    }

    /// The standard output, for the builder of a context.
    pub fn stdout(&self) -> impl StdoutStream + 'static {
        One { outputs: self.clone(), stream: Stream::Stdout }
    }

    /// The standard error, for the builder of a context.
    pub fn stderr(&self) -> impl StdoutStream + 'static {
        One { outputs: self.clone(), stream: Stream::Stderr }
    }

    /// One of them, for wasmi.
    #[cfg(feature = "wasmi")]
    pub(crate) fn one(&self, stream: Stream) -> One {
        One { outputs: self.clone(), stream }
    }

    /// What was written to both, to be taken once.
    pub fn take(&self) -> (Output, Output) {
        let (stdout, stderr, _) = self.take_in_order();
        (stdout, stderr)
    }

    /// The same, and in which order, unless it changed too often.
    pub(crate) fn take_in_order(&self) -> (Output, Output, Option<Order>) {
        let mut state = self.lock();
        (state.stdout.take(), state.stderr.take(), state.order.take())
    }

    /// Fails if the host could not take all of it.
    pub(crate) fn finish(&self) -> Result<(), OutputError> {
        self.lock().failed.take().map_or(Ok(()), Err)
    }

    /// What is written is known before the sink has it, which may never take it.
    fn write(&self, stream: Stream, bytes: &[u8]) -> Result<(), HostFailed> {
        let noted = self.lock().note(stream, bytes);
        let passed = self.0.sink.as_ref().map_or(Ok(()), |sink| sink.write(stream, bytes));
        self.check(passed.and(noted.map_err(|error| OutputError { stream, error })))
    }

    fn flush(&self, stream: Stream) -> Result<(), HostFailed> {
        match &self.0.sink {
            Some(sink) => self.check(sink.flush(stream)),
            None => Ok(()),
        }
    }

    fn check(&self, result: Result<(), OutputError>) -> Result<(), HostFailed> {
        result.map_err(|error| {
            self.lock().failed.get_or_insert(error);
            HostFailed
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn note(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let passed = if stream == Stream::Stdout { &mut self.stdout } else { &mut self.stderr };
        let noted = passed.note(bytes);
        self.order = self.order.take().and_then(|order| order.then(stream, bytes.len() as u64));
        noted
    }
}

/// Ends a guest whose output the host cannot take. What failed is kept in [`Outputs`].
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the host cannot take the guest's output")]
struct HostFailed;

/// One output as an engine's WASI wants it.
pub(crate) struct One {
    outputs: Outputs,
    stream: Stream,
}

impl One {
    fn copy(&self) -> Box<One> {
        Box::new(One { outputs: self.outputs.clone(), stream: self.stream })
    }
}

impl cli::IsTerminal for One {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for One {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        self.copy()
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        self.copy()
    }
}

impl OutputStream for One {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.outputs.write(self.stream, &bytes).map_err(|error| StreamError::Trap(error.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.outputs.flush(self.stream).map_err(|error| StreamError::Trap(error.into()))
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for One {
    async fn ready(&mut self) {}
}

impl AsyncWrite for One {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.outputs.write(self.stream, bytes) {
            Ok(()) => Poll::Ready(Ok(bytes.len())),
            // This stream can tell the guest of an error, which then sees the host; but not end it. One that waits for
            // ever does: as nothing wakes it, the run is over when nothing else can go on.
            Err(HostFailed) => Poll::Pending,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.outputs.flush(self.stream) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(HostFailed) => Poll::Pending,
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}

#[cfg(feature = "wasmi")]
impl p1::Output for One {
    fn write(&mut self, bytes: Bytes) -> p1::StreamResult<Option<Bytes>> {
        let written = self.outputs.write(self.stream, &bytes).and_then(|()| self.outputs.flush(self.stream));
        written.map(|()| None).map_err(|error| p1::StreamError::Trap(error.into()))
    }

    fn blocking_write_and_flush(&mut self, bytes: Bytes) -> p1::Pending<'_, p1::StreamResult<()>> {
        Box::pin(std::future::ready(p1::Output::write(self, bytes).map(drop)))
    }

    fn is_ready(&mut self) -> bool {
        true
    }
}
