//! Who answers a component.

use std::future::Future;

use criterion::{BenchmarkGroup, measurement::WallTime};
use deterministic_policies::Preset;
use deterministic_wasmtime::core::Seed;
use deterministic_wasmtime::{ComponentCtx, WasiCtxBuilderExt as _, configure, p2, p3};
use wasmtime::component::{Component, Instance, Linker, ResourceTable, TypedFunc};
use wasmtime::{Config, Engine, Store};
use wasmtime_wasi::runtime::in_tokio;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use crate::timing::time_calls;
use crate::{Counted, Side};

/// The engine of all sides in WASI 0.2: with our settings, and without the tasks of the component model, which 0.2 does not
/// have and each call pays for otherwise.
pub fn p2_engine() -> Engine {
    let mut config = Config::new();
    configure(&mut config).concurrency_support(false);
    Engine::new(&config).expect("the settings agree")
}

/// The engine of all sides in WASI 0.3: with our settings, and with what it needs.
pub fn p3_engine() -> Engine {
    let mut config = Config::new();
    configure(&mut config).wasm_component_model_async(true);
    Engine::new(&config).expect("the settings agree")
}

/// The data of a store of stock wasmtime-wasi.
struct Stock {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for Stock {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// The data of a store of `side`: stock's or ours.
enum Data {
    Stock(Box<Stock>),
    Ours(Box<ComponentCtx>),
}

fn data(side: Side) -> Data {
    let mut builder = WasiCtxBuilder::new();
    builder.stdout(Counted::default());
    if side == Side::DeterministicWasiCtx {
        deterministic_wasi_ctx::add_determinism_to_wasi_ctx_builder(&mut builder);
    }
    let preset = match side {
        Side::Stock | Side::DeterministicWasiCtx => {
            return Data::Stock(Box::new(Stock { wasi: builder.build(), table: ResourceTable::new() }));
        }
        Side::Ours(preset) => preset,
        Side::PlainLinker | Side::Captured => Preset::Simulation,
    };
    Data::Ours(Box::new(builder.build_deterministic(preset.policies(&Seed::default()))))
}

/// A floor: a host function that does nothing, beside nothing else.
pub type Floor = fn(&mut Linker<()>) -> wasmtime::Result<()>;

/// Times `run` of a component of WASI 0.2 on every side that `wanted` says, and on the floor.
pub fn each_side_p2(
    group: &mut BenchmarkGroup<'_, WallTime>,
    component: &Component,
    wanted: impl Fn(Side) -> bool,
    floor: Option<Floor>,
) {
    for side in Side::of_components().filter(|side| wanted(*side)) {
        match data(side) {
            Data::Stock(data) => {
                let mut linker = Linker::new(component.engine());
                wasmtime_wasi::p2::add_to_linker_sync(&mut linker).expect("a fresh linker");
                time_sync(group, side.name(), component, &linker, *data);
            }
            Data::Ours(data) => {
                let mut linker = Linker::new(component.engine());
                p2::add_to_linker_sync(&mut linker).expect("a fresh linker");
                time_sync(group, side.name(), component, &linker, *data);
            }
        }
    }
    if let Some(floor) = floor {
        let mut linker = Linker::new(component.engine());
        floor(&mut linker).expect("a fresh linker");
        time_sync(group, "floor: nothing", component, &linker, ());
    }
}

/// A component of WASI 0.2 that our linker functions answer under the preset `simulation`, ready to run.
pub fn start_p2(component: &Component) -> (Store<ComponentCtx>, TypedFunc<(u64,), (u64,)>) {
    let mut builder = WasiCtxBuilder::new();
    builder.stdout(Counted::default());
    let data = builder.build_deterministic(Preset::Simulation.policies(&Seed::default()));
    let mut linker = Linker::new(component.engine());
    p2::add_to_linker_sync(&mut linker).expect("a fresh linker");
    start(component, &linker, data)
}

/// The same, answered by a floor.
pub fn start_floor(component: &Component, floor: Floor) -> (Store<()>, TypedFunc<(u64,), (u64,)>) {
    let mut linker = Linker::new(component.engine());
    floor(&mut linker).expect("a fresh linker");
    start(component, &linker, ())
}

fn start<T: 'static>(component: &Component, linker: &Linker<T>, data: T) -> (Store<T>, TypedFunc<(u64,), (u64,)>) {
    let mut store = Store::new(component.engine(), data);
    let instance = linker.instantiate(&mut store, component).expect("it links");
    let prepare = instance.get_typed_func::<(), ()>(&mut store, "prepare").expect("it exports `prepare`");
    prepare.call(&mut store, ()).expect("the guest is ready");
    let run = run_of(&mut store, instance);
    (store, run)
}

fn run_of<T: 'static>(store: &mut Store<T>, instance: Instance) -> TypedFunc<(u64,), (u64,)> {
    instance.get_typed_func(store, "run").expect("it exports `run`")
}

fn time_sync<T: 'static>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    component: &Component,
    linker: &Linker<T>,
    data: T,
) {
    let (mut store, run) = start(component, linker, data);
    time_calls(group, name, |calls| run.call(&mut store, (calls,)).expect("it ends well").0);
}

/// Times `run` of a component of WASI 0.3 on every side that `wanted` says, and on the floor.
pub fn each_side_p3(
    group: &mut BenchmarkGroup<'_, WallTime>,
    component: &Component,
    wanted: impl Fn(Side) -> bool,
    floor: Option<Floor>,
) {
    for side in Side::of_components().filter(|side| wanted(*side)) {
        match data(side) {
            Data::Stock(data) => {
                let mut linker = Linker::new(component.engine());
                wasmtime_wasi::p3::add_to_linker(&mut linker).expect("a fresh linker");
                time_async(group, side.name(), component, &linker, *data, Stocks);
            }
            Data::Ours(data) => {
                let mut linker = Linker::new(component.engine());
                p3::add_to_linker(&mut linker).expect("a fresh linker");
                let waits = data.deterministic().waits();
                time_async(group, side.name(), component, &linker, *data, waits);
            }
        }
    }
    if let Some(floor) = floor {
        let mut linker = Linker::new(component.engine());
        floor(&mut linker).expect("a fresh linker");
        time_async(group, "floor: nothing", component, &linker, (), Stocks);
    }
}

/// How a call into a guest of WASI 0.3 is run to its end.
trait Executor {
    fn block_on<F: Future>(&self, future: F) -> F::Output;
}

/// As wasmtime-wasi runs its own.
struct Stocks;

impl Executor for Stocks {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        in_tokio(future)
    }
}

impl Executor for p3::Waits {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        p3::block_on(self, future).expect("no deadlock")
    }
}

fn time_async<T: Send + 'static>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    component: &Component,
    linker: &Linker<T>,
    data: T,
    executor: impl Executor,
) {
    let mut store = Store::new(component.engine(), data);
    let instance = executor.block_on(linker.instantiate_async(&mut store, component)).expect("it links");
    let prepare = instance.get_typed_func::<(), ()>(&mut store, "prepare").expect("it exports `prepare`");
    executor.block_on(prepare.call_async(&mut store, ())).expect("the guest is ready");
    let run = run_of(&mut store, instance);
    time_calls(group, name, |calls| executor.block_on(run.call_async(&mut store, (calls,))).expect("it ends well").0);
}
