//! How fast generators fill, by themselves and through the stream that adapters draw from.

use std::hint::black_box;
use std::time::{Duration, Instant};

use benches::{Call, Side, core_engine, each_side};
use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use deterministic_policies::{
    ChaCha8, ChaCha12, ChaCha20, Counter, DeterministicWasiCtxRng, HostRng, Pcg64Mcg, Preset,
};
use deterministic_wasmtime::core::{ByteStream, Rng, Seed};
use rand_core::SeedableRng;

const LENGTHS: &[(&str, usize)] = &[("8 B", 8), ("64 B", 64), ("4 KiB", 4096), ("1 MiB", 1 << 20)];

/// Fills a buffer `times` times; the last filling must have come about.
fn fill(times: u64, length: usize, mut fill: impl FnMut(&mut [u8])) -> Duration {
    let mut buf = vec![0; length];
    let start = Instant::now();
    for _ in 0..times {
        fill(black_box(&mut buf));
    }
    let taken = start.elapsed();
    let (first, last) = (buf.first_chunk::<8>(), buf.last_chunk::<8>());
    assert!(first.is_some_and(|bytes| *bytes != [0; 8]) && last.is_some_and(|bytes| *bytes != [0; 8]), "not filled");
    taken
}

fn line(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, length: usize, make: fn() -> Box<dyn Rng>) {
    let mut rng = make();
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|times| fill(times, length, |buf| rng.fill(buf).expect("it fills")));
    });
    let mut stream = ByteStream::new(make());
    group.bench_function(format!("{name}, ByteStream"), |bencher| {
        bencher.iter_custom(|times| fill(times, length, |buf| stream.fill(buf).expect("it fills")));
    });
}

pub(super) fn all(criterion: &mut Criterion) {
    for &(name, length) in LENGTHS {
        let mut group = criterion.benchmark_group(format!("policies/fill {name}"));
        group.throughput(Throughput::Bytes(length as u64));
        let mut line = |name, make| line(&mut group, name, length, make);
        line("ChaCha8", || Box::new(ChaCha8::new(&Seed::default(), "secure")));
        line("ChaCha12", || Box::new(ChaCha12::new(&Seed::default(), "secure")));
        line("ChaCha20", || Box::new(ChaCha20::new(&Seed::default(), "secure")));
        line("Pcg64Mcg", || Box::new(Pcg64Mcg::new(&Seed::default(), "secure")));
        // From 1, since a number of 0 looks as if nothing had come.
        line("Counter", || Box::new(Counter::starting_at(1)));
        line("DeterministicWasiCtxRng", || Box::new(DeterministicWasiCtxRng::new()));
        line("HostRng", || Box::new(HostRng));
    }
}

/// Which generator, and whose, might be the default.
pub(super) fn candidates(criterion: &mut Criterion) {
    fn line<R: SeedableRng + rand_core::Rng>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, length: usize) {
        let mut rng = R::seed_from_u64(7);
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|times| fill(times, length, |buf| rng.fill_bytes(buf)));
        });
    }
    for &(name, length) in LENGTHS {
        let mut group = criterion.benchmark_group(format!("policies/candidates {name}"));
        group.throughput(Throughput::Bytes(length as u64));
        line::<rand_chacha::ChaCha8Rng>(&mut group, "rand_chacha ChaCha8Rng", length);
        line::<chacha20::ChaCha8Rng>(&mut group, "chacha20 ChaCha8Rng", length);
        line::<rand_pcg::Pcg64Mcg>(&mut group, "rand_pcg Pcg64Mcg", length);
    }
}

/// What is left of that for a guest: beside the generator by itself.
pub(super) fn guests(criterion: &mut Criterion) {
    for (name, length) in [("4 KiB", 4096), ("1 MiB", 1 << 20)] {
        let call = Call::random_get(name, length as u64);
        let mut group = criterion.benchmark_group(format!("policies/{}", call.name));
        group.throughput(Throughput::Bytes(length as u64));
        line(&mut group, "ChaCha8", length, || Box::new(ChaCha8::new(&Seed::default(), "secure")));
        let wanted = |side| matches!(side, Side::Ours(Preset::Simulation) | Side::PlainLinker);
        each_side(&mut group, &call.module(&core_engine()), wanted, None);
    }
}
