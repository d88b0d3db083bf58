//! WASI 0.1 calls: stock wasmtime-wasi, deterministic-wasi-ctx and our presets on the same guest, in one run.

use benches::{MEASUREMENT, looping, time};
use criterion::{Criterion, criterion_group, criterion_main};
use deterministic_policies::Preset;
use deterministic_wasmtime::core::Seed;
use deterministic_wasmtime::{WasiCtxBuilderExt as _, p1};
use wasmtime::{Engine, Linker, Module};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::WasiP1Ctx;

fn clock_time_get(criterion: &mut Criterion) {
    let engine = Engine::default();
    let before = r#"(import "wasi_snapshot_preview1" "clock_time_get" (func $call (param i32 i64 i32) (result i32)))"#;
    let body = "(call $call (i32.const 1) (i64.const 0) (i32.const 8))";
    let module = Module::new(&engine, looping(before, body)).expect("a valid guest");
    let mut group = criterion.benchmark_group("p1/clock_time_get");
    group.measurement_time(MEASUREMENT);

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
