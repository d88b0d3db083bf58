//! The same for components of WASI 0.2.

use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
use deterministic_policies::Preset;
use deterministic_wasmtime::core::Seed;
use deterministic_wasmtime::{ComponentCtx, WasiCtxBuilderExt as _, p2};
use wasmtime::component::{Component, InstancePre, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

/// Reads a clock, as a sign that it is there.
const GUEST: &str = r#"(component
    (import "wasi:clocks/monotonic-clock@0.2.6" (instance $clock (export "resolution" (func (result u64)))))
    (core func $resolution (canon lower (func $clock "resolution")))
    (core module $Main
        (import "" "resolution" (func $resolution (result i64)))
        (memory 17)
        (func (export "run") (result i32) (i64.ne (call $resolution) (i64.const 0))))
    (core instance $main (instantiate $Main (with "" (instance (export "resolution" (func $resolution))))))
    (func (export "run") (result bool) (canon lift (core func $main "run"))))"#;

/// What stock needs.
struct Stock {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for Stock {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

fn line<T: 'static>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    program: &InstancePre<T>,
    context: impl Fn() -> T,
) {
    let engine = program.engine();
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let mut store = Store::new(engine, context());
            let instance = program.instantiate(&mut store).expect("it starts");
            let run = instance.get_typed_func::<(), (bool,)>(&mut store, "run").expect("it exports `run`");
            assert_eq!(run.call(&mut store, ()).expect("it ends well"), (true,), "{name}: no clock");
        });
    });
}

pub(super) fn time(criterion: &mut Criterion, allocator: &str, engine: &Engine) {
    let component = Component::new(engine, GUEST).expect("a valid guest");
    let mut group = criterion.benchmark_group(format!("stores/component, {allocator}"));

    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker).expect("a fresh linker");
    let program = linker.instantiate_pre(&component).expect("it links");
    line(&mut group, "stock", &program, || Stock { wasi: WasiCtxBuilder::new().build(), table: ResourceTable::new() });

    let mut linker = Linker::new(engine);
    p2::add_to_linker_sync(&mut linker).expect("a fresh linker");
    let program: InstancePre<ComponentCtx> = linker.instantiate_pre(&component).expect("it links");
    for preset in Preset::ALL {
        let context = || WasiCtxBuilder::new().build_deterministic(preset.policies(&Seed::default()));
        line(&mut group, preset.name(), &program, context);
    }
}
