//! Modules before the guest: the same on each engine.

use deterministic_run::{Error, Guest, Inputs};

use crate::engines::{outcome, refused};

/// Says something, and counts what was asked of it, from where it was initialised.
const LIBRARY: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\08\00\00\00\05\00\00\00hello")
    (global $count (mut i32) (i32.const 0))
    (func (export "_initialize") (global.set $count (i32.const 40)))
    (func (export "say") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100))))
    (func (export "count") (result i32)
        (global.set $count (i32.add (global.get $count) (i32.const 1)))
        (global.get $count)))"#;

const GUEST: &str = r#"(module
    (import "lib" "say" (func $say))
    (import "lib" "count" (func $count (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 2)
    (func (export "_start") (call $say) (drop (call $count)) (call $exit (call $count))))"#;

fn inputs(guest: &str, before: &[(&str, &str)]) -> Inputs {
    before.iter().fold(Inputs::new(guest).expect("a guest"), |inputs, (name, text)| {
        inputs.preload(*name, Guest::new(*name, text.as_bytes()).expect("a module"))
    })
}

#[test]
fn a_library_is_made_once_and_initialised() {
    let ran = outcome(&inputs(GUEST, &[("lib", LIBRARY)]));
    assert_eq!((ran.ended.to_string().as_str(), &*ran.stdout), ("exit code 42", &b"hello"[..]));
    assert_eq!(ran.memories.keys().collect::<Vec<_>>(), ["lib::memory", "memory"]);
    assert_eq!(ran.memory_peak_bytes, 3 << 16);
}

#[test]
fn a_program_is_made_anew_for_each_call() {
    let program = LIBRARY.replace("\"_initialize\"", "\"_start\"");
    let inputs = inputs(GUEST, &[("lib", &program)]);
    for all in [false, true] {
        let ran = outcome(&inputs.clone().all_memories(all));
        assert_eq!((ran.ended.to_string().as_str(), &*ran.stdout), ("exit code 1", &b"hello"[..]));
        assert_eq!(ran.memories.keys().collect::<Vec<_>>(), ["memory"]);
        // Two of the guest's pages, and one for each call.
        assert_eq!(ran.memory_peak_bytes, 5 << 16);
    }
    assert!(matches!(refused(&inputs.max_call_depth(1000)), Error::PreloadUncounted { .. }));
    // What it exports beside functions cannot be imported, and keeps nobody from the rest.
    let program = program.replace("(global $count ", r#"(global $count (export "counted") "#);
    outcome(&self::inputs(GUEST, &[("lib", &program)]));
    let takes = r#"(module (import "lib" "counted" (global (mut i32))) (func (export "_start")))"#;
    assert!(matches!(refused(&self::inputs(takes, &[("lib", &program)])), Error::UnknownImports { .. }));
    let both = LIBRARY.replace("\"say\"", "\"_start\"");
    assert!(matches!(refused(&self::inputs("(module)", &[("lib", &both)])), Error::Unstartable { .. }));
}

#[test]
fn a_later_module_imports_from_an_earlier_one() {
    let a = r#"(module (func (export "seven") (result i32) (i32.const 7)) (memory (export "memory") 1)
        (global (export "g") (mut i32) (i32.const 0)) (table (export "t") 1 funcref))"#;
    let b = r#"(module (import "a" "seven" (func $seven (result i32))) (import "a" "memory" (memory 1))
        (import "a" "t" (table 1 funcref)) (elem (i32.const 0) $store)
        (func $store (i32.store (i32.const 8) (call $seven))))"#;
    let guest = r#"(module (import "a" "memory" (memory 1)) (export "memory" (memory 0)) (import "a" "t" (table 1 funcref))
        (import "a" "g" (global $g (mut i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (func (export "_start") (call_indirect (i32.const 0)) (global.set $g (i32.load (i32.const 8)))
            (call $exit (global.get $g))))"#;
    let ran = outcome(&inputs(guest, &[("a", a), ("b", b)]).all_memories(true));
    assert_eq!(ran.ended.to_string(), "exit code 7");
    assert_eq!(ran.memories.keys().collect::<Vec<_>>(), ["a::memory"]);
    assert!(
        matches!(refused(&inputs(guest, &[("b", b), ("a", a)])), Error::UnknownImports { guest, .. } if guest == "b")
    );
}

#[test]
fn every_memory_is_told_once() {
    let library =
        r#"(module (memory (export "a") (export "b") 1) (memory 1) (memory (export "c") 0) (data (i32.const 0) "x"))"#;
    let uses = r#"(module (import "lib" "a" (memory 1)) (memory (export "z") (export "y") 1) (memory 2) (memory (export "w") 0)
        (func (export "_start") (i32.store8 1 (i32.const 0) (i32.const 1))))"#;
    let one = inputs(uses, &[("lib", library)]);
    let names = |inputs: &Inputs| outcome(inputs).memories.into_keys().collect::<Vec<_>>();
    assert_eq!(names(&one), ["lib::a", "lib::b", "lib::c", "w", "y", "z"]);
    let all = one.clone().all_memories(true);
    assert_eq!(names(&all), ["detwasi:memory:2", "lib::a", "lib::c", "lib::detwasi:memory:1", "w", "y"]);
    assert_ne!(all.fingerprint().expect("a name"), one.fingerprint().expect("a name"));
    // What was added for that nobody can import.
    let peeps = r#"(module (import "lib" "detwasi:memory:1" (memory 1)) (func (export "_start")))"#;
    let peeps = inputs(peeps, &[("lib", library)]).all_memories(true);
    assert!(matches!(refused(&peeps), Error::UnknownImports { .. }));
    let starts = r#"(module (func $f) (start $f))"#;
    let peeps = r#"(module (import "lib" "detwasi:start" (func)) (func (export "_start")))"#;
    assert!(matches!(refused(&inputs(peeps, &[("lib", starts)])), Error::UnknownImports { .. }));
}

#[test]
fn one_that_cannot_go_on_ends_the_run() {
    let functions = r#"(func (export "say")) (func (export "count") (result i32) (i32.const 3))"#;
    for (body, ended) in [
        ("(func $f unreachable) (start $f)", "UnreachableCodeReached"),
        (r#"(func (export "_initialize") unreachable)"#, "UnreachableCodeReached"),
        ("(func $f (call $f)) (start $f)", "CallDepthExceeded"),
        (r#"(func $f (export "_initialize") (call $f))"#, "CallDepthExceeded"),
        (r#"(import "env" "f" (func $f)) (func (export "_initialize") (call $f))"#, "NotProvided"),
        ("(memory 1) (data (i32.const 65536) \"x\")", "MemoryOutOfBounds"),
    ] {
        let library = format!("(module {body} {functions})");
        let ran = outcome(&inputs(GUEST, &[("lib", &library)]).max_call_depth(1000).allow_import("env::f"));
        assert_eq!((ran.ended.to_string().as_str(), ran.memories.len()), (ended, 0), "{body}");
    }
}

#[test]
fn its_calls_are_counted_by_themselves() {
    let library = r#"(module (func $deep (export "deep") (call $deep)))"#;
    let guest = r#"(module (import "lib" "deep" (func $deep)) (func (export "_start") (call $deep)))"#;
    let ran = outcome(&inputs(guest, &[("lib", library)]).max_call_depth(1000));
    assert_eq!(ran.ended.to_string(), "CallDepthExceeded");
    let thief = r#"(module (import "lib" "detwasi:call-depth" (global (mut i32))) (func (export "_start")))"#;
    let thief = inputs(thief, &[("lib", library)]).max_call_depth(1000);
    assert!(matches!(refused(&thief), Error::UnknownImports { .. }));
}

#[test]
fn what_does_not_fit_is_not_linked() {
    let other = LIBRARY.replace(r#"(func (export "say")"#, r#"(func (export "say") (param i32)"#);
    assert!(matches!(refused(&inputs(GUEST, &[("lib", &other)])), Error::Unlinkable { .. }));
    let wasi = r#"(module (import "wasi_snapshot_preview1" "sched_yield" (func)) (func (export "_start")))"#;
    assert!(matches!(refused(&inputs(wasi, &[])), Error::Unlinkable { .. }));
    // Nobody takes the place of WASI.
    let random = r#"(module (func (export "random_get") (param i32 i32) (result i32) (i32.const 0)))"#;
    let ran = inputs("(module)", &[("wasi_snapshot_preview1", random)]);
    assert!(matches!(refused(&ran), Error::Unstartable { .. }));
}
