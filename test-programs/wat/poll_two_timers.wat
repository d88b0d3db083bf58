;; Relative timers of 3 ms and of 1 ms in one call: one event or both, each once, none before its time unless time stands
;; still. Nothing is written but the events that are reported and the four bytes of their number.
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

  (func (export "_start") (local $before i64) (local $passed i64) (local $count i32) (local $at i32) (local $seen i32)
        (local $bit i32)
    (call $timer (i32.const 64) (i64.const 0x1111111111111111) (i32.const 1) (i64.const 3000000) (i32.const 0))
    (call $timer (i32.const 112) (i64.const 0x2222222222222222) (i32.const 1) (i64.const 1000000) (i32.const 0))
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
      (if (i64.eq (i64.load (local.get $at)) (i64.const 0x1111111111111111))
        (then
          (local.set $bit (i32.const 1))
          (call $assert (i32.or
            (i64.eqz (local.get $passed))
            (i64.ge_u (local.get $passed) (i64.const 3000000)))))
        (else
          (call $assert (i64.eq (i64.load (local.get $at)) (i64.const 0x2222222222222222)))
          (local.set $bit (i32.const 2))
          (call $assert (i32.or
            (i64.eqz (local.get $passed))
            (i64.ge_u (local.get $passed) (i64.const 1000000))))))
      (call $assert (i32.eqz (i32.and (local.get $seen) (local.get $bit)))) ;; not twice
      (local.set $seen (i32.or (local.get $seen) (local.get $bit)))
      (local.set $at (i32.add (local.get $at) (i32.const 32)))
      (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (call $untouched (local.get $at))))
