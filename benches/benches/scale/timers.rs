//! Timers of WASI 0.2, alive side by side.

use std::time::Instant;

use benches::Line;
use criterion::Criterion;
use deterministic_policies::Preset;
use deterministic_wasmtime::core::Seed;
use deterministic_wasmtime::{ComponentCtx, MAX_RESOURCES, WasiCtxBuilderExt as _, p2};
use wasmtime::component::{Component, Instance, InstancePre, Linker, TypedFunc};
use wasmtime::{Engine, Store};
use wasmtime_wasi::WasiCtxBuilder;

const ALIVE: &[u32] = &[1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

/// `make` makes so many timers, of an hour and ever earlier; `drop` drops them; `all` waits for all of them at once, so often;
/// `one` makes another, of a nanosecond, waits for it and drops it, so often. Each counts what came out as it should.
const GUEST: &str = r#"(component
    (import "wasi:io/poll@0.2.6" (instance $io
        (export "pollable" (type $pollable (sub resource)))
        (export "[method]pollable.block" (func (param "self" (borrow $pollable))))
        (export "[method]pollable.ready" (func (param "self" (borrow $pollable)) (result bool)))
        (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
    (alias export $io "pollable" (type $pollable))
    (import "wasi:clocks/monotonic-clock@0.2.6" (instance $clock
        (alias outer 1 $pollable (type $outer))
        (export "pollable" (type $pollable (eq $outer)))
        (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
    (core module $Memory
        (memory (export "memory") 128)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536)))
    (core instance $memory (instantiate $Memory))
    (core func $duration (canon lower (func $clock "subscribe-duration")))
    (core func $block (canon lower (func $io "[method]pollable.block")))
    (core func $ready (canon lower (func $io "[method]pollable.ready")))
    (core func $drop (canon resource.drop $pollable))
    (core func $poll (canon lower (func $io "poll")
        (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
    (core module $Main
        (import "" "memory" (memory 1))
        (import "" "poll" (func $poll (param i32 i32 i32)))
        (import "" "duration" (func $duration (param i64) (result i32)))
        (import "" "block" (func $block (param i32)))
        (import "" "ready" (func $ready (param i32) (result i32)))
        (import "" "drop" (func $drop (param i32)))
        (func $at (param $i i32) (result i32)
            (i32.add (i32.const 1048576) (i32.mul (local.get $i) (i32.const 4))))
        (func (export "make") (param $count i32) (result i32) (local $i i32)
            (loop $again
                (i32.store (call $at (local.get $i))
                    (call $duration (i64.sub (i64.const 3600000000000) (i64.extend_i32_u (local.get $i)))))
                (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $count))))
            (local.get $i))
        (func (export "drop") (param $count i32) (result i32) (local $i i32)
            (loop $again
                (call $drop (i32.load (call $at (local.get $i))))
                (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $count))))
            (local.get $i))
        (func (export "all") (param $count i32) (result i32)
            (call $poll (i32.const 1048576) (local.get $count) (i32.const 16))
            (i32.load (i32.load (i32.const 16))))
        (func (export "one") (param $times i32) (result i32) (local $timer i32) (local $came i32)
            (loop $again
                (local.set $timer (call $duration (i64.const 1)))
                (call $block (local.get $timer))
                (local.set $came (i32.add (local.get $came) (call $ready (local.get $timer))))
                (call $drop (local.get $timer))
                (br_if $again (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
            (local.get $came)))
    (core instance $main (instantiate $Main (with "" (instance
        (export "memory" (memory $memory "memory")) (export "poll" (func $poll))
        (export "duration" (func $duration)) (export "block" (func $block))
        (export "ready" (func $ready)) (export "drop" (func $drop))))))
    (func (export "make") (param "n" u32) (result u32) (canon lift (core func $main "make")))
    (func (export "drop") (param "n" u32) (result u32) (canon lift (core func $main "drop")))
    (func (export "all") (param "n" u32) (result u32) (canon lift (core func $main "all")))
    (func (export "one") (param "n" u32) (result u32) (canon lift (core func $main "one"))))"#;

struct Guest {
    store: Store<ComponentCtx>,
    instance: Instance,
}

impl Guest {
    /// Time moves only by waiting, so that an hour is never over.
    fn new(program: &InstancePre<ComponentCtx>) -> Self {
        let policies = Preset::Simulation.policies(&Seed::default());
        let ctx = WasiCtxBuilder::new().build_deterministic(policies);
        let mut store = Store::new(program.engine(), ctx);
        store.set_max_component_handles(MAX_RESOURCES);
        let instance = program.instantiate(&mut store).expect("it starts");
        Guest { store, instance }
    }

    fn function(&mut self, name: &str) -> TypedFunc<(u32,), (u32,)> {
        self.instance.get_typed_func(&mut self.store, name).expect("it exports it")
    }

    fn call(&mut self, name: &str, param: u32) -> u32 {
        self.function(name).call(&mut self.store, (param,)).expect("it ends well").0
    }
}

pub(super) fn live(criterion: &mut Criterion) {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    p2::add_to_linker_sync(&mut linker).expect("a fresh linker");
    let component = Component::new(&engine, GUEST).expect("a valid guest");
    let program = linker.instantiate_pre(&component).expect("it links");
    let mut group = criterion.benchmark_group("scale/timers");

    // So many waits for one, whatever else is alive: the time of one wait is what should stay.
    const WAITS: u32 = 100;
    let mut made = Line::new("timers, made and dropped");
    let mut all = Line::new("timers, waiting for all");
    let mut one = Vec::new();
    for &alive in ALIVE {
        let mut guest = Guest::new(&program);
        made.point(&mut group, alive.into(), |times| {
            let start = Instant::now();
            for _ in 0..times {
                assert_eq!(guest.call("make", alive), alive);
                assert_eq!(guest.call("drop", alive), alive);
            }
            start.elapsed()
        });
        assert_eq!(guest.call("make", alive), alive);
        let mut line = Line::new(format!("waits for one, {alive} timers alive"));
        line.point(&mut group, WAITS.into(), |times| {
            let start = Instant::now();
            (0..times).for_each(|_| assert_eq!(guest.call("one", WAITS), WAITS));
            start.elapsed()
        });
        one.push(line);
        drop(guest);
        // Anew each time: those that came are ready from then on. The last one comes first.
        all.point(&mut group, alive.into(), |times| {
            (0..times)
                .map(|_| {
                    let mut guest = Guest::new(&program);
                    assert_eq!(guest.call("make", alive), alive);
                    let start = Instant::now();
                    assert_eq!(guest.call("all", alive), alive - 1);
                    start.elapsed()
                })
                .sum()
        });
    }
}
