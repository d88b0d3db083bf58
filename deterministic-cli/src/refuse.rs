//! `--refuse`.

use clap::ValueEnum;
use deterministic_policies::Refusing;
use deterministic_wasmtime::core::{ClockId, Policies};
use serde::Serialize;

/// What a guest may not ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Refused {
    /// Any clock's time; it may sleep
    Clocks,
    /// The time of day; the monotonic clock is answered
    WallClock,
    /// Secure random bytes, as under `strict`
    Random,
}

/// The bundle, with that refused.
pub(crate) fn refuse(mut policies: Policies, refused: &[Refused]) -> Policies {
    if refused.contains(&Refused::Clocks) {
        policies.rules.refused_clocks = ClockId::ALL.into();
    } else if refused.contains(&Refused::WallClock) {
        policies.rules.refused_clocks = [ClockId::Realtime].into();
    }
    if refused.contains(&Refused::Random) {
        policies.secure_random = Box::new(Refusing);
    }
    policies
}

/// Each once, in one order.
pub(crate) fn each(refused: &[Refused]) -> Vec<Refused> {
    let mut each = refused.to_vec();
    each.sort_unstable();
    each.dedup();
    each
}
