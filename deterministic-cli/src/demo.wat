;; The guest of `detwasi demo`: asks its host for everything that may differ between two runs, and prints the answers.
;;
;; Its argument is how long it sleeps, in nanoseconds. It prints, a line each and at most 22 characters wide:
;;   wall   the wall clock
;;   ticks  the time between two readings of the monotonic clock
;;   dice   four random numbers from 1 to 6
;;   list   the numbers from 1 to 8, shuffled
;;   slept  how long the sleep took by its own clock
;;   total  how long the whole program took by its own clock
;;
;; Memory:
;;      0  what a host function hands back        160  the subscription for the sleep, 48 bytes
;;      8  address and length for fd_write        208  its event, 32 bytes
;;     24  number and size of the arguments       256  text
;;     32  addresses of the arguments             512  the arguments
;;     64  random bytes                          1024  the output, written at the end
;;    128  the list
(module
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))

  (memory (export "memory") 1)
  (data (i32.const 256) "wall  ")
  (data (i32.const 264) "ticks ")
  (data (i32.const 272) "dice  ")
  (data (i32.const 280) "list  ")
  (data (i32.const 288) "slept ")
  (data (i32.const 296) "total ")

  (global $wall i32 (i32.const 0))        ;; the clocks by WASI's numbers
  (global $monotonic i32 (i32.const 1))
  (global $end (mut i32) (i32.const 1024)) ;; where the output ends

  ;; A host function that fails ends the program.
  (func $check (param $errno i32)
    (if (local.get $errno) (then unreachable)))

  ;; --- the host's answers ---

  (func $now (param $clock i32) (result i64)
    (call $check (call $clock_time_get (local.get $clock) (i64.const 1) (i32.const 0)))
    (i64.load (i32.const 0)))

  ;; A random byte, as a number below $bound (the slight bias is of no matter here).
  (func $random (param $bound i32) (result i32)
    (call $check (call $random_get (i32.const 64) (i32.const 1)))
    (i32.rem_u (i32.load8_u (i32.const 64)) (local.get $bound)))

  ;; Sleeps: one subscription to the monotonic clock, relative.
  (func $sleep (param $nanos i64)
    (i32.store (i32.const 176) (global.get $monotonic))
    (i64.store (i32.const 184) (local.get $nanos))
    (call $check (call $poll_oneoff (i32.const 160) (i32.const 208) (i32.const 1) (i32.const 0))))

  ;; The number in argument 1.
  (func $argument (result i64)
    (local $at i32) (local $digit i32) (local $number i64)
    (call $check (call $args_sizes_get (i32.const 24) (i32.const 28)))
    (call $check (call $args_get (i32.const 32) (i32.const 512)))
    (local.set $at (i32.load (i32.const 36)))
    (loop $next
      (local.set $digit (i32.load8_u (local.get $at)))
      (if (local.get $digit) ;; a zero byte ends it
        (then
          (local.set $number
            (i64.add
              (i64.mul (local.get $number) (i64.const 10))
              (i64.extend_i32_u (i32.sub (local.get $digit) (i32.const 48)))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next))))
    (local.get $number))

  ;; --- output, gathered in memory ---

  (func $put (param $char i32)
    (i32.store8 (global.get $end) (local.get $char))
    (global.set $end (i32.add (global.get $end) (i32.const 1))))

  ;; The six characters of a line's name.
  (func $put_name (param $at i32)
    (memory.copy (global.get $end) (local.get $at) (i32.const 6))
    (global.set $end (i32.add (global.get $end) (i32.const 6))))

  ;; $number in decimal, with at least $width digits.
  (func $put_number (param $number i64) (param $width i32)
    (if (i32.or
          (i64.ge_u (local.get $number) (i64.const 10))
          (i32.gt_s (local.get $width) (i32.const 1)))
      (then
        (call $put_number
          (i64.div_u (local.get $number) (i64.const 10))
          (i32.sub (local.get $width) (i32.const 1)))))
    (call $put
      (i32.add (i32.wrap_i64 (i64.rem_u (local.get $number) (i64.const 10))) (i32.const 48))))

  ;; $nanos as seconds with $digits decimals, of which each is $unit nanoseconds; ends the line.
  (func $put_seconds (param $nanos i64) (param $unit i64) (param $digits i32)
    (call $put_number (i64.div_u (local.get $nanos) (i64.const 1000000000)) (i32.const 1))
    (call $put (i32.const 46)) ;; .
    (call $put_number
      (i64.div_u (i64.rem_u (local.get $nanos) (i64.const 1000000000)) (local.get $unit))
      (local.get $digits))
    (call $put (i32.const 32))
    (call $put (i32.const 115)) ;; s
    (call $put (i32.const 10)))

  (func $write_out
    (i32.store (i32.const 8) (i32.const 1024))
    (i32.store (i32.const 12) (i32.sub (global.get $end) (i32.const 1024)))
    (call $check (call $fd_write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0))))

  ;; --- the lines ---

  (func $line_ticks
    (local $before i64)
    (call $put_name (i32.const 264))
    (local.set $before (call $now (global.get $monotonic)))
    (call $put_number (i64.sub (call $now (global.get $monotonic)) (local.get $before)) (i32.const 1))
    (call $put (i32.const 32))
    (call $put (i32.const 110)) ;; n
    (call $put (i32.const 115)) ;; s
    (call $put (i32.const 10)))

  (func $line_dice
    (local $left i32)
    (call $put_name (i32.const 272))
    (local.set $left (i32.const 4))
    (loop $next
      (call $put (i32.add (call $random (i32.const 6)) (i32.const 49)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (call $put (select (i32.const 32) (i32.const 10) (local.get $left)))
      (br_if $next (local.get $left))))

  ;; Fisher and Yates: each place, from the last, is swapped with a random one that is not behind it.
  (func $line_list
    (local $i i32) (local $j i32) (local $kept i32)
    (call $put_name (i32.const 280))
    (i64.store (i32.const 128) (i64.const 0x3837363534333231)) ;; "12345678"
    (local.set $i (i32.const 7))
    (loop $next
      (local.set $j (call $random (i32.add (local.get $i) (i32.const 1))))
      (local.set $kept (i32.load8_u offset=128 (local.get $i)))
      (i32.store8 offset=128 (local.get $i) (i32.load8_u offset=128 (local.get $j)))
      (i32.store8 offset=128 (local.get $j) (local.get $kept))
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (br_if $next (local.get $i)))
    (loop $print
      (call $put (i32.load8_u offset=128 (local.get $i)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (call $put (select (i32.const 32) (i32.const 10) (i32.lt_u (local.get $i) (i32.const 8))))
      (br_if $print (i32.lt_u (local.get $i) (i32.const 8)))))

  (func (export "_start")
    (local $start i64) (local $before i64)
    (local.set $start (call $now (global.get $monotonic)))

    (call $put_name (i32.const 256))
    (call $put_seconds (call $now (global.get $wall)) (i64.const 1000000) (i32.const 3))
    (call $line_ticks)
    (call $line_dice)
    (call $line_list)

    (call $put_name (i32.const 288))
    (local.set $before (call $now (global.get $monotonic)))
    (call $sleep (call $argument))
    (call $put_seconds
      (i64.sub (call $now (global.get $monotonic)) (local.get $before)) (i64.const 1000) (i32.const 6))

    (call $put_name (i32.const 296))
    (call $put_seconds
      (i64.sub (call $now (global.get $monotonic)) (local.get $start)) (i64.const 1000) (i32.const 6))
    (call $write_out)))
