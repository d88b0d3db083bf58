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
        let timers_are_due = scheduler.timers_are_due();
        for ids in &waits {
            let chosen = wait(&mut *scheduler, ids)?;
            prop_assert_eq!(chosen, wait(&mut *twin, ids)?, "two made alike choose otherwise");
            yields(&mut *scheduler, &mut *twin)?;
            prop_assert_eq!(scheduler.timers_are_due(), timers_are_due, "it changed whether timers are due");
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

/// One that says that it does not observe yields is not told of them, so that they may not matter to it: the twin gets none.
fn yields(scheduler: &mut dyn Scheduler, twin: &mut dyn Scheduler) -> Result<(), TestCaseError> {
    let now = Instant::from_nanos(7);
    let passed = scheduler.yielded(now).map_err(|error| format!("{error}"));
    if scheduler.observes_yields() {
        prop_assert_eq!(
            passed,
            twin.yielded(now).map_err(|error| format!("{error}")),
            "two made alike yield otherwise"
        );
    } else {
        prop_assert_eq!(passed, Ok(0), "it says it does not observe yields, and lets time pass at one");
        prop_assert_eq!(
            scheduler.describe(),
            twin.describe(),
            "a yield that it does not observe is in its description"
        );
    }
    Ok(())
}
