#![doc = include_str!("../README.md")]
// So that docs.rs says which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod builder;
mod clocks;
mod failure;
mod hooks;
mod instants;
mod poll;
mod random;
mod sched;
mod shared;

pub use builder::{DeterministicWasiCtxBuilder, build_wasi_ctx};
pub use failure::{Failure, FailureKind};
pub use hooks::Hooks;
pub use shared::Handle;
pub use wasi_common;
