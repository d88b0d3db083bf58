//! Running a guest.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use deterministic_wasmtime::DeterministicCtx;
use deterministic_wasmtime::core::{Policies, Seed};
use deterministic_wasmtime::fs::FileSystem;
use deterministic_wasmtime::http::Responder;
use deterministic_wasmtime::policies::Preset;
use deterministic_wasmtime::wasi::Wasi;
use deterministic_wasmtime::wasi::log::{CallLog, StopAt};
use deterministic_wasmtime::wasi::trace::{Entropy, Tape};
use wasmtime::Store;

use crate::inputs::{Entry, PolicySource};
use crate::logging::Logging;
use crate::outputs::{Outputs, Sink};
#[cfg(feature = "watch")]
use crate::watch::{Beginning, Watch};
use crate::{
    Bundle, CoreDump, CoreDumpError, Error, Inputs, Kind, Left, Outcome, component, core_dump, module, with_stack,
};
#[cfg(feature = "wasmi")]
use crate::{EngineKind, interpreted};

/// Who looks on while a guest runs, and what is wanted of it afterwards. Nothing of that reaches the guest.
#[derive(Clone, Default)]
pub struct Observer {
    /// Who gets what the guest writes, while it writes it.
    pub sink: Option<Arc<dyn Sink>>,
    /// Who sees how far it is.
    #[cfg(feature = "watch")]
    pub watch: Option<Watch>,
    /// Who is told of each call of the guest's, when it is over: a [`Writer`](crate::log::Writer), say. One that fails ends the run, with
    /// its error and without an outcome.
    pub log: Option<Arc<Mutex<dyn CallLog>>>,
    /// Before which call the run is to be stopped. Its outcome is what there is then, and its end [`Ended::Stopped`](crate::Ended::Stopped); a
    /// run that ends before is as without.
    pub stop_at: Option<StopAt>,
    /// What is to be in the outcome.
    pub wanted: Wanted,
}

impl std::fmt::Debug for Observer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Observer").field("wanted", &self.wanted).finish_non_exhaustive()
    }
}

/// What is to be in an [`Outcome`], as far as it takes time or memory to have it there. Everything, unless it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What the guest writes.
    pub output: bool,
    /// What is left of the hermetic directories.
    pub directories: bool,
    /// What is in the memories, which are read whole.
    pub memories: bool,
}

impl Default for Wanted {
    fn default() -> Self {
        Wanted { output: true, directories: true, memories: true }
    }
}

/// What a guest is started with, beside its context and its policies.
pub(crate) struct Start<'a> {
    pub(crate) inputs: &'a Inputs,
    pub(crate) tape: &'a Tape,
    pub(crate) fuel: Option<u64>,
    /// For a handler of `wasi:http`.
    pub(crate) request: Option<http::Request<Bytes>>,
    pub(crate) wanted: Wanted,
    log: Option<Logging>,
    stop_at: Option<StopAt>,
    #[cfg(feature = "watch")]
    beginning: Option<Beginning>,
}

impl Start<'_> {
    /// Sets up what a guest's store holds, but for its fuel.
    pub(crate) fn set_up(&self, wasi: &mut Wasi) -> Result<(), Error> {
        wasi.set_max_held_bytes(self.inputs.max_held);
        if let Some(log) = &self.log {
            wasi.set_log(Box::new(log.clone()));
        }
        if let Some(stop) = self.stop_at {
            wasi.set_stop(stop);
        }
        let live = &self.inputs.directories.live;
        if !live.is_empty() {
            self.tape.files(wasi.files())?;
        }
        if self.tape.replays() {
            for live in live {
                let mounted = wasi.files().mount_replayed(&live.guest, live.access);
                mounted.map_err(|error| Error::Hermetic { guest: live.guest.clone(), reason: error.to_string() })?;
            }
        }
        self.inputs.mount(wasi.files())
    }

    /// Has somebody answer a component's requests.
    pub(crate) fn answer(&self, ctx: &mut DeterministicCtx) -> Result<(), Error> {
        if let Some(answering) = &self.inputs.responder {
            let mut responder: Box<dyn Responder> = self.tape.responder(|| (answering.make)())?;
            ctx.set_responder(move |request: http::Request<Bytes>| responder.respond(request));
        }
        Ok(())
    }

    /// The guest begins.
    pub(crate) fn begins(&mut self, wasi: &Wasi) {
        #[cfg(feature = "watch")]
        if let Some(beginning) = self.beginning.take() {
            beginning.now(wasi.calls_so_far());
        }
        #[cfg(not(feature = "watch"))]
        let _ = wasi;
    }

    /// A core dump of a guest that was ended, if there is to be one. Nothing else has touched the store since.
    pub(crate) fn core<T: 'static, R>(
        &self,
        called: &wasmtime::Result<R>,
        store: &mut Store<T>,
    ) -> Option<Result<CoreDump, CoreDumpError>> {
        let error = called.as_ref().err().filter(|_| self.inputs.core_dump)?;
        core_dump::of(error, &self.inputs.guest, store)
    }

    /// What is left of the hermetic directories, if it is wanted: putting it together takes memory and time.
    pub(crate) fn left(&self, files: &FileSystem) -> Result<Vec<Left>, Error> {
        if self.wanted.directories { self.inputs.directories.left(files) } else { Ok(Vec::new()) }
    }
}

/// A guest that was compiled, linked, and found to be callable.
pub(crate) enum Program {
    Module(module::Program),
    Component(component::Program),
    #[cfg(feature = "wasmi")]
    Interpreted(interpreted::Program),
}

impl Program {
    /// Checks all that can be checked before it runs.
    pub(crate) fn prepare(inputs: &Inputs) -> Result<Self, Error> {
        inputs.check()?;
        let engine = inputs.engine()?;
        #[cfg(feature = "wasmi")]
        if inputs.engine_kind == EngineKind::Wasmi {
            return interpreted::Program::prepare(inputs, engine).map(Program::Interpreted);
        }
        match inputs.guest.kind() {
            Kind::Module => module::Program::prepare(inputs, engine).map(Program::Module),
            Kind::Component => component::Program::prepare(inputs, engine).map(Program::Component),
        }
    }

    pub(crate) fn calls_nothing(&self) -> bool {
        match self {
            Program::Module(program) => program.calls_nothing(),
            Program::Component(_) => false,
            #[cfg(feature = "wasmi")]
            Program::Interpreted(program) => program.calls_nothing(),
        }
    }
}

impl Inputs {
    /// Compiles and links the guest, if it is not: what is wrong with it is told before it is run.
    ///
    /// # Errors
    ///
    /// All that say what is wrong with a guest, such as [`Error::Invalid`] and [`Error::UnknownImports`].
    pub fn prepare(&self) -> Result<(), Error> {
        self.program().map(drop)
    }

    /// Runs the guest to its end, on a thread of its own with as much stack as it is given. The outcome is the same each time,
    /// wherever everything in this value is.
    ///
    /// # Errors
    ///
    /// [`Error`], if the guest cannot be begun or the host fails it.
    pub fn run(&self) -> Result<Outcome, Error> {
        with_stack(self.wasm_stack(), || self.run_with(&Observer::default()))?
    }

    /// The same with somebody who looks on, on this thread, which has to have the stack: see [`with_stack`].
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn run_with(&self, observer: &Observer) -> Result<Outcome, Error> {
        self.run_on(&Tape::off(), Entropy::default(), observer)
    }

    /// The same, recorded or replayed.
    pub(crate) fn run_on(&self, tape: &Tape, entropy: Entropy, observer: &Observer) -> Result<Outcome, Error> {
        let mut stale = None;
        let policies = match &self.policies {
            PolicySource::Bundle(bundle) if bundle.is_reproducible() => {
                let (policies, told) = bundle.policies_told();
                stale = bundle.recipe.as_ref().zip(told);
                policies
            }
            // A replay that goes on is to be the same each time.
            _ if tape.replays() => {
                tape.policies(entropy, || Bundle::new(Preset::Simulation, Seed::from_u64(0)).policies())?
            }
            _ => tape.policies(entropy, || self.make_policies())?,
        };
        let mut outcome = self.run_given(policies, tape, observer)?;
        outcome.stale = stale.map(|(recipe, stale)| stale.of(recipe)).unwrap_or_default();
        Ok(outcome)
    }

    /// The same under these policies.
    pub(crate) fn run_given(&self, mut policies: Policies, tape: &Tape, observer: &Observer) -> Result<Outcome, Error> {
        let program = self.program()?;
        let fuel = self.fuel_under(&mut policies);
        let (epoch, begun) = (policies.epoch, policies.clock.now());
        #[cfg(feature = "watch")]
        let beginning = observer.watch.as_ref().map(|watch| Beginning::of(watch, &mut policies, fuel.is_some()));
        let outputs = Outputs::new(observer.sink.clone(), observer.wanted.output);
        let stdin = self.heard().open(tape)?;
        // For Wasmtime.
        let context = || {
            let mut wasi = self.context_alone(&outputs);
            // A replay has none of them.
            if !tape.replays() {
                self.directories.open(&mut wasi)?;
            }
            wasi.stdin(stdin.clone());
            Ok::<_, Error>(wasi)
        };
        let request = match &self.entry {
            Entry::Request(request) => Some(request.parsed()),
            _ => None,
        };
        let log = observer.log.clone().map(Logging::new);
        let start = Start {
            inputs: self,
            tape,
            fuel,
            request,
            wanted: observer.wanted,
            log: log.clone(),
            stop_at: observer.stop_at,
            #[cfg(feature = "watch")]
            beginning,
        };
        let ran = match program {
            Program::Module(program) => program.run(context()?, policies, start),
            Program::Component(program) => program.run(context()?, policies, start),
            #[cfg(feature = "wasmi")]
            Program::Interpreted(program) => program.run(policies, stdin.clone(), &outputs, start),
        };
        // Whatever else it led to.
        log.map_or(Ok(()), |log| log.finish())?;
        let mut outcome = ran?;
        stdin.finish()?;
        outputs.finish()?;
        let (stdout, stderr, order) = outputs.take_in_order();
        (outcome.stdout, outcome.stderr, outcome.order) = (stdout, stderr, order);
        outcome.epoch = epoch;
        outcome.elapsed_ns -= begun.as_nanos().min(outcome.elapsed_ns);
        Ok(outcome)
    }
}
