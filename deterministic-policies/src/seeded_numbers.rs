//! Random numbers for the seeded policies, drawn so that their values can be specified.

use core::num::NonZeroU64;

use deterministic_core::{Description, Seed};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng};

use crate::Ratio;

/// A stream of numbers that belongs to one use of one consumer.
///
/// Its key is `Seed::from_bytes(seed.stream(consumer)).stream(purpose)`: two policies that draw for the same consumer
/// (a seeded order under seeded delays) have streams that know nothing of each other.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct SeededNumbers(#[cfg_attr(feature = "serde", serde(with = "crate::position"))] ChaCha8Rng);

impl SeededNumbers {
    pub(crate) fn new(seed: &Seed, consumer: &str, purpose: &str) -> Self {
        SeededNumbers(ChaCha8Rng::from_seed(Seed::from_bytes(seed.stream(consumer)).stream(purpose)))
    }

    /// The generator, as `ChaCha8` describes itself.
    pub(crate) fn describe(&self) -> Description {
        Description::new("ChaCha8", 1).bytes("key", self.0.get_seed()).number("position", self.0.get_word_pos())
    }

    pub(crate) fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `n`, each with the same probability: Lemire's method (ACM TOMACS 29, 2019, algorithm 5). The
    /// high half of a product is biased only where the low half falls short of `2^64 mod n`; such draws are repeated.
    pub(crate) fn below(&mut self, n: NonZeroU64) -> u64 {
        let short = n.get().wrapping_neg() % n;
        loop {
            let product = u128::from(self.word()) * u128::from(n.get());
            if product as u64 >= short {
                return (product >> 64) as u64;
            }
        }
    }

    /// A number from 0 to `max`, both included.
    pub(crate) fn up_to(&mut self, max: u64) -> u64 {
        match max.checked_add(1).and_then(NonZeroU64::new) {
            Some(n) => self.below(n),
            None => self.word(),
        }
    }

    /// Yes with probability `ratio`; always if it is 1 or more.
    pub(crate) fn chance(&mut self, ratio: Ratio) -> bool {
        self.below(ratio.den()) < ratio.num()
    }
}
