//! What the engine itself must promise.

use wasmtime::{Config, WasmBacktraceDetails};

/// Sets what makes an engine's own results the same on every run and machine; everything else is left as it is.
///
/// | setting | value | without it |
/// |---|---|---|
/// | NaN canonicalisation | on | the bits of a NaN depend on processor and compiler |
/// | relaxed SIMD | deterministic lowering | relaxed instructions give what the processor gives |
/// | shared memory, and so threads | off | threads race |
/// | backtrace details | off | error texts depend on an environment variable |
///
/// The atomic instructions stay: on a memory that is not shared they are as deterministic as any other, and programs that
/// were built for threads use them without having any.
///
/// Fuel is the embedder's choice, because it costs time; epochs are never deterministic, as another thread counts them.
///
/// # Errors
///
/// None here; `Engine::new` reports what contradicts.
pub fn configure(config: &mut Config) -> &mut Config {
    config
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .wasm_shared_everything_threads(false)
        .shared_memory(false)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
}
