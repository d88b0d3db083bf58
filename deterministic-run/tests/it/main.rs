//! Runs as values, and their names.

mod fingerprint;
mod run;
