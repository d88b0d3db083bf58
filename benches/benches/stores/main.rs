//! What a run costs before and around its guest: a context, a store, an instance, and their end. Stock wasmtime-wasi,
//! deterministic-wasi-ctx and our presets on the same guest, in one run, with both of Wasmtime's allocators.

mod components;

use benches::{Side, configure, make_p1, make_stock, plain_linker, stock_linker};
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime};
use deterministic_wasmtime::p1;
use std::hint::black_box;
use wasmtime::{Config, Engine, Instance, InstanceAllocationStrategy, Linker, Module, Store};

/// Round the loop goes so often, with ten instructions each.
const ROUNDS: i32 = 1_000;

/// What a small command imports, an initialised memory, and a loop of 10 000 instructions.
const GUEST: &str = r#"(module
    (import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
    (memory (export "memory") 17)
    (data (i32.const 1024) "ready")
    (func (export "run") (param $rounds i32) (result i32) (local $sum i32)
        (loop $again
            (local.set $sum (i32.add (local.get $sum) (i32.const 3)))
            (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
        (local.get $sum)))"#;

/// Whether the instance is there: its memory has what the module says.
fn assert_ready<T>(store: &mut Store<T>, instance: Instance) {
    let memory = instance.get_memory(&mut *store, "memory").expect("it exports its memory");
    assert_eq!(memory.data(&*store).get(1024..1029), Some(&b"ready"[..]), "the guest is not ready");
}

/// Times from nothing to nothing: the context is made, the store, the instance; `call` has the guest's loop run, too.
fn time<T: 'static>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    (name, engine, call): (&str, &Engine, bool),
    context: impl Fn() -> T,
    instantiate: impl Fn(&mut Store<T>) -> wasmtime::Result<Instance>,
) {
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let mut store = Store::new(engine, context());
            let instance = instantiate(&mut store).expect("it starts");
            if call {
                let run = instance.get_typed_func::<i32, i32>(&mut store, "run").expect("it exports `run`");
                assert_eq!(run.call(&mut store, ROUNDS).expect("it ends well"), 3 * ROUNDS);
            } else {
                assert_ready(&mut store, instance);
            }
        });
    });
}

fn side(group: &mut BenchmarkGroup<'_, WallTime>, side: Side, module: &Module, call: bool) {
    let line = (side.name(), module.engine(), call);
    match side {
        Side::Stock | Side::DeterministicWasiCtx => {
            let program = stock_linker(module.engine(), side).instantiate_pre(module).expect("it links");
            time(group, line, || make_stock(side), |store| program.instantiate(store));
        }
        Side::Ours(preset) => {
            let linker = Linker::new(module.engine());
            let program = p1::instantiate_pre_sync(&linker, module, |ctx: &mut p1::P1Ctx| ctx).expect("it links");
            time(group, line, || make_p1(preset), |store| program.instantiate(store));
        }
        Side::PlainLinker | Side::Captured => {
            let program = plain_linker(module.engine()).instantiate_pre(module).expect("it links");
            time(group, line, || make_p1(side.preset()), |store| program.instantiate(store));
        }
    }
}

/// Both of Wasmtime's allocators.
fn engines() -> [(&'static str, Engine); 2] {
    [("on demand", InstanceAllocationStrategy::OnDemand), ("pooling", InstanceAllocationStrategy::pooling())].map(
        |(name, strategy)| {
            let mut config = Config::new();
            config.allocation_strategy(strategy);
            (name, Engine::new(&config).expect("a configuration that Wasmtime has"))
        },
    )
}

fn modules(criterion: &mut Criterion) {
    for (allocator, engine) in engines() {
        let module = Module::new(&engine, GUEST).expect("a valid guest");
        for (what, call) in [("instantiate", false), ("instantiate and run 10^4 instructions", true)] {
            let mut group = criterion.benchmark_group(format!("stores/{what}, {allocator}"));
            Side::all().for_each(|this| side(&mut group, this, &module, call));
        }
    }
}

/// The context alone.
fn contexts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stores/context of 0.1");
    for side in Side::all() {
        group.bench_function(side.name(), |bencher| match side {
            Side::Stock | Side::DeterministicWasiCtx => bencher.iter(|| black_box(make_stock(side))),
            Side::Ours(_) | Side::PlainLinker | Side::Captured => bencher.iter(|| black_box(make_p1(side.preset()))),
        });
    }
}

fn components(criterion: &mut Criterion) {
    for (allocator, engine) in engines() {
        components::time(criterion, allocator, &engine);
    }
}

criterion_group! {
    name = benches;
    config = configure();
    targets = contexts, modules, components
}
criterion_main!(benches);
