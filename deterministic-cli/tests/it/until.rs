//! Guests that would never end: `--until-time`, and sleeps that move nothing.

use serde_json::json;

use crate::{Place, component_guests, guests};

/// The interface's own names, and a loop around a body.
fn loops(body: &str) -> String {
    format!(
        r#"(module
            (import "wasi_snapshot_preview1" "clock_time_get" (func $read (param i32 i64 i32) (result i32)))
            (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (func (export "_start")
                (i32.store (i32.const 16) (i32.const 1)) ;; the monotonic clock
                (loop $again {body} (br $again))))"#
    )
}

/// Sleeps for an hour, for ever again.
fn sleeps() -> String {
    loops(
        "(i64.store (i32.const 24) (i64.const 3600000000000))
         (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))",
    )
}

fn reads() -> String {
    loops("(drop (call $read (i32.const 1) (i64.const 0) (i32.const 128)))")
}

#[test]
fn the_guest_s_time_ends_when_told_to() {
    let place = Place::new();
    let guests = [
        ("sleeps.wat", sleeps(), 7_200_000_000_000_u64, "2h", "7200.000000001 s"),
        ("reads.wat", reads(), 1_500_000, "1.5ms", "0.001500001 s"),
        ("component.wat", component_guests::sleeps_for_ever(), 5_400_000_000_000, "1h30m", "5400.000000001 s"),
    ];
    for (name, guest, nanos, duration, shown) in guests {
        place.file(name, guest);
        let run = ["run", "--until-time", duration, "--report", "report.json", "--cache", "cache", name];
        let ran = place.detwasi(&run);
        ran.assert(134, "");
        assert!(ran.stderr.starts_with("detwasi: the guest was ended (TimeIsUp): the guest's time is up"), "{ran:?}");
        assert!(ran.stderr.contains(shown) && ran.stderr.contains("--until-time"), "{ran:?}");
        let report = place.json("report.json");
        assert_eq!((&report["elapsed_ns"], &report["cache"]), (&json!(nanos), &json!("miss")));
        // It is the guest's own end, and so it is kept.
        assert_eq!(place.detwasi(&run), ran);
        assert_eq!(place.json("report.json")["cache"], "hit");
        // Of a run with another name.
        let other = ["run", "--until-time", "1ms", "--report", "report.json", "--cache", "cache", name];
        place.detwasi(&other).assert(134, "");
        assert_ne!(place.json("report.json")["fingerprint"], report["fingerprint"]);
    }
}

#[test]
fn a_guest_that_ends_in_time_does_not_notice() {
    let place = Place::new();
    place.file("args.wat", guests::args());
    place.detwasi(&["run", "--until-time", "0s", "args.wat"]).assert(0, "args.wat\0");
    for wrong in ["10", "-1s", "soon"] {
        let ran = place.detwasi(&["run", "--until-time", wrong, "args.wat"]);
        assert!(ran.code == Some(2) && ran.stderr.contains("1h30m"), "{ran:?}");
    }
}

#[test]
fn a_sleep_that_moves_nothing_names_the_clock_and_the_mend() {
    let place = Place::new();
    for (name, guest) in [("sleeps.wat", sleeps()), ("component.wat", component_guests::sleeps_for_ever())] {
        place.file(name, guest);
        let run = ["run", "--preset", "frozen", "--report", "report.json", "--cache", "cache", name];
        let ran = place.detwasi(&run);
        ran.assert(134, "");
        assert!(ran.stderr.starts_with("detwasi: the guest was ended (TimeStandsStill): time stands still"), "{ran:?}");
        assert!(ran.stderr.contains("FrozenClock") && ran.stderr.contains("--preset simulation"), "{ran:?}");
        assert_eq!(place.detwasi(&run), ran);
        assert_eq!(place.json("report.json")["cache"], "hit");
    }
}

/// 584 years of hours: some seconds in a debug build.
#[test]
fn the_end_of_time_ends_the_guest() {
    let place = Place::new();
    let weeks = sleeps().replace("3600000000000", "604800000000000");
    place.file("sleeps.wat", weeks);
    let ran = place.detwasi(&["run", "sleeps.wat"]);
    ran.assert(134, "");
    assert!(ran.stderr.starts_with("detwasi: the guest was ended (EndOfTime): "), "{ran:?}");
    assert!(ran.stderr.contains("18446744073.709551615 s"), "{ran:?}");
}
