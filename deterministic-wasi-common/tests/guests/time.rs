//! Clocks and sleeping.

use std::time::Instant as HostInstant;

use deterministic_core::{Instant, Policies, Rules, WallTime};
use deterministic_policies::Preset;

use crate::support::*;

#[test]
fn an_hour_of_sleep_is_over_at_once() {
    let started = HostInstant::now();
    for clock in [REALTIME, MONOTONIC, 2, 3] {
        let mut guest = Guest::with(Policies::default());
        let before = (guest.time(MONOTONIC), guest.time(REALTIME));
        assert_eq!(guest.poll(&[timeout(77, clock, HOUR)]), Ok(vec![(77, 0, 0)]));
        assert_eq!((guest.time(MONOTONIC), guest.time(REALTIME)), (before.0 + HOUR, before.1 + HOUR));
        assert_eq!(guest.handle.now().as_nanos(), before.0 + HOUR);
        assert_eq!(guest.poll(&[deadline(78, MONOTONIC, 5 * HOUR)]), Ok(vec![(78, 0, 0)]));
        assert_eq!(guest.time(MONOTONIC), 5 * HOUR);
    }
    assert!(started.elapsed().as_secs() < 600);
}

/// What the clocks show is the timeline, to the nanosecond, and looking at it from outside moves nothing.
#[test]
fn the_clocks_are_the_timeline() {
    let mut guest = Guest::under(Preset::Simulation, 1);
    assert_eq!(guest.handle.now().as_nanos(), 1);
    let first = guest.time(MONOTONIC);
    let second = guest.time(REALTIME);
    assert_eq!(second, WallTime::DEFAULT_EPOCH.as_unix_nanos() + first + 1_000);
    let handle = guest.handle.clone();
    handle.advance_to(Instant::from_nanos(2 * HOUR)).expect("it moves");
    handle.advance_to(Instant::ZERO).expect("time does not go back");
    // A reading moves it by a microsecond there.
    assert_eq!(guest.time(MONOTONIC), 2 * HOUR + 1_000);
    assert_eq!(handle.wall_now(), WallTime::DEFAULT_EPOCH.at(handle.now()));
    assert!(handle.failure().is_none());
}

#[test]
fn the_resolution_is_the_rule() {
    let rules = Rules { resolution: 1_000_000.try_into().expect("not 0"), ..Rules::default() };
    for (mut guest, resolution) in
        [(Guest::with(Policies { rules, ..Policies::default() }), 1_000_000), (Guest::with(Policies::default()), 1)]
    {
        for clock in [REALTIME, MONOTONIC] {
            assert_eq!(guest.call("clock_res_get", &[clock, 8]), Ok(0));
            assert_eq!(guest.u64_at(8), resolution);
        }
        // EBADF, by wasi-common.
        assert_eq!(guest.call("clock_res_get", &[2, 8]), Ok(8));
        assert_eq!(guest.call("time", &[3, 8]), Ok(8));
    }
}

#[test]
fn the_far_future() {
    let mut guest = Guest::with(Policies::default());
    guest.handle.advance_to(Instant::from_nanos(u64::MAX - 5)).expect("it moves");
    assert_eq!(guest.time(MONOTONIC), u64::MAX - 5);
    let both = [timeout(1, MONOTONIC, u64::MAX), timeout(2, MONOTONIC, 3)];
    assert_eq!(guest.poll(&both), Ok(vec![(2, 0, 0)]));
    assert_eq!(guest.poll(&[timeout(1, MONOTONIC, u64::MAX)]), Ok(vec![(1, 0, 0)]));
    assert_eq!(guest.time(MONOTONIC), u64::MAX);
    // There nothing can move any more.
    let error = guest.poll(&[timeout(1, MONOTONIC, 1)]).expect_err("the end of time");
    assert!(error.contains("end of time"), "{error}");
}
