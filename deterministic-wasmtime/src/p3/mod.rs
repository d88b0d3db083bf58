//! WASI 0.3 for components.
//!
//! [`add_to_linker`] links the world `wasi:cli/imports`. To link interface by interface, take [`monotonic_clock`],
//! [`system_clock`], [`random`], [`insecure`] and [`insecure_seed`] beside wasmtime-wasi's own for the rest.
//!
//! A guest's tasks wait beside each other, so time moves only when none of them can go on: whoever calls into the guest
//! does so through [`drive`], or [`block_on`] where there is no executor.

mod clocks;
mod drive;
mod randomness;

#[cfg(feature = "http")]
pub(crate) use clocks::wait;
pub use clocks::{monotonic_clock, system_clock, timezone};
pub use drive::{Waits, block_on, drive};
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
    insecure_seed::add_to_linker(linker)
}
