//! Modules that are there before the guest, as on Wasmtime.

use std::sync::Arc;

use wasmi::{Caller, Engine, Extern, ExternType, Func, ImportType, Instance, Linker, Memory, Module, Store, Val};

use super::State;
use super::compiled::{Compiled, call, unstarted};
use super::link::{allow, wasi};
use crate::module::Preload;
use crate::text::one_line;
use crate::{Error, Guest, Inputs};

/// One of several modules.
struct Before {
    preload: Preload,
    compiled: Arc<Compiled>,
    is_program: bool,
}

/// Modules that may be instantiated, one after the other.
pub(super) struct Preloads {
    modules: Vec<Before>,
    /// WASI and what is allowed.
    linker: Linker<State>,
}

impl Preloads {
    /// Checks all that can be checked before one of them runs.
    pub(super) fn new(inputs: &Inputs, engine: &Engine) -> Result<Self, Error> {
        let mut preloads = Preloads { modules: Vec::new(), linker: wasi(engine)? };
        for preload in &inputs.preloads {
            let guest = preload.guest();
            let compiled = Compiled::new(guest, inputs, engine, inputs.preloads.len() + 1, false)?;
            let is_program = is_program(guest, &compiled.module)?;
            // Its calls are counted in the instance, and it has a new one for each.
            if is_program && inputs.limits_call_depth() {
                return Err(Error::PreloadUncounted { guest: guest.called() });
            }
            guest.fits(guest.initial_pages(), inputs.max_memory)?;
            let mut linker = preloads.linker.clone();
            allow(&mut linker, inputs, guest, &compiled.module, |import| preloads.export(import))?;
            preloads.linker = linker;
            preloads.modules.push(Before { preload: preload.clone(), compiled: compiled.into(), is_program });
        }
        Ok(preloads)
    }

    /// Whether one of them exports what is imported. Of what type it is, linking says.
    pub(super) fn export(&self, import: &ImportType<'_>) -> bool {
        self.modules.iter().filter(|before| before.preload.name() == import.module()).any(|before| {
            let export = before.compiled.module.get_export(import.name());
            export.is_some_and(|ty| {
                before.compiled.shows(import.name()) && (matches!(ty, ExternType::Func(_)) || !before.is_program)
            })
        })
    }

    /// Makes them, and adds their exports to the `linker` of the guest. Gives their memories by name; an inner error is one that a
    /// guest makes.
    pub(super) fn instantiate(
        &self,
        store: &mut Store<State>,
        linker: &mut Linker<State>,
        made: &mut Vec<Instance>,
    ) -> Result<Result<Vec<(String, Memory)>, wasmi::Error>, Error> {
        let mut own = self.linker.clone();
        linker.allow_shadowing(true);
        let mut memories = Vec::new();
        for before in &self.modules {
            let guest = before.preload.guest();
            let exports = match before.instantiate(&own, store, made) {
                Ok(exports) => exports,
                Err(error) => return unstarted(guest, error).map(Err),
            };
            for (export, item) in exports {
                let name = before.preload.name();
                if let Extern::Memory(memory) = item {
                    memories.push((format!("{name}::{export}"), memory));
                }
                if before.compiled.shows(&export) {
                    let twice = |error: wasmi::errors::LinkerError| {
                        let (guest, reason) = (guest.called(), one_line(&error.to_string()));
                        Error::Unstartable { guest, reason }
                    };
                    own.define(name, &export, item).map_err(twice)?;
                    linker.define(name, &export, item).map_err(twice)?;
                }
            }
        }
        memories.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Ok(memories))
    }
}

impl Before {
    /// As `wasmtime run` does: a library is initialised, a program is made anew for each call.
    fn instantiate(
        &self,
        linker: &Linker<State>,
        store: &mut Store<State>,
        made: &mut Vec<Instance>,
    ) -> Result<Vec<(String, Extern)>, wasmi::Error> {
        if self.is_program {
            return Ok(self.functions(linker, store));
        }
        let instance = self.compiled.instantiate(linker, &mut *store, made)?;
        if self.compiled.module.get_export(INITIALIZE).is_some() {
            call(&instance, INITIALIZE, &mut *store)?;
        }
        Ok(instance.exports(&*store).map(|export| (export.name().to_owned(), export.into_extern())).collect())
    }

    /// The functions of a program, each of which works on an instance that is made for the call.
    fn functions(&self, linker: &Linker<State>, store: &mut Store<State>) -> Vec<(String, Extern)> {
        let linker = Arc::new(linker.clone());
        let exports = self.compiled.module.exports().filter_map(|export| {
            let ExternType::Func(ty) = export.ty() else { return None };
            let (name, linker, compiled) = (export.name().to_owned(), linker.clone(), self.compiled.clone());
            let calls = move |mut caller: Caller<'_, State>, params: &[Val], results: &mut [Val]| {
                let instance = compiled.instantiate(&linker, &mut caller, &mut Vec::new())?;
                // It was found in the module before.
                let Some(function) = instance.get_func(&caller, &name) else { return Ok(()) };
                function.call(&mut caller, params, results)
            };
            Some((export.name().to_owned(), Func::new(&mut *store, ty.clone(), calls).into()))
        });
        exports.collect()
    }
}

const INITIALIZE: &str = "_initialize";

/// Whether it is made anew for each call, and so shows nothing but functions.
fn is_program(guest: &Guest, module: &Module) -> Result<bool, Error> {
    let refused = |reason: &str| Err(Error::Unstartable { guest: guest.called(), reason: reason.into() });
    match (module.get_export("_start"), module.get_export(INITIALIZE)) {
        (None, _) => Ok(false),
        (Some(_), Some(_)) => refused("it exports both `_start` and `_initialize`, as a program and as a library"),
        (Some(ExternType::Func(_)), None) => Ok(true),
        (Some(_), None) => refused("its export `_start` is no function"),
    }
}
