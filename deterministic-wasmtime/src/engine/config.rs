//! What the engine itself must promise.

use wasmtime::{Collector, Config, WasmBacktraceDetails};

/// How much stack a guest has, in bytes: 512 KiB. How many calls that is depends on the compiler and the processor, which
/// is why a [`StackOverflow`](wasmtime::Trap::StackOverflow) is a [fault of the machine](super::Fault::Machine).
pub const MAX_WASM_STACK: usize = 512 << 10;

/// How large the stack is on which a guest runs asynchronously, in bytes: 2 MiB, of which the host's functions have
/// what [`MAX_WASM_STACK`] leaves.
pub const ASYNC_STACK_SIZE: usize = 2 << 20;

/// The collector of garbage: which one decides when a heap is full.
pub(super) const COLLECTOR: Collector = Collector::Copying;

/// Sets what makes an engine's own results the same on every run and machine; everything else is left as it is. Adjust the
/// configuration afterwards as you like, and ask [`check_engine`](super::check_engine) what that changed.
///
/// What each costs is measured in [the README](crate#what-the-settings-cost).
///
/// | setting | value | without it |
/// |---|---|---|
/// | `cranelift_nan_canonicalization` | on | the bits of a NaN depend on processor and compiler |
/// | `relaxed_simd_deterministic` | on | relaxed instructions give what the processor gives |
/// | `shared_memory` | off | threads of the host race on a guest's memory |
/// | `wasm_shared_everything_threads` | off | the same, on more than memories |
/// | `wasm_component_model_threading` | off | which of a task's threads is cancelled is a hash map's choice |
/// | `epoch_interruption` | off | another thread decides where a guest is stopped |
/// | `max_wasm_stack` | [`MAX_WASM_STACK`] | where recursion ends depends on the release of Wasmtime |
/// | `async_stack_size` | [`ASYNC_STACK_SIZE`] | host functions may have too little |
/// | `collector` | copying | when a heap is full depends on how Wasmtime was built |
/// | `memory_may_move`, `gc_heap_may_move` | on | memory ends where the reservation ends, which differs between hosts |
/// | `wasm_stack_switching` | off | a module that only x86-64 compiles |
/// | `wasm_backtrace_details` | off | error texts depend on an environment variable |
///
/// The atomic instructions stay: on a memory that is not shared they are as deterministic as any other, and programs that
/// were built for threads use them without having any.
///
/// One thing it cannot fix: on an x86-64 without fused multiplication (before 2013), Wasmtime 48 gives NaNs from
/// `relaxed_madd` and `relaxed_nmadd` that are not canonical. [`check_engine`](super::check_engine) finds that;
/// `wasm_relaxed_simd(false)` refuses those instructions.
///
/// Left alone because the guest cannot see them: the compiler and its optimisation (a test holds one digest of all float
/// instructions against each), its register allocation and verifier, parallel and cached compilation, how memory is
/// reserved, guarded and initialised, whether traps use signals, unwinding tables, debug information, profiling. Left
/// alone because they are the embedder's choice and part of the run's configuration: fuel and what an instruction costs
/// (it takes time, and Winch counts less of it for instructions such as `memory.fill`), proposals (what a compiler lacks is refused at compilation, never answered differently), inlining
/// (how deep calls go), and the pooling allocator, whose caps [`Limits::check_engine`](super::Limits::check_engine) holds
/// against the policy's.
///
/// Fuel is the deterministic way to stop a guest; epochs never are, as another thread counts them.
///
/// # Errors
///
/// None here; `Engine::new` reports what contradicts.
///
/// # Panics
///
/// Wasmtime's, if `Config::enable_compiler(false)` was called before: call it after. NaNs are then as the engine left
/// them that compiled the guest.
pub fn configure(config: &mut Config) -> &mut Config {
    config
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        .shared_memory(false)
        .wasm_shared_everything_threads(false)
        .wasm_component_model_threading(false)
        .epoch_interruption(false)
        .max_wasm_stack(MAX_WASM_STACK)
        .async_stack_size(ASYNC_STACK_SIZE)
        .collector(COLLECTOR)
        .memory_may_move(true)
        .gc_heap_may_move(true)
        .wasm_stack_switching(false)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
}
