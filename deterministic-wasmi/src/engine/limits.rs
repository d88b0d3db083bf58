//! What a guest may take of the host, decided by numbers.

use deterministic_wasi::{Budget, Error, Refusal, Resource};
use wasmi::ResourceLimiter;
use wasmi::errors::{MemoryError, TableError};
use wasmi_core::LimiterError;

/// What the guests of one store may take, all together. Give it to the store:
///
/// ```
/// use deterministic_wasmi::engine::Limits;
/// use wasmi::{Engine, Store};
/// let limits = Limits::default().max_memory_bytes(64 << 20);
/// let mut store = Store::new(&Engine::default(), limits);
/// store.limiter(|limits| limits);
/// ```
///
/// A growth beyond a limit, or beyond the maximum that the module itself declares, is `-1` for the guest, on every machine.
/// A growth that the limits allow and the host cannot give ends the run with
/// [`GrowthOperationLimited`](wasmi::TrapCode::GrowthOperationLimited), a [fault of the machine](super::Fault::Machine), and
/// [`exhausted`](Limits::exhausted) says why. From then on every growth of the store ends that way. Without these limits, the guest
/// is told `-1` by a host that has no memory left.
///
/// | limit | default | beyond it |
/// |---|---|---|
/// | [`max_memory_bytes`](Limits::max_memory_bytes) | 4 GiB | `memory.grow` is -1, instantiation fails |
/// | [`max_table_elements`](Limits::max_table_elements) | 10 million | `table.grow` is -1, instantiation fails |
/// | [`max_instances`](Limits::max_instances), [`max_memories`](Limits::max_memories), [`max_tables`](Limits::max_tables) | 10 000 each | instantiation fails |
///
/// What else a guest makes the host hold has a limit of its own, in bytes:
/// [`Wasi::set_max_held_bytes`](crate::wasi::Wasi::set_max_held_bytes).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits(Budget);

impl Limits {
    /// At most `bytes` in all linear memories together. Stay well below what the smallest machine has.
    #[must_use]
    pub fn max_memory_bytes(mut self, bytes: u64) -> Self {
        self.0.memory_bytes = bytes;
        self
    }

    /// At most `elements` in all tables together; each takes the host some eight bytes.
    #[must_use]
    pub fn max_table_elements(mut self, elements: u64) -> Self {
        self.0.table_elements = elements;
        self
    }

    /// At most so many `instances` of modules.
    #[must_use]
    pub fn max_instances(mut self, instances: usize) -> Self {
        self.0.instances = instances;
        self
    }

    /// At most so many linear `memories`.
    #[must_use]
    pub fn max_memories(mut self, memories: usize) -> Self {
        self.0.memories = memories;
        self
    }

    /// At most so many `tables`.
    #[must_use]
    pub fn max_tables(mut self, tables: usize) -> Self {
        self.0.tables = tables;
        self
    }

    /// The last growth that was refused by these limits, for reports. One that a module's own maximum refused is not.
    pub fn last_refused(&self) -> Option<Refusal> {
        self.0.last_refused()
    }

    /// What the host could not give, and what it said: why the run ended.
    pub fn exhausted(&self) -> Option<(Resource, &str)> {
        self.0.exhausted()
    }

    /// How many bytes all linear memories have together. As none ever shrinks, this is also the most that they had.
    pub fn memory_bytes_taken(&self) -> u64 {
        self.0.memory_bytes_taken()
    }

    /// A growth did not happen that was allowed: for want of fuel, which the guest answers for, or of what the host has.
    fn failed(&mut self, resource: Resource, for_fuel: bool, reason: impl ToString) -> Result<(), LimiterError> {
        self.0.give_back(resource);
        if for_fuel { Ok(()) } else { Err(ended(self.0.exhaust(resource, reason.to_string()))) }
    }
}

/// wasmi's error has no room for ours, which [`Limits::exhausted`] keeps.
fn ended(_: Error) -> LimiterError {
    LimiterError::ResourceLimiterDeniedAllocation
}

impl ResourceLimiter for Limits {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool, LimiterError> {
        self.0.grow(Resource::MemoryBytes, current, desired, maximum).map_err(ended)
    }

    fn memory_grow_failed(&mut self, error: &MemoryError) -> Result<(), LimiterError> {
        self.failed(Resource::MemoryBytes, matches!(error, MemoryError::OutOfFuel { .. }), error)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool, LimiterError> {
        self.0.grow(Resource::TableElements, current, desired, maximum).map_err(ended)
    }

    fn table_grow_failed(&mut self, error: &TableError) -> Result<(), LimiterError> {
        self.failed(Resource::TableElements, matches!(error, TableError::OutOfFuel { .. }), error)
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
