//! What a module on wasmi is linked to.

use deterministic_wasmi::add_to_linker;
use deterministic_wasmtime::wasi::p1;
use wasmi::{Caller, Engine, ExternType, ImportType, Linker, Module, Val};

use super::State;
use crate::ended::{NotProvided, is_allowed};
use crate::module::PROVIDED;
use crate::text::{listed, one_line};
use crate::{Error, Guest, Inputs};

/// WASI.
pub(super) fn wasi(engine: &Engine) -> Result<Linker<State>, Error> {
    let mut linker = Linker::new(engine);
    match add_to_linker(&mut linker, |state: &mut State| &mut state.wasi) {
        Ok(()) => Ok(linker),
        Err(error) => Err(Error::Engine(one_line(&error.to_string()))),
    }
}

/// Defines what of the module's imports is allowed, and refuses those that are neither that, nor WASI's, nor `known`.
pub(super) fn allow(
    linker: &mut Linker<State>,
    inputs: &Inputs,
    guest: &Guest,
    module: &Module,
    known: impl Fn(&ImportType<'_>) -> bool,
) -> Result<(), Error> {
    let mut unknown = Vec::new();
    for import in module.imports().filter(|import| p1::function(import.module(), import.name()).is_none()) {
        if known(&import) {
            continue;
        }
        let name = format!("{}::{}", import.module(), import.name());
        match import.ty() {
            ExternType::Func(ty) if is_allowed(&inputs.allowed_imports, &name) => {
                let missing = NotProvided(name);
                // The same function may be imported twice.
                linker.allow_shadowing(true);
                let ends =
                    move |_: Caller<'_, State>, _: &[Val], _: &mut [Val]| Err(wasmi::Error::host(missing.clone()));
                linker
                    .func_new(import.module(), import.name(), ty.clone(), ends)
                    .map_err(|error| Error::Engine(one_line(&error.to_string())))?;
            }
            _ => unknown.push(name),
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Error::UnknownImports { guest: guest.called(), imports: listed(unknown), provided: PROVIDED })
}
