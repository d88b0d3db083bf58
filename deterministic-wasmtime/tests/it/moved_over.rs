//! What the tests of deterministic-wasi-ctx 4 say, of our functions of the same names, and of the preset behind our linker: who
//! moves over keeps his tests.

use deterministic_wasmtime::core::Seed;
use deterministic_wasmtime::policies::Preset;
use deterministic_wasmtime::{
    WasiCtxBuilderExt as _, add_determinism_to_wasi_ctx_builder, p1, replace_scheduling_functions,
};
use wasmtime::{Engine, Error, Linker, Module, Result, Store, WasmParams};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::WasiP1Ctx;

/// What the tests of that crate call.
const GUEST: &str = r#"(module
    (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
    (memory (export "memory") 1)
    (func $must (param i32) (if (local.get 0) (then unreachable)))
    (func $now (param i32) (result i64)
        (call $must (call $time (local.get 0) (i64.const 0) (i32.const 8)))
        (i64.load (i32.const 8)))
    (func (export "now") (param i32) (result i64)
        ;; Nothing is there that could be taken for an answer.
        (i64.store (i32.const 8) (i64.const -1))
        (call $now (local.get 0)))
    (func (export "passed") (param i32) (result i64)
        (i64.sub (call $now (local.get 0)) (call $now (local.get 0))))
    ;; The last of as many bytes as told, drawn one by one.
    (func (export "draw") (param i32) (result i64)
        (loop $again
            (call $must (call $random (i32.const 8) (i32.const 1)))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (i64.load8_u (i32.const 8)))
    ;; Sleeps until the end of time, by either clock; how many timers were due.
    (func (export "sleep") (param i32) (result i64)
        (i32.store (i32.const 1040) (local.get 0))
        (i64.store (i32.const 1048) (i64.const -1))
        (call $must (call $poll (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 8)))
        (i64.load32_u (i32.const 8)))
    (func (export "poll") (param i32 i32 i32 i32) (result i64)
        (i64.extend_i32_u (call $poll (local.get 0) (local.get 1) (local.get 2) (local.get 3))))
    (func (export "yield") (param i32) (result i64) (i64.extend_i32_u (call $yield))))"#;

/// The export `name` of a fresh guest, called: moved over by the `use` line alone, and on our own linker.
fn call<P: WasmParams + Copy>(guest: &str, name: &str, params: P) -> [Result<i64>; 2] {
    fn run<T: 'static, P: WasmParams>(linker: &Linker<T>, data: T, guest: &str, name: &str, params: P) -> Result<i64> {
        let mut store = Store::new(linker.engine(), data);
        let instance = linker.instantiate(&mut store, &Module::new(linker.engine(), guest)?)?;
        instance.get_typed_func::<P, i64>(&mut store, name)?.call(&mut store, params)
    }
    let engine = Engine::default();
    let mut moved: Linker<WasiP1Ctx> = Linker::new(&engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut moved, |ctx| ctx).unwrap();
    replace_scheduling_functions(&mut moved).unwrap();
    let mut builder = WasiCtxBuilder::new();
    let stock = add_determinism_to_wasi_ctx_builder(&mut builder).build_p1();

    let mut own: Linker<p1::P1Ctx> = Linker::new(&engine);
    p1::add_to_linker_sync(&mut own, |ctx| ctx).unwrap();
    let preset = Preset::DeterministicWasiCtx.policies(&Seed::default());
    let ours = WasiCtxBuilder::new().build_deterministic_p1(preset);
    [run(&moved, stock, guest, name, params), run(&own, ours, guest, name, params)]
}

fn values<P: WasmParams + Copy>(name: &str, params: P) -> [i64; 2] {
    call(GUEST, name, params).map(Result::unwrap)
}

const REALTIME: i32 = 0;
const MONOTONIC: i32 = 1;

#[test]
fn the_wall_clock_shows_0() {
    assert_eq!(values("now", REALTIME), [0; 2]);
}

#[test]
fn the_wall_clock_stands_still() {
    assert_eq!(values("passed", REALTIME), [0; 2]);
}

#[test]
fn the_monotonic_clock_shows_0() {
    assert_eq!(values("now", MONOTONIC), [0; 2]);
}

#[test]
fn the_monotonic_clock_stands_still() {
    assert_eq!(values("passed", MONOTONIC), [0; 2]);
}

#[test]
fn the_first_byte_is_155() {
    assert_eq!(values("draw", 1), [155; 2]);
}

#[test]
fn the_second_byte_is_111() {
    assert_eq!(values("draw", 2), [111; 2]);
}

#[test]
fn a_sleep_is_over_at_once() {
    // If it were not, this would not end.
    assert_eq!(values("sleep", REALTIME), [1; 2]);
    assert_eq!(values("sleep", MONOTONIC), [1; 2]);
}

/// That it works; there is nothing to see.
#[test]
fn a_yield_returns() {
    assert_eq!(values("yield", 0), [0; 2]);
}

/// The text of the cause: what those tests look into.
fn cause(error: &Error) -> String {
    error.source().expect("the trap has a cause").to_string()
}

const OUTSIDE: i32 = i32::MAX - 16;

fn is_outside(params: (i32, i32, i32, i32)) {
    for result in call(GUEST, "poll", params) {
        let text = cause(&result.unwrap_err());
        assert!(text.contains("Pointer out of bounds") || text.contains("out of bounds memory access"), "{text}");
    }
}

#[test]
fn subscriptions_outside_of_the_memory_are_an_error_that_says_so() {
    is_outside((OUTSIDE, 0, 1, 0));
}

#[test]
fn events_outside_of_the_memory_are_an_error_that_says_so() {
    is_outside((0, OUTSIDE, 1, 0));
}

#[test]
fn a_count_outside_of_the_memory_is_an_error_that_says_so() {
    is_outside((0, 0, 1, OUTSIDE));
}

/// A guest that polls, with `memory` where its memory should be.
fn lacks_memory(memory: &str) {
    let guest = format!(
        r#"(module
            (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
            {memory}
            (func (export "poll") (result i64) (i64.extend_i32_u
                (call $poll (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))))"#
    );
    for result in call(&guest, "poll", ()) {
        let text = cause(&result.unwrap_err());
        assert!(text.contains("missing required memory export"), "{text}");
    }
}

#[test]
fn a_guest_without_a_memory_is_told_what_is_missing() {
    lacks_memory("");
    lacks_memory("(memory 1)");
}

#[test]
fn a_memory_that_is_none_is_missing_too() {
    lacks_memory(r#"(global (export "memory") i32 (i32.const 0))"#);
}
