//! Reading a trace.

use std::io::{self, Read};
use std::sync::Arc;

use super::error::TraceError;
use super::record::{ClockRecord, Record, Written};
use super::wire::Cursor;
use super::write::{LONG, MAGIC, MAX_FRAME, REMEMBERED, VERSION};

/// Reads a trace, frame by frame. It takes no more memory than the trace has bytes.
pub struct Reader {
    source: Box<dyn Read + Send>,
    frame: Vec<u8>,
    /// How much of the frame was read.
    at: usize,
    /// Where the frame begins in the trace.
    frame_at: u64,
    /// Where the next begins.
    next_at: u64,
    /// What the last field of the next record begins with.
    begun: Vec<u8>,
    remembered: Vec<Arc<[u8]>>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("at", &self.position()).finish_non_exhaustive()
    }
}

impl Reader {
    /// Of a trace. Nothing but its beginning is looked at.
    ///
    /// # Errors
    ///
    /// [`TraceError::NotATrace`], [`TraceError::Version`], [`TraceError::Unreadable`].
    pub fn new(mut source: Box<dyn Read + Send>) -> Result<Self, TraceError> {
        let mut beginning = [0; MAGIC.len() + 2];
        let read = fill(&mut *source, &mut beginning)?;
        let version = u16::from_le_bytes([beginning[MAGIC.len()], beginning[MAGIC.len() + 1]]);
        if read < beginning.len() || beginning[..MAGIC.len()] != MAGIC {
            return Err(TraceError::NotATrace);
        }
        if version != VERSION {
            return Err(TraceError::Version { found: version, known: VERSION });
        }
        let at = beginning.len() as u64;
        Ok(Reader {
            source,
            frame: Vec::new(),
            at: 0,
            frame_at: at,
            next_at: at,
            begun: Vec::new(),
            remembered: Vec::new(),
        })
    }

    /// How far it has read, in bytes.
    pub fn position(&self) -> u64 {
        self.next_at
    }

    /// The next record. `None` where the trace ends, which is after an [outcome](Record::Outcome) if it is whole; a frame that the
    /// file has not got whole counts as not there.
    ///
    /// # Errors
    ///
    /// [`TraceError::Damaged`], [`TraceError::Unreadable`].
    pub fn next_record(&mut self) -> Result<Option<Record>, TraceError> {
        loop {
            if self.at == self.frame.len() && !self.next_frame()? {
                return Ok(None);
            }
            let frame = &self.frame[self.at..];
            let mut cursor = Cursor(frame);
            let damaged = |what| TraceError::Damaged { at: self.frame_at, what };
            let written = Written::get(&mut cursor, &mut self.begun).ok_or(damaged("it has no record of this kind"))?;
            let taken = frame.len() - cursor.0.len();
            let record = match written {
                Written::Part(part) => {
                    self.begun.try_reserve(part.len()).map_err(out_of_memory)?;
                    self.begun.extend_from_slice(part);
                    None
                }
                Written::Again { source, question, number } => {
                    let answer = usize::try_from(number).ok().and_then(|at| self.remembered.get(at));
                    let answer = answer.ok_or(damaged("it repeats an answer that was not given"))?.clone();
                    Some(Record::Answer { source, question, answer })
                }
                Written::Whole(record) => {
                    if let Record::Answer { answer, .. } = &record
                        && answer.len() >= LONG
                        && self.remembered.len() < REMEMBERED
                    {
                        self.remembered.push(answer.clone());
                    }
                    Some(record)
                }
            };
            self.at += taken;
            if let Some(record) = record {
                return Ok(Some(record));
            }
        }
    }

    /// The next record, if it is one of the clock's that `fits`, and in the frame that is read. If not, nothing is taken.
    #[inline]
    pub(super) fn next_clock(&mut self, fits: impl Fn(&ClockRecord) -> bool) -> Option<ClockRecord> {
        let frame = self.frame.get(self.at..)?;
        let mut cursor = Cursor(frame);
        let record = ClockRecord::next(&mut cursor).filter(fits)?;
        self.at += frame.len() - cursor.0.len();
        Some(record)
    }

    /// Whether there was one.
    fn next_frame(&mut self) -> Result<bool, TraceError> {
        self.frame_at = self.next_at;
        self.at = 0;
        self.frame.clear();
        let mut head = [0; 8];
        if fill(&mut *self.source, &mut head)? < head.len() {
            return Ok(false);
        }
        let [l0, l1, l2, l3, c0, c1, c2, c3] = head;
        let len = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        let damaged = |what| TraceError::Damaged { at: self.frame_at, what };
        if len == 0 || len > MAX_FRAME {
            return Err(damaged("no frame has such a length"));
        }
        self.frame.try_reserve(len).map_err(out_of_memory)?;
        self.frame.resize(len, 0);
        if fill(&mut *self.source, &mut self.frame)? < len {
            self.frame.clear();
            return Ok(false);
        }
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(&head[..4]);
        checksum.update(&self.frame);
        if checksum.finalize() != u32::from_le_bytes([c0, c1, c2, c3]) {
            self.frame.clear();
            return Err(damaged("its checksum is another"));
        }
        self.next_at += (head.len() + len) as u64;
        Ok(true)
    }
}

fn out_of_memory(_: std::collections::TryReserveError) -> TraceError {
    TraceError::Unreadable(io::ErrorKind::OutOfMemory.into())
}

/// Reads until `buf` is full or there is no more.
fn fill(source: &mut dyn Read, buf: &mut [u8]) -> Result<usize, TraceError> {
    let mut done = 0;
    while done < buf.len() {
        match source.read(&mut buf[done..]) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(TraceError::Unreadable(error)),
        }
    }
    Ok(done)
}
