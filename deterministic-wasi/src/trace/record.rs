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

impl ClockRecord {
    #[inline]
    pub(super) fn put(self, out: &mut Vec<u8>) {
        match self {
            ClockRecord::Begin { now, observes_fuel } => {
                out.extend([BEGIN, u8::from(observes_fuel)]);
                put(out, now);
            }
            ClockRecord::Read { clock, shown, stands } if shown == stands => {
                out.push(READ | clock as u8);
                put(out, shown);
            }
            ClockRecord::Read { clock, shown, stands } => {
                out.push(READ | SHOWN_APART | clock as u8);
                put(out, shown);
                put(out, stands);
            }
            ClockRecord::Advance { deadline, stands } => {
                out.push(ADVANCE);
                put(out, deadline);
                put(out, stands);
            }
            ClockRecord::CatchUp { stands } => {
                out.push(CATCH_UP);
                put(out, stands);
            }
            ClockRecord::Elapse { fuel, stands } => {
                out.push(ELAPSE);
                put(out, fuel);
                put(out, stands);
            }
        }
    }

    fn get(tag: u8, cursor: &mut Cursor<'_>) -> Option<Self> {
        Some(match tag {
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
            READ..ADVANCE => {
                let clock = ClockId::ALL.into_iter().find(|clock| *clock as u8 == tag & 0x03)?;
                let shown = cursor.number()?;
                let stands = if tag & SHOWN_APART == 0 { shown } else { cursor.number()? };
                ClockRecord::Read { clock, shown, stands }
            }
            _ => return None,
        })
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
