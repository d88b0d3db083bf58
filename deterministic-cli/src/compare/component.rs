//! A component on both sides.

use std::time::Instant;

use deterministic_run::parts::{Outputs, RunVersion, State, allow_in_component, run_export};
use deterministic_run::{Ended, Guest};
use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::engine::Limits;
use deterministic_wasmtime::{
    DeterministicCtx, DeterministicCtxView, DeterministicView, config_store, http, keyvalue, p3,
};
use wasmtime::component::{Component, InstancePre, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::runtime::in_tokio;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::inputs::{Copies, Inputs, Ran, Side, Stdout, captured};
use crate::problem::{Problem, refused};

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
    ours: InstancePre<State>,
    stock_default: InstancePre<Stock>,
    version: RunVersion,
}

impl Programs {
    /// Checks and compiles it; what `detwasi run` refuses is refused.
    pub(super) fn prepare(
        inputs: &deterministic_run::Inputs,
        default_engine: &Engine,
        allowed: &[String],
    ) -> Result<Self, Problem> {
        // Whoever asks knows that it is a component.
        let ours = inputs.component_parts()?.ok_or_else(|| Problem::Engine("it is a module".into()))?;
        let default = inputs.guest().compile(|binary| Component::from_binary(default_engine, binary))?;
        let stock = link(ours.component(), allowed).map_err(refused)?;
        let version = run_export(&ours).map_err(refused)?;
        Ok(Programs { stock, ours, stock_default: link(&default, allowed).map_err(refused)?, version })
    }

    pub(super) fn run(&self, side: Side, inputs: &Inputs) -> Result<Ran, Problem> {
        match side {
            Side::Stock => self.run_on_stock(&self.stock, inputs, inputs.fuel),
            Side::Ours => self.run_on_ours(inputs),
            // Wasmtime counts no fuel unless it is told to.
            Side::StockDefault => self.run_on_stock(&self.stock_default, inputs, None),
        }
    }

    fn run_on_stock(&self, linked: &InstancePre<Stock>, inputs: &Inputs, fuel: Option<u64>) -> Result<Ran, Problem> {
        let outputs = captured();
        let copies = Copies::of(inputs)?;
        let begun = Instant::now();
        let wasi = inputs.stock_context(&outputs, &copies)?.build();
        let state = Stock { wasi, table: ResourceTable::new(), deterministic: None, limits: inputs.value.limits() };
        let mut store = Store::new(linked.component().engine(), state);
        store.limiter(|state| &mut state.limits);
        if let Some(fuel) = fuel {
            store.set_fuel(fuel).map_err(refused)?;
        }
        let called = in_tokio(self.call(linked, inputs.value.guest(), &mut store))?;
        Ok(called.ran(begun, &outputs, Vec::new()))
    }

    fn run_on_ours(&self, inputs: &Inputs) -> Result<Ran, Problem> {
        let outputs = captured();
        let begun = Instant::now();
        let mut state = State::new(inputs.context(&outputs)?, inputs.value.make_policies(), inputs.value.limits());
        let ctx = state.deterministic_view().ctx;
        ctx.set_max_held_bytes(inputs.max_held);
        inputs.value.mount(ctx.files())?;
        let mut store = Store::new(self.ours.component().engine(), state);
        store.limiter(State::limits);
        if let Some(fuel) = inputs.fuel {
            store.set_fuel(fuel).map_err(refused)?;
        }
        let waits = store.data_mut().deterministic_view().ctx.waits();
        let called = match p3::block_on(&waits, self.call(&self.ours, inputs.value.guest(), &mut store)) {
            Ok(called) => called?,
            Err(deadlock) => Called { started: None, ended: Instant::now(), outcome: Ended::of(Err(deadlock.into())) },
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
        Ok(Called { started: Some(started), ended: Instant::now(), outcome: Ended::of(called) })
    }
}

struct Called {
    /// `None` if it never got so far.
    started: Option<Instant>,
    ended: Instant,
    outcome: Ended,
}

impl Called {
    fn ran(self, begun: Instant, outputs: &Outputs, host_calls: Vec<(String, u64)>) -> Ran {
        let Called { started, ended, outcome } = self;
        let started = started.unwrap_or(ended);
        let (stdout, stderr) = Stdout::of(outputs, &outcome);
        Ran {
            setup: started - begun,
            call: ended - started,
            ended: outcome,
            stdout,
            stderr,
            host_calls,
            timed: Vec::new(),
        }
    }
}

/// Stock's WASI 0.2 and 0.3 as `wasmtime run` links them.
fn link(component: &Component, allowed: &[String]) -> wasmtime::Result<InstancePre<Stock>> {
    let mut linker = Linker::new(component.engine());
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    http::p2::add_to_linker(&mut linker)?;
    http::p3::add_to_linker(&mut linker)?;
    config_store::add_to_linker(&mut linker)?;
    keyvalue::add_to_linker(&mut linker)?;
    allow_in_component(&mut linker, component, allowed)?;
    linker.instantiate_pre(component)
}
