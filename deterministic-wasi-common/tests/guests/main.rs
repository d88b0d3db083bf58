//! Guests on wasmi, by `wasmi_wasi`, under policies.
#![forbid(unsafe_code)]

mod failures;
mod polls;
mod presets;
mod streams;
mod support;
mod time;
