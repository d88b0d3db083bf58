//! WASI 0.2: every call of clocks, randomness and polling, and writing to a standard output in memory. Stock
//! wasmtime-wasi, deterministic-wasi-ctx and our presets on the same component, in one run.

use benches::components::{Floor, each_side_p2, p2, p2_engine};
use benches::{ComponentCall, Side, all_but_strict, configure, few, stock_or_ours};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wasmtime::component::{Resource, ResourceType};
use wasmtime_wasi::p2::IoError;
use wasmtime_wasi::p2::bindings::io::streams::StreamError;

fn bench(
    criterion: &mut Criterion,
    call: &ComponentCall,
    throughput: Option<u64>,
    wanted: impl Fn(Side) -> bool,
    floor: Option<Floor>,
) {
    let mut group = criterion.benchmark_group(format!("p2/{}", call.name));
    if let Some(bytes) = throughput {
        group.throughput(Throughput::Bytes(bytes));
    }
    each_side_p2(&mut group, &call.component(&p2_engine()), wanted, floor);
}

fn clocks(criterion: &mut Criterion) {
    let floor: Floor =
        |linker| linker.instance("wasi:clocks/monotonic-clock@0.2.6")?.func_wrap("now", |_, (): ()| Ok((1_u64,)));
    bench(criterion, &p2::monotonic_now(), None, |_| true, Some(floor));
    bench(criterion, &p2::wall_now(), None, |_| true, None);
    bench(criterion, &p2::monotonic_resolution(), None, few, None);
    bench(criterion, &p2::wall_resolution(), None, few, None);
}

fn randomness(criterion: &mut Criterion) {
    for (name, length) in [("8 B", 8), ("64 B", 64), ("4 KiB", 4096), ("1 MiB", 1 << 20)] {
        let wanted = |side| if length == 8 { all_but_strict(side) } else { few(side) };
        let floor: Floor = |linker| {
            let mut random = linker.instance("wasi:random/random@0.2.6")?;
            random.func_wrap("get-random-bytes", |_, (_,): (u64,)| Ok((vec![1_u8; 8],)))
        };
        bench(criterion, &p2::random_bytes(name, length), Some(length), wanted, (length == 8).then_some(floor));
    }
    let floor: Floor =
        |linker| linker.instance("wasi:random/random@0.2.6")?.func_wrap("get-random-u64", |_, (): ()| Ok((1_u64,)));
    bench(criterion, &p2::random_u64(), None, all_but_strict, Some(floor));
    for (name, length) in [("8 B", 8), ("4 KiB", 4096)] {
        bench(criterion, &p2::insecure_bytes(name, length), Some(length), few, None);
    }
    bench(criterion, &p2::insecure_u64(), None, few, None);
    bench(criterion, &p2::insecure_seed(), None, few, None);
}

fn polling(criterion: &mut Criterion) {
    let floor: Floor = p2::polling_floor;
    bench(criterion, &p2::poll(1), None, |_| true, Some(floor));
    for count in [16, 256] {
        bench(criterion, &p2::poll(count), None, stock_or_ours, Some(floor));
    }
    bench(criterion, &p2::pollable_ready(), None, stock_or_ours, Some(floor));
    // Stock sleeps for as long as it is told, and then until the host's timer notices.
    for nanos in [0, 1] {
        bench(criterion, &p2::sleep(nanos), None, stock_or_ours, (nanos == 0).then_some(floor));
    }
}

fn stdout(criterion: &mut Criterion) {
    /// What the floor's output is.
    struct Output;
    let floor: Floor = |linker| {
        linker.instance("wasi:io/error@0.2.6")?.resource("error", ResourceType::host::<IoError>(), |_, _| Ok(()))?;
        let mut streams = linker.instance("wasi:io/streams@0.2.6")?;
        streams.resource("output-stream", ResourceType::host::<Output>(), |_, _| Ok(()))?;
        streams.func_wrap("[method]output-stream.check-write", |_, (_,): (Resource<Output>,)| {
            Ok((Ok::<u64, StreamError>(4096),))
        })?;
        for write in ["[method]output-stream.write", "[method]output-stream.blocking-write-and-flush"] {
            streams.func_wrap(write, |_, (_, _): (Resource<Output>, Vec<u8>)| Ok((Ok::<(), StreamError>(()),)))?;
        }
        linker
            .instance("wasi:cli/stdout@0.2.6")?
            .func_wrap("get-stdout", |_, (): ()| Ok((Resource::<Output>::new_own(1),)))
    };
    for (name, length) in [("1 B", 1), ("64 B", 64), ("4 KiB", 4096)] {
        bench(criterion, &p2::blocking_write(name, length), None, stock_or_ours, Some(floor));
        bench(criterion, &p2::write(name, length), None, stock_or_ours, Some(floor));
    }
}

criterion_group! {
    name = benches;
    config = configure();
    targets = clocks, randomness, polling, stdout
}
criterion_main!(benches);
