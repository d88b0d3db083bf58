//! The call log: what is in it, and that it changes nothing.

use std::io;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, PoisonError};

use deterministic_run::core::{Instant, Seed};
use deterministic_run::fs::Tree;
use deterministic_run::log::{Call, CallLog, Digests, Filter, Format, Mark, Writer};
use deterministic_run::policies::Preset;
use deterministic_run::{Ended, EngineKind, Error, Guest, Inputs, Observer, Outcome, with_stack};
use test_programs::ALL;

/// Some of everything: records, texts, data, flags, lists, errors, and a call that ends it.
const GUEST: &str = r#"(module
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_prestat_dir_name" (func $name (param i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_filestat_get" (func $stat (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_seek" (func $seek (param i32 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_readdir" (func $list (param i32 i32 i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
    (import "wasi_unstable" "fd_fdstat_get" (func $fdstat (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "a.txtno\ff\n")
    (data (i32.const 64) "\00\00\00\00\05\00\00\00\05\00\00\00\02\00\00\00")
    (data (i32.const 80) "\00\04\00\00\03\00\00\00\80\04\00\00\40\00\00\00")
    (data (i32.const 256) "\07\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00\00\ca\9a\3b")
    (func (export "_start")
        (drop (call $sizes (i32.const 128) (i32.const 132)))
        (drop (call $args (i32.const 2048) (i32.const 2304)))
        (drop (call $time (i32.const 1) (i64.const 1) (i32.const 128)))
        (drop (call $random (i32.const 128) (i32.const 8)))
        (drop (call $prestat (i32.const 3) (i32.const 128)))
        (drop (call $name (i32.const 3) (i32.const 128) (i32.const 1)))
        (drop (call $open (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 5) (i32.const 0)
            (i64.const 6) (i64.const 0) (i32.const 0) (i32.const 128)))
        (drop (call $stat (i32.const 4) (i32.const 128)))
        (drop (call $read (i32.const 4) (i32.const 80) (i32.const 2) (i32.const 128)))
        (drop (call $seek (i32.const 4) (i64.const -2) (i32.const 2) (i32.const 128)))
        (drop (call $open (i32.const 3) (i32.const 0) (i32.const 5) (i32.const 4) (i32.const 9)
            (i64.const 64) (i64.const 0) (i32.const 1) (i32.const 128)))
        (drop (call $list (i32.const 3) (i32.const 1024) (i32.const 80) (i64.const 0) (i32.const 128)))
        (drop (call $write (i32.const 1) (i32.const 64) (i32.const 2) (i32.const 128)))
        (drop (call $poll (i32.const 256) (i32.const 512) (i32.const 1) (i32.const 128)))
        (drop (call $yield))
        (drop (call $fdstat (i32.const 1) (i32.const 128)))
        (drop (call $read (i32.const 99) (i32.const -8) (i32.const 1) (i32.const 128)))
        (call $exit (i32.const 3))))"#;

const GOLDEN: &str = include_str!("log.txt");

fn inputs() -> Inputs {
    let mut tree = Tree::new();
    tree.insert_file("a.txt", *b"some text").expect("a name");
    let inputs = Inputs::of(Guest::new("guest", GUEST.as_bytes()).expect("a guest"));
    inputs.arg("one").arg("two").dir(tree, "/").preset(Preset::Simulation, Seed::from_u64(1))
}

fn run(inputs: &Inputs, log: Option<Arc<Mutex<dyn CallLog>>>) -> Result<Outcome, Error> {
    let observer = Observer { log, ..Observer::default() };
    with_stack(inputs.wasm_stack(), || inputs.run_with(&observer)).expect("a stack")
}

fn logged_by(inputs: &Inputs, writer: Writer<Vec<u8>>) -> (String, Outcome) {
    let writer = Arc::new(Mutex::new(writer));
    let outcome = run(inputs, Some(writer.clone())).expect("an outcome");
    let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
    writer.finish().expect("room");
    (String::from_utf8(writer.get_ref().clone()).expect("text"), outcome)
}

fn logged(inputs: &Inputs, format: Format) -> (String, Outcome) {
    logged_by(inputs, Writer::new(Vec::new(), format))
}

#[test]
fn a_log_of_0_1_has_names_and_values() {
    let (log, outcome) = logged(&inputs(), Format::Text);
    assert_eq!(log, GOLDEN);
    assert_eq!(outcome.ended, Ended::Exit(3));
}

/// On every engine, byte by byte; and the guest's run is the same with it and without.
#[test]
fn a_log_is_of_the_run_and_changes_nothing() {
    let mut engines = vec![EngineKind::Winch];
    if cfg!(feature = "wasmi") {
        engines.push(EngineKind::Wasmi);
    }
    let mut tree = Tree::new();
    tree.insert_file("a.txt", *b"some text").expect("a name");
    let guests = ALL.iter().filter(|guest| guest.name != "wat_high_pointers");
    let guests = guests.map(|guest| {
        let bytes = Guest::new(guest.name, guest.wasm).expect("a guest");
        let argument = if guest.name == "rust_spin" { "1000" } else { "2" };
        Inputs::of(bytes).arg(argument).stdin("a line").dir(tree.clone(), "/").preset(Preset::Chaos, Seed::from_u64(1))
    });
    for inputs in guests.chain([inputs()]) {
        let (log, outcome) = logged(&inputs, Format::Text);
        let calls: u64 = outcome.host_calls.values().sum();
        // A guest whose memory cannot be found is ended before there is a call.
        assert_eq!(log.lines().filter(|line| !line.starts_with('#')).count() as u64, calls, "{log}");
        let without = run(&inputs, None).expect("an outcome");
        assert_eq!((&without, without.digest()), (&outcome, outcome.digest()));
        for engine in &engines {
            let (other, outcome) = logged(&inputs.clone().engine_kind(*engine), Format::Text);
            assert_eq!(other, log, "{engine}");
            assert_eq!(outcome.digest(), without.digest(), "{engine}");
        }
    }
}

const CALLS: u32 = 200_000;

/// Reads the clock so often.
fn many(calls: u32) -> Inputs {
    let text = format!(
        r#"(module
            (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
            (memory (export "memory") 1)
            (func (export "_start") (local $left i32)
                (local.set $left (i32.const {calls}))
                (loop $more
                    (drop (call $time (i32.const 0) (i64.const 1) (i32.const 8)))
                    (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))"#
    );
    Inputs::of(Guest::new("many", text.as_bytes()).expect("a guest"))
}

/// Counts what comes, and the longest that came at once.
#[derive(Debug, Default)]
struct Sink {
    lines: u64,
    longest: usize,
}

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lines += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.longest = self.longest.max(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A call is written when it is over, and nothing of it kept: what is written at once does not grow.
#[test]
fn many_calls_are_streamed() {
    let writer = Arc::new(Mutex::new(Writer::new(Sink::default(), Format::Text)));
    let outcome = run(&many(CALLS), Some(writer.clone())).expect("an outcome");
    assert_eq!(outcome.host_calls["clock_time_get"], u64::from(CALLS));
    let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
    let Mark { calls, .. } = writer.finish().expect("room");
    let Sink { lines, longest } = writer.get_ref();
    // With a digest for each 4096, and one at the end.
    assert_eq!((calls, *lines), (CALLS.into(), u64::from(CALLS) + 48 + 1));
    assert!(*longest < 200, "{longest}");
}

#[test]
fn what_is_filtered_is_digested() {
    let every = || Digests::new(NonZeroU64::new(7).expect("a number"));
    let with = |filter| logged_by(&inputs(), Writer::new(Vec::new(), Format::Text).filter(filter).digests(every())).0;
    let lines = |log: &str| log.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>();
    let marks = |log: &str| log.lines().filter(|line| line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>();
    let all = with(Filter::default());
    assert_eq!((lines(&all).len(), marks(&all).len()), (18, 3));
    let at = |nanos| Some(Instant::from_nanos(nanos));
    for (filter, numbers) in [
        (Filter::default().only("fd_read"), vec![9, 17]),
        (Filter::default().only("wasi_unstable.*"), vec![16]),
        (Filter::default().calls(Some(3), Some(5)), vec![3, 4]),
        (Filter::default().time(at(1_000_000_000), None).only("*_yield").only("proc_*"), vec![15, 18]),
    ] {
        let log = with(filter);
        let expected: Vec<_> = numbers.iter().map(|number: &usize| lines(&all)[number - 1].clone()).collect();
        assert_eq!((lines(&log), marks(&log)), (expected, marks(&all)));
    }
    let digests = Writer::new(Vec::new(), Format::Digests).digests(every());
    assert_eq!(logged_by(&inputs(), digests).0.lines().collect::<Vec<_>>(), marks(&all));
}

/// Full after so many calls.
struct Full(u64);

impl CallLog for Full {
    fn call(&mut self, call: &Call<'_>) -> io::Result<()> {
        if call.number > self.0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

#[test]
fn a_log_that_fails_ends_the_run_and_says_so() {
    let mut engines = vec![EngineKind::Cranelift, EngineKind::Winch];
    if cfg!(feature = "wasmi") {
        engines.push(EngineKind::Wasmi);
    }
    for engine in engines {
        // The last one is the exit.
        for calls in [0, 5, 17] {
            let failed = run(&inputs().engine_kind(engine), Some(Arc::new(Mutex::new(Full(calls)))));
            assert!(
                matches!(&failed, Err(Error::Log(error)) if error.kind() == io::ErrorKind::StorageFull),
                "{failed:?}"
            );
        }
        let through = run(&inputs().engine_kind(engine), Some(Arc::new(Mutex::new(Full(18)))));
        assert_eq!(through.expect("an outcome").ended, Ended::Exit(3));
    }
}

#[cfg(feature = "json")]
mod json {
    use super::*;

    #[test]
    fn a_line_of_json_is_what_a_line_of_text_is() {
        let (log, _) = logged(&inputs(), Format::Json);
        let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines.len(), 19);
        let (mark, calls) = lines.split_last().expect("lines");
        assert_eq!((&mark["calls"], mark["digest"].as_str().map(str::len)), (&18.into(), Some(64)));
        for (number, call) in (1..).zip(calls) {
            assert_eq!(call["number"], number);
            assert!(call["at_ns"].as_u64() <= call["until_ns"].as_u64(), "{call}");
        }
        let open = serde_json::json!({
            "number": 7, "at_ns": calls[6]["at_ns"], "until_ns": calls[6]["until_ns"],
            "interface": "wasi_snapshot_preview1", "function": "path_open",
            "arguments": {
                "fd": 3, "dirflags": ["symlink_follow"], "path": "a.txt", "oflags": [], "base": ["fd_read", "fd_seek"],
                "inheriting": [], "fdflags": [],
            },
            "results": { "errno": "success", "fd": 4 },
        });
        assert_eq!(calls[6], open);
        assert_eq!(calls[12]["arguments"]["iovs"]["len"], 7);
        assert_eq!(calls[17]["exit"], 3);
    }

    /// What Perfetto's reader of Chrome's format asks of events: a name, a known phase, microseconds, one process and track, and slices
    /// that lie inside or beside each other.
    #[test]
    fn perfetto_has_what_it_asks_for() {
        let (log, _) = logged(&inputs(), Format::Perfetto);
        let trace: serde_json::Value = serde_json::from_str(&log).expect("JSON");
        let events = trace["traceEvents"].as_array().expect("events");
        let (meta, events) = events.split_at(2);
        assert!(meta.iter().all(|event| event["ph"] == "M" && event["args"]["name"].is_string()), "{meta:?}");
        let (mark, calls) = events.split_last().expect("events");
        assert_eq!((&mark["ph"], &mark["args"]["calls"]), (&"i".into(), &18.into()));
        assert_eq!(calls.len(), 18);
        let mut until = 0.0;
        for event in calls {
            assert_eq!((&event["ph"], &event["pid"], &event["tid"]), (&"X".into(), &1.into(), &1.into()));
            assert!(event["name"].is_string() && event["cat"].is_string() && event["args"].is_object(), "{event}");
            let (at, took) = (event["ts"].as_f64().expect("a time"), event["dur"].as_f64().expect("a time"));
            assert!(at >= until && took >= 0.0, "{event}");
            until = at + took;
        }
        // The sleep of a second.
        assert_eq!(calls[13]["dur"], 1e6);
        assert!(mark["ts"].as_f64() >= Some(until));
    }
}
