//! A tape that replays.

use std::sync::Arc;

use deterministic_core::Instant;

use super::error::{Divergence, TraceError};
use super::onward::{Next, Onward, Parting};
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
    /// How it goes on where it parts.
    onward: Option<Onward>,
    /// Whether the next record is the reader's, and nothing has failed.
    direct: bool,
}

impl Replaying {
    pub(super) fn new(reader: Reader) -> Self {
        Replaying {
            reader,
            names: Vec::new(),
            answers: 0,
            now: Instant::ZERO,
            failed: None,
            onward: None,
            direct: true,
        }
    }

    /// The same, which goes on where it parts from the recorded run.
    pub(super) fn going_on(reader: Reader, told: Box<dyn FnMut(&Parting) + Send>) -> Self {
        Replaying { onward: Some(Onward::new(told)), ..Replaying::new(reader) }
    }

    pub(super) fn goes_on(&self) -> bool {
        self.onward.is_some()
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
        let next = match &mut self.onward {
            Some(onward) => onward.next(&mut self.reader),
            None => self.reader.next_record(),
        };
        let failed = match next {
            Ok(Some(record)) => {
                self.answers += 1;
                return Ok(record);
            }
            Ok(None) => TraceError::Ended { answers: self.answers },
            Err(error) => error,
        };
        Err(self.fail(failed))
    }

    /// Nothing is an answer any more.
    fn fail(&mut self, failed: TraceError) -> TraceError {
        self.failed = Some(failed.again());
        self.direct = false;
        failed
    }

    /// The record that `fits` what is asked: the next, or one soon after it in a replay that goes on. `None` if such a replay has none.
    fn find(
        &mut self,
        source: Option<u64>,
        fits: impl Fn(&Record) -> bool,
        got: impl FnOnce(&str) -> String,
    ) -> Result<Option<Record>, TraceError> {
        let Some(onward) = &mut self.onward else {
            let record = self.next()?;
            if fits(&record) {
                return Ok(Some(record));
            }
            let name = self.name(source);
            return Err(self.diverged(&name, &record, &got(&name)));
        };
        if let Some(failed) = &self.failed {
            return Err(failed.again());
        }
        let next = onward.find(&mut self.reader, fits);
        self.direct = !onward.has_looked_ahead();
        let (found, left_out, expected) = match next {
            Ok(Next::Fits(record)) => (Some(record), 0, None),
            Ok(Next::Later { record, left_out, expected }) => (Some(record), left_out, Some(expected)),
            Ok(Next::None { expected }) => (None, 0, expected),
            Err(error) => return Err(self.fail(error)),
        };
        if found.is_none() || left_out > 0 {
            let expected = expected.map_or("nothing more".into(), |record| record.question(&self.names));
            let name = self.name(source);
            self.tell(&name, expected, got(&name), left_out);
        }
        self.answers += left_out + u64::from(found.is_some());
        Ok(found)
    }

    /// `None` is the clock.
    fn name(&self, source: Option<u64>) -> String {
        match source {
            None => "clock".into(),
            Some(source) => self.names.get(source as usize).cloned().unwrap_or_default(),
        }
    }

    fn tell(&mut self, source: &str, expected: String, got: String, left_out: u64) {
        let (source_name, at, answers) = (source.to_owned(), self.now, self.answers);
        if let Some(onward) = &mut self.onward {
            onward.tell(&Parting { divergence: Divergence { source_name, expected, got, at, answers }, left_out });
        }
    }

    /// What the source said to the question. `None` if it is to be asked.
    pub(super) fn answer(&mut self, source: u64, question: &[u8]) -> Result<Option<Said>, TraceError> {
        let fits = |record: &Record| match record {
            Record::Answer { source: of, question: asked, .. } | Record::Failed { source: of, question: asked, .. } => {
                (of, &**asked) == (&source, question)
            }
            _ => false,
        };
        let got = |name: &str| format!("`{name}` asked {}", asked(name, question));
        Ok(match self.find(Some(source), fits, got)? {
            Some(Record::Answer { answer, .. }) => Some(Ok(answer)),
            Some(Record::Failed { error, .. }) => Some(Err(error)),
            _ => None,
        })
    }

    /// What the clock said to the question in `asked`. `None` if it is to be asked.
    #[inline]
    pub(super) fn clock(
        &mut self,
        asked: ClockRecord,
        fits: impl Fn(&ClockRecord) -> bool,
    ) -> Result<Option<Result<ClockRecord, String>>, TraceError> {
        // Nearly always, and a record of another kind is larger than a clock's.
        if self.direct
            && let Some(record) = self.reader.next_clock(&fits)
        {
            self.answers += 1;
            self.now = self.now.saturating_add(record.stands());
            return Ok(Some(Ok(record)));
        }
        self.other_clock(asked, fits)
    }

    #[cold]
    fn other_clock(
        &mut self,
        asked: ClockRecord,
        fits: impl Fn(&ClockRecord) -> bool,
    ) -> Result<Option<Result<ClockRecord, String>>, TraceError> {
        let fits = |record: &Record| match record {
            Record::Clock(record) | Record::ClockFailed { asked: record, .. } => fits(record),
            _ => false,
        };
        Ok(match self.find(None, fits, |_| asked.to_string())? {
            Some(Record::Clock(record)) => {
                self.now = self.now.saturating_add(record.stands());
                Some(Ok(record))
            }
            Some(Record::ClockFailed { error, .. }) => Some(Err(error)),
            _ => None,
        })
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
        self.fail(TraceError::Diverged(parted))
    }

    /// What keeps it from being followed any further.
    pub(super) fn failure(&self) -> Option<TraceError> {
        self.failed.as_ref().map(TraceError::again)
    }

    /// How often it parted from the recorded run and went on.
    pub(super) fn partings(&self) -> u64 {
        self.onward.as_ref().map_or(0, Onward::partings)
    }

    /// The run ended: what was recorded of its end.
    pub(super) fn finish(&mut self) -> Result<Vec<u8>, TraceError> {
        let (mut left_out, mut expected) = (0, None);
        let outcome = loop {
            match self.next()? {
                Record::Outcome(outcome) => break outcome,
                other if self.goes_on() => {
                    expected.get_or_insert_with(|| other.question(&self.names));
                    left_out += 1;
                }
                other => return Err(self.diverged("run", &other, "the end of the run")),
            }
        };
        if let Some(expected) = expected {
            self.answers -= left_out + 1;
            self.tell("run", expected, "the end of the run".into(), left_out);
        }
        Ok(outcome)
    }
}

/// What a source said, or its error.
pub(super) type Said = Result<Arc<[u8]>, String>;
