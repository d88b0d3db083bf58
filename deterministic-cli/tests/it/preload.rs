//! `--preload`: modules that are there before the guest.

use serde_json::json;

use crate::{Place, Ran, guests};

/// Says a word from its own memory, and counts how often.
const LIBRARY: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\08\00\00\00\05\00\00\00hello")
    (global $calls (mut i32) (i32.const 0))
    (func (export "_initialize") (global.set $calls (i32.const 40)))
    (func (export "say") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100))))
    (func (export "count") (result i32)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (global.get $calls)))"#;

/// Calls it, and says a word from its own memory at the same place; its exit code is the library's count after two calls.
const GUEST: &str = r#"(module
    (import "lib" "say" (func $say))
    (import "lib" "count" (func $count (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 2)
    (data (i32.const 0) "\08\00\00\00\06\00\00\00 world")
    (func (export "_start")
        (call $say)
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100)))
        (drop (call $count))
        (call $exit (call $count))))"#;

#[track_caller]
fn told(ran: &Ran, says: &[&str]) {
    ran.assert(2, "");
    assert!(ran.stderr.starts_with("detwasi: ") && ran.stderr.lines().count() == 1, "{ran:?}");
    for text in says {
        assert!(ran.stderr.contains(text), "{text:?} is not in {ran:?}");
    }
}

#[test]
fn a_guest_calls_what_a_module_before_it_exports() {
    let place = Place::new();
    place.file("lib.wat", LIBRARY);
    place.file("guest.wat", GUEST);
    for engine in ["cranelift", "winch", "pulley", "wasmi"] {
        place.detwasi(&["run", "--engine", engine, "--preload", "lib=lib.wat", "guest.wat"]).assert(42, "hello world");
    }
    let run = ["run", "--preload", "lib=lib.wat", "--report", "report.json", "guest.wat"];
    // Each call of WASI is on the memory of the module that makes it, and a library is initialised first.
    let ran = place.detwasi(&run);
    ran.assert(42, "hello world");
    let report = place.json("report.json");
    assert_eq!(report["memories"].as_object().expect("memories").keys().collect::<Vec<_>>(), ["lib::memory", "memory"]);
    assert_eq!(
        (&report["memories"]["lib::memory"]["bytes"], &report["memory_peak_bytes"]),
        (&json!(65536), &json!(3 << 16))
    );
    assert_eq!(report["host_calls"]["fd_write"], 2);
    assert_eq!(place.detwasi(&run), ran);
    assert_eq!(place.json("report.json"), report);

    told(&place.detwasi(&["run", "guest.wat"]), &["`lib::say`", "`lib::count`"]);
    told(&place.detwasi(&["run", "--preload", "other=lib.wat", "guest.wat"]), &["`lib::say`"]);
}

#[test]
fn a_program_is_made_anew_for_each_call() {
    let place = Place::new();
    place.file("lib.wat", LIBRARY.replace("\"_initialize\"", "\"_start\""));
    place.file("guest.wat", GUEST);
    place.detwasi(&["run", "--preload", "lib=lib.wat", "guest.wat"]).assert(1, "hello world");
    let ran = place.detwasi(&["run", "--preset", "strict", "--preload", "lib=lib.wat", "guest.wat"]);
    told(&ran, &["`lib.wat` is a program", "--max-call-depth"]);
}

#[test]
fn a_later_module_imports_from_an_earlier_one() {
    let place = Place::new();
    place.file("a.wat", r#"(module (func (export "seven") (result i32) (i32.const 7)) (memory (export "memory") 1))"#);
    place.file(
        "b.wat",
        r#"(module (import "a" "seven" (func $seven (result i32))) (import "a" "memory" (memory 1))
            (func (export "store") (i32.store (i32.const 4) (call $seven))))"#,
    );
    place.file(
        "guest.wat",
        r#"(module (import "b" "store" (func $store)) (import "a" "memory" (memory 1)) (export "memory" (memory 0))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (func (export "_start") (call $store) (call $exit (i32.load (i32.const 4)))))"#,
    );
    place.detwasi(&["run", "--preload", "a=a.wat", "--preload", "b=b.wat", "guest.wat"]).assert(7, "");
    let ran = place.detwasi(&["run", "--preload", "b=b.wat", "--preload", "a=a.wat", "guest.wat"]);
    told(&ran, &["`b.wat` imports what nobody here provides: `a::seven`, `a::memory`"]);
}

#[test]
fn what_cannot_be_is_said_before_anything_runs() {
    let place = Place::new();
    place.file("lib.wat", LIBRARY);
    place.file("guest.wat", GUEST);
    place.file("foreign.wat", r#"(module (import "env" "now" (func)) (func (export "say")) (func (export "count") (result i32) (i32.const 3)))"#);
    place.file(
        "other.wat",
        r#"(module (func (export "say") (param i64)) (func (export "count") (result i32) (i32.const 3)))"#,
    );
    place.file("component.wat", "(component)");
    place.file("program.wat", crate::component_guests::answers());
    let run = |args: &[&str]| place.detwasi(&[&["run"], args].concat());
    for (args, says) in [
        (&["--preload", "lib.wat", "guest.wat"][..], &["--preload", "lib=lib.wasm"][..]),
        (&["--preload", "=lib.wat", "guest.wat"], &["lib=lib.wasm"]),
        (&["--preload", "lib=", "guest.wat"], &["lib=lib.wasm"]),
        (&["--preload", "wasi_snapshot_preview1=lib.wat", "guest.wat"], &["WASI's own"]),
        (&["--preload", "lib=missing.wat", "guest.wat"], &["`missing.wat`"]),
        (&["--preload", "lib=component.wat", "guest.wat"], &["`component.wat` is a component"]),
        (&["--preload", "lib=lib.wat", "program.wat"], &["`program.wat` is a component"]),
        (&["--preload", "lib=lib.wat", "--preload", "lib=lib.wat", "guest.wat"], &["`lib` twice"]),
        (&["--preload", "lib=foreign.wat", "guest.wat"], &["`foreign.wat`", "`env::now`"]),
        (&["--preload", "lib=other.wat", "guest.wat"], &["`guest.wat` cannot be linked", "lib::say"]),
    ] {
        told(&run(args), says);
    }
    run(&["--preload", "lib=foreign.wat", "--allow-import", "env::*", "guest.wat"]).assert(3, " world");
}

#[test]
fn a_trap_in_one_ends_the_run() {
    let place = Place::new();
    place.file("guest.wat", GUEST);
    for body in [r#"(func $f unreachable) (start $f)"#, r#"(func (export "_initialize") unreachable)"#] {
        place.file(
            "lib.wat",
            format!(r#"(module {body} (func (export "say")) (func (export "count") (result i32) (i32.const 3)))"#),
        );
        let ran = place.detwasi(&["run", "--preload", "lib=lib.wat", "--report", "report.json", "guest.wat"]);
        ran.assert(134, "");
        assert_eq!(place.json("report.json")["outcome"]["trap"]["kind"], "UnreachableCodeReached", "{ran:?}");
    }
}

#[test]
fn its_calls_are_counted_too_and_its_count_is_its_own() {
    let place = Place::new();
    place.file("lib.wat", r#"(module (func $deep (export "deep") (call $deep)))"#);
    place.file("guest.wat", r#"(module (import "lib" "deep" (func $deep)) (func (export "_start") (call $deep)))"#);
    for args in [&["--preset", "strict"][..], &["--max-call-depth", "100"]] {
        let ran = place.detwasi(&[&["run", "--preload", "lib=lib.wat"], args, &["guest.wat"]].concat());
        assert!(ran.code == Some(134) && ran.stderr.contains("(CallDepthExceeded)"), "{ran:?}");
    }
    place.file(
        "thief.wat",
        r#"(module (import "lib" "detwasi:call-depth" (global (mut i32))) (func (export "_start")))"#,
    );
    let ran = place.detwasi(&["run", "--preset", "strict", "--preload", "lib=lib.wat", "thief.wat"]);
    told(&ran, &["`lib::detwasi:call-depth`"]);
}

#[test]
fn its_content_is_part_of_the_run() {
    let place = Place::new();
    place.file("lib.wat", LIBRARY);
    place.file("guest.wat", GUEST);
    let run = |preload: &str| {
        let ran =
            place.detwasi(&["run", "--cache", "kept", "--report", "report.json", "--preload", preload, "guest.wat"]);
        assert_eq!(ran.code, Some(42), "{ran:?}");
        (place.json("report.json")["cache"].clone(), String::from_utf8(ran.stdout).expect("text"))
    };
    assert_eq!(run("lib=lib.wat"), (json!("miss"), "hello world".into()));
    assert_eq!(run("lib=lib.wat"), (json!("hit"), "hello world".into()));
    place.file("copy.wat", LIBRARY);
    assert_eq!(run("lib=copy.wat"), (json!("hit"), "hello world".into()));
    place.file("lib.wat", LIBRARY.replace("hello", "HELLO"));
    assert_eq!(run("lib=lib.wat"), (json!("miss"), "HELLO world".into()));
}

#[test]
fn a_module_before_the_guest_may_read_its_input() {
    let place = Place::new();
    // `_start` of this one echoes; the guest calls it and does nothing else.
    place.file("echo.wat", guests::echo());
    place.file("guest.wat", r#"(module (import "echo" "_start" (func $echo)) (func (export "_start") (call $echo)))"#);
    let ran = place.detwasi_with(&["run", "--preload", "echo=echo.wat", "guest.wat"], b"some input", |_| ());
    assert!(ran.code == Some(0) && ran.stdout == b"some input", "{ran:?}");
}
