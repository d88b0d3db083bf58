//! Exactly the limit runs, one more traps: however the calls are made, on every compiler.

use crate::support::*;

/// Asserts that `run` with n uses n + `more` calls: with a limit of 100 that is the last that returns, on all engines.
fn assert_depth(engines: &[(&str, wasmtime::Engine)], text: &str, more: u32) {
    let wasm = limited(text, 100);
    let deepest = i64::from(100 - more);
    for (name, engine) in engines {
        let mut guest = Guest::new(engine, &wasm);
        assert_eq!(guest.counter(), 0);
        for n in [0, 1, deepest - 1, deepest] {
            assert_eq!(guest.call("run", &[n]), Ending::Returned(vec![n]), "{name}: {n}");
            assert_eq!(guest.counter(), 0, "{name}: {n}");
        }
        assert_eq!(guest.call("run", &[deepest + 1]), Ending::Exceeded, "{name}");
        guest.reset();
        assert_eq!(guest.call("run", &[deepest]), Ending::Returned(vec![deepest]), "{name}");
    }
}

#[test]
fn recursion() {
    assert_depth(
        &engines(),
        r#"(module (func $f (export "run") (param i32) (result i32)
            (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
            (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1))))))"#,
        1,
    );
}

#[test]
fn leaf_functions_count() {
    assert_depth(
        &engines(),
        r#"(module
            (func $leaf (result i32) (i32.const 1))
            (func $f (export "run") (param i32) (result i32)
                (if (i32.eqz (local.get 0)) (then (return (i32.sub (call $leaf) (i32.const 1)))))
                (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1))))))"#,
        2,
    );
}

#[test]
fn mutual_recursion() {
    assert_depth(
        &engines(),
        r#"(module
            (func $even (export "run") (param i32) (result i32)
                (if (result i32) (local.get 0)
                    (then (i32.add (i32.const 1) (call $odd (i32.sub (local.get 0) (i32.const 1)))))
                    (else (i32.const 0))))
            (func $odd (param i32) (result i32)
                (br_if 0 (i32.const 0) (i32.eqz (local.get 0))) (drop)
                (i32.add (i32.const 1) (call $even (i32.sub (local.get 0) (i32.const 1))))))"#,
        1,
    );
}

#[test]
fn indirect_calls() {
    assert_depth(
        &engines(),
        r#"(module
            (table funcref (elem $f))
            (type $t (func (param i32) (result i32)))
            (func $f (export "run") (param i32) (result i32)
                (block $more (result i32)
                    ;; Label 1 is the function itself.
                    (br_table 1 $more (i32.const 0) (i32.ne (local.get 0) (i32.const 0))))
                (drop)
                (i32.add (i32.const 1)
                    (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))))"#,
        1,
    );
}

#[test]
fn calls_of_references() {
    assert_depth(
        &modern_engines(),
        r#"(module
            (type $t (func (param i32) (result i32)))
            (elem declare func $f)
            (func $f (export "run") (type $t)
                (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
                (i32.add (i32.const 1)
                    (call_ref $t (i32.sub (local.get 0) (i32.const 1)) (ref.func $f)))))"#,
        1,
    );
}

#[test]
fn several_results_and_64_bits() {
    let text = r#"(module
        (func $f (export "run") (param i64 i32) (result i64 i32 i64)
            (if (i64.eqz (local.get 0)) (then (return (i64.const 0) (i32.const 7) (i64.const 9))))
            (call $f (i64.sub (local.get 0) (i64.const 1)) (local.get 1)))
        (func (export "twice") (param i64 i32) (result i64 i32 i64)
            (call $f (local.get 0) (local.get 1)) (drop) (drop) (drop)
            (call $f (local.get 0) (local.get 1)) (br 0)))"#;
    let wasm = limited(text, 50);
    for (name, engine) in engines() {
        let mut guest = Guest::new(&engine, &wasm);
        assert_eq!(guest.call("run", &[49, 0]), Ending::Returned(vec![0, 7, 9]), "{name}");
        assert_eq!(guest.call("twice", &[48, 0]), Ending::Returned(vec![0, 7, 9]), "{name}");
        assert_eq!(guest.call("twice", &[49, 0]), Ending::Exceeded, "{name}");
    }
}

/// Depth is not calls made: a hundred thousand calls side by side stay at depth 2.
#[test]
fn calls_side_by_side() {
    let text = r#"(module
        (func $step (param i32) (result i32) (i32.sub (local.get 0) (i32.const 1)))
        (func (export "run") (param i32) (result i32)
            (loop $again (br_if $again (local.tee 0 (call $step (local.get 0)))))
            (local.get 0)))"#;
    for (name, engine) in engines() {
        assert_eq!(Guest::new(&engine, &limited(text, 2)).call("run", &[100_000]), Ending::Returned(vec![0]), "{name}");
        assert_eq!(Guest::new(&engine, &limited(text, 1)).call("run", &[1]), Ending::Exceeded, "{name}");
    }
}

#[test]
fn the_largest_limit() {
    let text = r#"(module (func $f (export "run") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (call $f (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 5)))))"#;
    for limit in [i32::MAX as u32, i32::MAX as u32 + 1, u32::MAX] {
        for (name, engine) in engines() {
            let mut guest = Guest::new(&engine, &limited(text, limit));
            assert_eq!(guest.call("run", &[1000]), Ending::Returned(vec![5]), "{name}");
            assert_eq!(guest.call("run", &[-1]), Ending::Trapped(wasmtime::Trap::StackOverflow), "{name}");
        }
    }
}
