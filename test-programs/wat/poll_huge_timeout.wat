;; A timer as far ahead as can be said (2^64 - 1 ns) beside one of 1 ns: the sum does not wrap, so the far one is not due
;; unless time stands still. The same with an absolute deadline.
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)

  (func $assert (param $holds i32)
    (if (i32.eqz (local.get $holds)) (then unreachable)))

  (func $now (param $clock i32) (result i64)
    (call $assert (i32.eqz (call $clock_time_get (local.get $clock) (i64.const 1) (i32.const 8))))
    (i64.load (i32.const 8)))

  ;; A subscription to a clock.
  (func $timer (param $at i32) (param $userdata i64) (param $clock i32) (param $timeout i64) (param $flags i32)
    (memory.fill (local.get $at) (i32.const 0) (i32.const 48))
    (i64.store (local.get $at) (local.get $userdata))
    (i32.store8 offset=8 (local.get $at) (i32.const 0))
    (i32.store offset=16 (local.get $at) (local.get $clock))
    (i64.store offset=24 (local.get $at) (local.get $timeout))
    (i64.store offset=32 (local.get $at) (i64.const 1))
    (i32.store16 offset=40 (local.get $at) (local.get $flags)))

  ;; 0xa5 where the host may write: events from 1024, their number at 2048.
  (func $canary
    (memory.fill (i32.const 1024) (i32.const 0xa5) (i32.const 1032)))

  ;; The event at this place: success, of this type, and what is padding is as it was or zero.
  (func $event (param $at i32) (param $type i32)
    (call $assert (i32.eqz (i32.load16_u offset=8 (local.get $at))))
    (call $assert (i32.eq (i32.load8_u offset=10 (local.get $at)) (local.get $type)))
    (call $padding (i32.add (local.get $at) (i32.const 11)) (i32.const 5))
    (call $padding (i32.add (local.get $at) (i32.const 26)) (i32.const 6)))

  (func $padding (param $at i32) (param $left i32) (local $byte i32)
    (loop $next
      (local.set $byte (i32.load8_u (local.get $at)))
      (call $assert (i32.or (i32.eqz (local.get $byte)) (i32.eq (local.get $byte) (i32.const 0xa5))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))

  ;; Nothing was written from here to the number of events, and no more than four bytes there.
  (func $untouched (param $at i32)
    (loop $next
      (call $assert (i64.eq (i64.load (local.get $at)) (i64.const 0xa5a5a5a5a5a5a5a5)))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 2048))))
    (call $assert (i32.eq (i32.load (i32.const 2052)) (i32.const 0xa5a5a5a5))))

  (func $poll (param $flags i32) (local $before i64) (local $passed i64) (local $count i32) (local $at i32)
    (call $timer (i32.const 64) (i64.const 1) (i32.const 1) (i64.const -1) (local.get $flags))
    (call $timer (i32.const 112) (i64.const 2) (i32.const 1) (i64.const 1) (i32.const 0))
    (call $canary)
    (local.set $before (call $now (i32.const 1)))
    (call $assert (i32.eqz
      (call $poll_oneoff (i32.const 64) (i32.const 1024) (i32.const 2) (i32.const 2048))))
    (local.set $passed (i64.sub (call $now (i32.const 1)) (local.get $before)))

    (local.set $count (i32.load (i32.const 2048)))
    (call $assert (i32.lt_u (i32.sub (local.get $count) (i32.const 1)) (i32.const 2)))
    (local.set $at (i32.const 1024))
    (loop $next
      (call $event (local.get $at) (i32.const 0))
      (call $assert (i32.or
        (i64.eq (i64.load (local.get $at)) (i64.const 2))
        (i32.and (i64.eq (i64.load (local.get $at)) (i64.const 1)) (i64.eqz (local.get $passed)))))
      (local.set $at (i32.add (local.get $at) (i32.const 32)))
      (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (call $untouched (local.get $at)))

  (func (export "_start")
    (call $poll (i32.const 0))
    (call $poll (i32.const 1))))
