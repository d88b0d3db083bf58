;; Buffers above 2 GiB, where pointers are negative numbers to those who take them for signed. Needs a memory of 32769
;; pages, of which it touches the last only.
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_res_get" (func $clock_res_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 32769)

  (func $assert (param $holds i32)
    (if (i32.eqz (local.get $holds)) (then unreachable)))

  (func (export "_start")
    (call $assert (i32.eqz (call $clock_res_get (i32.const 1) (i32.const 0x80000000))))
    (call $assert (i64.ne (i64.load (i32.const 0x80000000)) (i64.const 0)))

    ;; Two readings, as a clock may read 0 once; over all ones, which no clock reads.
    (i64.store (i32.const 0x80000008) (i64.const -1))
    (call $assert (i32.eqz (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 0x80000008))))
    (call $assert (i64.ne (i64.load (i32.const 0x80000008)) (i64.const -1)))
    (i64.store (i32.const 0x8000fff8) (i64.const -1))
    (call $assert (i32.eqz (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 0x8000fff8))))
    (call $assert (i64.ge_u (i64.load (i32.const 0x8000fff8)) (i64.load (i32.const 0x80000008))))

    (i64.store (i32.const 0x80000018) (i64.const 0xa5a5a5a5a5a5a5a5))
    (call $assert (i32.eqz (call $random_get (i32.const 0x80000010) (i32.const 8))))
    (call $assert (i64.eq (i64.load (i32.const 0x80000018)) (i64.const 0xa5a5a5a5a5a5a5a5)))
    (call $assert (i32.eqz (call $random_get (i32.const 0x8000ff00) (i32.const 0x100))))

    ;; Two timers of 1 ns and 2 ns, at 0x80000040; the rest of a subscription is zero.
    (i64.store (i32.const 0x80000040) (i64.const 7))
    (i32.store (i32.const 0x80000050) (i32.const 1))
    (i64.store (i32.const 0x80000058) (i64.const 1))
    (i64.store (i32.const 0x80000070) (i64.const 7))
    (i32.store (i32.const 0x80000080) (i32.const 1))
    (i64.store (i32.const 0x80000088) (i64.const 2))
    (call $assert (i32.eqz
      (call $poll_oneoff (i32.const 0x80000040) (i32.const 0x80000100) (i32.const 2) (i32.const 0x80000200))))
    (call $assert (i32.lt_u (i32.sub (i32.load (i32.const 0x80000200)) (i32.const 1)) (i32.const 2)))
    (call $assert (i64.eq (i64.load (i32.const 0x80000100)) (i64.const 7)))
    (call $assert (i32.eqz (i32.load16_u (i32.const 0x80000108))))))
