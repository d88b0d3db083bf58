//! `detwasi audit`, and `--allow-import`.

use serde_json::{Value, json};

use crate::{Place, component_guests, guests};

/// A module that imports `env::extra` beside WASI, and calls it if `calls`.
fn extra(calls: bool) -> String {
    let call = if calls { "(call $extra)" } else { "" };
    format!(
        r#"(module
            (import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))
            (import "env" "extra" (func $extra))
            (memory (export "memory") 1)
            (func (export "_start") {call}))"#
    )
}

fn audited(place: &Place, guest: &str, code: i32) -> Value {
    let ran = place.detwasi(&["audit", "--json", guest]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(code), ""), "{ran:?}");
    serde_json::from_slice(&ran.stdout).expect("JSON")
}

#[test]
fn modules_are_covered_function_by_function() {
    let place = Place::new();
    place.file("args.wat", guests::args());
    let ran = place.detwasi(&["audit", "args.wat"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let table = String::from_utf8(ran.stdout).expect("text");
    assert!(table.contains("assumed     wasi_snapshot_preview1::args_get\n"), "{table}");
    let poll = table.lines().find(|line| line.contains("poll_oneoff")).expect("an import");
    let words: Vec<_> = poll.split_whitespace().collect();
    assert_eq!(words, ["virtual", "wasi_snapshot_preview1::poll_oneoff", "clock,", "scheduler"]);
    assert_eq!(table.lines().count(), 11, "one line for each import: {table}");

    let report = audited(&place, "args.wat", 0);
    assert_eq!((&report["format"], &report["kind"], &report["uncovered"]), (&json!(1), &json!("module"), &json!(0)));
    let random = json!({"name": "wasi_snapshot_preview1::random_get", "label": "virtual", "policy": "secure_random"});
    assert!(report["imports"].as_array().expect("a list").contains(&random), "{report}");

    place.file("old.wat", guests::args().replace("wasi_snapshot_preview1", "wasi_unstable"));
    assert_eq!(audited(&place, "old.wat", 0)["imports"][0]["name"], "wasi_unstable::args_get");
}

#[test]
fn components_are_covered_interface_by_interface() {
    let place = Place::new();
    // Of 0.2 and of 0.3.
    for (name, text) in [("two.wat", component_guests::answers()), ("three.wat", component_guests::tasks())] {
        place.file(name, text);
        let report = audited(&place, name, 0);
        assert_eq!(report["kind"], "component");
        let imports = report["imports"].as_array().expect("a list");
        assert!(!imports.is_empty() && imports.iter().all(|import| import["label"] != "uncovered"), "{report}");
    }
}

#[test]
fn an_unknown_import_fails_the_audit_and_is_refused() {
    let place = Place::new();
    place.file("extra.wat", extra(false));
    let report = audited(&place, "extra.wat", 1);
    assert_eq!(report["uncovered"], 1);
    assert_eq!(report["imports"][1], json!({"name": "env::extra", "label": "uncovered", "policy": null}));
    let refused = place.detwasi(&["run", "extra.wat"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("`env::extra`") && refused.stderr.contains("--allow-import"), "{refused:?}");
    // Another name does not allow it.
    assert_eq!(place.detwasi(&["run", "--allow-import", "env::other", "extra.wat"]).code, Some(2));

    place.detwasi(&["run", "--allow-import", "env::extra", "extra.wat"]).assert(0, "");
    place.file("calls.wat", extra(true));
    let ended = place.detwasi(&["run", "--allow-import", "env::extra", "calls.wat"]);
    assert_eq!(ended.code, Some(134), "{ended:?}");
    assert!(ended.stderr.contains("(NotProvided)") && ended.stderr.contains("`env::extra`"), "{ended:?}");

    // What cannot be made up is refused even if it is allowed.
    place.file("memory.wat", r#"(module (import "env" "memory" (memory 1)) (func (export "_start")))"#);
    assert_eq!(audited(&place, "memory.wat", 1)["imports"][0]["label"], "uncovered");
    assert_eq!(place.detwasi(&["run", "--allow-import", "env::memory", "memory.wat"]).code, Some(2));
}

#[test]
fn components_with_an_unknown_import_are_refused_too() {
    let place = Place::new();
    let text = r#"(component
        (import "my:own/thing@1.0.0" (instance $thing (export "do" (func))))
        (core func $do (canon lower (func $thing "do")))
        (core module $m (import "" "do" (func $do)) (func (export "run") (result i32) (i32.const 0)))
        (core instance $i (instantiate $m (with "" (instance (export "do" (func $do))))))
        (func $run (result (result)) (canon lift (core func $i "run")))
        (instance (export "wasi:cli/run@0.2.0") (export "run" (func $run))))"#;
    place.file("own.wat", text);
    assert_eq!(audited(&place, "own.wat", 1)["imports"][0]["name"], "my:own/thing@1.0.0");
    assert_eq!(place.detwasi(&["run", "own.wat"]).code, Some(2));
    place.detwasi(&["run", "--allow-import", "my:own/thing@1.0.0", "own.wat"]).assert(0, "");
}

#[test]
fn an_allowed_import_of_a_component_leaves_wasi_as_it_is() {
    let place = Place::new();
    let text = component_guests::args().replacen(
        "(component",
        r#"(component (import "my:own/thing@1.0.0" (instance $own (export "do" (func))))"#,
        1,
    );
    place.file("own.wat", &text);
    assert_eq!(place.detwasi(&["run", "own.wat", "a"]).code, Some(2));
    let allow = ["--allow-import", "my:own/thing@1.0.0", "own.wat", "a"];
    place.detwasi(&[&["run"], &allow[..]].concat()).assert(0, "own.wata");
    assert_eq!(place.detwasi(&[&["compare", "--runs", "1"], &allow[..]].concat()).code, Some(0));
}

#[test]
fn what_is_no_guest_is_a_problem_and_no_audit() {
    let place = Place::new();
    place.file("text.wat", "(module (func (result i32)))");
    for args in [&["audit", "nowhere.wasm"][..], &["audit", "text.wat"], &["audit"], &["audit", "--xml", "text.wat"]] {
        let ran = place.detwasi(args);
        assert_eq!((ran.code, ran.stdout.len()), (Some(2), 0), "{ran:?}");
    }
}
