//! Clocks, one in each file.

mod drift;
mod frozen;
mod fuel;
#[cfg(feature = "std")]
mod host;
mod jitter;
mod jumps;
mod scaled;
mod scripted;
mod stepping;
mod until;

pub use deterministic_core::VirtualClock;
pub use drift::Drift;
pub use frozen::FrozenClock;
pub use fuel::FuelClock;
#[cfg(feature = "std")]
pub use host::HostClock;
pub use jitter::Jitter;
pub use jumps::{Jump, Jumps};
pub use scaled::Scaled;
pub use scripted::{ScriptEnd, ScriptedClock};
pub use stepping::stepping;
pub use until::Until;
