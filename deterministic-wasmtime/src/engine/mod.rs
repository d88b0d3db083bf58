//! The engine under a guest: configuring one, checking one, limiting what a guest takes, and telling whose fault an end was.
//!
//! | item | what it is |
//! |---|---|
//! | [`configure`] | sets what makes an engine's results the same everywhere |
//! | [`check_engine`] | finds what an engine that someone else configured lacks, with the fix |
//! | [`Limits`] | memory, tables and instances, decided by numbers and never by the host |
//! | [`Fault`], [`fault_of`] | whether any machine would have ended the guest so, or only this one |
//!
//! A module that was compiled beforehand (`Module::deserialize`) brings the compiler's settings with it, and the engine that
//! runs it does not show them all: Wasmtime refuses one that another version or most other settings compiled, but not one
//! without canonical NaNs. Check the engine that compiles.

mod beside;
mod check;
mod config;
mod fault;
mod finding;
mod limits;
mod probes;
mod trials;

pub use beside::LimitsBeside;
pub use check::{Compiler, EngineError, EngineReport, check_engine};
pub use config::{ASYNC_STACK_SIZE, MAX_WASM_STACK, configure};
pub use deterministic_wasi::Resource;
pub use deterministic_wasi::ending::Fault;
pub use fault::fault_of;
pub use finding::{Evidence, Finding, Setting, Weight};
pub use limits::{LimitError, Limits};
