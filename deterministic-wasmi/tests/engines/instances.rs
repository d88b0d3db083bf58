//! Each call works on the memory of the instance that made it, if that has one.

use deterministic_wasmi::P1Ctx;
use deterministic_wasmi::core::Policies;
use deterministic_wasmtime::{WasiCtxBuilderExt as _, p1};
use wasmtime_wasi::WasiCtxBuilder;

use crate::sides::{End, Engines, end_on_wasmi, end_on_wasmtime};

const IMPORT: &str = r#"(import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))"#;
const CALL: &str = r#"(func (export "_start") (drop (call $random (i32.const 8) (i32.const 8))))"#;

/// The ends of `_start` on both.
fn ends(text: &str) -> [End; 2] {
    let engines = Engines::new();
    let modules = engines.modules(text.as_bytes());
    let mut ours = engines.on_wasmi(&modules, Policies::default(), &Default::default());
    let mut theirs = engines.on_wasmtime(&modules, Policies::default(), &Default::default());
    let ends = [
        ours.run("_start").map_or_else(|error| end_on_wasmi(&error), |()| End::Returned(None)),
        theirs.run("_start").map_or_else(|error| end_on_wasmtime(&error), |()| End::Returned(None)),
    ];
    // A call that finds no memory is not counted.
    let calls = |wasi: &deterministic_wasmi::wasi::Wasi| wasi.host_calls().collect::<Vec<_>>();
    assert_eq!(calls(ours.wasi()), calls(theirs.wasi()));
    ends
}

#[test]
fn an_export_that_is_no_memory_is_none() {
    for export in [
        "",
        r#"(memory 1)"#,
        r#"(memory (export "Memory") 1)"#,
        r#"(func (export "memory"))"#,
        r#"(global (export "memory") i32 (i32.const 1))"#,
        r#"(table (export "memory") 1 funcref)"#,
    ] {
        let ends = ends(&format!("(module {IMPORT} {export} {CALL})"));
        assert_eq!(ends[0], ends[1], "{export}");
        assert!(matches!(&ends[0], End::Wasi(text) if text.starts_with("missing required memory export")), "{export}");
    }
}

#[test]
fn any_memory_of_that_name_is_one() {
    for memory in [r#"(memory (export "memory") 1)"#, r#"(memory 0) (memory (export "memory") 1)"#] {
        assert_eq!(ends(&format!("(module {IMPORT} {memory} {CALL})")), [End::Returned(None), End::Returned(None)]);
    }
}

/// The start function runs before an embedder has the instance.
#[test]
fn a_start_function_may_call() {
    let start = format!(
        r#"(module {IMPORT} (memory (export "memory") 1) {CALL} (func $s (drop (call $random (i32.const 0) (i32.const 4)))) (start $s))"#
    );
    assert_eq!(ends(&start), [End::Returned(None), End::Returned(None)]);
}

/// One module gives another the functions that it imports: by name, in a table, and by calls in tail position.
#[test]
fn the_memory_is_that_of_the_instance_which_calls() {
    let giver = format!(
        r#"(module {IMPORT} (memory (export "memory") 1) (table (export "table") funcref (elem $random))
            (export "random" (func $random)))"#
    );
    let taker = r#"(module
        (type $random (func (param i32 i32) (result i32)))
        (import "giver" "random" (func $random (type $random)))
        (import "giver" "table" (table 1 funcref))
        (memory (export "memory") 1)
        (func $tail (result i32) (return_call $random (i32.const 32) (i32.const 8)))
        (func (export "_start")
            (drop (call $random (i32.const 8) (i32.const 8)))
            (drop (call_indirect (type $random) (i32.const 16) (i32.const 8) (i32.const 0)))
            (drop (call $tail))))"#;
    let mut engines = Engines::new();
    let (first, second) = (engines.modules(giver.as_bytes()), engines.modules(taker.as_bytes()));

    let mut store = wasmi::Store::new(engines.wasmi.engine(), P1Ctx::new(Policies::default()));
    let giver = engines.wasmi.instantiate_and_start(&mut store, &first.wasmi).unwrap();
    engines.wasmi.instance(&mut store, "giver", giver).unwrap();
    let taker = engines.wasmi.instantiate_and_start(&mut store, &second.wasmi).unwrap();
    taker.get_typed_func::<(), ()>(&store, "_start").unwrap().call(&mut store, ()).unwrap();
    let ours = [giver, taker].map(|instance| instance.get_memory(&store, "memory").unwrap().data(&store).to_vec());

    let ctx = WasiCtxBuilder::new().build_deterministic_p1(Policies::default());
    let mut store = wasmtime::Store::<p1::P1Ctx>::new(engines.wasmtime.engine(), ctx);
    let giver = engines.wasmtime.instantiate(&mut store, &first.wasmtime).unwrap();
    engines.wasmtime.instance(&mut store, "giver", giver).unwrap();
    let taker = engines.wasmtime.instantiate(&mut store, &second.wasmtime).unwrap();
    taker.get_typed_func::<(), ()>(&mut store, "_start").unwrap().call(&mut store, ()).unwrap();
    let theirs =
        [giver, taker].map(|instance| instance.get_memory(&mut store, "memory").unwrap().data(&store).to_vec());

    assert!(ours[0].iter().all(|byte| *byte == 0), "the giver called nothing");
    assert!([8, 16, 32].iter().all(|at| ours[1][*at..at + 8] != [0; 8]));
    assert!(ours == theirs);
}

/// The host calls a function that no instance calls.
#[test]
fn a_call_of_the_host_has_no_memory() {
    let text = format!(r#"(module {IMPORT} (export "_start" (func $random)))"#);
    let engines = Engines::new();
    let modules = engines.modules(text.as_bytes());
    let mut ours = engines.on_wasmi(&modules, Policies::default(), &Default::default());
    let call = ours.instance.get_typed_func::<(i32, i32), i32>(&ours.store, "_start").unwrap();
    let error = call.call(&mut ours.store, (0, 8)).unwrap_err();
    assert!(matches!(end_on_wasmi(&error), End::Wasi(text) if text.starts_with("missing required memory export")));
}
