//! Running a core module.

mod invoke;
mod preload;
mod profile;

pub use self::invoke::Call;
#[cfg(feature = "wasmi")]
pub(crate) use self::invoke::{Exports, text};
pub(crate) use self::preload::Preload;
pub use self::profile::ProfileLine;
#[cfg(feature = "wasmi")]
pub(crate) use self::profile::lines as profile_lines;

use deterministic_instrument::memories::{Exported, export_memories};
use deterministic_instrument::profile::{Profiled, add_counters};
use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::coverage::{Coverage, Label};
use deterministic_wasmtime::engine::Limits;
use deterministic_wasmtime::{WasiCtxBuilderExt as _, p1};
use wasmtime::{Engine, ExternType, ImportType, Instance, Linker, Memory, Module, Store, UnknownImportError, Val};
use wasmtime_wasi::WasiCtxBuilder;

use self::preload::Prepared;
use crate::ended::{NotProvided, is_allowed};
use crate::error::refused;
use crate::guest::initial_pages;
use crate::inputs::Entry;
use crate::run::Start;
use crate::text::{chain, listed};
use crate::{Ended, Error, Guest, Inputs, Outcome, memories};

/// What guests are told to be built for.
pub(crate) const PROVIDED: &str = "WASI 0.1 (target wasm32-wasip1)";

/// What the store of a module holds.
struct State {
    wasi: p1::P1Ctx,
    limits: Limits,
}

/// A module that may be started.
pub(crate) struct Program {
    linked: Linked,
    call: Call,
    /// What counts where its fuel goes.
    profiled: Option<Profiled>,
    /// An export of each memory, if all are to be told.
    memories: Option<Vec<String>>,
    /// Whether what the call returns is told, be it nothing.
    invoked: bool,
}

/// A module whose imports are found.
enum Linked {
    Alone(p1::InstancePre<State>),
    After(Box<After>),
}

/// A module that comes after others, whose exports belong to one store, and so are linked there.
struct After {
    preloads: Prepared,
    linker: Linker<State>,
    module: Module,
}

impl Program {
    /// Checks all that can be checked before the module runs.
    pub(crate) fn prepare(inputs: &Inputs, engine: &Engine) -> Result<Self, Error> {
        let guest = &inputs.guest;
        let (module, profiled, memories) = guest.compile(|binary| {
            let binary = inputs.limited(binary, inputs.preloads.len() + 1)?;
            let profiled = inputs.profile.then(|| profiled(engine, &binary)).transpose()?;
            let counting = profiled.as_ref().map_or(&*binary, |profiled| profiled.wasm.as_slice());
            let shown = inputs.all_memories.then(|| shown(engine, counting)).transpose()?;
            let module = Module::from_binary(engine, shown.as_ref().map_or(counting, |shown| &shown.wasm))?;
            Ok((module, profiled, shown.map(|shown| shown.memories)))
        })?;
        no_shared_memory(guest, &module)?;
        let args = &inputs.arguments[1..];
        let (call, invoked) = match &inputs.entry {
            Entry::Invoke(text) => (Call::parse(text, args, &module, guest)?, true),
            _ => (Call::program(args, &module, guest)?, false),
        };
        guest.fits(initial_pages(&module.resources_required()), inputs.max_memory)?;

        let mut linker = Linker::new(engine);
        allow(&mut linker, &module, &inputs.allowed_imports).map_err(refused)?;
        let linked = if inputs.preloads.is_empty() {
            Linked::Alone(link(guest, &linker, &module)?)
        } else {
            let preloads = Prepared::new(inputs, engine)?;
            preloads.check(guest, &module, &linker)?;
            Linked::After(After { preloads, linker, module }.into())
        };
        Ok(Program { linked, call, profiled, memories, invoked })
    }

    /// The module as it was compiled, with its limit on call depth.
    pub(crate) fn module(&self) -> &Module {
        self.linked.module()
    }

    /// What is called of it.
    pub(crate) fn call(&self) -> &Call {
        &self.call
    }

    pub(crate) fn calls_nothing(&self) -> bool {
        self.call.is_nothing()
    }

    /// Runs it to its end.
    pub(crate) fn run(
        &self,
        mut wasi: WasiCtxBuilder,
        policies: Policies,
        mut start: Start<'_>,
    ) -> Result<Outcome, Error> {
        let guest = &start.inputs.guest;
        let mut state = State { wasi: wasi.build_deterministic_p1(policies), limits: start.inputs.limits() };
        start.set_up(state.wasi.deterministic_mut())?;
        let mut store = Store::new(self.linked.module().engine(), state);
        store.limiter(|state| &mut state.limits);
        if let Some(fuel) = start.fuel {
            store.set_fuel(fuel).map_err(refused)?;
            store.data_mut().wasi.deterministic_mut().fuel_was_set(fuel);
        }
        start.begins(store.data().wasi.deterministic());
        let (made, called) = match self.linked.instantiate(guest, &mut store)? {
            Ok((instance, beside)) => (Some((instance, beside)), self.call.run(&instance, &mut store)),
            Err(error) => (None, Err(guest.unstarted(error)?)),
        };
        let core = start.core(&called, &mut store);
        let (ended, results) = Ended::with_results(called);
        let mut outcome = Outcome::new(ended);
        outcome.core = core;
        outcome.results = results
            .filter(|results| self.invoked || !results.is_empty())
            .map(|results| results.iter().map(invoke::text).collect());
        outcome.profile = self.profiled.as_ref().map(|profiled| match &made {
            Some((instance, _)) => {
                profile::lines(profiled, |name| match instance.get_global(&mut store, name)?.get(&mut store) {
                    Val::I64(count) => Some(count),
                    _ => None,
                })
            }
            None => Vec::new(),
        });
        if let Some((instance, beside)) = made.filter(|_| start.wanted.memories) {
            outcome.memories = match &self.memories {
                Some(names) => memories::of_module(names, &instance, beside, &mut store),
                None => memories::exported(&instance, beside, &mut store),
            };
        }
        outcome.directories = start.left(store.data_mut().wasi.deterministic_mut().files())?;
        outcome.fuel_consumed = start.fuel.and_then(|fuel| Some(fuel.saturating_sub(store.get_fuel().ok()?)));
        outcome.memory_peak_bytes = store.data().limits.memory_bytes_taken();
        outcome.tell_of(store.data().wasi.deterministic());
        Ok(outcome)
    }
}

impl Linked {
    fn module(&self) -> &Module {
        match self {
            Linked::Alone(linked) => linked.module(),
            Linked::After(after) => &after.module,
        }
    }

    /// Makes the instance, with the memories of those before it by name. An inner error is one that a guest makes.
    fn instantiate(&self, guest: &Guest, store: &mut Store<State>) -> Result<wasmtime::Result<Made>, Error> {
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

fn no_shared_memory(guest: &Guest, module: &Module) -> Result<(), Error> {
    if module.imports().any(|import| matches!(import.ty(), ExternType::Memory(memory) if memory.is_shared())) {
        return Err(Error::Invalid { guest: guest.called(), reason: "it imports a shared memory".into() });
    }
    Ok(())
}

/// One that counts where its fuel goes, if it is valid to begin with.
fn profiled(engine: &Engine, binary: &[u8]) -> wasmtime::Result<Profiled> {
    Module::validate(engine, binary)?;
    Ok(add_counters(binary)?)
}

/// One that exports all of its memories, if it is valid to begin with.
fn shown(engine: &Engine, binary: &[u8]) -> wasmtime::Result<Exported> {
    Module::validate(engine, binary)?;
    Ok(export_memories(binary)?)
}

/// Defines the allowed functions that nobody provides. Anything else than a function cannot be made up.
///
/// # Errors
///
/// What keeps the linker from it.
pub fn allow<T: 'static>(linker: &mut Linker<T>, module: &Module, allowed: &[String]) -> wasmtime::Result<()> {
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
fn link(guest: &Guest, linker: &Linker<State>, module: &Module) -> Result<p1::InstancePre<State>, Error> {
    let error = match p1::instantiate_pre_sync(linker, module, |state: &mut State| &mut state.wasi) {
        Ok(linked) => return Ok(linked),
        Err(error) => error,
    };
    let called = guest.called();
    if !error.is::<UnknownImportError>() {
        return Err(Error::Unlinkable { guest: called, reason: chain(&error), provided: PROVIDED });
    }
    let imports = unknown(module, linker, |_| false)?;
    Err(Error::UnknownImports { guest: called, imports: listed(imports), provided: PROVIDED })
}

/// The imports that are neither WASI's, nor in `linker`, nor `known`.
fn unknown(
    module: &Module,
    linker: &Linker<State>,
    known: impl Fn(&ImportType<'_>) -> bool,
) -> Result<Vec<String>, Error> {
    // Looking them up needs a store, and WASI beside the rest.
    let mut linker = linker.clone();
    p1::add_to_linker_sync(linker.allow_shadowing(true), |state: &mut State| &mut state.wasi).map_err(refused)?;
    let wasi = WasiCtxBuilder::new().build_deterministic_p1(Policies::default());
    let mut store = Store::new(linker.engine(), State { wasi, limits: Limits::default() });
    let unknown =
        module.imports().filter(|import| !known(import) && linker.get_by_import(&mut store, import).is_none());
    Ok(unknown.map(|import| format!("{}::{}", import.module(), import.name())).collect())
}
