//! What the benches share. Every loop runs inside the guest, so that a call costs what it costs a guest, and what the guest
//! counted is asserted: a call that fails is not a fast one.

mod calls;
pub mod components;
mod contexts;
mod guest;
mod line;
mod pairs;
mod sides;
mod stdout;
mod timing;

pub use calls::Call;
pub use components::ComponentCall;
pub use contexts::{make_p1, make_stock, plain_linker, stock_linker};
pub use guest::looping;
pub use line::{Line, repeat};
pub use pairs::{Repeated, keep, time_in_pairs};
pub use sides::{Floor, Side, all_but_strict, core_engine, each_side, few, prepared, stock_or_ours};
pub use stdout::Counted;
pub use timing::{configure, configure_short, time, time_in_parts};

/// The examples of the repository's README, compiled here, since no package that is published holds it.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
