//! Whether a function that an instance imports can come to be called by another one.
//!
//! It can if the instance exports it, puts it into a table or a global that others see, or hands over a reference to it. The
//! types of a module's imports and exports tell: what cannot be ruled out by them counts as possible. What an embedder
//! takes out of an exception by hand, whose tag the module keeps to itself, is not seen here.

use wasmtime::{ExternType, FuncType, Module};

/// The ways out of a module.
pub(super) struct Escapes<'a> {
    module: &'a Module,
    /// A reference to any function may pass.
    references: bool,
    /// The exported functions, any of which may be an imported one of the same type.
    exported: Vec<FuncType>,
}

impl<'a> Escapes<'a> {
    pub(super) fn of(module: &'a Module) -> Self {
        let imports = module.imports().map(|import| import.ty());
        let exports = || module.exports().map(|export| export.ty());
        Escapes {
            module,
            references: imports.chain(exports()).any(|ty| passes_references(&ty)),
            exported: exports().filter_map(|ty| ty.func().cloned()).collect(),
        }
    }

    /// Whether the function that is imported by this name may be called from elsewhere.
    pub(super) fn possible(&self, from: &str, name: &str) -> bool {
        let imports = self.module.imports().filter(|import| (import.module(), import.name()) == (from, name));
        let mut types = imports.filter_map(|import| import.ty().func().cloned());
        self.references || types.any(|ty| self.exported.iter().any(|exported| FuncType::eq(exported, &ty)))
    }
}

/// Whether a function reference can go in or out by something of this type.
fn passes_references(ty: &ExternType) -> bool {
    match ty {
        ExternType::Func(ty) => ty.params().chain(ty.results()).any(|ty| ty.is_ref()),
        ExternType::Tag(ty) => ty.ty().params().any(|ty| ty.is_ref()),
        ExternType::Global(ty) => ty.content().is_ref(),
        ExternType::Table(_) => true,
        ExternType::Memory(_) => false,
    }
}
