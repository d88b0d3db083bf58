//! Costs by frame: what they are, and that the limit comes before the host's stack ends.

use std::fmt::Write;

use crate::support::*;
use wasmtime::{Config, Engine, OptLevel, Strategy};

fn limited_by(text: &str, limit: u32, cost: CallCost) -> Vec<u8> {
    limit_call_depth_by(&wat::parse_str(text).expect("text format"), limit, cost).expect("a module that can be limited")
}

/// The smallest limit with which the export `run` can be called.
fn cost_of(engine: &Engine, text: &str, cost: CallCost) -> u32 {
    let runs =
        |limit: &u32| Guest::new(engine, &limited_by(text, *limit, cost)).call("run", &[0, 0]) != Ending::Exceeded;
    (1..1000).find(runs).expect("a small function")
}

#[test]
fn what_a_function_costs() {
    let engine = Engine::default();
    for (text, frame, code) in [
        (r#"(module (func (export "run")))"#, 4, 5),
        (r#"(module (func (export "run") (param i32 i64) (local v128 i64 f32)))"#, 9, 10),
        (r#"(module (func (export "run") (result i32 i64) (i32.const 1) (i64.const 2)))"#, 8, 10),
        (
            r#"(module (func (export "run") (drop (i32.add (i32.const 1) (i32.add (i32.const 1) (i32.const 1))))))"#,
            7,
            11,
        ),
    ] {
        assert_eq!(cost_of(&engine, text, CallCost::Call), 1, "{text}");
        assert_eq!(cost_of(&engine, text, CallCost::Frame), frame, "{text}");
        assert_eq!(cost_of(&engine, text, CallCost::Code), code, "{text}");
    }
}

#[test]
fn units_of_a_stack() {
    for (bytes, units) in [(0, 1), (31, 1), (512 << 10, 16 << 10), (2 << 20, 64 << 10), (usize::MAX, u32::MAX)] {
        assert_eq!(units_for_stack(bytes), units);
    }
}

/// Endless recursion, in shapes that make large frames of few units.
fn shapes(ty: &str, k: usize) -> Vec<String> {
    let types = format!("{ty} ").repeat(k);
    let load: String = (0..k).map(|i| format!("({ty}.load offset={} (i32.const 0))", i * 16)).collect();
    let store: String =
        (0..k).map(|i| format!("({ty}.store offset={} (i32.const 0) (local.get {i}))", i * 16)).collect();
    let set: String = (0..k).rev().map(|i| format!("(local.set {i})")).collect();
    let get: String = (0..k).rev().map(|i| format!("(local.get {i})")).collect();
    let drop = "drop ".repeat(k);
    let sink = "(call $sink)".repeat(k);
    let head = format!("(module (memory 1) (func $sink (param {ty}) ({ty}.store (i32.const 0) (local.get 0)))");
    vec![
        format!(r#"{head} (func $f (export "run") (local {types}) {load} {set} (call $f) {store}))"#),
        format!(r#"{head} (func $f (param {types}) {get} (call $f) {store}) (func (export "run") {load} (call $f)))"#),
        format!(r#"{head} (func $f (result {types}) (call $f) {sink} {load}) (func (export "run") (call $f) {drop}))"#),
        format!(r#"{head} (func $f (export "run") {load} (call $f) {sink}))"#),
    ]
}

/// Code that makes an optimising compiler keep values across a call that are nowhere on the guest's stack.
fn hostile(k: usize) -> Vec<String> {
    let mut around = String::new();
    let mut imported = String::from("(module ");
    let mut globals = String::from("(module ");
    let (mut calls, mut reads) = (String::new(), String::new());
    for i in 0..k {
        write!(around, "(f64.store (i32.const 8) (f64.sqrt (f64.add (local.get 0) (f64.const {i}))))")
            .expect("a string");
        write!(imported, r#"(import "" "{i}" (func $i{i}))"#).expect("a string");
        write!(globals, r#"(import "" "{i}" (global $i{i} (mut i32)))"#).expect("a string");
        write!(calls, "(call $i{i})").expect("a string");
        write!(reads, "(global.set $i{i} (global.get $i{i}))").expect("a string");
    }
    vec![
        format!(
            r#"(module (memory 1) (func $f (export "run") (local f64)
                (local.set 0 (f64.load (i32.const 0))) {around} (call $f) {around}))"#
        ),
        format!(r#"{imported} (func $f (export "run") {calls} (call $f) {calls}))"#),
        format!(r#"{globals} (func $f (export "run") {reads} (call $f) {reads}))"#),
    ]
}

fn stacks() -> Vec<(String, Engine, usize)> {
    let mut all = Vec::new();
    for (stack, level, strategy) in [
        (512 << 10, OptLevel::None, Strategy::Cranelift),
        (512 << 10, OptLevel::Speed, Strategy::Cranelift),
        (512 << 10, OptLevel::SpeedAndSize, Strategy::Cranelift),
        (512 << 10, OptLevel::None, Strategy::Winch),
        (64 << 10, OptLevel::Speed, Strategy::Cranelift),
        (1 << 20, OptLevel::Speed, Strategy::Cranelift),
        (1 << 20, OptLevel::None, Strategy::Winch),
    ] {
        let mut config = Config::new();
        config.strategy(strategy).cranelift_opt_level(level).max_wasm_stack(stack);
        if strategy == Strategy::Cranelift {
            config.cranelift_nan_canonicalization(true);
        }
        all.push((format!("{strategy:?} {level:?} {stack}"), Engine::new(&config).expect("an engine"), stack));
    }
    all
}

fn assert_limit_first(text: &str, cost: CallCost) {
    for (name, engine, stack) in stacks() {
        let wasm = limited_by(text, units_for_stack(stack), cost);
        let module = wasmtime::Module::new(&engine, &wasm).expect("a module");
        let mut store = wasmtime::Store::new(&engine, ());
        let mut linker = wasmtime::Linker::new(&engine);
        for import in module.imports() {
            let value: wasmtime::Extern = match import.ty() {
                wasmtime::ExternType::Func(_) => wasmtime::Func::wrap(&mut store, || {}).into(),
                wasmtime::ExternType::Global(ty) => {
                    wasmtime::Global::new(&mut store, ty, wasmtime::Val::I32(0)).expect("a global").into()
                }
                other => panic!("not in these guests: {other:?}"),
            };
            linker.define(&store, import.module(), import.name(), value).expect("no name twice");
        }
        let instance = linker.instantiate(&mut store, &module).expect("an instance");
        let ending = Guest { store, instance }.call("run", &[]);
        assert_eq!(ending, Ending::Exceeded, "{name}: {cost:?} {}", &text[..text.len().min(300)]);
    }
}

#[test]
fn the_limit_comes_before_the_stack_ends() {
    for ty in ["i32", "f64", "v128"] {
        for k in [0, 2, 9, 60, 500] {
            for text in shapes(ty, k) {
                assert_limit_first(&text, CallCost::Frame);
            }
        }
    }
}

#[test]
fn also_for_hostile_code_if_code_counts() {
    for k in [0, 2, 9, 60, 500] {
        for text in hostile(k) {
            assert_limit_first(&text, CallCost::Code);
        }
    }
}
