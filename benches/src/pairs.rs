//! Runs in pairs: what others do on the machine meets both alike.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::BenchmarkGroup;
use criterion::measurement::WallTime;

/// Does the work as often as told, and says how often it succeeded.
pub type Repeated<'a> = Box<dyn FnMut(u64) -> u64 + 'a>;

/// Times `run`, and right before or after it `base`: what is kept is the median of the ratios, for [`keep`]. `name` is the bench, what is
/// done, and the line.
pub fn time_in_pairs(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: [&str; 3],
    run: &mut Repeated<'_>,
    base: &mut Repeated<'_>,
) {
    let mut ratios = Vec::new();
    group.bench_function(name[2], |bencher| {
        bencher.iter_custom(|times| {
            let first = ratios.len() % 2 == 0;
            let before = first.then(|| timed(base, times));
            let taken = timed(run, times);
            let of = before.unwrap_or_else(|| timed(base, times));
            ratios.push(taken.as_secs_f64() / of.as_secs_f64());
            taken
        });
    });
    if ratios.len() > 1 {
        ratios.sort_by(f64::total_cmp);
        keep(name, ratios[ratios.len() / 2]);
    }
}

fn timed(run: &mut Repeated<'_>, times: u64) -> Duration {
    let start = Instant::now();
    assert_eq!(run(times), times, "a run failed");
    start.elapsed()
}

/// For the table that is made of all results.
pub fn keep([bench, what, line]: [&str; 3], ratio: f64) {
    println!("{what}, {line}: {ratio:.3}");
    let pairs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench-pairs");
    fs::create_dir_all(&pairs).expect("a directory");
    fs::write(pairs.join(format!("{bench}, {what}, {line}")), format!("{ratio:.2}\n")).expect("a file");
}
