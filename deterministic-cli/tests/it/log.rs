//! `--log`: what a guest called, beside a run that is the same without it.

use crate::{Place, component_guests, guests, trace};

/// The lines of a log, without those of digests.
fn calls(place: &Place, name: &str) -> Vec<String> {
    let log = std::fs::read_to_string(place.path(name)).expect("a log");
    log.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn a_run_is_the_same_with_a_log() {
    let place = Place::new();
    place.file("module.wat", guests::answers());
    place.file("component.wat", component_guests::answers());
    place.file("tasks.wat", component_guests::tasks());
    place.file("exits.wat", component_guests::exits(1));
    for guest in ["module.wat", "component.wat", "tasks.wat", "exits.wat"] {
        let run = |args: &[&str]| {
            let ran = place.detwasi(&[&["run", "--report", "report.json"], args, &[guest]].concat());
            (ran, place.json("report.json"))
        };
        let without = run(&[]);
        for format in ["text", "json", "perfetto", "digests"] {
            assert_eq!(run(&["--log", "log", "--log-format", format]), without, "{guest} {format}");
        }
        let total: u64 = without.1["host_calls"].as_object().expect("calls").values().filter_map(|n| n.as_u64()).sum();
        run(&["--log", "log"]);
        assert_eq!(calls(&place, "log").len() as u64, total, "{guest}");
    }
}

/// Of WASI 0.2, and of 0.2 and 0.3 together.
#[test]
fn a_log_of_a_component_has_names_and_values() {
    let place = Place::new();
    for (guest, text, expected) in [
        ("answers.wat", component_guests::answers(), include_str!("log/answers.txt")),
        ("tasks.wat", component_guests::tasks(), include_str!("log/tasks.txt")),
        ("exits.wat", component_guests::exits(1), include_str!("log/exits.txt")),
        ("trap.wat", component_guests::sleeps_for_ever(), include_str!("log/ended.txt")),
    ] {
        place.file(guest, text);
        place.detwasi(&["run", "--until-time", "3h", "--log", "log", guest]);
        assert_eq!(std::fs::read_to_string(place.path("log")).expect("a log"), expected, "{guest}");
    }
}

#[test]
fn formats_and_filters() {
    let place = Place::new();
    place.file("guest.wat", guests::answers());
    let log = |args: &[&str]| {
        place.detwasi(&[&["run", "--log", "log"], args, &["guest.wat"]].concat());
        std::fs::read_to_string(place.path("log")).expect("a log")
    };
    let all = log(&[]);
    let (number_of, last) = (|text: &str| text.split_once(' ').expect("a number").0.to_owned(), all.lines().last());
    assert!(last.is_some_and(|last| last.starts_with("# ")), "{all}");
    let json = log(&["--log-format", "json"]);
    let parsed: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(parsed.len(), all.lines().count());
    assert_eq!(
        parsed
            .last()
            .map(|mark| format!("# {} calls: {}", mark["calls"], mark["digest"].as_str().unwrap_or_default()))
            .as_deref(),
        last
    );
    let events: serde_json::Value = serde_json::from_str(&log(&["--log-format", "perfetto"])).expect("JSON");
    assert_eq!(events["traceEvents"].as_array().map(Vec::len), Some(parsed.len() + 2));
    assert_eq!(Some(log(&["--log-format", "digests"]).trim_end()), last);

    log(&["--log-calls", "2..4"]);
    assert_eq!(calls(&place, "log").iter().map(|line| number_of(line)).collect::<Vec<_>>(), ["2", "3"]);
    log(&["--log-only", "random_*", "--log-only", "wasi_snapshot_preview1.clock_time_get"]);
    let lines = calls(&place, "log");
    assert!(!lines.is_empty());
    assert!(lines.iter().all(|line| line.contains(".random_get(") || line.contains(".clock_time_get(")), "{lines:?}");
    log(&["--log-time", "584000h.."]);
    assert!(calls(&place, "log").is_empty());
}

#[test]
fn a_run_that_is_known_is_run_for_its_log() {
    let place = Place::new();
    place.file("guest.wat", guests::answers());
    let run = |args: &[&str]| place.detwasi(&[&["run", "--cache", "cache"], args, &["guest.wat"]].concat());
    let first = run(&[]);
    assert_eq!(run(&["--log", "log"]), first);
    assert!(!calls(&place, "log").is_empty());
    assert_eq!(run(&[]), first);
}

/// On the host's own clock, random numbers and directory.
#[test]
fn a_replay_has_the_log_of_the_recorded_run() {
    let (place, _) = trace::recorded(&["--embed", "--log", "log"]);
    let recorded = calls(&place, "log");
    assert!(recorded.iter().any(|line| line.contains(".fd_readdir(")), "{recorded:?}");
    for engine in ["cranelift", "winch", "wasmi"] {
        place.detwasi(&["replay", "--engine", engine, "--log", "log", "run.trace"]);
        assert_eq!(calls(&place, "log"), recorded, "{engine}");
    }
    place.file("component.wat", component_guests::args());
    place.detwasi(&["record", "-o", "run.trace", "--embed", "--log", "log", "component.wat"]);
    let recorded = calls(&place, "log");
    place.detwasi(&["replay", "--log", "log", "run.trace"]);
    assert!(!recorded.is_empty());
    assert_eq!(calls(&place, "log"), recorded);
}

#[test]
fn standard_error_has_calls_and_what_the_guest_writes() {
    let place = Place::new();
    place.file("guest.wat", guests::answers());
    let ran = place.detwasi(&["run", "--log", "-", "guest.wat"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stderr.lines().any(|line| line.contains("wasi_snapshot_preview1.random_get(")), "{ran:?}");
}

/// Whatever ended the run, the log has what was called until then, and is whole.
#[test]
fn a_run_that_is_ended_has_a_log() {
    let place = Place::new();
    let spins = r#"(module
        (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
        (memory (export "memory") 1)
        (func (export "_start") (drop (call $yield)) (loop $again (br $again))))"#;
    place.file("spins.wat", spins);
    let ran = place.detwasi(&["run", "--timeout", "1s", "--log", "log", "--log-format", "perfetto", "spins.wat"]);
    assert_eq!(ran.code, Some(142), "{ran:?}");
    let events = place.json("log");
    assert_eq!(events["traceEvents"].as_array().map(Vec::len), Some(4), "{events}");
    place.detwasi(&["run", "--fuel", "1000", "--log", "log", "spins.wat"]);
    assert_eq!(calls(&place, "log").len(), 1);
}

#[test]
fn a_log_that_cannot_be_written_is_told_of() {
    let place = Place::new();
    place.file("guest.wat", guests::answers());
    let refused = |args: &[&str], says: &str| {
        let ran = place.detwasi(&[&["run"], args, &["guest.wat"]].concat());
        ran.assert(2, "");
        assert!(ran.stderr.contains(says) && ran.stderr.lines().count() == 1, "{ran:?}");
    };
    refused(&["--log", "missing/log"], "cannot write the call log `missing/log`");
    refused(&["--log-format", "json"], "--log");
    refused(&["--log", "log", "--log-format", "xml"], "choose one of: text, json, perfetto, digests");
    refused(&["--log", "log", "--log-calls", "4..2"], "give numbers");
    refused(&["--log", "log", "--log-time", "4"], "give times");
    assert!(!place.path("log").exists());
    #[cfg(target_os = "linux")]
    {
        // Full when it is flushed at the end, and full in the midst of it.
        let ran = place.detwasi(&["run", "--log", "/dev/full", "guest.wat"]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains("cannot write the call log `/dev/full`"), "{ran:?}");
        let many = r#"(module
            (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
            (memory (export "memory") 1)
            (func (export "_start") (loop $again (drop (call $yield)) (br $again))))"#;
        place.file("many.wat", many);
        let ran = place.detwasi(&["run", "--log", "/dev/full", "many.wat"]);
        ran.assert(2, "");
        assert!(ran.stderr.contains("/dev/full") && ran.stderr.lines().count() == 1, "{ran:?}");
    }
}
