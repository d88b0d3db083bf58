//! Writing a trace.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::error::TraceError;
use super::record::{ClockRecord, PART, Record, put_again, put_answer};
use super::wire::put_bytes;

/// What a trace begins with. The first byte is no text, as in PNG, so that nobody takes it for that.
pub const MAGIC: [u8; 8] = *b"\x89DETWASI";

/// The version of the format, which stands behind [`MAGIC`] in two bytes, the lower first.
pub const VERSION: u16 = 1;

/// How many bytes a frame has at most, without what stands before it.
pub const MAX_FRAME: usize = 1 << 20;

/// A frame is written when it has as many bytes, and when the run waits.
const ENOUGH: usize = 64 << 10;

/// How many bytes one field may bring into a frame. What is longer is told in parts.
const PART_SIZE: usize = 512 << 10;

/// An answer of as many bytes stands in a trace once, however often it is given.
pub(super) const LONG: usize = 64;

/// How many long answers are remembered for that: the first.
pub(super) const REMEMBERED: usize = 1 << 16;

/// What happens when a trace has come to its limit, or the host has no room for more of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// The run ends, with that error.
    #[default]
    EndRun,
    /// The run goes on, and is not recorded from there on. [`Written::ended_early`] tells.
    EndRecording,
}

/// What was written.
#[derive(Debug)]
#[non_exhaustive]
pub struct Written {
    /// How many bytes.
    pub bytes: u64,
    /// How many answers of sources.
    pub answers: u64,
    /// What ended the recording before the run, with [`WhenFull::EndRecording`].
    pub ended_early: Option<TraceError>,
}

/// Writes a trace, frame by frame. What was handed to `sink` by then can be replayed, whatever happens after it.
pub struct Writer {
    sink: Box<dyn Write + Send>,
    /// The records that were not written yet.
    frame: Vec<u8>,
    bytes: u64,
    max: u64,
    when_full: WhenFull,
    answers: u64,
    /// The long answers by their digest.
    remembered: BTreeMap<[u8; 16], u64>,
    ended_early: Option<TraceError>,
    /// Why it failed, and the run with it: what came after that would be no trace of it.
    failed: Option<TraceError>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("bytes", &self.bytes).field("answers", &self.answers).finish_non_exhaustive()
    }
}

impl Writer {
    /// Begins a trace of up to `max` bytes.
    ///
    /// # Errors
    ///
    /// [`TraceError::Unwritable`].
    pub fn new(mut sink: Box<dyn Write + Send>, max: u64, when_full: WhenFull) -> Result<Self, TraceError> {
        let mut beginning = MAGIC.to_vec();
        beginning.extend(VERSION.to_le_bytes());
        sink.write_all(&beginning).map_err(TraceError::Unwritable)?;
        Ok(Writer {
            sink,
            frame: Vec::with_capacity(ENOUGH + (ENOUGH >> 2)),
            bytes: beginning.len() as u64,
            max,
            when_full,
            answers: 0,
            remembered: BTreeMap::new(),
            ended_early: None,
            failed: None,
        })
    }

    /// Adds a record.
    ///
    /// # Errors
    ///
    /// [`TraceError::Unwritable`], [`TraceError::Full`].
    #[inline]
    pub fn record(&mut self, record: &Record) -> Result<(), TraceError> {
        match record {
            Record::Clock(clock) => self.clock(*clock),
            Record::Answer { source, question, answer } => self.answer(*source, question, answer),
            _ => self.other(record),
        }
    }

    /// Adds what the clock said.
    ///
    /// # Errors
    ///
    /// As [`record`](Self::record).
    #[inline]
    pub(super) fn clock(&mut self, clock: ClockRecord) -> Result<(), TraceError> {
        clock.put(&mut self.frame);
        self.answered()
    }

    /// Adds what a source said.
    ///
    /// # Errors
    ///
    /// As [`record`](Self::record).
    pub fn answer(&mut self, source: u64, question: &[u8], answer: &[u8]) -> Result<(), TraceError> {
        if answer.len() < LONG {
            put_answer(&mut self.frame, source, question, answer);
            return self.answered();
        }
        let digest = blake3::hash(answer);
        let digest: [u8; 16] = std::array::from_fn(|at| digest.as_bytes()[at]);
        match self.remembered.get(&digest) {
            Some(&number) => put_again(&mut self.frame, source, question, number),
            None => {
                if self.remembered.len() < REMEMBERED {
                    self.remembered.insert(digest, self.remembered.len() as u64);
                }
                let last = self.parts(answer)?;
                put_answer(&mut self.frame, source, question, last);
            }
        }
        self.answered()
    }

    fn other(&mut self, record: &Record) -> Result<(), TraceError> {
        match record {
            Record::Header(bytes) | Record::Blob(bytes) | Record::Outcome(bytes) => {
                let last = self.parts(bytes)?.to_vec();
                let rest = match record {
                    Record::Header(_) => Record::Header(last),
                    Record::Blob(_) => Record::Blob(last),
                    _ => Record::Outcome(last),
                };
                rest.put(&mut self.frame);
                self.filled()
            }
            _ => {
                record.put(&mut self.frame);
                self.answered()
            }
        }
    }

    /// Writes all parts of a long field but the last.
    fn parts<'a>(&mut self, mut field: &'a [u8]) -> Result<&'a [u8], TraceError> {
        while field.len() > PART_SIZE {
            let (part, rest) = field.split_at(PART_SIZE);
            self.frame.push(PART);
            put_bytes(&mut self.frame, part);
            self.filled()?;
            field = rest;
        }
        Ok(field)
    }

    #[inline]
    fn answered(&mut self) -> Result<(), TraceError> {
        self.answers += 1;
        self.filled()
    }

    #[inline]
    fn filled(&mut self) -> Result<(), TraceError> {
        if self.frame.len() < ENOUGH { Ok(()) } else { self.flush() }
    }

    /// Hands the frame to the host.
    ///
    /// # Errors
    ///
    /// As [`record`](Self::record).
    pub fn flush(&mut self) -> Result<(), TraceError> {
        if let Some(failed) = &self.failed {
            return Err(failed.again());
        }
        if self.frame.is_empty() {
            return Ok(());
        }
        if self.ended_early.is_none()
            && let Err(error) = self.write_frame()
        {
            match self.when_full {
                WhenFull::EndRun => {
                    self.failed = Some(error.again());
                    return Err(error);
                }
                WhenFull::EndRecording => self.ended_early = Some(error),
            }
        }
        self.frame.clear();
        Ok(())
    }

    fn write_frame(&mut self) -> Result<(), TraceError> {
        if self.frame.len() > MAX_FRAME {
            // What is long is told in parts, and what is asked is cut: it is the name of a source.
            return Err(TraceError::Unwritable(io::ErrorKind::InvalidInput.into()));
        }
        let len = (self.frame.len() as u32).to_le_bytes();
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(&len);
        checksum.update(&self.frame);
        let checksum = checksum.finalize().to_le_bytes();
        let bytes = self.bytes.saturating_add((len.len() + checksum.len() + self.frame.len()) as u64);
        if bytes > self.max {
            return Err(TraceError::Full { max: self.max });
        }
        // One call, so that nobody sees half a frame while there is room for it.
        self.frame.splice(0..0, len.into_iter().chain(checksum));
        self.sink.write_all(&self.frame).and_then(|()| self.sink.flush()).map_err(TraceError::Unwritable)?;
        self.bytes = bytes;
        Ok(())
    }

    /// What ended the run, with [`WhenFull::EndRun`].
    pub(super) fn failure(&self) -> Option<TraceError> {
        self.failed.as_ref().map(TraceError::again)
    }

    /// Writes what is left, and says what the trace came to.
    ///
    /// # Errors
    ///
    /// As [`record`](Self::record).
    pub fn finish(&mut self) -> Result<Written, TraceError> {
        self.flush()?;
        Ok(Written { bytes: self.bytes, answers: self.answers, ended_early: self.ended_early.take() })
    }
}
