//! Tasks of one store that wait in different ways beside each other: a wait of WASI 0.2 stops none of 0.3.

use deterministic_wasmtime::core::{Policies, Seed};
use deterministic_wasmtime::policies::{Preset, SeededOrder};
use deterministic_wasmtime::{ComponentCtx, p2, p3};
use wasmtime::component::{Component, Linker};

use crate::host::{async_linker, engine, store};

const MILLISECOND: u64 = 1_000_000;

/// How the sleeper sleeps: with which imports, lowered how, called how. All have `$sleep` with nanoseconds.
struct Sleeper {
    imports: &'static str,
    with: &'static str,
    lowered: &'static str,
    functions: &'static str,
}

/// `poll` and `block` of 0.2, and a wait of 0.3.
const BLOCK: Sleeper = Sleeper {
    imports: r#"(import "pollable" (type $p (sub resource)))
        (import "block" (func $block (param "self" (borrow $p))))
        (import "sub" (func $sub (param "when" u64) (result (own $p))))"#,
    with: r#"(with "pollable" (type $pollable)) (with "block" (func $poll "[method]pollable.block"))
        (with "sub" (func $old "subscribe-duration"))"#,
    lowered: r#"(core func $block (canon lower (func $block))) (core func $sub (canon lower (func $sub)))
        (core func $drop (canon resource.drop $p))
        (core instance $wasi (export "block" (func $block)) (export "sub" (func $sub)) (export "drop" (func $drop)))"#,
    functions: r#"(import "wasi" "block" (func $block (param i32))) (import "wasi" "sub" (func $sub (param i64) (result i32)))
        (import "wasi" "drop" (func $drop (param i32)))
        (func $sleep (param i64) (local $timer i32)
            (local.set $timer (call $sub (local.get 0))) (call $block (local.get $timer)) (call $drop (local.get $timer)))"#,
};
const POLL: Sleeper = Sleeper {
    imports: r#"(import "pollable" (type $p (sub resource)))
        (import "poll" (func $poll (param "in" (list (borrow $p))) (result (list u32))))
        (import "sub" (func $sub (param "when" u64) (result (own $p))))"#,
    with: r#"(with "pollable" (type $pollable)) (with "poll" (func $poll "poll"))
        (with "sub" (func $old "subscribe-duration"))"#,
    lowered: r#"(core module $Libc (memory (export "memory") 1)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
        (core instance $libc (instantiate $Libc))
        (core func $poll (canon lower (func $poll) (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
        (core func $sub (canon lower (func $sub)))
        (core instance $wasi (export "poll" (func $poll)) (export "sub" (func $sub)) (export "memory" (memory $libc "memory")))"#,
    functions: r#"(import "wasi" "poll" (func $poll (param i32 i32 i32))) (import "wasi" "sub" (func $sub (param i64) (result i32)))
        (import "wasi" "memory" (memory 1))
        ;; Two timers, the later one first.
        (func $sleep (param i64)
            (i32.store (i32.const 0) (call $sub (i64.mul (local.get 0) (i64.const 9))))
            (i32.store (i32.const 4) (call $sub (local.get 0)))
            (call $poll (i32.const 0) (i32.const 2) (i32.const 16))
            (if (i32.ne (i32.load (i32.load (i32.const 16))) (i32.const 1)) (then unreachable)))"#,
};
const WAIT: Sleeper = Sleeper {
    imports: r#"(import "wait" (func $wait async (param "how-long" u64)))"#,
    with: r#"(with "wait" (func $new "wait-for"))"#,
    lowered: r#"(core func $wait (canon lower (func $wait))) (core instance $wasi (export "wait" (func $wait)))"#,
    functions: r#"(import "wasi" "wait" (func $sleep (param i64)))"#,
};

/// `run` starts a timer of 0.3 and a task that sleeps, in the order told (`timer` first if not 0), for so many nanoseconds each.
/// It notes 1 when the timer is over and 2 when the task is, as decimal digits, and with each the time in milliseconds: the sum
/// is `digits * 10^6 + time of the first * 10^3 + time of the second`.
fn component(sleeper: &Sleeper) -> String {
    let Sleeper { imports, with, lowered, functions } = sleeper;
    format!(
        r#"(component
 (import "wasi:io/poll@0.2.6" (instance $poll
   (export "pollable" (type $p (sub resource)))
   (export "[method]pollable.block" (func (param "self" (borrow $p))))
   (export "poll" (func (param "in" (list (borrow $p))) (result (list u32))))))
 (alias export $poll "pollable" (type $pollable))
 (import "wasi:clocks/monotonic-clock@0.2.6" (instance $old
   (alias outer 1 $pollable (type $q)) (export "pollable" (type $pp (eq $q)))
   (export "subscribe-duration" (func (param "when" u64) (result (own $pp))))))
 (import "wasi:clocks/monotonic-clock@0.3.0" (instance $new
   (export "now" (func (result u64))) (export "wait-for" (func async (param "how-long" u64)))))
 (component $Sleeper
  {imports}
  {lowered}
  (core func $return (canon task.return))
  (core module $Main
    (import "" "return" (func $return))
    {functions}
    (func (export "run") (param i64) (result i32) (call $sleep (local.get 0)) (call $return) (i32.const 0))
    (func (export "event") (param i32 i32 i32) (result i32) unreachable))
  (core instance $main (instantiate $Main (with "wasi" (instance $wasi)) (with "" (instance (export "return" (func $return))))))
  (func (export "sleep") async (param "nanos" u64)
    (canon lift (core func $main "run") async (callback (core func $main "event")))))
 (instance $sleeper (instantiate $Sleeper {with}))
 (component $Main
  (import "now" (func $now (result u64)))
  (import "wait" (func $wait async (param "how-long" u64)))
  (import "sleep" (func $sleep async (param "nanos" u64)))
  (core module $Memory (memory (export "memory") 1))
  (core instance $memory (instantiate $Memory))
  (core func $now (canon lower (func $now)))
  (core func $wait (canon lower (func $wait) async (memory (core memory $memory "memory"))))
  (core func $sleep (canon lower (func $sleep) async (memory (core memory $memory "memory"))))
  (core func $new (canon waitable-set.new))
  (core func $join (canon waitable.join))
  (core func $drop (canon subtask.drop))
  (core func $return (canon task.return (result u64)))
  (core module $Code
    (import "" "now" (func $now (result i64)))
    (import "" "wait" (func $wait (param i64) (result i32)))
    (import "" "sleep" (func $sleep (param i64) (result i32)))
    (import "" "new" (func $new (result i32)))
    (import "" "join" (func $join (param i32 i32)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "return" (func $return (param i64)))
    (global $set (mut i32) (i32.const 0))
    (global $timer (mut i32) (i32.const 0))
    (global $digits (mut i64) (i64.const 0))
    (global $times (mut i64) (i64.const 0))
    (global $left (mut i32) (i32.const 2))
    (func $note (param $digit i64)
      (global.set $digits (i64.add (i64.mul (global.get $digits) (i64.const 10)) (local.get $digit)))
      (global.set $times (i64.add (i64.mul (global.get $times) (i64.const 1000))
        (i64.div_u (call $now) (i64.const 1000000))))
      (global.set $left (i32.sub (global.get $left) (i32.const 1))))
    (func $next (result i32)
      (if (i32.eqz (global.get $left)) (then
        (call $return (i64.add (i64.mul (global.get $digits) (i64.const 1000000)) (global.get $times)))
        (return (i32.const 0))))
      (i32.or (i32.const 2) (i32.shl (global.get $set) (i32.const 4))))
    ;; Over already, or one more to wait for.
    (func $started (param $status i32) (param $digit i64) (result i32) (local $task i32)
      (local.set $task (i32.shr_u (local.get $status) (i32.const 4)))
      (if (i32.eq (i32.and (local.get $status) (i32.const 15)) (i32.const 2))
        (then (call $note (local.get $digit)))
        (else (call $join (local.get $task) (global.get $set))))
      (local.get $task))
    (func $start_timer (param i64)
      (global.set $timer (call $started (call $wait (local.get 0)) (i64.const 1))))
    (func (export "run") (param $timer_first i32) (param $timer i64) (param $sleep i64) (result i32)
      (global.set $set (call $new))
      (if (local.get $timer_first) (then (call $start_timer (local.get $timer))))
      (drop (call $started (call $sleep (local.get $sleep)) (i64.const 2)))
      (if (i32.eqz (local.get $timer_first)) (then (call $start_timer (local.get $timer))))
      (call $next))
    (func (export "event") (param $kind i32) (param $task i32) (param $status i32) (result i32)
      (if (i32.eq (local.get $status) (i32.const 2)) (then
        (call $join (local.get $task) (i32.const 0))
        (call $drop (local.get $task))
        (call $note (select (i64.const 1) (i64.const 2) (i32.eq (local.get $task) (global.get $timer))))))
      (call $next)))
  (core instance $code (instantiate $Code (with "" (instance
    (export "now" (func $now)) (export "wait" (func $wait)) (export "sleep" (func $sleep)) (export "new" (func $new))
    (export "join" (func $join)) (export "drop" (func $drop)) (export "return" (func $return))))))
  (func (export "run") async (param "timer-first" bool) (param "timer" u64) (param "sleep" u64) (result u64)
    (canon lift (core func $code "run") async (callback (core func $code "event")))))
 (instance $main (instantiate $Main
   (with "now" (func $new "now")) (with "wait" (func $new "wait-for")) (with "sleep" (func $sleeper "sleep"))))
 (export "run" (func $main "run")))"#
    )
}

/// The digits, and the time of each in milliseconds.
type Order = (u64, u64, u64);

fn run(
    sleeper: &Sleeper,
    link: impl Fn(&mut Linker<ComponentCtx>),
    policies: Policies,
    timer_first: bool,
    [timer, sleep]: [u64; 2],
) -> Order {
    let engine = engine();
    let component = Component::new(&engine, component(sleeper)).unwrap();
    let mut linker = async_linker(&engine);
    link(&mut linker);
    let mut store = store(&engine, policies);
    let waits = store.data().deterministic().waits();
    let (order,) = p3::block_on(&waits, async {
        let instance = linker.instantiate_async(&mut store, &component).await?;
        let run = instance.get_typed_func::<(bool, u64, u64), (u64,)>(&mut store, "run")?;
        run.call_async(&mut store, (timer_first, timer * MILLISECOND, sleep * MILLISECOND)).await
    })
    .unwrap()
    .unwrap();
    (order / 1_000_000, order / 1000 % 1000, order % 1000)
}

fn synchronous(linker: &mut Linker<ComponentCtx>) {
    p2::add_to_linker_sync(linker).unwrap();
}

fn asynchronous(_: &mut Linker<ComponentCtx>) {}

#[test]
fn a_timer_of_0_3_beside_any_sleep_comes_at_its_time() {
    for link in [synchronous, asynchronous] {
        for (name, sleeper) in [("block", &BLOCK), ("poll", &POLL), ("wait-for", &WAIT)] {
            for timer_first in [true, false] {
                let run = |lengths| run(sleeper, link, Policies::default(), timer_first, lengths);
                assert_eq!(run([10, 100]), (12, 10, 100), "{name}, timer first: {timer_first}");
                assert_eq!(run([100, 10]), (21, 10, 100), "{name}, timer first: {timer_first}");
            }
        }
    }
}

#[test]
fn ties_between_versions_are_the_scheduler_s() {
    for (name, sleeper) in [("block", &BLOCK), ("wait-for", &WAIT)] {
        let orders: Vec<_> = (0..16)
            .map(|seed| {
                let policies =
                    || Policies { scheduler: Box::new(SeededOrder::new(&Seed::from_u64(seed))), ..Policies::default() };
                let run = || run(sleeper, asynchronous, policies(), true, [10, 10]);
                assert_eq!(run(), run());
                run()
            })
            .collect();
        assert!(orders.contains(&(12, 10, 10)) && orders.contains(&(21, 10, 10)), "{name}: {orders:?}");
    }
}

#[test]
fn every_preset_has_an_order_of_its_own_and_keeps_it() {
    // Where every timer is due at once there is no order to speak of.
    let all = Preset::ALL.iter().copied().filter(|preset| preset.name() != "host");
    for preset in all.filter(|&preset| preset != Preset::DeterministicWasiCtx) {
        for sleeper in [&BLOCK, &POLL, &WAIT] {
            let run = || run(sleeper, asynchronous, preset.policies(&Seed::from_u64(3)), true, [10, 100]);
            assert_eq!(run(), run(), "{preset}");
        }
    }
}
