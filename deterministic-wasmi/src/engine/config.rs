//! What the engine itself must promise.

use wasmi::{CompilationMode, Config};

/// How deep calls may go: 262 144. More than Wasmtime's stack has room for, so that a guest which runs there runs here; beyond it, a
/// [`StackOverflow`](wasmi::TrapCode::StackOverflow) is a [fault of the machine](super::Fault::Machine).
pub const MAX_CALLS: usize = 1 << 18;

/// How much room the values of all calls have, in bytes: 64 MiB, which are taken as they are needed.
pub const MAX_STACK: usize = 64 << 20;

/// Sets what makes an engine's own results the same on every run and machine, and the same as Wasmtime's under
/// `deterministic_wasmtime::configure`; fuel is left as it is.
///
/// | setting | value | without it |
/// |---|---|---|
/// | `compilation_mode` | eager | which call pays fuel for a function's translation depends on who called it before, in any store |
/// | `set_max_recursion_depth`, `set_max_stack_height` | [`MAX_CALLS`], [`MAX_STACK`] | a thousand calls end a guest, which Wasmtime runs |
/// | `allow_start_fn`, `floats` | on | modules that Wasmtime runs are refused |
/// | `wasm_custom_page_sizes`, `wasm_wide_arithmetic` | off, as in Wasmtime | modules run that Wasmtime refuses |
/// | `wasm_memory64` | off | a guest can end the process: wasmi 2.0 panics, and does not unwind, where a memory grows that may have 2^48 pages |
/// | `wasm_simd`, `wasm_relaxed_simd` | on, but off on big-endian processors | vectors have other values there: wasmi 2.0 reads their lanes in the processor's byte order |
/// | the other proposals of WebAssembly 3 that wasmi has | on: several memories, tail calls, extended constants, and older ones | |
///
/// What is off, and what wasmi lacks (garbage-collected objects, typed function references, exceptions, atomic instructions) is refused when a module is
/// compiled, and never answered differently. There are no threads and no epochs.
///
/// The bits of NaN and the relaxed instructions are made the same by features of wasmi that this crate turns on.
pub fn configure(config: &mut Config) -> &mut Config {
    let vectors = cfg!(target_endian = "little");
    config
        .compilation_mode(CompilationMode::Eager)
        .set_max_recursion_depth(MAX_CALLS)
        .set_max_stack_height(MAX_STACK)
        .allow_start_fn(true)
        .floats(true)
        .wasm_mutable_global(true)
        .wasm_sign_extension(true)
        .wasm_saturating_float_to_int(true)
        .wasm_multi_value(true)
        .wasm_bulk_memory(true)
        .wasm_reference_types(true)
        .wasm_tail_call(true)
        .wasm_extended_const(true)
        .wasm_multi_memory(true)
        .wasm_memory64(false)
        .wasm_simd(vectors)
        .wasm_relaxed_simd(vectors)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
}
