//! Bytes that count.

use core::num::NonZeroUsize;

use deterministic_core::{Description, Policy, PolicyError, Rng, Undescribed, next_bytes_as_u64};

use super::WORD;
use crate::snapshot::snapshots;

/// Gives the numbers `start`, `start + 1`, … as eight bytes each, little-endian; after 2^64-1 comes 0.
///
/// For tests: each value that a guest draws can be told from every other, and it is plain where it came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Counter {
    next: u64,
}

impl Counter {
    /// A counter whose first number is 0.
    pub const fn new() -> Self {
        Self::starting_at(0)
    }

    /// A counter whose first number is `start`.
    pub const fn starting_at(start: u64) -> Self {
        Counter { next: start }
    }
}

impl Rng for Counter {
    fn fill(&mut self, buf: &mut [u8]) -> Result<(), PolicyError> {
        for word in buf.chunks_mut(WORD.get()) {
            word.copy_from_slice(&self.next.to_le_bytes()[..word.len()]);
            self.next = self.next.wrapping_add(1);
        }
        Ok(())
    }

    fn draw_u64(&mut self) -> Result<u64, PolicyError> {
        next_bytes_as_u64(self)
    }

    fn word(&self) -> NonZeroUsize {
        WORD
    }
}

impl Policy for Counter {
    fn describe(&self) -> Result<Description, Undescribed> {
        Ok(Description::new("Counter", 1).number("next", self.next))
    }

    snapshots!("Counter");
}
