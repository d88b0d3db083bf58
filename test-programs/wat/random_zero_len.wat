;; No random bytes at all: success, and nothing is written; also right behind the end of memory, where no byte is left.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (memory (export "memory") 1)

  (func $assert (param $holds i32)
    (if (i32.eqz (local.get $holds)) (then unreachable)))

  (func (export "_start")
    (i64.store (i32.const 64) (i64.const 0xa5a5a5a5a5a5a5a5))
    (call $assert (i32.eqz (call $random_get (i32.const 64) (i32.const 0))))
    (call $assert (i32.eqz (call $random_get (i32.const 67) (i32.const 0))))
    (call $assert (i64.eq (i64.load (i32.const 64)) (i64.const 0xa5a5a5a5a5a5a5a5)))
    (call $assert (i32.eqz (call $random_get (i32.const 65536) (i32.const 0))))))
