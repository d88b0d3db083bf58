;; The resolution goes right behind the end of memory: must trap.
(module
  (import "wasi_snapshot_preview1" "clock_res_get" (func $clock_res_get (param i32 i32) (result i32)))
  (memory (export "memory") 1)

  (func (export "_start")
    (drop (call $clock_res_get (i32.const 1) (i32.const 65536)))))
