//! Why a module's NaNs could not be made canonical.

use thiserror::Error;

/// Why a module's NaNs could not be made canonical. Nothing was run, and no half-done module is handed out.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NanError {
    /// The component holds others that are nested deeper than this. No toolchain goes so deep; take a component that was composed
    /// with fewer levels.
    #[error("components are nested deeper than {0} levels in it; give one with fewer")]
    NestedTooDeep(usize),
    /// The bytes are no valid core module, nor a component. The source says what is wrong and where; fix the module.
    #[error("the module is not valid, so its NaNs cannot be made canonical")]
    Invalid(#[from] wasmparser::Error),
    /// A function was so near one of WebAssembly's implementation limits (50,000 locals, or the size of its body) that there is no
    /// room for what makes NaNs canonical. The source names the limit and the place; make the function smaller.
    #[error("there is no room in a function for what makes NaNs canonical")]
    NoRoom(#[source] wasmparser::Error),
    /// The module is valid but could not be encoded again. This is a fault of this library: please report it with the
    /// module.
    #[error("the module could not be encoded again with canonical NaNs")]
    Encode(#[source] wasm_encoder::reencode::Error),
}
