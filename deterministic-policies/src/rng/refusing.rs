//! No bytes at all.

use core::num::NonZeroUsize;

use deterministic_core::{Description, Policy, PolicyError, Rng, Undescribed, next_bytes_as_u64};

use crate::snapshot::snapshots;

/// Refuses every draw, also one of no bytes, with [`PolicyError::RandomRefused`], which ends the guest.
///
/// The text of WASI asks deterministic hosts to leave secure randomness out rather than to fake it. A Rust guest of
/// WASI 0.1 that makes a `HashMap` draws secure bytes and so stops here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Refusing;

impl Rng for Refusing {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), PolicyError> {
        Err(PolicyError::RandomRefused)
    }

    fn draw_u64(&mut self) -> Result<u64, PolicyError> {
        next_bytes_as_u64(self)
    }

    fn word(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
}

impl Policy for Refusing {
    fn describe(&self) -> Result<Description, Undescribed> {
        Ok(Description::new("Refusing", 1))
    }

    snapshots!("Refusing");
}
