#![doc = include_str!("../README.md")]
// So that docs.rs says which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod bounded;
mod bundle;
pub mod cache;
mod component;
mod core_dump;
mod directories;
mod ended;
mod engine;
mod error;
pub mod fingerprint;
mod frames;
mod guest;
mod inputs;
#[cfg(feature = "wasmi")]
mod interpreted;
mod kind;
mod logging;
mod memories;
mod module;
mod opt_level;
mod order;
mod outcome;
mod outputs;
pub mod parts;
pub mod recipe;
mod run;
pub mod search;
mod stdin;
pub mod text;
pub mod trace;
pub mod verify;
#[cfg(feature = "watch")]
mod watch;

pub use bundle::{Bundle, Refused};
pub use component::Request;
pub use core_dump::{CoreDump, CoreDumpError};
pub use deterministic_wasmtime::core;
pub use deterministic_wasmtime::fs;
pub use deterministic_wasmtime::http;
pub use deterministic_wasmtime::policies;
pub use deterministic_wasmtime::wasi::log;
pub use directories::Left;
pub use ended::{Ended, Stopped, Trap};
pub use engine::{EngineKind, UnknownEngine, engine_config, give_stack, with_stack};
pub use error::Error;
pub use guest::{Guest, Kind};
pub use inputs::Inputs;
pub use kind::TrapKind;
pub use module::ProfileLine;
pub use opt_level::{UnknownOptLevel, opt_level, opt_level_name};
pub use outcome::{Outcome, Output, Summary};
pub use outputs::{OutputError, Sink, Stream};
pub use run::{Observer, Wanted};
pub use stdin::{Stdin, StdinError};
#[cfg(feature = "watch")]
pub use watch::{Seen, Watch};
