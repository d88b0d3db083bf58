//! Canonical NaNs, from outside: what is rewritten gives on any engine what Wasmtime gives that canonicalises by itself.
#![forbid(unsafe_code)]

mod chains;
mod components;
mod faithful;
mod generated;
mod operators;
mod support;
mod together;
