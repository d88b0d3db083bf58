//! What cannot be run is said in one line, with exit code 2, and leaves nothing behind.

use crate::{Place, component_guests, guests};

/// Runs with a report asked for.
#[track_caller]
fn refused(place: &Place, args: &[&str], says: &[&str]) {
    let ran = place.detwasi(&[&["run", "--report", "report.json"], args].concat());
    ran.assert(2, "");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    assert!(ran.stderr.starts_with("detwasi: ") && ran.stderr.ends_with('\n'), "{ran:?}");
    assert!(!ran.stderr.contains("panicked"), "{ran:?}");
    for text in says {
        assert!(ran.stderr.contains(text), "{text:?} is not in {ran:?}");
    }
    assert!(!place.path("report.json").exists(), "{ran:?}");
}

#[test]
fn options() {
    let place = Place::new();
    place.file("ok.wat", guests::args());
    for (args, says) in [
        (&["--preset", "chaotic", "ok.wat"][..], &["chaotic", "--preset", "simulation"][..]),
        (&["--seed", "0x1g", "ok.wat"], &["`0x1g` is not a seed", "64 of them"]),
        (&["--seed", "-1", "ok.wat"], &["`-1` is not a seed"]),
        (&["--seed", "18446744073709551616", "ok.wat"], &["18446744073709551616"]),
        (&["--epoch", "yesterday", "ok.wat"], &["yesterday", "2025-01-01T00:00:00Z"]),
        (&["--epoch", "2025-01-01", "ok.wat"], &["2025-01-01"]),
        (&["--epoch", "1969-12-31T23:59:59Z", "ok.wat"], &["1970 to 2554"]),
        (&["--epoch", "2016-12-31T23:59:60Z", "ok.wat"], &["2016-12-31T23:59:60Z", "no leap seconds", "the one after"]),
        (&["--epoch", "2016-12-31t235960.25Z", "ok.wat"], &["no leap seconds"]),
        (&["--epoch", "20170101T00:59:60+01:00", "ok.wat"], &["no leap seconds"]),
        (&["--epoch", "2025-06-15 12:00:60Z", "ok.wat"], &["no leap seconds"]),
        (&["--epoch", "2600-01-01T00:00:00Z", "ok.wat"], &["1970 to 2554"]),
        (&["--max-memory", "much", "ok.wat"], &["much", "64MiB"]),
        (&["--max-memory", "-1", "ok.wat"], &["-1"]),
        (&["--max-held", "much", "ok.wat"], &["much", "64MiB"]),
        (&["--max-memory", "1MiBB", "ok.wat"], &["1MiBB"]),
        (&["--max-memory", "64KiB", "ok.wat"], &["131072", "65536"]),
        (&["--fuel", "1.5", "ok.wat"], &["1.5", "--fuel"]),
        (&["--env", "HOME", "ok.wat"], &["HOME", "environment", "--env HOME="]),
        (&["--env", "=1", "ok.wat"], &["name"]),
        (&["--dir", "missing", "ok.wat"], &["`missing`", "--dir"]),
        (&["--dir", "ok.wat", "ok.wat"], &["`ok.wat`", "--dir"]),
        (&["--dir", "::/data", "ok.wat"], &["--dir"]),
        (&["--stdin", "missing", "ok.wat"], &["`missing`", "--stdin"]),
        (&["--stdin", ".", "ok.wat"], &["`.`", "--stdin"]),
        (&["--frobnicate", "ok.wat"], &["--frobnicate"]),
        (&["--sed", "1", "ok.wat"], &["'--sed' found; a similar argument exists: '--seed'"]),
        (&[], &["GUEST"]),
    ] {
        refused(&place, args, says);
    }
}

#[test]
fn guests_that_are_none() {
    let place = Place::new();
    let component = wat::parse_str("(component)").expect("a component");
    for (content, says) in [
        (&b"\x7fELF\x02\x01\x01"[..], &["no WebAssembly"][..]),
        (b"", &["guest.wat"]),
        (b"(module (func $f (result i32) i32.bogus))", &["no WebAssembly", "unknown operator", "guest.wat:1:"]),
        (b"(component)", &["exports no `wasi:cli/run`", "no function at all", "--invoke"]),
        (&component, &["exports no `wasi:cli/run`"]),
        (b"(component (core module (func (result i32))))", &["cannot be compiled"]),
        (component_guests::library().as_bytes(), &["exports no `wasi:cli/run`", "`add(a: u32, b: u32) -> u32`"]),
        (
            component_guests::foreign().as_bytes(),
            &[
                "provides: `wasi:nn/tensor@0.2.0-rc-2024-10-28`, `wasi:random/insecure@0.2.3#get-more`, \
                 `wasi:clocks/monotonic-clock@0.4.0`, `log`; build",
            ],
        ),
        (
            component_guests::returns(0).replace("\"get-random-u64\" (func (result u64))", "\"get-random-u64\" (func (result s64))").as_bytes(),
            &["cannot be linked", "wasi:random/random@0.2.3"],
        ),
        (b"\0asm\x02\0\0\0", &["no WebAssembly"]),
        (b"\0asm\x01\0\0\0\xff", &["cannot be compiled"]),
        (b"(module (func (export \"_start\") i32.const 1))", &["cannot be compiled"]),
        (b"(module (memory 1 1 shared) (func (export \"_start\")))", &["guest.wat", "without threads"]),
        (b"(module (import \"env\" \"memory\" (memory 1 1 shared)) (func (export \"_start\")))", &["guest.wat", "without threads"]),
        (b"(module (func (export \"_initialize\") (param i32)))", &["no WASI command", "_initialize"]),
        (b"(module (func (export \"_start\") (param i32)))", &["`_start(i32)`", "0 argument(s) given, 1 needed"]),
        (
            b"(module (import \"env\" \"a\" (func)) (import \"wasi_snapshot_preview1\" \"nothing\" (func))
               (import \"wasi_snapshot_preview1\" \"sched_yield\" (func (result i32)))
               (import \"env\" \"memory\" (memory 1)) (func (export \"_start\")))",
            &["`env::a`", "`wasi_snapshot_preview1::nothing`", "`env::memory`"],
        ),
        (
            b"(module (import \"wasi_snapshot_preview1\" \"sched_yield\" (func (result i64))) (func (export \"_start\")))",
            &["cannot be linked", "sched_yield"],
        ),
    ] {
        let guest = place.file("guest.wat", content);
        refused(&place, &[&guest], says);
    }
    refused(&place, &["missing.wasm"], &["`missing.wasm`", "cannot read"]);
    refused(&place, &["."], &["cannot read"]);
}

#[cfg(unix)]
#[test]
fn arguments_that_are_no_text() {
    use std::os::unix::ffi::OsStrExt as _;
    let place = Place::new();
    let guest = place.file("args.wat", guests::args());
    let ran = place.detwasi_with(&["run", &guest], b"", |command| {
        command.arg(std::ffi::OsStr::from_bytes(b"\xff"));
    });
    ran.assert(2, "");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
}

#[test]
fn reports_that_cannot_be_written_are_found_before_the_start() {
    let place = Place::new();
    let guest = place.file("echo.wat", guests::trap());
    std::fs::create_dir(place.path("directory")).expect("a directory");
    for report in ["missing/report.json", "directory", "", "echo.wat/report.json"] {
        let ran = place.detwasi(&["run", "--report", report, &guest]);
        // The guest's own output is missing: it was not started.
        ran.assert(2, "");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        assert_eq!(ran, place.detwasi(&["run", "--report", report, &guest]));
    }
    assert_eq!(std::fs::read_dir(place.path("directory")).expect("a directory").count(), 0);
}

#[cfg(unix)]
#[test]
fn input_that_cannot_be_read() {
    let place = Place::new();
    let guest = place.file("trap.wat", guests::trap());
    let ran = place.detwasi_with(&["run", &guest], b"", |command| {
        command.stdin(std::fs::File::open("/").expect("the root directory"));
    });
    ran.assert(2, "");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    assert!(ran.stderr.starts_with("detwasi: cannot read standard input: "), "{ran:?}");
}

#[test]
fn no_command() {
    let place = Place::new();
    assert_eq!(place.detwasi(&[]).code, Some(2));
    let ran = place.detwasi(&["walk"]);
    ran.assert(2, "");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
}
