//! A core module compiled for wasmi, and how there comes to be an instance of it.

use deterministic_instrument::call_depth::{CALL_DEPTH_EXPORT, is_call_depth_exceeded};
use deterministic_instrument::memories::export_memories;
use deterministic_instrument::profile::{Profiled, add_counters};
use deterministic_instrument::start::defer_start;
use wasmi::errors::{ErrorKind, InstantiationError};
use wasmi::{AsContext, AsContextMut, Engine, Instance, Linker, Module, Val};

use super::State;
use super::ended::{Foreign, is_the_guests};
use crate::module::PROVIDED;
use crate::text::one_line;
use crate::{Error, Guest, Inputs};

/// A module that calls nothing by itself: wasmi gives no instance whose start function trapped, and so nothing to tell by why it did.
pub(super) struct Compiled {
    pub(super) module: Module,
    /// What counts where its fuel goes.
    pub(super) profiled: Option<Profiled>,
    /// An export of each memory, if all are to be told.
    pub(super) memories: Option<Vec<String>>,
    /// The export that was the start function.
    start: Option<String>,
    /// Exports that the module did not have.
    added: Vec<String>,
}

impl Compiled {
    /// Compiles one of so many `modules`, which share the stack.
    pub(super) fn new(
        guest: &Guest,
        inputs: &Inputs,
        engine: &Engine,
        modules: usize,
        profile: bool,
    ) -> Result<Self, Error> {
        guest.compile(|binary| {
            let mut binary = inputs.limited(binary, modules)?;
            let mut added = Vec::new();
            let (mut profiled, mut memories, mut start) = (None, None, None);
            if profile || inputs.all_memories || guest.has_start_function() {
                // Of what is not valid, nothing that is rewritten can be said.
                Module::validate(engine, &binary).map_err(Foreign)?;
            }
            if profile {
                let counting = profiled.insert(add_counters(&binary)?);
                binary = counting.wasm.clone().into();
            }
            if inputs.all_memories {
                let shown = export_memories(&binary)?;
                added.extend(shown.added);
                (binary, memories) = (shown.wasm.into(), Some(shown.memories));
            }
            if guest.has_start_function() {
                let deferred = defer_start(&binary)?;
                added.extend(deferred.start.clone());
                (binary, start) = (deferred.wasm.into(), deferred.start);
            }
            let module = Module::new(engine, &binary).map_err(Foreign)?;
            Ok(Compiled { module, profiled, memories, start, added })
        })
    }

    /// Whether an export is the module's own.
    pub(super) fn had(&self, export: &str) -> bool {
        !self.added.iter().any(|name| name == export)
    }

    /// Whether others may have an export: nobody is to change the count of another's calls.
    pub(super) fn shows(&self, export: &str) -> bool {
        export != CALL_DEPTH_EXPORT && self.had(export)
    }

    /// Makes an instance, which is among those that are `made` before anything in it is called.
    pub(super) fn instantiate(
        &self,
        linker: &Linker<State>,
        mut store: impl AsContextMut<Data = State>,
        made: &mut Vec<Instance>,
    ) -> Result<Instance, wasmi::Error> {
        let instance = linker.instantiate_and_start(&mut store, &self.module)?;
        made.push(instance);
        if let Some(start) = &self.start {
            call(&instance, start, store)?;
        }
        Ok(instance)
    }
}

/// Calls an export without parameters and results.
pub(super) fn call(
    instance: &Instance,
    name: &str,
    mut store: impl AsContextMut<Data = State>,
) -> Result<(), wasmi::Error> {
    instance.get_typed_func::<(), ()>(&store, name)?.call(&mut store, ())
}

/// Whether it was the limit on call depth that ended an instance. There are no frames to tell by.
pub(super) fn is_too_deep(instance: &Instance, store: impl AsContext) -> bool {
    let counter = instance.get_global(&store, CALL_DEPTH_EXPORT).map(|counter| counter.get(&store));
    matches!(counter, Some(Val::I32(value)) if is_call_depth_exceeded(value))
}

/// Tells a guest that ended while it was instantiated from one that could not be. The first is given back.
pub(super) fn unstarted(guest: &Guest, error: wasmi::Error) -> Result<wasmi::Error, Error> {
    if is_the_guests(&error) {
        return Ok(error);
    }
    let (guest, reason) = (guest.called(), one_line(&error.to_string()));
    Err(if is_of_linking(&error) {
        Error::Unlinkable { guest, reason, provided: PROVIDED }
    } else {
        Error::Unstartable { guest, reason }
    })
}

fn is_of_linking(error: &wasmi::Error) -> bool {
    use InstantiationError::{
        FuncTypeMismatch, GlobalTypeMismatch, ImportTypeMismatch, MemoryTypeMismatch, TableTypeMismatch,
    };
    match error.kind() {
        ErrorKind::Linker(_) => true,
        ErrorKind::Instantiation(error) => matches!(
            error,
            FuncTypeMismatch { .. }
                | GlobalTypeMismatch { .. }
                | ImportTypeMismatch { .. }
                | MemoryTypeMismatch { .. }
                | TableTypeMismatch { .. }
        ),
        _ => false,
    }
}
