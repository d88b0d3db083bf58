//! WASI 0.2 for components, every 0.2.x.
//!
//! [`add_to_linker_sync`] and [`add_to_linker_async`] link the world `wasi:cli/imports`. To link interface by interface, take
//! the ones below beside wasmtime-wasi's own for the rest:
//!
//! | interface | answered by |
//! |---|---|
//! | `wasi:clocks/monotonic-clock`, `wasi:clocks/wall-clock` | [`monotonic_clock`], [`wall_clock`]: the clock policy |
//! | `wasi:clocks/timezone` | [`timezone`]: UTC |
//! | `wasi:random/random`, `insecure`, `insecure-seed` | [`random`], [`insecure`], [`insecure_seed`]: the policies |
//! | `wasi:io/poll` | [`poll`]: virtual time and the scheduler; needed by whoever links `monotonic_clock` |
//! | `wasi:io/error` | [`error`]: texts that say nothing of the host |
//! | `wasi:io/streams` | [`streams`]: those of files at once, all others wasmtime-wasi's; needed by whoever links `filesystem` |
//! | `wasi:filesystem/types`, `wasi:filesystem/preopens` | [`filesystem`], [`preopens`]: [`deterministic_fs`] |
//! | `wasi:cli/*`, `wasi:sockets/*` | wasmtime-wasi |

mod clocks;
mod deadlines;
mod errors;
pub(crate) mod files;
mod io;
mod polling;
mod randomness;
mod stdio;

pub use clocks::{monotonic_clock, timezone, wall_clock};
pub use errors::error;
pub use files::{filesystem, preopens};
pub use io::streams;
pub use polling::poll;
pub use randomness::{insecure, insecure_seed, random};

pub(crate) use io::{CHUNK, FileStreams};
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
    wasmtime_wasi::p2::add_to_linker_sync(linker)?;
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
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
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
    stdio::add_to_linker(linker)
}

/// A module with an `add_to_linker` for an interface whose traits [`DeterministicCtxView`](crate::DeterministicCtxView)
/// implements.
macro_rules! linked {
    ($(#[$doc:meta])* $name:ident, $bindings:path) => {
        $(#[$doc])*
        pub mod $name {
            use $bindings as bindings;

            /// Defines this interface in `linker`.
            ///
            /// # Errors
            ///
            /// If the linker has it already and does not allow shadowing.
            pub fn add_to_linker<T: crate::DeterministicView + 'static>(
                linker: &mut wasmtime::component::Linker<T>,
            ) -> wasmtime::Result<()> {
                bindings::add_to_linker::<T, crate::Deterministic>(linker, T::deterministic_view)
            }
        }
    };
}
pub(crate) use linked;
