;; As many subscriptions as can be said, more than the address space can hold: ENOMEM (48), soon, and nothing is written.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)

  (func $assert (param $holds i32)
    (if (i32.eqz (local.get $holds)) (then unreachable)))

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
    (call $refused (i32.const -1) (i32.const 48))))
