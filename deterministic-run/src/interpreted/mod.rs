//! Running a core module on wasmi.

mod ended;
mod values;

use std::collections::BTreeMap;

use deterministic_instrument::call_depth::{CALL_DEPTH_EXPORT, is_call_depth_exceeded};
use deterministic_instrument::memories::export_memories;
use deterministic_wasmi::engine::Limits;
use deterministic_wasmi::{P1Ctx, add_to_linker, configure};
use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::wasi::p1;
use wasmi::{Config, Engine, ExternType, Instance, Linker, Module, Store, Val};

use self::ended::Foreign;
use crate::ended::{NotProvided, is_allowed};
use crate::inputs::Entry;
use crate::module::{Call, PROVIDED};
use crate::outputs::{Outputs, Stream};
use crate::run::Start;
use crate::stdin::Open;
use crate::text::{listed, one_line};
use crate::{Ended, EngineKind, Error, Inputs, Outcome, Summary};

/// What names the engine in a fingerprint: its line, and the rewritings that its guests go through.
pub(crate) const NAME: &str = "wasmi 2";

/// What the store of a module holds.
struct State {
    wasi: P1Ctx,
    limits: Limits,
}

/// A module that may be started.
pub(crate) struct Program {
    engine: Engine,
    module: Module,
    linker: Linker<State>,
    call: Call,
    /// An export of each memory, if all are to be told.
    memories: Option<Vec<String>>,
    /// Whether what the call returns is told, be it nothing.
    invoked: bool,
}

impl Program {
    /// Checks all that can be checked before the module runs. `types` is an engine of Wasmtime's, whose types calls are read by.
    pub(crate) fn prepare(inputs: &Inputs, types: &wasmtime::Engine) -> Result<Self, Error> {
        let guest = &inputs.guest;
        let lacks = |what| Err(Error::NotOnEngine { kind: EngineKind::Wasmi, what });
        if !inputs.preloads.is_empty() {
            return lacks("modules before the guest");
        }
        if inputs.profile {
            return lacks("profiles");
        }
        let mut config = Config::default();
        configure(&mut config).consume_fuel(inputs.counted_fuel().is_some());
        let engine = Engine::new(&config);
        let (module, memories) = guest.compile(|binary| {
            let binary = inputs.limited(binary, 1)?;
            if !inputs.all_memories {
                return Ok((Module::new(&engine, &*binary).map_err(Foreign)?, None));
            }
            Module::validate(&engine, &binary).map_err(Foreign)?;
            let shown = export_memories(&binary)?;
            Ok((Module::new(&engine, &shown.wasm).map_err(Foreign)?, Some(shown.memories)))
        })?;
        let exports = values::Exports { module: &module, types };
        let args = &inputs.arguments[1..];
        let (call, invoked) = match &inputs.entry {
            Entry::Invoke(text) => (Call::parse(text, args, &exports, guest)?, true),
            _ => (Call::program_of(args, &exports, guest)?, false),
        };
        guest.fits(guest.initial_pages(), inputs.max_memory)?;
        let linker = linker(inputs, &engine, &module)?;
        Ok(Program { engine, module, linker, call, memories, invoked })
    }

    pub(crate) fn calls_nothing(&self) -> bool {
        self.call.is_nothing()
    }

    /// Runs it to its end.
    pub(crate) fn run(
        &self,
        policies: Policies,
        stdin: Open,
        outputs: &Outputs,
        mut start: Start<'_>,
    ) -> Result<Outcome, Error> {
        let inputs = start.inputs;
        let mut wasi = P1Ctx::new(policies)
            .args(inputs.arguments.iter().cloned())
            .stdin_from(stdin)
            .stdout_to(outputs.one(Stream::Stdout))
            .stderr_to(outputs.one(Stream::Stderr));
        for (name, value) in inputs.environment() {
            wasi = wasi.env(name, value);
        }
        wasi = inputs.directories.open_in(wasi)?;
        start.set_up(wasi.deterministic_mut())?;
        let limits = Limits::default().max_memory_bytes(inputs.max_memory);
        let mut store = Store::new(&self.engine, State { wasi, limits });
        store.limiter(|state| &mut state.limits);
        if let Some(fuel) = start.fuel {
            store.set_fuel(fuel).map_err(|error| Error::Engine(one_line(&error.to_string())))?;
            store.data_mut().wasi.deterministic_mut().fuel_was_set(fuel);
        }
        start.begins(store.data().wasi.deterministic());
        let (instance, called) = match self.linker.instantiate_and_start(&mut store, &self.module) {
            Ok(instance) => (Some(instance), self.call(&instance, &mut store)),
            Err(error) if ended::is_the_guests(&error) => (None, Err(error)),
            Err(error) => {
                let reason = one_line(&error.to_string());
                return Err(Error::Unstartable { guest: inputs.guest.called(), reason });
            }
        };
        let (ended, results) = match called {
            Ok(results) => (Ended::Exit(0), Some(results)),
            Err(error) => (ended::of(&error, instance.is_some_and(|instance| too_deep(&instance, &store))), None),
        };
        let mut outcome = Outcome::new(ended);
        outcome.results = results
            .filter(|results| self.invoked || !results.is_empty())
            .map(|results| results.iter().map(values::text).collect());
        if let Some(instance) = instance.filter(|_| start.wanted.memories) {
            outcome.memories = self.memories(&instance, &store);
        }
        outcome.directories = start.left(store.data_mut().wasi.deterministic_mut().files())?;
        outcome.fuel_consumed = start.fuel.and_then(|fuel| Some(fuel.saturating_sub(store.get_fuel().ok()?)));
        outcome.memory_peak_bytes = store.data().limits.memory_bytes_taken();
        outcome.tell_of(store.data().wasi.deterministic());
        Ok(outcome)
    }

    fn call(&self, instance: &Instance, store: &mut Store<State>) -> Result<Vec<Val>, wasmi::Error> {
        if let Some(name) = self.call.initializer() {
            instance.get_typed_func::<(), ()>(&*store, name)?.call(&mut *store, ())?;
        }
        // It was found in the module before.
        let Some((name, params, results)) = self.call.function() else { return Ok(Vec::new()) };
        let Some(function) = instance.get_func(&*store, name) else { return Ok(Vec::new()) };
        let params: Vec<_> = params.iter().filter_map(values::to).collect();
        let mut results = vec![Val::I32(0); results];
        function.call(store, &params, &mut results)?;
        Ok(results)
    }

    /// What each memory holds: each that is exported, by that name, or each that there is, once.
    fn memories(&self, instance: &Instance, store: &Store<State>) -> BTreeMap<String, Summary> {
        let names: Vec<String> = match &self.memories {
            Some(names) => names.clone(),
            None => instance.exports(store).map(|export| export.name().to_owned()).collect(),
        };
        let mut known = BTreeMap::new();
        let memories = names.into_iter().filter_map(|name| {
            let data = instance.get_memory(store, &name)?.data(store);
            // Two that are empty may look alike, and are.
            let summary = known.entry((data.as_ptr(), data.len())).or_insert_with(|| Summary::of(data));
            Some((name, summary.clone()))
        });
        memories.collect()
    }
}

/// WASI, and what is allowed.
fn linker(inputs: &Inputs, engine: &Engine, module: &Module) -> Result<Linker<State>, Error> {
    let guest = inputs.guest.called();
    let refused = |error: wasmi::errors::LinkerError| Error::Engine(one_line(&error.to_string()));
    let mut linker = Linker::new(engine);
    add_to_linker(&mut linker, |state: &mut State| &mut state.wasi)
        .map_err(|error| Error::Engine(one_line(&error.to_string())))?;
    let mut unknown = Vec::new();
    for import in module.imports().filter(|import| p1::function(import.module(), import.name()).is_none()) {
        let name = format!("{}::{}", import.module(), import.name());
        match import.ty() {
            ExternType::Func(ty) if is_allowed(&inputs.allowed_imports, &name) => {
                let missing = NotProvided(name);
                // The same function may be imported twice.
                linker.allow_shadowing(true);
                let ends = move |_: wasmi::Caller<'_, State>, _: &[Val], _: &mut [Val]| {
                    Err(wasmi::Error::host(missing.clone()))
                };
                linker.func_new(import.module(), import.name(), ty.clone(), ends).map_err(refused)?;
            }
            _ => unknown.push(name),
        }
    }
    if unknown.is_empty() {
        Ok(linker)
    } else {
        Err(Error::UnknownImports { guest, imports: listed(unknown), provided: PROVIDED })
    }
}

/// Whether it was the limit on call depth that ended it. There are no frames to tell by.
fn too_deep(instance: &Instance, store: &Store<State>) -> bool {
    let counter = instance.get_global(store, CALL_DEPTH_EXPORT).map(|counter| counter.get(store));
    matches!(counter, Some(Val::I32(value)) if is_call_depth_exceeded(value))
}
