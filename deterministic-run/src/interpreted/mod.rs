//! Running a core module on wasmi.

mod compiled;
mod ended;
mod link;
mod preload;
mod values;

use std::collections::BTreeMap;

use deterministic_wasmi::engine::Limits;
use deterministic_wasmi::{P1Ctx, configure};
use deterministic_wasmtime::core::Policies;
use wasmi::{Config, Engine, ImportType, Instance, Linker, Memory, Store, Val};

use self::compiled::{Compiled, call, is_too_deep, unstarted};
use self::preload::Preloads;
use crate::inputs::Entry;
use crate::module::{Call, profile_lines};
use crate::outputs::{Outputs, Stream};
use crate::run::Start;
use crate::stdin::Open;
use crate::text::one_line;
use crate::{Ended, Error, Inputs, Outcome, ProfileLine, Summary};

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
    guest: Compiled,
    linker: Linker<State>,
    /// The modules before it, if there are any.
    preloads: Option<Preloads>,
    call: Call,
    /// Whether what the call returns is told, be it nothing.
    invoked: bool,
}

/// An instance, and the memories of those before it by name.
type Made = (Instance, Vec<(String, Memory)>);

impl Program {
    /// Checks all that can be checked before the module runs. `types` is an engine of Wasmtime's, whose types calls are read by.
    pub(crate) fn prepare(inputs: &Inputs, types: &wasmtime::Engine) -> Result<Self, Error> {
        let guest = &inputs.guest;
        let mut config = Config::default();
        configure(&mut config).consume_fuel(inputs.counted_fuel().is_some());
        let engine = Engine::new(&config);
        let compiled = Compiled::new(guest, inputs, &engine, inputs.preloads.len() + 1, inputs.profile)?;
        let exports = values::Exports { compiled: &compiled, types };
        let args = &inputs.arguments[1..];
        let (call, invoked) = match &inputs.entry {
            Entry::Invoke(text) => (Call::parse(text, args, &exports, guest)?, true),
            _ => (Call::program_of(args, &exports, guest)?, false),
        };
        guest.fits(guest.initial_pages(), inputs.max_memory)?;
        let preloads = match &inputs.preloads[..] {
            [] => None,
            _ => Some(Preloads::new(inputs, &engine)?),
        };
        let mut linker = link::wasi(&engine)?;
        let is_before = |import: &ImportType<'_>| preloads.as_ref().is_some_and(|preloads| preloads.export(import));
        link::allow(&mut linker, inputs, guest, &compiled.module, is_before)?;
        Ok(Program { engine, guest: compiled, linker, preloads, call, invoked })
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
        // A replay has none of them.
        if !start.tape.replays() {
            wasi = inputs.directories.open_in(wasi)?;
        }
        start.set_up(wasi.deterministic_mut())?;
        let limits = Limits::default().max_memory_bytes(inputs.max_memory);
        let mut store = Store::new(&self.engine, State { wasi, limits });
        store.limiter(|state| &mut state.limits);
        if let Some(fuel) = start.fuel {
            store.set_fuel(fuel).map_err(|error| Error::Engine(one_line(&error.to_string())))?;
            store.data_mut().wasi.deterministic_mut().fuel_was_set(fuel);
        }
        start.begins(store.data().wasi.deterministic());
        let mut made = Vec::new();
        let (instance, called) = match self.instantiate(inputs, &mut store, &mut made)? {
            Ok((instance, beside)) => {
                let called = self.call(&instance, &mut store);
                (Some((instance, beside)), called)
            }
            Err(error) => (None, Err(error)),
        };
        let (ended, results) = match called {
            Ok(results) => (Ended::Exit(0), Some(results)),
            Err(error) => (ended::of(&error, made.iter().any(|instance| is_too_deep(instance, &store))), None),
        };
        let mut outcome = Outcome::new(ended);
        outcome.results = results
            .filter(|results| self.invoked || !results.is_empty())
            .map(|results| results.iter().map(values::text).collect());
        outcome.profile = self.profile(instance.as_ref().map(|(instance, _)| instance), &store);
        if let Some((instance, beside)) = instance.filter(|_| start.wanted.memories) {
            outcome.memories = self.memories(&instance, beside, &store);
        }
        outcome.directories = start.left(store.data_mut().wasi.deterministic_mut().files())?;
        outcome.fuel_consumed = start.fuel.and_then(|fuel| Some(fuel.saturating_sub(store.get_fuel().ok()?)));
        outcome.memory_peak_bytes = store.data().limits.memory_bytes_taken();
        outcome.tell_of(store.data().wasi.deterministic());
        Ok(outcome)
    }

    /// Makes the instance. All that are made on the way are in `made`. An inner error is one that a guest makes.
    fn instantiate(
        &self,
        inputs: &Inputs,
        store: &mut Store<State>,
        made: &mut Vec<Instance>,
    ) -> Result<Result<Made, wasmi::Error>, Error> {
        let mut linker = &self.linker;
        let (mut own, mut memories) = (None, Vec::new());
        if let Some(preloads) = &self.preloads {
            let own = own.insert(linker.clone());
            memories = match preloads.instantiate(store, own, made)? {
                Ok(memories) => memories,
                Err(error) => return Ok(Err(error)),
            };
            linker = own;
        }
        match self.guest.instantiate(linker, store, made) {
            Ok(instance) => Ok(Ok((instance, memories))),
            Err(error) => unstarted(&inputs.guest, error).map(Err),
        }
    }

    fn call(&self, instance: &Instance, store: &mut Store<State>) -> Result<Vec<Val>, wasmi::Error> {
        if let Some(name) = self.call.initializer() {
            call(instance, name, &mut *store)?;
        }
        // It was found in the module before.
        let Some((name, params, results)) = self.call.function() else { return Ok(Vec::new()) };
        let Some(function) = instance.get_func(&*store, name) else { return Ok(Vec::new()) };
        let params: Vec<_> = params.iter().filter_map(values::to).collect();
        let mut results = vec![Val::I32(0); results];
        function.call(store, &params, &mut results)?;
        Ok(results)
    }

    /// What was counted, if that was asked for. What never was an instance counted nothing.
    fn profile(&self, instance: Option<&Instance>, store: &Store<State>) -> Option<Vec<ProfileLine>> {
        self.guest.profiled.as_ref().map(|profiled| match instance {
            Some(instance) => profile_lines(profiled, |name| match instance.get_global(store, name)?.get(store) {
                Val::I64(count) => Some(count),
                _ => None,
            }),
            None => Vec::new(),
        })
    }

    /// What each memory holds, its own and those `beside`: each that is exported, by that name, or each that there is, once.
    fn memories(
        &self,
        instance: &Instance,
        beside: Vec<(String, Memory)>,
        store: &Store<State>,
    ) -> BTreeMap<String, Summary> {
        let all = self.guest.memories.as_ref();
        let names: Vec<String> = match all {
            Some(names) => names.clone(),
            None => instance.exports(store).map(|export| export.name().to_owned()).collect(),
        };
        let own = names.into_iter().filter_map(|name| Some((name.clone(), instance.get_memory(store, &name)?)));
        let mut known: BTreeMap<String, Summary> = BTreeMap::new();
        let mut summaries = BTreeMap::new();
        for (name, memory) in beside.into_iter().chain(own) {
            // wasmi compares no memories, but the text of one has its number in the store.
            let number = format!("{memory:?}");
            let summary = match known.get(&number) {
                Some(_) if all.is_some() => continue,
                Some(summary) => summary.clone(),
                None => Summary::of(memory.data(store)),
            };
            known.insert(number, summary.clone());
            summaries.insert(name, summary);
        }
        summaries
    }
}
