//! ChaCha with more rounds than the default: two generators that differ in one number.

use core::num::NonZeroUsize;

use deterministic_core::{Description, Policy, PolicyError, Rng, Seed, Undescribed};
use rand_chacha::{ChaCha12Rng, ChaCha20Rng};
use rand_core::{Rng as _, SeedableRng};

use super::WORD;
use crate::snapshot::snapshots;

macro_rules! chacha {
    ($(#[$doc:meta])* $name:ident, $text:literal, $rng:ident) => {
        $(#[$doc])*
        ///
        /// Keyed with 32 bytes, 64-bit counter from 0, nonce 0: the key stream of Bernstein's original ChaCha, fixed by
        /// reference vectors in this crate's tests.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(#[cfg_attr(feature = "serde", serde(with = "crate::position"))] $rng);

        impl $name {
            /// The generator of `seed` for the consumer called `name`; see [`Seed::stream`].
            pub fn new(seed: &Seed, name: &str) -> Self {
                Self::from_key(seed.stream(name))
            }

            /// The generator keyed with `key`.
            pub fn from_key(key: [u8; 32]) -> Self {
                $name($rng::from_seed(key))
            }
        }

        impl Rng for $name {
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

        impl Policy for $name {
            fn describe(&self) -> Result<Description, Undescribed> {
                let description = Description::new($text, 1);
                Ok(description.bytes("key", self.0.get_seed()).number("position", self.0.get_word_pos()))
            }

            snapshots!($text);
        }
    };
}

chacha! {
    /// ChaCha with 12 rounds: what `rand`'s `StdRng` is today, with the promise that it stays so.
    ChaCha12, "ChaCha12", ChaCha12Rng
}

chacha! {
    /// ChaCha with 20 rounds: the cipher of TLS, for those who must name a standard one.
    ChaCha20, "ChaCha20", ChaCha20Rng
}
