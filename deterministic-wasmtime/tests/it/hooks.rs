//! The builder's hooks alone, and the functions of deterministic-wasi-ctx compared with that crate itself.

use std::num::NonZeroUsize;

use deterministic_wasmtime::WasiCtxBuilderExt as _;
use deterministic_wasmtime::core::{ClockId, Policies, Policy, PolicyError, Rng, Rules, Seed, VirtualClock};
use deterministic_wasmtime::policies::Preset;
use wasmtime::{Engine, Linker, Module, Result};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::WasiP1Ctx;

use crate::probe::{Bench, Probe, Version, text};

fn policies() -> Policies {
    Policies { clock: Box::new(VirtualClock::with_tick(3)), ..Policies::new(Seed::from_u64(8)) }
}

#[test]
fn hooks_give_the_same_bytes_and_readings_as_the_linker_functions() {
    let bench = Bench::new();
    let (mut hooks, mut linked) = (bench.stock(Version::P1, policies()), bench.ours(Version::P1, policies()));
    for len in [1, 8, 13, 100] {
        assert_eq!(hooks.call("random_get", (0, len)).unwrap(), 0);
        assert_eq!(linked.call("random_get", (0, len)).unwrap(), 0);
        assert_eq!(hooks.bytes::<100>(0), linked.bytes::<100>(0));
    }
    for id in [0, 1, 1, 0] {
        assert_eq!(hooks.call("clock_time_get", (id, 0i64, 0)).unwrap(), 0);
        assert_eq!(linked.call("clock_time_get", (id, 0i64, 0)).unwrap(), 0);
        assert_eq!(hooks.u64(0), linked.u64(0));
    }
}

struct Refuses;

impl Rng for Refuses {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), PolicyError> {
        Err(PolicyError::RandomRefused)
    }
    fn draw_u64(&mut self) -> Result<u64, PolicyError> {
        Err(PolicyError::RandomRefused)
    }
    fn word(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
}

impl Policy for Refuses {}

#[test]
fn hooks_do_not_take_a_generator_that_refuses() {
    let policies = Policies { secure_random: Box::new(Refuses), ..policies() };
    let mut builder = WasiCtxBuilder::new();
    assert!(matches!(builder.deterministic(policies), Err(PolicyError::RandomRefused)));
}

#[test]
fn hooks_do_not_take_a_clock_that_refuses() {
    let rules = |clock: ClockId| Rules { refused_clocks: [clock].into(), ..Rules::default() };
    let refusing = |clock| Policies { rules: rules(clock), ..policies() };
    for id in [ClockId::Realtime, ClockId::Monotonic] {
        let error = WasiCtxBuilder::new().deterministic(refusing(id)).err();
        assert!(matches!(error, Some(PolicyError::ClockRefused { clock }) if clock == id), "{error:?}");
    }
    // There is no hook for the others.
    assert!(WasiCtxBuilder::new().deterministic(refusing(ClockId::ThreadCpuTime)).is_ok());
}

/// deterministic-wasi-ctx left the insecure seed to the host, and gave the secure stream's bytes as insecure ones.
#[test]
fn the_insecure_answers_are_the_policy_s_and_not_the_secure_ones() {
    use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};
    let build = || WasiCtxBuilder::new().deterministic(policies()).unwrap().build();
    let (mut a, mut b) = (build(), build());
    let seed = |ctx: &mut wasmtime_wasi::WasiCtx| insecure_seed::Host::insecure_seed(ctx.random()).unwrap();
    assert_eq!(seed(&mut a), seed(&mut b));
    assert_ne!(seed(&mut a), (0, 0));
    let secure = random::Host::get_random_bytes(a.random(), 32).unwrap();
    let insecure = insecure::Host::get_insecure_random_bytes(a.random(), 32).unwrap();
    assert_ne!(secure, insecure);
    assert_eq!(insecure, insecure::Host::get_insecure_random_bytes(b.random(), 32).unwrap());
}

/// A store linked with stock functions and the functions of one of the two crates.
fn migrated(
    engine: &Engine,
    builder: impl FnOnce(&mut WasiCtxBuilder) -> &mut WasiCtxBuilder,
    replace: impl FnOnce(&mut Linker<WasiP1Ctx>) -> Result<()>,
) -> Probe<WasiP1Ctx> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |ctx| ctx).unwrap();
    replace(&mut linker).unwrap();
    let module = Module::new(engine, text("wasi_snapshot_preview1", 1)).unwrap();
    Probe::new(&linker, &module, builder(&mut WasiCtxBuilder::new()).build_p1())
}

#[test]
fn changing_the_use_line_changes_no_byte() {
    let engine = Engine::default();
    let mut theirs = migrated(
        &engine,
        deterministic_wasi_ctx::add_determinism_to_wasi_ctx_builder,
        deterministic_wasi_ctx::replace_scheduling_functions,
    );
    let mut ours = migrated(
        &engine,
        deterministic_wasmtime::add_determinism_to_wasi_ctx_builder,
        deterministic_wasmtime::replace_scheduling_functions,
    );
    let bench = Bench::new();
    let mut preset = bench.ours(Version::P1, Preset::DeterministicWasiCtx.policies(&Seed::default()));
    for len in [1, 1, 8, 300] {
        assert_eq!(theirs.call("random_get", (0, len)).unwrap(), 0);
        assert_eq!(ours.call("random_get", (0, len)).unwrap(), 0);
        assert_eq!(preset.call("random_get", (0, len)).unwrap(), 0);
        assert_eq!(theirs.bytes::<300>(0), ours.bytes::<300>(0));
        assert_eq!(theirs.bytes::<300>(0), preset.bytes::<300>(0));
    }
    for id in [0, 1] {
        theirs.write(0, &[1; 8]);
        ours.write(0, &[1; 8]);
        preset.write(0, &[1; 8]);
        for answer in [
            theirs.call("clock_time_get", (id, 0i64, 0)),
            ours.call("clock_time_get", (id, 0i64, 0)),
            preset.call("clock_time_get", (id, 0i64, 0)),
        ] {
            assert_eq!(answer.unwrap(), 0);
        }
        assert_eq!([theirs.u64(0), ours.u64(0), preset.u64(0)], [0; 3]);
    }
    // Two timers, both reported at once; the padding of theirs is whatever the host had.
    let mut list = [0; 96];
    list[0] = 1;
    list[16] = 1;
    list[24..32].copy_from_slice(&u64::MAX.to_le_bytes());
    list[48] = 2;
    list[64] = 1;
    list[72] = 9;
    let mut shown = Vec::new();
    let mut poll = |answer: Result<i32>, memory: Vec<u8>| {
        assert_eq!(answer.unwrap(), 0);
        let event = |at: usize| (memory[at..at + 11].to_vec(), memory[at + 24..at + 26].to_vec());
        shown.push((memory[8..12].to_vec(), event(4096), event(4128)));
    };
    for probe in [&mut theirs, &mut ours] {
        probe.write(1024, &list);
        let answer = probe.call("poll_oneoff", (1024, 4096, 2, 8));
        poll(answer, probe.contents());
        assert_eq!(probe.call("sched_yield", ()).unwrap(), 0);
    }
    preset.write(1024, &list);
    let answer = preset.call("poll_oneoff", (1024, 4096, 2, 8));
    poll(answer, preset.contents());
    assert!(shown[0] == shown[1] && shown[1] == shown[2], "{shown:?}");
}

#[test]
fn the_first_bytes_are_155_and_111() {
    let bench = Bench::new();
    let mut probe = bench.ours(Version::P1, Preset::DeterministicWasiCtx.policies(&Seed::default()));
    assert_eq!(probe.call("random_get", (0, 2)).unwrap(), 0);
    assert_eq!(probe.bytes::<2>(0), [155, 111]);
}

/// Those functions have no table of descriptors, but the rest of deterministic-wasi-ctx's faults are gone.
#[test]
fn the_replaced_functions_take_wrong_input() {
    let engine = Engine::default();
    let mut linker: Linker<()> = Linker::new(&engine);
    let module = |name| {
        let text = format!(
            r#"(module (import "{name}" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
                (memory (export "memory") 1)
                (func (export "poll_oneoff") (param i32 i32 i32 i32) (result i32)
                    (call $poll (local.get 0) (local.get 1) (local.get 2) (local.get 3))))"#
        );
        Module::new(&engine, text).unwrap()
    };
    deterministic_wasmtime::replace_scheduling_functions(&mut linker).unwrap();
    deterministic_wasmtime::replace_scheduling_functions_for_wasi_preview_0(&mut linker).unwrap();
    for (name, size) in [("wasi_snapshot_preview1", 48), ("wasi_unstable", 56)] {
        let mut probe = Probe::new(&linker, &module(name), ());
        assert_eq!(probe.call("poll_oneoff", (1024, 4096, 0, 8)).unwrap(), 28);
        probe.write(1024 + 8, &[7]);
        assert_eq!(probe.call("poll_oneoff", (1024, 4096, 1, 8)).unwrap(), 28);
        assert!(probe.call("poll_oneoff", (-8, 4096, 1, 8)).is_err());
        // Two timers; exactly four bytes of number.
        probe.write(1024 + 8, &[0]);
        probe.write(1024 + size, &[2]);
        probe.write(8, &[0xee; 8]);
        assert_eq!(probe.call("poll_oneoff", (1024, 4096, 2, 8)).unwrap(), 0);
        assert_eq!(probe.bytes::<8>(8), [2, 0, 0, 0, 0xee, 0xee, 0xee, 0xee]);
        assert_eq!((probe.u64(4096), probe.u64(4128)), (0, 2));
    }
}
