//! A component on both sides.

use std::time::Instant;

use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::engine::Limits;
use deterministic_wasmtime::{
    DeterministicCtx, DeterministicCtxView, DeterministicView, config_store, http, keyvalue, p3,
};
use wasmtime::component::{Component, InstancePre, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::runtime::in_tokio;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::inputs::{Copies, Inputs, Ran, Side, Stdout};
use crate::args::{Entry, GuestArgs};
use crate::component::{self, RunVersion, allow, run_export};
use crate::guest::Guest;
use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::run::refused;
use crate::stdio::Outputs;

/// What the store of a run on stock holds.
struct Stock {
    wasi: WasiCtx,
    table: ResourceTable,
    /// Made for guests that use what wasmtime-wasi does not have.
    deterministic: Option<DeterministicCtx>,
    limits: Limits,
}

impl WasiView for Stock {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// For `wasi:http`, `wasi:config` and `wasi:keyvalue`, which are ours on both sides.
impl DeterministicView for Stock {
    fn deterministic_view(&mut self) -> DeterministicCtxView<'_> {
        let made = || DeterministicCtx::new(Policies::default());
        DeterministicCtxView { ctx: self.deterministic.get_or_insert_with(made), table: &mut self.table }
    }
}

/// One component, linked for each side.
pub(super) struct Programs {
    stock: InstancePre<Stock>,
    ours: InstancePre<component::State>,
    stock_default: InstancePre<Stock>,
    version: RunVersion,
}

impl Programs {
    /// Checks and compiles it; what `detwasi run` refuses is refused.
    pub(super) fn prepare(
        guest: &Guest,
        engine: &Engine,
        default_engine: &Engine,
        args: &GuestArgs,
    ) -> Result<Self, Problem> {
        let ours = component::Program::prepare(guest, engine, args, Entry::Program)?.into_linked();
        let default = guest.compile(|binary| Component::from_binary(default_engine, binary))?;
        let stock = link(ours.component(), args).map_err(refused)?;
        let version = run_export(&ours).map_err(refused)?;
        Ok(Programs { stock, ours, stock_default: link(&default, args).map_err(refused)?, version })
    }

    pub(super) fn run(&self, guest: &Guest, side: Side, inputs: &Inputs<'_>) -> Result<Ran, Problem> {
        match side {
            Side::Stock => self.run_on_stock(&self.stock, guest, inputs, inputs.fuel),
            Side::Ours => self.run_on_ours(guest, inputs),
            // Wasmtime counts no fuel unless it is told to.
            Side::StockDefault => self.run_on_stock(&self.stock_default, guest, inputs, None),
        }
    }

    fn run_on_stock(
        &self,
        linked: &InstancePre<Stock>,
        guest: &Guest,
        inputs: &Inputs<'_>,
        fuel: Option<u64>,
    ) -> Result<Ran, Problem> {
        let outputs = Outputs::captured();
        let copies = Copies::of(&inputs.directories)?;
        let begun = Instant::now();
        let wasi = inputs.stock_context(&outputs, &copies)?.build();
        let state = Stock { wasi, table: ResourceTable::new(), deterministic: None, limits: inputs.limits() };
        let mut store = Store::new(linked.component().engine(), state);
        store.limiter(|state| &mut state.limits);
        if let Some(fuel) = fuel {
            store.set_fuel(fuel).map_err(refused)?;
        }
        let called = in_tokio(self.call(linked, guest, &mut store))?;
        Ok(called.ran(begun, &outputs, Vec::new()))
    }

    fn run_on_ours(&self, guest: &Guest, inputs: &Inputs<'_>) -> Result<Ran, Problem> {
        let outputs = Outputs::captured();
        let begun = Instant::now();
        let mut state = component::State::new(inputs.context(&outputs)?, inputs.policies(), inputs.limits());
        let ctx = state.deterministic_view().ctx;
        ctx.set_max_held_bytes(inputs.max_held());
        inputs.directories.mount(ctx.files())?;
        let mut store = Store::new(self.ours.component().engine(), state);
        store.limiter(component::State::limits);
        if let Some(fuel) = inputs.fuel {
            store.set_fuel(fuel).map_err(refused)?;
        }
        let waits = store.data_mut().deterministic_view().ctx.waits();
        let called = match p3::block_on(&waits, self.call(&self.ours, guest, &mut store)) {
            Ok(called) => called?,
            Err(deadlock) => {
                Called { started: None, ended: Instant::now(), outcome: Outcome::of(Err(deadlock.into())) }
            }
        };
        let policies = store.data_mut().deterministic_view().ctx;
        let host_calls = policies.host_calls().map(|(name, count)| (name.to_owned(), count)).collect();
        Ok(called.ran(begun, &outputs, host_calls))
    }

    async fn call<T: Send + 'static>(
        &self,
        linked: &InstancePre<T>,
        guest: &Guest,
        store: &mut Store<T>,
    ) -> Result<Called, Problem> {
        let instance = linked.instantiate_async(&mut *store).await;
        let started = Instant::now();
        let called = match instance {
            Ok(instance) => self.version.run(&instance, store).await,
            Err(error) => Err(guest.unstarted(error)?),
        };
        Ok(Called { started: Some(started), ended: Instant::now(), outcome: Outcome::of(called) })
    }
}

struct Called {
    /// `None` if it never got so far.
    started: Option<Instant>,
    ended: Instant,
    outcome: Outcome,
}

impl Called {
    fn ran(self, begun: Instant, outputs: &Outputs, host_calls: Vec<(String, u64)>) -> Ran {
        let Called { started, ended, outcome } = self;
        let started = started.unwrap_or(ended);
        let (stdout, stderr) = Stdout::of(outputs, &outcome);
        Ran { setup: started - begun, call: ended - started, outcome, stdout, stderr, host_calls, timed: Vec::new() }
    }
}

/// Stock's WASI 0.2 and 0.3 as `wasmtime run` links them.
fn link(component: &Component, args: &GuestArgs) -> wasmtime::Result<InstancePre<Stock>> {
    let mut linker = Linker::new(component.engine());
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    http::p2::add_to_linker(&mut linker)?;
    http::p3::add_to_linker(&mut linker)?;
    config_store::add_to_linker(&mut linker)?;
    keyvalue::add_to_linker(&mut linker)?;
    allow(&mut linker, component, &args.allowed_imports)?;
    linker.instantiate_pre(component)
}
