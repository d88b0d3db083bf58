//! WASI 0.3 for components.
//!
//! [`add_to_linker`] links the world `wasi:cli/imports`. To link interface by interface, take the ones below beside
//! wasmtime-wasi's own for the rest:
//!
//! | interface | answered by |
//! |---|---|
//! | `wasi:clocks/monotonic-clock`, `wasi:clocks/system-clock` | [`monotonic_clock`], [`system_clock`]: the clock policy |
//! | `wasi:clocks/timezone` | [`timezone`]: UTC |
//! | `wasi:random/random`, `insecure`, `insecure-seed` | [`random`], [`insecure`], [`insecure_seed`]: the policies |
//! | `wasi:filesystem/types`, `wasi:filesystem/preopens` | [`filesystem`], [`preopens`]: [`deterministic_fs`] |
//! | `wasi:cli/*`, `wasi:sockets/*` | wasmtime-wasi |
//!
//! A guest's tasks wait beside each other, so time moves only when none of them can go on: whoever calls into the guest
//! does so through [`drive`], or [`block_on`] in a function that is not asynchronous.

mod clocks;
mod drive;
mod files;
mod randomness;

pub(crate) use clocks::pass_time;
#[cfg(feature = "http")]
pub(crate) use clocks::wait;
pub use clocks::{monotonic_clock, system_clock, timezone};
pub(crate) use drive::{Turn, beside};
pub use drive::{Waits, block_on, drive};
pub use files::{filesystem, preopens};
pub use randomness::{insecure, insecure_seed, random};

use wasmtime::Result;
use wasmtime::component::Linker;

use crate::DeterministicView;

/// Defines all interfaces of `wasi:cli/imports` in `linker`. It can have those of WASI 0.2 beside them.
///
/// Leaves the linker allowing shadowing.
///
/// # Errors
///
/// What the linker says.
pub fn add_to_linker<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    linker.allow_shadowing(true);
    wasmtime_wasi::p3::add_to_linker(linker)?;
    monotonic_clock::add_to_linker(linker)?;
    system_clock::add_to_linker(linker)?;
    timezone::add_to_linker(linker)?;
    random::add_to_linker(linker)?;
    insecure::add_to_linker(linker)?;
    insecure_seed::add_to_linker(linker)?;
    filesystem::add_to_linker(linker)?;
    preopens::add_to_linker(linker)
}
