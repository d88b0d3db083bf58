;; A hundred yields by the older ABI succeed.
(module
  (import "wasi_unstable" "sched_yield" (func $sched_yield (result i32)))
  (memory (export "memory") 1)

  (func $assert (param $holds i32)
    (if (i32.eqz (local.get $holds)) (then unreachable)))

  (func (export "_start") (local $left i32)
    (local.set $left (i32.const 100))
    (loop $next
      (call $assert (i32.eqz (call $sched_yield)))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))
