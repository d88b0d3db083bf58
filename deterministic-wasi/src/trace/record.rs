//! What stands in a trace, one thing after the other.

use std::fmt;
use std::sync::Arc;

use deterministic_core::ClockId;

use super::error::shortened;
use super::files::FILES;
use super::wire::{Cursor, put, put_bytes};

/// One thing that a trace tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Record {
    /// What the run was given, as whoever recorded it wrote it: the first.
    Header(Vec<u8>),
    /// Bytes that the header speaks of. They are numbered from 0.
    Blob(Vec<u8>),
    /// The name of a source. They are numbered from 0.
    Source(String),
    /// A source was asked, and answered.
    Answer {
        /// The number of the source.
        source: u64,
        /// What it was asked, as the source writes it.
        question: Vec<u8>,
        /// What it said.
        answer: Arc<[u8]>,
    },
    /// A source was asked, and failed.
    Failed {
        /// The number of the source.
        source: u64,
        /// What it was asked.
        question: Vec<u8>,
        /// Its error, as text.
        error: String,
    },
    /// The clock was asked.
    Clock(ClockRecord),
    /// The clock was asked, and failed.
    ClockFailed {
        /// What it was asked; the answers in it are 0.
        asked: ClockRecord,
        /// Its error, as text.
        error: String,
    },
    /// What came of the run, as whoever recorded it wrote it: the last.
    Outcome(Vec<u8>),
}

/// What a clock was asked and said, in nanoseconds from where the timeline stood before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClockRecord {
    /// A run begins.
    Begin {
        /// Where the timeline stands, from 0.
        now: u64,
        /// Whether the clock hears of fuel.
        observes_fuel: bool,
    },
    /// A reading of the guest's.
    Read {
        /// Which of the guest's clocks.
        clock: ClockId,
        /// What was shown.
        shown: u64,
        /// Where the timeline stood after it.
        stands: u64,
    },
    /// A sleep.
    Advance {
        /// Its deadline; 0 for one that has passed.
        deadline: u64,
        /// Where the timeline stood after it.
        stands: u64,
    },
    /// A wait begins.
    CatchUp {
        /// Where the timeline stood then.
        stands: u64,
    },
    /// The guest consumed fuel.
    Elapse {
        /// How much.
        fuel: u64,
        /// Where the timeline stood after it.
        stands: u64,
    },
}

const HEADER: u8 = 1;
const BLOB: u8 = 2;
const SOURCE: u8 = 3;
pub(super) const ANSWER: u8 = 4;
pub(super) const AGAIN: u8 = 5;
const FAILED: u8 = 6;
pub(super) const PART: u8 = 7;
const OUTCOME: u8 = 8;
/// And the number of the clock. `SHOWN_APART` is set if the timeline does not stand where the reading shows.
const READ: u8 = 0x10;
const SHOWN_APART: u8 = 0x04;
const ADVANCE: u8 = 0x18;
const CATCH_UP: u8 = 0x19;
const ELAPSE: u8 = 0x1a;
const CLOCK_FAILED: u8 = 0x1b;
const BEGIN: u8 = 0x1c;

/// The most bytes that a clock's record has: two numbers, and what it is.
const LONGEST_CLOCK: usize = 1 + 2 * 10;

/// A record that is put together.
struct Piece {
    bytes: [u8; LONGEST_CLOCK],
    len: usize,
}

impl Piece {
    #[inline]
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
    }

    /// As [`put`].
    #[inline]
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.push(number as u8);
    }
}

impl ClockRecord {
    /// Appends it.
    // As one piece of a fixed length, of which what is too much is cut off: a guest may do nothing but read the clock, and each byte by
    // itself would ask for room.
    #[inline]
    pub(super) fn put(self, out: &mut Vec<u8>) {
        let mut piece = Piece { bytes: [0; LONGEST_CLOCK], len: 0 };
        self.put_piece(&mut piece);
        let end = out.len() + piece.len;
        out.extend_from_slice(&piece.bytes);
        out.truncate(end);
    }

    #[inline]
    fn put_piece(self, out: &mut Piece) {
        match self {
            ClockRecord::Begin { now, observes_fuel } => {
                out.push(BEGIN);
                out.push(u8::from(observes_fuel));
                out.number(now);
            }
            ClockRecord::Read { clock, shown, stands } if shown == stands => {
                out.push(READ | clock as u8);
                out.number(shown);
            }
            ClockRecord::Read { clock, shown, stands } => {
                out.push(READ | SHOWN_APART | clock as u8);
                out.number(shown);
                out.number(stands);
            }
            ClockRecord::Advance { deadline, stands } => {
                out.push(ADVANCE);
                out.number(deadline);
                out.number(stands);
            }
            ClockRecord::CatchUp { stands } => {
                out.push(CATCH_UP);
                out.number(stands);
            }
            ClockRecord::Elapse { fuel, stands } => {
                out.push(ELAPSE);
                out.number(fuel);
                out.number(stands);
            }
        }
    }

    #[inline]
    fn get(tag: u8, cursor: &mut Cursor<'_>) -> Option<Self> {
        Some(match tag {
            READ..ADVANCE => {
                let clock = *ClockId::ALL.get(usize::from(tag & 0x03))?;
                let shown = cursor.number()?;
                let stands = if tag & SHOWN_APART == 0 { shown } else { cursor.number()? };
                ClockRecord::Read { clock, shown, stands }
            }
            BEGIN => {
                let observes_fuel = match cursor.byte()? {
                    0 => false,
                    1 => true,
                    _ => return None,
                };
                ClockRecord::Begin { now: cursor.number()?, observes_fuel }
            }
            ADVANCE => ClockRecord::Advance { deadline: cursor.number()?, stands: cursor.number()? },
            CATCH_UP => ClockRecord::CatchUp { stands: cursor.number()? },
            ELAPSE => ClockRecord::Elapse { fuel: cursor.number()?, stands: cursor.number()? },
            _ => return None,
        })
    }

    /// The next of a frame. `None` if that is something else, or nothing.
    #[inline]
    pub(super) fn next(cursor: &mut Cursor<'_>) -> Option<Self> {
        let tag = cursor.byte()?;
        ClockRecord::get(tag, cursor)
    }

    /// Where the timeline stood after it, from where it stood before.
    pub fn stands(self) -> u64 {
        match self {
            ClockRecord::Begin { now, .. } => now,
            ClockRecord::Read { stands, .. }
            | ClockRecord::Advance { stands, .. }
            | ClockRecord::CatchUp { stands }
            | ClockRecord::Elapse { stands, .. } => stands,
        }
    }
}

/// The question, without the answer.
impl fmt::Display for ClockRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClockRecord::Begin { .. } => f.write_str("the clock at the beginning of a run"),
            ClockRecord::Read { clock, .. } => write!(f, "a reading of the {clock} clock"),
            ClockRecord::Advance { deadline, .. } => write!(f, "a sleep of {deadline} ns"),
            ClockRecord::CatchUp { .. } => f.write_str("the clock at the beginning of a wait"),
            ClockRecord::Elapse { fuel, .. } => write!(f, "the clock, told of {fuel} units of fuel"),
        }
    }
}

/// A record as it stands in a frame, where equal answers may stand once.
pub(super) enum Written<'a> {
    Whole(Record),
    /// The last field of the next record begins with these bytes.
    Part(&'a [u8]),
    /// An answer that is that of the record of this number.
    Again {
        source: u64,
        question: Vec<u8>,
        number: u64,
    },
}

impl Record {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        match self {
            Record::Header(bytes) => tagged(out, HEADER, bytes),
            Record::Blob(bytes) => tagged(out, BLOB, bytes),
            Record::Source(name) => tagged(out, SOURCE, name.as_bytes()),
            Record::Outcome(bytes) => tagged(out, OUTCOME, bytes),
            Record::Answer { source, question, answer } => put_answer(out, *source, question, answer),
            Record::Failed { source, question, error } => {
                out.push(FAILED);
                put(out, *source);
                put_bytes(out, question);
                put_bytes(out, error.as_bytes());
            }
            Record::Clock(clock) => clock.put(out),
            Record::ClockFailed { asked, error } => {
                out.push(CLOCK_FAILED);
                asked.put(out);
                put_bytes(out, error.as_bytes());
            }
        }
    }

    /// The question, for a message.
    pub(super) fn question(&self, names: &[String]) -> String {
        let name = |source: &u64| match usize::try_from(*source).ok().and_then(|at| names.get(at)) {
            Some(name) => shortened(name),
            None => format!("source {source}"),
        };
        match self {
            Record::Header(_) => "a beginning of a run".into(),
            Record::Blob(_) => "bytes of what the run was given".into(),
            Record::Source(name) => format!("a source `{}`", shortened(name)),
            Record::Answer { source, question, .. } | Record::Failed { source, question, .. } => {
                let name = name(source);
                let asked = asked(&name, question);
                format!("`{name}` asked {asked}")
            }
            Record::Clock(asked) | Record::ClockFailed { asked, .. } => asked.to_string(),
            Record::Outcome(_) => "the end of the run".into(),
        }
    }
}

fn tagged(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    put_bytes(out, bytes);
}

pub(super) fn put_answer(out: &mut Vec<u8>, source: u64, question: &[u8], answer: &[u8]) {
    out.push(ANSWER);
    put(out, source);
    put_bytes(out, question);
    put_bytes(out, answer);
}

pub(super) fn put_again(out: &mut Vec<u8>, source: u64, question: &[u8], number: u64) {
    out.push(AGAIN);
    put(out, source);
    put_bytes(out, question);
    put(out, number);
}

impl<'a> Written<'a> {
    /// The next of a frame. `begun` are the bytes that the last field begins with.
    pub(super) fn get(cursor: &mut Cursor<'a>, begun: &mut Vec<u8>) -> Option<Self> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        let mut whole = |bytes: &[u8]| {
            let mut whole = std::mem::take(begun);
            whole.extend_from_slice(bytes);
            whole
        };
        let record = match cursor.byte()? {
            HEADER => Record::Header(whole(cursor.bytes()?)),
            BLOB => Record::Blob(whole(cursor.bytes()?)),
            SOURCE => Record::Source(text(cursor.bytes()?)?),
            OUTCOME => Record::Outcome(whole(cursor.bytes()?)),
            ANSWER => {
                let (source, question) = (cursor.number()?, cursor.bytes()?.to_vec());
                Record::Answer { source, question, answer: whole(cursor.bytes()?).into() }
            }
            FAILED => {
                let (source, question) = (cursor.number()?, cursor.bytes()?.to_vec());
                Record::Failed { source, question, error: text(cursor.bytes()?)? }
            }
            PART => return Some(Written::Part(cursor.bytes()?)),
            AGAIN => {
                let (source, question) = (cursor.number()?, cursor.bytes()?.to_vec());
                return Some(Written::Again { source, question, number: cursor.number()? });
            }
            CLOCK_FAILED => {
                let tag = cursor.byte()?;
                let asked = ClockRecord::get(tag, cursor)?;
                Record::ClockFailed { asked, error: text(cursor.bytes()?)? }
            }
            tag => Record::Clock(ClockRecord::get(tag, cursor)?),
        };
        Some(Written::Whole(record))
    }
}

/// A question to the source called `name`, for a message.
pub(super) fn asked(name: &str, question: &[u8]) -> String {
    if name == FILES { deterministic_fs::describe_question(question) } else { readable(question) }
}

/// Bytes for a message: as text if they are, and not much of them.
pub(super) fn readable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(|c: char| c.is_control()) => format!("`{}`", shortened(text)),
        _ => {
            let beginning: String = bytes.iter().take(32).map(|byte| format!("{byte:02x}")).collect();
            if bytes.len() > 32 { format!("{beginning}… ({} bytes)", bytes.len()) } else { beginning }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_records_are_read_as_they_were_written() {
        for number in [0, 127, 128, 1 << 40, u64::MAX] {
            let reads = ClockId::ALL.map(|clock| ClockRecord::Read { clock, shown: number, stands: 7 });
            let other = [
                ClockRecord::Begin { now: number, observes_fuel: true },
                ClockRecord::Read { clock: ClockId::Monotonic, shown: number, stands: number },
                ClockRecord::Read { clock: ClockId::Monotonic, shown: u64::MAX, stands: number },
                ClockRecord::Advance { deadline: number, stands: number },
                ClockRecord::CatchUp { stands: number },
                ClockRecord::Elapse { fuel: number, stands: number },
            ];
            for record in reads.into_iter().chain(other) {
                let mut out = b"before".to_vec();
                record.put(&mut out);
                let mut cursor = Cursor(&out[6..]);
                assert_eq!((ClockRecord::next(&mut cursor), cursor.is_at_end()), (Some(record), true));
                assert_eq!(ClockRecord::next(&mut Cursor(&out[6..out.len() - 1])), None, "cut");
            }
        }
    }
}
