//! Tasks of WASI 0.3 that wait beside each other.

use deterministic_wasmtime::core::{Instant, Policies, Seed};
use deterministic_wasmtime::policies::{OneAtATime, Preset, SeededOrder};
use deterministic_wasmtime::{Error, p3};
use wasmtime::component::Component;

use crate::host::{async_linker, engine, store};

const HOUR: u64 = 3_600_000_000_000;

/// Starts four waits, of 3, 1, 2 and 1 hours, and returns the order in which they ended, as decimal digits of their
/// numbers from 1; behind it, the monotonic clock's hours at the end.
const TASKS: &str = r#"(component
    (import "wasi:clocks/monotonic-clock@0.3.0" (instance $clock
        (export "now" (func (result u64)))
        (export "wait-for" (func async (param "how-long" u64)))))
    (core module $Memory (memory (export "memory") 1))
    (core instance $memory (instantiate $Memory))
    (core func $now (canon lower (func $clock "now")))
    (core func $wait (canon lower (func $clock "wait-for") async (memory (core memory $memory "memory"))))
    (core func $new (canon waitable-set.new))
    (core func $join (canon waitable.join))
    (core func $drop (canon subtask.drop))
    (core func $return (canon task.return (result u64)))
    (core module $Main
        (import "" "now" (func $now (result i64)))
        (import "" "wait" (func $wait (param i64) (result i32)))
        (import "" "new" (func $new (result i32)))
        (import "" "join" (func $join (param i32 i32)))
        (import "" "drop" (func $drop (param i32)))
        (import "" "return" (func $return (param i64)))
        (global $set (mut i32) (i32.const 0))
        (global $order (mut i64) (i64.const 0))
        (global $left (mut i32) (i32.const 4))
        (global $first (mut i32) (i32.const 0))
        (func $start (param $hours i64)
            (local $subtask i32)
            (local.set $subtask (call $wait (i64.mul (local.get $hours) (i64.const 3600000000000))))
            ;; It has started, and is not over.
            (if (i32.ne (i32.and (local.get $subtask) (i32.const 15)) (i32.const 1)) (then unreachable))
            (local.set $subtask (i32.shr_u (local.get $subtask) (i32.const 4)))
            (if (i32.eqz (global.get $first)) (then (global.set $first (local.get $subtask))))
            (call $join (local.get $subtask) (global.get $set)))
        (func (export "run") (result i32)
            (global.set $set (call $new))
            (call $start (i64.const 3))
            (call $start (i64.const 1))
            (call $start (i64.const 2))
            (call $start (i64.const 1))
            (i32.or (i32.const 2) (i32.shl (global.get $set) (i32.const 4))))
        ;; A subtask is over: its number, counted from the first.
        (func (export "event") (param $kind i32) (param $subtask i32) (param $state i32) (result i32)
            (if (i32.ne (local.get $kind) (i32.const 1)) (then unreachable))
            (if (i32.ne (local.get $state) (i32.const 2)) (then unreachable))
            (call $join (local.get $subtask) (i32.const 0))
            (call $drop (local.get $subtask))
            (global.set $order (i64.add (i64.mul (global.get $order) (i64.const 10))
                (i64.extend_i32_u (i32.add (i32.sub (local.get $subtask) (global.get $first)) (i32.const 1)))))
            (global.set $left (i32.sub (global.get $left) (i32.const 1)))
            (if (i32.eqz (global.get $left))
                (then
                    (call $return (i64.add (i64.mul (global.get $order) (i64.const 10))
                        (i64.div_u (call $now) (i64.const 3600000000000))))
                    (return (i32.const 0))))
            (i32.or (i32.const 2) (i32.shl (global.get $set) (i32.const 4)))))
    (core instance $main (instantiate $Main (with "" (instance
        (export "now" (func $now)) (export "wait" (func $wait)) (export "new" (func $new))
        (export "join" (func $join)) (export "drop" (func $drop)) (export "return" (func $return))))))
    (func (export "run") async (result u64)
        (canon lift (core func $main "run") async (callback (core func $main "event")))))"#;

fn run(policies: Policies) -> (u64, Instant) {
    let engine = engine();
    let component = Component::new(&engine, TASKS).unwrap();
    let linker = async_linker(&engine);
    let mut store = store(&engine, policies);
    let waits = store.data().deterministic().waits();
    let (order,) = p3::block_on(&waits, async {
        let instance = linker.instantiate_async(&mut store, &component).await?;
        let run = instance.get_typed_func::<(), (u64,)>(&mut store, "run")?;
        run.call_async(&mut store, ()).await
    })
    .unwrap()
    .unwrap();
    (order, store.data().deterministic().now())
}

#[test]
fn tasks_wake_in_the_order_of_their_deadlines() {
    let (order, now) = run(Policies::default());
    assert_eq!(order, 24_313);
    assert_eq!(now, Instant::from_nanos(3 * HOUR + 1));
}

#[test]
fn ties_are_the_scheduler_s() {
    let orders: Vec<u64> = (0..16)
        .map(|seed| {
            let run = || {
                run(Policies { scheduler: Box::new(SeededOrder::new(&Seed::from_u64(seed))), ..Policies::default() })
            };
            assert_eq!(run(), run());
            run().0
        })
        .collect();
    // Only the two of equal deadline change places.
    assert!(orders.iter().all(|order| [24_313, 42_313].contains(order)), "{orders:?}");
    assert!(orders.contains(&24_313) && orders.contains(&42_313), "{orders:?}");
    let (order, _) = run(Policies { scheduler: Box::new(OneAtATime::new()), ..Policies::default() });
    assert!([24_313, 42_313].contains(&order), "{order}");
}

#[test]
fn every_preset_gives_the_same_run_twice() {
    for preset in Preset::ALL.iter().copied().filter(|preset| preset.name() != "host") {
        // Where time stands still or every timer is due at once, the waits are over when they start, or in any order.
        if matches!(preset, Preset::DeterministicWasiCtx) {
            continue;
        }
        let run = || run(preset.policies(&Seed::from_u64(3)));
        assert_eq!(run(), run(), "{preset}");
    }
}

#[test]
fn a_wait_that_nobody_drives_is_a_typed_error() {
    let engine = engine();
    let component = Component::new(&engine, TASKS).unwrap();
    let mut store = store(&engine, Policies::default());
    let result = wasmtime_wasi::runtime::in_tokio(async {
        let instance = async_linker(&engine).instantiate_async(&mut store, &component).await?;
        let run = instance.get_typed_func::<(), (u64,)>(&mut store, "run")?;
        run.call_async(&mut store, ()).await
    });
    let error = result.unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Error::NotDriven)), "{error:?}");
}

#[test]
fn a_wait_that_cannot_end_is_a_deadlock() {
    let waits = p3::Waits::default();
    let result = p3::block_on(&waits, std::future::pending::<()>());
    assert!(matches!(result, Err(Error::Deadlock { .. })));
}

#[test]
fn a_call_is_driven_within_an_asynchronous_function_too() {
    let expected = run(Policies::default());
    assert_eq!(wasmtime_wasi::runtime::in_tokio(async { run(Policies::default()) }), expected);
}
