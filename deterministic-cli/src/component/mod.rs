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

use deterministic_instrument::call_depth::{CallCost, limit_call_depth_by};
use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::engine::Limits;
use deterministic_wasmtime::{ComponentCtx, DeterministicCtxView, DeterministicView, WasiCtxBuilderExt as _, p3};
use wasmtime::component::{Component, Instance, InstancePre};
use wasmtime::{Engine, ResourceLimiter, Store};
use wasmtime_wasi::{I32Exit, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi::{p2::bindings as bindings2, p3::bindings as bindings3};

use crate::args::{self, GuestArgs};
use crate::directories::Directories;
use crate::guest::{Guest, chain, listed};
use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::run::{Ended, Start, refused};
use crate::watch::Stage;

pub(crate) use handler::Request;
pub(crate) use link::allow;

/// What the store of a component holds.
pub(crate) struct State {
    wasi: ComponentCtx,
    limits: Limits,
}

impl State {
    pub(crate) fn new(mut wasi: WasiCtxBuilder, policies: Policies, limits: Limits) -> Self {
        State { wasi: wasi.build_deterministic(policies), limits }
    }

    /// For `Store::limiter`.
    pub(crate) fn limits(&mut self) -> &mut dyn ResourceLimiter {
        &mut self.limits
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi.ctx()
    }
}

impl DeterministicView for State {
    fn deterministic_view(&mut self) -> DeterministicCtxView<'_> {
        self.wasi.deterministic_view()
    }
}

/// A component that may be started.
pub(crate) struct Program {
    linked: InstancePre<State>,
    entry: Entry,
}

/// What to call.
enum Entry {
    /// `wasi:cli/run`.
    Run(RunVersion),
    /// What `--invoke` names.
    Call(invoke::Call),
    /// A handler of `wasi:http`, with the request of `--http-request`.
    Handler(handler::Call),
}

/// Which `wasi:cli/run`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RunVersion {
    /// Of 0.2.
    V2,
    /// Of 0.3, which is taken if there are both.
    V3,
}

/// What the call returned that is printed.
enum Returned {
    Nothing,
    Results(Vec<String>),
    Response(Vec<u8>),
}

impl Program {
    /// Checks all that can be checked before the component runs.
    pub(crate) fn prepare(
        guest: &Guest,
        engine: &Engine,
        args: &GuestArgs,
        entry: args::Entry<'_>,
    ) -> Result<Self, Problem> {
        let component = guest.compile(|binary| match args.max_call_depth {
            Some(limit) => Component::from_binary(engine, &limit_call_depth_by(binary, limit, CallCost::Frame)?),
            None => Component::from_binary(engine, binary),
        })?;
        guest.fits(component.resources_required(), args.max_memory.as_u64())?;
        let call = match entry {
            args::Entry::Invoke(text) => Some(Entry::Call(invoke::Call::parse(text, &component, guest)?)),
            args::Entry::HttpRequest => Some(Entry::Handler(handler::Call::check(&component, guest)?)),
            args::Entry::Program => None,
        };
        // Whether it is a program is known before it is linked, and the better thing to hear of.
        if call.is_none() && !exports::names(&component).any(|name| name.starts_with("wasi:cli/run@")) {
            let exports = listed(exports::all(&component).iter().map(exports::Export::signature));
            return Err(Problem::NoRun { path: guest.path().into(), exports });
        }
        let mut linker = link::linker(engine).map_err(refused)?;
        link::allow(&mut linker, &component, &args.allowed_imports).map_err(refused)?;
        let linked = link::link(guest, &linker, &component)?;
        let entry = match call {
            Some(call) => call,
            None => Entry::Run(run_export(&linked).map_err(|error| Problem::Unlinkable {
                path: guest.path().into(),
                reason: chain(&error),
                provided: link::PROVIDED,
            })?),
        };
        Ok(Program { linked, entry })
    }

    /// The component, linked.
    pub(crate) fn into_linked(self) -> InstancePre<State> {
        self.linked
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, guest: &Guest, start: Start, directories: &Directories) -> Result<Ended, Problem> {
        let Start { wasi, request, policies, limits, max_held, fuel, answers, watch, .. } = start;
        let mut state = State::new(wasi, policies, limits);
        state.wasi.deterministic_mut().set_max_held_bytes(max_held);
        directories.mount(state.wasi.deterministic_mut().files())?;
        if let Some(answers) = answers {
            state.wasi.deterministic_mut().set_responder(answers.responder());
        }
        let mut store = Store::new(self.linked.component().engine(), state);
        store.limiter(State::limits);
        if let Some(fuel) = fuel {
            store.set_fuel(fuel).map_err(refused)?;
            store.data_mut().wasi.deterministic_mut().fuel_was_set(fuel);
        }
        watch.at(Stage::Running(store.data().wasi.deterministic().calls_so_far()));
        let waits = store.data().wasi.deterministic().waits();
        let called = match p3::block_on(&waits, self.call(guest, &mut store, request)) {
            Ok(called) => called?,
            Err(deadlock) => Err(deadlock.into()),
        };
        let (outcome, returned) = Outcome::with_results(called);
        let (results, response) = match returned {
            Some(Returned::Results(results)) => (Some(results), None),
            Some(Returned::Response(response)) => (None, Some(response)),
            Some(Returned::Nothing) | None => (None, None),
        };
        let left = directories.left(store.data_mut().wasi.deterministic_mut().files())?;
        let policies = store.data().wasi.deterministic();
        Ok(Ended {
            profile: None,
            left,
            outcome,
            results,
            response,
            now: policies.now(),
            fuel_left: store.get_fuel().ok(),
            host_calls: policies.host_calls().map(|(name, count)| (name.to_owned(), count)).collect(),
            // A component keeps its memories to itself.
            memories: BTreeMap::new(),
            memory_peak: store.data().limits.memory_bytes_taken(),
        })
    }

    /// What the call gave; an outer error is one that kept the component from starting.
    async fn call(
        &self,
        guest: &Guest,
        store: &mut Store<State>,
        request: Option<Request>,
    ) -> Result<wasmtime::Result<Returned>, Problem> {
        let instance = match self.linked.instantiate_async(&mut *store).await {
            Ok(instance) => instance,
            Err(error) => return guest.unstarted(error).map(Err),
        };
        Ok(match (&self.entry, request) {
            (Entry::Call(call), _) => call.run(&instance, store).await.map(Returned::Results),
            (Entry::Handler(call), Some(request)) => call.run(&instance, store, request).await.map(Returned::Response),
            // Who checked for a handler has read a request.
            (Entry::Handler(_), None) => Ok(Returned::Nothing),
            (Entry::Run(version), _) => version.run(&instance, store).await.map(|()| Returned::Nothing),
        })
    }
}

impl RunVersion {
    /// Calls it.
    pub(crate) async fn run<T: Send + 'static>(
        self,
        instance: &Instance,
        store: &mut Store<T>,
    ) -> wasmtime::Result<()> {
        let ended = match self {
            RunVersion::V2 => {
                let command = bindings2::Command::new(&mut *store, instance)?;
                command.wasi_cli_run().call_run(store).await?
            }
            RunVersion::V3 => {
                let command = bindings3::Command::new(&mut *store, instance)?;
                store.run_concurrent(async |store| command.wasi_cli_run().call_run(store).await).await??
            }
        };
        // `result<(), ()>` knows one way to fail.
        ended.map_err(|()| I32Exit(1).into())
    }
}

/// Which `run` the component exports, or why none of them can be called.
pub(crate) fn run_export<T: Send + 'static>(linked: &InstancePre<T>) -> wasmtime::Result<RunVersion> {
    let Err(error) = bindings3::CommandPre::new(linked.clone()) else { return Ok(RunVersion::V3) };
    if exports::names(linked.component()).any(|name| name.starts_with("wasi:cli/run@0.3")) {
        return Err(error);
    }
    bindings2::CommandPre::new(linked.clone()).map(|_| RunVersion::V2)
}
