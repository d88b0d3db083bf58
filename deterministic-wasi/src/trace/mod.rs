//! Traces: what the sources of a run said, kept in a file from which the run can be repeated without them.
//!
//! 1. A run is a function of its sources: its policies, its input, its live directories, the answers to its requests, and the
//!    embedder's own host functions. Each asks through a [`Tape`], under its name.
//! 2. A tape that records has the source answer, and writes the question and the answer as a [`Record`].
//! 3. A tape that replays has no source: it takes the next record, and looks whether that answers the question. If it does not, the
//!    replay is another run from there on, which is a [`Divergence`].
//! 4. A tape that is off has the source answer.
//!
//! So all that a run does beside that, and all that an engine does, is not in a trace; and a trace of one engine is replayed on another.
//! [`Writer`] and [`Reader`] have the format, which `docs/TRACE.md` in the repository describes for others.

mod call;
mod clock;
mod error;
mod files;
mod input;
mod onward;
mod random;
mod read;
mod record;
mod recording;
mod replaying;
#[cfg(feature = "http")]
mod responder;
mod scheduler;
mod tape;
mod wire;
mod write;

pub use call::{HostError, Source};
pub use error::{Divergence, TraceError};
pub use input::TapedRead;
pub use onward::Parting;
pub use read::Reader;
pub use record::{ClockRecord, Record};
pub use tape::{Entropy, Tape};
pub use write::{MAGIC, MAX_FRAME, VERSION, WhenFull, Writer, Written};
