;; The time of a clock that does not exist, by the older ABI: must trap.
(module
  (import "wasi_unstable" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)

  (func (export "_start")
    (drop (call $clock_time_get (i32.const 4) (i64.const 1) (i32.const 8)))))
