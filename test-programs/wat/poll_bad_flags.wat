;; A timer with flags that do not exist, alone or after another: EINVAL (28), and nothing is written.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)

  (func $assert (param $holds i32)
    (if (i32.eqz (local.get $holds)) (then unreachable)))

  ;; A subscription to a clock.
  (func $timer (param $at i32) (param $userdata i64) (param $clock i32) (param $timeout i64) (param $flags i32)
    (memory.fill (local.get $at) (i32.const 0) (i32.const 48))
    (i64.store (local.get $at) (local.get $userdata))
    (i32.store8 offset=8 (local.get $at) (i32.const 0))
    (i32.store offset=16 (local.get $at) (local.get $clock))
    (i64.store offset=24 (local.get $at) (local.get $timeout))
    (i64.store offset=32 (local.get $at) (i64.const 1))
    (i32.store16 offset=40 (local.get $at) (local.get $flags)))

  ;; Polls and expects this errno, and that the host wrote nothing.
  (func $refused (param $count i32) (param $errno i32) (local $at i32)
    (memory.fill (i32.const 1024) (i32.const 0xa5) (i32.const 1032))
    (call $assert (i32.eq (local.get $errno)
      (call $poll_oneoff (i32.const 64) (i32.const 1024) (local.get $count) (i32.const 2048))))
    (local.set $at (i32.const 1024))
    (loop $next
      (call $assert (i64.eq (i64.load (local.get $at)) (i64.const 0xa5a5a5a5a5a5a5a5)))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 2056)))))

  (func (export "_start")
    (call $timer (i32.const 64) (i64.const 1) (i32.const 1) (i64.const 1) (i32.const 2))
    (call $refused (i32.const 1) (i32.const 28))
    (call $timer (i32.const 64) (i64.const 1) (i32.const 1) (i64.const 1) (i32.const 0xffff))
    (call $refused (i32.const 1) (i32.const 28))
    (call $timer (i32.const 64) (i64.const 1) (i32.const 1) (i64.const 1) (i32.const 0))
    (call $timer (i32.const 112) (i64.const 2) (i32.const 1) (i64.const 1) (i32.const 0x100))
    (call $refused (i32.const 2) (i32.const 28))))
