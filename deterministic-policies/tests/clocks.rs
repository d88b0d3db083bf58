//! What clocks promise beyond the contract of their trait, which `contract.rs` tests.

mod catalogue;

use deterministic_core::{Clock, ClockId, FuelObserver, Instant, Policy, PolicyError, Rules, VirtualClock};
use deterministic_policies::*;
use proptest::prelude::*;

/// Numbers of every size, and the ends of the range.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![(0u32..64, any::<u64>()).prop_map(|(shift, n)| n >> shift), Just(0), Just(1), Just(u64::MAX)]
}

proptest! {
    #[test]
    fn no_clock_begins_at_0_and_a_sleep_ends_at_its_deadline(deadlines in prop::collection::vec(number(), 1..20)) {
        // What there is of a clock with an end, its own test tells.
        for (name, make) in catalogue::clocks().into_iter().filter(|(name, _)| !name.starts_with("Until")) {
            let mut clock = make(3);
            prop_assert_ne!(clock.now(), Instant::ZERO, "{} begins at 0", name);
            for &deadline in &deadlines {
                let before = clock.now();
                clock.advance_to(Instant::from_nanos(deadline)).unwrap();
                // These two do not promise it.
                if !name.contains("rozen") && !name.starts_with("Scaled slow") {
                    prop_assert!(clock.now().as_nanos() >= deadline, "{} woke before {}", name, deadline);
                }
                prop_assert!(deadline > before.as_nanos() || clock.now() == before);
            }
            clock.advance_to(Instant::MAX).unwrap();
            prop_assert!(clock.now() == Instant::MAX || name.contains("rozen"), "{} does not reach the end", name);
        }
    }

    /// Drift and this one show the same of the clock inside, and differ in what a sleep is.
    #[test]
    fn scaled_sleeps_are_their_length_times_the_rate(
        num in 1u64..1 << 20, den in 1u64..1 << 20, sleeps in prop::collection::vec(0u64..1 << 30, 0..20),
    ) {
        let rate = Ratio::new(num, den).unwrap();
        let mut clock = Scaled::new(VirtualClock::starting_at(Instant::ZERO, 0), rate).unwrap();
        let mut slept = 0;
        for sleep in sleeps {
            clock.advance_to(clock.now().saturating_add(sleep)).unwrap();
            slept += sleep;
            let shown = (u128::from(slept) * u128::from(num)).div_ceil(den.into());
            prop_assert_eq!(u128::from(clock.now().as_nanos()), shown);
            let drift = Drift::new(VirtualClock::starting_at(Instant::from_nanos(slept), 0), rate).unwrap();
            prop_assert_eq!(clock.now(), drift.now());
        }
    }

    #[test]
    fn fuel_loses_no_remainder(num in number(), den in 1u64.., parts in prop::collection::vec(0u64..1 << 40, 0..50)) {
        let rate = Ratio::new(num, den).unwrap();
        let (mut cut, mut whole) = (FuelClock::new(rate), FuelClock::new(rate));
        parts.iter().for_each(|&fuel| cut.elapse(fuel));
        whole.elapse(parts.iter().sum());
        prop_assert_eq!(&cut, &whole);
        let exact = u128::from(parts.iter().sum::<u64>()) * u128::from(num) / u128::from(den) + 1;
        prop_assert_eq!(u128::from(cut.now().as_nanos()), exact.min(u64::MAX.into()));
    }

    /// The instant inside that a sleep moves to is the earliest that serves.
    #[test]
    fn drift_sleeps_exactly_long_enough(num in number(), den in number(), deadline in number()) {
        let rate = Ratio::new(num.max(1), den.max(1)).unwrap();
        let shown = |inside: u64| {
            let clock = VirtualClock::starting_at(Instant::from_nanos(inside), 0);
            Drift::new(clock, rate).unwrap().now()
        };
        let deadline = Instant::from_nanos(deadline);
        let mut inside = (0u64, u64::MAX);
        while inside.0 < inside.1 {
            let middle = inside.0 + (inside.1 - inside.0) / 2;
            inside = if shown(middle) >= deadline { (inside.0, middle) } else { (middle + 1, inside.1) };
        }
        let zero = VirtualClock::starting_at(Instant::ZERO, 0);
        let mut clock = Drift::new(zero, rate).unwrap();
        clock.advance_to(deadline).unwrap();
        prop_assert_eq!(clock.now(), shown(inside.0));
        prop_assert!(clock.now() >= deadline);
    }

    #[test]
    fn jumps_are_what_their_definition_says(
        list in prop::collection::vec((0u64..200, 0u64..100), 0..10), at in 0u64..400, deadline in 0u64..1_000,
    ) {
        let jumps = || list.iter().map(|&(at, by)| Jump { at: Instant::from_nanos(at), by });
        let shown = |inside: u64| inside + list.iter().filter(|jump| jump.0 <= inside).map(|jump| jump.1).sum::<u64>();
        let start = VirtualClock::starting_at(Instant::from_nanos(at), 0);
        let mut clock = Jumps::new(start, jumps());
        prop_assert_eq!(clock.now().as_nanos(), shown(at));
        let earliest = (at..).find(|&inside| shown(inside) >= deadline).unwrap();
        clock.advance_to(Instant::from_nanos(deadline)).unwrap();
        prop_assert_eq!(clock.now().as_nanos(), shown(earliest));
    }

    #[test]
    fn jitter_is_never_more_than_its_largest_delay_ahead(max in 0u64..10_000, seed: u64, reads in 1usize..200) {
        let inside = VirtualClock::with_tick(100);
        let mut clock = Jitter::new(inside.clone(), max, &seed.into());
        let mut inside = inside;
        for _ in 0..reads {
            let (true_time, shown) = (inside.read(ClockId::Monotonic).unwrap(), clock.read(ClockId::Monotonic).unwrap());
            prop_assert!(shown >= true_time && shown.saturating_since(true_time) <= max);
        }
    }
}

#[test]
fn a_frozen_clock_stands_still() {
    let mut clock = FrozenClock::default();
    clock.advance_to(Instant::MAX).unwrap();
    assert_eq!(clock.read(ClockId::Monotonic).unwrap(), Instant::from_nanos(1));
    assert_eq!(FrozenClock::at(Instant::ZERO).now(), Instant::ZERO);
}

#[test]
fn a_script_that_goes_back_is_refused_with_its_position() {
    let error = ScriptedClock::new([1, 7, 6, 2].map(Instant::from_nanos), ScriptEnd::Hold).unwrap_err();
    assert_eq!(error, ConfigError::ScriptDecreases { index: 2, reading: 6, before: 7 });
    assert!(error.to_string().contains("reading 2"), "{error}");
}

#[test]
fn the_end_of_a_script_is_the_callers_choice() {
    let readings = |readings: &[u64], end| {
        let mut clock = ScriptedClock::new(readings.iter().copied().map(Instant::from_nanos), end).unwrap();
        [(); 4].map(|()| clock.read(ClockId::Realtime).map(Instant::as_nanos))
    };
    assert!(matches!(readings(&[3, 8], ScriptEnd::Hold), [Ok(3), Ok(8), Ok(8), Ok(8)]));
    assert!(matches!(readings(&[3, 8], ScriptEnd::Tick(2)), [Ok(3), Ok(8), Ok(10), Ok(12)]));
    let ended = readings(&[3, 8], ScriptEnd::Fail);
    assert!(matches!(ended[2..], [Err(PolicyError::ScriptEnded { readings: 2 }), Err(_)]), "{ended:?}");
    assert!(matches!(readings(&[], ScriptEnd::Tick(2)), [Ok(3), Ok(5), Ok(7), Ok(9)]));
    assert!(matches!(readings(&[], ScriptEnd::Fail)[0], Err(PolicyError::ScriptEnded { readings: 0 })));
}

#[test]
fn a_scripted_reading_never_shows_less_than_a_sleep_did() {
    let mut clock = ScriptedClock::new([3, 8, 40].map(Instant::from_nanos), ScriptEnd::Fail).unwrap();
    clock.advance_to(Instant::from_nanos(20)).unwrap();
    let readings = [(); 3].map(|()| clock.read(ClockId::Monotonic).unwrap().as_nanos());
    assert_eq!(readings, [20, 20, 40]);
}

#[test]
fn a_rate_of_zero_is_refused() {
    assert_eq!(Drift::new(VirtualClock::new(), Ratio::whole(0)).unwrap_err(), ConfigError::ZeroRate);
    assert_eq!(Scaled::new(VirtualClock::new(), Ratio::whole(0)).unwrap_err(), ConfigError::ZeroRate);
}

#[test]
fn a_clock_that_refuses_names_itself_and_lets_the_guest_sleep() {
    let refused = |clocks| Rules { refused_clocks: clocks, ..Rules::default() };
    let mut clock = refused(ClockId::ALL.into()).enforce(Box::new(VirtualClock::with_tick(1_000)));
    for (id, name) in [
        (ClockId::Realtime, "its realtime clock"),
        (ClockId::Monotonic, "its monotonic clock"),
        (ClockId::ProcessCpuTime, "its process CPU clock"),
        (ClockId::ThreadCpuTime, "its thread CPU clock"),
    ] {
        let error = clock.read(id).unwrap_err();
        assert!(matches!(error, PolicyError::ClockRefused { clock } if clock == id));
        assert!(error.to_string().contains(name), "{error}");
    }
    clock.advance_to(Instant::from_nanos(5_000)).unwrap();
    assert_eq!(clock.now(), Instant::from_nanos(5_000));

    // Through other decorators, and only the one that was named.
    let wall = refused([ClockId::Realtime].into()).enforce(Box::new(VirtualClock::new()));
    let mut clock = Jitter::new(Jumps::new(wall, []), 5, &1.into());
    assert!(clock.read(ClockId::Realtime).is_err() && clock.read(ClockId::Monotonic).is_ok());
}

#[test]
fn a_clock_with_an_end_shows_nothing_beyond_it() {
    let end = |error: PolicyError| match error {
        PolicyError::TimeIsUp { limit } => limit.as_nanos(),
        other => panic!("{other}"),
    };
    // By reading: the limit itself is still shown.
    let mut clock = Until::new(VirtualClock::with_tick(50), Instant::from_nanos(101));
    assert_eq!([(); 2].map(|()| clock.read(ClockId::Realtime).unwrap().as_nanos()), [51, 101]);
    assert_eq!(end(clock.read(ClockId::Monotonic).unwrap_err()), 101);
    assert_eq!(clock.now(), Instant::from_nanos(101));
    // By sleeping.
    let mut clock = Until::new(VirtualClock::new(), Instant::from_nanos(100));
    clock.advance_to(Instant::from_nanos(100)).unwrap();
    let error = clock.advance_to(Instant::MAX).unwrap_err();
    assert!(error.to_string().contains("0.000000100 s"), "{error}");
    assert_eq!((end(error), clock.now()), (100, Instant::from_nanos(100)));
    clock.advance_to(Instant::from_nanos(100)).unwrap();
    // By fuel, at the next look.
    let mut clock = Until::new(FuelClock::default(), Instant::from_nanos(100));
    clock.fuel_observer().expect("the clock inside observes fuel").elapse(1_000);
    assert_eq!(clock.now(), Instant::from_nanos(100));
    assert_eq!(end(clock.read(ClockId::Monotonic).unwrap_err()), 100);
    // Where a sleep takes no time the limit is not reached, and the end of time is no limit.
    Until::new(FrozenClock::new(), Instant::from_nanos(100)).advance_to(Instant::MAX).unwrap();
    Until::new(VirtualClock::new(), Instant::MAX).advance_to(Instant::MAX).unwrap();
}

#[test]
fn decorators_pass_fuel_on() {
    let fuel = FuelClock::default;
    let seed = 1.into();
    let decorated: [Box<dyn Clock>; 6] = [
        Box::new(Drift::new(fuel(), Ratio::whole(1)).unwrap()),
        Box::new(Scaled::new(fuel(), Ratio::whole(1)).unwrap()),
        Box::new(Jumps::new(fuel(), [])),
        Box::new(Jitter::new(fuel(), 0, &seed)),
        Rules { refused_clocks: ClockId::ALL.into(), ..Rules::default() }.enforce(Box::new(fuel())),
        Box::new(Until::new(fuel(), Instant::from_nanos(20))),
    ];
    for mut clock in decorated {
        clock.fuel_observer().expect("the clock inside observes fuel").elapse(10);
        assert_eq!(clock.now(), Instant::from_nanos(11));
    }
    assert!(Jumps::new(VirtualClock::new(), []).fuel_observer().is_none());
}

#[test]
fn a_ratio_is_read_from_one_or_two_integers_and_nothing_else() {
    assert_eq!("7".parse(), Ok(Ratio::whole(7)));
    assert_eq!("0/18446744073709551615".parse(), Ratio::new(0, u64::MAX));
    assert_eq!("1/0".parse::<Ratio>(), Err(ConfigError::ZeroDenominator));
    for bad in ["", "/", "1/", "/2", "-1", "+1/2", "1/2/3", "1.5", " 1", "18446744073709551616"] {
        assert_eq!(bad.parse::<Ratio>(), Err(ConfigError::NotARatio(bad.into())));
    }
}

#[cfg(feature = "std")]
#[test]
fn the_host_clock_goes_on_and_really_sleeps() {
    let mut clock = HostClock::new();
    let began = std::time::Instant::now();
    let deadline = clock.read(ClockId::Monotonic).unwrap().saturating_add(2_000_000);
    assert!(deadline > Instant::from_nanos(2_000_000), "it begins at 0");
    clock.advance_to(deadline).unwrap();
    clock.advance_to(Instant::ZERO).unwrap();
    assert!(clock.now() >= deadline);
    assert!(began.elapsed() >= std::time::Duration::from_millis(2));
    assert!(matches!(clock.save(), Err(PolicyError::NoSnapshot { policy: "HostClock" })));
    assert!(clock.epoch() > deterministic_core::WallTime::DEFAULT_EPOCH);
}
