//! `detwasi record`, `replay` and `trace`.

use std::process::Command;

use serde_json::Value;

use crate::{Place, guests};

/// Reads the file `in` of its directory and its standard input, the clocks, random bytes; writes all of it, and the file `out`.
const READS: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_readdir" (func $list (param i32 i32 i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "in" "\00\00" "out")
    (data (i32.const 16) "\00\10\00\00\00\02\00\00") ;; 512 bytes at 4096
    (func $all (param $fd i32)
        (loop $more
            (i32.store (i32.const 20) (i32.const 512))
            (if (call $read (local.get $fd) (i32.const 16) (i32.const 1) (i32.const 32)) (then (unreachable)))
            (i32.store (i32.const 20) (i32.load (i32.const 32)))
            (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 36)))
            (br_if $more (i32.load (i32.const 32)))))
    (func (export "_start")
        (if (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 2) (i32.const 0)
                (i64.const 0x2) (i64.const 0) (i32.const 0) (i32.const 40)) (then (unreachable)))
        (call $all (i32.load (i32.const 40)))
        (call $all (i32.const 0))
        (drop (call $list (i32.const 3) (i32.const 4096) (i32.const 256) (i64.const 0) (i32.const 44)))
        (drop (call $time (i32.const 0) (i64.const 1) (i32.const 4352)))
        (drop (call $time (i32.const 1) (i64.const 1) (i32.const 4360)))
        (drop (call $random (i32.const 4368) (i32.const 32)))
        (i32.store (i32.const 20) (i32.const 512))
        (if (call $open (i32.const 3) (i32.const 0) (i32.const 4) (i32.const 3) (i32.const 1)
                (i64.const 0x40) (i64.const 0) (i32.const 0) (i32.const 40)) (then (unreachable)))
        (drop (call $write (i32.load (i32.const 40)) (i32.const 16) (i32.const 1) (i32.const 36)))
        (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 36)))))"#;

/// A place with a recorded run of it.
pub(crate) fn recorded(options: &[&str]) -> (Place, Vec<u8>) {
    let place = Place::new();
    place.file("reads.wat", READS);
    std::fs::create_dir(place.path("dir")).expect("a directory");
    place.file("dir/in", b"content of a file\n".repeat(100));
    place.file("input", b"some input\n".repeat(10));
    let base = ["record", "-o", "run.trace", "--dir", "dir::/", "--stdin", "input", "--env", "TOKEN=secret"];
    let guest = crate::text(&place.path("reads.wat"));
    let ran = place.detwasi(&[&base[..], options, &[&guest, "argument"]].concat());
    assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{ran:?}");
    assert!(place.path("dir/out").exists());
    let (trace, path) = (std::fs::read(place.path("run.trace")).expect("a trace"), crate::text(place.0.path()));
    assert!(
        !trace.windows(path.len()).any(|bytes| bytes == path.as_bytes()),
        "nothing in a trace is a path of the host's"
    );
    (place, ran.stdout)
}

#[test]
fn a_recorded_run_is_the_same_without_what_it_saw() {
    let (place, stdout) = recorded(&["--embed"]);
    for gone in ["reads.wat", "input"] {
        std::fs::remove_file(place.path(gone)).expect("a file");
    }
    std::fs::remove_dir_all(place.path("dir")).expect("a directory");
    for engine in [&[][..], &["--engine", "winch"], &["--engine", "pulley"], &["--engine", "wasmi"]] {
        let ran = place.detwasi(&[&["replay"], engine, &["run.trace"]].concat());
        assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{engine:?}: {ran:?}");
        assert_eq!(ran.stdout, stdout, "{engine:?}");
    }
    assert!(!place.path("dir").exists(), "a replay touches nothing");
}

/// The same program of WASI 0.2, under which streams and descriptors are asked in other ways.
#[test]
fn a_recorded_component_is_the_same_without_what_it_saw() {
    let place = Place::new();
    place.file("reads.wasm", crate::input::component(READS));
    std::fs::create_dir(place.path("dir")).expect("a directory");
    place.file("dir/in", b"content of a file\n".repeat(100));
    place.file("input", b"some input\n".repeat(10));
    let ran =
        place.detwasi(&["record", "--embed", "-o", "run.trace", "--dir", "dir::/", "--stdin", "input", "reads.wasm"]);
    assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{ran:?}");
    std::fs::remove_dir_all(place.path("dir")).expect("a directory");
    for engine in [&[][..], &["--engine", "winch"], &["--engine", "pulley"]] {
        let again = place.detwasi(&[&["replay"], engine, &["run.trace"]].concat());
        assert_eq!((again.code, &*again.stderr), (Some(0), ""), "{engine:?}: {again:?}");
        assert_eq!(again.stdout, ran.stdout, "{engine:?}");
    }
}

/// A guest that was built anew, without one of its calls and with another.
#[test]
fn a_replay_goes_on_where_the_guest_asks_something_else() {
    let (place, stdout) = recorded(&[]);
    let changed = READS
        .replace("(drop (call $time (i32.const 0) (i64.const 1) (i32.const 4352)))", "")
        .replace("(drop (call $list (i32.const 3) (i32.const 4096) (i32.const 256) (i64.const 0) (i32.const 44)))", "");
    place.file("reads.wat", &changed);
    let ran = place.detwasi(&["replay", "run.trace", "reads.wat"]);
    assert_eq!(ran.code, Some(2), "another guest is another run: {ran:?}");
    let ran = place.detwasi(&["replay", "--keep-going", "run.trace", "reads.wat"]);
    let lines: Vec<_> = ran.stderr.lines().collect();
    assert_eq!((ran.code, lines.len()), (Some(2), 4), "{ran:?}");
    for (line, asked, then) in [
        (
            lines[0],
            "the trace has `files` asked read-directory #0, and what was asked is a reading of the",
            "; 3 answers",
        ),
        // Of other bytes, since what they were read with is another.
        (lines[1], "what was asked is `files` asked write #2 512@0; ", "the trace does not answer it"),
        (
            lines[2],
            "the trace has `files` asked write #2 512@0, and what was asked is the end of the run; ",
            "1 answer",
        ),
        (lines[3], "the replay parted from the recorded run 3 times, and went on", ""),
    ] {
        assert!(line.contains(asked) && line.contains(then), "{ran:?}");
    }
    assert_eq!(ran.stdout.len(), stdout.len());
    assert_eq!(place.detwasi(&["replay", "--keep-going", "run.trace", "reads.wat"]), ran);
}

#[cfg(unix)]
#[test]
fn a_trace_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.file("answers.wat", guests::answers());
    place.file("run.trace", "something that was there, and that all may read");
    std::fs::set_permissions(place.path("run.trace"), PermissionsExt::from_mode(0o644)).expect("a file of ours");
    assert_eq!(place.detwasi(&["record", "-o", "run.trace", "--preset", "chaos", "answers.wat"]).code, Some(0));
    let mode = std::fs::metadata(place.path("run.trace")).expect("a trace").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_is_omitted_has_to_be_given_again() {
    let (place, stdout) = recorded(&["--omit", "env:TOKEN", "--omit", "stdin"]);
    let trace = std::fs::read(place.path("run.trace")).expect("a trace");
    for secret in [&b"secret"[..], b"some input"] {
        assert!(!trace.windows(secret.len()).any(|bytes| bytes == secret));
    }
    for (options, says) in [
        (&[][..], "give it (its SHA-256 is"),
        (&["reads.wat"], "the environment variable `TOKEN` was omitted"),
        (&["--env", "TOKEN=other", "--stdin", "input", "reads.wat"], "`TOKEN` is not what it was"),
        (&["--env", "TOKEN=secret", "--stdin", "reads.wat", "reads.wat"], "the standard input is not what it was"),
    ] {
        let ran = match options.split_last() {
            Some((guest, options)) => place.detwasi(&[&["replay"], options, &["run.trace", guest]].concat()),
            None => place.detwasi(&["replay", "run.trace"]),
        };
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains(says) && ran.stderr.lines().count() == 1, "{ran:?}");
    }
    let ran = place.detwasi(&["replay", "--env", "TOKEN=secret", "--stdin", "input", "run.trace", "reads.wat"]);
    assert_eq!((ran.code, ran.stdout), (Some(0), stdout), "{}", ran.stderr);
}

#[test]
fn a_trace_tells_what_is_in_it() {
    let (place, _) = recorded(&["--embed"]);
    let info = place.detwasi(&["trace", "info", "run.trace"]);
    let text = String::from_utf8(info.stdout).expect("text");
    for says in ["reads.wat", "in the trace", "1 live, 0 hermetic: /", "exit code 0"] {
        assert!(text.contains(says), "no {says} in {text}");
    }
    let show = String::from_utf8(place.detwasi(&["trace", "show", "run.trace"]).stdout).expect("text");
    for says in ["realtime clock", "open-at #0 \"in\"", "stdin: ", "source \"policies\"", "outcome: "] {
        assert!(show.contains(says), "no {says} in {show}");
    }
    let stats = place.detwasi(&["trace", "stats", "--json", "run.trace"]);
    let stats: Value = serde_json::from_slice(&stats.stdout).expect("JSON");
    assert_eq!(stats["clock: readings"]["records"], 2, "{stats}");
    let info: Value =
        serde_json::from_slice(&place.detwasi(&["trace", "info", "--json", "run.trace"]).stdout).expect("JSON");
    assert_eq!(info["header"]["arguments"][1], "argument", "{info}");
}

/// Another reader, written after the page alone, reads the same.
#[test]
fn the_page_on_the_format_is_enough_to_read_a_trace() {
    let (place, _) = recorded(&["--embed", "--exact-entropy"]);
    let ours = place.detwasi(&["trace", "show", "--json", "run.trace"]).stdout;
    let reader = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/trace_reader.py");
    let theirs = Command::new("python3").arg(reader).arg(place.path("run.trace")).output().expect("python3");
    assert_eq!(String::from_utf8_lossy(&theirs.stderr), "");
    assert_eq!(String::from_utf8_lossy(&theirs.stdout), String::from_utf8_lossy(&ours));
}

#[test]
fn a_trace_that_was_cut_is_replayed_as_far_as_it_goes() {
    let (place, stdout) = recorded(&["--embed"]);
    let trace = std::fs::read(place.path("run.trace")).expect("a trace");
    place.file("cut.trace", &trace[..trace.len() - 1]);
    let ran = place.detwasi(&["replay", "cut.trace"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(stdout.starts_with(&ran.stdout));
    assert!(ran.stderr.contains("the trace ends here"), "{ran:?}");
    let shown = place.detwasi(&["trace", "show", "cut.trace"]);
    assert_eq!((shown.code, shown.stderr.contains("the trace ends before the run did")), (Some(0), true));
    // And one in which a byte is another.
    let mut changed = trace;
    let at = changed.len() / 2;
    changed[at] ^= 1;
    place.file("changed.trace", changed);
    let ran = place.detwasi(&["replay", "changed.trace"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("the trace is damaged at byte"), "{ran:?}");
}

#[test]
fn what_cannot_be_recorded_or_replayed_is_told_in_one_line() {
    let place = Place::new();
    place.file("answers.wat", guests::answers());
    place.file("text", "no trace");
    for (args, says) in [
        (&["record", "answers.wat"][..], "--output"),
        (&["record", "-o", "no/such/run.trace", "answers.wat"], "cannot write the trace `no/such/run.trace`"),
        (&["record", "-o", "run.trace", "--cache", "c", "answers.wat"], "leave out --cache"),
        (&["record", "-o", "run.trace", "--omit", "everything", "answers.wat"], "neither `env:NAME` nor `stdin`"),
        (&["record", "-o", "run.trace", "--max-trace", "100", "answers.wat"], "has come to 100 bytes"),
        (&["replay", "no.trace"], "cannot read the trace `no.trace`"),
        (&["replay", "text"], "`text`: this is no trace"),
        (&["trace", "show", "text"], "`text`: this is no trace"),
    ] {
        let ran = place.detwasi(args);
        assert_eq!(ran.code, Some(2), "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(says) && ran.stderr.lines().count() == 1, "{args:?}: {ran:?}");
    }
}
