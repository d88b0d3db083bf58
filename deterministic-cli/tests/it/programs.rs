//! What is called of a module that is no command as most are: the same as `wasmtime run` calls.

use crate::{Place, guests};

/// Functions that say `a`, `b` and so on are there for `body`, which has the exports.
fn module(body: &str) -> String {
    let says: String = ('a'..='d')
        .map(|letter| {
            format!(
                r#"(func ${letter} (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 1))
                     (i32.store8 (i32.const 64) (i32.const {}))
                     (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))"#,
                u32::from(letter)
            )
        })
        .collect();
    format!(
        r#"(module
          (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          {says} {body})"#
    )
}

#[test]
fn what_wasmtime_calls_is_called() {
    let place = Place::new();
    for (body, args, prints) in [
        // What a program returns is printed, and no exit code.
        (r#"(func (export "_start") (result i32) (call $a) (i32.const 7))"#, &[][..], "a7\n"),
        (r#"(func (export "_start") (result i32 f64) (i32.const -1) (f64.const 1.5))"#, &[], "-1\n1.5\n"),
        // The default function comes first; both are programs.
        (r#"(func (export "") (call $a)) (func (export "_start") (call $b))"#, &[], "a"),
        (r#"(func (export "") (call $a))"#, &[], "a"),
        // A library is initialised, a program too if it wants to be.
        (r#"(func (export "_initialize") (call $a)) (func (export "main") (call $b))"#, &[], "a"),
        (r#"(func (export "_initialize") (call $a)) (func (export "_start") (call $b))"#, &[], "ab"),
        // Parameters are taken from the arguments; those that are left over are the guest's.
        (
            r#"(func (export "_start") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))"#,
            &["40", "0x2", "more"],
            "42\n",
        ),
        // A start function is called by WebAssembly itself.
        (r#"(func $start (call $a)) (start $start) (func (export "main") (call $b))"#, &[], "a"),
    ] {
        let guest = place.file("guest.wat", module(body));
        let ran = place.detwasi(&[&["run", &guest], args].concat());
        ran.assert(0, prints);
        assert_eq!(ran.stderr, "", "{body}");
    }
}

#[test]
fn a_module_of_which_nothing_is_called_says_so() {
    let place = Place::new();
    for text in ["(module)", r#"(module (func (export "main")))"#, r#"(module (memory (export "_start") 1))"#] {
        let guest = place.file("guest.wat", text);
        let ran = place.detwasi(&["run", &guest]);
        ran.assert(0, "");
        assert!(ran.stderr.contains("nothing of it is called") && ran.stderr.contains("--invoke"), "{ran:?}");
    }
}

#[test]
fn what_a_program_returns_is_in_the_report_and_in_the_cache() {
    let place = Place::new();
    let guest = place.file("guest.wat", module(r#"(func (export "_start") (result i32) (call $a) (i32.const 7))"#));
    for known in ["miss", "hit"] {
        place.detwasi(&["run", "--cache", "kept", "--report", "report.json", &guest]).assert(0, "a7\n");
        let report = place.json("report.json");
        assert_eq!((&report["results"], &report["cache"]), (&serde_json::json!(["7"]), &known.into()));
    }
    let program = place.file("args.wat", guests::args());
    place.detwasi(&["run", "--report", "report.json", &program]).assert(0, "args.wat\0");
    assert_eq!(place.json("report.json")["results"], serde_json::Value::Null);
}

#[test]
fn such_a_program_can_be_compared() {
    let place = Place::new();
    let guest = place.file("guest.wat", module(r#"(func (export "_start") (result i32) (call $a) (i32.const 7))"#));
    let ran = place.detwasi(&["compare", "--runs", "2", &guest]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(String::from_utf8_lossy(&ran.stdout).contains("\nfd_write "), "{ran:?}");
}
