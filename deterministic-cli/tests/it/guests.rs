//! Small guests. Each is a text-format module.

/// Wraps the body of `_start` with the imports and helpers that the guests below use.
fn guest(body: &str) -> String {
    format!(
        r#"(module
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func $check (param i32) (if (local.get 0) (then (call $proc_exit (i32.const 99)))))
  (func $write (param $fd i32) (param $at i32) (param $len i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $len))
    (call $check (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
  {body})"#
    )
}

/// Prints its arguments, each ended by a zero byte.
pub(crate) fn args() -> String {
    guest(
        r#"(func (export "_start")
    (call $check (call $args_sizes_get (i32.const 16) (i32.const 20)))
    (call $check (call $args_get (i32.const 1024) (i32.const 4096)))
    (call $write (i32.const 1) (i32.const 4096) (i32.load (i32.const 20))))"#,
    )
}

/// Prints its environment, each variable ended by a zero byte.
pub(crate) fn environment() -> String {
    guest(
        r#"(func (export "_start")
    (call $check (call $environ_sizes_get (i32.const 16) (i32.const 20)))
    (call $check (call $environ_get (i32.const 1024) (i32.const 4096)))
    (call $write (i32.const 1) (i32.const 4096) (i32.load (i32.const 20))))"#,
    )
}

/// Copies its input to its output, and says on stderr how many bytes each read gave (at most 64 are asked for).
pub(crate) fn echo() -> String {
    guest(
        r#"(func (export "_start")
    (loop $next
      (i32.store (i32.const 0) (i32.const 4096))
      (i32.store (i32.const 4) (i32.const 64))
      (call $check (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
      (i32.store8 (i32.const 512) (i32.add (i32.load (i32.const 16)) (i32.const 32)))
      (call $write (i32.const 2) (i32.const 512) (i32.const 1))
      (if (i32.load (i32.const 16))
        (then
          (call $write (i32.const 1) (i32.const 4096) (i32.load (i32.const 16)))
          (br $next)))))"#,
    )
}

/// Writes 32 raw bytes: the wall clock, the monotonic clock, 8 random bytes, the wall clock after an hour's sleep. Then one
/// subscription to each clock is waited for, and 1000 random bytes and the events stay in memory.
pub(crate) fn answers() -> String {
    guest(
        r#"(func (export "_start")
    (call $check (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 64)))
    (call $check (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 72)))
    (call $check (call $random_get (i32.const 80) (i32.const 8)))
    (i32.store (i32.const 1040) (i32.const 1))
    (i64.store (i32.const 1048) (i64.const 3600000000000))
    (call $check (call $poll_oneoff (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 16)))
    (call $check (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 88)))
    (call $write (i32.const 1) (i32.const 64) (i32.const 32))
    (i64.store (i32.const 1096) (i64.const 5))
    (i64.store (i32.const 1048) (i64.const 5))
    (call $check (call $poll_oneoff (i32.const 1024) (i32.const 2048) (i32.const 2) (i32.const 16)))
    (call $check (call $random_get (i32.const 4096) (i32.const 1000))))"#,
    )
}

/// Prints the file `hello` of its first directory.
pub(crate) fn hello_file() -> String {
    guest(
        r#"(data (i32.const 512) "hello")
  (func (export "_start")
    (call $check (call $path_open (i32.const 3) (i32.const 0) (i32.const 512) (i32.const 5) (i32.const 0)
      (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 16)))
    (i32.store (i32.const 0) (i32.const 4096))
    (i32.store (i32.const 4) (i32.const 64))
    (call $check (call $fd_read (i32.load (i32.const 16)) (i32.const 0) (i32.const 1) (i32.const 20)))
    (call $write (i32.const 1) (i32.const 4096) (i32.load (i32.const 20))))"#,
    )
}

/// Grows its memory by a MiB and exits with 1 if that was refused.
pub(crate) fn grow() -> String {
    guest(
        r#"(func (export "_start")
    (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then (call $proc_exit (i32.const 1)))))"#,
    )
}

/// Never ends.
pub(crate) fn spin() -> String {
    guest(r#"(func $spinning (export "_start") (loop $again (br $again)))"#)
}

/// Writes `out` to stdout without ending the line and `err` to stderr, and then does `then`.
pub(crate) fn speaks(then: &str) -> String {
    guest(&format!(
        r#"(data (i32.const 512) "outerr")
  (func (export "_start")
    (call $write (i32.const 1) (i32.const 512) (i32.const 3))
    (call $write (i32.const 2) (i32.const 515) (i32.const 3))
    {then})"#
    ))
}

/// Writes 4 KiB for ever.
pub(crate) fn flood() -> String {
    guest(
        r#"(func (export "_start")
    (memory.fill (i32.const 4096) (i32.const 120) (i32.const 4096))
    (loop $again (call $write (i32.const 1) (i32.const 4096) (i32.const 4096)) (br $again)))"#,
    )
}

/// Says `before` without ending the line, and traps two functions down.
pub(crate) fn trap() -> String {
    guest(
        r#"(data (i32.const 512) "before")
  (func $inner unreachable)
  (func $outer (call $inner))
  (func (export "_start") (call $write (i32.const 1) (i32.const 512) (i32.const 6)) (call $outer))"#,
    )
}

/// Exits with `code`.
pub(crate) fn exit(code: u32) -> String {
    guest(&format!(r#"(func (export "_start") (call $proc_exit (i32.const {code})))"#))
}

/// Draws random bytes.
pub(crate) fn random() -> String {
    guest(r#"(func $draws (export "_start") (call $check (call $random_get (i32.const 0) (i32.const 8))))"#)
}

/// Removes `gone` from descriptor 3, makes `out` there and writes `written`, and ends by `end`. Exits with the errno of
/// what fails.
pub(crate) fn write_file(end: &str) -> String {
    format!(
        r#"(module
            (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "path_open"
                (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "gone")
            (data (i32.const 8) "out")
            (data (i32.const 16) "written")
            (data (i32.const 32) "\10\00\00\00\07\00\00\00")
            (func $check (param i32)
                (if (local.get 0) (then (call $exit (local.get 0)))))
            (func $remove
                (call $check (call $unlink (i32.const 3) (i32.const 0) (i32.const 4))))
            (func (export "_start")
                (call $remove)
                (call $check (call $open (i32.const 3) (i32.const 0) (i32.const 8) (i32.const 3) (i32.const 1)
                    (i64.const 64) (i64.const 64) (i32.const 0) (i32.const 64)))
                (call $check (call $write (i32.load (i32.const 64)) (i32.const 32) (i32.const 1) (i32.const 68)))
                {end}))"#
    )
}
