//! PCG64-MCG: fast, small, not for secrets.

use core::num::NonZeroUsize;

use deterministic_core::{Description, Policy, PolicyError, Rng, Seed, Undescribed};
use rand_core::{Rng as _, SeedableRng};

use super::WORD;
use crate::snapshot::snapshots;

/// PCG XSL RR 128/64 (MCG), which pcg-cpp calls `pcg64_fast`: the fastest generator here, with 16 bytes of state.
///
/// Whoever sees a few of its bytes can compute the others. A guest that makes keys from them makes keys that it can
/// guess, which under a known seed holds for every generator.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Pcg64Mcg(#[cfg_attr(feature = "serde", serde(with = "state"))] rand_pcg::Pcg64Mcg);

impl Pcg64Mcg {
    /// The generator of `seed` for the consumer called `name`; see [`Seed::stream`].
    pub fn new(seed: &Seed, name: &str) -> Self {
        Self::from_key(seed.stream(name))
    }

    /// The generator whose state is the first 16 bytes of `key`, little-endian, with the lowest bit set. The other 16
    /// bytes are not used.
    pub fn from_key(key: [u8; 32]) -> Self {
        Pcg64Mcg(rand_pcg::Pcg64Mcg::from_seed(core::array::from_fn(|i| key[i])))
    }
}

impl Rng for Pcg64Mcg {
    fn fill(&mut self, buf: &mut [u8]) -> Result<(), PolicyError> {
        self.0.fill_bytes(buf);
        Ok(())
    }

    fn draw_u64(&mut self) -> Result<u64, PolicyError> {
        Ok(self.0.next_u64())
    }

    fn word(&self) -> NonZeroUsize {
        WORD
    }
}

impl Policy for Pcg64Mcg {
    fn describe(&self) -> Result<Description, Undescribed> {
        Ok(Description::new("Pcg64Mcg", 1).number("state", self.0.state()))
    }

    snapshots!("Pcg64Mcg");
}

/// The state as one integer. An even one is no state of this generator: its bytes would soon be all alike.
#[cfg(feature = "serde")]
pub(crate) mod state {
    use rand_pcg::Pcg64Mcg;
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::{Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(rng: &Pcg64Mcg, serializer: S) -> Result<S::Ok, S::Error> {
        rng.state().serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Pcg64Mcg, D::Error> {
        let state = u128::deserialize(deserializer)?;
        if state % 2 == 1 { Ok(Pcg64Mcg::new(state)) } else { Err(D::Error::custom("the state is even")) }
    }
}
