;; A thousand yields succeed, and the monotonic clock does not go back over any.
(module
  (import "wasi_snapshot_preview1" "sched_yield" (func $sched_yield (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)

  (func $assert (param $holds i32)
    (if (i32.eqz (local.get $holds)) (then unreachable)))

  (func $now (param $clock i32) (result i64)
    (call $assert (i32.eqz (call $clock_time_get (local.get $clock) (i64.const 1) (i32.const 8))))
    (i64.load (i32.const 8)))

  (func (export "_start") (local $left i32) (local $last i64) (local $reading i64)
    (local.set $left (i32.const 1000))
    (loop $next
      (call $assert (i32.eqz (call $sched_yield)))
      (local.set $reading (call $now (i32.const 1)))
      (call $assert (i64.ge_u (local.get $reading) (local.get $last)))
      (local.set $last (local.get $reading))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))
