//! Running a component.
//!
//! One linker has WASI 0.2 and 0.3 beside each other, so that a component may import both; everything runs under
//! `p3::block_on`, which lets time pass when nothing of the guest can go on.

mod exports;
mod handler;
mod invoke;
mod link;
mod wit;

use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::engine::Limits;
use deterministic_wasmtime::{ComponentCtx, DeterministicCtxView, DeterministicView, WasiCtxBuilderExt as _, p3};
use wasmtime::component::{Component, Instance, InstancePre};
use wasmtime::{Engine, ResourceLimiter, Store};
use wasmtime_wasi::{I32Exit, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi::{p2::bindings as bindings2, p3::bindings as bindings3};

use crate::error::refused;
use crate::guest::initial_pages;
use crate::inputs;
use crate::run::Start;
use crate::text::{chain, listed};
use crate::{Ended, Error, Guest, Inputs, Outcome, memories};

pub use handler::Request;
pub use link::allow;

/// What the store of a component holds.
#[derive(Debug)]
pub struct State {
    wasi: ComponentCtx,
    limits: Limits,
}

impl State {
    /// Under these policies, and within these limits.
    pub fn new(mut wasi: WasiCtxBuilder, policies: Policies, limits: Limits) -> Self {
        State { wasi: wasi.build_deterministic(policies), limits }
    }

    /// For `Store::limiter`.
    pub fn limits(&mut self) -> &mut dyn ResourceLimiter {
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
    /// An export.
    Call(invoke::Call),
    /// A handler of `wasi:http`, with a request.
    Handler(handler::Call),
}

/// Which `wasi:cli/run`.
#[derive(Clone, Copy, Debug)]
pub enum RunVersion {
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
    pub(crate) fn prepare(inputs: &Inputs, engine: &Engine) -> Result<Self, Error> {
        let guest = &inputs.guest;
        let component = guest.compile(|binary| Component::from_binary(engine, &inputs.limited_component(binary)?))?;
        guest.fits(component.resources_required().as_ref().map_or(0, initial_pages), inputs.max_memory)?;
        let call = match &inputs.entry {
            inputs::Entry::Invoke(text) => Some(Entry::Call(invoke::Call::parse(text, &component, guest)?)),
            inputs::Entry::Request(_) => Some(Entry::Handler(handler::Call::check(&component, guest)?)),
            inputs::Entry::Program => None,
        };
        // Whether it is a program is known before it is linked, and the better thing to hear of.
        if call.is_none() && !exports::names(&component).any(|name| name.starts_with("wasi:cli/run@")) {
            let exports = listed(exports::all(&component).iter().map(exports::Export::signature));
            return Err(Error::NoRun { guest: guest.called(), exports });
        }
        let mut linker = link::linker(engine).map_err(refused)?;
        link::allow(&mut linker, &component, &inputs.allowed_imports).map_err(refused)?;
        let linked = link::link(guest, &linker, &component)?;
        let entry = match call {
            Some(call) => call,
            None => Entry::Run(run_export(&linked).map_err(|error| Error::Unlinkable {
                guest: guest.called(),
                reason: chain(&error),
                provided: link::PROVIDED,
            })?),
        };
        Ok(Program { linked, entry })
    }

    /// The component, linked.
    pub(crate) fn linked(&self) -> &InstancePre<State> {
        &self.linked
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, wasi: WasiCtxBuilder, policies: Policies, mut start: Start<'_>) -> Result<Outcome, Error> {
        let mut state = State::new(wasi, policies, start.inputs.limits());
        start.set_up(state.wasi.deterministic_mut())?;
        start.answer(state.wasi.deterministic_mut())?;
        let mut store = Store::new(self.linked.component().engine(), state);
        store.limiter(State::limits);
        if let Some(fuel) = start.fuel {
            store.set_fuel(fuel).map_err(refused)?;
            store.data_mut().wasi.deterministic_mut().fuel_was_set(fuel);
        }
        start.begins(store.data().wasi.deterministic());
        let waits = store.data().wasi.deterministic().waits();
        let call = self.call(&start.inputs.guest, &mut store, start.request.take());
        let called = match p3::block_on(&waits, call) {
            Ok(called) => called?,
            Err(deadlock) => Err(deadlock.into()),
        };
        let core = start.core(&called, &mut store);
        let (ended, returned) = Ended::with_results(called);
        let mut outcome = Outcome::new(ended);
        outcome.core = core;
        match returned {
            Some(Returned::Results(results)) => outcome.results = Some(results),
            Some(Returned::Response(response)) => outcome.response = Some(response),
            Some(Returned::Nothing) | None => {}
        }
        outcome.directories = start.left(store.data_mut().wasi.deterministic_mut().files())?;
        outcome.fuel_consumed = start.fuel.and_then(|fuel| Some(fuel.saturating_sub(store.get_fuel().ok()?)));
        if start.wanted.memories && start.inputs.inspects() {
            outcome.memories = memories::of_component(&mut store);
        }
        outcome.memory_peak_bytes = store.data().limits.memory_bytes_taken();
        outcome.tell_of(store.data().wasi.deterministic());
        Ok(outcome)
    }

    /// What the call gave; an outer error is one that kept the component from starting.
    async fn call(
        &self,
        guest: &Guest,
        store: &mut Store<State>,
        request: Option<http::Request<bytes::Bytes>>,
    ) -> Result<wasmtime::Result<Returned>, Error> {
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
    ///
    /// # Errors
    ///
    /// What ended the guest, for [`Ended::of`].
    pub async fn run<T: Send + 'static>(self, instance: &Instance, store: &mut Store<T>) -> wasmtime::Result<()> {
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

/// Which `run` the component exports.
///
/// # Errors
///
/// Why none of them can be called.
pub fn run_export<T: Send + 'static>(linked: &InstancePre<T>) -> wasmtime::Result<RunVersion> {
    let Err(error) = bindings3::CommandPre::new(linked.clone()) else { return Ok(RunVersion::V3) };
    if exports::names(linked.component()).any(|name| name.starts_with("wasi:cli/run@0.3")) {
        return Err(error);
    }
    bindings2::CommandPre::new(linked.clone()).map(|_| RunVersion::V2)
}
