//! The seeded generators by name.

use alloc::boxed::Box;
use core::fmt;
use core::str::FromStr;

use deterministic_core::{Rng, Seed};

use crate::{ChaCha8, ChaCha12, ChaCha20, Pcg64Mcg, UnknownName};

/// A seeded generator by name. The names are API.
///
/// ```
/// use deterministic_core::{Policies, Seed};
/// use deterministic_policies::Generator;
///
/// let generator: Generator = "chacha20".parse()?;
/// let seed = Seed::from_u64(7);
/// let policies = Policies { secure_random: generator.rng(&seed, "secure"), ..Policies::new(seed) };
/// # let _ = policies;
/// # Ok::<(), deterministic_policies::UnknownName>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Generator {
    /// `chacha8`, the default: [`ChaCha8`].
    #[default]
    ChaCha8,
    /// `chacha12`: [`ChaCha12`].
    ChaCha12,
    /// `chacha20`: [`ChaCha20`].
    ChaCha20,
    /// `pcg64mcg`: [`Pcg64Mcg`].
    Pcg64Mcg,
}

impl Generator {
    /// Every generator, the default first.
    pub const ALL: &[Generator] = &[Generator::ChaCha8, Generator::ChaCha12, Generator::ChaCha20, Generator::Pcg64Mcg];

    /// The name, as [`FromStr`] reads it.
    pub const fn name(self) -> &'static str {
        match self {
            Generator::ChaCha8 => "chacha8",
            Generator::ChaCha12 => "chacha12",
            Generator::ChaCha20 => "chacha20",
            Generator::Pcg64Mcg => "pcg64mcg",
        }
    }

    /// This generator under `seed` for the consumer called `stream`; see [`Seed::stream`].
    pub fn rng(self, seed: &Seed, stream: &str) -> Box<dyn Rng> {
        match self {
            Generator::ChaCha8 => Box::new(ChaCha8::new(seed, stream)),
            Generator::ChaCha12 => Box::new(ChaCha12::new(seed, stream)),
            Generator::ChaCha20 => Box::new(ChaCha20::new(seed, stream)),
            Generator::Pcg64Mcg => Box::new(Pcg64Mcg::new(seed, stream)),
        }
    }
}

impl fmt::Display for Generator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Generator {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let found = Self::ALL.iter().find(|generator| generator.name() == text);
        found.copied().ok_or_else(|| UnknownName::new("generator", text, Self::ALL))
    }
}
