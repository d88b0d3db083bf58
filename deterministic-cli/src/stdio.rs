//! The guest's output on its way to the host's, and what the report says of it.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deterministic_run::text::hex;
use deterministic_run::{OutputError, Sink, Stream, Summary};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::problem::Problem;
use crate::watch::forever;

/// Writes what `detwasi` itself has to say, and passes it on at once.
pub(crate) fn say(text: &str) -> Result<(), Problem> {
    let mut stdout = io::stdout();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(Problem::OwnOutput)
}

/// A line of JSON.
pub(crate) fn line(value: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(value).map(|text| text + "\n").map_err(|error| Problem::OwnOutput(error.into()))
}

/// Both outputs of a guest, passed on to the host's. A clone is of the same.
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
    /// Whether the run is over that wrote to them.
    closed: bool,
}

#[derive(Debug, Default)]
struct Passed {
    bytes: u64,
    /// If it is wanted.
    sha256: Option<Sha256>,
}

impl Passed {
    fn note(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
    }

    fn summary(&self) -> Option<Summary> {
        let sha256 = self.sha256.clone()?;
        Some(Summary { bytes: self.bytes, sha256: hex(&sha256.finalize()) })
    }
}

impl Outputs {
    /// Has both digested, for a report.
    pub(crate) fn digest(&self) {
        let mut state = self.lock();
        state.stdout.sha256 = Some(Sha256::default());
        state.stderr.sha256 = Some(Sha256::default());
    }

    /// Passes on what a run wrote that is not run again.
    pub(crate) fn replay(&self, turns: &[(Stream, &[u8])]) -> Result<(), Problem> {
        turns.iter().try_for_each(|(stream, bytes)| self.write(*stream, bytes)).map_err(failed)
    }

    /// Writes to stdout after the guest, and counts it as the guest's.
    pub(crate) fn append(&self, bytes: &[u8]) -> Result<(), Problem> {
        self.write(Stream::Stdout, bytes).map_err(failed)
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
        io::stdout().flush().map_err(|error| failed(OutputError { stream: Stream::Stdout, error }))
    }

    /// What stdout and what stderr was, if they were [digested](Self::digest).
    pub(crate) fn summaries(&self) -> Option<(Summary, Summary)> {
        let state = self.lock();
        state.stdout.summary().zip(state.stderr.summary())
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

/// What is said of an output that the host did not take.
pub(crate) fn failed(OutputError { stream, error }: OutputError) -> Problem {
    let stream = if stream == Stream::Stdout { "standard output" } else { "standard error" };
    if error.kind() == io::ErrorKind::BrokenPipe { Problem::BrokenPipe } else { Problem::Output { stream, error } }
}

impl Sink for Outputs {
    /// What is written is known before the host has it, which may never take it.
    fn write(&self, stream: Stream, bytes: &[u8]) -> Result<(), OutputError> {
        let mut state = self.open();
        let passed = if stream == Stream::Stdout { &mut state.stdout } else { &mut state.stderr };
        passed.note(bytes);
        let passing = self.passing();
        drop(state);
        let passed = pass(stream, bytes);
        drop(passing);
        passed
    }

    /// That comes after each write. It is wanted where somebody looks on, and costs much elsewhere.
    fn flush(&self, stream: Stream) -> Result<(), OutputError> {
        drop(self.open());
        if stream == Stream::Stdout && io::IsTerminal::is_terminal(&io::stdout()) {
            let _passing = self.passing();
            return io::stdout().flush().map_err(|error| OutputError { stream, error });
        }
        Ok(())
    }
}

/// Gives the host what the guest wrote. `io::stdout` passes on whole lines; the guest's stderr goes out at once, and after the stdout
/// before it, so that the two mix in the order in which the guest wrote them. Says which of them failed.
fn pass(stream: Stream, bytes: &[u8]) -> Result<(), OutputError> {
    match stream {
        Stream::Stdout => io::stdout().write_all(bytes).map_err(|error| OutputError { stream, error }),
        Stream::Stderr => {
            io::stdout().flush().map_err(|error| OutputError { stream: Stream::Stdout, error })?;
            io::stderr().write_all(bytes).map_err(|error| OutputError { stream, error })
        }
    }
}
