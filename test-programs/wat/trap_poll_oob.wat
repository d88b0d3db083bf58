;; The event goes behind the end of memory: must trap.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)

  (func (export "_start")
    ;; All zero but for the clock: 0 ns on the monotonic one.
    (i32.store (i32.const 80) (i32.const 1))
    (drop (call $poll_oneoff (i32.const 64) (i32.const 65536) (i32.const 1) (i32.const 2048)))))
