//! How many runs a second a search makes of a guest of ten thousand instructions, by what stock takes for a store, an instance and the call
//! alone; and what a second thread adds.

use std::num::NonZeroUsize;

use benches::{Repeated, configure, keep, time_in_pairs};
use criterion::{Criterion, criterion_group, criterion_main};
use deterministic_policies::Preset;
use deterministic_run::Inputs;
use deterministic_run::search::{Failing, Search};
use deterministic_wasmtime::core::Seed;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, Linker, Module, PoolingAllocationConfig, Store};

/// 1430 rounds of seven instructions.
const GUEST: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "_start") (local $x i32) (local $left i32)
        (local.set $left (i32.const 1430))
        (loop $again
            (local.set $x (i32.add (local.get $x) (local.get $left)))
            (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
        (i32.store (i32.const 8) (local.get $x))))"#;

fn searched(jobs: usize) -> Repeated<'static> {
    let inputs = Inputs::new(GUEST).expect("a guest").preset(Preset::Chaos, Seed::default());
    Box::new(move |runs| {
        let search = Search { jobs: NonZeroUsize::new(jobs), failing: Failing::default(), ..Search::new(0..runs) };
        let found = inputs.search(&search).expect("it is searched");
        assert_eq!((found.failed(), found.groups().len()), (0, 1));
        found.runs()
    })
}

/// A store and an instance from a pool, and the call.
fn stock() -> Repeated<'static> {
    let mut config = Config::new();
    let mut pool = PoolingAllocationConfig::new();
    pool.total_memories(1).total_core_instances(1).total_tables(1);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    let engine = Engine::new(&config).expect("an engine");
    let module = Module::new(&engine, GUEST).expect("a module");
    let linked = Linker::<()>::new(&engine).instantiate_pre(&module).expect("it is linked");
    Box::new(move |runs| {
        for _ in 0..runs {
            let mut store = Store::new(&engine, ());
            let instance = linked.instantiate(&mut store).expect("an instance");
            let start = instance.get_typed_func::<(), ()>(&mut store, "_start").expect("it exports it");
            start.call(&mut store, ()).expect("it returns");
        }
        runs
    })
}

fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("search");
    time_in_pairs(
        &mut group,
        ["search", "a run by stock's store and instance", "one thread"],
        &mut searched(1),
        &mut stock(),
    );
    time_in_pairs(
        &mut group,
        ["search", "a run by one on one thread", "two threads"],
        &mut searched(2),
        &mut searched(1),
    );
    group.finish();
    if std::env::args().any(|arg| arg == "--bench") {
        let begun = std::time::Instant::now();
        let runs = 100_000;
        searched(1)(runs);
        keep(["search", "runs a second", "one thread"], runs as f64 / begun.elapsed().as_secs_f64());
    }
}

criterion_group! { name = benches; config = configure(); targets = all }
criterion_main!(benches);
