//! What happens while an instance is made.

use deterministic_wasmtime::p1;
use wasmtime::{Caller, Func, Linker};

use super::{Bench, each_has_its_own, reader, shown};

/// What a reading is written over.
const UNTOUCHED: u64 = u64::MAX;

/// The start function runs before the instance is complete, and here it has others made.
#[test]
fn a_start_function_may_call_and_instantiate() {
    let bench = Bench::new();
    let inner = bench.module(&reader(""));
    let starting = reader(
        r#"(import "host" "make" (func $make))
        (func $start (drop (call $read)) (call $make) (drop (call $read)))
        (start $start)"#,
    );
    let starting = bench.module(&starting);
    for same in [false, true] {
        let mut store = bench.store();
        let inner = bench.prepare(&inner);
        let mut linker: Linker<p1::P1Ctx> = Linker::new(&bench.engine);
        let made = Func::wrap(&mut store, move |mut caller: Caller<'_, p1::P1Ctx>| {
            let instance = inner.instantiate(&mut caller).unwrap();
            let read = instance.get_typed_func::<(), i32>(&mut caller, "read").unwrap();
            assert_eq!(read.call(&mut caller, ()).unwrap(), 0);
        });
        linker.define(&store, "host", "make", made).unwrap();
        let outer = bench.prepare_with(&linker, &starting);
        let first = outer.instantiate(&mut store).unwrap();
        assert_eq!(shown(&mut store, &first), 3, "the inner instance took the second reading");
        let mut instances = vec![first];
        if same {
            instances.push(outer.instantiate(&mut store).unwrap());
        }
        each_has_its_own(&mut store, &instances);
    }
}

/// The same module is instantiated by its own start function.
#[test]
fn a_start_function_may_instantiate_its_own_module() {
    let bench = Bench::new();
    let module = bench.module(&reader(
        r#"(import "host" "make" (func $make))
        (func $start (drop (call $read)) (call $make) (drop (call $read)))
        (start $start)"#,
    ));
    let mut store = bench.store();
    let mut linker: Linker<p1::P1Ctx> = Linker::new(&bench.engine);
    let prepared = std::sync::Arc::new(std::sync::OnceLock::<p1::InstancePre<p1::P1Ctx>>::new());
    let depth = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let (inside, level) = (prepared.clone(), depth.clone());
    linker
        .func_wrap("host", "make", move |mut caller: Caller<'_, p1::P1Ctx>| {
            if level.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2 {
                let instance = inside.get().unwrap().instantiate(&mut caller).unwrap();
                let memory = instance.get_memory(&mut caller, "memory").unwrap();
                assert_ne!(memory.data(&caller)[8..16], UNTOUCHED.to_le_bytes(), "the inner one read the clock");
            }
        })
        .unwrap();
    prepared.set(bench.prepare_with(&linker, &module)).unwrap();
    let first = prepared.get().unwrap().instantiate(&mut store).unwrap();
    assert_eq!(shown(&mut store, &first), 6, "two readings of each of three instances, this one's last");
    each_has_its_own(&mut store, &[first]);
}

/// An instance that was not completed lives on in what it handed over.
#[test]
fn an_instance_whose_start_traps_leaves_nothing_at_hand() {
    let bench = Bench::new();
    let mut store = bench.store();
    let failing = bench.module(&reader("(func $start (drop (call $read)) unreachable) (start $start)"));
    let prepared = bench.prepare(&failing);
    assert!(prepared.instantiate(&mut store).is_err());
    assert!(prepared.instantiate(&mut store).is_err());
    let good = bench.prepare(&bench.module(&reader("")));
    let instances = [good.instantiate(&mut store).unwrap(), good.instantiate(&mut store).unwrap()];
    each_has_its_own(&mut store, &instances);
}
