//! No bytes at all.

use deterministic_core::{Description, PolicyError, Rng, Undescribed};

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

    fn describe(&self) -> Result<Description, Undescribed> {
        Ok(Description::new("Refusing", 1))
    }

    snapshots!("Refusing");
}
