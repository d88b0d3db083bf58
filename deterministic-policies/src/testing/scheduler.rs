//! What is promised of every scheduler.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::any::type_name;

use deterministic_core::{Event, Instant, Scheduler};
use proptest::prelude::*;

use super::steps::events;
use super::{Has, suite};

/// Tests that the schedulers that `make` makes keep the contract of [`Scheduler`].
///
/// # Panics
///
/// Where one does not, with the fewest waits that show it.
pub fn scheduler<S: Scheduler + 'static>(make: impl Fn() -> S) -> Has {
    let boxed = || Box::new(make()) as Box<dyn Scheduler>;
    let policy = type_name::<S>();
    let ids = prop::collection::vec(prop_oneof![0u64..6, any::<u64>()], 1..20);
    suite::check(policy, prop::collection::vec(ids, 1..30), |waits| {
        let (mut scheduler, mut twin) = (boxed(), boxed());
        let observes_yields = boxed().yield_observer().is_some();
        for ids in &waits {
            let chosen = wait(&mut *scheduler, ids)?;
            prop_assert_eq!(chosen, wait(&mut *twin, ids)?, "two made alike choose otherwise");
            // The twin is not asked where the answer is no.
            prop_assert_eq!(
                scheduler.yield_observer().is_some(),
                observes_yields,
                "it changed whether it observes yields"
            );
            prop_assert_eq!(
                scheduler.describe(),
                twin.describe(),
                "asking whether it observes yields is in its description"
            );
            if observes_yields {
                let passed = yielded(&mut *scheduler);
                prop_assert_eq!(passed, yielded(&mut *twin), "two made alike yield otherwise");
            }
        }
        Ok(())
    });
    suite::check_few(policy, 1_000usize..10_000, |count| {
        let many: Vec<u64> = (0..count as u64).map(|id| id / 2).collect();
        wait(&mut *boxed(), &many).map(|_| ())
    });
    suite::every(policy, &boxed)
}

/// The positions in a scheduler's order, how many are delivered, and the delay; or the text of its error.
type Chosen = Result<(Vec<u32>, usize, u64), String>;

/// Lets `scheduler` choose among events with these ids.
fn wait(scheduler: &mut dyn Scheduler, ids: &[u64]) -> Result<Chosen, TestCaseError> {
    let mut ready = events(ids);
    let selection = match scheduler.select(Instant::from_nanos(5), &mut ready) {
        Ok(selection) => selection,
        Err(error) => return Ok(Err(format!("{error}"))),
    };
    prop_assert!(selection.deliver <= ids.len(), "it delivers {} of {} events", selection.deliver, ids.len());
    let positions = ready.iter().map(Event::subscription).collect();
    let mut back: Vec<_> = ready.iter().collect();
    back.sort_unstable_by_key(|event| event.subscription());
    prop_assert!(back.into_iter().eq(&events(ids)), "what came back is not what went in, each once");
    Ok(Ok((positions, selection.deliver, selection.delay)))
}

/// How long a yield takes, or the text of the error.
fn yielded(scheduler: &mut dyn Scheduler) -> Result<u64, String> {
    let observer = scheduler.yield_observer();
    observer.map_or(Ok(0), |observer| observer.yielded(Instant::from_nanos(7))).map_err(|error| format!("{error}"))
}
