//! Policies that do not answer, and waits that never end.

use deterministic_core::{ClockId, Policies, PolicyError, Rules};
use deterministic_policies::{FrozenClock, FuelClock, Preset, VirtualClock};
use deterministic_wasi::Error;
use deterministic_wasi_common::FailureKind;

use crate::support::*;

fn refusing(clock: ClockId) -> Guest {
    Guest::with(Policies { rules: Rules { refused_clocks: [clock].into(), ..Rules::default() }, ..Policies::default() })
}

#[test]
fn a_refused_time_of_day_ends_the_guest() {
    let mut guest = refusing(ClockId::Realtime);
    assert_eq!(guest.time(MONOTONIC), guest.handle.now().as_nanos());
    let error = guest.call("time", &[REALTIME, 8]).expect_err("refused");
    assert!(error.contains("unix epoch"), "wasi-common's own words: {error}");
    let failure = guest.handle.failure().expect("a failure");
    assert!(matches!(failure.kind(), FailureKind::Policy(PolicyError::ClockRefused { clock: ClockId::Realtime })));
}

#[test]
fn a_refused_monotonic_clock_is_an_errno_and_then_the_end() {
    let mut guest = refusing(ClockId::Monotonic);
    // EOVERFLOW.
    assert_eq!(guest.call("time", &[MONOTONIC, 8]), Ok(61));
    let failure = guest.handle.failure().expect("a failure");
    for ended in [guest.call("sched_yield", &[]), guest.poll(&[timeout(1, MONOTONIC, 1)]).map(|_| 0)] {
        assert_eq!(ended, Err(failure.to_string()));
    }
    assert!(guest.call("time", &[REALTIME, 8]).is_err());
}

#[test]
fn refused_random_bytes_are_an_errno_and_then_the_end() {
    let mut guest = Guest::under(Preset::Strict, 0);
    guest.put(0x1000, &[7; 16]);
    // EIO.
    assert_eq!(guest.call("random_get", &[0x1000, 16]), Ok(29));
    assert_eq!(guest.bytes(0x1000, 16), [0; 16]);
    let failure = guest.handle.failure().expect("a failure");
    assert!(matches!(failure.kind(), FailureKind::Policy(_)), "{failure:?}");
    assert_eq!(guest.call("sched_yield", &[]), Err(failure.to_string()));
    // Outside of the memory it is the guest's own fault.
    let mut guest = Guest::under(Preset::Simulation, 0);
    assert!(guest.call("random_get", &[0x1_fff0, 17]).is_err());
    assert!(guest.handle.failure().is_none());
}

#[test]
fn sleeps_that_move_nothing_end() {
    let mut guest = Guest::with(Policies { clock: Box::new(FrozenClock::new()), ..Policies::default() });
    let now = guest.time(MONOTONIC);
    let until = [deadline(1, MONOTONIC, now + HOUR)];
    let mut sleeps = 0;
    let error = loop {
        match guest.poll(&until) {
            Ok(events) => assert_eq!(events, [(1, 0, 0)]),
            Err(error) => break error,
        }
        sleeps += 1;
    };
    assert_eq!(sleeps, deterministic_wasi::MAX_SLEEPS_IN_VAIN);
    let failure = guest.handle.failure().expect("a failure");
    assert!(matches!(failure.kind(), FailureKind::Wasi(Error::TimeStandsStill { .. })), "{failure:?}");
    assert_eq!(error, failure.to_string());
}

#[test]
fn a_clock_of_fuel_has_none() {
    let mut guest = Guest::with(Policies { clock: Box::new(FuelClock::default()), ..Policies::default() });
    assert_eq!(guest.call("time", &[MONOTONIC, 8]), Ok(61));
    let failure = guest.handle.failure().expect("a failure");
    assert!(matches!(failure.kind(), FailureKind::Wasi(Error::NoFuel)), "{failure:?}");
}

#[test]
fn time_that_is_up() {
    use deterministic_core::Instant;
    use deterministic_policies::Until;
    let clock = Until::new(VirtualClock::new(), Instant::from_nanos(HOUR));
    let mut guest = Guest::with(Policies { clock: Box::new(clock), ..Policies::default() });
    let error = guest.poll(&[timeout(1, MONOTONIC, 2 * HOUR)]).expect_err("beyond the limit");
    assert_eq!(error, guest.handle.failure().expect("a failure").to_string());
}
