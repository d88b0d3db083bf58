//! What the benches share: a guest's loop, timed.
//!
//! The loop runs inside the guest, so that a call costs what it costs a guest; what the guest counted is asserted.

use std::time::{Duration, Instant};

use criterion::{BenchmarkGroup, measurement::WallTime};
use wasmtime::{Linker, Module, Store};

/// How long each line of a group is measured. The machines are noisy; only lines of one run are compared.
pub const MEASUREMENT: Duration = Duration::from_secs(3);

/// Times `run(n)`, which does the work `n` times and returns how often it succeeded. A guest that has to get ready exports
/// `prepare`, which returns an errno.
pub fn time<T: 'static>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    linker: &Linker<T>,
    module: &Module,
    data: T,
) {
    let mut store = Store::new(linker.engine(), data);
    let instance = linker.instantiate(&mut store, module).expect("the guest links");
    if let Ok(prepare) = instance.get_typed_func::<(), i32>(&mut store, "prepare") {
        assert_eq!(prepare.call(&mut store, ()).expect("it ends well"), 0, "{name}: the guest is not ready");
    }
    let run = instance.get_typed_func::<u64, u64>(&mut store, "run").expect("it exports `run`");
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|calls| {
            let start = Instant::now();
            let done = run.call(&mut store, calls).expect("it ends well");
            let taken = start.elapsed();
            assert_eq!(done, calls, "{name}: a call failed");
            taken
        });
    });
}

/// The text of a guest that has `body` done again and again. `body` is WebAssembly text that leaves 0 on the stack if it
/// succeeded; `before` are definitions that it needs.
pub fn looping(before: &str, body: &str) -> String {
    format!(
        r#"(module
        {before}
        (memory (export "memory") 64)
        (func (export "run") (param $left i64) (result i64) (local $done i64)
            (loop $again
                (if (i32.eqz {body})
                    (then (local.set $done (i64.add (local.get $done) (i64.const 1)))))
                (local.set $left (i64.sub (local.get $left) (i64.const 1)))
                (br_if $again (i64.ne (local.get $left) (i64.const 0))))
            (local.get $done)))"#
    )
}
