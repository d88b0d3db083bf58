//! WASI 0.1: every call of clocks, randomness and scheduling, and writing to a standard output in memory. Stock
//! wasmtime-wasi, deterministic-wasi-ctx and our presets on the same guest, in one run.

use benches::{Call, Floor, Side, all_but_strict, configure, core_engine, each_side, few};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// The sides that differ where nothing is written.
fn silent(side: Side) -> bool {
    side != Side::Captured
}

fn clocks(criterion: &mut Criterion) {
    for call in [Call::clock_time_get("monotonic", 1), Call::clock_time_get("realtime", 0)] {
        let mut group = criterion.benchmark_group(format!("p1/{}", call.name));
        each_side(&mut group, &call.module(&core_engine()), silent, Some(Floor::Clock));
    }
    let call = Call::clock_res_get();
    let mut group = criterion.benchmark_group(format!("p1/{}", call.name));
    each_side(&mut group, &call.module(&core_engine()), silent, None);
}

fn randomness(criterion: &mut Criterion) {
    for (name, length) in [("8 B", 8), ("64 B", 64), ("4 KiB", 4096), ("1 MiB", 1 << 20)] {
        let call = Call::random_get(name, length);
        let mut group = criterion.benchmark_group(format!("p1/{}", call.name));
        group.throughput(Throughput::Bytes(length));
        // `strict` refuses.
        let wanted = |side| silent(side) && all_but_strict(side);
        each_side(&mut group, &call.module(&core_engine()), wanted, (length == 8).then_some(Floor::Random));
    }
}

fn scheduling(criterion: &mut Criterion) {
    let call = Call::sched_yield();
    let mut group = criterion.benchmark_group(format!("p1/{}", call.name));
    each_side(&mut group, &call.module(&core_engine()), silent, Some(Floor::Yield));
    drop(group);
    for count in [1, 16, 256] {
        let call = Call::poll_oneoff(count);
        let mut group = criterion.benchmark_group(format!("p1/{}", call.name));
        each_side(&mut group, &call.module(&core_engine()), silent, None);
    }
}

fn stdout(criterion: &mut Criterion) {
    for (name, length) in [("1 B", 1), ("64 B", 64), ("4 KiB", 4096)] {
        let call = Call::fd_write(name, length);
        let mut group = criterion.benchmark_group(format!("p1/{}", call.name));
        // The other presets write in the same way.
        each_side(&mut group, &call.module(&core_engine()), few, None);
    }
}

criterion_group! {
    name = benches;
    config = configure();
    targets = clocks, randomness, scheduling, stdout
}
criterion_main!(benches);
