//! Machines with less memory than a guest asks for. What the machine lacks ends the run and is no answer to the guest; and
//! how much a guest takes is bounded by what it was given.

use std::fs::{self, File};
use std::process::Command;

use crate::{Place, Ran};

/// With `main`, which gives what the guest exits with, and what it needs to be written in few lines.
fn guest(main: &str) -> String {
    format!(
        r#"(module
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_size" (func $set_size (param i32 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pwrite" (func $fd_pwrite (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_link"
    (func $path_link (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $sched_yield (result i32)))
  (memory (export "memory") 4)
  (data (i32.const 512) "big")
  (func $check (param i32) (if (local.get 0) (then (call $proc_exit (local.get 0)))))
  ;; Opens, and makes if it is not there, the file of this name in a directory.
  (func $open (param $dir i32) (param $name i32) (param $len i32) (result i32)
    (call $check (call $path_open (local.get $dir) (i32.const 0) (local.get $name) (local.get $len) (i32.const 1)
      (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 16)))
    (i32.load (i32.const 16)))
  (func $open_directory (param $dir i32) (param $name i32) (param $len i32) (result i32)
    (call $check (call $path_open (local.get $dir) (i32.const 0) (local.get $name) (local.get $len) (i32.const 2)
      (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 16)))
    (i32.load (i32.const 16)))
  ;; `count` times 64 KiB.
  (func $fill (param $fd i32) (param $count i32)
    (i32.store (i32.const 0) (i32.const 65536))
    (i32.store (i32.const 4) (i32.const 65536))
    (loop $again
      (call $check (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)))
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))
  ;; Writes a number to 1024 in eight letters.
  (func $name (param $number i32) (local $digit i32)
    (loop $next
      (i32.store8 (i32.add (i32.const 1031) (i32.sub (i32.const 0) (local.get $digit)))
        (i32.add (i32.const 97) (i32.and (local.get $number) (i32.const 15))))
      (local.set $number (i32.shr_u (local.get $number) (i32.const 4)))
      (br_if $next (i32.lt_u (local.tee $digit (i32.add (local.get $digit) (i32.const 1))) (i32.const 8)))))
  (func (export "_start") (local $i i32) (local $fd i32)
    (drop (call $sched_yield))
    {main}))"#
    )
}

/// One byte into the middle of `big`.
const ONE_BYTE: &str = r#"
    (i32.store (i32.const 0) (i32.const 512))
    (i32.store (i32.const 4) (i32.const 1))
    (call $check (call $fd_pwrite (call $open (i32.const 3) (i32.const 512) (i32.const 3))
      (i32.const 0) (i32.const 1) (i64.const 300000001) (i32.const 8)))"#;

/// `big` with 900 MiB in it that nobody wrote.
const HOLE: &str = r#"
    (call $check (call $set_size (call $open (i32.const 3) (i32.const 512) (i32.const 3)) (i64.const 943718400)))"#;

/// `big` with so many times 64 KiB that were written.
fn written(count: u32) -> String {
    format!("(call $fill (call $open (i32.const 3) (i32.const 512) (i32.const 3)) (i32.const {count}))")
}

/// So many times 64 KiB on standard output.
fn output(count: u32) -> String {
    format!("(call $fill (i32.const 1) (i32.const {count}))")
}

/// So many files.
fn files(count: u32) -> String {
    format!(
        r#"(loop $more
      (call $name (local.get $i))
      (call $check (call $close (call $open (i32.const 3) (i32.const 1024) (i32.const 8))))
      (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {count}))))"#
    )
}

/// So many names, in a directory 16 deep whose path has 4000 bytes. An object has no more than 65 000 of them.
fn links(count: u32) -> String {
    format!(
        r#"(local.set $fd (i32.const 3))
    (memory.fill (i32.const 2048) (i32.const 110) (i32.const 249))
    (loop $down
      (call $check (call $mkdir (local.get $fd) (i32.const 2048) (i32.const 249)))
      (local.set $fd (call $open_directory (local.get $fd) (i32.const 2048) (i32.const 249)))
      (br_if $down (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 16))))
    (local.set $i (i32.const 0))
    (loop $more
      (call $name (local.get $i))
      (if (i32.rem_u (local.get $i) (i32.const 60000))
        (then
          (call $check (call $path_link (local.get $fd) (i32.const 0) (i32.const 3000) (i32.const 8)
            (local.get $fd) (i32.const 1024) (i32.const 8))))
        (else
          (memory.copy (i32.const 3000) (i32.const 1024) (i32.const 8))
          (call $check (call $close (call $open (local.get $fd) (i32.const 1024) (i32.const 8))))))
      (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {count}))))"#
    )
}

/// A component that asks for so many random bytes at once.
fn random(len: u32) -> String {
    format!(
        r#"(component
  (import "wasi:random/random@0.2.3" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
  (core module $Libc
    (memory (export "memory") 1100)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536)))
  (core instance $libc (instantiate $Libc))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
  (core func $random (canon lower (func $random "get-random-bytes") (memory $memory) (realloc $realloc)))
  (core module $Main
    (import "wasi" "random" (func $random (param i64 i32)))
    (func (export "run") (result i32) (call $random (i64.const {len}) (i32.const 16)) (i32.const 0)))
  (core instance $main (instantiate $Main (with "wasi" (instance (export "random" (func $random))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.2.3" (instance $exported)))"#
    )
}

const MIB: u64 = 1 << 10;

/// Runs on a machine with so many KiB of addresses.
fn within(place: &Place, kib: u64, args: &[&str]) -> Ran {
    place.detwasi_with(args, b"", |command| {
        let detwasi = command.get_program().to_owned();
        let directory = place.path(".");
        *command = Command::new("sh");
        command.arg("-c").arg(format!("ulimit -v {kib}; exec \"$0\" \"$@\"")).arg(detwasi).args(args);
        command.current_dir(directory).env("RAYON_NUM_THREADS", "1").env("MALLOC_ARENA_MAX", "1");
        // Other packages of the workspace turn on a feature of Wasmtime's that has its errors note the host's frames, if this asks
        // for it: that takes memory of its own.
        command.env("RUST_BACKTRACE", "0");
        command.stdin(std::process::Stdio::null());
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    })
}

/// The least machine, to 8 MiB, on which a run is possible.
fn least(place: &Place, args: &[&str]) -> u64 {
    let (mut too_little, mut enough) = (0, 32_000 * MIB);
    assert_eq!(within(place, enough, args).code, Some(0), "{:?}", within(place, enough, args));
    while enough - too_little > 8 * MIB {
        let middle = too_little + (enough - too_little) / 2;
        match within(place, middle, args).code {
            Some(0) => enough = middle,
            _ => too_little = middle,
        }
    }
    enough
}

/// The run was ended for a reason of the machine's: not by a signal, and not by the guest.
#[track_caller]
fn assert_exhausted(ran: &Ran) {
    assert_eq!(ran.code, Some(134), "{ran:?}");
    assert!(ran.stderr.contains("the host"), "{ran:?}");
}

fn place() -> Place {
    let place = Place::new();
    fs::create_dir(place.path("d")).expect("a directory");
    place
}

#[test]
fn one_byte_does_not_copy_the_file() {
    let place = place();
    File::create(place.path("d/big")).expect("a file").set_len(400 << 20).expect("a hole");
    place.file("nothing.wat", guest(""));
    place.file("byte.wat", guest(ONE_BYTE));
    let least = least(&place, &["run", "--dir-hermetic", "d::/d", "nothing.wat"]);
    within(&place, least + 32 * MIB, &["run", "--dir-hermetic", "d::/d", "byte.wat"]).assert(0, "");
}

#[test]
fn a_hole_takes_no_memory() {
    let place = place();
    place.file("nothing.wat", guest(""));
    place.file("hole.wat", guest(HOLE));
    let least = least(&place, &["run", "--dir-hermetic", "d::/d", "nothing.wat"]);
    within(&place, least + 32 * MIB, &["run", "--dir-hermetic", "d::/d", "hole.wat"]).assert(0, "");
    let write = ["run", "--dir-hermetic", "d::/d", "--write-back", "out", "hole.wat"];
    assert_eq!(within(&place, least + 32 * MIB, &write).code, Some(0));
    assert_eq!(fs::metadata(place.path("out/big")).expect("written").len(), 900 << 20);
}

#[test]
fn what_the_machine_lacks_is_told_to_nobody_but_its_owner() {
    let place = place();
    place.file("nothing.wat", guest(""));
    place.file("written.wat", guest(&written(2_000)));
    let args = |guest| ["run", "--cache", "kept", "--dir-hermetic", "d::/d", guest];
    // Without the cache, which would answer the second time.
    let least = least(&place, &["run", "--dir-hermetic", "d::/d", "nothing.wat"]);
    let ran = within(&place, least + 64 * MIB, &args("written.wat"));
    assert_exhausted(&ran);
    assert!(ran.stderr.contains("memory"), "{ran:?}");
    // It is kept as no outcome: where there is memory, the guest runs.
    assert_eq!(place.detwasi(&args("written.wat")).code, Some(0));
    // What it was given is another matter, and the same everywhere.
    let full = ["run", "--max-files", "32MiB", "--dir-hermetic", "d::/d", "written.wat"];
    assert_eq!(place.detwasi(&full).code, Some(51));
    assert_eq!(within(&place, least + 64 * MIB, &full).code, Some(51));
}

#[test]
fn names_that_the_machine_has_no_memory_for_end_the_run() {
    let place = place();
    place.file("nothing.wat", guest(""));
    place.file("files.wat", guest(&files(200_000)));
    let args = |guest| ["run", "--dir-hermetic", "d::/d", guest];
    let least = least(&place, &args("nothing.wat"));
    assert_exhausted(&within(&place, least + 24 * MIB, &args("files.wat")));
}

/// Output that is kept, for a report here.
#[test]
fn output_that_the_machine_has_no_memory_for_ends_the_run() {
    let place = place();
    place.file("nothing.wat", guest(""));
    place.file("output.wat", guest(&output(1_000)));
    let args = |guest| ["run", "--report", "report.json", guest];
    let least = least(&place, &args("nothing.wat"));
    let ran = within(&place, least + 24 * MIB, &args("output.wat"));
    assert!(matches!(ran.code, Some(1..=134)), "{:?} {}", ran.code, ran.stderr);
    assert!(ran.stderr.contains("standard output") && ran.stderr.contains("memory"), "{}", ran.stderr);
    assert_eq!(place.detwasi(&args("output.wat")).code, Some(0));
}

#[test]
fn random_bytes_that_the_machine_has_no_memory_for_end_the_run() {
    let place = place();
    place.file("few.wat", random(8));
    place.file("many.wat", random(64 << 20));
    let least = least(&place, &["run", "few.wat"]);
    assert_exhausted(&within(&place, least + 24 * MIB, &["run", "many.wat"]));
    place.detwasi(&["run", "many.wat"]).assert(0, "");
}

/// The capacity of 16 MiB holds 225 000 names of eight bytes.
#[test]
fn files_take_no_more_than_twice_what_they_count() {
    let place = place();
    place.file("nothing.wat", guest(""));
    place.file("links.wat", guest(&links(225_000)));
    place.file("files.wat", guest(&files(27_000)));
    place.file("more.wat", guest(&files(30_000)));
    let run = |guest| ["run", "--max-files", "16MiB", "--dir-hermetic", "d::/d", guest];
    let least = least(&place, &run("nothing.wat"));
    let room = least + 2 * 16 * MIB + 8 * MIB;
    within(&place, room, &run("links.wat")).assert(0, "");
    within(&place, room, &run("files.wat")).assert(0, "");
    assert_eq!(place.detwasi(&run("more.wat")).code, Some(51));
    // And not much more if what is left of them is wanted.
    for wanted in
        [&["--report", "report.json"][..], &["--cache", "kept"], &["--cache", "kept", "--report", "report.json"]]
    {
        let args = ["run", "--max-files", "16MiB", "--dir-hermetic", "d::/d"].iter().chain(wanted).copied();
        let args: Vec<_> = args.chain(["links.wat"]).collect();
        assert_eq!(within(&place, room + 2 * 16 * MIB, &args).code, Some(0), "{args:?}");
    }
}
