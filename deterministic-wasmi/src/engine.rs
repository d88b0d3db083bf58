//! The engine under a guest: configuring it, limiting what a guest takes, and telling whose fault an end was.
//!
//! | item | what it is |
//! |---|---|
//! | [`configure`] | sets what makes an engine's results the same everywhere, and those of Wasmtime |
//! | [`Limits`] | memory, tables and instances, decided by numbers and never by the host |
//! | [`trap_of`] | which trap of WebAssembly's an error is |
//! | [`Fault`], [`fault_of`] | whether any machine would have ended the guest so, or only this one |

mod config;
mod fault;
mod limits;

pub use config::{MAX_CALLS, MAX_STACK, configure};
pub use deterministic_wasi::ending::Fault;
pub use deterministic_wasi::{Refusal, Resource};
pub use fault::{fault_of, trap_of};
pub use limits::Limits;
