//! Each preset, and the golden bytes of the one that others know.

use deterministic_core::{Seed, WallTime};
use deterministic_policies::Preset;
use deterministic_wasi_common::build_wasi_ctx;
use deterministic_wasi_common::wasi_common::WasiCtx;

use crate::support::*;

/// What a guest sees of everything that could differ.
fn observe(preset: Preset, seed: u64) -> Vec<u64> {
    let mut guest = Guest::under(preset, seed);
    let mut seen = Vec::new();
    for round in 0..20 {
        seen.push(guest.time(MONOTONIC));
        seen.push(guest.time(REALTIME));
        if preset != Preset::Strict {
            seen.extend(guest.random(1 + round).into_iter().map(u64::from));
        }
        let list = [timeout(1, MONOTONIC, 7), timeout(2, MONOTONIC, 9), read(3, 0), write(4, 1)];
        seen.extend(guest.poll(&list).expect("it ends").into_iter().map(|event| event.0));
        seen.extend(guest.poll(&list[..2]).expect("it ends").into_iter().map(|event| event.0));
        assert_eq!(guest.poll(&[timeout(5, MONOTONIC, HOUR)]), Ok(vec![(5, 0, 0)]));
        assert_eq!(guest.call("sched_yield", &[]), Ok(0));
    }
    assert!(guest.handle.failure().is_none());
    seen
}

#[test]
fn two_runs_are_equal() {
    for preset in Preset::ALL.iter().copied().filter(|preset| *preset != Preset::Host) {
        assert_eq!(observe(preset, 7), observe(preset, 7), "{preset}");
        let has_seed = !matches!(preset, Preset::DeterministicWasiCtx | Preset::Strict);
        assert_eq!(observe(preset, 7) != observe(preset, 8), has_seed, "{preset}");
    }
}

/// The host's: it answers, and a sleep takes its time.
#[test]
fn the_host() {
    let mut guest = Guest::under(Preset::Host, 0);
    let before = guest.time(MONOTONIC);
    assert_eq!(guest.poll(&[timeout(1, MONOTONIC, 1_000_000)]), Ok(vec![(1, 0, 0)]));
    assert!(guest.time(MONOTONIC) >= before + 1_000_000);
    assert!(guest.time(REALTIME) > WallTime::DEFAULT_EPOCH.as_unix_nanos());
    assert_ne!(guest.random(32), guest.random(32));
}

#[test]
fn the_bytes_of_deterministic_wasi_ctx() {
    let mut guest = Guest::under(Preset::DeterministicWasiCtx, 3);
    assert_eq!(guest.random(4), [155, 111, 38, 183]);
    // How a read is cut changes nothing.
    let mut other = Guest::under(Preset::DeterministicWasiCtx, 4);
    assert_eq!([other.random(1), other.random(3), other.random(60)].concat(), {
        let mut again = Guest::under(Preset::DeterministicWasiCtx, 3);
        again.random(64)
    });
    assert_eq!((guest.time(MONOTONIC), guest.time(REALTIME)), (0, 0));
    assert_eq!(
        guest.poll(&[timeout(1, MONOTONIC, HOUR), timeout(2, MONOTONIC, 2 * HOUR)]),
        Ok(vec![(1, 0, 0), (2, 0, 0)])
    );
    assert_eq!((guest.time(MONOTONIC), guest.time(REALTIME)), (0, 0));
}

#[test]
fn in_one_call() {
    use wasmi::{Engine, Linker, Store};
    let ctx: WasiCtx = build_wasi_ctx();
    let engine = Engine::default();
    let mut store = Store::new(&engine, ctx);
    let mut linker = Linker::<WasiCtx>::new(&engine);
    wasmi_wasi::add_to_linker(&mut linker, |ctx| ctx).expect("a fresh linker");
    let wasm = wat::parse_str(
        r#"(module (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
            (memory (export "memory") 1)
            (func (export "_start") (drop (call $random (i32.const 8) (i32.const 3)))))"#,
    );
    let module = wasmi::Module::new(&engine, wasm.expect("a module")).expect("a module");
    let instance = linker.instantiate_and_start(&mut store, &module).expect("it links");
    let start = instance.get_typed_func::<(), ()>(&store, "_start").expect("an export");
    start.call(&mut store, ()).expect("it ends well");
    let memory = instance.get_memory(&store, "memory").expect("a memory");
    assert_eq!(memory.data(&store)[8..11], [155, 111, 38]);
}

/// The streams of a seed are those that the other adapters draw from.
#[test]
fn seeded_bytes_are_those_of_the_policies() {
    let mut policies = Preset::Simulation.policies(&Seed::from_u64(5));
    let mut expected = [0; 24];
    policies.secure_random.fill(&mut expected).expect("seeded bytes");
    let mut guest = Guest::under(Preset::Simulation, 5);
    assert_eq!([guest.random(3), guest.random(21)].concat(), expected);
}
