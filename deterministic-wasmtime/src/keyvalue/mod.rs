//! `wasi:keyvalue` (0.2.0-draft): `store`, `atomics` and `batch`, in memory and in order.
//!
//! ```
//! # fn link<T: deterministic_wasmtime::DeterministicView + 'static>(
//! #     linker: &mut wasmtime::component::Linker<T>, state: &mut T,
//! # ) -> wasmtime::Result<()> {
//! deterministic_wasmtime::keyvalue::add_to_linker(linker)?;
//! state.deterministic_view().ctx.keyvalue_mut().insert("", "counter", "41")?;
//! # Ok(())
//! # }
//! ```
//!
//! - A bucket exists if the embedder made it; the one with the empty name always does. `open` gives `no-such-store` for any
//!   other. Two handles to one bucket show the same data.
//! - `list-keys` gives all keys in one answer, in the order of their bytes, without a cursor: no later call could then see
//!   a key twice or miss one. A cursor that the guest makes up skips as many keys.
//! - Limits, over all buckets together: [`MAX_KEYS`] keys, [`MAX_BYTES`] bytes of keys and values. What would exceed one
//!   gets `error.other` and changes nothing; so does an answer of more than [`MAX_BYTES`]. A `set-many` that fails has set
//!   the pairs before the one that failed.
//! - Handles to buckets, and what the guest sets, count to [`max_held_bytes`](crate::wasi::Wasi::set_max_held_bytes), beyond which
//!   it gets `error.other`, too.
//! - The texts of `error.other` are this crate's own and depend on no host.
//!
//! wasmtime-wasi-keyvalue lists in the order of a hash map, which is another in each process, and gives each `open` a copy
//! of the data of its own.

mod bindings;

pub use bindings::{add_to_linker, atomics, batch, store};
pub use deterministic_wasi::{Full, KeyValue, MAX_BYTES, MAX_KEYS};
