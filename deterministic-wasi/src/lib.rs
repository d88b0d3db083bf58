#![doc = include_str!("../README.md")]
// So that docs.rs says which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod budget;
mod calls;
mod captured;
mod coverage;
pub mod ending;
mod error;
mod fault;
mod files;
mod held;
#[cfg(feature = "http")]
pub mod http;
mod keyvalue;
pub mod log;
mod on_demand;
pub mod p1;
pub mod reserve;
mod state;
mod timeline;
#[cfg(feature = "trace")]
pub mod trace;
#[cfg(feature = "watch")]
mod watch;

pub use budget::{Budget, Refusal};
pub use calls::{HostCall, HostCalls};
pub use captured::{Captured, StandardOutput};
pub use coverage::Label;
pub use error::{Error, Resource};
pub use fault::{Answer, Errno, Fault, Trap, TrapKind};
pub use files::{Files, Listing, random_bytes};
pub use held::{Account, Charge, DEFAULT_MAX_HELD_BYTES, ENTRY, Exceeded, HANDLE, Held};
pub use keyvalue::{Full, KeyValue, MAX_BYTES, MAX_KEYS};
pub use on_demand::OnDemand;
pub use state::Wasi;
pub use timeline::{MAX_SLEEPS_IN_VAIN, Timeline, Waiting, after};
#[cfg(feature = "watch")]
pub use watch::CallsSoFar;
