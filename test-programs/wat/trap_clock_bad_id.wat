;; The time of a clock that does not exist: must trap. Wasmtime answers EINVAL to such a number in memory (see
;; `poll_bad_clock_id`), but traps on it as an argument.
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)

  (func (export "_start")
    (drop (call $clock_time_get (i32.const 99) (i64.const 1) (i32.const 8)))))
