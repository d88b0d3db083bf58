//! A replay that goes on where it parts from the recorded run.

use std::collections::VecDeque;
use std::fmt;

use super::error::{Divergence, TraceError};
use super::read::Reader;
use super::record::Record;

/// How many records are looked at for an answer, from the next on.
const AHEAD: usize = 256;

/// How many bytes of answers these may have, but for the last.
const AHEAD_BYTES: usize = 16 << 20;

/// Where a replay that goes on parted from the recorded run: see [`Tape::replaying_onward`](super::Tape::replaying_onward).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parting {
    /// What the trace had next, and what was asked.
    pub divergence: Divergence,
    /// How many answers of the trace were left out, since the question comes after them. 0 if it was not found, and the source was asked.
    pub left_out: u64,
}

impl fmt::Display for Parting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parting { divergence: Divergence { expected, got, at, answers, .. }, left_out } = self;
        write!(
            f,
            "{at} into the run, after {answers} answers of sources: the trace has {expected}, and what was asked is {got}; "
        )?;
        match left_out {
            0 => f.write_str("the trace does not answer it"),
            1 => f.write_str("1 answer of the trace is left out"),
            left_out => write!(f, "{left_out} answers of the trace are left out"),
        }
    }
}

pub(super) struct Onward {
    /// What was read and is not yet an answer.
    ahead: VecDeque<Record>,
    told: Box<dyn FnMut(&Parting) + Send>,
    partings: u64,
}

/// Which record is the answer.
pub(super) enum Next {
    /// The next.
    Fits(Record),
    /// A later one.
    Later {
        record: Record,
        /// How many were before it.
        left_out: u64,
        /// The first of these.
        expected: Record,
    },
    /// None.
    None {
        /// The next; `None` where the trace ended.
        expected: Option<Record>,
    },
}

impl fmt::Debug for Onward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Onward").field("partings", &self.partings).finish_non_exhaustive()
    }
}

impl Onward {
    pub(super) fn new(told: Box<dyn FnMut(&Parting) + Send>) -> Self {
        Onward { ahead: VecDeque::new(), told, partings: 0 }
    }

    pub(super) fn partings(&self) -> u64 {
        self.partings
    }

    pub(super) fn has_looked_ahead(&self) -> bool {
        !self.ahead.is_empty()
    }

    pub(super) fn next(&mut self, reader: &mut Reader) -> Result<Option<Record>, TraceError> {
        match self.ahead.pop_front() {
            Some(record) => Ok(Some(record)),
            None => reader.next_record(),
        }
    }

    pub(super) fn find(&mut self, reader: &mut Reader, fits: impl Fn(&Record) -> bool) -> Result<Next, TraceError> {
        let mut bytes = 0;
        for at in 0..AHEAD {
            if at == self.ahead.len() {
                match reader.next_record() {
                    Ok(Some(record)) => self.ahead.push_back(record),
                    Ok(None) => break,
                    // What is before the damage can be replayed.
                    Err(_) if at > 0 => break,
                    Err(error) => return Err(error),
                }
            }
            let record = &self.ahead[at];
            if fits(record) {
                let mut taken = self.ahead.drain(..=at);
                let (first, last) = (taken.next(), taken.next_back());
                return Ok(match (first, last) {
                    (Some(expected), Some(record)) => Next::Later { record, left_out: at as u64, expected },
                    (Some(record), None) => Next::Fits(record),
                    (None, _) => Next::None { expected: None },
                });
            }
            bytes += size(record);
            // A source that begins later has the number that it has, and nothing is after the end of the run.
            if bytes > AHEAD_BYTES || matches!(record, Record::Source(_) | Record::Outcome(_)) {
                break;
            }
        }
        Ok(Next::None { expected: self.ahead.front().cloned() })
    }

    pub(super) fn tell(&mut self, parting: &Parting) {
        self.partings += 1;
        (self.told)(parting);
    }
}

/// About how many bytes there are in it.
fn size(record: &Record) -> usize {
    match record {
        Record::Answer { question, answer, .. } => question.len() + answer.len(),
        Record::Failed { question, error, .. } => question.len() + error.len(),
        _ => 0,
    }
}
