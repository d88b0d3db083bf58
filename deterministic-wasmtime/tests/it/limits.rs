//! What ends a guest, what a store keeps, and what the asynchronous linker shares with the synchronous one.

use std::pin::Pin;

use deterministic_wasmtime::core::{ClockId, Instant, Policies, PolicyError, Rules, Seed};
use deterministic_wasmtime::policies::{FuelClock, Preset};
use deterministic_wasmtime::{Error, WasiCtxBuilderExt as _, configure, p1};
use wasmtime::{Config, Engine, Linker, Module, Store};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::cli::{IsTerminal, StdinStream};

use crate::probe::{Bench, Version, text};

/// A standard input that never has anything, and never ends.
struct Silent;

impl IsTerminal for Silent {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for Silent {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncRead + Send + Sync> {
        Box::new(Silent)
    }
}

impl tokio::io::AsyncRead for Silent {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        _: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Pending
    }
}

#[test]
fn a_wait_that_cannot_end_is_a_typed_error() {
    let bench = Bench::new();
    let mut probe = bench.ours_with(Version::P1, Policies::default(), |builder| {
        builder.stdin(Silent);
    });
    let mut record = [0; 48];
    record[8] = 1; // read from descriptor 0
    probe.write(1024, &record);
    let error = probe.call("poll_oneoff", (1024, 4096, 1, 8)).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Error::Deadlock { .. })), "{error:?}");
    // With a timer beside it the timer fires.
    probe.write(1024 + 48 + 16, &[1]);
    probe.write(1024 + 48 + 24, &[100]);
    assert_eq!(probe.call("poll_oneoff", (1024, 4096, 2, 8)).unwrap(), 0);
    assert_eq!((probe.u32(8), probe.bytes::<1>(4096 + 10)), (1, [0]));
}

#[test]
fn strict_refuses_secure_randomness_with_an_error_that_says_so() {
    let bench = Bench::new();
    let mut probe = bench.ours(Version::P1, Preset::Strict.policies(&Seed::default()));
    for len in [0, 8] {
        let error = probe.call("random_get", (0, len)).unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(PolicyError::RandomRefused)), "{error:?}");
    }
}

#[test]
fn a_clock_that_refuses_ends_the_guest_and_lets_it_sleep() {
    let bench = Bench::new();
    let rules = || Rules { refused_clocks: ClockId::ALL.into(), ..Rules::default() };
    let policies = || Policies { rules: rules(), ..Policies::default() };
    for version in [Version::P0, Version::P1] {
        let mut probe = bench.ours(version, policies());
        for (number, id) in [ClockId::Realtime, ClockId::Monotonic, ClockId::ProcessCpuTime, ClockId::ThreadCpuTime]
            .into_iter()
            .enumerate()
        {
            let error = probe.call("clock_time_get", (number as i32, 0i64, 0)).unwrap_err();
            let refused = error.downcast_ref();
            assert!(matches!(refused, Some(PolicyError::ClockRefused { clock }) if *clock == id), "{error:?}");
        }
    }
    let mut probe = bench.ours(Version::P1, policies());
    probe.write(1024 + 16, &[1]); // the monotonic clock
    probe.write(1024 + 24, &[100]);
    assert_eq!(probe.call("poll_oneoff", (1024, 4096, 1, 8)).unwrap(), 0);
}

#[test]
fn too_many_random_bytes_at_once_are_a_typed_error() {
    let bench = Bench::new();
    let mut probe = bench.ours(Version::P1, Policies::default());
    let error = probe.call("random_get", (0, (64 << 20) + 1)).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Error::RandomTooLong { max: 0x400_0000, .. })), "{error:?}");
}

const SPIN: &str = r#"(module
    (import "wasi_snapshot_preview1" "clock_time_get" (func $now (param i32 i64 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "run") (param $nanos i64)
        (drop (call $now (i32.const 1) (i64.const 0) (i32.const 0)))
        (local.set $nanos (i64.add (local.get $nanos) (i64.load (i32.const 0))))
        (loop $again
            (drop (call $now (i32.const 1) (i64.const 0) (i32.const 0)))
            (br_if $again (i64.lt_u (i64.load (i32.const 0)) (local.get $nanos))))))"#;

fn fuel_policies() -> Policies {
    Policies { clock: Box::new(FuelClock::default()), ..Policies::default() }
}

#[test]
fn under_the_fuel_clock_a_guest_that_spins_until_a_deadline_ends() {
    let run = || {
        let engine = Engine::new(configure(Config::new().consume_fuel(true))).unwrap();
        let mut linker = Linker::new(&engine);
        p1::add_to_linker_sync(&mut linker, |ctx: &mut p1::P1Ctx| ctx).unwrap();
        let mut store = Store::new(&engine, WasiCtxBuilder::new().build_deterministic_p1(fuel_policies()));
        store.set_fuel(u64::MAX).unwrap();
        store.data_mut().deterministic_mut().fuel_was_set(u64::MAX);
        let instance = linker.instantiate(&mut store, &Module::new(&engine, SPIN).unwrap()).unwrap();
        instance.get_typed_func::<i64, ()>(&mut store, "run").unwrap().call(&mut store, 100_000).unwrap();
        (store.data().deterministic().now(), store.get_fuel().unwrap())
    };
    let (now, fuel) = run();
    assert!(now >= Instant::from_nanos(100_001), "{now:?}");
    assert_eq!((now, fuel), run());
    // A nanosecond for each unit, from the beginning to the last reading.
    let passed = now.as_nanos() - 1;
    assert!((u64::MAX - fuel - 10..=u64::MAX - fuel).contains(&passed), "{passed} of {}", u64::MAX - fuel);
}

#[test]
fn a_fuel_clock_without_fuel_is_a_typed_error() {
    let bench = Bench::new();
    let mut probe = bench.ours(Version::P1, fuel_policies());
    let error = probe.call("clock_time_get", (1, 0i64, 0)).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Error::NoFuel)), "{error:?}");
}

#[test]
fn a_saved_run_continues_as_the_original() {
    let bench = Bench::new();
    let policies = || Preset::Simulation.policies(&Seed::from_u64(4));
    let mut original = bench.ours(Version::P1, policies());
    original.call("random_get", (0, 13)).unwrap();
    original.call("clock_time_get", (1, 0i64, 64)).unwrap();
    let state = original.store.data().deterministic().save().unwrap();
    let mut copy = bench.ours(Version::P1, policies());
    copy.store.data_mut().deterministic_mut().restore(&state).unwrap();
    for probe in [&mut original, &mut copy] {
        probe.call("random_get", (0, 29)).unwrap();
        probe.call("clock_time_get", (1, 0i64, 64)).unwrap();
    }
    assert_eq!((original.bytes::<29>(0), original.u64(64)), (copy.bytes::<29>(0), copy.u64(64)));
    let calls: Vec<_> = original.store.data().deterministic().host_calls().collect();
    assert_eq!(calls, [("clock_time_get", 2), ("random_get", 2)]);
}

#[test]
fn two_instances_in_one_store_use_their_own_memories_and_one_timeline() {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    p1::add_to_linker_sync(&mut linker, |ctx: &mut p1::P1Ctx| ctx).unwrap();
    let policies = Preset::Simulation.policies(&Seed::default());
    let mut store = Store::new(&engine, WasiCtxBuilder::new().build_deterministic_p1(policies));
    let modules = [1, 2].map(|pages| Module::new(&engine, text("wasi_snapshot_preview1", pages)).unwrap());
    let instances = modules.map(|module| linker.instantiate(&mut store, &module).unwrap());
    let mut shown = Vec::new();
    for instance in [0, 1, 0, 1].map(|i: usize| instances[i]) {
        let read = instance.get_typed_func::<(i32, i64, i32), i32>(&mut store, "clock_time_get").unwrap();
        assert_eq!(read.call(&mut store, (1, 0, 0)).unwrap(), 0);
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        shown.push(u64::from_le_bytes(memory.data(&store)[..8].try_into().unwrap()));
    }
    assert_eq!(shown, [1_001, 2_001, 3_001, 4_001]);
}

#[test]
fn the_asynchronous_linker_answers_the_same() {
    let bench = Bench::new();
    let mut sync = bench.ours(Version::P1, Policies::default());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let engine = bench.ours.engine();
    let mut linker = Linker::new(engine);
    p1::add_to_linker_async(&mut linker, |ctx: &mut p1::P1Ctx| ctx).unwrap();
    let module = Module::new(engine, text("wasi_snapshot_preview1", 1)).unwrap();
    let ctx = WasiCtxBuilder::new().build_deterministic_p1(Policies::default());
    let mut store = Store::new(engine, ctx);
    let memory = runtime.block_on(async {
        let instance = linker.instantiate_async(&mut store, &module).await.unwrap();
        let random = instance.get_typed_func::<(i32, i32), i32>(&mut store, "random_get").unwrap();
        assert_eq!(random.call_async(&mut store, (0, 100)).await.unwrap(), 0);
        let read = instance.get_typed_func::<(i32, i32, i32, i32), i32>(&mut store, "fd_read").unwrap();
        // An empty standard input ends at once.
        assert_eq!(read.call_async(&mut store, (0, 1024, 1, 200)).await.unwrap(), 0);
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        memory.data(&store).to_vec()
    });
    assert_eq!(sync.call("random_get", (0, 100)).unwrap(), 0);
    assert_eq!(sync.call("fd_read", (0, 1024, 1, 200)).unwrap(), 0);
    assert!(sync.contents() == memory);
}
