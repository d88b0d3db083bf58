//! `--seed`.

use std::str::FromStr;

use deterministic_policies::HostRng;
use deterministic_wasmtime::core::{ParseSeedError, PolicyError, Rng as _, Seed};

/// A seed, given or drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chosen {
    seed: Seed,
    drawn: Option<u64>,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unchosen {
    #[error("{0}, or `random`")]
    Text(#[from] ParseSeedError),
    #[error("{0}; give an integer")]
    Host(#[from] PolicyError),
}

impl FromStr for Chosen {
    type Err = Unchosen;

    /// Draws one from the host at `random`: 64 bits, which can be typed again.
    fn from_str(text: &str) -> Result<Self, Unchosen> {
        if text != "random" {
            return Ok(Chosen { seed: text.parse()?, drawn: None });
        }
        let mut bytes = [0; 8];
        HostRng.fill(&mut bytes)?;
        let number = u64::from_le_bytes(bytes);
        Ok(Chosen { seed: Seed::from_u64(number), drawn: Some(number) })
    }
}

impl Chosen {
    pub(crate) fn seed(self) -> Seed {
        self.seed
    }

    /// Says what was drawn, if it was, once it is known that there will be a run.
    pub(crate) fn tell(self) {
        if let Some(number) = self.drawn {
            eprintln!("detwasi: drew --seed {number}");
        }
    }
}
