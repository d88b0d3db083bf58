//! Running wasmtime-wasi's asynchronous functions to their end from a synchronous call.

use std::pin::pin;

use wasmtime_wasi::runtime::{in_tokio, poll_noop, with_ambient_tokio_runtime};

/// The result of `future`. Almost all are ready when first polled, since files are used on the calling thread and
/// streams lie in memory; only what an embedder's own stream makes wait needs an executor.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    match with_ambient_tokio_runtime(|| poll_noop(future.as_mut())) {
        Some(output) => output,
        None => in_tokio(future),
    }
}
