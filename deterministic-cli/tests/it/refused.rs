//! `--refuse`.

use serde_json::json;

use crate::{Place, guests};

/// Reads the clock of this number and sleeps for a second.
fn reads(clock: u32) -> String {
    format!(
        r#"(module
            (import "wasi_snapshot_preview1" "clock_time_get" (func $read (param i32 i64 i32) (result i32)))
            (memory (export "memory") 1)
            (func (export "_start") (drop (call $read (i32.const {clock}) (i64.const 0) (i32.const 0)))))"#
    )
}

#[test]
fn a_clock_that_is_refused_ends_the_guest_and_is_named() {
    let place = Place::new();
    for (clock, name) in [(0, "realtime"), (1, "monotonic"), (2, "process CPU"), (3, "thread CPU")] {
        place.file("reads.wat", reads(clock));
        place.detwasi(&["run", "reads.wat"]).assert(0, "");
        let run = ["run", "--refuse", "clocks", "--report", "report.json", "reads.wat"];
        let ran = place.detwasi(&run);
        ran.assert(134, "");
        assert!(ran.stderr.starts_with("detwasi: the guest was ended (ClockRefused): "), "{ran:?}");
        assert!(ran.stderr.contains(&format!("the time of its {name} clock")), "{ran:?}");
        let report = place.json("report.json");
        assert_eq!(
            (&report["refused"], &report["outcome"]["trap"]["kind"]),
            (&json!(["clocks"]), &json!("ClockRefused"))
        );
        assert_eq!(place.detwasi(&run), ran);
        // The time of day alone.
        let code = if clock == 0 { 134 } else { 0 };
        place.detwasi(&["run", "--refuse", "wall-clock", "reads.wat"]).assert(code, "");
    }
}

#[test]
fn what_is_not_asked_for_is_no_matter() {
    let place = Place::new();
    place.file("args.wat", guests::args());
    let run = ["run", "--refuse", "clocks,random", "--refuse", "clocks", "--report", "report.json", "args.wat"];
    place.detwasi(&run).assert(0, "args.wat\0");
    assert_eq!(place.json("report.json")["refused"], json!(["clocks", "random"]));
    let refused = place.json("report.json")["fingerprint"].clone();
    place.detwasi(&["run", "--report", "report.json", "args.wat"]).assert(0, "args.wat\0");
    assert_ne!(place.json("report.json")["fingerprint"], refused);
    assert_eq!(place.json("report.json")["refused"], json!([]));
    let ran = place.detwasi(&["run", "--refuse", "time", "args.wat"]);
    assert!(ran.code == Some(2) && ran.stderr.contains("wall-clock"), "{ran:?}");
}

#[test]
fn secure_bytes_are_refused_under_any_preset() {
    let place = Place::new();
    place.file("answers.wat", guests::answers());
    let ran = place.detwasi(&["run", "--refuse", "random", "answers.wat"]);
    assert!(ran.code == Some(134) && ran.stderr.contains("(RandomRefused)"), "{ran:?}");
}
