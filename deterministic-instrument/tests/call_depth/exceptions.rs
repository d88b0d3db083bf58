//! Frames that an exception unwinds leave the count.

use crate::support::*;

/// Throws from 40 calls down, a thousand times, caught in the four ways and at each kind of label; then the whole
/// depth must still be there.
#[test]
fn every_way_to_catch() {
    let text = r#"(module
        (tag $e (param i32))
        (func $down (param i32) (result i32)
            (if (i32.eqz (local.get 0)) (then (throw $e (i32.const 9))))
            (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
        (func $deepest (param i32) (result i32)
            (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
            (i32.add (i32.const 1) (call $deepest (i32.sub (local.get 0) (i32.const 1)))))

        (func $block (export "block") (param $n i32) (result i32)
            (block $caught (result i32)
                (try_table (result i32) (catch $e $caught) (call $down (i32.const 40))))
            (drop) (call $deepest (local.get $n)))
        (func $all (export "all") (param $n i32) (result i32)
            (block $caught
                (drop (try_table (result i32) (catch_all $caught) (call $down (i32.const 40)))))
            (call $deepest (local.get $n)))
        (func $reference (export "reference") (param $n i32) (result i32)
            (block $caught (result exnref)
                (drop (try_table (result i32) (catch_all_ref $caught) (call $down (i32.const 40))))
                (ref.null exn))
            (drop) (call $deepest (local.get $n)))
        (func $tagged_reference (export "tagged reference") (param $n i32) (result i32)
            (block $caught (result i32 exnref)
                (drop (try_table (result i32) (catch_ref $e $caught) (call $down (i32.const 40))))
                (i32.const 0) (ref.null exn))
            (drop) (drop) (call $deepest (local.get $n)))
        (func $loop (export "loop") (param $n i32) (result i32) (local $again i32)
            (local.set $again (i32.const 3))
            (loop $caught
                (if (local.tee $again (i32.sub (local.get $again) (i32.const 1)))
                    (then (drop (try_table (result i32) (catch_all $caught) (call $down (i32.const 40)))))))
            (call $deepest (local.get $n)))
        (func $if (export "if") (param $n i32) (result i32)
            (if (i32.const 1)
                (then (drop (try_table (result i32) (catch_all 0) (call $down (i32.const 40)))))
                (else (unreachable)))
            (call $deepest (local.get $n)))
        (func $nested (export "nested") (param $n i32) (result i32)
            (block $outer
                (try_table (catch_all $outer)
                    (block $inner (result exnref)
                        (drop (try_table (result i32) (catch_all_ref $inner) (call $down (i32.const 20))))
                        (ref.null exn))
                    (drop (call $deepest (i32.const 5)))
                    (throw_ref)))
            (call $deepest (local.get $n)))
        (func $try_is_label (export "try is label") (param $n i32) (result i32)
            (try_table
                (drop (try_table (result i32) (catch_all 0) (call $down (i32.const 40)))))
            (call $deepest (local.get $n)))
        (func $function (param i32) (result i32)
            (try_table (result i32) (catch $e 0) (call $down (i32.const 40))))
        (func $function_label (export "function label") (param $n i32) (result i32)
            (drop (call $function (i32.const 0)))
            (call $deepest (local.get $n)))

        (func (export "thousand") (param $n i32) (result i32) (local $i i32)
            (local.set $i (i32.const 1000))
            (loop $again
                (drop (call $block (i32.const 0))) (drop (call $all (i32.const 0)))
                (drop (call $reference (i32.const 0))) (drop (call $tagged_reference (i32.const 0)))
                (drop (call $loop (i32.const 0))) (drop (call $if (i32.const 0)))
                (drop (call $nested (i32.const 0))) (drop (call $try_is_label (i32.const 0)))
                (drop (call $function_label (i32.const 0)))
                (br_if $again (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
            (call $deepest (local.get $n))))"#;
    let wasm = limited(text, 100);
    for (name, engine) in modern_engines().into_iter().filter(|(name, _)| *name != "Pulley") {
        let mut guest = Guest::new(&engine, &wasm);
        for export in [
            "block",
            "all",
            "reference",
            "tagged reference",
            "loop",
            "if",
            "nested",
            "try is label",
            "function label",
            "thousand",
        ] {
            // The export, then `$deepest` with 98 more calls: depth 100.
            assert_eq!(guest.call(export, &[98]), Ending::Returned(vec![98]), "{name}: {export}");
            assert_eq!(guest.counter(), 0, "{name}: {export}");
            assert_eq!(guest.call(export, &[99]), Ending::Exceeded, "{name}: {export}");
            guest.reset();
        }
    }
}

/// The limit's trap is a trap: `catch_all` does not stop it.
#[test]
fn the_limit_is_not_caught() {
    let text = r#"(module
        (func $f (call $f))
        (func (export "run") (block $caught (try_table (catch_all $caught) (call $f)))))"#;
    for (name, engine) in modern_engines() {
        assert_eq!(Guest::new(&engine, &limited(text, 10)).call("run", &[]), Ending::Exceeded, "{name}");
    }
}

/// An exception that nobody catches leaves the counter where it was thrown; the embedder sets it back.
#[test]
fn uncaught() {
    let text = r#"(module
        (tag $e)
        (func $f (export "run") (param i32)
            (if (i32.eqz (local.get 0)) (then (throw $e)))
            (call $f (i32.sub (local.get 0) (i32.const 1)))))"#;
    let engine = wasmtime::Engine::new(&modern()).expect("an engine");
    let mut guest = Guest::new(&engine, &limited(text, 10));
    assert!(matches!(guest.call("run", &[5]), Ending::Failed(_)));
    assert_eq!(guest.counter(), 6);
    guest.reset();
    assert_eq!(guest.call("run", &[10]), Ending::Exceeded);
}
