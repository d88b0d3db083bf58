;; The resolution of a clock that does not exist: must trap.
(module
  (import "wasi_snapshot_preview1" "clock_res_get" (func $clock_res_get (param i32 i32) (result i32)))
  (memory (export "memory") 1)

  (func (export "_start")
    (drop (call $clock_res_get (i32.const 4) (i32.const 8)))))
