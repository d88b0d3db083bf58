//! Running a component.
//!
//! One linker has WASI 0.2 and 0.3 beside each other, so that a component may import both; everything runs under
//! `p3::block_on`, which lets time pass when nothing of the guest can go on.

mod exports;
mod handler;
mod invoke;
mod link;
mod wit;

use std::collections::BTreeMap;

use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::coverage::Coverage;
use deterministic_wasmtime::engine::Limits;
use deterministic_wasmtime::{ComponentCtx, DeterministicCtxView, DeterministicView, WasiCtxBuilderExt as _, p3};
use wasmtime::component::{Component, Instance, InstancePre};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{I32Exit, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi::{p2::bindings as bindings2, p3::bindings as bindings3};

use crate::args::RunArgs;
use crate::guest::{Guest, chain, listed};
use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::run::{Ended, Start, refused};

/// What the store of a component holds.
pub(crate) struct State {
    wasi: ComponentCtx,
    limits: Limits,
}

impl State {
    fn new(mut wasi: WasiCtxBuilder, policies: Policies, limits: Limits) -> Self {
        State { wasi: wasi.build_deterministic(policies), limits }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi.ctx()
    }
}

impl DeterministicView for State {
    fn deterministic(&mut self) -> DeterministicCtxView<'_> {
        self.wasi.deterministic()
    }
}

/// A component that may be started.
pub(crate) struct Program {
    linked: InstancePre<State>,
    entry: Entry,
}

/// What to call.
enum Entry {
    /// `wasi:cli/run` of 0.3, which is taken if there are both.
    Run3,
    /// `wasi:cli/run` of 0.2.
    Run2,
    /// What `--invoke` names.
    Call(invoke::Call),
    /// A handler of `wasi:http`, with the request that `--http-request` names.
    Handler(handler::Call),
}

/// What the call returned that is printed.
enum Returned {
    Nothing,
    Results(Vec<String>),
    Response(Vec<u8>),
}

impl Program {
    /// Checks all that can be checked before the component runs.
    pub(crate) fn prepare(guest: &Guest, engine: &Engine, args: &RunArgs) -> Result<Self, Problem> {
        if args.max_call_depth.is_some() {
            return Err(Problem::CallDepthOfComponent { path: guest.path().into() });
        }
        let component = guest.compile(|binary| Component::from_binary(engine, binary))?;
        guest.fits(component.resources_required(), args.max_memory.map(|size| size.as_u64()))?;
        let call = match (&args.invoke, &args.http_request) {
            (Some(text), _) => Some(Entry::Call(invoke::Call::parse(text, &component, guest)?)),
            (None, Some(path)) => Some(Entry::Handler(handler::Call::read(path, &component, guest)?)),
            (None, None) => None,
        };
        // Whether it is a program is known before it is linked, and the better thing to hear of.
        if call.is_none() && !exports::names(&component).any(|name| name.starts_with("wasi:cli/run@")) {
            let exports = listed(exports::all(&component).iter().map(exports::Export::signature));
            return Err(Problem::NoRun { path: guest.path().into(), exports });
        }
        let mut linker = link::linker(engine).map_err(refused)?;
        // Wasmtime can make up all that is missing, or nothing.
        let allowed: Vec<_> = args.allowed_imports.iter().map(String::as_str).collect();
        let coverage = Coverage::of_component(&component);
        if coverage.uncovered().next().is_some() && coverage.refuse_uncovered(&allowed).is_ok() {
            linker.define_unknown_imports_as_traps(&component).map_err(refused)?;
        }
        let linked = link::link(guest, &linker, &component)?;
        let entry = match call {
            Some(call) => call,
            None => run_export(&linked).map_err(|error| Problem::Unlinkable {
                path: guest.path().into(),
                reason: chain(&error),
                provided: link::PROVIDED,
            })?,
        };
        Ok(Program { linked, entry })
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, guest: &Guest, start: Start<'_>) -> Result<Ended, Problem> {
        let Start { wasi, directories, policies, limits, fuel } = start;
        let mut state = State::new(wasi, policies, limits);
        directories.mount(state.wasi.policies_mut().files())?;
        let mut store = Store::new(self.linked.component().engine(), state);
        store.limiter(|state| &mut state.limits);
        if let Some(fuel) = fuel {
            store.set_fuel(fuel).map_err(refused)?;
        }
        let waits = store.data().wasi.policies().waits();
        let called = match p3::block_on(&waits, self.call(guest, &mut store)) {
            Ok(called) => called?,
            Err(deadlock) => Err(deadlock.into()),
        };
        let (outcome, returned) = Outcome::with_results(called);
        let (results, response) = match returned {
            Some(Returned::Results(results)) => (Some(results), None),
            Some(Returned::Response(response)) => (None, Some(response)),
            Some(Returned::Nothing) | None => (None, None),
        };
        let left = directories.left(store.data_mut().wasi.policies_mut().files());
        let policies = store.data().wasi.policies();
        Ok(Ended {
            left,
            outcome,
            results,
            response,
            now: policies.now(),
            fuel_left: store.get_fuel().ok(),
            host_calls: policies.host_calls().map(|(name, count)| (name.to_owned(), count)).collect(),
            // A component keeps its memories to itself.
            memories: BTreeMap::new(),
        })
    }

    /// What the call gave; an outer error is one that kept the component from starting.
    async fn call(&self, guest: &Guest, store: &mut Store<State>) -> Result<wasmtime::Result<Returned>, Problem> {
        let instance = match self.linked.instantiate_async(&mut *store).await {
            Ok(instance) => instance,
            Err(error) => return guest.unstarted(error).map(Err),
        };
        let run = match &self.entry {
            Entry::Call(call) => return Ok(call.run(&instance, store).await.map(Returned::Results)),
            Entry::Handler(call) => return Ok(call.run(&instance, store).await.map(Returned::Response)),
            Entry::Run3 => run3(&instance, store).await,
            Entry::Run2 => run2(&instance, store).await,
        };
        // `result<(), ()>` knows one way to fail.
        Ok(run.and_then(|run| run.map(|()| Returned::Nothing).map_err(|()| I32Exit(1).into())))
    }
}

/// Which `run` the component exports, or why none of them can be called.
fn run_export(linked: &InstancePre<State>) -> wasmtime::Result<Entry> {
    let Err(error) = bindings3::CommandPre::new(linked.clone()) else { return Ok(Entry::Run3) };
    if exports::names(linked.component()).any(|name| name.starts_with("wasi:cli/run@0.3")) {
        return Err(error);
    }
    bindings2::CommandPre::new(linked.clone()).map(|_| Entry::Run2)
}

async fn run3(instance: &Instance, store: &mut Store<State>) -> wasmtime::Result<Result<(), ()>> {
    let command = bindings3::Command::new(&mut *store, instance)?;
    store.run_concurrent(async |store| command.wasi_cli_run().call_run(store).await).await?
}

async fn run2(instance: &Instance, store: &mut Store<State>) -> wasmtime::Result<Result<(), ()>> {
    let command = bindings2::Command::new(&mut *store, instance)?;
    command.wasi_cli_run().call_run(store).await
}
