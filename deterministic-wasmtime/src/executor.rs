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

/// What to do about an answer that is not there yet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wait {
    /// Wait for it, as a synchronous linker may.
    Block,
    /// Do without: on an asynchronous linker's executor nobody may block.
    Never,
}

impl Wait {
    /// The result of `future`, or `None` if it has none yet and this must not wait.
    pub(crate) fn run<F: Future>(self, future: F) -> Option<F::Output> {
        match self {
            Wait::Block => Some(block_on(future)),
            Wait::Never => {
                let mut future = pin!(future);
                // A timer that is due is reported at the second look.
                (0..4).find_map(|_| with_ambient_tokio_runtime(|| poll_noop(future.as_mut())))
            }
        }
    }
}
