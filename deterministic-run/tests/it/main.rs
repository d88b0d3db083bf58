//! Runs as values, and their names.

mod cache;
mod core_dump;
mod engines;
mod fingerprint;
mod log;
mod preload;
mod run;
mod search;
mod trace;
mod verify;
