//! WASI 0.3: every call of clocks and randomness. Stock wasmtime-wasi, deterministic-wasi-ctx and our presets on the same
//! component, in one run.

use benches::components::{Floor, each_side_p3, p3, p3_engine};
use benches::{ComponentCall, Side, all_but_strict, configure, few, stock_or_ours};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use deterministic_policies::Preset;

fn bench(
    criterion: &mut Criterion,
    call: &ComponentCall,
    throughput: Option<u64>,
    wanted: impl Fn(Side) -> bool,
    floor: Option<Floor>,
) {
    let mut group = criterion.benchmark_group(format!("p3/{}", call.name));
    if let Some(bytes) = throughput {
        group.throughput(Throughput::Bytes(bytes));
    }
    each_side_p3(&mut group, &call.component(&p3_engine()), wanted, floor);
}

fn clocks(criterion: &mut Criterion) {
    let floor: Floor =
        |linker| linker.instance("wasi:clocks/monotonic-clock@0.3.0")?.func_wrap("now", |_, (): ()| Ok((1_u64,)));
    bench(criterion, &p3::monotonic_now(), None, |_| true, Some(floor));
    for call in [p3::system_now(), p3::monotonic_resolution(), p3::system_resolution()] {
        bench(criterion, &call, None, few, None);
    }
}

fn waiting(criterion: &mut Criterion) {
    for call in [p3::wait_until_0(), p3::wait_for(0)] {
        bench(criterion, &call, None, stock_or_ours, None);
    }
    // Stock sleeps for as long as it is told, and then until the host's timer notices. Some presets' time passes in
    // another way, and where it stands a guest that sleeps so often is ended.
    let wanted = |side| match side {
        Side::Ours(preset) => matches!(preset, Preset::Simulation | Preset::Chaos),
        side => stock_or_ours(side),
    };
    bench(criterion, &p3::wait_for(1), None, wanted, None);
}

fn randomness(criterion: &mut Criterion) {
    for (name, length) in [("8 B", 8), ("4 KiB", 4096), ("1 MiB", 1 << 20)] {
        let wanted = |side| if length == 8 { all_but_strict(side) } else { few(side) };
        let floor: Floor = |linker| {
            let mut random = linker.instance("wasi:random/random@0.3.0")?;
            random.func_wrap("get-random-bytes", |_, (_,): (u64,)| Ok((vec![1_u8; 8],)))
        };
        bench(criterion, &p3::random_bytes(name, length), Some(length), wanted, (length == 8).then_some(floor));
    }
    let floor: Floor =
        |linker| linker.instance("wasi:random/random@0.3.0")?.func_wrap("get-random-u64", |_, (): ()| Ok((1_u64,)));
    bench(criterion, &p3::random_u64(), None, few, Some(floor));
    for (name, length) in [("8 B", 8), ("4 KiB", 4096)] {
        bench(criterion, &p3::insecure_bytes(name, length), Some(length), few, None);
    }
    bench(criterion, &p3::insecure_u64(), None, few, None);
    bench(criterion, &p3::insecure_seed(), None, few, None);
}

criterion_group! {
    name = benches;
    config = configure();
    targets = clocks, waiting, randomness
}
criterion_main!(benches);
