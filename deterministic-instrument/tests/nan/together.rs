//! With the other rewritings, in either order.

use deterministic_instrument::call_depth::{CALL_DEPTH_EXPORT, CallCost, limit_call_depth_by};
use deterministic_instrument::profile::{add_counters, counters};
use deterministic_instrument::stopwatch::add_stopwatch;
use wasmtime::{Engine, Instance, Linker, Module, Store};

use crate::support::*;

const GUEST: &str = r#"(module
    (func $twice (param f64) (result f64) (f64.add (local.get 0) (local.get 0)))
    (func (export "run") (param i64) (result i64)
        (i64.reinterpret_f64 (f64.mul (call $twice (f64.reinterpret_i64 (local.get 0))) (f64.const 3)))))"#;

fn limit(wasm: &[u8]) -> Vec<u8> {
    limit_call_depth_by(wasm, 100, CallCost::Frame).expect("valid")
}

fn count(wasm: &[u8]) -> Vec<u8> {
    add_counters(wasm).expect("valid").wasm
}

fn run(engine: &Engine, wasm: &[u8]) -> (u64, Store<()>, Instance) {
    let mut store = Store::new(engine, ());
    let module = Module::new(engine, wasm).expect("a module");
    let instance = Instance::new(&mut store, &module, &[]).expect("an instance");
    let function = instance.get_typed_func::<u64, u64>(&mut store, "run").expect("an export");
    let result = function.call(&mut store, 0xfff0_0000_0000_0001).expect("it returns");
    (result, store, instance)
}

#[test]
fn call_depth_and_profile() {
    let (plain, engine) = (binary(GUEST), Engine::new(&plain()).expect("Cranelift"));
    assert_eq!(run(&canonical(), &plain).0, 0x7ff8_0000_0000_0000);
    for wasm in [
        rewritten(&limit(&plain)),
        limit(&rewritten(&plain)),
        rewritten(&count(&plain)),
        count(&rewritten(&plain)),
        rewritten(&count(&limit(&plain))),
        count(&limit(&rewritten(&plain))),
    ] {
        assert_eq!(run(&engine, &wasm).0, 0x7ff8_0000_0000_0000);
    }
    let (_, mut store, instance) = run(&engine, &rewritten(&count(&limit(&plain))));
    let mut global = |name: &str| instance.get_global(&mut store, name).map(|global| global.get(&mut store));
    assert_eq!(global(CALL_DEPTH_EXPORT).and_then(|depth| depth.i32()), Some(0));
    assert_eq!(global(&counters(1)[0]).and_then(|calls| calls.i64()), Some(1));
}

/// What is counted of the guest's own code is the same, if the counting comes first.
#[test]
fn fuel_is_as_without_if_counted_first() {
    let (plain, engine) = (binary(GUEST), Engine::new(&plain()).expect("Cranelift"));
    let fuel = |wasm: &[u8]| {
        let (_, mut store, instance) = run(&engine, wasm);
        let global = instance.get_global(&mut store, &counters(1)[1]).expect("the counter");
        global.get(&mut store).unwrap_i64()
    };
    assert_eq!(fuel(&rewritten(&count(&plain))), fuel(&count(&plain)));
    assert!(fuel(&count(&rewritten(&plain))) > fuel(&count(&plain)));
}

#[test]
fn stopwatch() {
    let plain = binary(
        r#"(module (import "m" "f" (func $f (result f32)))
            (func (export "run") (result i32) (i32.reinterpret_f32 (f32.sqrt (call $f)))))"#,
    );
    let timed = |wasm: &[u8]| add_stopwatch(wasm, &["m"]).expect("valid").wasm;
    for wasm in [rewritten(&timed(&plain)), timed(&rewritten(&plain))] {
        let engine = Engine::default();
        let mut linker = Linker::<u32>::new(&engine);
        linker.func_wrap("m", "f", || -1_f32).expect("a function");
        let begin = |mut caller: wasmtime::Caller<'_, u32>, _: u32| *caller.data_mut() += 1;
        linker.func_wrap("detwasi:compare", "begin", begin).expect("a function");
        linker.func_wrap("detwasi:compare", "end", || ()).expect("a function");
        let mut store = Store::new(&engine, 0);
        let module = Module::new(&engine, &wasm).expect("a module");
        let instance = linker.instantiate(&mut store, &module).expect("an instance");
        let function = instance.get_typed_func::<(), u32>(&mut store, "run").expect("an export");
        assert_eq!(function.call(&mut store, ()).expect("it returns"), 0x7fc0_0000);
        assert_eq!(*store.data(), 1);
    }
}
