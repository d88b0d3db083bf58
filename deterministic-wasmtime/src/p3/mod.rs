//! WASI 0.3 for components.
//!
//! [`add_to_linker`] links the world `wasi:cli/imports`. Every function is counted by name, and a clock that observes fuel hears
//! of each call. To link interface by interface:
//!
//! | interface | answered by |
//! |---|---|
//! | `wasi:clocks/monotonic-clock`, `wasi:clocks/system-clock` | [`monotonic_clock`], [`system_clock`]: the clock policy |
//! | `wasi:clocks/timezone` | [`timezone`]: UTC |
//! | `wasi:random/random`, `insecure`, `insecure-seed` | [`random`], [`insecure`], [`insecure_seed`]: the policies |
//! | `wasi:filesystem/types`, `wasi:filesystem/preopens` | [`filesystem`], [`preopens`]: [`deterministic_fs`] |
//! | `wasi:cli/environment`, `stdin`, `stdout`, `stderr`, `terminal-*` | [`environment`], [`stdin`], [`stdout`], [`stderr`], [`terminal_input`] and the like: what the builder was given |
//! | `wasi:cli/exit` | [`exit`] |
//! | `wasi:sockets/types`, `wasi:sockets/ip-name-lookup` | [`sockets`], [`ip_name_lookup`]: all refused |
//!
//! A guest's tasks wait at the same time, so time moves only when none of them can go on: whoever calls into the guest
//! does so through [`drive`], or [`block_on`] in a function that is not asynchronous.

mod cli;
mod clocks;
mod files;
mod network;
mod outcome;
mod randomness;

pub use cli::{
    environment, exit, stderr, stdin, stdout, terminal_input, terminal_output, terminal_stderr, terminal_stdin,
    terminal_stdout,
};
pub use clocks::{monotonic_clock, system_clock, timezone};
pub use files::{filesystem, preopens};
pub use network::{ip_name_lookup, sockets};
use outcome::Outcome;
pub use randomness::{insecure, insecure_seed, random};

pub use crate::component::{Waits, block_on, drive};

use wasmtime::Result;
use wasmtime::component::Linker;

use crate::DeterministicView;

/// Defines all interfaces of `wasi:cli/imports` in `linker`. It can have those of WASI 0.2 as well.
///
/// Leaves the linker allowing shadowing.
///
/// # Errors
///
/// What the linker says.
pub fn add_to_linker<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    linker.allow_shadowing(true);
    monotonic_clock::add_to_linker(linker)?;
    system_clock::add_to_linker(linker)?;
    timezone::add_to_linker(linker)?;
    random::add_to_linker(linker)?;
    insecure::add_to_linker(linker)?;
    insecure_seed::add_to_linker(linker)?;
    filesystem::add_to_linker(linker)?;
    preopens::add_to_linker(linker)?;
    environment::add_to_linker(linker)?;
    exit::add_to_linker(linker)?;
    stdin::add_to_linker(linker)?;
    stdout::add_to_linker(linker)?;
    stderr::add_to_linker(linker)?;
    terminal_input::add_to_linker(linker)?;
    terminal_output::add_to_linker(linker)?;
    terminal_stdin::add_to_linker(linker)?;
    terminal_stdout::add_to_linker(linker)?;
    terminal_stderr::add_to_linker(linker)?;
    ip_name_lookup::add_to_linker(linker)?;
    sockets::add_to_linker(linker)
}
