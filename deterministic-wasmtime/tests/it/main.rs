//! The adapter's tests, one binary.

mod abi;
mod captured;
mod dependencies;
#[cfg(target_os = "linux")]
mod devices;
mod differential;
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
mod probe;
mod random_files;
mod standstill;
mod trees;
