//! `--invoke`, on modules and components.

use serde_json::json;

use crate::{Place, component_guests, guests};

const MODULE: &str = r#"(module
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "mixed") (param i64 f32 f64) (result f64 f32 i64) (local.get 2) (local.get 1) (local.get 0))
  (func (export "odd(1)") (result i32) (i32.const 7))
  (func (export "vector") (param v128))
  (func (export "nothing"))
  (func $fails (export "fail") (result i32) unreachable)
  (global $ready (mut i32) (i32.const 0))
  (func (export "ready") (result i32) (global.get $ready))
  (func (export "_initialize") (global.set $ready (i32.const 1)))
  (memory (export "memory") 1))"#;

#[test]
fn functions_of_modules() {
    let place = Place::new();
    let guest = place.file("module.wat", MODULE);
    for (call, args, prints) in [
        ("add(1, 2)", &[][..], "3\n"),
        ("add(-1,4294967295)", &[], "-2\n"),
        (" add( 0x10 , -0x1 ) ", &[], "15\n"),
        ("add", &["40", "2"], "42\n"),
        ("add(1, 2)", &["for", "the guest"], "3\n"),
        ("mixed(18446744073709551615, 1.5, -inf)", &[], "-inf\n1.5\n-1\n"),
        ("odd(1)", &[], "7\n"),
        ("nothing", &[], ""),
        ("nothing()", &[], ""),
        ("ready()", &[], "1\n"),
    ] {
        let ran = place.detwasi(&[&["run", "--invoke", call, &guest], args].concat());
        ran.assert(0, prints);
        assert_eq!(ran.stderr, "", "{call}");
    }
    // A program's other exports can be called, too, and its main one by name.
    let program = place.file("args.wat", guests::args());
    place.detwasi(&["run", "--invoke", "_start()", &program, "a"]).assert(0, "args.wat\0a\0");
}

#[test]
fn functions_of_components() {
    let place = Place::new();
    let guest = place.file("library.wat", component_guests::library());
    for (call, prints) in [
        ("add(1, 2)", "3\n"),
        ("nothing()", "()\n"),
        ("nothing", "()\n"),
        ("halve(3)", "1.5\n"),
        ("halve(nan)", "nan\n"),
        ("invert(false)", "true\n"),
        (r#"echo({name: "Ä\"\n", age: some(7)})"#, "{name: \"Ä\\\"\\n\", age: some(7)}\n"),
        (r#"echo({name: ""})"#, "{name: \"\"}\n"),
        ("test:math/numbers@1.2.0#add(-1, -2)", "-3\n"),
        ("test:math/numbers@1.2.0/add(-1, -2)", "-3\n"),
        ("test:math/numbers.add@1.2.0(-1, -2)", "-3\n"),
        ("numbers/add(-1, -2)", "-3\n"),
        ("more#twice(4)", "8\n"),
        ("test:math/more.twice(4)", "8\n"),
    ] {
        let ran = place.detwasi(&["run", "--invoke", call, &guest]);
        ran.assert(0, prints);
        assert_eq!(ran.stderr, "", "{call}");
    }
    let command = place.file("returns.wat", component_guests::returns(1));
    place.detwasi(&["run", "--invoke", "wasi:cli/run@0.2.3#run()", &command]).assert(0, "err\n");
    let tasks = place.file("tasks.wat", component_guests::tasks());
    place.detwasi(&["run", "--invoke", "run()", &tasks]).assert(0, "ok\n");
}

#[test]
fn results_are_in_the_report() {
    let place = Place::new();
    let results = |content: &str, call: &str| {
        let guest = place.file("guest.wat", content);
        let ran = place.detwasi(&["run", "--report", "report.json", "--invoke", call, &guest]);
        (ran.code, place.json("report.json")["results"].clone())
    };
    assert_eq!(results(MODULE, "mixed(1, 2, 3)"), (Some(0), json!(["3", "2", "1"])));
    assert_eq!(results(MODULE, "nothing()"), (Some(0), json!([])));
    assert_eq!(results(MODULE, "fail()"), (Some(134), json!(null)));
    let library = component_guests::library();
    assert_eq!(results(&library, "add(1, 2)"), (Some(0), json!(["3"])));
    assert_eq!(results(&library, "fail()"), (Some(134), json!(null)));
}

#[test]
fn what_cannot_be_called_is_told_in_one_line() {
    let place = Place::new();
    let module = place.file("module.wat", MODULE);
    let library = place.file("library.wat", component_guests::library());
    let signature = "add(i32, i32) -> i32";
    let typed = "add(a: u32, b: u32) -> u32";
    for (guest, call, says) in [
        (&module, "sub(1, 2)", &["no function `sub`", signature][..]),
        (&module, "memory", &["no function `memory`"]),
        (&module, "add(1, 2", &["no function `add(1, 2`"]),
        (&module, "", &["no function ``"]),
        (&module, "add(1)", &["1 argument(s) given, 2 needed", signature]),
        (&module, "add", &["0 argument(s) given, 2 needed", signature]),
        (&module, "add(1, 2, 3)", &["3 argument(s) given, 2 needed", signature]),
        (&module, "add(1, x)", &["`x` is no i32", signature]),
        (&module, "add(1, 4294967296)", &["`4294967296` is no i32"]),
        (&module, "add(1, 1.5)", &["`1.5` is no i32"]),
        (&module, "add(1,)", &["`` is no i32"]),
        (&module, "vector(1)", &["`1` is no v128", "vector(v128)"]),
        (&library, "sub(1, 2)", &["no function `sub`", typed, "test:math/numbers@1.2.0#twice(a: u32) -> u32"]),
        (&library, "twice(1)", &["several", "`test:math/numbers@1.2.0#twice`", "`test:math/more#twice`"]),
        (&library, "numbers@2.0.0#add(1, 2)", &["no function `numbers@2.0.0#add`"]),
        (&library, "add(1)", &["cannot call `add(1)`", typed]),
        (&library, "add", &["cannot call `add`", typed]),
        (&library, "add(1, -2)", &["cannot call", typed]),
        (&library, "add(1, \"2\")", &["cannot call", typed]),
        (&library, "add(1, 2", &["unexpected end", typed]),
        (&library, "add(1, 2) 3", &["trailing", typed]),
        (&library, "echo({age: 7})", &["record { name: string, age: option<u32> }"]),
    ] {
        let ran = place.detwasi(&["run", "--report", "report.json", "--invoke", call, guest]);
        ran.assert(2, "");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        for text in says {
            assert!(ran.stderr.contains(text), "{text:?} is not in {ran:?}");
        }
        assert!(!place.path("report.json").exists(), "{ran:?}");
    }
}
