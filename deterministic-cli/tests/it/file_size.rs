//! A limit on the size of files (`ulimit -f`) is an error, for the guest and for us, and never a signal that ends the process.

use std::fs;
use std::process::{Command, Stdio};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::input::component;
use crate::{Place, Ran, guests};

/// Runs where no file may grow past so many blocks.
fn limited(place: &Place, blocks: u32, args: &[&str]) -> Ran {
    place.detwasi_with(args, b"", |command| {
        let detwasi = command.get_program().to_owned();
        let limit = format!("ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(limit).arg(detwasi).args(args).current_dir(place.0.path());
        shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        *command = shell;
    })
}

/// Makes `x` in descriptor 3, does `grow` to it, which gives an errno, and prints that as the character so far behind `0`.
fn grows(grow: &str) -> String {
    format!(
        r#"(module
            (import "wasi_snapshot_preview1" "path_open"
                (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_pwrite" (func $write_at (param i32 i32 i32 i64 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_filestat_set_size" (func $resize (param i32 i64) (result i32)))
            (memory (export "memory") 3)
            (data (i32.const 0) "x")
            ;; The second 64 KiB.
            (data (i32.const 8) "\00\00\01\00\00\00\01\00")
            (func $grow (param $file i32) (result i32) (local $errno i32)
                {grow})
            (func (export "_start")
                (if (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1)
                        (i64.const 0x400044) (i64.const 0) (i32.const 0) (i32.const 64))
                    (then unreachable))
                (i32.store (i32.const 16) (i32.add (i32.const 48) (call $grow (i32.load (i32.const 64)))))
                (i32.store (i32.const 72) (i32.const 16))
                (i32.store (i32.const 76) (i32.const 1))
                (drop (call $write (i32.const 1) (i32.const 72) (i32.const 1) (i32.const 68)))))"#
    )
}

/// Ten times 64 KiB.
const WRITES: &str = r#"(local $left i32)
    (local.set $left (i32.const 10))
    (loop $more (result i32)
        (local.set $errno (call $write (local.get $file) (i32.const 8) (i32.const 1) (i32.const 68)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $more (i32.and (i32.eqz (local.get $errno)) (i32.ne (local.get $left) (i32.const 0))))
        (local.get $errno))"#;

/// A component of WASI 0.3 that hands the stream of `in` to `out`. It fails if that ends with `file-too-large`.
fn splices() -> Vec<u8> {
    let text = r#"(module
        (import "wasi:filesystem/preopens@0.3.0" "get-directories" (func $directories (param i32)))
        (import "wasi:filesystem/types@0.3.0" "[method]descriptor.open-at"
            (func $open (param i32 i32 i32 i32 i32 i32 i32)))
        (import "wasi:filesystem/types@0.3.0" "[method]descriptor.read-via-stream" (func $input (param i32 i64 i32)))
        (import "wasi:filesystem/types@0.3.0" "[method]descriptor.write-via-stream"
            (func $output (param i32 i32 i64) (result i32)))
        (import "wasi:filesystem/types@0.3.0" "[async-lower][future-read-1][method]descriptor.write-via-stream"
            (func $end (param i32 i32) (result i32)))
        (import "$root" "[waitable-set-new]" (func $set (result i32)))
        (import "$root" "[waitable-set-wait]" (func $wait (param i32 i32) (result i32)))
        (import "$root" "[waitable-join]" (func $join (param i32 i32)))
        (import "[export]wasi:cli/run@0.3.0" "[task-return]run" (func $return (param i32)))
        (memory (export "memory") 1)
        (data (i32.const 1024) "in")
        (data (i32.const 1032) "out")
        (global $next (mut i32) (i32.const 4096))
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
            (local $at i32)
            (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
            (global.set $next (i32.add (local.get $at) (local.get 3)))
            (local.get $at))
        (func $opened (param $path i32) (param $len i32) (param $how i32) (param $flags i32) (result i32)
            (call $open (i32.load (i32.load (i32.const 0))) (i32.const 0) (local.get $path) (local.get $len)
                (local.get $how) (local.get $flags) (i32.const 256))
            (if (i32.load8_u (i32.const 256)) (then unreachable))
            (i32.load (i32.const 260)))
        (func (export "[async-lift]wasi:cli/run@0.3.0#run") (result i32)
            (local $set i32) (local $written i32)
            (call $directories (i32.const 0))
            (call $input (call $opened (i32.const 1024) (i32.const 2) (i32.const 0) (i32.const 1))
                (i64.const 0) (i32.const 16))
            (local.set $written (call $output
                (call $opened (i32.const 1032) (i32.const 3) (i32.const 1) (i32.const 2))
                (i32.load (i32.const 16)) (i64.const 0)))
            (local.set $set (call $set))
            (if (i32.eq (call $end (local.get $written) (i32.const 512)) (i32.const -1))
                (then
                    (call $join (local.get $written) (local.get $set))
                    (drop (call $wait (local.get $set) (i32.const 528)))))
            (if (i32.load8_u (i32.const 512))
                (then (if (i32.ne (i32.load8_u (i32.const 516)) (i32.const 7)) (then unreachable))))
            (call $return (i32.load8_u (i32.const 512)))
            (i32.const 0))
        (func (export "[callback][async-lift]wasi:cli/run@0.3.0#run") (param i32 i32 i32) (result i32) unreachable))"#;
    let mut resolve = Resolve::default();
    let wit = include_str!("../../../deterministic-wasmtime/tests/components/files/copy.wit");
    let package = resolve.push_str("copy.wit", wit).expect("interfaces");
    let world = resolve.select_world(&[package], Some("copy")).expect("a world");
    let mut module = wat::parse_str(text).expect("a module");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("a module of the world");
    ComponentEncoder::default().module(&module).expect("its world").encode().expect("a component")
}

#[test]
fn the_guest_gets_an_error() {
    let place = Place::new();
    fs::create_dir(place.path("data")).expect("a directory");
    let resizes = "(call $resize (local.get $file) (i64.const 655360))";
    // One byte.
    let writes_far = "(i32.store (i32.const 92) (i32.const 1))
        (call $write_at (local.get $file) (i32.const 88) (i32.const 1) (i64.const 655360) (i32.const 68))";
    for grow in [WRITES, resizes, writes_far] {
        place.file("module.wat", grows(grow));
        place.file("component.wasm", component(&grows(grow)));
        for guest in ["module.wat", "component.wasm"] {
            let args = ["run", "--dir", "data", guest];
            // EFBIG is 22.
            limited(&place, 100, &args).assert(0, "F");
            fs::remove_file(place.path("data/x")).expect("the guest made it");
            place.detwasi(&args).assert(0, "0");
            fs::remove_file(place.path("data/x")).expect("the guest made it");
        }
    }
    place.file("splices.wasm", splices());
    place.file("data/in", vec![b'x'; 640 << 10]);
    let args = ["run", "--dir", "data", "splices.wasm"];
    limited(&place, 100, &args).assert(1, "");
    place.detwasi(&args).assert(0, "");
    // What is in memory has no such limit.
    place.file("module.wat", grows(WRITES));
    limited(&place, 100, &["run", "--dir-hermetic", "data", "module.wat"]).assert(0, "0");
}

#[test]
fn a_guest_whose_memory_cannot_be_held_is_told_of_the_limit() {
    let place = Place::new();
    for (name, guest) in [("module.wat", guests::trap().into_bytes()), ("component.wasm", component(&guests::trap()))] {
        place.file(name, guest);
        let ran = limited(&place, 0, &["run", name]);
        ran.assert(2, "");
        assert!(ran.stderr.contains(name) && ran.stderr.contains("(`ulimit -f`)"), "{ran:?}");
    }
}

#[test]
fn a_report_that_does_not_fit_is_said_and_the_old_one_stays() {
    let place = Place::new();
    place.file("args.wat", guests::args());
    let args = ["run", "--report", "report.json", "args.wat"];
    for before in [false, true] {
        let ran = limited(&place, 0, &args);
        ran.assert(2, "args.wat\0");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        assert!(ran.stderr.starts_with("detwasi: cannot write the report `report.json`: "), "{ran:?}");
        assert_eq!(place.path("report.json").exists(), before);
        assert_eq!(fs::read_dir(place.0.path()).expect("a directory").count(), 1 + usize::from(before));
        place.detwasi(&args).assert(0, "args.wat\0");
        assert_eq!(place.json("report.json")["outcome"]["exit_code"], 0);
    }
}

#[test]
fn a_cache_that_takes_nothing_changes_nothing_else() {
    let place = Place::new();
    place.file("args.wat", guests::args());
    let args = ["run", "--cache", "kept", "args.wat"];
    let ran = limited(&place, 0, &args);
    ran.assert(0, "args.wat\0");
    assert!(ran.stderr.starts_with("detwasi: the result cache cannot be written: "), "{ran:?}");
    // No half of an entry is there.
    let ran = place.detwasi(&args);
    ran.assert(0, "args.wat\0");
    assert_eq!(ran.stderr, "");
}

#[test]
fn what_cannot_be_written_back_leaves_the_target_as_it_was() {
    let place = Place::new();
    place.file("write.wat", grows(WRITES));
    fs::create_dir(place.path("data")).expect("a directory");
    place.file("data/kept", "as it was");
    for target in ["new", "data"] {
        let ran = limited(&place, 100, &["run", "--dir-hermetic", "data", "--write-back", target, "write.wat"]);
        ran.assert(2, "0");
        assert!(ran.stderr.starts_with("detwasi: cannot write back: "), "{ran:?}");
        assert_eq!(fs::read_dir(place.0.path()).expect("a directory").count(), 2, "nothing is left beside");
        assert_eq!(fs::read_dir(place.path("data")).expect("a directory").count(), 1);
    }
}

#[test]
fn output_that_does_not_fit_ends_the_run() {
    let place = Place::new();
    place.file("flood.wat", guests::flood());
    let detwasi = env!("CARGO_BIN_EXE_detwasi");
    let script = "ulimit -f 100; \"$0\" run --fuel 100000000 flood.wat >out; echo $?";
    let ran = Command::new("sh").args(["-c", script, detwasi]).current_dir(place.0.path()).output().expect("a shell");
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "2\n", "{ran:?}");
    assert!(
        String::from_utf8_lossy(&ran.stderr).starts_with("detwasi: cannot write the guest's standard output: "),
        "{ran:?}"
    );
}
