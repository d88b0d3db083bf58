//! Why a module could not be given a limit.

use thiserror::Error;

/// Why a module could not be given a limit on its call depth. Nothing was run, and no half-done module is handed out.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CallDepthError {
    /// The limit was 0, with which no function could ever be called. Give 1 or more.
    #[error("a call depth limit of 0 lets no function run; give 1 or more")]
    ZeroLimit,
    /// The bytes are a component. Only core modules can be given a limit: take the component's core modules, or build
    /// the component from modules that have been given one.
    #[error(
        "this is a component; a call depth limit can only be put into a core module, before it becomes a component"
    )]
    Component,
    /// The bytes are not a valid core module of the proposals that can be limited: those of WebAssembly 3.0, threads,
    /// wide arithmetic and custom page sizes. Stack switching and the legacy exceptions are not among them. The source
    /// says what is wrong and where; mend the module.
    #[error("the module is not valid, so it cannot be given a call depth limit")]
    Invalid(#[source] wasmparser::Error),
    /// The module already exports something under the name that is kept for the counter, most likely because it has
    /// been given a limit before. Use the module as it was then, or rename its export.
    #[error("the module already exports `{0}`, the name kept for the call depth counter; give the module as compiled")]
    ReservedExport(&'static str),
    /// The module was so near one of WebAssembly's implementation limits (globals, exports, functions, types, locals
    /// or the size of a function) that there is no room for the counter. The source names the limit; make the module
    /// smaller.
    #[error("there is no room in the module for a call depth counter")]
    NoRoom(#[source] wasmparser::Error),
    /// The module is valid but could not be encoded again. This is a fault of this library: please report it with the
    /// module.
    #[error("the module could not be encoded again with a call depth counter")]
    Encode(#[source] wasm_encoder::reencode::Error),
}
