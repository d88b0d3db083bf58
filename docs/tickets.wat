;; Notes the time, draws a ticket from 0 to 15, and marks it in a table. The table has room for 0 to 14: whoever draws the last
;; ticket, once in sixteen runs, is told so by a trap.
(module $tickets
    (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\10\00\00\00\13\00\00\00") ;; 19 bytes at 16
    (data (i32.const 16) "a ticket was drawn\n")

    (func $draw (result i32)
        (if (call $random_get (i32.const 64) (i32.const 1)) (then unreachable))
        (i32.and (i32.load8_u (i32.const 64)) (i32.const 15)))

    (func $mark (param $ticket i32)
        (if (i32.ge_u (local.get $ticket) (i32.const 15)) (then unreachable))
        (i32.store8 (i32.add (i32.const 128) (local.get $ticket)) (i32.const 1)))

    (func $main (export "_start")
        (if (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 72)) (then unreachable))
        (call $mark (call $draw))
        (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
