//! `detwasi compare`.

use serde_json::{Value, json};

use crate::{Place, component_guests, guests};

/// Sleeps for this many nanoseconds.
fn sleeper(nanos: u64) -> String {
    format!(
        r#"(module
            (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (func (export "_start")
                (i32.store (i32.const 16) (i32.const 1))
                (i64.store (i32.const 24) (i64.const {nanos}))
                (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))"#
    )
}

/// Calls `clock_time_get` of both versions, `each` times, the old one through a table.
fn clocks(each: u32) -> String {
    format!(
        r#"(module
            (type $get (func (param i32 i64 i32) (result i32)))
            (import "wasi_snapshot_preview1" "clock_time_get" (func $new (type $get)))
            (import "wasi_unstable" "clock_time_get" (func $old (type $get)))
            (memory (export "memory") 1)
            (table funcref (elem $old))
            (func (export "_start")
                (local $left i32)
                (local.set $left (i32.const {each}))
                (loop $next
                    (drop (call $new (i32.const 1) (i64.const 0) (i32.const 8)))
                    (drop (call_indirect (type $get) (i32.const 1) (i64.const 0) (i32.const 8) (i32.const 0)))
                    (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))"#
    )
}

#[track_caller]
fn compared(place: &Place, args: &[&str]) -> Value {
    compared_with(place, "2", args)
}

#[track_caller]
fn compared_with(place: &Place, runs: &str, args: &[&str]) -> Value {
    let ran = place.detwasi(&[&["compare", "--json", "--runs", runs], args].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    serde_json::from_slice(&ran.stdout).expect("JSON")
}

fn call<'a>(report: &'a Value, name: &str) -> &'a Value {
    let calls = report["host_calls"].as_array().expect("a list");
    calls.iter().find(|call| call["name"] == name).unwrap_or_else(|| panic!("no {name}: {report}"))
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn verdict(report: &Value) -> &str {
    report["verdict"].as_str().expect("a line")
}

#[test]
fn a_sleep_is_what_stock_takes_longer_for() {
    let place = Place::new();
    // Long enough for everything else to be small beside it, on a busy machine too; and a run that was held up is no noise.
    place.file("sleeper.wat", sleeper(200_000_000));
    let report = compared_with(&place, "5", &["sleeper.wat"]);
    let (stock, ours) = (number(&report["stock"]["run"]["median_ns"]), number(&report["detwasi"]["run"]["median_ns"]));
    assert!(stock >= 200_000_000 && ours < stock / 2, "{report}");
    assert!(number(&report["stock_default_engine"]["run"]["min_ns"]) >= 200_000_000, "{report}");
    let poll = call(&report, "poll_oneoff");
    assert!(number(&poll["stock"]["total"]["median_ns"]) >= 200_000_000, "{report}");
    assert!(number(&poll["stock"]["median_ns"]) >= 200_000_000, "{report}");
    assert!(number(&poll["detwasi"]["total"]["median_ns"]) < 100_000_000, "{report}");
    let line = verdict(&report);
    assert!(line.starts_with("detwasi took ") && line.contains(" ms less than stock: "), "{line}");
    assert!(line.contains(" less in poll_oneoff (stock waits for real)"), "{line}");

    let text = place.detwasi(&["compare", "--runs", "1", "sleeper.wat"]);
    assert_eq!((text.code, text.stderr.as_str()), (Some(0), ""), "{text:?}");
    let text = String::from_utf8(text.stdout).expect("text");
    assert!(text.lines().all(|line| line.chars().count() <= 200), "{text}");
    assert!(
        text.starts_with("sleeper.wat on stock WASI and on detwasi (preset simulation, seed 0): 1 run of each\n"),
        "{text}"
    );
    for begin in ["stock WASI ", "detwasi ", "stock, default engine ", "poll_oneoff ", "Exit code: 0 on both sides."] {
        assert!(text.lines().any(|line| line.starts_with(begin)), "{begin}: {text}");
    }
    let last = text.lines().last().expect("a line");
    assert!(last.contains("less than stock, as far as one run of each tells: "), "{last}");
}

#[test]
fn calls_are_counted_on_both_sides_whichever_way_they_are_made() {
    let place = Place::new();
    place.file("clocks.wat", clocks(123));
    // A limit on call depth is put into the guest of ours alone; counted fuel is no less for the stopwatch.
    for options in [&[][..], &["--preset", "strict"], &["--fuel", "100000"]] {
        let report = compared(&place, &[options, &["clocks.wat"]].concat());
        assert_eq!((&report["not_timed"], &report["timed_runs"]), (&Value::Null, &json!(2)), "{report}");
        assert_eq!(report["host_calls"].as_array().expect("a list").len(), 1, "{report}");
        let clock = call(&report, "clock_time_get");
        for side in ["stock", "detwasi"] {
            assert_eq!((&clock[side]["calls"], &clock[side]["varies"]), (&json!(246), &json!(false)), "{report}");
            assert!(number(&clock[side]["total"]["median_ns"]) > 0, "{report}");
        }
    }
}

#[test]
fn an_exit_code_is_compared_and_not_passed_on() {
    let place = Place::new();
    place.file("exit.wat", guests::exit(3));
    let report = compared(&place, &["exit.wat"]);
    assert_eq!((&report["stock"]["exit_code"], &report["detwasi"]["exit_code"]), (&json!(3), &json!(3)), "{report}");
    assert_eq!(report["same_exit_code"], true);
    // The call that never comes back.
    let exit = call(&report, "proc_exit");
    assert_eq!((&exit["stock"]["calls"], &exit["detwasi"]["calls"]), (&json!(1), &json!(1)), "{report}");

    // Exits with 1 if the wall clock is beyond 2025, as the host's is.
    let late = r#"(module
        (import "wasi_snapshot_preview1" "clock_time_get" (func $get (param i32 i64 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "_start")
            (drop (call $get (i32.const 0) (i64.const 0) (i32.const 8)))
            (call $exit (i64.gt_u (i64.load (i32.const 8)) (i64.const 1767225600000000000)))))"#;
    place.file("late.wat", late);
    let report = compared(&place, &["late.wat"]);
    assert_eq!((&report["stock"]["exit_code"], &report["detwasi"]["exit_code"]), (&json!(1), &json!(0)), "{report}");
    assert_eq!(report["same_exit_code"], false);
    let text = String::from_utf8(place.detwasi(&["compare", "--runs", "1", "late.wat"]).stdout).expect("text");
    assert!(text.contains("Exit code: 1 on stock, 0 on detwasi: the two did not do the same work."), "{text}");

    // One that is another each time is no work to compare: six random bits are not the same for 40 runs.
    let random = r#"(module
        (import "wasi_snapshot_preview1" "random_get" (func $get (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "_start")
            (drop (call $get (i32.const 0) (i32.const 1)))
            (call $exit (i32.and (i32.load8_u (i32.const 0)) (i32.const 63)))))"#;
    place.file("random.wat", random);
    let ran = place.detwasi(&["compare", "--runs", "40", "random.wat"]);
    ran.assert(2, "");
    assert!(ran.stderr.contains("`random.wat` ends with exit code") && ran.stderr.contains("on stock WASI"), "{ran:?}");
}

#[test]
fn a_guest_that_is_ended_is_told_as_by_run() {
    let place = Place::new();
    place.file("trap.wat", guests::trap());
    let ran = place.detwasi(&["compare", "trap.wat"]);
    ran.assert(134, "");
    assert!(
        ran.stderr.starts_with("detwasi: the guest was ended on stock WASI and on detwasi (UnreachableCodeReached): "),
        "{ran:?}"
    );
    assert!(ran.stderr.contains("!inner"), "{ran:?}");

    place.file("random.wat", guests::random());
    let ran = place.detwasi(&["compare", "--preset", "strict", "random.wat"]);
    ran.assert(134, "");
    assert!(ran.stderr.starts_with("detwasi: the guest was ended on detwasi (RandomRefused): "), "{ran:?}");
    assert!(ran.stderr.ends_with("\ndetwasi: on stock WASI it ended with exit code 0\n"), "{ran:?}");

    place.file("spin.wat", guests::spin());
    let ran = place.detwasi(&["compare", "--fuel", "1000", "spin.wat"]);
    ran.assert(134, "");
    assert!(ran.stderr.contains("on stock WASI and on detwasi (OutOfFuel)"), "{ran:?}");
}

#[test]
fn outputs_are_compared_and_not_shown() {
    let place = Place::new();
    place.file("echo.wat", guests::echo());
    let text = |args: &[&str]| {
        let ran = place.detwasi_with(&[&["compare", "--runs", "2"], args].concat(), b"some input", |_| ());
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
        String::from_utf8(ran.stdout).expect("text")
    };
    // Each run gets the whole input.
    let echoed = text(&["echo.wat"]);
    assert!(echoed.contains("Stdout: 10 bytes, the same in all runs, and the same on both sides."), "{echoed}");
    assert!(!echoed.contains("some input"), "{echoed}");
    place.file("words", "four");
    let echoed = text(&["--stdin", "words", "echo.wat"]);
    assert!(echoed.contains("Stdout: 4 bytes, "), "{echoed}");

    // Its hour's sleep is too long for stock.
    place.file("answers.wat", guests::answers().replace("3600000000000", "1000"));
    let answers = text(&["answers.wat"]);
    assert!(
        answers.contains(
            "Stdout: on stock 32 bytes, not the same in all runs; on detwasi 32 bytes, the same in all runs."
        ),
        "{answers}"
    );
}

#[test]
fn each_run_finds_its_hermetic_directory_as_it_was() {
    let place = Place::new();
    // It exits with an errno if `gone` is not there to be removed.
    place.file("write.wat", guests::write_file(""));
    std::fs::create_dir(place.path("data")).expect("a directory");
    place.file("data/gone", "here");
    let report = compared(&place, &["--dir-hermetic", "data", "write.wat"]);
    assert_eq!((&report["stock"]["exit_code"], &report["detwasi"]["exit_code"]), (&json!(0), &json!(0)), "{report}");
    assert_eq!(call(&report, "path_open")["stock"]["calls"], 1, "{report}");
    assert!(place.path("data/gone").exists() && !place.path("data/out").exists());

    // A live one is the host's, where it is gone after the first run.
    let ran = place.detwasi(&["compare", "--dir", "data", "write.wat"]);
    ran.assert(2, "");
    assert!(ran.stderr.contains("exit code"), "{ran:?}");
    assert!(!place.path("data/gone").exists());
}

#[test]
fn of_components_the_calls_of_ours_are_counted() {
    let place = Place::new();
    // Its hour's sleep is too long for stock.
    place.file("answers.wat", component_guests::answers().replace("3600000000000", "100000000"));
    let report = compared_with(&place, "5", &["answers.wat"]);
    assert_eq!((&report["kind"], &report["not_timed"]), (&json!("component"), &json!("it is a component")), "{report}");
    let (stock, ours) = (number(&report["stock"]["run"]["median_ns"]), number(&report["detwasi"]["run"]["median_ns"]));
    assert!(stock >= 100_000_000 && ours < stock, "{report}");
    let now = call(&report, "wasi:clocks/wall-clock.now");
    let ours = json!({"calls": 2, "varies": false, "median_ns": null, "total": null});
    assert_eq!((&now["stock"], &now["detwasi"]), (&Value::Null, &ours), "{report}");
    assert!(verdict(&report).contains("in the guest and its host calls, which are not told apart"), "{report}");
    let text = String::from_utf8(place.detwasi(&["compare", "--runs", "1", "answers.wat"]).stdout).expect("text");
    assert!(text.contains("What each takes is not measured, and stock counts none: it is a component."), "{text}");

    // Of WASI 0.3; and one that fails.
    for (text, code) in
        [(component_guests::tasks().replace("3600000000000", "100000000"), 0), (component_guests::returns(1), 1)]
    {
        place.file("guest.wat", text);
        let report = compared(&place, &["guest.wat"]);
        assert_eq!(
            (&report["stock"]["exit_code"], &report["detwasi"]["exit_code"]),
            (&json!(code), &json!(code)),
            "{report}"
        );
    }
}

#[test]
fn what_run_refuses_is_refused() {
    let place = Place::new();
    let extra = r#"(module (import "env" "extra" (func)) (func (export "_start")))"#;
    place.file("extra.wat", extra);
    place.file("library.wat", r#"(module (func (export "_initialize") (param i32)))"#);
    place.file("foreign.wat", component_guests::foreign());
    for (args, says) in [
        (&["nowhere.wasm"][..], "`nowhere.wasm`"),
        (&["library.wat"], "no WASI command"),
        (&["extra.wat"], "`env::extra`"),
        (&["foreign.wat"], "`wasi:nn/tensor@0.2.0-rc-2024-10-28`"),
        (&["--runs", "0", "extra.wat"], "`detwasi compare --help`"),
        (&["--runs", "-1", "extra.wat"], "--runs"),
        (&["--invoke", "f()", "extra.wat"], "--invoke"),
        (&["--dir", "missing", "--allow-import", "env::extra", "extra.wat"], "`missing`"),
        (&["--dir-hermetic", "missing", "--allow-import", "env::extra", "extra.wat"], "`missing`"),
        (&[], "GUEST"),
    ] {
        let ran = place.detwasi(&[&["compare"], args].concat());
        ran.assert(2, "");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        assert!(ran.stderr.contains(says), "{ran:?}");
    }
    assert_eq!(compared(&place, &["--allow-import", "env::extra", "extra.wat"])["host_calls"], json!([]));
}

#[test]
fn the_json_has_its_fields_in_order() {
    let place = Place::new();
    place.file("args.wat", guests::args());
    let ran = place.detwasi(&["compare", "--json", "--runs", "1", "--seed", "5", "args.wat", "one"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let text = String::from_utf8(ran.stdout).expect("text");
    let report: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&report["format"], &report["guest"], &report["runs"]), (&json!(1), &json!("args.wat"), &json!(1)));
    assert_eq!((&report["preset"], &report["seed"]), (&json!("simulation"), &json!(format!("0x05{}", "0".repeat(62)))));
    assert_eq!(report["stock"]["stdout_bytes"], 13);
    assert_eq!(report["stock"]["stdout_sha256"], report["detwasi"]["stdout_sha256"]);
    let keys: Vec<_> = report["stock"]["run"].as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys.len(), 4, "{keys:?}");
    assert!(text.ends_with("}\n"));
    let order = ["format", "guest_sha256", "kind", "stock", "detwasi", "stock_default_engine", "host_calls", "verdict"];
    let places = order.map(|key| text.find(&format!("\"{key}\"")).expect(key));
    assert!(places.is_sorted(), "{text}");
}
