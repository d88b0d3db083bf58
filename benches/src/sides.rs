//! Who answers a core module: stock wasmtime-wasi, deterministic-wasi-ctx, each of our presets, and hardly anyone.

use criterion::{BenchmarkGroup, measurement::WallTime};
use deterministic_policies::Preset;
use deterministic_wasmtime::core::Seed;
use deterministic_wasmtime::{WasiCtxBuilderExt as _, p1};
use wasmtime::{Caller, Engine, Instance, Linker, Memory, Module, Store};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::WasiP1Ctx;

use crate::{Counted, plain_linker, stock_linker, time, time_in_parts};

/// The longest output of one call, in bytes.
const CAPTURED: usize = 4096;
/// After how many calls captured output is forgotten: what was written till then lies in the processor's cache.
const PART: u64 = 256;

/// The engine of all sides, as Wasmtime has it.
pub fn core_engine() -> Engine {
    Engine::default()
}

/// An implementation of WASI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// wasmtime-wasi 48.
    Stock,
    /// deterministic-wasi-ctx 4.0.7, in WASI 0.1 with its functions for scheduling, of which it has none for components.
    DeterministicWasiCtx,
    /// Ours, instances of WASI 0.1 made by [`p1::instantiate_pre_sync`].
    Ours(Preset),
    /// Ours, instances made by `Linker::instantiate`, under the preset `simulation`.
    PlainLinker,
    /// Ours, output kept in the context, under the preset `simulation`.
    Captured,
}

impl Side {
    /// Every one of WASI 0.1, but for the one that only matters to output.
    pub fn all() -> impl Iterator<Item = Side> {
        Side::of_components().chain([Side::PlainLinker])
    }

    /// Every one of WASI 0.2 and 0.3.
    pub fn of_components() -> impl Iterator<Item = Side> {
        let ours = Preset::ALL.iter().copied().map(Side::Ours);
        [Side::Stock, Side::DeterministicWasiCtx].into_iter().chain(ours)
    }

    /// Of ours.
    pub fn preset(self) -> Preset {
        match self {
            Side::Ours(preset) => preset,
            Side::Stock | Side::DeterministicWasiCtx | Side::PlainLinker | Side::Captured => Preset::Simulation,
        }
    }

    /// The name of its line.
    pub fn name(self) -> &'static str {
        match self {
            Side::Stock => "stock",
            Side::DeterministicWasiCtx => "deterministic-wasi-ctx",
            // That crate's answers, given by us.
            Side::Ours(Preset::DeterministicWasiCtx) => "preset deterministic_wasi_ctx",
            Side::Ours(preset) => preset.name(),
            Side::PlainLinker => "simulation, plain linker",
            Side::Captured => "simulation, captured output",
        }
    }
}

/// All sides but the one that refuses secure randomness.
pub fn all_but_strict(side: Side) -> bool {
    side != Side::Ours(Preset::Strict)
}

/// Where the presets do the same.
pub fn few(side: Side) -> bool {
    !matches!(side, Side::Ours(preset) if preset != Preset::Simulation)
}

/// Where deterministic-wasi-ctx is stock, too.
pub fn stock_or_ours(side: Side) -> bool {
    few(side) && side != Side::DeterministicWasiCtx
}

/// What a call cannot be faster than.
#[derive(Clone, Copy, Debug)]
pub enum Floor {
    /// `clock_time_get`, which does nothing, and one that writes 8 bytes into the memory at hand.
    Clock,
    /// `random_get`, which writes 8 bytes into the memory at hand.
    Random,
    /// `sched_yield`, which does nothing.
    Yield,
}

/// Times `run` of a module on every side that `wanted` says, and on the floor.
pub fn each_side(
    group: &mut BenchmarkGroup<'_, WallTime>,
    module: &Module,
    wanted: impl Fn(Side) -> bool,
    floor: Option<Floor>,
) {
    for side in Side::all().chain([Side::Captured]).filter(|side| wanted(*side)) {
        let mut builder = WasiCtxBuilder::new();
        builder.stdout(Counted::default());
        let policies = || side.preset().policies(&Seed::default());
        match side {
            Side::Stock => stock(group, side, module, builder.build_p1()),
            Side::DeterministicWasiCtx => {
                deterministic_wasi_ctx::add_determinism_to_wasi_ctx_builder(&mut builder);
                stock(group, side, module, builder.build_p1());
            }
            Side::Ours(_) => {
                let (mut store, instance) = prepared(module, builder.build_deterministic_p1(policies()));
                time(group, side.name(), &mut store, instance);
            }
            Side::Captured => {
                let ctx = builder.build_deterministic_p1(policies()).capture_output(CAPTURED * PART as usize);
                let (mut store, instance) = prepared(module, ctx);
                time_in_parts(group, side.name(), &mut store, instance, PART, p1::P1Ctx::clear_captured);
            }
            Side::PlainLinker => {
                let mut store = Store::new(module.engine(), builder.build_deterministic_p1(policies()));
                let instance = plain_linker(module.engine()).instantiate(&mut store, module).expect("it links");
                time(group, side.name(), &mut store, instance);
            }
        }
    }
    if let Some(floor) = floor {
        floor.time(group, module);
    }
}

/// An instance with its memory at hand.
pub fn prepared(module: &Module, ctx: p1::P1Ctx) -> (Store<p1::P1Ctx>, Instance) {
    let linker = Linker::new(module.engine());
    let program = p1::instantiate_pre_sync(&linker, module, |ctx: &mut p1::P1Ctx| ctx).expect("it links");
    let mut store = Store::new(module.engine(), ctx);
    let instance = program.instantiate(&mut store).expect("it starts");
    (store, instance)
}

fn stock(group: &mut BenchmarkGroup<'_, WallTime>, side: Side, module: &Module, ctx: WasiP1Ctx) {
    let mut store = Store::new(module.engine(), ctx);
    let instance = stock_linker(module.engine(), side).instantiate(&mut store, module).expect("it links");
    time(group, side.name(), &mut store, instance);
}

/// The data of a store on the floor.
#[derive(Debug, Default)]
struct AtHand {
    memory: Option<Memory>,
    value: u64,
}

impl Floor {
    fn time(self, group: &mut BenchmarkGroup<'_, WallTime>, module: &Module) {
        for (name, writes) in [("floor: nothing", false), ("floor: 8 bytes", true)] {
            let mut linker = Linker::new(module.engine());
            let Some(()) = self.define(&mut linker, writes) else { continue };
            let mut store = Store::new(module.engine(), AtHand::default());
            let instance: Instance = linker.instantiate(&mut store, module).expect("it links");
            store.data_mut().memory = instance.get_memory(&mut store, "memory");
            time(group, name, &mut store, instance);
        }
    }

    /// `None` where there is nothing to write, or something to be written.
    fn define(self, linker: &mut Linker<AtHand>, writes: bool) -> Option<()> {
        let wasi = "wasi_snapshot_preview1";
        let defined = match (self, writes) {
            (Floor::Clock, false) => {
                linker.func_wrap(wasi, "clock_time_get", |_: Caller<'_, AtHand>, _: i32, _: i64, _: i32| 0i32)
            }
            (Floor::Clock, true) => {
                linker.func_wrap(wasi, "clock_time_get", |caller: Caller<'_, AtHand>, _: i32, _: i64, out: i32| {
                    write(caller, out)
                })
            }
            // The guest looks for bytes.
            (Floor::Random, false) => return None,
            (Floor::Random, true) => {
                linker.func_wrap(wasi, "random_get", |caller: Caller<'_, AtHand>, out: i32, _: i32| write(caller, out))
            }
            (Floor::Yield, false) => linker.func_wrap(wasi, "sched_yield", |_: Caller<'_, AtHand>| 0i32),
            (Floor::Yield, true) => return None,
        };
        defined.map(drop).expect("a fresh linker");
        Some(())
    }
}

/// Writes a number that is another one each time.
fn write(mut caller: Caller<'_, AtHand>, out: i32) -> wasmtime::Result<i32> {
    let memory = caller.data().memory.expect("the guest exports its memory");
    let (bytes, data) = memory.data_and_store_mut(&mut caller);
    data.value += 1;
    let place = bytes.get_mut(out as u32 as usize..).and_then(|bytes| bytes.first_chunk_mut());
    *place.ok_or(wasmtime::Trap::MemoryOutOfBounds)? = data.value.to_le_bytes();
    Ok(0)
}
