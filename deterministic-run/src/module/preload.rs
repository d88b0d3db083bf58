//! Modules that are there before the guest, which can import what they export.

use deterministic_instrument::call_depth::CALL_DEPTH_EXPORT;
use deterministic_wasmtime::p1;
use wasmtime::{Engine, Extern, ExternType, ImportType, Linker, Memory, Module, Store};

use super::{PROVIDED, State, allow, unknown};
use crate::error::refused;
use crate::guest::initial_pages;
use crate::text::{chain, listed};
use crate::{Error, Guest, Inputs, Summary};

/// A module and its name, read once.
#[derive(Clone, Debug)]
pub(crate) struct Preload {
    name: String,
    guest: Guest,
}

impl Preload {
    pub(crate) fn new(name: String, guest: Guest) -> Self {
        Preload { name, guest }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn guest(&self) -> &Guest {
        &self.guest
    }

    /// What names it and all of its content.
    pub(crate) fn key(&self) -> String {
        format!("preload {} {}", self.name, Summary::of(self.guest.binary()).sha256)
    }
}

/// One of several modules.
struct Compiled {
    preload: Preload,
    module: Module,
    /// Exports that it did not have.
    added: Vec<String>,
}

/// Modules that may be instantiated, one after the other.
pub(super) struct Prepared {
    modules: Vec<Compiled>,
    /// WASI and what is allowed. Its functions search the instance that calls, which here are several.
    linker: Linker<State>,
}

impl Prepared {
    /// Checks all that can be checked before one of them runs.
    pub(super) fn new(inputs: &Inputs, engine: &Engine) -> Result<Self, Error> {
        let mut linker = Linker::new(engine);
        // A program may export what is no function. Nobody can import that, since it is made anew for each call.
        linker.allow_unknown_exports(true);
        p1::add_to_linker_sync(&mut linker, |state: &mut State| &mut state.wasi).map_err(refused)?;
        let mut prepared = Prepared { modules: Vec::new(), linker };
        for preload in &inputs.preloads {
            let guest = &preload.guest;
            let modules = inputs.preloads.len() + 1;
            let (module, added) = guest.compile(|binary| {
                let binary = inputs.limited(binary, modules)?;
                let shown = inputs.all_memories.then(|| super::shown(engine, &binary)).transpose()?;
                let module = Module::from_binary(engine, shown.as_ref().map_or(&*binary, |shown| &shown.wasm))?;
                Ok((module, shown.map(|shown| shown.added).unwrap_or_default()))
            })?;
            super::no_shared_memory(guest, &module)?;
            // Its calls are counted in the instance, and it has a new one for each.
            if is_program(&module) && inputs.limits_call_depth() {
                return Err(Error::PreloadUncounted { guest: guest.called() });
            }
            guest.fits(initial_pages(&module.resources_required()), inputs.max_memory)?;
            allow(&mut prepared.linker, &module, &inputs.allowed_imports).map_err(refused)?;
            prepared.check(guest, &module, &prepared.linker)?;
            prepared.modules.push(Compiled { preload: preload.clone(), module, added });
        }
        Ok(prepared)
    }

    /// Refuses a module that imports what is neither in `linker` nor exported by those before it.
    pub(super) fn check(&self, guest: &Guest, module: &Module, linker: &Linker<State>) -> Result<(), Error> {
        let imports = unknown(module, linker, |import| self.export(import))?;
        if imports.is_empty() {
            return Ok(());
        }
        Err(Error::UnknownImports { guest: guest.called(), imports: listed(imports), provided: PROVIDED })
    }

    fn export(&self, import: &ImportType<'_>) -> bool {
        self.modules.iter().any(|Compiled { preload, module, added }| {
            let export = module.get_export(import.name()).filter(|_| preload.name == import.module());
            export.is_some_and(|ty| is_shown(import.name(), added) && (ty.func().is_some() || !is_program(module)))
        })
    }

    /// Makes them, and adds their exports to the `linker` of the guest. An inner error is one that a guest makes.
    pub(super) fn instantiate(
        &self,
        store: &mut Store<State>,
        linker: &mut Linker<State>,
    ) -> Result<wasmtime::Result<Vec<(String, Memory)>>, Error> {
        let mut own = self.linker.clone();
        let mut memories = Vec::new();
        for Compiled { preload: Preload { name, guest }, module, added } in &self.modules {
            if let Err(error) = own.instantiate_pre(module) {
                let guest = guest.called();
                return Err(Error::Unlinkable { guest, reason: chain(&error), provided: PROVIDED });
            }
            // As `wasmtime run` does: a library is initialised, a program is made anew for each call.
            if let Err(error) = own.module(&mut *store, name, module) {
                return guest.unstarted(error).map(Err);
            }
            let exports: Vec<_> = own
                .iter(&mut *store)
                .filter(|(from, export, _)| from == name && *export != CALL_DEPTH_EXPORT)
                .map(|(_, export, item)| (export.to_owned(), item))
                .collect();
            for (export, item) in exports {
                if let Extern::Memory(memory) = &item {
                    memories.push((format!("{name}::{export}"), *memory));
                }
                if is_shown(&export, added) {
                    linker.define(&mut *store, name, &export, item).map_err(refused)?;
                }
            }
        }
        memories.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Ok(memories))
    }
}

/// Whether it is made anew for each call, and so shows nothing but functions.
fn is_program(module: &Module) -> bool {
    matches!(module.get_export("_start"), Some(ExternType::Func(_)))
}

/// Whether others may have an export: nobody is to change the count of another's calls.
/// And what a module did not export is not there for them.
fn is_shown(export: &str, added: &[String]) -> bool {
    export != CALL_DEPTH_EXPORT && !added.iter().any(|name| name == export)
}
