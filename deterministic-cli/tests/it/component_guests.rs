//! Small components. Each is in text format.

/// A core memory with a bump allocator, for all that a component lowers and lifts.
const LIBC: &str = r#"
  (core module $Libc
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 4096))
    (func (export "realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and
        (i32.sub (i32.add (global.get $next) (local.get $align)) (i32.const 1))
        (i32.sub (i32.const 0) (local.get $align))))
      (global.set $next (i32.add (local.get $at) (local.get $size)))
      (local.get $at)))
  (core instance $libc (instantiate $Libc))
  (alias core export $libc "memory" (core memory $memory))
  (alias core export $libc "realloc" (core func $realloc))
"#;

/// A command of WASI 0.2 whose `run` has this body. It may use what is imported here and `$write`.
fn command(body: &str) -> String {
    format!(
        r#"(component
  (import "wasi:io/error@0.2.3" (instance $io_error (export "error" (type (sub resource)))))
  (alias export $io_error "error" (type $error))
  (import "wasi:io/poll@0.2.3" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:io/streams@0.2.3" (instance $streams
    (alias outer 1 $error (type $outer_error))
    (export "error" (type $error (eq $outer_error)))
    (export "output-stream" (type $output (sub resource)))
    (type $stream_error (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $exported (eq $stream_error)))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $output)) (param "contents" (list u8)) (result (result (error $exported)))))))
  (alias export $streams "output-stream" (type $output))
  (import "wasi:cli/stdout@0.2.3" (instance $stdout
    (alias outer 1 $output (type $outer_output))
    (export "output-stream" (type $output (eq $outer_output)))
    (export "get-stdout" (func (result (own $output))))))
  (import "wasi:cli/exit@0.2.3" (instance $exit (export "exit" (func (param "status" (result))))))
  (import "wasi:cli/environment@0.2.3" (instance $environment
    (export "get-arguments" (func (result (list string))))
    (export "get-environment" (func (result (list (tuple string string)))))))
  (import "wasi:clocks/wall-clock@0.2.3" (instance $wall
    (type $datetime (record (field "seconds" u64) (field "nanoseconds" u32)))
    (export "datetime" (type $exported (eq $datetime)))
    (export "now" (func (result $exported)))))
  (import "wasi:clocks/monotonic-clock@0.2.3" (instance $clock
    (alias outer 1 $pollable (type $outer_pollable))
    (export "pollable" (type $pollable (eq $outer_pollable)))
    (export "now" (func (result u64)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
  (import "wasi:random/random@0.2.3" (instance $random (export "get-random-u64" (func (result u64)))))
  {LIBC}
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
    (memory $memory) (realloc $realloc)))
  (core func $get_stdout (canon lower (func $stdout "get-stdout")))
  (core func $exit (canon lower (func $exit "exit")))
  (core func $arguments (canon lower (func $environment "get-arguments") (memory $memory) (realloc $realloc)))
  (core func $wall_now (canon lower (func $wall "now") (memory $memory)))
  (core func $now (canon lower (func $clock "now")))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $random (canon lower (func $random "get-random-u64")))
  (core module $Main
    (import "libc" "memory" (memory 1))
    (import "wasi" "write" (func $blocking_write (param i32 i32 i32 i32)))
    (import "wasi" "stdout" (func $stdout (result i32)))
    (import "wasi" "exit" (func $exit (param i32)))
    (import "wasi" "arguments" (func $arguments (param i32)))
    (import "wasi" "wall" (func $wall (param i32)))
    (import "wasi" "now" (func $now (result i64)))
    (import "wasi" "subscribe" (func $subscribe (param i64) (result i32)))
    (import "wasi" "block" (func $block (param i32)))
    (import "wasi" "random" (func $random (result i64)))
    (func $write (param $at i32) (param $len i32)
      (call $blocking_write (call $stdout) (local.get $at) (local.get $len) (i32.const 0))
      (if (i32.load8_u (i32.const 0)) (then unreachable)))
    {body})
  (core instance $main (instantiate $Main
    (with "libc" (instance $libc))
    (with "wasi" (instance
      (export "write" (func $write)) (export "stdout" (func $get_stdout)) (export "exit" (func $exit))
      (export "arguments" (func $arguments)) (export "wall" (func $wall_now)) (export "now" (func $now))
      (export "subscribe" (func $subscribe)) (export "block" (func $block)) (export "random" (func $random))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.2.3" (instance $exported)))"#
    )
}

/// Writes 32 raw bytes: the wall clock's seconds, the monotonic clock, 8 random bytes, and the wall clock's seconds after an
/// hour's sleep.
pub(crate) fn answers() -> String {
    command(
        r#"(func (export "run") (result i32)
      (call $wall (i32.const 64))
      (i64.store (i32.const 72) (call $now))
      (i64.store (i32.const 80) (call $random))
      (call $block (call $subscribe (i64.const 3600000000000)))
      (call $wall (i32.const 88))
      (call $write (i32.const 64) (i32.const 32))
      (i32.const 0))"#,
    )
}

/// Sleeps until the next hour has come, for ever again.
pub(crate) fn sleeps_for_ever() -> String {
    command(
        r#"(func (export "run") (result i32)
      (local $timer i32) (local $until i64)
      (loop $next
        (local.set $until (i64.add (call $now) (i64.const 3600000000000)))
        (local.set $timer (call $subscribe (i64.const 3600000000000)))
        (loop $again
          (call $block (local.get $timer))
          (br_if $again (i64.lt_u (call $now) (local.get $until))))
        (br $next))
      unreachable)"#,
    )
}

/// Prints its arguments without anything between.
pub(crate) fn args() -> String {
    command(
        r#"(func (export "run") (result i32)
      (local $at i32) (local $left i32)
      (call $arguments (i32.const 64))
      (local.set $at (i32.load (i32.const 64)))
      (local.set $left (i32.load (i32.const 68)))
      (loop $next
        (if (local.get $left)
          (then
            (call $write (i32.load (local.get $at)) (i32.load offset=4 (local.get $at)))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br $next))))
      (i32.const 0))"#,
    )
}

/// Returns `result`, 0 for ok and 1 for err.
pub(crate) fn returns(result: u32) -> String {
    command(&format!(r#"(func (export "run") (result i32) (i32.const {result}))"#))
}

/// Exits with `status`, 0 for ok and 1 for err.
pub(crate) fn exits(status: u32) -> String {
    command(&format!(r#"(func (export "run") (result i32) (call $exit (i32.const {status})) (i32.const 1))"#))
}

/// Traps.
pub(crate) fn trap() -> String {
    command(r#"(func $fails (export "run") (result i32) unreachable)"#)
}

/// Never ends.
pub(crate) fn spin() -> String {
    command(r#"(func $spinning (export "run") (result i32) (loop $again (br $again)) (i32.const 0))"#)
}

/// A command of WASI 0.3: waits for 2 hours and, beside it, for 1; reads the clocks of 0.3 and 0.2 behind each other;
/// returns ok if both waits ended in order and less than a second lies between the readings.
pub(crate) fn tasks() -> String {
    r#"(component
  (import "wasi:clocks/monotonic-clock@0.3.0" (instance $clock3
    (export "now" (func (result u64)))
    (export "wait-for" (func async (param "how-long" u64)))))
  (import "wasi:clocks/monotonic-clock@0.2.3" (instance $clock2 (export "now" (func (result u64)))))
  (core module $Memory (memory (export "memory") 1))
  (core instance $memory (instantiate $Memory))
  (core func $now3 (canon lower (func $clock3 "now")))
  (core func $now2 (canon lower (func $clock2 "now")))
  (core func $wait (canon lower (func $clock3 "wait-for") async (memory (core memory $memory "memory"))))
  (core func $new (canon waitable-set.new))
  (core func $join (canon waitable.join))
  (core func $drop (canon subtask.drop))
  (core func $return (canon task.return (result (result))))
  (core module $Main
    (import "" "now3" (func $now3 (result i64)))
    (import "" "now2" (func $now2 (result i64)))
    (import "" "wait" (func $wait (param i64) (result i32)))
    (import "" "new" (func $new (result i32)))
    (import "" "join" (func $join (param i32 i32)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "return" (func $return (param i32)))
    (global $set (mut i32) (i32.const 0))
    (global $long (mut i32) (i32.const 0))
    (global $ended (mut i32) (i32.const 0))
    (global $begun (mut i64) (i64.const 0))
    (func $start (param $hours i64) (result i32)
      (local $subtask i32)
      (local.set $subtask (i32.shr_u (call $wait (i64.mul (local.get $hours) (i64.const 3600000000000))) (i32.const 4)))
      (call $join (local.get $subtask) (global.get $set))
      (local.get $subtask))
    (func $next (result i32) (i32.or (i32.const 2) (i32.shl (global.get $set) (i32.const 4))))
    (func (export "run") (result i32)
      (global.set $set (call $new))
      (global.set $long (call $start (i64.const 2)))
      (drop (call $start (i64.const 1)))
      (call $next))
    (func (export "event") (param $kind i32) (param $subtask i32) (param $state i32) (result i32)
      (call $join (local.get $subtask) (i32.const 0))
      (call $drop (local.get $subtask))
      (global.set $ended (i32.add (global.get $ended) (i32.const 1)))
      ;; The long one is the second to end.
      (if (i32.eq (global.get $ended) (i32.const 1))
        (then
          (if (i32.eq (local.get $subtask) (global.get $long)) (then unreachable))
          (return (call $next))))
      (global.set $begun (call $now3))
      (call $return (i64.gt_u (i64.sub (call $now2) (global.get $begun)) (i64.const 1000000000)))
      (i32.const 0)))
  (core instance $main (instantiate $Main (with "" (instance
    (export "now3" (func $now3)) (export "now2" (func $now2)) (export "wait" (func $wait)) (export "new" (func $new))
    (export "join" (func $join)) (export "drop" (func $drop)) (export "return" (func $return))))))
  (func $run async (result (result)) (canon lift (core func $main "run") async (callback (core func $main "event"))))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.3.0" (instance $exported)))"#
        .to_owned()
}

/// A command of WASI 0.3 that waits for nothing at all.
pub(crate) fn stuck() -> String {
    r#"(component
  (core func $new (canon waitable-set.new))
  (core module $Main
    (import "" "new" (func $new (result i32)))
    (func (export "run") (result i32) (i32.or (i32.const 2) (i32.shl (call $new) (i32.const 4))))
    (func (export "event") (param i32 i32 i32) (result i32) unreachable))
  (core instance $main (instantiate $Main (with "" (instance (export "new" (func $new))))))
  (func $run async (result (result)) (canon lift (core func $main "run") async (callback (core func $main "event"))))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.3.0" (instance $exported)))"#
        .to_owned()
}

/// A library: `add` of its own, `test:math/numbers@1.2.0` with `add` and `twice`, and `echo` for a record.
pub(crate) fn library() -> String {
    format!(
        r#"(component
  {LIBC}
  (core module $Main
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "twice") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
    (func (export "fail") unreachable)
    (func (export "nothing"))
    (func (export "halve") (param f64) (result f64) (f64.div (local.get 0) (f64.const 2)))
    (func (export "invert") (param i32) (result i32) (i32.eqz (local.get 0))))
  (core instance $main (instantiate $Main))
  (core module $Echo
    (import "libc" "memory" (memory 1))
    (func (export "echo") (param i32 i32 i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0))
      (i32.store (i32.const 20) (local.get 1))
      (i32.store8 (i32.const 24) (local.get 2))
      (i32.store (i32.const 28) (local.get 3))
      (i32.const 16)))
  (core instance $echo (instantiate $Echo (with "libc" (instance $libc))))
  (func $add (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $main "add")))
  (func $plus (param "a" s32) (param "b" s32) (result s32) (canon lift (core func $main "add")))
  (func $twice (param "a" u32) (result u32) (canon lift (core func $main "twice")))
  (type $person' (record (field "name" string) (field "age" (option u32))))
  (export $person "person" (type $person'))
  (func $echo (param "who" $person) (result $person)
    (canon lift (core func $echo "echo") (memory $memory) (realloc $realloc)))
  (instance $numbers (export "add" (func $plus)) (export "twice" (func $twice)))
  (export "add" (func $add))
  (export "echo" (func $echo))
  (func $fail (canon lift (core func $main "fail")))
  (export "fail" (func $fail))
  (func $nothing (canon lift (core func $main "nothing")))
  (export "nothing" (func $nothing))
  (func $halve (param "x" float64) (result float64) (canon lift (core func $main "halve")))
  (export "halve" (func $halve))
  (func $invert (param "x" bool) (result bool) (canon lift (core func $main "invert")))
  (export "invert" (func $invert))
  (export "test:math/numbers@1.2.0" (instance $numbers))
  (instance $more (export "twice" (func $twice)))
  (export "test:math/more" (instance $more)))"#
    )
}

/// Imports what nobody has, beside what there is.
pub(crate) fn foreign() -> String {
    r#"(component
  (import "wasi:random/random@0.2.9" (instance (export "get-random-u64" (func (result u64)))))
  (import "wasi:nn/tensor@0.2.0-rc-2024-10-28" (instance (export "tensor" (type (sub resource)))))
  (import "wasi:nn/nothing@0.2.0-rc-2024-10-28" (instance))
  (import "wasi:random/insecure@0.2.3" (instance
    (export "get-insecure-random-u64" (func (result u64))) (export "get-more" (func))))
  (import "wasi:clocks/monotonic-clock@0.4.0" (instance (export "now" (func (result u64)))))
  (import "log" (func (param "text" string)))
  (core module $Main (func (export "run") (result i32) (i32.const 0)))
  (core instance $main (instantiate $Main))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $exported (export "run" (func $run)))
  (export "wasi:cli/run@0.2.3" (instance $exported)))"#
        .to_owned()
}
