//! Runs as values, and their names.

mod cache;
mod fingerprint;
mod run;
