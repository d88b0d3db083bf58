//! An engine and linkers for components, and text-format components that call WASI.

use deterministic_wasmtime::core::{Policies, Seed};
use deterministic_wasmtime::policies::Preset;
use deterministic_wasmtime::{ComponentCtx, MAX_RESOURCES, WasiCtxBuilderExt as _, configure, p2, p3};
use wasmtime::component::{Component, ComponentNamedList, Instance, Lift, Linker, Lower};
use wasmtime::{Config, Engine, Result, Store};
use wasmtime_wasi::WasiCtxBuilder;

pub(crate) fn engine() -> Engine {
    let mut config = Config::new();
    configure(&mut config).wasm_component_model_async(true);
    Engine::new(&config).unwrap()
}

pub(crate) fn store(engine: &Engine, policies: Policies) -> Store<ComponentCtx> {
    let mut store = Store::new(engine, WasiCtxBuilder::new().build_deterministic(policies));
    store.set_max_component_handles(MAX_RESOURCES);
    store
}

pub(crate) fn simulation() -> Policies {
    Preset::Simulation.policies(&Seed::from_u64(11))
}

/// WASI 0.2 for synchronous calls.
pub(crate) fn sync_linker(engine: &Engine) -> Linker<ComponentCtx> {
    let mut linker = Linker::new(engine);
    p2::add_to_linker_sync(&mut linker).unwrap();
    linker
}

/// WASI 0.2 and 0.3 for asynchronous calls.
pub(crate) fn async_linker(engine: &Engine) -> Linker<ComponentCtx> {
    let mut linker = Linker::new(engine);
    p2::add_to_linker_async(&mut linker).unwrap();
    p3::add_to_linker(&mut linker).unwrap();
    linker
}

/// A linked component of WASI 0.2.
pub(crate) struct Guest {
    pub(crate) store: Store<ComponentCtx>,
    pub(crate) instance: Instance,
}

impl Guest {
    pub(crate) fn new(text: &str, policies: Policies) -> Self {
        let engine = engine();
        let mut store = store(&engine, policies);
        let component = Component::new(&engine, text).unwrap();
        let instance = sync_linker(&engine).instantiate(&mut store, &component).unwrap();
        Guest { store, instance }
    }

    pub(crate) fn call<P, R>(&mut self, name: &str, params: P) -> Result<R>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        let function = self.instance.get_typed_func::<P, R>(&mut self.store, name)?;
        function.call(&mut self.store, params)
    }
}

/// A memory with an allocator that never frees, for what WASI returns.
pub(crate) const MEMORY: &str = r#"
    (core module $Memory
        (memory (export "memory") 256)
        (global $next (mut i32) (i32.const 65536))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32)
            (local $at i32)
            (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
            (global.set $next (i32.add (local.get $at) (local.get 3)))
            (local.get $at)))
    (core instance $memory (instantiate $Memory))"#;

/// A component that exports what WASI 0.2's clocks and `poll` do, for the test to call: `now`, `wall`, `timer`, `poll`,
/// `block`, `ready`, `drop`. Pollables are shown as their handles.
pub(crate) fn clocks(version: &str) -> String {
    format!(
        r#"(component
    (import "wasi:io/poll@{version}" (instance $io
        (export "pollable" (type $pollable (sub resource)))
        (export "[method]pollable.ready" (func (param "self" (borrow $pollable)) (result bool)))
        (export "[method]pollable.block" (func (param "self" (borrow $pollable))))
        (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
    (alias export $io "pollable" (type $pollable))
    (import "wasi:clocks/monotonic-clock@{version}" (instance $clock
        (alias outer 1 $pollable (type $outer))
        (export "pollable" (type $pollable (eq $outer)))
        (export "now" (func (result u64)))
        (export "resolution" (func (result u64)))
        (export "subscribe-instant" (func (param "when" u64) (result (own $pollable))))
        (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
    {MEMORY}
    (core func $now (canon lower (func $clock "now")))
    (core func $instant (canon lower (func $clock "subscribe-instant")))
    (core func $duration (canon lower (func $clock "subscribe-duration")))
    (core func $ready (canon lower (func $io "[method]pollable.ready")))
    (core func $block (canon lower (func $io "[method]pollable.block")))
    (core func $drop (canon resource.drop $pollable))
    (core func $poll (canon lower (func $io "poll")
        (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
    (core module $Main
        (import "" "memory" (memory 1))
        (import "" "poll" (func $poll (param i32 i32 i32)))
        (import "" "duration" (func $duration (param i64) (result i32)))
        ;; The list arrives as pointer and length, and goes on so; the result's address is fixed.
        (func (export "poll") (param i32 i32) (result i32)
            (call $poll (local.get 0) (local.get 1) (i32.const 16))
            (i32.const 16))
        ;; Makes as many timers as told, of an hour and ever later; waits for all of them at once.
        (func (export "many") (param $count i32) (result i32)
            (local $i i32)
            (loop $again
                (i32.store (i32.add (i32.const 1048576) (i32.mul (local.get $i) (i32.const 4)))
                    (call $duration (i64.sub (i64.const 3600000000000) (i64.extend_i32_u (local.get $i)))))
                (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $count))))
            (call $poll (i32.const 1048576) (local.get $count) (i32.const 16))
            (i32.load (i32.load (i32.const 16)))))
    (core instance $main (instantiate $Main (with "" (instance
        (export "memory" (memory $memory "memory")) (export "poll" (func $poll))
        (export "duration" (func $duration))))))
    (func (export "now") (result u64) (canon lift (core func $now)))
    (func (export "instant") (param "when" u64) (result u32) (canon lift (core func $instant)))
    (func (export "duration") (param "when" u64) (result u32) (canon lift (core func $duration)))
    (func (export "ready") (param "pollable" u32) (result bool) (canon lift (core func $ready)))
    (func (export "block") (param "pollable" u32) (canon lift (core func $block)))
    (func (export "drop") (param "pollable" u32) (canon lift (core func $drop)))
    (func (export "many") (param "count" u32) (result u32) (canon lift (core func $main "many")))
    (func (export "poll") (param "in" (list u32)) (result (list u32)) (canon lift (core func $main "poll")
        (memory (core memory $memory "memory")) (realloc (core func $memory "realloc")))))"#
    )
}
