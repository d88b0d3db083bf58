//! Cost against size: one line of sizes, and what an element costs on it.

use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, BenchmarkId, Throughput, measurement::WallTime};

/// What was measured of one line. Says when it is dropped what each element costs.
#[derive(Debug)]
pub struct Line {
    name: String,
    /// Size, and the median of one measurement in nanoseconds.
    points: Vec<(u64, f64)>,
}

impl Line {
    /// No points yet.
    pub fn new(name: impl Into<String>) -> Self {
        Line { name: name.into(), points: Vec::new() }
    }

    /// Times `work`, which does `size` elements as often as it is told and says how long that took.
    pub fn point(
        &mut self,
        group: &mut BenchmarkGroup<'_, WallTime>,
        size: u64,
        mut work: impl FnMut(u64) -> Duration,
    ) {
        let mut each = Vec::new();
        group.throughput(Throughput::Elements(size));
        group.bench_function(BenchmarkId::new(&self.name, size), |bencher| {
            // What came before is the warm-up.
            each.clear();
            bencher.iter_custom(|times| {
                let taken = work(times);
                each.push(taken.as_nanos() as f64 / times as f64);
                taken
            });
        });
        each.sort_unstable_by(f64::total_cmp);
        if let Some(median) = each.get(each.len() / 2) {
            self.points.push((size, *median));
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        for (size, median) in &self.points {
            println!("{:50} {size:>8} {:>12.1} ns each", self.name, median / *size as f64);
        }
    }
}

/// How long it takes to do `work` so often; it is to assert for itself.
pub fn repeat(times: u64, mut work: impl FnMut()) -> Duration {
    let start = Instant::now();
    (0..times).for_each(|_| work());
    start.elapsed()
}
