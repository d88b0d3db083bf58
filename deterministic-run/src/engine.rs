//! What guests run on: the engine, and a stack. How much the shell gives to a process is no part of a run, and must not end one.

use std::fmt;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::str::FromStr;
use std::thread;

use deterministic_wasmtime::configure;
use deterministic_wasmtime::engine::{ASYNC_STACK_SIZE, MAX_WASM_STACK};
use wasmtime::{Config, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Strategy};

use crate::Error;
use crate::core_dump::MAX_FRAMES;

/// What the host has beside the guest: for the functions that the guest calls, and for reading and compiling it.
const ROOM: usize = 8 << 20;

/// Which engine runs the guest. What comes of the run is the same on each, to the last byte of memory; what differs is how long it
/// takes, and which guests an engine can run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EngineKind {
    /// Wasmtime with Cranelift, which compiles to fast code, and runs every guest.
    #[default]
    Cranelift,
    /// Wasmtime with Winch, which compiles in one pass: sooner, to slower code. For x86-64, and for fewer of WebAssembly's proposals.
    Winch,
    /// Wasmtime's interpreter, which runs on every processor: the guest is compiled by Cranelift for a processor that there is not.
    Pulley,
    /// wasmi, an interpreter that has nothing of Wasmtime's. For core modules, and for fewer proposals.
    #[cfg(feature = "wasmi")]
    Wasmi,
}

impl EngineKind {
    /// All of them.
    pub const ALL: &[EngineKind] = &[
        EngineKind::Cranelift,
        EngineKind::Winch,
        EngineKind::Pulley,
        #[cfg(feature = "wasmi")]
        EngineKind::Wasmi,
    ];

    /// Its name, in small letters.
    pub fn name(self) -> &'static str {
        match self {
            EngineKind::Cranelift => "cranelift",
            EngineKind::Winch => "winch",
            EngineKind::Pulley => "pulley",
            #[cfg(feature = "wasmi")]
            EngineKind::Wasmi => "wasmi",
        }
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No engine has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no engine `{name}`; choose one of: {}", known())]
pub struct UnknownEngine {
    name: String,
}

fn known() -> String {
    EngineKind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

/// By its [name](EngineKind::name).
impl FromStr for EngineKind {
    type Err = UnknownEngine;

    fn from_str(name: &str) -> Result<Self, UnknownEngine> {
        let known = EngineKind::ALL.iter().copied().find(|kind| kind.name() == name);
        known.ok_or_else(|| UnknownEngine { name: name.to_owned() })
    }
}

/// How one of Wasmtime's engines is set up for a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) kind: EngineKind,
    pub(crate) opt_level: Option<OptLevel>,
    /// Whether fuel is counted.
    pub(crate) fuel: bool,
    /// In bytes.
    pub(crate) wasm_stack: usize,
    /// Whether the engine keeps account of every instance, so that its memories can be seen.
    pub(crate) inspects: bool,
    /// Of how many runs at a time the instances come from a pool.
    pub(crate) pooled: usize,
    /// Whether what there is for a core dump is gathered when a guest is ended. The code is the same.
    pub(crate) core_dump: bool,
}

impl Setup {
    pub(crate) fn config(self) -> Result<Config, Error> {
        let mut config = engine_config(self.fuel, self.wasm_stack);
        match self.kind {
            EngineKind::Cranelift => {}
            EngineKind::Winch => {
                config.strategy(Strategy::Winch);
            }
            EngineKind::Pulley => {
                config.target(PULLEY).map_err(crate::error::refused)?;
            }
            // Its types are what calls are read by.
            #[cfg(feature = "wasmi")]
            EngineKind::Wasmi => {}
        }
        if let Some(level) = self.opt_level {
            config.cranelift_opt_level(level);
        }
        if self.inspects {
            config.guest_debug(true);
        }
        if self.pooled > 0 {
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(self.pooled)));
        }
        if self.core_dump {
            config.coredump_on_trap(true).wasm_backtrace_max_frames(NonZeroUsize::new(MAX_FRAMES));
        }
        Ok(config)
    }
}

/// The largest memory that an instance of a pool has, in bytes.
pub(crate) const POOLED_MEMORY: usize = 4 << 30;

/// Room for so many runs at a time, with as much in each as guests have that compilers make. It is address space; what is not used takes
/// no memory.
fn pool(runs: usize) -> PoolingAllocationConfig {
    let of_each = |count: u32| count.saturating_mul(u32::try_from(runs).unwrap_or(u32::MAX));
    let mut pool = PoolingAllocationConfig::new();
    pool.total_memories(of_each(8))
        .total_tables(of_each(8))
        .total_core_instances(of_each(8))
        .total_component_instances(of_each(1))
        .total_stacks(of_each(8))
        .max_core_instance_size(16 << 20)
        .max_component_instance_size(16 << 20)
        .max_memories_per_module(8)
        .max_memories_per_component(8)
        .max_tables_per_module(8)
        .max_tables_per_component(8)
        // No fewer than a run may have without a pool, where a table would grow that does not here.
        .table_elements(10_000_000)
        // So much of each is set to zero by hand, which takes less than to ask the host for it.
        .linear_memory_keep_resident(64 << 10)
        .table_keep_resident(64 << 10)
        .max_memory_size(POOLED_MEMORY);
    pool
}

/// Pulley for this machine's pointers and order of bytes.
const PULLEY: &str = match (cfg!(target_pointer_width = "64"), cfg!(target_endian = "little")) {
    (true, true) => "pulley64",
    (true, false) => "pulley64be",
    (false, true) => "pulley32",
    (false, false) => "pulley32be",
};

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
