;; Reading from stdin, writing to stdout and to stderr: some of them are ready, each is told once, with its own type.
;; Whatever stdin holds.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)

  (func $assert (param $holds i32)
    (if (i32.eqz (local.get $holds)) (then unreachable)))

  ;; A subscription to a descriptor: tag 1 for reading, 2 for writing.
  (func $fd (param $at i32) (param $userdata i64) (param $tag i32) (param $fd i32)
    (memory.fill (local.get $at) (i32.const 0) (i32.const 48))
    (i64.store (local.get $at) (local.get $userdata))
    (i32.store8 offset=8 (local.get $at) (local.get $tag))
    (i32.store offset=16 (local.get $at) (local.get $fd)))

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

  (func (export "_start") (local $count i32) (local $at i32) (local $seen i32) (local $bit i32) (local $which i64)
    (call $fd (i32.const 64) (i64.const 100) (i32.const 1) (i32.const 0))
    (call $fd (i32.const 112) (i64.const 101) (i32.const 2) (i32.const 1))
    (call $fd (i32.const 160) (i64.const 102) (i32.const 2) (i32.const 2))
    (call $canary)
    (call $assert (i32.eqz
      (call $poll_oneoff (i32.const 64) (i32.const 1024) (i32.const 3) (i32.const 2048))))

    (local.set $count (i32.load (i32.const 2048)))
    (call $assert (i32.lt_u (i32.sub (local.get $count) (i32.const 1)) (i32.const 3)))
    (local.set $at (i32.const 1024))
    (loop $next
      (local.set $which (i64.sub (i64.load (local.get $at)) (i64.const 100)))
      (call $assert (i64.lt_u (local.get $which) (i64.const 3)))
      (call $event (local.get $at) (select (i32.const 1) (i32.const 2) (i64.eqz (local.get $which))))
      (local.set $bit (i32.shl (i32.const 1) (i32.wrap_i64 (local.get $which))))
      (call $assert (i32.eqz (i32.and (local.get $seen) (local.get $bit)))) ;; not twice
      (local.set $seen (i32.or (local.get $seen) (local.get $bit)))
      (local.set $at (i32.add (local.get $at) (i32.const 32)))
      (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (call $untouched (local.get $at))))
