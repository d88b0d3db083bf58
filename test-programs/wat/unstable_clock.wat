;; The clocks of the older ABI: the monotonic one does not go back, both have a resolution.
(module
  (import "wasi_unstable" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_unstable" "clock_res_get" (func $clock_res_get (param i32 i32) (result i32)))
  (memory (export "memory") 1)

  (func $assert (param $holds i32)
    (if (i32.eqz (local.get $holds)) (then unreachable)))

  (func $now (param $clock i32) (result i64)
    (call $assert (i32.eqz (call $clock_time_get (local.get $clock) (i64.const 1) (i32.const 8))))
    (i64.load (i32.const 8)))

  (func (export "_start") (local $left i32) (local $last i64) (local $reading i64)
    (call $assert (i32.eqz (call $clock_res_get (i32.const 0) (i32.const 16))))
    (call $assert (i64.ne (i64.load (i32.const 16)) (i64.const 0)))
    (call $assert (i32.eqz (call $clock_res_get (i32.const 1) (i32.const 16))))
    (call $assert (i64.ne (i64.load (i32.const 16)) (i64.const 0)))
    (drop (call $now (i32.const 0)))
    (local.set $left (i32.const 100))
    (loop $next
      (local.set $reading (call $now (i32.const 1)))
      (call $assert (i64.ge_u (local.get $reading) (local.get $last)))
      (local.set $last (local.get $reading))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))
