//! What the benches share. Every loop runs inside the guest, so that a call costs what it costs a guest, and what the guest
//! counted is asserted: a call that fails is not a fast one.

mod calls;
mod guest;
mod sides;
mod stdout;
mod timing;

pub use calls::Call;
pub use guest::looping;
pub use sides::{Floor, Side, core_engine, each_side, prepared};
pub use stdout::Counted;
pub use timing::{configure, time, time_in_parts};
