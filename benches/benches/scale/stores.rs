//! Many stores at once, and many threads.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use benches::{Call, Line, core_engine, make_p1, repeat};
use criterion::Criterion;
use deterministic_policies::Preset;
use deterministic_wasmtime::p1;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, Linker, Store, TypedFunc};

const ALIVE: &[u64] = &[1, 10, 100, 1_000, 10_000];

/// How many calls the guest of each store does.
const CALLS: u64 = 5;

fn program(engine: &Engine) -> p1::InstancePre<p1::P1Ctx> {
    let module = Call::clock_time_get("monotonic", 1).module(engine);
    p1::instantiate_pre_sync(&Linker::new(engine), &module, |ctx: &mut p1::P1Ctx| ctx).expect("it links")
}

fn store(engine: &Engine, program: &p1::InstancePre<p1::P1Ctx>) -> (Store<p1::P1Ctx>, TypedFunc<u64, u64>) {
    let mut store = Store::new(engine, make_p1(Preset::Simulation));
    let instance = program.instantiate(&mut store).expect("it starts");
    let run = instance.get_typed_func::<u64, u64>(&mut store, "run").expect("it exports `run`");
    (store, run)
}

/// Has the guest read its clock. Time begins at 1 ns in each store, and a reading takes a microsecond.
fn run(store: &mut Store<p1::P1Ctx>, run: &TypedFunc<u64, u64>, calls: u64, before: u64) {
    assert_eq!(run.call(&mut *store, calls).expect("it ends well"), calls, "a call failed");
    assert_eq!(store.data().deterministic().now().as_nanos(), 1 + 1_000 * (before + calls));
}

pub(super) fn alive(criterion: &mut Criterion) {
    let engine = core_engine();
    let program = program(&engine);
    let mut group = criterion.benchmark_group("scale/stores");
    let mut line = Line::new("stores alive, made, run and dropped");
    for &count in ALIVE {
        line.point(&mut group, count, |times| {
            repeat(times, || {
                let mut stores: Vec<_> = (0..count).map(|_| store(&engine, &program)).collect();
                stores.iter_mut().for_each(|(store, function)| run(store, function, CALLS, 0));
                assert_eq!(stores.len() as u64, count);
            })
        });
    }
}

/// Does `work` on so many threads; the time is that from when all of them are ready to when the last has ended.
fn on_threads(count: u64, work: impl Fn() + Sync) -> Duration {
    let ready = Barrier::new(count as usize + 1);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|_| {
                scope.spawn(|| {
                    ready.wait();
                    work();
                })
            })
            .collect();
        ready.wait();
        let start = Instant::now();
        threads.into_iter().for_each(|thread| thread.join().expect("its assertions hold"));
        start.elapsed()
    })
}

/// One engine and one program for all threads; each has stores of its own. The time of an element stays or falls.
pub(super) fn threads(criterion: &mut Criterion) {
    const STORES: u64 = 200;
    const LONG: u64 = 100_000;
    let most = thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let mut group = criterion.benchmark_group("scale/threads");
    for (name, strategy) in
        [("on demand", InstanceAllocationStrategy::OnDemand), ("pooling", InstanceAllocationStrategy::pooling())]
    {
        let mut config = Config::new();
        config.allocation_strategy(strategy);
        let engine = Engine::new(&config).expect("a configuration that Wasmtime has");
        let program = program(&engine);
        let mut stores = Line::new(format!("stores on 1 to {most} threads, {name}"));
        for count in 1..=most {
            stores.point(&mut group, count * STORES, |times| {
                on_threads(count, || {
                    for _ in 0..STORES * times {
                        let (mut store, function) = store(&engine, &program);
                        run(&mut store, &function, CALLS, 0);
                    }
                })
            });
        }
    }
    let engine = core_engine();
    let program = program(&engine);
    let mut calls = Line::new(format!("calls on 1 to {most} threads"));
    for count in 1..=most {
        calls.point(&mut group, count * LONG, |times| {
            on_threads(count, || {
                let (mut store, function) = store(&engine, &program);
                (0..times).for_each(|i| run(&mut store, &function, LONG, LONG * i));
            })
        });
    }
}
