//! A run that is recorded, and the same from its trace.
//!
//! 1. [`Inputs::record`](crate::Inputs::record) writes a header: all that is in the value, with the bytes that it speaks of, or their digest where
//!    they are [omitted](Omitted).
//! 2. The run goes on a [`Tape`]: what is asked of the host is on it. A bundle of policies that asks the host for nothing is
//!    in the header, and never asked for.
//! 3. At the end it is told what came of the run, by digests: [`Told`].
//! 4. [`Trace::open`] reads the header; [`Trace::inputs`] makes the value of it, and [`Trace::replay`] the run.

mod error;
mod header;
mod open;
mod record;
mod told;

pub use deterministic_wasmtime::wasi::trace::{
    ClockRecord, Divergence, Entropy, MAX_FRAME, Parting, Reader, Record, Tape, TraceError, WhenFull, Writer, Written,
};
pub use error::ReplayError;
pub use open::{Given, ReplayEnd, Replayed, Trace};
pub use record::{DEFAULT_MAX_BYTES, Omitted, Recorded, Recording};
pub use told::Told;
