//! Runs a guest under a preset: what the README shows.

use deterministic_wasmtime::core::Seed;
use deterministic_wasmtime::policies::Preset;
use deterministic_wasmtime::{WasiCtxBuilderExt as _, configure, p1};
use wasmtime::{Config, Engine, Linker, Module, Result, Store};
use wasmtime_wasi::WasiCtxBuilder;

/// Sleeps for an hour of its own time.
const GUEST: &str = r#"(module
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "\01")                                ;; the monotonic clock
    (data (i32.const 24) "\00\a0\b8\30\46\03\00\00")           ;; 3600 s in nanoseconds
    (func (export "_start") (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))))"#;

fn main() -> Result<()> {
    let mut config = Config::new();
    let engine = Engine::new(configure(&mut config))?;
    let mut linker = Linker::new(&engine);
    p1::add_to_linker_sync(&mut linker, |ctx: &mut p1::P1Ctx| ctx)?;

    let policies = Preset::Simulation.policies(&Seed::from_u64(42));
    let wasi = WasiCtxBuilder::new().arg("guest").build_deterministic_p1(policies);
    let mut store = Store::new(&engine, wasi);

    let instance = linker.instantiate(&mut store, &Module::new(&engine, GUEST)?)?;
    instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())?;
    println!("{} passed for the guest", store.data().deterministic().now());
    Ok(())
}
