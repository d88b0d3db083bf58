;; Copies `in` to `out` through its memory, with one read and one write, and to `spliced` by handing over the stream.
(module
  (import "wasi:filesystem/preopens@0.3.0" "get-directories" (func $directories (param i32)))
  (import "wasi:filesystem/types@0.3.0" "[method]descriptor.open-at"
    (func $open (param i32 i32 i32 i32 i32 i32 i32)))
  (import "wasi:filesystem/types@0.3.0" "[method]descriptor.read-via-stream" (func $input (param i32 i64 i32)))
  (import "wasi:filesystem/types@0.3.0" "[method]descriptor.write-via-stream"
    (func $output (param i32 i32 i64) (result i32)))
  (import "wasi:filesystem/types@0.3.0" "[async-lower][stream-read-0][method]descriptor.read-via-stream"
    (func $read (param i32 i32 i32) (result i32)))
  (import "wasi:filesystem/types@0.3.0" "[stream-new-0][method]descriptor.write-via-stream"
    (func $new (result i64)))
  (import "wasi:filesystem/types@0.3.0" "[async-lower][stream-write-0][method]descriptor.write-via-stream"
    (func $write (param i32 i32 i32) (result i32)))
  (import "wasi:filesystem/types@0.3.0" "[stream-drop-writable-0][method]descriptor.write-via-stream"
    (func $drop (param i32)))
  (import "wasi:filesystem/types@0.3.0" "[async-lower][future-read-1][method]descriptor.write-via-stream"
    (func $end (param i32 i32) (result i32)))
  (import "$root" "[waitable-set-new]" (func $set (result i32)))
  (import "$root" "[waitable-set-wait]" (func $wait (param i32 i32) (result i32)))
  (import "$root" "[waitable-join]" (func $join (param i32 i32)))
  (import "[export]wasi:cli/run@0.3.0" "[task-return]run" (func $return (param i32)))
  (memory (export "memory") 16)
  (data (i32.const 1024) "in")
  (data (i32.const 1032) "out")
  (data (i32.const 1040) "spliced")
  (global $next (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func $opened (param $dir i32) (param $path i32) (param $len i32) (param $open i32) (param $flags i32) (result i32)
    (call $open (local.get $dir) (i32.const 0) (local.get $path) (local.get $len) (local.get $open) (local.get $flags)
      (i32.const 256))
    (if (i32.load8_u (i32.const 256)) (then unreachable))
    (i32.load (i32.const 260)))
  (func $well (param $future i32)
    (local $set i32)
    ;; Completed, at once or after a wait, and no error.
    (local.set $set (call $set))
    (i32.store (i32.const 532) (call $end (local.get $future) (i32.const 512)))
    (if (i32.eq (i32.load (i32.const 532)) (i32.const -1))
      (then
        (call $join (local.get $future) (local.get $set))
        (drop (call $wait (local.get $set) (i32.const 528)))
        (call $join (local.get $future) (i32.const 0))))
    (if (i32.load (i32.const 532)) (then unreachable))
    (if (i32.load8_u (i32.const 512)) (then unreachable)))
  (func (export "[async-lift]wasi:cli/run@0.3.0#run") (result i32)
    (local $dir i32) (local $in i32) (local $ends i64) (local $written i32)
    (call $directories (i32.const 0))
    (local.set $dir (i32.load (i32.load (i32.const 0))))
    (local.set $in (call $opened (local.get $dir) (i32.const 1024) (i32.const 2) (i32.const 0) (i32.const 1)))

    (call $input (local.get $in) (i64.const 0) (i32.const 16))
    ;; All that is there at once: 200 KiB, completed. The buffer is larger.
    (if (i32.ne (call $read (i32.load (i32.const 16)) (i32.const 65536) (i32.const 262144))
        (i32.shl (i32.const 204800) (i32.const 4)))
      (then unreachable))
    ;; Then the end: dropped.
    (if (i32.ne (call $read (i32.load (i32.const 16)) (i32.const 65536) (i32.const 262144)) (i32.const 1))
      (then unreachable))

    (local.set $ends (call $new))
    (local.set $written (call $output
      (call $opened (local.get $dir) (i32.const 1032) (i32.const 3) (i32.const 1) (i32.const 2))
      (i32.wrap_i64 (local.get $ends)) (i64.const 0)))
    (if (i32.ne
        (call $write (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))) (i32.const 65536) (i32.const 204800))
        (i32.shl (i32.const 204800) (i32.const 4)))
      (then unreachable))
    (call $drop (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
    (call $well (local.get $written))

    (call $input (local.get $in) (i64.const 0) (i32.const 16))
    (call $well (call $output
      (call $opened (local.get $dir) (i32.const 1040) (i32.const 7) (i32.const 1) (i32.const 2))
      (i32.load (i32.const 16)) (i64.const 0)))
    (call $return (i32.const 0))
    (i32.const 0))
  (func (export "[callback][async-lift]wasi:cli/run@0.3.0#run") (param i32 i32 i32) (result i32) unreachable))
