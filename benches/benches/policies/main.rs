//! The policies by themselves, against what the host offers.

mod generators;
mod schedulers;

use std::hint::black_box;
use std::time::{Instant as HostInstant, SystemTime};

use benches::configure_short;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime};
use deterministic_policies::{Drift, FrozenClock, FuelClock, HostClock, Jitter, Jump, Jumps, Ratio, ScriptEnd};
use deterministic_policies::{Preset, ScriptedClock, VirtualClock, stepping};
use deterministic_wasmtime::core::{Clock, ClockId, Instant, Seed};

/// Reads again and again. No reading is earlier than the one before, and all of them together move as told.
fn read(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, mut clock: Box<dyn Clock>, moves: bool) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|reads| {
            let clock = black_box(&mut *clock);
            let before = clock.now();
            let mut last = before;
            let start = HostInstant::now();
            for _ in 0..reads {
                let reading = clock.read(ClockId::Monotonic).expect("it answers");
                assert!(reading >= last);
                last = reading;
            }
            let taken = start.elapsed();
            assert_eq!(last > before, moves, "{name}");
            taken
        });
    });
}

fn clocks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("policies/clock");
    let seed = Seed::default();
    let inside = || VirtualClock::with_tick(1_000);
    let ratio = Ratio::new(5, 4).expect("4 is not 0");
    let jumps = (10..42).map(|power| Jump { at: Instant::from_nanos(1 << power), by: 1_000 });
    let fuel = FuelClock::new(ratio);
    let script = ScriptedClock::new([], ScriptEnd::Tick(1)).expect("nothing decreases");
    read(&mut group, "VirtualClock", Box::new(VirtualClock::new()), false);
    read(&mut group, "FrozenClock", Box::new(FrozenClock::new()), false);
    read(&mut group, "stepping", Box::new(stepping(1_000)), true);
    read(&mut group, "Drift", Box::new(Drift::new(inside(), ratio).expect("not 0")), true);
    read(&mut group, "Jumps, 32 of them", Box::new(Jumps::new(inside(), jumps)), true);
    read(&mut group, "Jitter", Box::new(Jitter::new(inside(), 20, &seed)), true);
    read(&mut group, "FuelClock", Box::new(fuel), false);
    read(&mut group, "ScriptedClock, at its end", Box::new(script), true);
    read(&mut group, "of chaos", Preset::Chaos.policies(&seed).clock, true);
    read(&mut group, "HostClock", Box::new(HostClock::new()), true);
    group.bench_function("FuelClock, with fuel", |bencher| {
        bencher.iter_custom(|reads| {
            let mut clock: Box<dyn Clock> = Box::new(FuelClock::default());
            let clock = black_box(&mut *clock);
            let start = HostInstant::now();
            for _ in 0..reads {
                clock.fuel_observer().expect("it observes fuel").elapse(3);
                black_box(clock.read(ClockId::Monotonic).expect("it answers"));
            }
            let taken = start.elapsed();
            assert_eq!(clock.now().as_nanos(), 1 + 3 * reads);
            taken
        });
    });
    group.bench_function("std::time::Instant::now", |bencher| bencher.iter(HostInstant::now));
    group.bench_function("std::time::SystemTime::now", |bencher| bencher.iter(SystemTime::now));
}

criterion_group! {
    name = benches;
    config = configure_short();
    targets = clocks, generators::all, generators::candidates, generators::guests, schedulers::all
}
criterion_main!(benches);
