//! The guest's standard input, taken when the guest asks for it.
//!
//! A read gives as many bytes as were asked for, or all that there are. So how the input is cut depends on the guest alone,
//! and never on the timing of whoever writes it: the host waits, and in the guest's own time nothing passes. Nothing is taken
//! that the guest did not ask for, so that the rest is there for whoever reads the same input next.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, ReadBuf};
use wasmtime_wasi::cli::{IsTerminal, StdinStream};
use wasmtime_wasi::p2::{InputStream, Pollable, StreamError, StreamResult};

use crate::guest::{Guest, is_stdin};
use crate::module::Preload;
use crate::problem::{Problem, note};

/// How much is asked of the host at once.
const CHUNK: usize = 64 << 10;
/// After how long somebody who waits wants to know what for.
const PATIENCE: Duration = Duration::from_secs(1);

/// The input. A clone goes on reading where the other stopped.
#[derive(Clone, Debug)]
pub(crate) struct Stdin {
    state: Arc<Mutex<State>>,
    waiting: Waiting,
}

/// Whether somebody waits for input, for another thread to see.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waiting(Arc<AtomicBool>);

impl Waiting {
    /// Whether somebody does.
    pub(crate) fn now(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn during<R>(&self, read: impl FnOnce() -> R) -> R {
        self.0.store(true, Ordering::Relaxed);
        let done = read();
        self.0.store(false, Ordering::Relaxed);
        done
    }
}

#[derive(Debug)]
struct State {
    source: Source,
    /// The file that was named, or nothing for the host's own input.
    file: Option<PathBuf>,
    /// How many bytes may be taken, and how many of these are left.
    max: u64,
    left: u64,
    /// A read gave less than was asked for, which it does at the end only.
    ended: bool,
    failed: Option<Problem>,
}

#[derive(Debug)]
enum Source {
    Bytes(Bytes),
    Host(File),
}

/// Why there are no bytes.
enum Nothing {
    /// They are at their end.
    Ended,
    /// See [`Stdin::finish`].
    Failed,
}

impl Stdin {
    /// Opens `file`, or else what is piped in, for up to `max` bytes, and takes nothing of it. A guest that cannot read has
    /// no input.
    pub(crate) fn open(file: Option<&Path>, max: u64, guest: &Guest, preloads: &[Preload]) -> Result<Self, Problem> {
        let file = file.map(Path::to_owned);
        let opened = match &file {
            Some(path) => File::open(path).and_then(no_directory).map(Source::Host),
            // The guest itself was read from there.
            None if is_stdin(guest.path()) => Ok(Source::Bytes(Bytes::new())),
            // Nobody could tell how a run goes that somebody types into.
            None if io::IsTerminal::is_terminal(&io::stdin()) => Ok(Source::Bytes(Bytes::new())),
            None => own().and_then(no_directory).map(Source::Host),
        };
        let source = opened.map_err(|error| unreadable(&file, error))?;
        let source = if guest.reads_stdin() || preloads.iter().any(Preload::reads_stdin) {
            source
        } else {
            Source::Bytes(Bytes::new())
        };
        let state = State { source, file, max, left: max, ended: false, failed: None };
        Ok(Stdin { state: Arc::new(Mutex::new(state)), waiting: Waiting::default() })
    }

    /// All of it, before the guest starts, as `whoever` needs it. The guest gets the same bytes.
    pub(crate) fn read_ahead(&self, whoever: &str) -> Result<Bytes, Problem> {
        let mut state = self.lock();
        let most = state.max.saturating_add(1);
        if let Source::Host(file) = &mut state.source {
            let told = Impatience::new(format!("waiting for the end of standard input, all of which {whoever} needs"));
            let read = self.waiting.during(|| fill(file, usize::try_from(most).unwrap_or(usize::MAX)));
            drop(told);
            let bytes = read.map_err(|error| unreadable(&state.file, error))?;
            if bytes.len() as u64 > state.max {
                return Err(Problem::StdinTooLong { max: state.max });
            }
            state.source = Source::Bytes(bytes.into());
        }
        match &state.source {
            Source::Bytes(bytes) => Ok(bytes.clone()),
            Source::Host(_) => Ok(Bytes::new()),
        }
    }

    /// Fails if the guest asked for more than the host could give.
    pub(crate) fn finish(&self) -> Result<(), Problem> {
        self.lock().failed.take().map_or(Ok(()), Err)
    }

    /// Whether it is waited for.
    pub(crate) fn waiting(&self) -> Waiting {
        self.waiting.clone()
    }

    fn read(&self, len: usize) -> Result<Bytes, Nothing> {
        self.waiting.during(|| self.lock().read(len))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The host's own input without the buffer that the standard library has before it, which takes more than it is asked for.
fn own() -> io::Result<File> {
    #[cfg(unix)]
    let own = std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned()?;
    #[cfg(windows)]
    let own = std::os::windows::io::AsHandle::as_handle(&io::stdin()).try_clone_to_owned()?;
    Ok(own.into())
}

/// A directory can be opened, and that it cannot be read is better heard of before the guest starts.
fn no_directory(file: File) -> io::Result<File> {
    if file.metadata()?.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(file) }
}

fn unreadable(file: &Option<PathBuf>, error: io::Error) -> Problem {
    match file {
        Some(path) => Problem::StdinFile { path: path.clone(), error },
        None => Problem::Stdin(error),
    }
}

/// `len` bytes, or all that there are. Room is made for what comes, and not for what was asked for.
fn fill(file: &mut File, len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while bytes.len() < len {
        let done = bytes.len();
        let more = CHUNK.min(len - done);
        bytes.try_reserve(more).map_err(|_| io::ErrorKind::OutOfMemory)?;
        bytes.resize(done + more, 0);
        let read = file.read(&mut bytes[done..]);
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

impl State {
    fn read(&mut self, len: usize) -> Result<Bytes, Nothing> {
        if self.failed.is_some() {
            return Err(Nothing::Failed);
        }
        if self.ended {
            return Err(Nothing::Ended);
        }
        let bytes = match &mut self.source {
            Source::Bytes(bytes) => bytes.split_to(len.min(bytes.len())),
            Source::Host(file) => {
                // One more than may be taken shows that there is more.
                let most = usize::try_from(self.left).unwrap_or(usize::MAX).saturating_add(1);
                let read = fill(file, len.min(most)).map_err(|error| unreadable(&self.file, error));
                let read = read.and_then(|bytes| match self.left.checked_sub(bytes.len() as u64) {
                    Some(left) => {
                        self.left = left;
                        Ok(bytes)
                    }
                    None => Err(Problem::StdinTooLong { max: self.max }),
                });
                match read {
                    Ok(bytes) => bytes.into(),
                    Err(problem) => {
                        self.failed = Some(problem);
                        return Err(Nothing::Failed);
                    }
                }
            }
        };
        self.ended = bytes.len() < len;
        if self.ended && bytes.is_empty() { Err(Nothing::Ended) } else { Ok(bytes) }
    }
}

/// Ends a guest whose input the host cannot read. What failed is kept in [`Stdin`].
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the host cannot read the guest's input")]
struct HostFailed;

impl IsTerminal for Stdin {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for Stdin {
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(self.clone())
    }
}

impl InputStream for Stdin {
    fn read(&mut self, len: usize) -> StreamResult<Bytes> {
        Stdin::read(self, len).map_err(|nothing| match nothing {
            Nothing::Ended => StreamError::Closed,
            Nothing::Failed => StreamError::Trap(HostFailed.into()),
        })
    }
}

/// Always: a guest that were told whether somebody has written already could count the time.
#[wasmtime_wasi::async_trait]
impl Pollable for Stdin {
    async fn ready(&mut self) {}
}

impl AsyncRead for Stdin {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match Stdin::read(&self, buffer.remaining()) {
            Ok(bytes) => buffer.put_slice(&bytes),
            Err(Nothing::Ended) => {}
            // As an output does that failed: the guest waits for ever, and so is ended, and sees nothing of the host.
            Err(Nothing::Failed) => return Poll::Pending,
        }
        Poll::Ready(Ok(()))
    }
}

/// Says what is waited for if it takes long, unless it is dropped before.
struct Impatience {
    _over: mpsc::Sender<()>,
}

impl Impatience {
    fn new(line: String) -> Self {
        let (over, waits) = mpsc::channel();
        let watch = move || {
            if waits.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                note(&format!("{line}; redirect it from /dev/null if the guest reads nothing, or give --stdin"));
            }
        };
        // Where there is no thread to be had, nobody is told.
        let _ = thread::Builder::new().spawn(watch);
        Impatience { _over: over }
    }
}
