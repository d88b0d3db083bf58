;; 65 MiB of random bytes at once, for which there is room: must trap, as no more than 64 MiB may be asked for.
(module
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (memory (export "memory") 1041)

  (func (export "_start")
    (drop (call $random_get (i32.const 0) (i32.const 0x4100000)))))
