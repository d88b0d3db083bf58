//! What is promised of every clock.

use alloc::boxed::Box;
use alloc::format;
use core::any::type_name;

use deterministic_core::{Clock, ClockId, Instant};
use proptest::prelude::*;

use super::{Has, suite};

#[derive(Clone, Debug)]
enum Call {
    Read(ClockId),
    AdvanceTo(u64),
    AdvanceBy(u64),
    Elapse(u64),
}

/// Numbers of every size, and the ends of the range.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![(0u32..64, any::<u64>()).prop_map(|(shift, n)| n >> shift), Just(0), Just(1), Just(u64::MAX)]
}

fn call() -> impl Strategy<Value = Call> {
    const IDS: &[ClockId] = &[ClockId::Realtime, ClockId::Monotonic, ClockId::ProcessCpuTime, ClockId::ThreadCpuTime];
    prop_oneof![
        4 => prop::sample::select(IDS).prop_map(Call::Read),
        1 => number().prop_map(Call::AdvanceTo),
        2 => (0u64..100_000).prop_map(Call::AdvanceBy),
        2 => (0u64..1_000).prop_map(Call::Elapse),
        1 => number().prop_map(Call::Elapse),
    ]
}

/// Tests that the clocks that `make` makes keep the contract of [`Clock`].
///
/// # Panics
///
/// Where one does not, with the fewest calls that show it.
pub fn clock<C: Clock + 'static>(make: impl Fn() -> C) -> Has {
    let boxed = || Box::new(make()) as Box<dyn Clock>;
    let policy = type_name::<C>();
    suite::check(policy, prop::collection::vec(call(), 1..60), |calls| {
        let (mut clock, mut twin) = (boxed(), boxed());
        let observes_fuel = boxed().fuel_observer().is_some();
        for call in &calls {
            // The twin is not given deadlines that have passed, which move nothing, now and later.
            let before = clock.now();
            prop_assert_eq!(clock.catch_up().ok(), Some(before), "there was something to catch up on");
            for passed in [before, Instant::ZERO] {
                prop_assert!(clock.advance_to(passed).is_ok(), "a deadline that has passed is an error");
            }
            prop_assert_eq!(clock.now(), before, "a deadline that has passed, or looking, moved time");
            let given = answer(&mut *clock, call);
            prop_assert_eq!(
                &given,
                &answer(&mut *twin, call),
                "deadlines that had passed changed what {:?} does",
                call
            );
            prop_assert_eq!(clock.now(), twin.now(), "deadlines that had passed changed what {:?} does", call);
            prop_assert!(clock.now() >= before, "time went back from {} to {} at {:?}", before, clock.now(), call);
            if let Ok(Some(reading)) = given {
                prop_assert!(reading >= before, "a reading shows {} where the clock stood at {}", reading, before);
            }
            // The twin is not asked whenever the clock is.
            let moment = clock.now();
            prop_assert_eq!(clock.fuel_observer().is_some(), observes_fuel, "it changed whether it observes fuel");
            prop_assert_eq!(clock.now(), moment, "asking whether it observes fuel moved time");
        }
        Ok(())
    });
    suite::every(policy, &boxed)
}

/// What a call gives: a reading, nothing, or the text of an error.
fn answer(clock: &mut dyn Clock, call: &Call) -> Result<Option<Instant>, alloc::string::String> {
    match *call {
        Call::Read(id) => clock.read(id).map(Some),
        Call::AdvanceTo(deadline) => clock.advance_to(Instant::from_nanos(deadline)).map(|()| None),
        Call::AdvanceBy(nanos) => clock.advance_to(clock.now().saturating_add(nanos)).map(|()| None),
        Call::Elapse(fuel) => {
            if let Some(observer) = clock.fuel_observer() {
                observer.elapse(fuel);
            }
            Ok(None)
        }
    }
    .map_err(|error| format!("{error}"))
}
