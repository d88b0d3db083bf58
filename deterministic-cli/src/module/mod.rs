//! Running a core module.

mod invoke;
mod memories;
mod preload;

pub(crate) use self::invoke::Call;
pub(crate) use self::preload::Preload;

use std::borrow::Cow;
use std::collections::BTreeMap;

use deterministic_instrument::call_depth::{CallCost, limit_call_depth_by};
use deterministic_instrument::profile::{Profiled, add_counters};
use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::coverage::{Coverage, Label};
use deterministic_wasmtime::engine::Limits;
use deterministic_wasmtime::{WasiCtxBuilderExt as _, p1};
use wasmtime::{Engine, ExternType, ImportType, Instance, Linker, Memory, Module, Store, UnknownImportError};
use wasmtime_wasi::WasiCtxBuilder;

use crate::args::{Entry, GuestArgs, is_allowed};
use crate::directories::Directories;
use crate::guest::{Guest, chain, listed};
use crate::outcome::{NotProvided, Outcome};
use crate::problem::{Problem, note};
use crate::profile;
use crate::run::{Ended, Start, refused};
use crate::watch::Stage;
use preload::Prepared;

/// What guests are told to be built for.
const PROVIDED: &str = "WASI 0.1 (target wasm32-wasip1)";

/// What the store of a module holds.
struct State {
    wasi: p1::P1Ctx,
    limits: Limits,
}

/// A module that may be started.
pub(crate) struct Program<'a> {
    linked: Linked<'a>,
    call: Call,
    /// What counts where its fuel goes.
    profiled: Option<Profiled>,
    /// Whether what the call returns is printed, be it nothing.
    invoked: bool,
}

/// A module whose imports are found.
enum Linked<'a> {
    Alone(p1::InstancePre<State>),
    After(Box<After<'a>>),
}

/// A module that comes after others, whose exports belong to one store, and so are linked there.
struct After<'a> {
    preloads: Prepared<'a>,
    linker: Linker<State>,
    module: Module,
}

impl<'a> Program<'a> {
    /// Checks all that can be checked before the module runs.
    pub(crate) fn prepare(
        guest: &Guest,
        engine: &Engine,
        args: &GuestArgs,
        entry: Entry<'_>,
        preloads: &'a [Preload],
        profile: bool,
    ) -> Result<Self, Problem> {
        let (module, profiled) = guest.compile(|binary| {
            let binary = limited(binary, args, preloads.len() + 1)?;
            let profiled = profile.then(|| profiled(engine, &binary)).transpose()?;
            let counting = profiled.as_ref().map_or(&*binary, |profiled| profiled.wasm.as_slice());
            Ok((Module::from_binary(engine, counting)?, profiled))
        })?;
        no_shared_memory(guest, &module)?;
        let (call, invoked) = match entry {
            Entry::Invoke(text) => (Call::parse(text, args.guest_args(), &module, guest)?, true),
            _ => (Call::program(args.guest_args(), &module, guest)?, false),
        };
        guest.fits(Some(module.resources_required()), args.max_memory.as_u64())?;

        let mut linker = Linker::new(engine);
        allow(&mut linker, &module, &args.allowed_imports).map_err(refused)?;
        let linked = if preloads.is_empty() {
            Linked::Alone(link(guest, &linker, &module)?)
        } else {
            let preloads = Prepared::new(preloads, engine, args)?;
            preloads.check(guest, &module, &linker)?;
            Linked::After(After { preloads, linker, module }.into())
        };
        let program = Program { linked, call, profiled, invoked };
        if program.call.is_nothing() && !guest.has_start_function() {
            note(&format!(
                "`{}` exports no function `_start` to call, so nothing of it is called; call an export with `detwasi run \
                 --invoke`",
                guest.path().display()
            ));
        }
        Ok(program)
    }

    /// The module as it was compiled, with its limit on call depth.
    pub(crate) fn module(&self) -> &Module {
        self.linked.module()
    }

    /// What is called of it.
    pub(crate) fn into_call(self) -> Call {
        self.call
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, guest: &Guest, start: Start, directories: &Directories) -> Result<Ended, Problem> {
        let Start { mut wasi, policies, limits, max_held, fuel, memories, watch, .. } = start;
        let mut state = State { wasi: wasi.build_deterministic_p1(policies), limits };
        state.wasi.deterministic_mut().set_max_held_bytes(max_held);
        directories.mount(state.wasi.deterministic_mut().files())?;
        let mut store = Store::new(self.linked.module().engine(), state);
        store.limiter(|state| &mut state.limits);
        if let Some(fuel) = fuel {
            store.set_fuel(fuel).map_err(refused)?;
            store.data_mut().wasi.deterministic_mut().fuel_was_set(fuel);
        }
        watch.at(Stage::Running(store.data().wasi.deterministic().calls_so_far()));
        let (made, called) = match self.linked.instantiate(guest, &mut store)? {
            Ok((instance, beside)) => (Some((instance, beside)), self.call.run(&instance, &mut store)),
            Err(error) => (None, Err(guest.unstarted(error)?)),
        };
        let (outcome, results) = Outcome::with_results(called);
        let lines = self.profiled.as_ref().map(|profiled| match &made {
            Some((instance, _)) => profile::lines(profiled, instance, &mut store),
            None => Vec::new(),
        });
        let memories = match made.filter(|_| memories) {
            Some((instance, beside)) => memories::summaries(&instance, beside, &mut store),
            None => BTreeMap::new(),
        };
        let left = directories.left(store.data_mut().wasi.deterministic_mut().files())?;
        let policies = store.data().wasi.deterministic();
        Ok(Ended {
            left,
            outcome,
            results: results
                .filter(|results| self.invoked || !results.is_empty())
                .map(|results| results.iter().map(invoke::text).collect()),
            response: None,
            now: policies.now(),
            fuel_left: store.get_fuel().ok(),
            host_calls: policies.host_calls().map(|(name, count)| (name.to_owned(), count)).collect(),
            memories,
            memory_peak: store.data().limits.memory_bytes_taken(),
            profile: lines,
        })
    }
}

impl Linked<'_> {
    fn module(&self) -> &Module {
        match self {
            Linked::Alone(linked) => linked.module(),
            Linked::After(after) => &after.module,
        }
    }

    /// Makes the instance, with the memories of those before it by name. An inner error is one that a guest makes.
    fn instantiate(&self, guest: &Guest, store: &mut Store<State>) -> Result<wasmtime::Result<Made>, Problem> {
        match self {
            Linked::Alone(linked) => Ok(linked.instantiate(store).map(|instance| (instance, Vec::new()))),
            Linked::After(after) => {
                let mut linker = after.linker.clone();
                let memories = match after.preloads.instantiate(store, &mut linker)? {
                    Ok(memories) => memories,
                    Err(error) => return Ok(Err(error)),
                };
                let linked = link(guest, &linker, &after.module)?;
                Ok(linked.instantiate(store).map(|instance| (instance, memories)))
            }
        }
    }
}

/// An instance, and the memories of those before it by name.
type Made = (Instance, Vec<(String, Memory)>);

fn no_shared_memory(guest: &Guest, module: &Module) -> Result<(), Problem> {
    if module.imports().any(|import| matches!(import.ty(), ExternType::Memory(memory) if memory.is_shared())) {
        return Err(Problem::Invalid { path: guest.path().into(), reason: "it imports a shared memory".into() });
    }
    Ok(())
}

/// One that counts where its fuel goes, if it is valid to begin with.
fn profiled(engine: &Engine, binary: &[u8]) -> wasmtime::Result<Profiled> {
    Module::validate(engine, binary)?;
    Ok(add_counters(binary)?)
}

/// One of so many modules, with the limit on call depth that is in force.
pub(crate) fn limited<'a>(binary: &'a [u8], args: &GuestArgs, modules: usize) -> wasmtime::Result<Cow<'a, [u8]>> {
    Ok(match args.call_depth_of_one(modules) {
        Some(limit) => limit_call_depth_by(binary, limit, CallCost::Frame)?.into(),
        None => binary.into(),
    })
}

/// Defines the allowed functions that nobody provides. Anything else than a function cannot be made up.
pub(crate) fn allow<T: 'static>(linker: &mut Linker<T>, module: &Module, allowed: &[String]) -> wasmtime::Result<()> {
    let coverage = Coverage::of_module(module);
    for (import, covered) in module.imports().zip(coverage.imports()) {
        if covered.label == Label::Uncovered
            && is_allowed(allowed, &covered.name)
            && let ExternType::Func(ty) = import.ty()
        {
            let missing = NotProvided(covered.name.clone());
            // The same function may be imported twice.
            linker.allow_shadowing(true);
            linker.func_new(import.module(), import.name(), ty, move |_, _, _| Err(missing.clone().into()))?;
        }
    }
    Ok(())
}

/// Finds everything that the module imports, WASI's functions or those in `linker`.
fn link(guest: &Guest, linker: &Linker<State>, module: &Module) -> Result<p1::InstancePre<State>, Problem> {
    let error = match p1::instantiate_pre_sync(linker, module, |state: &mut State| &mut state.wasi) {
        Ok(linked) => return Ok(linked),
        Err(error) => error,
    };
    let path = guest.path().to_owned();
    if !error.is::<UnknownImportError>() {
        return Err(Problem::Unlinkable { path, reason: chain(&error), provided: PROVIDED });
    }
    let imports = unknown(module, linker, |_| false)?;
    Err(Problem::UnknownImports { path, imports: listed(imports), provided: PROVIDED })
}

/// The imports that are neither WASI's, nor in `linker`, nor `known`.
fn unknown(
    module: &Module,
    linker: &Linker<State>,
    known: impl Fn(&ImportType<'_>) -> bool,
) -> Result<Vec<String>, Problem> {
    // Looking them up needs a store, and WASI beside the rest.
    let mut linker = linker.clone();
    p1::add_to_linker_sync(linker.allow_shadowing(true), |state: &mut State| &mut state.wasi).map_err(refused)?;
    let wasi = WasiCtxBuilder::new().build_deterministic_p1(Policies::default());
    let mut store = Store::new(linker.engine(), State { wasi, limits: Limits::default() });
    let unknown =
        module.imports().filter(|import| !known(import) && linker.get_by_import(&mut store, import).is_none());
    Ok(unknown.map(|import| format!("{}::{}", import.module(), import.name())).collect())
}
