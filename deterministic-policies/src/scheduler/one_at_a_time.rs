//! One event for each wait, in turn.

use deterministic_core::{
    Description, Event, Instant, Policy, PolicyError, Scheduler, Selection, Undescribed, YieldObserver,
};

use crate::snapshot::snapshots;

/// Delivers one event for each wait: the first ready one behind the subscription that was served last, and from the
/// front again when there is none.
///
/// A guest that waits on the same list again and again is thus shown every ready event within as many waits as the list
/// is long. It finds guests that rely on seeing all ready events at once.
///
/// Only the position served last is kept, whatever the guest waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OneAtATime {
    /// The position behind the subscription served last. Wider than a position, so that there is one behind the last.
    next: u64,
}

impl OneAtATime {
    /// A scheduler that begins with the first event.
    pub const fn new() -> Self {
        OneAtATime { next: 0 }
    }
}

impl Scheduler for OneAtATime {
    fn select(&mut self, _: Instant, ready: &mut [Event]) -> Result<Selection, PolicyError> {
        let behind = ready.iter().position(|event| u64::from(event.subscription()) >= self.next);
        if let Some(chosen) = ready.get_mut(..=behind.unwrap_or(0)) {
            chosen.rotate_right(1);
            self.next = u64::from(chosen[0].subscription()) + 1;
        }
        Ok(Selection { deliver: 1, delay: 0 })
    }

    fn yield_observer(&mut self) -> Option<&mut dyn YieldObserver> {
        None
    }
}

impl Policy for OneAtATime {
    fn describe(&self) -> Result<Description, Undescribed> {
        Ok(Description::new("OneAtATime", 1).number("next", self.next))
    }

    snapshots!("OneAtATime");
}
