//! `--preload`: modules that are there before the guest, which can import what they export.

use std::collections::BTreeSet;
use std::path::PathBuf;

use deterministic_instrument::call_depth::CALL_DEPTH_EXPORT;
use deterministic_wasmtime::p1;
use wasmtime::{Engine, Extern, ExternType, ImportType, Linker, Memory, Module, Store};

use super::{PROVIDED, State, allow, limited, unknown};
use crate::args::GuestArgs;
use crate::guest::{Guest, Kind, chain, listed};
use crate::problem::Problem;
use crate::run::refused;
use crate::stdio::Summary;

/// A module and its name, read once.
pub(crate) struct Preload {
    name: String,
    guest: Guest,
}

impl Preload {
    /// Reads all of them, for `guest`.
    pub(crate) fn read(preloads: &[(String, PathBuf)], guest: &Guest) -> Result<Vec<Self>, Problem> {
        let mut names = BTreeSet::new();
        let read = preloads.iter().map(|(name, path)| {
            if guest.kind() == Kind::Component {
                return Err(Problem::PreloadForComponent { path: guest.path().into() });
            }
            if !names.insert(name) {
                return Err(Problem::PreloadTwice { name: name.clone() });
            }
            let preload = Guest::read(path.clone())?;
            match preload.kind() {
                Kind::Module => Ok(Preload { name: name.clone(), guest: preload }),
                Kind::Component => Err(Problem::PreloadIsComponent { path: path.clone() }),
            }
        });
        read.collect()
    }

    /// Whether it imports anything by which standard input is read.
    pub(crate) fn reads_stdin(&self) -> bool {
        self.guest.reads_stdin()
    }

    /// What names it and all of its content.
    pub(crate) fn key(&self) -> String {
        format!("preload {} {}", self.name, Summary::of(self.guest.binary()).sha256)
    }
}

/// Modules that may be instantiated, one after the other.
pub(super) struct Prepared<'a> {
    modules: Vec<(&'a Preload, Module)>,
    /// WASI and what is allowed. Its functions search the instance that calls, which here are several.
    linker: Linker<State>,
}

impl<'a> Prepared<'a> {
    /// Checks all that can be checked before one of them runs.
    pub(super) fn new(preloads: &'a [Preload], engine: &Engine, args: &GuestArgs) -> Result<Self, Problem> {
        let mut linker = Linker::new(engine);
        p1::add_to_linker_sync(&mut linker, |state: &mut State| &mut state.wasi).map_err(refused)?;
        let mut prepared = Prepared { modules: Vec::new(), linker };
        for preload in preloads {
            let guest = &preload.guest;
            let modules = preloads.len() + 1;
            let module = guest.compile(|binary| Module::from_binary(engine, &limited(binary, args, modules)?))?;
            super::no_shared_memory(guest, &module)?;
            // Its calls are counted in the instance, and it has a new one for each.
            if is_program(&module) && args.call_depth().is_some() {
                return Err(Problem::PreloadUncounted { path: guest.path().into() });
            }
            guest.fits(Some(module.resources_required()), args.max_memory.as_u64())?;
            allow(&mut prepared.linker, &module, &args.allowed_imports).map_err(refused)?;
            prepared.check(guest, &module, &prepared.linker)?;
            prepared.modules.push((preload, module));
        }
        Ok(prepared)
    }

    /// Refuses a module that imports what is neither in `linker` nor exported by those before it.
    pub(super) fn check(&self, guest: &Guest, module: &Module, linker: &Linker<State>) -> Result<(), Problem> {
        let imports = unknown(module, linker, |import| self.export(import))?;
        if imports.is_empty() {
            return Ok(());
        }
        Err(Problem::UnknownImports { path: guest.path().into(), imports: listed(imports), provided: PROVIDED })
    }

    fn export(&self, import: &ImportType<'_>) -> bool {
        self.modules.iter().any(|(preload, module)| {
            let export = module.get_export(import.name()).filter(|_| preload.name == import.module());
            export.is_some_and(|ty| is_shown(import.name()) && (ty.func().is_some() || !is_program(module)))
        })
    }

    /// Makes them, and adds their exports to the `linker` of the guest. An inner error is one that a guest makes.
    pub(super) fn instantiate(
        &self,
        store: &mut Store<State>,
        linker: &mut Linker<State>,
    ) -> Result<wasmtime::Result<Vec<(String, Memory)>>, Problem> {
        let mut own = self.linker.clone();
        let mut memories = Vec::new();
        for (Preload { name, guest }, module) in &self.modules {
            if let Err(error) = own.instantiate_pre(module) {
                let path = guest.path().to_owned();
                return Err(Problem::Unlinkable { path, reason: chain(&error), provided: PROVIDED });
            }
            // As `wasmtime run` does: a library is initialised, a program is made anew for each call.
            if let Err(error) = own.module(&mut *store, name, module) {
                return guest.unstarted(error).map(Err);
            }
            let exports: Vec<_> = own
                .iter(&mut *store)
                .filter(|(from, export, _)| from == name && is_shown(export))
                .map(|(_, export, item)| (export.to_owned(), item))
                .collect();
            for (export, item) in exports {
                if let Extern::Memory(memory) = &item {
                    memories.push((format!("{name}::{export}"), *memory));
                }
                linker.define(&mut *store, name, &export, item).map_err(refused)?;
            }
        }
        memories.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Ok(memories))
    }
}

/// Whether it is made anew for each call, and so shows nothing but functions.
fn is_program(module: &Module) -> bool {
    ["", "_start"].iter().any(|name| matches!(module.get_export(name), Some(ExternType::Func(_))))
}

/// Whether others may have an export: nobody is to change the count of another's calls.
fn is_shown(export: &str) -> bool {
    export != CALL_DEPTH_EXPORT
}
