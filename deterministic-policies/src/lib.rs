#![doc = include_str!("../README.md")]
// So that docs.rs says which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod clock;
mod error;
#[cfg(feature = "serde")]
mod position;
mod preset;
mod ratio;
mod rng;
mod scheduler;
mod seeded_numbers;
mod snapshot;
#[cfg(feature = "testing")]
pub mod testing;

#[cfg(feature = "std")]
pub use clock::HostClock;
pub use clock::{
    Drift, FrozenClock, FuelClock, Jitter, Jump, Jumps, Scaled, ScriptEnd, ScriptedClock, Until, VirtualClock, stepping,
};
pub use error::{ConfigError, UnknownName};
pub use preset::Preset;
pub use ratio::Ratio;
#[cfg(feature = "std")]
pub use rng::HostRng;
pub use rng::{
    ChaCha8, ChaCha12, ChaCha20, Counter, DeterministicWasiCtxRng, Generator, Pcg64Mcg, Refusing, Repeating,
};
pub use scheduler::{Delaying, InOrder, OneAtATime, Pct, SeededOrder};
