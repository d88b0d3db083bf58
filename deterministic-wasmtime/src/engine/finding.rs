//! What is missing from an engine, how that was seen, and what fixes it.

use std::fmt;

/// A setting of an engine that is not as [`configure`](super::configure) sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Setting {
    /// NaNs have the bits that processor and compiler give them.
    NanBits,
    /// Relaxed SIMD instructions give what the processor gives.
    RelaxedSimd,
    /// Guests may have memory that several threads use.
    SharedMemory,
    /// The same for tables, globals and functions.
    SharedEverythingThreads,
    /// Components may have several threads in one task.
    ComponentThreads,
    /// Another thread may stop the guest at any place.
    Epochs,
    /// Guests have more or less stack than [`MAX_WASM_STACK`](super::MAX_WASM_STACK).
    StackSize,
    /// Garbage is collected in another way, or in one that depends on how Wasmtime was built.
    Collector,
    /// Memory cannot grow beyond what the host reserved for it.
    FixedMemory,
    /// Error texts show files and lines, or do so if an environment variable says so.
    BacktraceDetails,
}

/// What a missing setting can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Weight {
    /// Texts that the host sees, and nothing that the guest sees.
    Texts,
    /// How far a guest comes before a fault of the machine ends it.
    Reach,
    /// What the guest computes, or where it is stopped.
    Results,
}

impl Setting {
    /// What the setting can change.
    pub fn weight(self) -> Weight {
        match self {
            Setting::NanBits
            | Setting::RelaxedSimd
            | Setting::SharedMemory
            | Setting::SharedEverythingThreads
            | Setting::ComponentThreads
            | Setting::Epochs => Weight::Results,
            Setting::StackSize | Setting::Collector | Setting::FixedMemory => Weight::Reach,
            Setting::BacktraceDetails => Weight::Texts,
        }
    }

    /// What differs between runs or machines without it.
    pub fn problem(self) -> &'static str {
        match self {
            Setting::NanBits => "the bits of a NaN depend on processor and compiler",
            Setting::RelaxedSimd => "relaxed SIMD instructions give what the processor gives",
            Setting::SharedMemory => "guests may share memory between threads, which race",
            Setting::SharedEverythingThreads => "guests may share more than memory between threads, which race",
            Setting::ComponentThreads => "which of a task's threads is cancelled depends on a hash map's order",
            Setting::Epochs => "epochs let another thread stop the guest at any place",
            Setting::StackSize => "recursion ends at another depth than under `configure`",
            Setting::Collector => "a heap is full at another point than under `configure`",
            Setting::FixedMemory => "memory cannot grow beyond what the host reserved",
            Setting::BacktraceDetails => "error texts depend on debug information or on WASMTIME_BACKTRACE_DETAILS",
        }
    }

    /// The call that fixes it; [`configure`](super::configure) makes all of them.
    pub fn fix(self) -> &'static str {
        match self {
            Setting::NanBits => "Config::cranelift_nan_canonicalization(true)",
            Setting::RelaxedSimd => "Config::relaxed_simd_deterministic(true) or Config::wasm_relaxed_simd(false)",
            Setting::SharedMemory => "Config::shared_memory(false) or Config::wasm_threads(false)",
            Setting::SharedEverythingThreads => "Config::wasm_shared_everything_threads(false)",
            Setting::ComponentThreads => "Config::wasm_component_model_threading(false)",
            Setting::Epochs => "Config::epoch_interruption(false), and fuel to stop a guest",
            Setting::StackSize => "Config::max_wasm_stack(deterministic_wasmtime::engine::MAX_WASM_STACK)",
            Setting::Collector => "Config::collector(Collector::Copying)",
            Setting::FixedMemory => "Config::memory_may_move(true) and Config::gc_heap_may_move(true)",
            Setting::BacktraceDetails => "Config::wasm_backtrace_details(WasmBacktraceDetails::Disable)",
        }
    }
}

/// How a missing setting was seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Evidence {
    /// The engine says so.
    Stated,
    /// A module that was run on it shows it.
    Shown {
        /// What was run: an instruction, or a few words.
        probe: &'static str,
        /// What it gave.
        gave: String,
        /// What it should have given.
        expected: String,
    },
}

/// A setting that is missing from an engine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Finding {
    /// Which setting.
    pub setting: Setting,
    /// How that was seen. What a probe shows goes before what the engine says.
    pub evidence: Evidence,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.setting.problem())?;
        if let Evidence::Shown { probe, gave, expected } = &self.evidence {
            write!(f, " ({probe} gave {gave} for {expected})")?;
        }
        write!(f, "; use {}", self.setting.fix())
    }
}
