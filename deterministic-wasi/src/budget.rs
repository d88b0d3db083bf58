//! What a guest may take of the host, decided by numbers.

use crate::{Error, Resource};

/// How much the guests of one store may take, all together, and how much they have: what an adapter's limiter asks, so that
/// each engine refuses the same growth.
///
/// A growth beyond it, or beyond the maximum that the module itself declares, is `-1` for the guest, on every machine. One that
/// it allows and the host cannot give ends the run ([`exhaust`](Budget::exhaust)): a `-1` would be one that another machine does
/// not show. From then on every growth ends that way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// In all linear memories, and a heap for garbage-collected objects; 4 GiB unless said.
    pub memory_bytes: u64,
    /// In all tables; 10 million unless said.
    pub table_elements: u64,
    /// Instances of core modules; 10 000 unless said.
    pub instances: usize,
    /// Linear memories; 10 000 unless said.
    pub memories: usize,
    /// Tables; 10 000 unless said.
    pub tables: usize,
    memory: Taken,
    table: Taken,
    refused: Option<Refusal>,
    /// What the host said when it could not give.
    exhausted: Option<(Resource, String)>,
}

/// A growth that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// Of what.
    pub resource: Resource,
    /// How much there would be.
    pub asked: u64,
    /// How much there may be.
    pub limit: u64,
}

/// How much of one resource the store has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Taken {
    total: u64,
    /// How much of it was allowed last, which is given back if it does not come to that.
    last: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Budget {
            memory_bytes: 4 << 30,
            table_elements: 10_000_000,
            instances: 10_000,
            memories: 10_000,
            tables: 10_000,
            memory: Taken::default(),
            table: Taken::default(),
            refused: None,
            exhausted: None,
        }
    }
}

impl Budget {
    /// Whether a memory or a table may grow from `current` to `desired` (bytes or elements), where its module allows it `maximum`.
    /// Of other resources than these two, there are none that grow.
    ///
    /// # Errors
    ///
    /// [`Error::HostExhausted`] if the host could not give something before.
    pub fn grow(
        &mut self,
        resource: Resource,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool, Error> {
        if let Some((resource, reason)) = &self.exhausted {
            return Err(Error::HostExhausted { resource: *resource, reason: reason.clone() });
        }
        let limit = match resource {
            Resource::MemoryBytes => self.memory_bytes,
            _ => self.table_elements,
        };
        let taken = self.taken(resource);
        let more = desired.saturating_sub(current) as u64;
        let asked = taken.total.saturating_add(more);
        // The limit first: a pooling allocator's cap is shown as a maximum too, and lies at the limit or above it.
        if asked > limit {
            self.refused = Some(Refusal { resource, asked, limit });
            return Ok(false);
        }
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        *taken = Taken { total: asked, last: more };
        Ok(true)
    }

    /// The last growth that was allowed did not happen.
    pub fn give_back(&mut self, resource: Resource) {
        let taken = self.taken(resource);
        *taken = Taken { total: taken.total.saturating_sub(taken.last), last: 0 };
    }

    /// Ends this and every later growth: the host did not give what is allowed, for this `reason`.
    pub fn exhaust(&mut self, resource: Resource, reason: String) -> Error {
        self.exhausted = Some((resource, reason.clone()));
        Error::HostExhausted { resource, reason }
    }

    /// The last growth that was refused by these numbers. One that a module's own maximum refused is not.
    pub fn last_refused(&self) -> Option<Refusal> {
        self.refused
    }

    /// What the host could not give, and what it said.
    pub fn exhausted(&self) -> Option<(Resource, &str)> {
        self.exhausted.as_ref().map(|(resource, reason)| (*resource, &**reason))
    }

    /// How many bytes all linear memories and the heap for garbage-collected objects have together.
    pub fn memory_bytes_taken(&self) -> u64 {
        self.memory.total
    }

    fn taken(&mut self, resource: Resource) -> &mut Taken {
        if resource == Resource::MemoryBytes { &mut self.memory } else { &mut self.table }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_happen_can_be_asked_for_again() {
        let mut budget = Budget { memory_bytes: 100, ..Budget::default() };
        assert!(budget.grow(Resource::MemoryBytes, 0, 60, None).unwrap());
        assert!(!budget.grow(Resource::MemoryBytes, 0, 60, None).unwrap());
        let refusal = Refusal { resource: Resource::MemoryBytes, asked: 120, limit: 100 };
        assert_eq!(budget.last_refused(), Some(refusal));
        budget.give_back(Resource::MemoryBytes);
        assert!(budget.grow(Resource::MemoryBytes, 0, 100, Some(100)).unwrap());
        assert!(!budget.grow(Resource::TableElements, 0, 2, Some(1)).unwrap());
        assert_eq!(budget.memory_bytes_taken(), 100);
    }

    #[test]
    fn a_host_that_is_exhausted_stays_so() {
        let mut budget = Budget::default();
        budget.exhaust(Resource::TableElements, "no".into());
        assert!(matches!(budget.grow(Resource::MemoryBytes, 0, 1, None), Err(Error::HostExhausted { .. })));
        assert_eq!(budget.exhausted(), Some((Resource::TableElements, "no")));
    }
}
