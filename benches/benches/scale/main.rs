//! Cost against size. What an element costs is printed for each size: a line that is not flat grows faster than its size.

mod directories;
mod stores;
mod timers;

use benches::{Call, Line, configure_short, core_engine, looping, make_p1};
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime};
use deterministic_policies::Preset;
use deterministic_wasmtime::p1;
use std::time::Instant;
use wasmtime::{Linker, Module, Store};

const SUBSCRIPTIONS: &[u32] = &[1, 10, 100, 1_000, 10_000];

/// `count` timers, each a nanosecond later than the next in the list. The last is the only one that comes, and time jumps to
/// it.
fn waiting(count: u32) -> String {
    let before = format!(
        r#"(import "wasi_snapshot_preview1" "poll_oneoff" (func $call (param i32 i32 i32 i32) (result i32)))
        (func (export "prepare") (result i32) (local $i i32) (local $at i32)
            (loop $next
                (local.set $at (i32.add (i32.const 4096) (i32.mul (local.get $i) (i32.const 48))))
                (i64.store (local.get $at) (i64.extend_i32_u (local.get $i)))
                (i32.store offset=16 (local.get $at) (i32.const 1))
                (i64.store offset=24 (local.get $at)
                    (i64.sub (i64.const 1000000) (i64.extend_i32_u (local.get $i))))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $next (i32.ne (local.get $i) (i32.const {count}))))
            (i32.const 0))"#
    );
    let body = format!(
        "(i32.or (call $call (i32.const 4096) (i32.const 1048576) (i32.const {count}) (i32.const 8))
            (i32.or (i32.ne (i32.load (i32.const 8)) (i32.const 1))
                (i64.ne (i64.load (i32.const 1048576)) (i64.const {}))))",
        count - 1
    );
    looping(&before, &body)
}

fn poll(group: &mut BenchmarkGroup<'_, WallTime>, line: &mut Line, count: u32, module: &Module) {
    let program =
        p1::instantiate_pre_sync(&Linker::new(module.engine()), module, |ctx: &mut p1::P1Ctx| ctx).expect("it links");
    let mut store = Store::new(module.engine(), make_p1(Preset::Simulation));
    let instance = program.instantiate(&mut store).expect("it starts");
    let prepare = instance.get_typed_func::<(), i32>(&mut store, "prepare").expect("it exports `prepare`");
    assert_eq!(prepare.call(&mut store, ()).expect("it ends well"), 0);
    let run = instance.get_typed_func::<u64, u64>(&mut store, "run").expect("it exports `run`");
    line.point(group, count.into(), |calls| {
        let start = Instant::now();
        let done = run.call(&mut store, calls).expect("it ends well");
        let taken = start.elapsed();
        assert_eq!(done, calls, "a call failed");
        taken
    });
}

fn subscriptions(criterion: &mut Criterion) {
    let engine = core_engine();
    let mut group = criterion.benchmark_group("scale/poll_oneoff");
    let mut due = Line::new("subscriptions, all due");
    for &count in SUBSCRIPTIONS {
        poll(&mut group, &mut due, count, &Call::poll_oneoff(count).module(&engine));
    }
    let mut jumps = Line::new("subscriptions, none due");
    for &count in SUBSCRIPTIONS {
        let module = Module::new(&engine, waiting(count)).expect("a valid guest");
        poll(&mut group, &mut jumps, count, &module);
    }
}

criterion_group! {
    name = benches;
    config = configure_short();
    targets = subscriptions, timers::live, directories::trees, directories::listing, stores::alive, stores::threads
}
criterion_main!(benches);
