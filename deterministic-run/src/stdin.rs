//! The guest's standard input: bytes, or what is taken when the guest asks for it.
//!
//! A read gives as many bytes as were asked for, or all that there are. So how the input is cut depends on the guest alone,
//! and never on the timing of whoever writes it: the host waits, and in the guest's own time nothing passes. Nothing is taken
//! that the guest did not ask for, so that the rest is there for whoever reads the same input next.

use std::fmt;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
#[cfg(feature = "wasmi")]
use deterministic_wasmtime::wasi::p1;
use deterministic_wasmtime::wasi::trace::{Tape, TraceError};
use tokio::io::{AsyncRead, ReadBuf};
use wasmtime_wasi::cli::{IsTerminal, StdinStream};
use wasmtime_wasi::p2::{InputStream, Pollable, StreamError, StreamResult};

/// How much is asked of the host at once.
const CHUNK: usize = 64 << 10;

/// What a guest reads as its standard input.
///
/// Bytes are read from their beginning in each run. A reader's are there once, for the first run that asks for them; it taints
/// the fingerprint until all of it was [read ahead](Stdin::read_ahead). A clone is of the same input.
#[derive(Clone, Debug, Default)]
pub struct Stdin {
    source: Arc<Mutex<Source>>,
    waiting: Arc<AtomicBool>,
}

enum Source {
    Bytes(Bytes),
    Reader(Arc<Mutex<Taken>>),
}

/// What is taken of a reader.
struct Taken {
    reader: Box<dyn Read + Send>,
    /// How many bytes may be taken, and how many of these are left.
    max: u64,
    left: u64,
}

/// A reader that somebody else has, too.
struct Shared(Arc<Mutex<Taken>>);

impl Read for Shared {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut taken = lock(&self.0);
        let read = taken.reader.read(buf)?;
        taken.left = taken.left.saturating_sub(read as u64);
        Ok(read)
    }
}

/// The guest's input cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StdinError {
    /// It cannot be read.
    #[error("cannot read the guest's input: {0}")]
    Unreadable(io::Error),
    /// There is more of it than may be.
    #[error("the guest's input has more than {max} bytes, which is all that is allowed; allow more, or give less")]
    TooLong {
        /// How many bytes are allowed.
        max: u64,
    },
}

/// Why there are no bytes.
enum Nothing {
    /// They are at their end.
    Ended,
    /// See [`Open::finish`].
    Failed,
}

impl Default for Source {
    fn default() -> Self {
        Source::Bytes(Bytes::new())
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Bytes(bytes) => f.debug_tuple("Bytes").field(&bytes.len()).finish(),
            Source::Reader(_) => f.write_str("Reader"),
        }
    }
}

impl From<Bytes> for Stdin {
    fn from(bytes: Bytes) -> Self {
        Stdin { source: Arc::new(Mutex::new(Source::Bytes(bytes))), waiting: Arc::default() }
    }
}

impl Stdin {
    /// Up to `max` bytes of what `reader` gives, taken when the guest asks for them. A run that would take more ends with
    /// [`StdinError::TooLong`].
    pub fn from_reader(reader: impl Read + Send + 'static, max: u64) -> Self {
        let taken = Taken { reader: Box::new(reader), max, left: max };
        let source = Source::Reader(Arc::new(Mutex::new(taken)));
        Stdin { source: Arc::new(Mutex::new(source)), waiting: Arc::default() }
    }

    /// Takes all of it now. Guests get the same bytes.
    ///
    /// # Errors
    ///
    /// [`StdinError`].
    pub fn read_ahead(&self) -> Result<Bytes, StdinError> {
        let mut source = lock(&self.source);
        if let Source::Reader(taken) = &*source {
            let mut taken = lock(taken);
            let most = usize::try_from(taken.left.saturating_add(1)).unwrap_or(usize::MAX);
            let bytes = during(&self.waiting, || fill(&mut taken.reader, most)).map_err(StdinError::Unreadable)?;
            if bytes.len() as u64 > taken.left {
                return Err(StdinError::TooLong { max: taken.max });
            }
            drop(taken);
            *source = Source::Bytes(bytes.into());
        }
        match &*source {
            Source::Bytes(bytes) => Ok(bytes.clone()),
            Source::Reader(_) => Ok(Bytes::new()),
        }
    }

    /// Whether somebody waits for it at this moment, for another thread to see.
    pub fn is_waited_for(&self) -> bool {
        self.waiting.load(Ordering::Relaxed)
    }

    /// All of it, if it is known.
    pub(crate) fn known(&self) -> Option<Bytes> {
        match &*lock(&self.source) {
            Source::Bytes(bytes) => Some(bytes.clone()),
            Source::Reader(_) => None,
        }
    }

    /// How many bytes there may be of it.
    pub(crate) fn max(&self) -> u64 {
        match &*lock(&self.source) {
            Source::Bytes(bytes) => bytes.len() as u64,
            Source::Reader(taken) => lock(taken).max,
        }
    }

    /// For one run. What a reader gives is on the tape.
    pub(crate) fn open(&self, tape: &Tape) -> Result<Open, TraceError> {
        let source = match &*lock(&self.source) {
            Source::Bytes(bytes) => Source::Bytes(bytes.clone()),
            Source::Reader(taken) if tape.is_off() => Source::Reader(taken.clone()),
            Source::Reader(taken) => {
                let Taken { max, left, .. } = *lock(taken);
                let reader = Box::new(tape.reader("stdin", || Shared(taken.clone()))?);
                Source::Reader(Arc::new(Mutex::new(Taken { reader, max, left })))
            }
        };
        let state = State { source, ended: false, failed: None };
        Ok(Open { state: Arc::new(Mutex::new(state)), waiting: self.waiting.clone() })
    }
}

/// The input of one run. A clone goes on reading where the other stopped.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    state: Arc<Mutex<State>>,
    waiting: Arc<AtomicBool>,
}

#[derive(Debug)]
struct State {
    source: Source,
    /// A read gave less than was asked for, which it does at the end only.
    ended: bool,
    failed: Option<StdinError>,
}

impl Open {
    /// Fails if the guest asked for more than the host could give.
    pub(crate) fn finish(&self) -> Result<(), StdinError> {
        lock(&self.state).failed.take().map_or(Ok(()), Err)
    }

    fn read(&self, len: usize) -> Result<Bytes, Nothing> {
        during(&self.waiting, || lock(&self.state).read(len))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn during<R>(waiting: &AtomicBool, read: impl FnOnce() -> R) -> R {
    waiting.store(true, Ordering::Relaxed);
    let done = read();
    waiting.store(false, Ordering::Relaxed);
    done
}

/// `len` bytes, or all that there are. Room is made for what comes, and not for what was asked for.
fn fill(reader: &mut dyn Read, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while bytes.len() < len {
        let done = bytes.len();
        let more = CHUNK.min(len - done);
        bytes.try_reserve(more).map_err(|_| io::ErrorKind::OutOfMemory)?;
        bytes.resize(done + more, 0);
        let read = reader.read(&mut bytes[done..]);
        bytes.truncate(done + *read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

impl Taken {
    fn read(&mut self, len: usize) -> Result<Bytes, StdinError> {
        // One more than may be taken shows that there is more.
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).saturating_add(1);
        let bytes = fill(&mut self.reader, len.min(most)).map_err(StdinError::Unreadable)?;
        match self.left.checked_sub(bytes.len() as u64) {
            Some(left) => {
                self.left = left;
                Ok(bytes.into())
            }
            None => Err(StdinError::TooLong { max: self.max }),
        }
    }
}

impl State {
    fn read(&mut self, len: usize) -> Result<Bytes, Nothing> {
        if self.failed.is_some() {
            return Err(Nothing::Failed);
        }
        if self.ended {
            return Err(Nothing::Ended);
        }
        let read = match &mut self.source {
            Source::Bytes(bytes) => Ok(bytes.split_to(len.min(bytes.len()))),
            Source::Reader(taken) => lock(taken).read(len),
        };
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(error) => {
                self.failed = Some(error);
                return Err(Nothing::Failed);
            }
        };
        self.ended = bytes.len() < len;
        if self.ended && bytes.is_empty() { Err(Nothing::Ended) } else { Ok(bytes) }
    }
}

/// Ends a guest whose input the host cannot read. What failed is kept in [`Open`].
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the host cannot read the guest's input")]
struct HostFailed;

impl IsTerminal for Open {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for Open {
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(self.clone())
    }
}

impl InputStream for Open {
    fn read(&mut self, len: usize) -> StreamResult<Bytes> {
        Open::read(self, len).map_err(|nothing| match nothing {
            Nothing::Ended => StreamError::Closed,
            Nothing::Failed => StreamError::Trap(HostFailed.into()),
        })
    }
}

/// Always: a guest that were told whether somebody has written already could count the time.
#[wasmtime_wasi::async_trait]
impl Pollable for Open {
    async fn ready(&mut self) {}
}

impl AsyncRead for Open {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match Open::read(&self, buffer.remaining()) {
            Ok(bytes) => buffer.put_slice(&bytes),
            Err(Nothing::Ended) => {}
            // As an output does that failed: the guest waits for ever, and so is ended, and sees nothing of the host.
            Err(Nothing::Failed) => return Poll::Pending,
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(feature = "wasmi")]
impl p1::Input for Open {
    fn read(&mut self, len: usize) -> p1::StreamResult<Bytes> {
        Open::read(self, len).map_err(|nothing| match nothing {
            Nothing::Ended => p1::StreamError::Closed,
            Nothing::Failed => p1::StreamError::Trap(HostFailed.into()),
        })
    }

    fn blocking_read(&mut self, len: usize) -> p1::Pending<'_, p1::StreamResult<Bytes>> {
        Box::pin(std::future::ready(p1::Input::read(self, len)))
    }

    fn is_ready(&mut self) -> bool {
        true
    }
}
