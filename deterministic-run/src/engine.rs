//! What guests run on: the engine, and a stack. How much the shell gives to a process is no part of a run, and must not end one.

use std::panic::resume_unwind;
use std::thread;

use deterministic_wasmtime::configure;
use deterministic_wasmtime::engine::{ASYNC_STACK_SIZE, MAX_WASM_STACK};
use wasmtime::Config;

use crate::Error;

/// What the host has beside the guest: for the functions that the guest calls, and for reading and compiling it.
const ROOM: usize = 8 << 20;

/// The settings of the engine that runs guests with `wasm_stack` bytes of stack, and that counts fuel or does not.
pub fn engine_config(fuel: bool, wasm_stack: usize) -> Config {
    let mut config = Config::new();
    configure(&mut config).consume_fuel(fuel).wasm_component_model_async(true);
    give_stack(&mut config, wasm_stack);
    config
}

/// Gives guests `bytes` of stack, be it a thread's or one of those on which they run asynchronously.
pub fn give_stack(config: &mut Config, bytes: usize) -> &mut Config {
    let beside = ASYNC_STACK_SIZE - MAX_WASM_STACK;
    config.max_wasm_stack(bytes).async_stack_size(bytes.saturating_add(beside))
}

/// Does `work` on a thread that has room for guests with `wasm_stack` bytes of stack.
///
/// # Errors
///
/// [`Error::NoStack`] if the host has none.
pub fn with_stack<R: Send>(wasm_stack: usize, work: impl FnOnce() -> R + Send) -> Result<R, Error> {
    thread::scope(|scope| {
        let size = wasm_stack.saturating_add(ROOM).min(isize::MAX as usize);
        let thread = thread::Builder::new()
            .stack_size(size)
            .spawn_scoped(scope, work)
            .map_err(|source| Error::NoStack { bytes: size as u64, source })?;
        thread.join().map_err(|panic| resume_unwind(panic))
    })
}
