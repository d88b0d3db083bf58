//! What cannot be given a limit, and what comes back.

use crate::support::*;

fn module(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("text format")
}

#[test]
fn a_limit_of_zero() {
    for cost in [CallCost::Call, CallCost::Frame, CallCost::Code] {
        assert!(matches!(limit_call_depth_by(&module("(module (func))"), 0, cost), Err(CallDepthError::ZeroLimit)));
    }
}

#[test]
fn not_a_valid_module() {
    let type_error = module("(module (func (result i32)))");
    let cut_off = &module("(module (func))")[..12];
    for wasm in [&b""[..], b"\0asm", b"hello, world", b"(module)", &type_error, cut_off] {
        let error = limit_call_depth(wasm, 5).expect_err("not valid");
        assert!(matches!(error, CallDepthError::Invalid(_)), "{error:?}");
        assert!(std::error::Error::source(&error).is_some());
    }
}

/// Stack switching has no one depth, and the legacy exceptions are not known.
#[test]
fn proposals_that_cannot_be_limited() {
    let switching =
        module("(module (type $f (func)) (type $c (cont $f)) (func (param (ref $c)) (resume $c (local.get 0))))");
    // `try`, `catch_all`, `end` in place of `block`, `nop`, `end`.
    let mut legacy = module("(module (func (block (nop))))");
    let at = legacy.windows(4).position(|code| code == [0x02, 0x40, 0x01, 0x0b]).expect("the block");
    (legacy[at], legacy[at + 2]) = (0x06, 0x19);
    for wasm in [switching, legacy] {
        let error = limit_call_depth(&wasm, 5).expect_err("a proposal that is off");
        assert!(matches!(error, CallDepthError::Invalid(_)), "{error:?}");
    }
}

#[test]
fn the_reserved_export() {
    let once = limited("(module (func))", 5);
    let own = module(r#"(module (func (export "detwasi:call-depth")))"#);
    for wasm in [once, own] {
        let error = limit_call_depth(&wasm, 5).expect_err("the name is taken");
        assert!(matches!(error, CallDepthError::ReservedExport(CALL_DEPTH_EXPORT)), "{error:?}");
    }
}

#[test]
fn no_room() {
    let globals = format!("(module (func) {})", "(global i32 (i32.const 0))".repeat(1_000_000));
    let locals = format!("(module (func $f (local {}) (call $f)))", "i32 ".repeat(50_000));
    for text in [globals, locals] {
        let error = limit_call_depth(&module(&text), 5).expect_err("full");
        assert!(matches!(error, CallDepthError::NoRoom(_)), "{error:?}");
    }
}

/// Garbage in any place gives an error or a valid module, and no panic.
#[test]
fn damaged_modules() {
    let good = module(
        r#"(module (import "a" "b" (func)) (memory 1) (table 1 funcref) (global i32 (i32.const 1)) (tag)
            (func $f (export "f") (param i32) (result i32 i32) (block (result i32 i32) (call $f (local.get 0))))
            (elem (i32.const 0) $f) (data (i32.const 0) "xyz") (start 0))"#,
    );
    for place in 8..good.len() {
        for value in [0, 1, 2, 0x40, 0x7f, 0x80, 0xff, good[place].wrapping_add(1)] {
            let mut bad = good.clone();
            bad[place] = value;
            let _ = limit_call_depth(&bad, 5);
        }
    }
}

#[test]
fn nothing_to_count() {
    for text in [
        "(module)",
        r#"(module (memory (export "m") 1) (data (i32.const 0) "a"))"#,
        r#"(module (import "" "" (func $f)) (start $f))"#,
    ] {
        let wasm = module(text);
        assert_eq!(limit_call_depth(&wasm, 5).expect("a valid module"), wasm);
    }
}
