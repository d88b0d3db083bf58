//! What a run is kept under: the bytes that it gets, and nothing that makes no difference.

use std::fs;

use serde_json::Value;

use crate::http::{HANDLER, REQUEST, RESPONSE, component};
use crate::{Place, guests};

/// The report of a run with a cache.
#[track_caller]
fn report(place: &Place, args: &[&str]) -> Value {
    let ran = place.detwasi(&[&["run", "--cache", "kept", "--report", "report.json"], args].concat());
    assert!(ran.code.is_some_and(|code| code != 2), "{ran:?}");
    place.json("report.json")
}

#[test]
fn a_request_that_cannot_be_read_is_no_other_run() {
    let place = Place::new();
    place.file("args.wat", guests::args());
    place.file("handler.wasm", component("handler", HANDLER));
    place.detwasi(&["run", "--cache", "kept", "args.wat"]).assert(0, "args.wat\0");
    for guest in ["args.wat", "handler.wasm"] {
        let args = ["run", "--http-request", "missing", guest];
        let plain = place.detwasi(&args);
        plain.assert(2, "");
        let cached = place.detwasi(&[&args[..1], &["--cache", "kept"], &args[1..]].concat());
        assert_eq!(cached, plain);
    }
}

/// A pipe gives what it has once: whoever reads it for the key and again for the run has nothing the second time.
#[cfg(unix)]
#[test]
fn a_request_is_read_once() {
    let place = Place::new();
    place.file("handler.wasm", component("handler", HANDLER));
    place.file("empty", "");
    let other = REQUEST.replace("/path", "/data");
    for (request, response, known) in [
        (REQUEST, RESPONSE.to_owned(), "miss"),
        (&other, RESPONSE.replace("/path", "/data"), "miss"),
        (REQUEST, RESPONSE.to_owned(), "hit"),
        (&other, RESPONSE.replace("/path", "/data"), "hit"),
    ] {
        let args = ["--http-request", "/dev/stdin", "--stdin", "empty", "handler.wasm"];
        let args = [&["run", "--cache", "kept", "--report", "report.json"][..], &args].concat();
        place.detwasi_with(&args, request.as_bytes(), |_| ()).assert(0, response);
        assert_eq!(place.json("report.json")["cache"], known);
    }
}

#[test]
fn equal_runs_have_one_fingerprint() {
    let place = Place::new();
    place.file("args.wat", guests::args());
    fs::create_dir(place.path("data")).expect("a directory");
    let groups: [&[&[&str]]; 4] = [
        &[
            &["args.wat"],
            &["--max-memory", "4GiB", "args.wat"],
            &["--max-files", "1MiB", "args.wat"],
            &["--preset", "simulation", "--seed", "0", "--epoch", "2025-01-01T01:00:00+01:00", "args.wat"],
            &["--argv0", "args.wat", "args.wat"],
            &["--no-compile-cache", "args.wat"],
        ],
        &[
            &["--allow-import", "env::a", "--allow-import", "env::b", "args.wat"],
            &["--allow-import", "env::b", "--allow-import", "env::a", "--allow-import", "env::b", "args.wat"],
        ],
        &[&["--preset", "strict", "args.wat"], &["--preset", "strict", "--max-call-depth", "16384", "args.wat"]],
        &[
            &["--dir-hermetic", "data", "args.wat"],
            &["--dir-hermetic", "data", "--max-files", "1GiB", "args.wat"],
            &["--dir-hermetic", "data::data::rw", "args.wat"],
        ],
    ];
    let mut seen = Vec::new();
    for group in groups {
        let fingerprints: Vec<_> = group.iter().map(|args| report(&place, args)["fingerprint"].clone()).collect();
        assert!(fingerprints.iter().all(|fingerprint| fingerprint == &fingerprints[0]), "{group:?}: {fingerprints:?}");
        assert!(fingerprints[0].is_string() && !seen.contains(&fingerprints[0]), "{group:?}");
        seen.push(fingerprints[0].clone());
    }
    // What acts is another run: a setting cannot be given as an import, either.
    for args in [
        &["--dir-hermetic", "data", "--max-files", "1MiB", "args.wat"][..],
        &["--dir-hermetic", "data::data::ro", "args.wat"],
        &["--fuel", "1", "args.wat"],
        &["--allow-import", "fuel", "args.wat"],
    ] {
        let fingerprint = report(&place, args)["fingerprint"].clone();
        assert!(!seen.contains(&fingerprint), "{args:?}");
        seen.push(fingerprint);
    }
}

/// Writes to stdout and to stderr in turn, and ends by `end`.
fn mixed(end: &str) -> String {
    format!(
        r#"(module
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 64) "e1\n..o1\n..e2\n..o2\n..")
            (func $say (param $fd i32) (param $at i32)
                (i32.store (i32.const 0) (local.get $at))
                (i32.store (i32.const 4) (i32.const 3))
                (drop (call $write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 16))))
            (func (export "_start")
                (call $say (i32.const 2) (i32.const 64))
                (call $say (i32.const 1) (i32.const 69))
                (call $say (i32.const 2) (i32.const 74))
                (call $say (i32.const 1) (i32.const 79))
                {end})
            (func (export "seven") (result i32)
                (call $say (i32.const 1) (i32.const 69))
                (call $say (i32.const 2) (i32.const 64))
                (i32.const 7)))"#
    )
}

#[test]
fn a_known_run_prints_in_the_order_in_which_it_ran() {
    let place = Place::new();
    place.file("mixed.wat", mixed(""));
    place.file("traps.wat", mixed("unreachable"));
    let both = |args: &[&str]| {
        let file = fs::File::create(place.path("both")).expect("a file");
        let again = file.try_clone().expect("the same file");
        place.detwasi_with(&[&["run", "--report", "report.json"], args].concat(), b"", |command| {
            command.stdout(file).stderr(again);
        });
        fs::read_to_string(place.path("both")).expect("text")
    };
    for (args, begins) in [
        (&["mixed.wat"][..], "e1\no1\ne2\no2\n"),
        (&["traps.wat"], "e1\no1\ne2\no2\ndetwasi: the guest was ended (Unreachable"),
        (&["--invoke", "seven()", "mixed.wat"], "o1\ne1\n7\n"),
    ] {
        let plain = both(args);
        assert!(plain.starts_with(begins), "{plain}");
        for known in ["miss", "hit"] {
            assert_eq!(both(&[&["--cache", "kept"], args].concat()), plain, "{known}");
            assert_eq!(place.json("report.json")["cache"], known);
        }
    }
}

#[test]
fn what_the_guest_is_ended_for_is_kept() {
    let place = Place::new();
    place.file("status.wat", guests::exit(200));
    place.file("handler.wasm", component("handler", HANDLER));
    place.file("none.http", "GET /n HTTP/1.1\nHost: example.com\n\n");
    place.file(
        "missing.wat",
        r#"(module (import "env" "missing" (func $missing)) (memory (export "memory") 1) (func (export "_start") (call $missing)))"#,
    );
    for (args, kind) in [
        (&["status.wat"][..], "InvalidExitStatus"),
        (&["--http-request", "none.http", "handler.wasm"], "NoResponse"),
        (&["--allow-import", "env::missing", "missing.wat"], "NotProvided"),
    ] {
        let first = report(&place, args);
        assert_eq!((&first["outcome"]["trap"]["kind"], &first["cache"]), (&kind.into(), &"miss".into()));
        let mut again = report(&place, args);
        assert_eq!(again["cache"], "hit", "{kind}");
        again["cache"] = "miss".into();
        assert_eq!(again, first);
    }
}

#[test]
fn a_run_that_was_kept_without_a_report_has_all_that_one_needs() {
    let place = Place::new();
    place.file("answers.wat", guests::answers());
    place.detwasi(&["run", "--report", "report.json", "answers.wat"]);
    let mut plain = place.json("report.json");
    place.detwasi(&["run", "--cache", "kept", "answers.wat"]);
    plain["cache"] = "hit".into();
    assert_eq!(report(&place, &["answers.wat"]), plain);
}

/// Digesting each would take hours.
#[test]
fn a_memory_is_digested_once_however_many_names_it_has() {
    let place = Place::new();
    let names: String = (0..100_000).map(|name| format!("(export \"m{name}\" (memory $m))")).collect();
    let text =
        format!("(module (memory $m 256) (memory $n 1) {names} (export \"n\" (memory $n)) (func (export \"_start\")))");
    place.file("names.wat", text);
    place.detwasi(&["run", "--report", "report.json", "names.wat"]).assert(0, "");
    let memories = &place.json("report.json")["memories"];
    assert_eq!(memories.as_object().map(serde_json::Map::len), Some(100_001));
    assert_eq!(memories["m0"]["bytes"], 256 << 16);
    assert_eq!(memories["m99999"], memories["m0"]);
    assert_eq!(memories["n"]["bytes"], 1 << 16);
}
