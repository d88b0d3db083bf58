#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod boxed;
mod clock;
mod described;
mod description;
mod error;
mod insecure_seed;
mod lazy;
mod policies;
mod policy;
mod rng;
mod rules;
mod scheduler;
mod seed;
mod time;

pub use clock::{Clock, FuelObserver, VirtualClock};
pub use described::Described;
pub use description::{Description, Undescribed, Value};
pub use error::PolicyError;
pub use insecure_seed::InsecureSeed;
pub use policies::{Policies, Role, Snapshot, UndescribedPolicies};
pub use policy::Policy;
pub use rng::{ByteStream, ChaCha8, Rng, next_bytes_as_u64};
pub use rules::Rules;
pub use scheduler::{Event, EventKind, InOrder, Scheduler, Selection, YieldObserver};
pub use seed::{ParseSeedError, Seed};
pub use time::{ClockId, Instant, WallTime};

/// The generator traits that [`Rng`] is implemented for, so that an embedder needs no version of their own.
pub use rand_core;
