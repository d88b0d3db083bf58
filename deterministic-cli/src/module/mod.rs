//! Running a core module.

mod invoke;

pub(crate) use self::invoke::Call;

use std::borrow::Cow;
use std::collections::BTreeMap;

use deterministic_wasmtime::call_depth::{CallCost, limit_call_depth_by};
use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::coverage::{Coverage, Label};
use deterministic_wasmtime::engine::Limits;
use deterministic_wasmtime::{WasiCtxBuilderExt as _, p1};
use wasmtime::{Engine, ExternType, Instance, Linker, Module, Store, UnknownImportError};
use wasmtime_wasi::WasiCtxBuilder;

use crate::args::{Entry, GuestArgs, is_allowed};
use crate::guest::{Guest, chain};
use crate::outcome::{NotProvided, Outcome};
use crate::problem::{Problem, note};
use crate::run::{Ended, Start, refused};
use crate::stdio::Summary;

/// What guests are told to be built for.
const PROVIDED: &str = "WASI 0.1 (target wasm32-wasip1)";

/// What the store of a module holds.
struct State {
    wasi: p1::P1Ctx,
    limits: Limits,
}

/// A module that may be started.
pub(crate) struct Program {
    linked: p1::InstancePre<State>,
    call: Call,
    /// Whether what the call returns is printed, be it nothing.
    invoked: bool,
}

impl Program {
    /// Checks all that can be checked before the module runs.
    pub(crate) fn prepare(guest: &Guest, engine: &Engine, args: &GuestArgs, entry: Entry<'_>) -> Result<Self, Problem> {
        if let Entry::HttpRequest(_) = entry {
            return Err(Problem::ModuleAsHandler { path: guest.path().into() });
        }
        let module = guest.compile(|binary| Module::from_binary(engine, &limited(binary, args)?))?;
        let path = || guest.path().to_owned();
        if module.imports().any(|import| matches!(import.ty(), ExternType::Memory(memory) if memory.is_shared())) {
            return Err(Problem::Invalid { path: path(), reason: "it imports a shared memory".into() });
        }
        let (call, invoked) = match entry {
            Entry::Invoke(text) => (Call::parse(text, args.guest_args(), &module, guest)?, true),
            _ => (Call::program(args.guest_args(), &module, guest)?, false),
        };
        guest.fits(Some(module.resources_required()), args.max_memory.map(|size| size.as_u64()))?;

        let mut linker = Linker::new(engine);
        allow(&mut linker, &module, &args.allowed_imports).map_err(refused)?;
        let program = Program { linked: link(guest, &linker, &module)?, call, invoked };
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
    pub(crate) fn run(&self, guest: &Guest, start: Start<'_>) -> Result<Ended, Problem> {
        let Start { mut wasi, directories, policies, limits, fuel } = start;
        let mut state = State { wasi: wasi.build_deterministic_p1(policies), limits };
        directories.mount(state.wasi.deterministic_mut().files())?;
        let mut store = Store::new(self.linked.module().engine(), state);
        store.limiter(|state| &mut state.limits);
        if let Some(fuel) = fuel {
            store.set_fuel(fuel).map_err(refused)?;
        }
        let (instance, called) = match self.linked.instantiate(&mut store) {
            Ok(instance) => (Some(instance), self.call.run(&instance, &mut store)),
            Err(error) => (None, Err(guest.unstarted(error)?)),
        };
        let (outcome, results) = Outcome::with_results(called);
        let memories = instance.map(|instance| memories(&instance, &mut store)).unwrap_or_default();
        let left = directories.left(store.data_mut().wasi.deterministic_mut().files());
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
        })
    }
}

/// The module with the limit on call depth that is in force.
pub(crate) fn limited<'a>(binary: &'a [u8], args: &GuestArgs) -> wasmtime::Result<Cow<'a, [u8]>> {
    Ok(match args.call_depth() {
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
    // Looking them up needs a store, and WASI beside the rest.
    let mut linker = linker.clone();
    p1::add_to_linker_sync(linker.allow_shadowing(true), |state: &mut State| &mut state.wasi).map_err(refused)?;
    let wasi = WasiCtxBuilder::new().build_deterministic_p1(Policies::default());
    let mut store = Store::new(linker.engine(), State { wasi, limits: Limits::default() });
    let unknown = module.imports().filter(|import| linker.get_by_import(&mut store, import).is_none());
    let imports = unknown.map(|import| format!("`{}::{}`", import.module(), import.name())).collect();
    Err(Problem::UnknownImports { path, imports, provided: PROVIDED })
}

/// What each exported memory holds, by name.
fn memories(instance: &Instance, store: &mut Store<State>) -> BTreeMap<String, Summary> {
    let exports: Vec<_> = instance
        .exports(&mut *store)
        .filter_map(|export| Some((export.name().to_owned(), export.into_memory()?)))
        .collect();
    exports.into_iter().map(|(name, memory)| (name, Summary::of(memory.data(&*store)))).collect()
}
