//! A tape that records.

use deterministic_core::Instant;

use super::error::TraceError;
use super::record::{ClockRecord, Record};
use super::write::{Writer, Written};

#[derive(Debug)]
pub(super) struct Recording {
    writer: Writer,
    sources: u64,
    /// Where the clock stands.
    pub(super) now: Instant,
}

impl Recording {
    pub(super) fn new(writer: Writer) -> Self {
        Recording { writer, sources: 0, now: Instant::ZERO }
    }

    /// A number for the source called so.
    pub(super) fn source(&mut self, name: &str) -> Result<u64, TraceError> {
        self.writer.record(&Record::Source(name.to_owned()))?;
        self.sources += 1;
        Ok(self.sources - 1)
    }

    pub(super) fn record(&mut self, record: &Record) -> Result<(), TraceError> {
        self.writer.record(record)
    }

    pub(super) fn answer(&mut self, source: u64, question: &[u8], answer: &[u8]) -> Result<(), TraceError> {
        self.writer.answer(source, question, answer)
    }

    /// The clock answered, and stands at `now`.
    #[inline]
    pub(super) fn clock(&mut self, record: ClockRecord, now: Instant) -> Result<(), TraceError> {
        self.now = now;
        self.writer.clock(record)
    }

    /// The run is about to wait: what is written now is there if it is stopped meanwhile.
    pub(super) fn waits(&mut self) -> Result<(), TraceError> {
        self.writer.flush()
    }

    pub(super) fn failure(&self) -> Option<TraceError> {
        self.writer.failure()
    }

    pub(super) fn leave(&mut self) -> Result<Written, TraceError> {
        self.writer.finish()
    }

    pub(super) fn finish(&mut self, outcome: &[u8]) -> Result<Written, TraceError> {
        self.writer.record(&Record::Outcome(outcome.to_vec()))?;
        self.writer.finish()
    }
}
