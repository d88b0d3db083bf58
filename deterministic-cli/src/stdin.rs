//! Where the guest's standard input comes from.

use std::fs::File;
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use deterministic_run::{Inputs, Stdin, StdinError};

use crate::args::GuestArgs;
use crate::guest::is_stdin;
use crate::problem::{Problem, note};

/// After how long somebody who waits wants to know what for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Opens the file that was named, or else what is piped in, and takes nothing of it. A guest that cannot read has no input.
pub(crate) fn open(args: &GuestArgs, inputs: &Inputs) -> Result<Stdin, Problem> {
    let opened = match &args.stdin {
        Some(path) => File::open(path).and_then(no_directory).map(Some),
        // The guest itself was read from there.
        None if is_stdin(&args.guest()) => Ok(None),
        // Nobody could tell how a run goes that somebody types into.
        None if io::IsTerminal::is_terminal(&io::stdin()) => Ok(None),
        None => own().and_then(no_directory).map(Some),
    };
    let file = opened.map_err(|error| failed(args, StdinError::Unreadable(error)))?;
    Ok(match file.filter(|_| inputs.reads_stdin()) {
        Some(file) => Stdin::from_reader(file, args.max_stdin.as_u64()),
        None => Bytes::new().into(),
    })
}

/// All of it, before the guest starts, as `whoever` needs it. The guest gets the same bytes.
pub(crate) fn read_ahead(args: &GuestArgs, stdin: &Stdin, whoever: &str) -> Result<Bytes, Problem> {
    let told = Impatience::new(format!("waiting for the end of standard input, all of which {whoever} needs"));
    let read = stdin.read_ahead();
    drop(told);
    read.map_err(|error| failed(args, error))
}

/// What is said of an input that cannot be had.
pub(crate) fn failed(args: &GuestArgs, error: StdinError) -> Problem {
    match (error, &args.stdin) {
        (StdinError::TooLong { max }, _) => Problem::StdinTooLong { max },
        (StdinError::Unreadable(error), Some(path)) => Problem::StdinFile { path: path.clone(), error },
        (StdinError::Unreadable(error), None) => Problem::Stdin(error),
        (error, _) => Problem::Stdin(io::Error::other(error)),
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
