//! How long schedulers think.

use std::hint::black_box;
use std::time::Instant as HostInstant;

use criterion::{Criterion, Throughput};
use deterministic_policies::{Delaying, InOrder, OneAtATime, Pct, Ratio, SeededOrder};
use deterministic_wasmtime::core::{Event, EventKind, Instant, Scheduler, Seed};

fn each() -> [(&'static str, Box<dyn Scheduler>); 5] {
    let seed = Seed::default();
    let quarter = Ratio::new(1, 4).expect("4 is not 0");
    [
        ("InOrder", Box::new(InOrder)),
        ("OneAtATime", Box::new(OneAtATime::new())),
        ("SeededOrder", Box::new(SeededOrder::new(&seed))),
        ("Delaying SeededOrder", Box::new(Delaying::new(SeededOrder::new(&seed), quarter, 1_000_000, &seed))),
        ("Pct, depth 3", Box::new(Pct::new(&seed, 3, 1_000))),
    ]
}

pub(super) fn all(criterion: &mut Criterion) {
    let at = Instant::from_nanos(1);
    for count in [1, 16, 255] {
        let mut group = criterion.benchmark_group(format!("policies/select of {count}"));
        group.throughput(Throughput::Elements(count.into()));
        for (name, mut scheduler) in each() {
            let event = |i| Event::new(i, (i % 7).into(), EventKind::Timer { deadline: at });
            let mut ready: Vec<Event> = (0..count).map(event).collect();
            group.bench_function(name, |bencher| {
                bencher.iter_custom(|waits| {
                    let scheduler = black_box(&mut *scheduler);
                    let mut delivered = 0;
                    let start = HostInstant::now();
                    for _ in 0..waits {
                        // What they are given is what they left, in another order: nothing is copied in between.
                        delivered += scheduler.select(at, black_box(&mut ready)).expect("it decides").deliver as u64;
                    }
                    let taken = start.elapsed();
                    assert!((waits..=waits * u64::from(count)).contains(&delivered), "{name}");
                    let sum: u64 = ready.iter().map(|event| u64::from(event.subscription())).sum();
                    assert_eq!(sum, u64::from(count) * u64::from(count - 1) / 2, "{name}: an event is gone");
                    taken
                });
            });
        }
    }
    let mut group = criterion.benchmark_group("policies/yielded");
    for (name, mut scheduler) in each() {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let observer = black_box(&mut *scheduler).yield_observer();
                observer.map_or(Ok(0), |observer| observer.yielded(at)).expect("it decides") <= 1_000_000
            });
        });
    }
}
