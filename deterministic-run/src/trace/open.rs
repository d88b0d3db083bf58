//! Replaying a trace.

use std::io::Read;

use bytes::Bytes;
use deterministic_wasmtime::http::Reply;

use super::header::Header;
use super::record::whole;
use super::{Divergence, Parting, Reader, Record, ReplayError, Tape, Told, TraceError};
use crate::{Ended, EngineKind, Error, Guest, Inputs, Observer, Outcome, with_stack};

/// A trace of which the beginning was read: what the run was given.
#[derive(Debug)]
pub struct Trace {
    header: Header,
    blobs: Vec<Bytes>,
    reader: Reader,
}

/// What a replay is given that is not in the trace, or is to be another.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The guest, unless it is in the trace.
    pub guest: Option<Guest>,
    /// Whether it may be another than the recorded one, for a replay that [goes on](Trace::replay_onward).
    pub any_guest: bool,
    /// Environment variables that were omitted.
    pub env: Vec<(String, String)>,
    /// The standard input, if it was omitted.
    pub stdin: Option<Bytes>,
    /// The engine, if it is not to be the one that was recorded.
    pub engine: Option<EngineKind>,
}

/// A run from its trace.
#[derive(Debug)]
#[non_exhaustive]
pub struct Replayed {
    /// What came of it.
    pub outcome: Outcome,
    /// Whether that is what was recorded.
    pub end: ReplayEnd,
}

/// How a replay ended, beside the recorded run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplayEnd {
    /// All is the same.
    Same,
    /// The trace ended first: whoever recorded it was stopped. As far as it goes, all is the same.
    TraceEnded {
        /// How many answers of sources it has.
        answers: u64,
    },
    /// It was stopped, as [`Observer::stop_at`] has it. As far as it came, all is the same.
    Stopped,
    /// Something else was asked than in the recorded run. The guest was ended there; its frames are in the outcome.
    Diverged(Box<Divergence>),
    /// Something else was asked than in the recorded run, and the replay [went on](Trace::replay_onward). It is another run.
    WentOn {
        /// How often it parted.
        partings: u64,
    },
    /// The same was asked, and something else came of it.
    Differs {
        /// What.
        what: &'static str,
        /// What it was in the recorded run.
        recorded: String,
        /// What it is now.
        replayed: String,
    },
}

impl Trace {
    /// Reads the beginning of a trace.
    ///
    /// # Errors
    ///
    /// [`Error::Trace`] and [`Error::Replay`] if it is none.
    pub fn open(trace: impl Read + Send + 'static) -> Result<Self, Error> {
        let mut reader = Reader::new(Box::new(trace))?;
        let ended = || TraceError::Ended { answers: 0 };
        let Record::Header(header) = reader.next_record()?.ok_or_else(ended)? else {
            return Err(TraceError::NotATrace.into());
        };
        let header: Header = serde_json::from_slice(&header)
            .map_err(|error| ReplayError::Header { reason: crate::text::one_line(&error.to_string()) })?;
        let mut blobs = Vec::new();
        for _ in 0..header.blobs {
            match reader.next_record()?.ok_or_else(ended)? {
                Record::Blob(blob) => blobs.push(blob.into()),
                _ => return Err(ReplayError::Header { reason: "bytes of it are missing".into() }.into()),
            }
        }
        Ok(Trace { header, blobs, reader })
    }

    /// What the guest was called, and its SHA-256.
    pub fn guest(&self) -> (&str, &str) {
        (&self.header.guest.name, &self.header.guest.sha256)
    }

    /// Who wrote it.
    pub fn written_by(&self) -> &str {
        &self.header.written_by
    }

    /// The value of the run that was recorded, for [`replay`](Self::replay). What is on the tape is not in it.
    ///
    /// # Errors
    ///
    /// [`Error::Replay`] if something is missing, or is another.
    pub fn inputs(&self, given: &Given) -> Result<Inputs, Error> {
        let inputs = self.header.inputs(&self.blobs, given)?;
        if !self.header.answers_requests() {
            return Ok(inputs);
        }
        // They are on the tape, and nobody is asked.
        Ok(inputs.responder("recorded", || {
            |_: http::Request<Bytes>| Reply::from(deterministic_wasmtime::http::HttpError::HttpRequestDenied)
        }))
    }

    /// Runs the guest of [`inputs`](Self::inputs) on what was recorded.
    ///
    /// # Errors
    ///
    /// As [`Inputs::run`]; [`Error::Trace`] if the trace is damaged.
    pub fn replay(self, inputs: &Inputs) -> Result<Replayed, Error> {
        with_stack(inputs.wasm_stack(), || self.replay_with(inputs, &Observer::default()))?
    }

    /// The same with somebody who looks on, on this thread, which has to have the stack: see [`with_stack`].
    ///
    /// # Errors
    ///
    /// As [`replay`](Self::replay).
    pub fn replay_with(self, inputs: &Inputs, observer: &Observer) -> Result<Replayed, Error> {
        self.replay_on(inputs, observer, Tape::replaying)
    }

    /// The same, which goes on where the guest asks something else than it did: see [`Tape::replaying_onward`]. What the trace does not
    /// answer is answered as by the preset `simulation` with seed 0, standard input is at its end, and live directories fail. `told` hears of each
    /// [`Parting`].
    ///
    /// # Errors
    ///
    /// As [`replay`](Self::replay).
    pub fn replay_onward(
        self,
        inputs: &Inputs,
        observer: &Observer,
        told: impl FnMut(&Parting) + Send + 'static,
    ) -> Result<Replayed, Error> {
        self.replay_on(inputs, observer, |reader| Tape::replaying_onward(reader, told))
    }

    fn replay_on(
        self,
        inputs: &Inputs,
        observer: &Observer,
        tape: impl FnOnce(Reader) -> Tape,
    ) -> Result<Replayed, Error> {
        inputs.prepare()?;
        let tape = tape(self.reader);
        let ran = inputs.run_on(&tape, self.header.entropy(), &whole(observer));
        let end = match tape.failure() {
            Some(TraceError::Diverged(divergence)) => Some(ReplayEnd::Diverged(divergence)),
            Some(TraceError::Ended { answers }) => Some(ReplayEnd::TraceEnded { answers }),
            Some(error) => return Err(error.into()),
            None => None,
        };
        let outcome = match (ran, &end) {
            (Ok(outcome), _) => outcome,
            // The host could not give an input that the tape has not got.
            (Err(_), Some(ReplayEnd::Diverged(divergence))) => return Err(TraceError::from(divergence.clone()).into()),
            (Err(_), Some(ReplayEnd::TraceEnded { answers })) => {
                return Err(TraceError::Ended { answers: *answers }.into());
            }
            (Err(error), _) => return Err(error),
        };
        let end = match end {
            Some(end) => end,
            None if matches!(outcome.ended, Ended::Stopped(_)) => match tape.partings() {
                0 => ReplayEnd::Stopped,
                partings => ReplayEnd::WentOn { partings },
            },
            None => match tape.recorded_outcome() {
                Ok(_) if tape.partings() > 0 => ReplayEnd::WentOn { partings: tape.partings() },
                Ok(told) => compared(&told, &outcome)?,
                Err(TraceError::Diverged(divergence)) => ReplayEnd::Diverged(divergence),
                Err(TraceError::Ended { answers }) => ReplayEnd::TraceEnded { answers },
                Err(error) => return Err(error.into()),
            },
        };
        Ok(Replayed { outcome, end })
    }
}

fn compared(told: &[u8], outcome: &Outcome) -> Result<ReplayEnd, Error> {
    let recorded: Told = serde_json::from_slice(told)
        .map_err(|error| ReplayError::Header { reason: crate::text::one_line(&error.to_string()) })?;
    Ok(match recorded.differs_from(&Told::of(outcome)) {
        None => ReplayEnd::Same,
        Some((what, recorded, replayed)) => ReplayEnd::Differs { what, recorded, replayed },
    })
}
