;; Eight random bytes by the older ABI are written, and not one more.
(module
  (import "wasi_unstable" "random_get" (func $random_get (param i32 i32) (result i32)))
  (memory (export "memory") 1)

  (func $assert (param $holds i32)
    (if (i32.eqz (local.get $holds)) (then unreachable)))

  ;; Eight random bytes over eight of the given ones; what lies around stays.
  (func $draw (param $at i32) (param $over i64) (result i64)
    (memory.fill (i32.const 64) (i32.const 0xa5) (i32.const 64))
    (i64.store (local.get $at) (local.get $over))
    (call $assert (i32.eqz (call $random_get (local.get $at) (i32.const 8))))
    (call $assert (i64.eq (i64.load (i32.sub (local.get $at) (i32.const 8))) (i64.const 0xa5a5a5a5a5a5a5a5)))
    (call $assert (i64.eq (i64.load (i32.add (local.get $at) (i32.const 8))) (i64.const 0xa5a5a5a5a5a5a5a5)))
    (i64.load (local.get $at)))

  (func (export "_start")
    ;; Were nothing written, both would be what was there.
    (call $assert (i32.or
      (i64.ne (call $draw (i32.const 80) (i64.const 0)) (i64.const 0))
      (i64.ne (call $draw (i32.const 80) (i64.const -1)) (i64.const -1))))
    (drop (call $draw (i32.const 83) (i64.const 0))) ;; no alignment is asked for
    (call $assert (i32.eqz (call $random_get (i32.const 65528) (i32.const 8))))))
