;; A thousand readings of the monotonic clock, none below the one before; its resolution and that of the wall clock are
;; not 0. Only eight bytes are written, also right at the end of memory.
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_res_get" (func $clock_res_get (param i32 i32) (result i32)))
  (memory (export "memory") 1)

  (func $assert (param $holds i32)
    (if (i32.eqz (local.get $holds)) (then unreachable)))

  (func (export "_start") (local $left i32) (local $last i64)
    (i64.store (i32.const 72) (i64.const 0xa5a5a5a5a5a5a5a5))
    (i64.store (i32.const 56) (i64.const 0xa5a5a5a5a5a5a5a5))
    (call $assert (i32.eqz (call $clock_res_get (i32.const 0) (i32.const 64))))
    (call $assert (i64.ne (i64.load (i32.const 64)) (i64.const 0)))
    (call $assert (i32.eqz (call $clock_res_get (i32.const 1) (i32.const 64))))
    (call $assert (i64.ne (i64.load (i32.const 64)) (i64.const 0)))
    (local.set $left (i32.const 1000))
    (loop $next
      (call $assert (i32.eqz (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 64))))
      (call $assert (i64.ge_u (i64.load (i32.const 64)) (local.get $last)))
      (local.set $last (i64.load (i32.const 64)))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (call $assert (i64.eq (i64.load (i32.const 56)) (i64.const 0xa5a5a5a5a5a5a5a5)))
    (call $assert (i64.eq (i64.load (i32.const 72)) (i64.const 0xa5a5a5a5a5a5a5a5)))

    (call $assert (i32.eqz (call $clock_time_get (i32.const 1) (i64.const -1) (i32.const 65528))))
    (call $assert (i64.ge_u (i64.load (i32.const 65528)) (local.get $last)))))
