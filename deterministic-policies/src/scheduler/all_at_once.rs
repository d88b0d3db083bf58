//! Everything is ready, timers too.

use deterministic_core::{Description, Event, Instant, PolicyError, Scheduler, Selection, Undescribed};

use crate::snapshot::snapshots;

/// Delivers all events in subscription order and counts every timer as due at once, without time passing: how
/// deterministic-wasi-ctx answers a wait. A guest that checks whether its sleep was long enough sleeps again
/// for ever, until the adapter ends it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AllAtOnce;

impl Scheduler for AllAtOnce {
    fn select(&mut self, _: Instant, ready: &mut [Event]) -> Result<Selection, PolicyError> {
        Ok(Selection { deliver: ready.len(), delay: 0 })
    }

    fn observes_yields(&self) -> bool {
        false
    }

    fn timers_are_due(&self) -> bool {
        true
    }

    fn describe(&self) -> Result<Description, Undescribed> {
        Ok(Description::new("AllAtOnce", 1))
    }

    snapshots!("AllAtOnce");
}
