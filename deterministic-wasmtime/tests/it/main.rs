//! The adapter's tests, one binary.

mod abi;
mod captured;
mod dependencies;
#[cfg(target_os = "linux")]
mod devices;
mod engine;
mod guests;
mod held;
mod hooks;
mod imports;
mod instances;
mod limits;
mod moved_over;
#[cfg(unix)]
mod posix;
mod standstill;
mod stock;
mod trees;

use against_stock::probe;
