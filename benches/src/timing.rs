//! A guest's loop, timed.

use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use wasmtime::{Instance, Store};

/// How every bench measures. The machines are noisy; only lines of one run are compared.
pub fn configure() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_millis(1_500))
        .sample_size(30)
        .nresamples(10_000)
        .configure_from_args()
}

/// For benches of many lines, or of long ones.
pub fn configure_short() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(500))
        .sample_size(10)
        .nresamples(5_000)
        .configure_from_args()
}

/// Times `run(n)`, which does the work `n` times and returns how often it succeeded. A guest that has to get ready exports
/// `prepare`, which returns an errno.
pub fn time<T: 'static>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    store: &mut Store<T>,
    instance: Instance,
) {
    time_in_parts(group, name, store, instance, u64::MAX, |_| ());
}

/// The same, with `clear` done after each `part` calls at the latest.
pub fn time_in_parts<T: 'static>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    store: &mut Store<T>,
    instance: Instance,
    part: u64,
    clear: impl Fn(&mut T),
) {
    if let Ok(prepare) = instance.get_typed_func::<(), i32>(&mut *store, "prepare") {
        assert_eq!(prepare.call(&mut *store, ()).expect("it ends well"), 0, "{name}: the guest is not ready");
    }
    let run = instance.get_typed_func::<u64, u64>(&mut *store, "run").expect("it exports `run`");
    time_calls(group, name, |calls| {
        let (mut left, mut done) = (calls, 0);
        while left > 0 {
            let now = left.min(part);
            done += run.call(&mut *store, now).expect("it ends well");
            clear(store.data_mut());
            left -= now;
        }
        done
    });
}

/// Times a function that does the work as often as it is told and returns how often it succeeded.
pub(crate) fn time_calls(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, mut run: impl FnMut(u64) -> u64) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|calls| {
            let start = Instant::now();
            let done = run(calls);
            let taken = start.elapsed();
            assert_eq!(done, calls, "{name}: a call failed");
            taken
        });
    });
}
