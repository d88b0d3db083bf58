//! What the engine itself must promise.

use wasmtime::{Config, WasmBacktraceDetails};

/// Sets what makes an engine's own results the same on every run and machine; everything else is left as it is.
///
/// | setting | value | without it |
/// |---|---|---|
/// | NaN canonicalisation | on | the bits of a NaN depend on processor and compiler |
/// | relaxed SIMD | deterministic lowering | relaxed instructions give what the processor gives |
/// | threads and atomics | off | threads race |
/// | shared memory | off | so do their memories |
/// | backtrace details | off | error texts depend on an environment variable |
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
        .wasm_threads(false)
        .wasm_shared_everything_threads(false)
        .shared_memory(false)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
}
