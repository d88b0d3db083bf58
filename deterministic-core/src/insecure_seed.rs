//! The value of `wasi:random/insecure-seed`, derived when it is first asked for.

use crate::Seed;

/// The value of `wasi:random/insecure-seed`: a number, or what is derived from a seed. Few guests ask for it, and deriving it takes a
/// good part of the time in which a store is made.
///
/// ```
/// use deterministic_core::{InsecureSeed, Policies, Seed};
///
/// let seed = Seed::from_u64(7);
/// assert_eq!(InsecureSeed::from(seed).value(), seed.insecure_seed());
/// let policies = Policies { insecure_seed: 42.into(), ..Policies::new(seed) };
/// assert_eq!(policies.insecure_seed.value(), 42);
/// ```
#[derive(Clone, Debug)]
pub struct InsecureSeed(Source);

#[derive(Clone, Debug)]
enum Source {
    Number(u128),
    Of(Seed),
}

impl InsecureSeed {
    /// The value.
    pub fn value(&self) -> u128 {
        match &self.0 {
            Source::Number(number) => *number,
            Source::Of(seed) => seed.insecure_seed(),
        }
    }

    /// The same, which is kept for the next time.
    pub fn value_kept(&mut self) -> u128 {
        let value = self.value();
        self.0 = Source::Number(value);
        value
    }
}

impl From<u128> for InsecureSeed {
    fn from(number: u128) -> Self {
        InsecureSeed(Source::Number(number))
    }
}

/// [`Seed::insecure_seed`].
impl From<Seed> for InsecureSeed {
    fn from(seed: Seed) -> Self {
        InsecureSeed(Source::Of(seed))
    }
}
