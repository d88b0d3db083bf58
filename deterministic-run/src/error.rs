//! Why there was no outcome.

use std::io;

use deterministic_wasmtime::http::MessageError;

use crate::fingerprint::Tainted;
use crate::trace::{ReplayError, TraceError};
use crate::{EngineKind, OutputError, StdinError, text};

/// Why a run has no outcome: it could not be begun, or the host failed it. How a guest ends is no error, but
/// [`Outcome::ended`](crate::Outcome::ended).
///
/// `guest` is the name that [`Guest::new`](crate::Guest::new) was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what each is, and its fields what they are called")]
pub enum Error {
    /// The bytes are neither a module nor a component.
    #[error("`{guest}` is no WebAssembly: {reason}; give a module or a component, in binary or text format")]
    NotWebAssembly { guest: String, reason: String },
    /// The engine cannot compile it, or its limits cannot be compiled into it.
    #[error(
        "`{guest}` cannot be compiled: {reason}; build it without threads and shared memory, and for the features that \
         Wasmtime 48 has on by default"
    )]
    Invalid { guest: String, reason: String },
    /// The module has nothing that a program is begun with.
    #[error(
        "`{guest}` is no WASI command: {reason}; build it as a program with a `main`, or call an export (`Inputs::invoke`)"
    )]
    NoCommand { guest: String, reason: &'static str },
    /// The component has nothing that a program is begun with.
    #[error(
        "`{guest}` is no WASI command: it exports no `wasi:cli/run` of WASI 0.2 or 0.3, but {exports}; build it as a program \
         with a `main`, or call an export (`Inputs::invoke`, `Inputs::request`)"
    )]
    NoRun { guest: String, exports: String },
    /// There is a [request](crate::Inputs::request), and the component has nothing that answers one.
    #[error(
        "`{guest}` handles no HTTP requests: it exports neither `wasi:http/incoming-handler` of WASI 0.2 nor \
         `wasi:http/handler` of 0.3.0, but {exports}; build it as a handler"
    )]
    NoHandler { guest: String, exports: String },
    /// There is a [request](crate::Inputs::request) for a core module.
    #[error("`{guest}` is a core module, and only a component can handle HTTP requests; build it as a component")]
    ModuleAsHandler { guest: String },
    /// The message is no request.
    #[error("no HTTP/1.1 request: {0}")]
    BadRequest(#[from] MessageError),
    /// There is a [responder](crate::Inputs::responder) for a core module.
    #[error("`{guest}` is a core module, and only a component can send HTTP requests; leave out the responder")]
    ResponderForModule { guest: String },
    /// A [search](crate::Inputs::search) of a guest that no seed decides for.
    #[error(
        "there is no seed to vary: the guest is answered by policies of your own; give it a preset with a seed (`Inputs::preset`)"
    )]
    NoSeed,
    /// There is a [module before](crate::Inputs::preload) a component.
    #[error("`{guest}` is a component, and only a core module can have others before it; leave them out")]
    PreloadForComponent { guest: String },
    /// A [module before](crate::Inputs::preload) the guest is a component.
    #[error("`{guest}` is a component, and only a core module can be there before another; build it as one")]
    PreloadIsComponent { guest: String },
    /// A [module before](crate::Inputs::preload) the guest cannot have its calls limited in depth.
    #[error(
        "`{guest}` is a program, which is made anew for each call when it is there before another, so that its calls cannot be \
         counted; build it as a library with `_initialize`, or set no limit on call depth (the preset `strict` has one)"
    )]
    PreloadUncounted { guest: String },
    /// Two [modules before](crate::Inputs::preload) the guest have one name.
    #[error("two modules before the guest are called `{name}`; give each a name of its own")]
    PreloadTwice { name: String },
    /// There is to be a [profile](crate::Inputs::profile) of a component.
    #[error("`{guest}` is a component, and only core modules are profiled; leave it out")]
    ProfileOfComponent { guest: String },
    /// The export to [call](crate::Inputs::invoke) is not there.
    #[error("a profile counts fuel by itself; set no fuel, and a clock that observes none")]
    ProfileWithFuel,
    #[error("`{guest}` exports no function `{name}`, but {exports}; call one of those")]
    NoSuchExport { guest: String, name: String, exports: String },
    /// The export to [call](crate::Inputs::invoke) may be any of several.
    #[error("`{guest}` exports several functions `{name}`: {exports}; give one of those names whole")]
    AmbiguousExport { guest: String, name: String, exports: String },
    /// The [call](crate::Inputs::invoke) is not one of that function.
    #[error("cannot call `{call}`: {reason}; the function is `{signature}`")]
    BadCall { call: String, reason: String, signature: String },
    /// It imports what nobody provides.
    #[error(
        "`{guest}` imports what nobody here provides: {imports}; build it for {provided} alone, or name what it never calls \
         with `Inputs::allow_import`"
    )]
    UnknownImports { guest: String, imports: String, provided: &'static str },
    /// What it imports is provided with another type.
    #[error("`{guest}` cannot be linked: {reason}; build it for {provided}")]
    Unlinkable { guest: String, reason: String, provided: &'static str },
    /// Its memories begin larger than they may [become](crate::Inputs::max_memory).
    #[error("`{guest}` begins with a memory of {initial} bytes, and its limit is {max}; allow at least as much")]
    MemoryTooSmall { guest: String, initial: u128, max: u64 },
    /// The engine cannot instantiate it.
    #[error(
        "`{guest}` cannot be started: {reason}; build it without threads and shared memory, or give the host more memory"
    )]
    Unstartable { guest: String, reason: String },
    /// The host lets no file become so large as what its memory is made of.
    #[error(
        "`{guest}` cannot be started: the host lets no file become as large as its memory is at the beginning, which is held in one; \
         raise the limit (`ulimit -f`)"
    )]
    MemoryImage { guest: String },
    /// A [directory of the host's](crate::Inputs::live_dir) cannot be opened.
    #[error("cannot open the directory `{host}` for the guest: {reason}; give one that exists and may be read")]
    Directory { host: String, reason: String },
    /// A [hermetic directory](crate::Inputs::dir) cannot be mounted.
    #[error("cannot give the guest its directory `{guest}`: {reason}")]
    Hermetic { guest: String, reason: String },
    /// What is left of the hermetic directories cannot be put together.
    #[error("cannot tell what the guest changed: {reason}")]
    HermeticLeft { reason: String },
    /// The run has no name.
    #[error(transparent)]
    Tainted(#[from] Tainted),
    /// A trace cannot be written, or read.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// A trace cannot be replayed as it is asked for.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The input cannot be read.
    #[error(transparent)]
    Stdin(#[from] StdinError),
    /// The output cannot be given on.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The [call log](crate::Observer::log) cannot be written.
    #[error("cannot write the call log: {0}; the run was ended there")]
    Log(io::Error),
    /// The engine optimises at no [level](crate::Inputs::opt_level).
    #[error(
        "the engine `{kind}` has no levels of optimisation; leave the level out, or choose `cranelift` or `pulley`"
    )]
    NoOptLevel { kind: EngineKind },
    /// The engine lacks something.
    #[error("the engine `{kind}` has no {what}; choose `cranelift`")]
    NotOnEngine { kind: EngineKind, what: &'static str },
    /// The engine does not show what is in a component, for [all memories](crate::Inputs::all_memories).
    #[error(
        "the engine `{kind}` does not show the memories in a component such as `{guest}`; choose `cranelift` or `pulley`"
    )]
    NotInspected { guest: String, kind: EngineKind },
    /// The host has no stack for it.
    #[error(
        "cannot give the guest a stack of {bytes} bytes: {source}; let it have less, or give the process more memory"
    )]
    NoStack { bytes: u64, source: io::Error },
    /// The engine refuses what it should not.
    #[error("the engine refuses: {0}; please report this")]
    Engine(String),
}

/// What the engine refuses of what it was asked by us.
pub(crate) fn refused(error: wasmtime::Error) -> Error {
    Error::Engine(text::chain(&error))
}
