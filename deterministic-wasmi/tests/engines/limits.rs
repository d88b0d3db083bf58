//! Memory, tables, fuel and the stack: what a guest is told, and whose fault an end is.

use deterministic_instrument::call_depth::limit_call_depth;
use deterministic_wasmi::core::{Policies, Seed};
use deterministic_wasmi::engine::{Fault, Limits, MAX_CALLS, Refusal, Resource, fault_of};
use deterministic_wasmi::policies::FuelClock;
use wasmi::{Config, Engine, Linker, Module, Store, TrapCode};

use crate::sides::{Engines, Given, end_on_wasmi, end_on_wasmtime};

fn engine() -> Engine {
    Engine::new(deterministic_wasmi::configure(&mut Config::default()))
}

fn store(text: &str, limits: Limits) -> (Store<Limits>, Result<wasmi::Instance, wasmi::Error>) {
    store_on(&engine(), text, limits)
}

fn store_on(engine: &Engine, text: &str, limits: Limits) -> (Store<Limits>, Result<wasmi::Instance, wasmi::Error>) {
    let mut store = Store::new(engine, limits);
    store.limiter(|limits| limits);
    let module = Module::new(engine, text).unwrap();
    let instance = Linker::new(engine).instantiate_and_start(&mut store, &module);
    (store, instance)
}

const GROWS: &str = r#"(module (memory 1) (table 1 funcref)
    (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "table") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))"#;

#[test]
fn a_growth_that_is_not_allowed_is_minus_one_as_on_wasmtime() {
    let limits = || Limits::default().max_memory_bytes(10 << 16).max_table_elements(100);
    let (mut ours, instance) = store(GROWS, limits());
    let instance = instance.unwrap();
    let engine = wasmtime::Engine::default();
    let limits = deterministic_wasmtime::engine::Limits::default().max_memory_bytes(10 << 16).max_table_elements(100);
    let mut theirs = wasmtime::Store::new(&engine, limits);
    theirs.limiter(|limits| limits);
    let module = wasmtime::Module::new(&engine, GROWS).unwrap();
    let there = wasmtime::Instance::new(&mut theirs, &module, &[]).unwrap();
    let mut answers = Vec::new();
    for (name, by) in [
        ("memory", 8),
        ("memory", 2),
        ("memory", -1),
        ("memory", 1),
        ("memory", 1),
        ("table", 200),
        ("table", 99),
        ("table", 1),
    ] {
        let answer = instance.get_typed_func::<i32, i32>(&ours, name).unwrap().call(&mut ours, by).unwrap();
        let expected = there.get_typed_func::<i32, i32>(&mut theirs, name).unwrap().call(&mut theirs, by).unwrap();
        assert_eq!(answer, expected, "{name} {by}");
        answers.push(answer);
    }
    assert_eq!(answers, [1, -1, -1, 9, -1, -1, 1, -1]);
    assert_eq!(ours.data().last_refused(), Some(Refusal { resource: Resource::TableElements, asked: 101, limit: 100 }));
    assert_eq!((ours.data().memory_bytes_taken(), ours.data().exhausted()), (10 << 16, None));
}

#[test]
fn what_the_host_has_not_ends_the_run_and_is_the_machines_fault() {
    let text = r#"(module (memory i64 1)
        (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0))))"#;
    // Only such a memory may ask for what surely no host has.
    let engine = Engine::new(deterministic_wasmi::configure(&mut Config::default()).wasm_memory64(true));
    let (mut store, instance) = store_on(&engine, text, Limits::default().max_memory_bytes(u64::MAX));
    let grow = instance.unwrap().get_typed_func::<i64, i64>(&store, "grow").unwrap();
    assert_eq!(grow.call(&mut store, 1).unwrap(), 1);
    // 2^62 bytes, and then one page: a host that is exhausted stays so.
    for pages in [1 << 46, 1] {
        let error = grow.call(&mut store, pages).unwrap_err();
        assert_eq!(error.as_trap_code(), Some(TrapCode::GrowthOperationLimited));
        assert_eq!(fault_of(&error), Fault::Machine);
    }
    assert!(matches!(store.data().exhausted(), Some((Resource::MemoryBytes, _))));
    assert_eq!(store.data().memory_bytes_taken(), 2 << 16);
}

#[test]
fn an_instantiation_that_needs_more_fails() {
    for text in ["(module (memory 3))", "(module (table 11 funcref))"] {
        let limits = Limits::default().max_memory_bytes(2 << 16).max_table_elements(10);
        let (store, instance) = store(text, limits);
        assert!(instance.is_err() && store.data().last_refused().is_some());
    }
    let none =
        || [Limits::default().max_instances(0), Limits::default().max_memories(0), Limits::default().max_tables(0)];
    for limits in none() {
        assert!(store(GROWS, limits).1.is_err());
    }
}

/// The growth costs fuel, which the guest has not: it is not taken, and not held against the host.
#[test]
fn a_growth_that_fails_for_fuel_is_the_guests() {
    let engine = Engine::new(deterministic_wasmi::configure(&mut Config::default()).consume_fuel(true));
    for (name, by) in [("memory", 100), ("table", 10_000)] {
        let (mut store, instance) = {
            let mut store = Store::new(&engine, Limits::default());
            store.limiter(|limits| limits);
            store.set_fuel(100).unwrap();
            let module = Module::new(&engine, GROWS).unwrap();
            let instance = Linker::new(&engine).instantiate_and_start(&mut store, &module).unwrap();
            (store, instance)
        };
        let grow = instance.get_typed_func::<i32, i32>(&store, name).unwrap();
        let error = grow.call(&mut store, by).unwrap_err();
        assert_eq!((error.as_trap_code(), fault_of(&error)), (Some(TrapCode::OutOfFuel), Fault::Guest), "{name}");
        assert_eq!((store.data().memory_bytes_taken(), store.data().exhausted()), (1 << 16, None));
        store.set_fuel(1 << 30).unwrap();
        assert_eq!(grow.call(&mut store, by).unwrap(), 1, "{name}");
    }
}

#[test]
fn segments_that_do_not_fit_are_the_guests_fault() {
    for (text, expected) in [
        (r#"(module (memory 1) (data (i32.const 65536) "x"))"#, wasmtime::Trap::MemoryOutOfBounds),
        ("(module (table 1 funcref) (func $f) (elem (i32.const 1) $f))", wasmtime::Trap::TableOutOfBounds),
    ] {
        let error = store(text, Limits::default()).1.unwrap_err();
        assert_eq!(fault_of(&error), Fault::Guest, "{error}");
        let engine = wasmtime::Engine::default();
        let module = wasmtime::Module::new(&engine, text).unwrap();
        let theirs = wasmtime::Instance::new(wasmtime::Store::new(&engine, ()), &module, &[]).unwrap_err();
        assert_eq!(theirs.downcast_ref(), Some(&expected));
        assert_eq!(deterministic_wasmtime::engine::fault_of(&theirs), Fault::Guest);
    }
}

/// Modules that Wasmtime refuses or wasmi lacks, and first one with which a guest would end the process.
#[test]
fn what_only_one_engine_has_is_refused() {
    for text in [
        "(module (memory i64 1 0x1000000000000))",
        "(module (memory 1 2 (pagesize 1)))",
        "(module (func (param i64 i64) (result i64 i64) (i64.mul_wide_s (local.get 0) (local.get 1))))",
        "(module (memory 1 1 shared))",
        "(module (tag))",
        "(module (type (struct)))",
    ] {
        assert!(Module::new(&engine(), text).is_err(), "{text}");
    }
}

/// Calls itself as often as it is told, and counts in its memory.
const DEEP: &str = r#"(module (memory (export "memory") 1)
    (func $down (param i32)
        (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
        (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1)))))
        (i32.store (i32.const 4) (local.get 0)))
    (func (export "down") (param i32) (call $down (local.get 0)))
    (func (export "_start") (call $down (i32.const -1))))"#;

#[test]
fn a_stack_overflow_is_the_machines_fault() {
    let engines = Engines::new();
    let modules = engines.modules(DEEP.as_bytes());
    let mut ours = engines.on_wasmi(&modules, Policies::default(), &Given::default());
    let mut theirs = engines.on_wasmtime(&modules, Policies::default(), &Given::default());
    let (ours_end, theirs_end) = (ours.run("_start").unwrap_err(), theirs.run("_start").unwrap_err());
    assert_eq!(ours_end.as_trap_code(), Some(TrapCode::StackOverflow));
    assert_eq!(fault_of(&ours_end), Fault::Machine);
    assert_eq!(deterministic_wasmtime::engine::fault_of(&theirs_end), Fault::Machine);
    // What Wasmtime's stack has room for, ours has.
    let depth = |bytes: &[u8]| u32::from_le_bytes(bytes[..4].try_into().unwrap());
    let (ours_depth, theirs_depth) = (depth(ours.bytes()), depth(theirs.bytes()));
    assert!(ours_depth > 4 * theirs_depth, "{ours_depth} and {theirs_depth} calls");
    assert!(ours_depth as usize <= MAX_CALLS);
}

#[test]
fn with_a_limit_the_same_call_traps() {
    let wasm = limit_call_depth(&wat(DEEP), 1000).unwrap();
    let engines = Engines::new();
    let modules = engines.modules(&wasm);
    let mut ours = engines.on_wasmi(&modules, Policies::default(), &Given::default());
    let mut theirs = engines.on_wasmtime(&modules, Policies::default(), &Given::default());
    let (a, b) = (ours.run("_start").unwrap_err(), theirs.run("_start").unwrap_err());
    assert_eq!(end_on_wasmi(&a), end_on_wasmtime(&b));
    assert_eq!((fault_of(&a), deterministic_wasmtime::engine::fault_of(&b)), (Fault::Guest, Fault::Guest));
    assert!(ours.bytes() == theirs.bytes() && ours.bytes()[..4] == 999u32.to_le_bytes());
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// The fuel left after the guest, and what the clock showed.
fn fuel(engines: &Engines, modules: &crate::sides::Modules, fuel: u64) -> (Option<u64>, u64, Vec<u8>) {
    let policies = Policies { clock: Box::new(FuelClock::default()), ..Policies::new(Seed::from_u64(1)) };
    let mut guest = engines.on_wasmi(modules, policies, &Given { fuel: Some(fuel), ..Given::default() });
    let left = match guest.run("_start") {
        Ok(()) => Some(guest.store.get_fuel().unwrap()),
        Err(error) => {
            assert_eq!((error.as_trap_code(), fault_of(&error)), (Some(TrapCode::OutOfFuel), Fault::Guest));
            None
        }
    };
    (left, guest.wasi().now().as_nanos(), guest.bytes().to_vec())
}

#[test]
fn fuel_is_the_same_in_each_run_of_a_module_and_a_clock_hears_of_it() {
    let guest = test_programs::RUST_TIME.wasm;
    let engines = Engines::with(true);
    let modules = engines.modules(guest);
    let first = fuel(&engines, &modules, 100_000_000);
    assert!(first.0.is_some() && first.1 > 1000, "{:?} {}", first.0, first.1);
    // Nothing is left over from the first run: not even that functions are compiled.
    assert!(fuel(&engines, &modules, 100_000_000) == first);
    let others = Engines::with(true);
    assert!(fuel(&others, &others.modules(guest), 100_000_000) == first);
    let short = fuel(&engines, &modules, 1000);
    assert!(short.0.is_none() && short == fuel(&engines, &modules, 1000));
}

#[test]
fn a_clock_that_minds_fuel_wants_some() {
    let engines = Engines::new();
    let modules = engines.modules(test_programs::WAT_CLOCK_MONOTONIC.wasm);
    let policies = Policies { clock: Box::new(FuelClock::default()), ..Policies::new(Seed::from_u64(1)) };
    let error = engines.on_wasmi(&modules, policies, &Given::default()).run("_start").unwrap_err();
    assert_eq!(fault_of(&error), Fault::Machine);
    assert!(matches!(end_on_wasmi(&error), crate::sides::End::Wasi(text) if text.contains("counts none")));
}
