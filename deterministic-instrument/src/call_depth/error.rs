//! Why a module could not be given a limit.

use thiserror::Error;

/// Why a module could not be given a limit on its call depth. Nothing was run, and no half-done module is handed out.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CallDepthError {
    /// The limit was 0, with which no function could ever be called. Give 1 or more.
    #[error("a call depth limit of 0 lets no function run; give 1 or more")]
    ZeroLimit,
    /// The component holds others that are nested deeper than this. No toolchain goes so deep; take a component that was composed
    /// with fewer levels.
    #[error("components are nested deeper than {0} levels in it; give one with fewer")]
    NestedTooDeep(usize),
    /// The bytes are no valid core module, nor a component, of the proposals that can be limited: those of WebAssembly 3.0,
    /// threads, wide arithmetic and custom page sizes. Stack switching, stackful tasks of components and the legacy
    /// exceptions are not among them. The source
    /// says what is wrong and where; fix the module.
    #[error("the module is not valid, so it cannot be given a call depth limit")]
    Invalid(#[from] wasmparser::Error),
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
