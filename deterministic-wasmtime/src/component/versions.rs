//! The versions of WASI whose interfaces are linked, each written once.
//!
//! Macros, so that a name with its version is a constant, and is not put together while a guest runs.

/// The name of an interface of WASI 0.2. For ours to replace stock's, it is the version that wasmtime-wasi and
/// wasmtime-wasi-http define; a test says so.
macro_rules! p2_name {
    ($interface:literal) => {
        concat!($interface, "@0.2.12")
    };
}
pub(crate) use p2_name;

/// The name of an interface of WASI 0.3, in the same way.
macro_rules! p3_name {
    ($interface:literal) => {
        concat!($interface, "@0.3.0")
    };
}
pub(crate) use p3_name;

/// The name of an interface of `wasi:keyvalue`, with the version in `wit/keyvalue`.
macro_rules! keyvalue_name {
    ($interface:literal) => {
        concat!($interface, "@0.2.0-draft")
    };
}
pub(crate) use keyvalue_name;

/// The name of an interface of `wasi:config`, with the version in `wit/config`.
macro_rules! config_name {
    ($interface:literal) => {
        concat!($interface, "@0.2.0-rc.1")
    };
}
pub(crate) use config_name;
