//! `detwasi verify`.

use serde_json::Value;

use crate::Place;
use crate::input::component;

/// Reads its input and the file `in` of its directory, lists that, reads clocks, arguments and variables, draws random bytes.
const ASKS: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_readdir" (func $list (param i32 i32 i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "in")
    (data (i32.const 16) "\00\10\00\00\00\04\00\00") ;; 1024 bytes at 4096
    (func (export "_start")
        (drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 2) (i32.const 0)
            (i64.const 0x2) (i64.const 0) (i32.const 0) (i32.const 40)))
        (drop (call $read (i32.load (i32.const 40)) (i32.const 16) (i32.const 1) (i32.const 32)))
        (drop (call $read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 32)))
        (drop (call $list (i32.const 3) (i32.const 4500) (i32.const 256) (i64.const 0) (i32.const 44)))
        (drop (call $args (i32.const 100) (i32.const 4800)))
        (drop (call $environ (i32.const 200) (i32.const 4900)))
        (drop (call $time (i32.const 0) (i64.const 1) (i32.const 5000)))
        (drop (call $random (i32.const 5008) (i32.const 32)))
        (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 36)))))"#;

fn place() -> Place {
    let place = Place::new();
    place.file("asks.wat", ASKS);
    std::fs::create_dir(place.path("dir")).expect("a directory");
    for name in ["in", "b", "a"] {
        place.file(&format!("dir/{name}"), "content\n".repeat(20));
    }
    place
}

#[test]
fn a_guest_is_verified_with_all_that_it_is_given() {
    let place = place();
    place.file("asks.wasm", component(ASKS));
    for guest in ["asks.wat", "asks.wasm"] {
        for dir in ["--dir", "--dir-hermetic"] {
            let ran = place.detwasi_with(&["verify", dir, "dir", "--env", "A=b", guest, "x"], b"some\ninput\n", |_| ());
            let text = String::from_utf8(ran.stdout.clone()).expect("text");
            assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{text}");
            for way in ["once more", "on winch", "on pulley", "slow input", "directories copied", "replayed"] {
                let line = text.lines().find(|line| line.contains(way)).expect("a line for each way");
                assert!(line.starts_with("  same "), "{line}");
            }
            assert_eq!(text.matches("in another process").count(), 3, "{text}");
            assert!(text.starts_with("undisturbed: exit code 0, after "), "{text}");
            let last = text.lines().last().expect("a line");
            assert!(last.starts_with("the same in 1") && last.contains("; outcome "), "{last}");
        }
    }
    let same = |args: &[&str], stdin: &[u8]| place.detwasi_with(args, stdin, |_| ()).stdout;
    let from_file = same(&["verify", "--json", "--argv0", "g", "asks.wat"], b"");
    assert_eq!(same(&["verify", "--json", "--argv0", "g", "-"], ASKS.as_bytes()), from_file);
}

/// What a process draws or can read but once is the same for those that it is compared with.
#[cfg(unix)]
#[test]
fn what_is_there_once_is_the_same_elsewhere() {
    let place = place();
    let ran = place.detwasi(&["verify", "--seed", "random", "asks.wat"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.starts_with("detwasi: drew --seed ") && ran.stderr.lines().count() == 1, "{ran:?}");

    let pipe = crate::text(&place.path("pipe"));
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let written = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::write(pipe, "some\ninput\n")
    });
    let ran = place.detwasi(&["verify", "--stdin", &pipe, "asks.wat"]);
    assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{}", String::from_utf8_lossy(&ran.stdout));
    written.join().expect("no panic").expect("it is read");
}

#[test]
fn what_a_guest_asks_the_host_is_named() {
    let place = place();
    let ran = place.detwasi(&["verify", "--preset", "host", "asks.wat"]);
    let text = String::from_utf8(ran.stdout).expect("text");
    assert_eq!((ran.code, &*ran.stderr), (Some(1), ""), "{text}");
    assert!(text.contains("  PARTED    once more\n    "), "{text}");
    assert!(text.contains("the first call that is not the same"), "{text}");
    assert_eq!(text.matches("here:  ").count(), 2, "{text}");
    assert!(text.lines().any(|line| line.contains("undisturbed: ") && line.contains("clock_time_get")), "{text}");

    let ran = place.detwasi(&["verify", "--json", "--preset", "host", "asks.wat"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let lines: Vec<Value> = ran
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).expect("JSON"))
        .collect();
    let [first, end] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((&first["result"], &end["deterministic"]), (&"parted".into(), &false.into()), "{lines:?}");
    assert!(first["parted"]["calls"]["undisturbed"].as_str().expect("a call").contains("clock_time_get"), "{first}");
}

#[test]
fn what_cannot_be_verified_is_told_in_one_line() {
    let place = place();
    for (args, says) in [
        (&["verify", "--cache", "c", "asks.wat"][..], "unexpected argument '--cache'"),
        (&["verify", "--dir", "nowhere", "asks.wat"], "nowhere` for the guest: No such"),
        (&["verify", "no.wat"], "cannot read the guest `no.wat`"),
        (&["verify", "--runs", "-1", "asks.wat"], "--runs"),
    ] {
        let ran = place.detwasi(args);
        assert_eq!(ran.code, Some(2), "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(says) && ran.stderr.lines().count() == 1, "{args:?}: {ran:?}");
    }
}
