;; Hands the stream of standard input to standard output, and ends when that one has seen its end.
(module
  (import "wasi:cli/stdin@0.3.0" "read-via-stream" (func $stdin (param i32)))
  (import "wasi:cli/stdout@0.3.0" "write-via-stream" (func $stdout (param i32) (result i32)))
  (import "wasi:cli/stdout@0.3.0" "[async-lower][future-read-1]write-via-stream"
    (func $read (param i32 i32) (result i32)))
  (import "$root" "[waitable-set-new]" (func $set (result i32)))
  (import "$root" "[waitable-join]" (func $join (param i32 i32)))
  (import "[export]wasi:cli/run@0.3.0" "[task-return]run" (func $return (param i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
  (func (export "[async-lift]wasi:cli/run@0.3.0#run") (result i32)
    (local $written i32) (local $set i32)
    (call $stdin (i32.const 0))
    (local.set $written (call $stdout (i32.load (i32.const 0))))
    ;; Blocked is -1; else the future is there at once, and its result is at 64.
    (if (i32.ne (call $read (local.get $written) (i32.const 64)) (i32.const -1))
      (then (call $return (i32.load8_u (i32.const 64))) (return (i32.const 0))))
    (local.set $set (call $set))
    (call $join (local.get $written) (local.get $set))
    (i32.or (i32.const 2) (i32.shl (local.get $set) (i32.const 4))))
  (func (export "[callback][async-lift]wasi:cli/run@0.3.0#run") (param i32 i32 i32) (result i32)
    (call $return (i32.load8_u (i32.const 64)))
    (i32.const 0)))
