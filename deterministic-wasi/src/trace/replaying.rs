//! A tape that replays.

use std::sync::Arc;

use deterministic_core::Instant;

use super::error::{Divergence, TraceError};
use super::read::Reader;
use super::record::{ClockRecord, Record, asked};

#[derive(Debug)]
pub(super) struct Replaying {
    reader: Reader,
    /// The names of the sources.
    names: Vec<String>,
    answers: u64,
    pub(super) now: Instant,
    /// Where it parted from the recorded run, or that came to its end: nothing after that is an answer.
    failed: Option<TraceError>,
}

impl Replaying {
    pub(super) fn new(reader: Reader) -> Self {
        Replaying { reader, names: Vec::new(), answers: 0, now: Instant::ZERO, failed: None }
    }

    /// The number of the source called so, which the trace has next.
    pub(super) fn source(&mut self, name: &str) -> Result<u64, TraceError> {
        match self.next()? {
            Record::Source(recorded) if recorded == name => {
                self.names.push(recorded);
                Ok(self.names.len() as u64 - 1)
            }
            other => Err(self.diverged(name, &other, &format!("a source `{name}`"))),
        }
    }

    /// The next record, which has to be the answer to something.
    fn next(&mut self) -> Result<Record, TraceError> {
        if let Some(failed) = &self.failed {
            return Err(failed.again());
        }
        let failed = match self.reader.next_record() {
            Ok(Some(record)) => {
                self.answers += 1;
                return Ok(record);
            }
            Ok(None) => TraceError::Ended { answers: self.answers },
            Err(error) => error,
        };
        self.failed = Some(failed.again());
        Err(failed)
    }

    /// What the source said to the question.
    pub(super) fn answer(&mut self, source: u64, question: &[u8]) -> Result<Result<Arc<[u8]>, String>, TraceError> {
        match self.next()? {
            Record::Answer { source: of, question: asked, answer } if (of, &*asked) == (source, question) => {
                Ok(Ok(answer))
            }
            Record::Failed { source: of, question: asked, error } if (of, &*asked) == (source, question) => {
                Ok(Err(error))
            }
            other => {
                let name = self.names.get(source as usize).cloned().unwrap_or_default();
                Err(self.diverged(&name, &other, &format!("`{name}` asked {}", asked(&name, question))))
            }
        }
    }

    /// What the clock said to the question in `asked`.
    #[inline]
    pub(super) fn clock(
        &mut self,
        asked: ClockRecord,
        fits: impl Fn(&ClockRecord) -> bool,
    ) -> Result<Result<ClockRecord, String>, TraceError> {
        // Nearly always, and a record of another kind is larger than a clock's.
        if self.failed.is_none()
            && let Some(record) = self.reader.next_clock(&fits)
        {
            self.answers += 1;
            self.now = self.now.saturating_add(record.stands());
            return Ok(Ok(record));
        }
        self.other_clock(asked, fits)
    }

    #[cold]
    fn other_clock(
        &mut self,
        asked: ClockRecord,
        fits: impl Fn(&ClockRecord) -> bool,
    ) -> Result<Result<ClockRecord, String>, TraceError> {
        match self.next()? {
            Record::Clock(record) if fits(&record) => {
                self.now = self.now.saturating_add(record.stands());
                Ok(Ok(record))
            }
            Record::ClockFailed { asked, error } if fits(&asked) => Ok(Err(error)),
            other => Err(self.diverged("clock", &other, &asked.to_string())),
        }
    }

    #[cold]
    fn diverged(&mut self, source: &str, expected: &Record, got: &str) -> TraceError {
        self.answers -= 1;
        let parted = Box::new(Divergence {
            source_name: source.to_owned(),
            expected: expected.question(&self.names),
            got: got.to_owned(),
            at: self.now,
            answers: self.answers,
        });
        self.failed = Some(TraceError::Diverged(parted.clone()));
        TraceError::Diverged(parted)
    }

    /// What keeps it from being followed any further.
    pub(super) fn failure(&self) -> Option<TraceError> {
        self.failed.as_ref().map(TraceError::again)
    }

    /// The run ended: what was recorded of its end.
    pub(super) fn finish(&mut self) -> Result<Vec<u8>, TraceError> {
        match self.next()? {
            Record::Outcome(outcome) => Ok(outcome),
            other => Err(self.diverged("run", &other, "the end of the run")),
        }
    }
}
