;; The subscription is at an address that is no multiple of 8: must trap.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)

  (func (export "_start")
    ;; All zero but for the clock: 0 ns on the monotonic one.
    (i32.store (i32.const 84) (i32.const 1))
    (drop (call $poll_oneoff (i32.const 68) (i32.const 1024) (i32.const 1) (i32.const 2048)))))
