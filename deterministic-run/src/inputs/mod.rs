//! A run as a value: all that decides how it goes, each thing read once.
//!
//! The fingerprint and the run are made of the same bytes. So nothing that changes in between, or that can be read only
//! once, can have the answer of one run kept under the name of another.

mod answering;
mod engine;
mod limits;
mod name;
mod parts;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use deterministic_instrument::call_depth::units_for_stack;
use deterministic_wasmtime::DEFAULT_MAX_HELD_BYTES;
use deterministic_wasmtime::core::{Policies, Seed};
use deterministic_wasmtime::engine::MAX_WASM_STACK;
use deterministic_wasmtime::fs::{Access, DEFAULT_CAPACITY, Tree};
use deterministic_wasmtime::policies::Preset;
use wasmtime::{Cache, Engine, OptLevel};

use self::answering::Answering;
use crate::component::Request;
use crate::directories::{Directories, Hermetic, Live};
use crate::module::Preload;
use crate::run::Program;
use crate::{Bundle, EngineKind, Error, Guest, Stdin};

/// What the guest is told is its argument 0, unless it is told otherwise.
const ARGUMENT_0: &str = "guest";

/// How many bytes a guest's memories may hold together, unless it is told otherwise.
const MAX_MEMORY: u64 = 4 << 30;

/// All that decides how a run goes: the guest, what it is given, who answers it, and its limits. Each thing is owned and read once,
/// so that what is not in it cannot reach the guest.
///
/// It can be run any number of times, and is compiled once. A clone shares what was compiled, under another seed and with another
/// environment, input and directories too.
///
/// Without anything else a guest runs under [`Preset::Simulation`] with the default seed, without arguments, environment, input and
/// directories.
#[derive(Clone)]
pub struct Inputs {
    pub(crate) guest: Guest,
    pub(crate) preloads: Vec<Preload>,
    pub(crate) entry: Entry,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) stdin: Stdin,
    pub(crate) directories: Directories,
    pub(crate) policies: PolicySource,
    pub(crate) responder: Option<Answering>,
    pub(crate) fuel: Option<u64>,
    pub(crate) max_memory: u64,
    pub(crate) max_held: u64,
    pub(crate) max_wasm_stack: usize,
    pub(crate) max_call_depth: Option<u32>,
    pub(crate) call_depth_of_stack: bool,
    pub(crate) allowed_imports: Vec<String>,
    pub(crate) profile: bool,
    pub(crate) all_memories: bool,
    pub(crate) pooled: usize,
    pub(crate) core_dump: bool,
    pub(crate) engine_kind: EngineKind,
    pub(crate) opt_level: Option<OptLevel>,
    compile_cache: Option<Cache>,
    engine: OnceLock<Engine>,
    program: OnceLock<Arc<Program>>,
}

/// What is called of a guest.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    /// `_start`, or `wasi:cli/run`.
    Program,
    /// An export.
    Invoke(String),
    /// The handler of `wasi:http`.
    Request(Box<Request>),
}

/// Who answers the guest.
#[derive(Clone)]
pub(crate) enum PolicySource {
    Bundle(Arc<Bundle>),
    Own(Arc<dyn Fn() -> Policies + Send + Sync>),
}

impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inputs")
            .field("guest", &self.guest.name())
            .field("entry", &self.entry)
            .field("arguments", &self.arguments)
            .field("environment", &self.environment)
            .field("stdin", &self.stdin)
            .finish_non_exhaustive()
    }
}

impl Inputs {
    /// Of a module or a component, in binary or text format.
    ///
    /// # Errors
    ///
    /// [`Error::NotWebAssembly`].
    pub fn new(guest: impl AsRef<[u8]>) -> Result<Self, Error> {
        Ok(Self::of(Guest::new(ARGUMENT_0, guest.as_ref())?))
    }

    /// Of a guest.
    pub fn of(guest: Guest) -> Self {
        Inputs {
            guest,
            preloads: Vec::new(),
            entry: Entry::Program,
            arguments: vec![ARGUMENT_0.into()],
            environment: Vec::new(),
            stdin: Stdin::default(),
            directories: Directories { capacity: DEFAULT_CAPACITY, live: Vec::new(), hermetic: Vec::new() },
            policies: PolicySource::Bundle(Arc::new(Bundle::new(Preset::Simulation, Seed::default()))),
            responder: None,
            fuel: None,
            max_memory: MAX_MEMORY,
            max_held: DEFAULT_MAX_HELD_BYTES,
            max_wasm_stack: MAX_WASM_STACK,
            max_call_depth: None,
            call_depth_of_stack: false,
            allowed_imports: Vec::new(),
            profile: false,
            all_memories: false,
            pooled: 0,
            core_dump: false,
            engine_kind: EngineKind::default(),
            opt_level: None,
            compile_cache: None,
            engine: OnceLock::new(),
            program: OnceLock::new(),
        }
    }

    /// The guest's argument 0; `guest` unless it is given.
    pub fn arg0(mut self, name: impl Into<String>) -> Self {
        self.arguments[0] = name.into();
        self.recompile()
    }

    /// One more argument.
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.arguments.push(arg.into());
        self.recompile()
    }

    /// More arguments.
    pub fn args<A: Into<String>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(args.into_iter().map(Into::into));
        self.recompile()
    }

    /// One more environment variable. Nothing of the host's environment is passed on.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// What the guest reads as its standard input.
    pub fn stdin(self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin_from(Bytes::copy_from_slice(bytes.as_ref()).into())
    }

    /// The same from a reader, or shared.
    pub fn stdin_from(mut self, stdin: Stdin) -> Self {
        self.stdin = stdin;
        self
    }

    /// A directory that the guest calls `guest`, to read and write. What it changes stays in memory, and is in the outcome.
    pub fn dir(self, tree: impl Into<Arc<Tree>>, guest: impl Into<String>) -> Self {
        self.hermetic(tree, guest, Access::ReadWrite)
    }

    /// The same, to do with it what `access` says.
    pub fn hermetic(mut self, tree: impl Into<Arc<Tree>>, guest: impl Into<String>, access: Access) -> Self {
        let hermetic = Hermetic { guest: guest.into(), access, tree: tree.into() };
        self.directories.hermetic.push(hermetic);
        self
    }

    /// A directory of the host's, which is opened for each run; in the guest's order these come first. What is in it is no part of
    /// this value, so that there is no [fingerprint](Self::fingerprint).
    pub fn live_dir(mut self, host: impl Into<PathBuf>, guest: impl Into<String>, access: Access) -> Self {
        self.directories.live.push(Live { host: host.into(), guest: guest.into(), access });
        self
    }

    /// How many bytes the hermetic directories may hold together; a guest that writes more gets `ENOSPC`.
    pub fn max_files(mut self, bytes: u64) -> Self {
        self.directories.capacity = bytes;
        self
    }

    /// Who answers the guest. [`Preset::Strict`] sets the limit of [`max_call_depth_of_stack`](Self::max_call_depth_of_stack), too.
    pub fn preset(self, preset: Preset, seed: Seed) -> Self {
        self.bundle(Bundle::new(preset, seed)).max_call_depth_of_stack(preset == Preset::Strict)
    }

    /// The same, with what is changed of the preset. The limit on call depth stays as it is.
    pub fn bundle(self, bundle: Bundle) -> Self {
        self.changed(|inputs| inputs.policies = PolicySource::Bundle(Arc::new(bundle)))
    }

    /// The same, with policies of your own: `make` is called for each run and each fingerprint, and gives the same bundle each time.
    pub fn policies(self, make: impl Fn() -> Policies + Send + Sync + 'static) -> Self {
        self.changed(|inputs| inputs.policies = PolicySource::Own(Arc::new(make)))
    }

    /// Calls an export in place of the program. Of a component `NAME(ARGUMENTS)` in WAVE; of a module the same with numbers, or
    /// `NAME`, whose arguments are then the guest's.
    pub fn invoke(mut self, call: impl Into<String>) -> Self {
        self.entry = Entry::Invoke(call.into());
        self.recompile()
    }

    /// Calls a component's handler of `wasi:http` in place of the program.
    pub fn request(mut self, request: Request) -> Self {
        self.entry = Entry::Request(Box::new(request));
        self.recompile()
    }

    /// A core module that is there before the guest, which can import from `name` what it exports; a later one can import from
    /// those before it.
    pub fn preload(mut self, name: impl Into<String>, guest: Guest) -> Self {
        self.preloads.push(Preload::new(name.into(), guest));
        self.recompile()
    }

    /// An import that nobody provides: the guest is started all the same, and ended if it calls it. `*` at the end stands for
    /// anything: `env::*`.
    pub fn allow_import(mut self, name: impl Into<String>) -> Self {
        self.allowed_imports.push(name.into());
        self.recompile()
    }

    /// Has the functions of a core module count what they do, for [`Outcome::profile`](crate::Outcome::profile). The run is the same.
    pub fn profile(mut self, profile: bool) -> Self {
        self.profile = profile;
        self.recompile()
    }

    /// The guest's environment.
    pub(crate) fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// A bundle of policies for one run.
    pub fn make_policies(&self) -> Policies {
        match &self.policies {
            PolicySource::Bundle(bundle) => bundle.policies(),
            PolicySource::Own(make) => make(),
        }
    }

    /// The fuel that the guest begins with. A clock that measures fuel needs it counted, be it without a limit.
    pub(crate) fn fuel_under(&self, policies: &mut Policies) -> Option<u64> {
        self.fuel.or(policies.clock.fuel_observer().map(|_| u64::MAX))
    }

    /// The limit on call depth that is in force for one of several modules that call each other, each with a count of its own, in
    /// units. What is not given is so much that all of them together fit.
    pub(crate) fn call_depth_of_one(&self, modules: usize) -> Option<u32> {
        let of_stack = || units_for_stack(self.max_wasm_stack / modules.max(1));
        self.max_call_depth.or_else(|| self.call_depth_of_stack.then(of_stack))
    }

    /// Something changed that is compiled or linked into the guest.
    fn recompile(mut self) -> Self {
        self.program = OnceLock::new();
        self
    }

    /// With something changed that may be part of what is compiled: whether fuel is counted, the stack, the depth of calls. If it is
    /// not, as under another seed, what was compiled stays.
    fn changed(mut self, change: impl FnOnce(&mut Self)) -> Self {
        let part =
            |inputs: &Self| (inputs.counted_fuel().is_some(), inputs.max_wasm_stack, inputs.call_depth_of_one(1));
        let before = part(&self);
        change(&mut self);
        if part(&self) == before { self } else { self.other_engine() }
    }

    /// Something changed that the engine is made with.
    fn other_engine(mut self) -> Self {
        self.engine = OnceLock::new();
        self.recompile()
    }

    /// The guest, compiled and linked.
    pub(crate) fn program(&self) -> Result<&Program, Error> {
        if self.program.get().is_none() {
            let program = Arc::new(Program::prepare(self)?);
            return Ok(self.program.get_or_init(|| program));
        }
        self.program.get().map(|program| &**program).ok_or_else(|| Error::Engine("it forgot the guest".into()))
    }
}
