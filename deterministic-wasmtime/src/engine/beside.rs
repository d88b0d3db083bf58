//! Limits beside a limiter of the embedder's own.

use wasmtime::{ResourceLimiter, Result};

use deterministic_wasi::Resource;

use super::limits::Limits;

/// [`Limits`], and after them a limiter of the embedder's own, which may count, or hold back memory that the host lacks.
/// What the limits allow and it refuses ends the run as a host without memory does: its `-1` would be one that another
/// machine does not show.
///
/// ```
/// use deterministic_wasmtime::engine::{Limits, LimitsBeside};
/// use wasmtime::{Engine, Store, StoreLimits};
/// let limits = LimitsBeside { limits: Limits::default(), own: StoreLimits::default() };
/// let mut store = Store::new(&Engine::default(), limits);
/// store.limiter(|limits| limits);
/// ```
#[derive(Clone, Debug, Default)]
pub struct LimitsBeside<L> {
    /// What the guest is told.
    pub limits: Limits,
    /// The embedder's own. How many instances, memories and tables it allows is not asked.
    pub own: L,
}

impl<L: ResourceLimiter> LimitsBeside<L> {
    fn refuse(&mut self, resource: Resource) -> Result<bool> {
        Err(self.limits.exhaust(resource, "the embedder's own limiter refused it".into()))
    }
}

impl<L: ResourceLimiter> ResourceLimiter for LimitsBeside<L> {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        if !self.limits.memory_growing(current, desired, maximum)? {
            return Ok(false);
        }
        if self.own.memory_growing(current, desired, maximum)? { Ok(true) } else { self.refuse(Resource::MemoryBytes) }
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> Result<()> {
        self.limits.memory_grow_failed(error)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        if !self.limits.table_growing(current, desired, maximum)? {
            return Ok(false);
        }
        if self.own.table_growing(current, desired, maximum)? { Ok(true) } else { self.refuse(Resource::TableElements) }
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> Result<()> {
        self.limits.table_grow_failed(error)
    }

    fn instances(&self) -> usize {
        self.limits.instances()
    }

    fn tables(&self) -> usize {
        self.limits.tables()
    }

    fn memories(&self) -> usize {
        self.limits.memories()
    }
}
