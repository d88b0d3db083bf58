//! WASI 0.2 for components, every 0.2.x.
//!
//! [`add_to_linker_sync`] and [`add_to_linker_async`] link the world `wasi:cli/imports`. Every function is this crate's own, and
//! is counted by name; a clock that observes fuel hears of each call. To link interface by interface:
//!
//! | interface | answered by |
//! |---|---|
//! | `wasi:clocks/monotonic-clock`, `wasi:clocks/wall-clock` | [`monotonic_clock`], [`wall_clock`]: the clock policy |
//! | `wasi:clocks/timezone` | [`timezone`]: UTC |
//! | `wasi:random/random`, `insecure`, `insecure-seed` | [`random`], [`insecure`], [`insecure_seed`]: the policies |
//! | `wasi:io/poll` | [`poll`]: virtual time and the scheduler; needed by whoever links `monotonic_clock` |
//! | `wasi:io/error` | [`error`]: texts that say nothing of the host |
//! | `wasi:io/streams` | [`streams`]: those of files at once, all others the embedder's; needed by whoever links `filesystem` |
//! | `wasi:filesystem/types`, `wasi:filesystem/preopens` | [`filesystem`], [`preopens`]: [`deterministic_fs`] |
//! | `wasi:cli/environment`, `stdin`, `stdout`, `stderr`, `terminal-*` | [`environment`], [`stdin`], [`stdout`], [`stderr`], [`terminal_input`] and the like: what the builder was given |
//! | `wasi:cli/exit` | [`exit`] |
//! | `wasi:sockets/*` | [`network`], [`instance_network`], [`ip_name_lookup`], [`tcp`], [`tcp_create_socket`], [`udp`], [`udp_create_socket`]: all refused |

mod cli;
mod clocks;
mod deadlines;
mod errors;
pub(crate) mod files;
mod io;
mod polling;
mod randomness;
mod sockets;

pub use cli::{
    environment, exit, stderr, stdin, stdout, terminal_input, terminal_output, terminal_stderr, terminal_stdin,
    terminal_stdout,
};
pub use clocks::{monotonic_clock, timezone, wall_clock};
pub use errors::error;
pub use files::{filesystem, preopens};
pub use io::streams;
pub use polling::poll;
pub use randomness::{insecure, insecure_seed, random};
pub use sockets::{instance_network, ip_name_lookup, network, tcp, tcp_create_socket, udp, udp_create_socket};

pub(crate) use cli::{exit_with, exit_with_code};
#[cfg(feature = "http")]
pub(crate) use deadlines::Deadline;
pub(crate) use io::{CHUNK, Streams};
pub(crate) use polling::Timers;
pub(crate) use randomness::{MAX_RANDOM, draw};

use wasmtime::Result;
use wasmtime::component::Linker;

use crate::DeterministicView;

/// Defines all interfaces of `wasi:cli/imports` in `linker`, for components that are instantiated and called
/// synchronously.
///
/// Leaves the linker allowing shadowing.
///
/// # Errors
///
/// What the linker says.
pub fn add_to_linker_sync<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    linker.allow_shadowing(true);
    poll::add_to_linker_sync(linker)?;
    streams::add_to_linker_sync(linker)?;
    answered(linker)
}

/// As [`add_to_linker_sync`], for components that are instantiated and called asynchronously.
///
/// # Errors
///
/// What the linker says.
pub fn add_to_linker_async<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    linker.allow_shadowing(true);
    poll::add_to_linker_async(linker)?;
    streams::add_to_linker_async(linker)?;
    answered(linker)
}

/// The interfaces that are the same for both kinds of linker.
fn answered<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    monotonic_clock::add_to_linker(linker)?;
    wall_clock::add_to_linker(linker)?;
    timezone::add_to_linker(linker)?;
    random::add_to_linker(linker)?;
    insecure::add_to_linker(linker)?;
    insecure_seed::add_to_linker(linker)?;
    error::add_to_linker(linker)?;
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
    network::add_to_linker(linker)?;
    instance_network::add_to_linker(linker)?;
    ip_name_lookup::add_to_linker(linker)?;
    tcp::add_to_linker(linker)?;
    tcp_create_socket::add_to_linker(linker)?;
    udp::add_to_linker(linker)?;
    udp_create_socket::add_to_linker(linker)
}
