//! The bytes of the crate deterministic-wasi-ctx.

use core::num::NonZeroUsize;

use deterministic_core::{Description, Policy, PolicyError, Rng, Undescribed};
use rand_core::{Rng as _, SeedableRng};

use crate::snapshot::snapshots;

/// The bytes that deterministic-wasi-ctx 4.0.7 gives a guest through wasmtime-wasi 48: 155, 111, 38, 183, …
///
/// It is PCG64-MCG under the fixed seed 42, from which wasmtime-wasi draws a whole number for each byte and keeps the
/// lowest eight bits. `draw_u64` therefore is not the next eight bytes: it is one number, all of it, as there.
///
/// No seed: those who move over have results that were made with these bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DeterministicWasiCtxRng(
    #[cfg_attr(feature = "serde", serde(with = "super::pcg::state"))] rand_pcg::Pcg64Mcg,
);

impl DeterministicWasiCtxRng {
    /// The generator at its beginning.
    pub fn new() -> Self {
        DeterministicWasiCtxRng(rand_pcg::Pcg64Mcg::seed_from_u64(42))
    }
}

impl Default for DeterministicWasiCtxRng {
    fn default() -> Self {
        Self::new()
    }
}

impl Rng for DeterministicWasiCtxRng {
    fn fill(&mut self, buf: &mut [u8]) -> Result<(), PolicyError> {
        buf.fill_with(|| self.0.next_u32() as u8); // the lowest eight bits
        Ok(())
    }

    fn draw_u64(&mut self) -> Result<u64, PolicyError> {
        Ok(self.0.next_u64())
    }

    fn word(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
}

impl Policy for DeterministicWasiCtxRng {
    fn describe(&self) -> Result<Description, Undescribed> {
        Ok(Description::new("DeterministicWasiCtxRng", 1).number("state", self.0.state()))
    }

    snapshots!("DeterministicWasiCtxRng");
}
