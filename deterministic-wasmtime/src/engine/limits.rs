//! What a guest may take of the host, decided by numbers.

use wasmtime::{Engine, Module, ResourceLimiter, Result, WasmFeatures};

use deterministic_wasi::{Budget, Resource};

/// Why limits do not fit a guest or an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum LimitError {
    /// The guest asks for more than the policy allows.
    #[error(
        "the guest asks for {asked} {resource}, and the limit is {limit}; raise it in `Limits`, or refuse the guest"
    )]
    Exceeded {
        /// Of what.
        resource: Resource,
        /// How much there would be.
        asked: u64,
        /// How much there may be.
        limit: u64,
    },
    /// The engine's pooling allocator gives less than the policy allows, and so would decide in its place.
    #[error(
        "the policy allows {limit} {resource}, and the engine's pooling allocator gives {gives} at most; lower `Limits`, \
         or raise `PoolingAllocationConfig::{setting}`"
    )]
    Pool {
        /// Of what.
        resource: Resource,
        /// How much the policy allows.
        limit: u64,
        /// How much the allocator gives.
        gives: u64,
        /// What raises that.
        setting: &'static str,
    },
}

/// What the guests of one store may take, all together. Give it to the store:
///
/// ```
/// use deterministic_wasmtime::engine::Limits;
/// use wasmtime::{Engine, Store};
/// let limits = Limits::default().max_memory_bytes(64 << 20);
/// let mut store = Store::new(&Engine::default(), limits);
/// store.limiter(|limits| limits);
/// ```
///
/// A growth beyond a limit, or beyond the maximum that the module itself declares, is `-1` for the guest, on every machine.
/// A growth that the limits allow and the host cannot give ends the run with [`Error::HostExhausted`](crate::Error::HostExhausted), a
/// [fault of the machine](super::Fault::Machine): the guest never sees a `-1` that another machine would not show. From
/// then on every growth of the store ends that way.
///
/// | limit | default | beyond it |
/// |---|---|---|
/// | [`max_memory_bytes`](Limits::max_memory_bytes) | 4 GiB | `memory.grow` is -1, instantiation fails |
/// | [`max_table_elements`](Limits::max_table_elements) | 10 million | `table.grow` is -1, instantiation fails |
/// | [`max_instances`](Limits::max_instances), [`max_memories`](Limits::max_memories), [`max_tables`](Limits::max_tables) | 10 000 each | instantiation fails |
///
/// What else a guest makes the host hold has a limit of its own, in bytes:
/// [`DeterministicCtx::set_max_held_bytes`](crate::wasi::Wasi::set_max_held_bytes). Other things are limited by constants:
/// descriptors of WASI 0.1 (65 536 open at once), resources of components
/// ([`MAX_RESOURCES`](crate::MAX_RESOURCES)), random bytes at once (64 MiB), and in Wasmtime itself the handles of components
/// (`Store::set_max_component_handles`) and the bytes that a call copies to the host (`Store::set_hostcall_fuel`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits(Budget);

/// What Wasmtime says when a memory's type does not have the size, whoever asks for it: that is the same everywhere.
const BEYOND_THE_TYPE: [&str; 2] =
    ["memory growth exceeds memory type's limits", "overflow calculating new table size"];

impl Limits {
    /// At most `bytes` in all linear memories and the heap for garbage-collected objects together. Stay well below what the
    /// smallest machine has.
    pub fn max_memory_bytes(mut self, bytes: u64) -> Self {
        self.0.memory_bytes = bytes;
        self
    }

    /// At most `elements` in all tables together; each takes the host some eight bytes.
    pub fn max_table_elements(mut self, elements: u64) -> Self {
        self.0.table_elements = elements;
        self
    }

    /// At most so many `instances` of core modules, of which a component may have several.
    pub fn max_instances(mut self, instances: usize) -> Self {
        self.0.instances = instances;
        self
    }

    /// At most so many linear `memories`.
    pub fn max_memories(mut self, memories: usize) -> Self {
        self.0.memories = memories;
        self
    }

    /// At most so many `tables`.
    pub fn max_tables(mut self, tables: usize) -> Self {
        self.0.tables = tables;
        self
    }

    /// The last growth that was refused by these limits, for reports. One that a module's own maximum refused is not.
    pub fn last_refused(&self) -> Option<LimitError> {
        let refused = self.0.last_refused()?;
        Some(LimitError::Exceeded { resource: refused.resource, asked: refused.asked, limit: refused.limit })
    }

    /// How many bytes all linear memories and the heap for garbage-collected objects have together. As neither ever shrinks,
    /// this is also the most that they had. A number of the guest's, the same on every machine.
    pub fn memory_bytes_taken(&self) -> u64 {
        self.0.memory_bytes_taken()
    }

    /// Refuses a module before it is instantiated, where Wasmtime's error would be a text. What an instantiation needs in
    /// all, the limits themselves see.
    ///
    /// # Errors
    ///
    /// [`LimitError::Exceeded`] when its memories or tables are too many, or one of them alone is too large.
    pub fn check_module(&self, module: &Module) -> std::result::Result<(), LimitError> {
        let needs = module.resources_required();
        // Pages of any other size than 64 KiB are an opt-in; then the size is found at instantiation.
        let odd_pages = module.engine().get_wasm_features().contains(WasmFeatures::CUSTOM_PAGE_SIZES);
        let pages = if odd_pages { 0 } else { needs.max_initial_memory_size.unwrap_or_default() };
        let within = |resource, asked: u64, limit: u64| {
            if asked > limit { Err(LimitError::Exceeded { resource, asked, limit }) } else { Ok(()) }
        };
        within(Resource::Memories, needs.num_memories.into(), self.0.memories as u64)?;
        within(Resource::Tables, needs.num_tables.into(), self.0.tables as u64)?;
        within(Resource::MemoryBytes, pages.saturating_mul(1 << 16), self.0.memory_bytes)?;
        within(Resource::TableElements, needs.max_initial_table_size.unwrap_or_default(), self.0.table_elements)
    }

    /// Holds these limits against the caps of an engine with a pooling allocator, which refuses growth in its own right; an
    /// engine without one always fits.
    ///
    /// # Errors
    ///
    /// [`LimitError::Pool`] when the allocator would refuse before the limits do.
    pub fn check_engine(&self, engine: &Engine) -> std::result::Result<(), LimitError> {
        let Some(pool) = engine.get_pooling_config() else { return Ok(()) };
        let caps = [
            (Resource::MemoryBytes, self.0.memory_bytes, pool.get_max_memory_size() as u64, "max_memory_size"),
            (Resource::TableElements, self.0.table_elements, pool.get_table_elements() as u64, "table_elements"),
            (
                Resource::Instances,
                self.0.instances as u64,
                pool.get_total_core_instances().into(),
                "total_core_instances",
            ),
            (Resource::Memories, self.0.memories as u64, pool.get_total_memories().into(), "total_memories"),
            (Resource::Tables, self.0.tables as u64, pool.get_total_tables().into(), "total_tables"),
        ];
        match caps.into_iter().find(|(_, limit, gives, _)| limit > gives) {
            Some((resource, limit, gives, setting)) => Err(LimitError::Pool { resource, limit, gives, setting }),
            None => Ok(()),
        }
    }

    /// A growth failed that was allowed.
    fn failed(&mut self, resource: Resource, error: &wasmtime::Error) -> Result<()> {
        let reason = error.to_string();
        if BEYOND_THE_TYPE.contains(&reason.as_str()) {
            return Ok(());
        }
        self.0.give_back(resource);
        Err(self.exhaust(resource, reason))
    }

    /// Ends this and every later growth.
    pub(super) fn exhaust(&mut self, resource: Resource, reason: String) -> wasmtime::Error {
        self.0.exhaust(resource, reason).into()
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        Ok(self.0.grow(Resource::MemoryBytes, current, desired, maximum)?)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> Result<()> {
        self.failed(Resource::MemoryBytes, &error)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        Ok(self.0.grow(Resource::TableElements, current, desired, maximum)?)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> Result<()> {
        self.failed(Resource::TableElements, &error)
    }

    fn instances(&self) -> usize {
        self.0.instances
    }

    fn tables(&self) -> usize {
        self.0.tables
    }

    fn memories(&self) -> usize {
        self.0.memories
    }
}
