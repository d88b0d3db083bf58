//! WASI 0.1 calls: stock wasmtime-wasi, deterministic-wasi-ctx and our presets on the same guest, in one run.
//!
//! The loop runs inside the guest, so that a call costs what it costs a guest; what the guest saw is asserted.

use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime};
use deterministic_policies::Preset;
use deterministic_wasmtime::core::Seed;
use deterministic_wasmtime::{WasiCtxBuilderExt as _, p1};
use wasmtime::{Engine, Linker, Module, Store};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::WasiP1Ctx;

/// Reads the monotonic clock as often as told; returns how many calls succeeded.
const CLOCK_TIME_GET: &str = r#"(module
    (import "wasi_snapshot_preview1" "clock_time_get" (func $call (param i32 i64 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "run") (param $left i64) (result i64) (local $done i64)
        (loop $again
            (if (i32.eqz (call $call (i32.const 1) (i64.const 0) (i32.const 8)))
                (then (local.set $done (i64.add (local.get $done) (i64.const 1)))))
            (local.set $left (i64.sub (local.get $left) (i64.const 1)))
            (br_if $again (i64.ne (local.get $left) (i64.const 0))))
        (local.get $done)))"#;

fn time<T: 'static>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    linker: &Linker<T>,
    module: &Module,
    data: T,
) {
    let mut store = Store::new(linker.engine(), data);
    let instance = linker.instantiate(&mut store, module).expect("the guest links");
    let run = instance.get_typed_func::<u64, u64>(&mut store, "run").expect("it exports `run`");
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|calls| {
            let start = Instant::now();
            let done = run.call(&mut store, calls).expect("it ends well");
            let taken = start.elapsed();
            assert_eq!(done, calls, "a call failed");
            taken
        });
    });
}

fn clock_time_get(criterion: &mut Criterion) {
    let engine = Engine::default();
    let module = Module::new(&engine, CLOCK_TIME_GET).expect("a valid guest");
    let mut group = criterion.benchmark_group("p1/clock_time_get");
    group.measurement_time(Duration::from_secs(3));

    let mut stock = Linker::new(&engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut stock, |ctx: &mut WasiP1Ctx| ctx).expect("a fresh linker");
    time(&mut group, "stock", &stock, &module, WasiCtxBuilder::new().build_p1());

    let mut builder = WasiCtxBuilder::new();
    deterministic_wasi_ctx::add_determinism_to_wasi_ctx_builder(&mut builder);
    time(&mut group, "deterministic-wasi-ctx", &stock, &module, builder.build_p1());

    let mut ours = Linker::new(&engine);
    p1::add_to_linker_sync(&mut ours, |ctx: &mut p1::P1Ctx| ctx).expect("a fresh linker");
    for preset in Preset::ALL.iter().copied() {
        let ctx = WasiCtxBuilder::new().build_deterministic_p1(preset.policies(&Seed::default()));
        time(&mut group, preset.name(), &ours, &module, ctx);
    }
    group.finish();
}

criterion_group!(benches, clock_time_get);
criterion_main!(benches);
