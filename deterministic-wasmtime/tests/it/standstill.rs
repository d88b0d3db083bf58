//! Sleeps that move nothing, and limits to the guest's time.

use deterministic_wasmtime::core::{ClockId, Instant, Policies, PolicyError, Rules, Seed, VirtualClock};
use deterministic_wasmtime::engine::{Fault, fault_of};
use deterministic_wasmtime::policies::{Jumps, Preset};
use deterministic_wasmtime::{Error, MAX_SLEEPS_IN_VAIN, p1};
use wasmtime::Result;

use crate::probe::{Bench, Probe, Version};

const SECOND: u64 = 1_000_000_000;
const ABSOLUTE: u16 = 1;
const MONOTONIC: u32 = 1;

/// Sleeps by the monotonic clock.
fn sleep(probe: &mut Probe<p1::P1Ctx>, timeout: u64, flags: u16) -> Result<()> {
    probe.write(1024, &[0; 48]);
    probe.write(1024 + 16, &MONOTONIC.to_le_bytes());
    probe.write(1024 + 24, &timeout.to_le_bytes());
    probe.write(1024 + 40, &flags.to_le_bytes());
    assert_eq!(probe.call("poll_oneoff", (1024, 4096, 1, 8))?, 0);
    assert_eq!(probe.u32(8), 1);
    Ok(())
}

fn preset(preset: Preset) -> Policies {
    preset.policies(&Seed::default())
}

#[test]
fn a_guest_that_sleeps_for_ever_where_time_stands_is_ended() {
    let bench = Bench::new();
    for (named, clock) in [(Preset::Frozen, "FrozenClock"), (Preset::DeterministicWasiCtx, "FrozenClock")] {
        let mut probe = bench.ours(Version::P1, preset(named));
        for _ in 0..MAX_SLEEPS_IN_VAIN {
            assert_eq!(probe.call("clock_time_get", (1, 0i64, 8)).unwrap(), 0);
            sleep(&mut probe, SECOND, ABSOLUTE).unwrap();
        }
        let error = sleep(&mut probe, SECOND, ABSOLUTE).unwrap_err();
        assert_eq!(fault_of(&error), Fault::Guest);
        let Some(Error::TimeStandsStill { clock: found, until, function, times, .. }) = error.downcast_ref() else {
            panic!("{error:?}")
        };
        assert_eq!((found.as_str(), *until, *function), (clock, Instant::from_nanos(SECOND), "poll_oneoff"));
        assert_eq!(*times, MAX_SLEEPS_IN_VAIN + 1);
        let text = error.downcast_ref::<Error>().unwrap().to_string();
        for part in [clock, "1.000000000 s", "poll_oneoff", "--preset simulation"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}

#[test]
fn whatever_else_the_guest_does_restarts_the_count() {
    let bench = Bench::new();
    let mut probe = bench.ours(Version::P1, preset(Preset::Frozen));
    let most = |probe: &mut Probe<p1::P1Ctx>| {
        for _ in 0..MAX_SLEEPS_IN_VAIN {
            sleep(probe, SECOND, 0).unwrap();
        }
    };
    most(&mut probe);
    // A random byte, then another deadline.
    assert_eq!(probe.call("random_get", (0, 1)).unwrap(), 0);
    most(&mut probe);
    sleep(&mut probe, 2 * SECOND, 0).unwrap();
    most(&mut probe);
    // A deadline that has passed is not a sleep, and looking at the time changes nothing.
    sleep(&mut probe, 0, 0).unwrap();
    assert_eq!(probe.call("clock_time_get", (0, 0i64, 8)).unwrap(), 0);
    assert!(matches!(sleep(&mut probe, SECOND, 0).unwrap_err().downcast_ref(), Some(Error::TimeStandsStill { .. })));
}

#[test]
fn where_time_moves_a_guest_may_sleep_as_often_as_it_likes() {
    let bench = Bench::new();
    for named in [Preset::Simulation, Preset::Chaos] {
        let mut probe = bench.ours(Version::P1, preset(named));
        for _ in 0..2 * MAX_SLEEPS_IN_VAIN {
            sleep(&mut probe, SECOND, 0).unwrap();
        }
    }
}

#[test]
fn what_a_clock_is_wrapped_in_is_named_too() {
    let bench = Bench::new();
    let Policies { clock, .. } = preset(Preset::Frozen);
    let clock = Box::new(Jumps::new(clock, []));
    let rules = Rules { refused_clocks: [ClockId::Realtime].into(), ..Rules::default() };
    let mut probe = bench.ours(Version::P1, Policies { clock, rules, ..Policies::default() });
    let error = (0..=MAX_SLEEPS_IN_VAIN).find_map(|_| sleep(&mut probe, SECOND, 0).err()).unwrap();
    let Some(Error::TimeStandsStill { clock, .. }) = error.downcast_ref() else { panic!("{error:?}") };
    assert_eq!(clock, "RefusingClock over Jumps over FrozenClock");
}

#[test]
fn at_the_end_of_time_the_first_sleep_is_the_error() {
    let bench = Bench::new();
    for version in [Version::P1, Version::P0] {
        let at = match version {
            Version::P1 => 1024 + 16,
            Version::P0 => 1024 + 24,
        };
        let mut probe = bench.ours(version, Policies::default());
        let mut sleep = |timeout: u64, flags: u16| {
            probe.write(at, &MONOTONIC.to_le_bytes());
            probe.write(at + 8, &timeout.to_le_bytes());
            probe.write(at + 24, &flags.to_le_bytes());
            probe.call("poll_oneoff", (1024, 4096, 1, 8))
        };
        sleep(u64::MAX, 0).unwrap();
        // What has passed, or takes no time, is over.
        sleep(0, 0).unwrap();
        sleep(u64::MAX - 1, ABSOLUTE).unwrap();
        for (timeout, flags) in [(1, 0), (u64::MAX, 0), (u64::MAX, ABSOLUTE)] {
            let error = sleep(timeout, flags).unwrap_err();
            assert_eq!(fault_of(&error), Fault::Guest);
            assert!(matches!(error.downcast_ref(), Some(Error::EndOfTime { function: "poll_oneoff" })), "{error:?}");
        }
        // Something else is ready: standard output, to write.
        let second = 1024 + if version == Version::P1 { 48 } else { 56 };
        probe.write(second + 8, &[2]);
        probe.write(second + 16, &[1]);
        assert_eq!(probe.call("poll_oneoff", (1024, 4096, 2, 8)).unwrap(), 0);
        assert_eq!(probe.u32(8), 2);
    }
}

#[test]
fn the_guest_s_time_can_be_limited() {
    let bench = Bench::new();
    let limit = Instant::from_nanos(100 * SECOND);
    let is_up = |error: wasmtime::Error| {
        assert_eq!(fault_of(&error), Fault::Guest);
        matches!(error.downcast_ref(), Some(PolicyError::TimeIsUp { limit: found }) if *found == limit)
    };
    // By sleeping.
    let mut probe = bench.ours(Version::P1, Policies::default());
    probe.store.data_mut().deterministic_mut().set_until_time(limit);
    sleep(&mut probe, 100 * SECOND, ABSOLUTE).unwrap();
    assert!(is_up(sleep(&mut probe, 1, 0).unwrap_err()));
    assert_eq!(probe.store.data().deterministic().now(), limit);
    // By reading, and the earlier of two limits counts.
    let clock = Box::new(VirtualClock::with_tick(30 * SECOND));
    let mut probe = bench.ours(Version::P1, Policies { clock, ..Policies::default() });
    probe.store.data_mut().deterministic_mut().set_until_time(limit);
    probe.store.data_mut().deterministic_mut().set_until_time(Instant::MAX);
    for reading in 1..4 {
        assert_eq!(probe.call("clock_time_get", (1, 0i64, 8)).unwrap(), 0);
        assert_eq!(probe.u64(8), reading * 30 * SECOND + 1);
    }
    assert!(is_up(probe.call("clock_time_get", (1, 0i64, 8)).unwrap_err()));
}
