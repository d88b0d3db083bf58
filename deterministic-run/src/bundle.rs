//! Who answers the guest, as something that can be written down.

use deterministic_wasmtime::core::{ClockId, Policies, Seed, WallTime};
use deterministic_wasmtime::policies::{Preset, Refusing, Until};

use crate::recipe::{Recipe, Stale};

/// Policies that can be written down: a preset, and what is changed of it.
///
/// ```
/// use deterministic_run::core::Seed;
/// use deterministic_run::policies::Preset;
/// use deterministic_run::{Bundle, Inputs};
///
/// let hour = 3_600_000_000_000;
/// let bundle = Bundle { until_time: Some(hour), ..Bundle::new(Preset::Chaos, Seed::from_u64(7)) };
/// let inputs = Inputs::new("(module)")?.bundle(bundle);
/// # Ok::<(), deterministic_run::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// What it begins with.
    pub preset: Preset,
    /// What all of its randomness is derived from.
    pub seed: Seed,
    /// What the wall clock shows at the beginning, unless it is the preset's.
    pub epoch: Option<WallTime>,
    /// How much of its own time may pass for the guest, in nanoseconds.
    pub until_time: Option<u64>,
    /// What the guest may not ask for.
    pub refused: Vec<Refused>,
    /// What is decided otherwise than the preset does.
    pub recipe: Option<Recipe>,
}

/// What a guest may not ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Refused {
    /// Any clock's time; it may sleep.
    Clocks,
    /// The time of day; the monotonic clock is answered.
    WallClock,
    /// Secure random bytes, as under `strict`.
    Random,
}

impl Refused {
    /// All of them.
    pub const ALL: &[Refused] = &[Refused::Clocks, Refused::WallClock, Refused::Random];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Refused::Clocks => "clocks",
            Refused::WallClock => "wall-clock",
            Refused::Random => "random",
        }
    }
}

impl Bundle {
    /// A preset under a seed.
    pub fn new(preset: Preset, seed: Seed) -> Self {
        Bundle { preset, seed, epoch: None, until_time: None, refused: Vec::new(), recipe: None }
    }

    /// The policies of a run, at its beginning.
    pub fn policies(&self) -> Policies {
        self.policies_told().0
    }

    /// The same, and which decisions of the recipe were made.
    pub(crate) fn policies_told(&self) -> (Policies, Option<Stale>) {
        let preset = self.preset.policies(&self.seed);
        match &self.recipe {
            None => (self.changed(preset), None),
            Some(recipe) => {
                let (decided, stale) = recipe.apply(preset);
                (self.changed(decided), Some(stale))
            }
        }
    }

    /// The same policies with what is changed of every preset.
    pub(crate) fn changed(&self, mut policies: Policies) -> Policies {
        policies.epoch = self.epoch.unwrap_or(policies.epoch);
        if let Some(nanos) = self.until_time {
            let limit = policies.clock.now().saturating_add(nanos);
            policies.clock = Box::new(Until::new(policies.clock, limit));
        }
        if self.refused.contains(&Refused::Clocks) {
            policies.rules.refused_clocks = ClockId::ALL.into();
        } else if self.refused.contains(&Refused::WallClock) {
            policies.rules.refused_clocks = [ClockId::Realtime].into();
        }
        if self.refused.contains(&Refused::Random) {
            policies.secure_random = Box::new(Refusing);
        }
        policies
    }

    /// Whether the host is not asked.
    pub fn is_reproducible(&self) -> bool {
        self.preset != Preset::Host
    }
}
