//! Recording a run.

use std::io::Write;

use super::header::Header;
use super::{Entropy, Record, Tape, Told, TraceError, WhenFull, Writer, Written};
use crate::{Ended, Error, Inputs, Observer, Outcome, Wanted, with_stack};

/// How long a trace may become unless it is told otherwise: 16 GiB.
pub const DEFAULT_MAX_BYTES: u64 = 16 << 30;

/// How a run is recorded.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Whether the guest is in the trace. If not, its digest is, and it is to be given again.
    pub embed: bool,
    /// Who is asked for random bytes, where the policies ask the host.
    pub entropy: Entropy,
    /// How many bytes the trace may have.
    pub max_bytes: u64,
    /// What happens if it would have more, or cannot be written.
    pub when_full: WhenFull,
    /// What is not to be in the trace, and has to be given again for a replay. Its digest is there.
    pub omitted: Vec<Omitted>,
}

/// What a trace may leave out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Omitted {
    /// The value of an environment variable.
    Env(String),
    /// The standard input, all of which is read before the run.
    Stdin,
}

impl Default for Recording {
    fn default() -> Self {
        Recording {
            embed: false,
            entropy: Entropy::default(),
            max_bytes: DEFAULT_MAX_BYTES,
            when_full: WhenFull::default(),
            omitted: Vec::new(),
        }
    }
}

/// A run that was recorded.
#[derive(Debug)]
#[non_exhaustive]
pub struct Recorded {
    /// What came of it.
    pub outcome: Outcome,
    /// What the trace came to.
    pub written: Written,
}

/// The observer of a run all of whose outcome is told.
pub(super) fn whole(observer: &Observer) -> Observer {
    Observer { wanted: Wanted::default(), ..observer.clone() }
}

impl Inputs {
    /// Runs the guest, and writes to `trace` what it takes to do so again: see [`Trace`](super::Trace). What can be wrong with the guest is told
    /// before anything is written.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run); [`Error::Trace`] if the trace cannot be written. With an error, what is in the trace is what happened before it.
    pub fn record(&self, trace: impl Write + Send + 'static, how: &Recording) -> Result<Recorded, Error> {
        with_stack(self.wasm_stack(), || self.record_with(Box::new(trace), how, &Observer::default()))?
    }

    /// The same with somebody who looks on, on this thread, which has to have the stack: see [`with_stack`].
    ///
    /// # Errors
    ///
    /// As [`record`](Self::record).
    pub fn record_with(
        &self,
        trace: Box<dyn Write + Send>,
        how: &Recording,
        observer: &Observer,
    ) -> Result<Recorded, Error> {
        self.prepare()?;
        let (header, blobs) = Header::of(self, how)?;
        let mut writer = Writer::new(trace, how.max_bytes, how.when_full)?;
        let header = serde_json::to_vec(&header).map_err(|error| TraceError::Unwritable(error.into()))?;
        writer.record(&Record::Header(header))?;
        for blob in blobs {
            writer.record(&Record::Blob(blob.into()))?;
        }
        writer.flush()?;
        let tape = Tape::recording(writer);
        let outcome = self.run_on(&tape, how.entropy, &whole(observer))?;
        if let Some(failed) = tape.failure() {
            return Err(failed.into());
        }
        if matches!(outcome.ended, Ended::Stopped(_)) {
            // As if the recorder had been: a replay comes as far, and says that the trace ended there.
            return recorded(tape.leave()?, outcome);
        }
        let told = serde_json::to_vec(&Told::of(&outcome)).map_err(|error| TraceError::Unwritable(error.into()))?;
        recorded(tape.finish(&told)?, outcome)
    }
}

fn recorded(written: Option<Written>, outcome: Outcome) -> Result<Recorded, Error> {
    match written {
        Some(written) => Ok(Recorded { outcome, written }),
        None => Err(Error::Engine("it forgot the trace".into())),
    }
}
