//! Contexts and linkers of each side, as an embedder makes them.

use deterministic_policies::Preset;
use deterministic_wasmtime::core::Seed;
use deterministic_wasmtime::{WasiCtxBuilderExt as _, p1};
use wasmtime::{Engine, Linker};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p1::WasiP1Ctx;

use crate::Side;

/// The context of stock, or of deterministic-wasi-ctx.
pub fn make_stock(side: Side) -> WasiP1Ctx {
    let mut builder = WasiCtxBuilder::new();
    if side == Side::DeterministicWasiCtx {
        deterministic_wasi_ctx::add_determinism_to_wasi_ctx_builder(&mut builder);
    }
    builder.build_p1()
}

/// Ours.
pub fn make_p1(preset: Preset) -> p1::P1Ctx {
    WasiCtxBuilder::new().build_deterministic_p1(preset.policies(&Seed::default()))
}

/// The linker of stock, or of deterministic-wasi-ctx.
pub fn stock_linker(engine: &Engine, side: Side) -> Linker<WasiP1Ctx> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |ctx: &mut WasiP1Ctx| ctx).expect("a fresh linker");
    if side == Side::DeterministicWasiCtx {
        deterministic_wasi_ctx::replace_scheduling_functions(&mut linker).expect("it allows shadowing");
    }
    linker
}

/// Ours, with the functions that do not know their module.
pub fn plain_linker(engine: &Engine) -> Linker<p1::P1Ctx> {
    let mut linker = Linker::new(engine);
    p1::add_to_linker_sync(&mut linker, |ctx: &mut p1::P1Ctx| ctx).expect("a fresh linker");
    linker
}
