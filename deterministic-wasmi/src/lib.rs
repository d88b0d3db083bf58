#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod ended;
pub mod engine;
mod link;

pub use deterministic_core as core;
pub use deterministic_fs as fs;
pub use deterministic_policies as policies;
pub use deterministic_wasi as wasi;
pub use deterministic_wasi::p1::P1Ctx;
pub use deterministic_wasi::{DEFAULT_MAX_HELD_BYTES, Error, MAX_SLEEPS_IN_VAIN};
pub use ended::Ended;
pub use engine::configure;
pub use link::add_to_linker;
