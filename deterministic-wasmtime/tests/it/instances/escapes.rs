//! Functions that leave the instance which imports them, and are called by others.

use deterministic_wasmtime::Error;
use wasmtime::{Func, Linker};

use super::{Bench, each_has_its_own, read, reader, shown};

/// The host itself calls what a guest imported and gave away: then there is no memory, and no panic.
#[test]
fn a_function_that_the_host_calls_finds_no_memory() {
    let bench = Bench::new();
    let module = bench.module(&reader(
        r#"(export "clock" (func $clock))
        (table (export "table") 1 funcref) (elem (i32.const 0) $clock)
        (func (export "give") (result funcref) (ref.func $clock))"#,
    ));
    for plain in [false, true] {
        let mut store = bench.store();
        let instance = match plain {
            true => bench.plain.instantiate(&mut store, &module).unwrap(),
            false => bench.prepare(&module).instantiate(&mut store).unwrap(),
        };
        for _ in 0..100 {
            read(&mut store, &instance);
        }
        let exported = instance.get_func(&mut store, "clock").unwrap();
        let listed = instance.get_table(&mut store, "table").unwrap().get(&mut store, 0).unwrap();
        let give = instance.get_typed_func::<(), Option<Func>>(&mut store, "give").unwrap();
        let given = give.call(&mut store, ()).unwrap().unwrap();
        for function in [exported, *listed.as_func().unwrap().unwrap(), given] {
            let function = function.typed::<(i32, i64, i32), i32>(&store).unwrap();
            let error = function.call(&mut store, (1, 0, 8)).unwrap_err();
            assert!(matches!(error.downcast_ref(), Some(Error::NoMemory)), "{error:?}");
        }
        // An instance's own calls go on.
        each_has_its_own(&mut store, &[instance]);
    }
}

/// The second instance calls a function that the first one imported and gave away.
#[test]
fn a_function_that_leaves_its_instance_writes_to_its_caller() {
    let bench = Bench::new();
    let ways = [
        // Exported as it is.
        (
            r#"(export "clock" (func $clock))"#,
            r#"(import "first" "clock" (func $call (param i32 i64 i32) (result i32)))
            (func $given (param i32 i64 i32) (result i32)
                (call $call (local.get 0) (local.get 1) (local.get 2)))"#,
        ),
        // In a table.
        (
            r#"(table (export "table") 1 funcref) (elem (i32.const 0) $clock)"#,
            r#"(import "first" "table" (table 1 funcref))
            (type $t (func (param i32 i64 i32) (result i32)))
            (func $given (param i32 i64 i32) (result i32)
                (call_indirect (type $t) (local.get 0) (local.get 1) (local.get 2) (i32.const 0)))"#,
        ),
        // In a global.
        (
            r#"(global (export "global") funcref (ref.func $clock))"#,
            r#"(import "first" "global" (global $global funcref))
            (type $t (func (param i32 i64 i32) (result i32)))
            (table $own 1 funcref)
            (func $given (param i32 i64 i32) (result i32)
                (table.set $own (i32.const 0) (global.get $global))
                (call_indirect $own (type $t) (local.get 0) (local.get 1) (local.get 2) (i32.const 0)))"#,
        ),
        // As a result.
        (
            r#"(elem declare func $clock) (func (export "function") (result funcref) (ref.func $clock))"#,
            r#"(import "first" "function" (func $function (result funcref)))
            (type $t (func (param i32 i64 i32) (result i32)))
            (table $own 1 funcref)
            (func $given (param i32 i64 i32) (result i32)
                (table.set $own (i32.const 0) (call $function))
                (call_indirect $own (type $t) (local.get 0) (local.get 1) (local.get 2) (i32.const 0)))"#,
        ),
    ];
    for (leaving, taking) in ways {
        let mut store = bench.store();
        let first = bench.prepare(&bench.module(&reader(leaving))).instantiate(&mut store).unwrap();
        read(&mut store, &first);
        assert_eq!(shown(&mut store, &first), 1, "{leaving}");

        let mut linker = Linker::new(&bench.engine);
        linker.instance(&mut store, "first", first).unwrap();
        let second = bench.module(&format!(
            r#"(module {taking}
                (memory (export "memory") 1)
                (func (export "read") (result i32) (call $given (i32.const 1) (i64.const 0) (i32.const 8))))"#
        ));
        let second = linker.instantiate(&mut store, &second).unwrap();
        read(&mut store, &second);
        assert_eq!((shown(&mut store, &first), shown(&mut store, &second)), (1, 2), "{leaving}");
        // Whether its own is known or looked for, it is the right one.
        read(&mut store, &first);
        assert_eq!((shown(&mut store, &first), shown(&mut store, &second)), (3, 2), "{leaving}");
    }
}

/// A table that others have is a way out, too, and so is a function of theirs that takes references.
#[test]
fn a_function_that_leaves_through_an_import_writes_to_its_caller() {
    let bench = Bench::new();
    let mut store = bench.store();
    let second = bench.module(
        r#"(module
            (type $t (func (param i32 i64 i32) (result i32)))
            (table $table (export "table") 2 funcref)
            (memory (export "memory") 1)
            (func (export "take") (param funcref) (table.set $table (i32.const 1) (local.get 0)))
            (func (export "call") (param i32) (result i32)
                (call_indirect (type $t) (i32.const 1) (i64.const 0) (i32.const 8) (local.get 0))))"#,
    );
    let second = bench.plain.instantiate(&mut store, &second).unwrap();
    let mut linker = Linker::new(&bench.engine);
    linker.instance(&mut store, "second", second).unwrap();
    for (which, leaving) in [
        r#"(import "second" "table" (table 2 funcref)) (elem (i32.const 0) $clock)"#,
        r#"(import "second" "take" (func $take (param funcref))) (elem declare func $clock)
            (func (export "give") (call $take (ref.func $clock)))"#,
    ]
    .into_iter()
    .enumerate()
    {
        let mut linker = linker.clone();
        linker.allow_shadowing(true);
        let first = bench.prepare_with(&linker, &bench.module(&reader(leaving))).instantiate(&mut store).unwrap();
        read(&mut store, &first);
        if which == 1 {
            first.get_typed_func::<(), ()>(&mut store, "give").unwrap().call(&mut store, ()).unwrap();
        }
        let before = shown(&mut store, &first);
        let call = second.get_typed_func::<i32, i32>(&mut store, "call").unwrap();
        assert_eq!(call.call(&mut store, which as i32).unwrap(), 0);
        assert_eq!((shown(&mut store, &first), shown(&mut store, &second)), (before, before + 1), "{leaving}");
    }
}
