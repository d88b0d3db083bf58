//! The stack that guests run on. How much the shell gives to a process is no part of a run, and must not end one.

use std::panic::resume_unwind;
use std::thread;

use deterministic_wasmtime::engine::{ASYNC_STACK_SIZE, MAX_WASM_STACK};
use wasmtime::Config;

use crate::problem::Problem;

/// What the host has beside the guest: for the functions that the guest calls, and for reading and compiling it.
const ROOM: usize = 8 << 20;

/// Gives guests `bytes` of stack, be it a thread's or one of those on which they run asynchronously.
pub(crate) fn set(config: &mut Config, bytes: usize) -> &mut Config {
    let beside = ASYNC_STACK_SIZE - MAX_WASM_STACK;
    config.max_wasm_stack(bytes).async_stack_size(bytes.saturating_add(beside))
}

/// Does `work` on a thread that has room for guests with `bytes` of stack.
pub(crate) fn with<R: Send>(bytes: usize, work: impl FnOnce() -> R + Send) -> Result<R, Problem> {
    thread::scope(|scope| {
        let size = bytes.saturating_add(ROOM).min(isize::MAX as usize);
        let thread = thread::Builder::new()
            .stack_size(size)
            .spawn_scoped(scope, work)
            .map_err(|error| Problem::NoStack { bytes: size as u64, error })?;
        thread.join().map_err(|panic| resume_unwind(panic))
    })
}
