//! Each option, and what the guest sees of it.

use std::process::Stdio;

use crate::{Place, guests};

#[test]
fn what_follows_the_guest_is_the_guests() {
    let place = Place::new();
    place.file("args.wat", guests::args());
    let ran = place.detwasi(&["run", "--preset", "frozen", "args.wat", "--help", "--seed", "x", "--", "-v", ""]);
    ran.assert(0, "args.wat\0--help\0--seed\0x\0--\0-v\0\0");
    assert_eq!(ran.stderr, "");
}

#[test]
fn argument_0_is_the_file_name_unless_told() {
    let place = Place::new();
    let guest = place.file("args.wat", guests::args());
    place.detwasi(&["run", &guest]).assert(0, "args.wat\0");
    place.detwasi(&["run", "--argv0", "tool", &guest]).assert(0, "tool\0");
    place.detwasi(&["run", "--", &guest, "a"]).assert(0, "args.wat\0a\0");
}

#[test]
fn a_binary_guest_runs_as_its_text_does() {
    let place = Place::new();
    let binary = wat::parse_str(guests::args()).expect("a module");
    let guest = place.file("args.wasm", binary);
    place.detwasi(&["run", &guest, "a"]).assert(0, "args.wasm\0a\0");
}

#[test]
fn the_environment_is_what_was_given() {
    let place = Place::new();
    let guest = place.file("env.wat", guests::environment());
    place.detwasi(&["run", &guest]).assert(0, "");
    place.detwasi(&["run", "--env", "A=1", "--env", "B=x=y", "--env", "C=", &guest]).assert(0, "A=1\0B=x=y\0C=\0");
}

#[test]
fn input_is_read_whole_and_cut_by_the_guest() {
    let place = Place::new();
    let guest = place.file("echo.wat", guests::echo());
    let input = [b'x'; 100];
    let piped = place.detwasi_with(&["run", &guest], &input, |_| ());
    piped.assert(0, input);
    // 64 and 36 bytes, and the end.
    assert_eq!(piped.stderr, "`D ");
    place.file("input", input);
    assert_eq!(place.detwasi(&["run", "--stdin", "input", &guest]), piped);
    let null = place.detwasi_with(&["run", &guest], b"", |command| {
        command.stdin(Stdio::null());
    });
    null.assert(0, "");
}

#[test]
fn a_directory_keeps_its_name_or_gets_another() {
    let place = Place::new();
    let guest = place.file("file.wat", guests::hello_file());
    std::fs::create_dir(place.path("data")).expect("a directory");
    place.file("data/hello", "hello from a file\n");
    place.detwasi(&["run", "--dir", "data", &guest]).assert(0, "hello from a file\n");
    place.detwasi(&["run", "--dir", "data::/elsewhere", "--dir", ".", &guest]).assert(0, "hello from a file\n");
    // Without a directory there is no descriptor 3.
    place.detwasi(&["run", &guest]).assert(99, "");
}

#[test]
fn the_seed_and_the_epoch_are_what_was_given() {
    let place = Place::new();
    let guest = place.file("answers.wat", guests::answers());
    let run = |args: &[&str]| place.detwasi(&[&["run"], args, &[&guest]].concat()).stdout;
    let default = run(&[]);
    assert_eq!(default.len(), 32);
    assert_eq!(default, run(&["--seed", "0"]));
    assert_eq!(default, run(&["--seed", &format!("0x{}", "0".repeat(64))]));
    let other = run(&["--seed", "1"]);
    assert_eq!((&default[..16], &default[24..]), (&other[..16], &other[24..]), "the clocks");
    assert_ne!(default[16..24], other[16..24], "the random bytes");

    let seconds = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("8 bytes")) / 1_000_000_000;
    assert_eq!(seconds(&default[..8]), 1_735_689_600);
    assert_eq!(seconds(&default[24..]), 1_735_693_200, "an hour later");
    let epoch = run(&["--epoch", "2001-02-03T04:05:06+01:00"]);
    assert_eq!(seconds(&epoch[..8]), 981_169_506);
}

#[test]
fn moving_over_from_deterministic_wasi_ctx() {
    let place = Place::new();
    let guest = place.file("answers.wat", guests::answers());
    let ran = place.detwasi(&["run", "--preset", "deterministic_wasi_ctx", &guest]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.stdout[..16], [0; 16], "both clocks");
    assert_eq!(ran.stdout[16..18], [155, 111]);
    assert_eq!(ran.stdout[24..], [0; 8], "the clock after a sleep");
}

#[test]
fn fuel_ends_a_guest_that_never_ends() {
    let place = Place::new();
    let guest = place.file("spin.wat", guests::spin());
    let ran = place.detwasi(&["run", "--fuel", "100000", &guest]);
    ran.assert(134, "");
    assert!(ran.stderr.starts_with("detwasi: the guest was ended (OutOfFuel): "), "{ran:?}");
    assert!(ran.stderr.contains("spinning"), "{ran:?}");
    let guest = place.file("args.wat", guests::args());
    place.detwasi(&["run", "--fuel", "100000", &guest]).assert(0, "args.wat\0");
}

#[test]
fn memory_grows_up_to_the_limit() {
    let place = Place::new();
    let guest = place.file("grow.wat", guests::grow());
    place.detwasi(&["run", &guest]).assert(0, "");
    place.detwasi(&["run", "--max-memory", "2MiB", &guest]).assert(0, "");
    place.detwasi(&["run", "--max-memory", "1MiB", &guest]).assert(1, "");
    place.detwasi(&["run", "--max-memory", "131072", &guest]).assert(1, "");
}

#[test]
fn what_the_guest_opens_counts_to_a_limit() {
    let place = Place::new();
    std::fs::create_dir(place.path("data")).expect("a directory");
    place.file("data/gone", "to be removed");
    let guest = place.file("write.wat", guests::write_file("(call $exit (i32.const 3))"));
    for (limit, code) in [("256", 3), ("255", 48), ("0", 48)] {
        place.detwasi(&["run", "--max-held", limit, "--dir-hermetic", "data", &guest]).assert(code, "");
    }
}

#[test]
fn presets_are_listed_with_a_line_each() {
    let ran = Place::new().detwasi(&["presets"]);
    assert_eq!(ran.code, Some(0));
    let stdout = String::from_utf8(ran.stdout).expect("text");
    for name in ["frozen", "simulation", "chaos", "strict", "host", "deterministic_wasi_ctx"] {
        assert_eq!(stdout.lines().filter(|line| line.starts_with(&format!("{name} "))).count(), 1, "{name}: {stdout}");
    }
    assert!(stdout.lines().all(|line| line.len() <= 120), "{stdout}");
}

#[test]
fn version_and_help() {
    let place = Place::new();
    place.detwasi(&["--version"]).assert(0, concat!("detwasi ", env!("CARGO_PKG_VERSION"), "\n"));
    let help = place.detwasi(&["run", "--help"]);
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    let help = String::from_utf8(help.stdout).expect("text");
    assert!(help.contains("Usage: detwasi run [OPTIONS] GUEST [ARGS...]"), "{help}");
}

#[test]
fn nothing_of_the_host_changes_a_run() {
    let place = Place::new();
    let guest = place.file("trap.wat", guests::trap());
    let plain = place.detwasi(&["run", &guest]);
    let changed = place.detwasi_with(&["run", &guest], b"ignored", |command| {
        for (name, value) in [
            ("RUST_BACKTRACE", "full"),
            ("WASMTIME_BACKTRACE_DETAILS", "1"),
            ("LC_ALL", "de_DE.UTF-8"),
            ("TZ", "Asia/Tokyo"),
        ] {
            command.env(name, value);
        }
    });
    assert_eq!(plain, changed);
}
