//! Tail calls replace their caller in the count, as on the stack.

use crate::support::*;

/// The counter does not grow in a million tail calls of each kind, from functions that also make other calls.
#[test]
fn a_million_tail_calls() {
    let text = r#"(module
        (type $t (func (param i32) (result i32)))
        (table funcref (elem $direct $indirect $reference $leaf))
        (func $nothing)
        (func $next (param i32) (result i32) (i32.sub (local.get 0) (i32.const 1)))
        (func $leaf (export "leaf") (type $t)
            (if (i32.eqz (local.get 0)) (then (return (i32.const 3))))
            (return_call $leaf (i32.sub (local.get 0) (i32.const 1))))
        (func $direct (export "direct") (type $t)
            (call $nothing)
            (if (i32.eqz (local.get 0)) (then (return (i32.const 3))))
            (return_call $indirect (call $next (local.get 0))))
        (func $indirect (type $t)
            (if (i32.eqz (local.get 0)) (then (return (i32.const 3))))
            (return_call_indirect (type $t) (call $next (local.get 0)) (i32.const 2)))
        (func $reference (type $t)
            (if (i32.eqz (local.get 0)) (then (return (i32.const 3))))
            (return_call_ref $t (call $next (local.get 0)) (ref.func $direct))))"#;
    let wasm = limited(text, 2);
    for (name, engine) in modern_engines() {
        let n = if name == "Pulley" { 100_000 } else { 1_000_000 };
        let mut guest = Guest::new(&engine, &wasm);
        for export in ["leaf", "direct"] {
            assert_eq!(guest.call(export, &[n]), Ending::Returned(vec![3]), "{name}: {export}");
            assert_eq!(guest.counter(), 0, "{name}: {export}");
        }
    }
}

/// A function that is tail called at depth 3 is at depth 3.
#[test]
fn a_tail_called_function_counts_itself() {
    let text = r#"(module
        (func $leaf (result i32) (i32.const 4))
        (func $deep (result i32) (call $leaf))
        (func $replaced (result i32) (return_call $deep))
        (func (export "run") (result i32) (i32.add (call $replaced) (i32.const 1))))"#;
    for (name, engine) in modern_engines() {
        assert_eq!(Guest::new(&engine, &limited(text, 3)).call("run", &[]), Ending::Returned(vec![5]), "{name}");
        assert_eq!(Guest::new(&engine, &limited(text, 2)).call("run", &[]), Ending::Exceeded, "{name}");
    }
}
