//! Who answers the guest, as the command line says.

use deterministic_policies::{Preset, Until};
use deterministic_wasmtime::core::{Policies, Seed, WallTime};

use crate::refuse::{self, Refused};

/// What a bundle of policies is made from.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    pub(crate) preset: Preset,
    pub(crate) seed: Seed,
    pub(crate) epoch: Option<WallTime>,
    pub(crate) until_time: Option<u64>,
    pub(crate) refused: Vec<Refused>,
}

impl Bundle {
    /// The policies of a run, at its beginning.
    pub(crate) fn policies(&self) -> Policies {
        let mut policies = self.preset.policies(&self.seed);
        policies.epoch = self.epoch.unwrap_or(policies.epoch);
        if let Some(nanos) = self.until_time {
            let limit = policies.clock.now().saturating_add(nanos);
            policies.clock = Box::new(Until::new(policies.clock, limit));
        }
        refuse::refuse(policies, &self.refused)
    }
}
