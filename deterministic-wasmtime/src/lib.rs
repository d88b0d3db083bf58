#![doc = include_str!("../README.md")]
// So that docs.rs says which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod component;
pub mod config_store;
pub mod coverage;
mod ctx;
mod deterministic_wasi_ctx;
mod end;
pub mod engine;
mod executor;
mod files;
mod held;
mod hooks;
#[cfg(feature = "http")]
pub mod http;
pub mod keyvalue;
pub mod p1;
pub mod p2;
pub mod p3;
mod shown;
mod view;

pub use ctx::DeterministicCtx;
pub use deterministic_core as core;
pub use deterministic_fs as fs;
pub use deterministic_policies as policies;
pub use deterministic_wasi as wasi;
#[cfg(feature = "watch")]
pub use deterministic_wasi::CallsSoFar;
pub use deterministic_wasi::{DEFAULT_MAX_HELD_BYTES, Error, MAX_SLEEPS_IN_VAIN};
pub use deterministic_wasi_ctx::{
    add_determinism_to_wasi_ctx_builder, replace_scheduling_functions, replace_scheduling_functions_for_wasi_preview_0,
};
pub use engine::configure;
pub use hooks::WasiCtxBuilderExt;
pub use shown::{Shown, shown};
pub use view::{ComponentCtx, Deterministic, DeterministicCtxView, DeterministicView, MAX_RESOURCES};
