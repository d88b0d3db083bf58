//! `--refuse`.

use clap::ValueEnum;
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

impl From<Refused> for deterministic_run::Refused {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Clocks => deterministic_run::Refused::Clocks,
            Refused::WallClock => deterministic_run::Refused::WallClock,
            Refused::Random => deterministic_run::Refused::Random,
        }
    }
}

/// Each once, in one order.
pub(crate) fn each(refused: &[Refused]) -> Vec<Refused> {
    let mut each = refused.to_vec();
    each.sort_unstable();
    each.dedup();
    each
}
