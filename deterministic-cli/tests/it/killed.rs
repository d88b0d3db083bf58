//! Recorders that are killed.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::{Place, detwasi};

/// Writes what the clock shows, for ever, and sleeps a millisecond after every hundredth time.
const FOR_EVER: &str = r#"(module
    (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\20\00\00\00\08\00\00\00")
    (func (export "_start") (local $left i32)
        (i32.store (i32.const 80) (i32.const 1)) ;; the monotonic clock
        (i64.store (i32.const 88) (i64.const 1000000))
        (loop $again
            (local.set $left (i32.const 100))
            (loop $more
                (drop (call $time (i32.const 1) (i64.const 1) (i32.const 32)))
                (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
                (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
            (drop (call $poll (i32.const 64) (i32.const 128) (i32.const 1) (i32.const 8)))
            (br $again))))"#;

#[test]
fn a_recorder_that_is_killed_leaves_a_trace_that_replays_to_its_end() {
    let place = Place::new();
    place.file("for_ever.wat", FOR_EVER);
    for moment in 0..24_u64 {
        let stdout = std::fs::File::create(place.path("stdout")).expect("a file");
        let mut recorder = detwasi()
            .args(["record", "--embed", "-o", "run.trace", "for_ever.wat"])
            .current_dir(place.0.path())
            .stdin(Stdio::null())
            .stdout(stdout)
            .spawn()
            .expect("detwasi starts");
        // When it has written so much, or soon after.
        let (begun, enough) = (Instant::now(), 1 + moment * moment * 61);
        while std::fs::metadata(place.path("run.trace")).map_or(0, |trace| trace.len()) < enough {
            assert!(begun.elapsed() < Duration::from_secs(60), "it writes no trace");
            std::thread::yield_now();
        }
        recorder.kill().expect("it runs");
        recorder.wait().expect("it is ended");
        let ran = place.detwasi(&["replay", "run.trace"]);
        assert_eq!(ran.code, Some(2), "{moment}: {}", ran.stderr);
        let last = ran.stderr.lines().last().unwrap_or_default();
        assert!(last.contains("the trace ends here, after"), "{moment}: {}", ran.stderr);
        let recorded = std::fs::read(place.path("stdout")).expect("a file");
        let common = recorded.len().min(ran.stdout.len());
        assert!(recorded[..common] == ran.stdout[..common], "{moment}: it shows other times");
        std::fs::remove_file(place.path("run.trace")).expect("a trace");
    }
}
