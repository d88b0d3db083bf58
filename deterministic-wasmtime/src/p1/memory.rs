//! The guest's memory, as one call sees it.

use std::num::NonZeroU64;

use deterministic_wasi::HostCall;
use deterministic_wasi::p1::GuestMemory;
use wasmtime::{Caller, Extern, ExternType, Memory, Module, ModuleExport, Result};

use super::P1Ctx;
use crate::Error;

/// How a host function finds the memory of the instance that calls it. Most of what a short call costs is this.
#[derive(Clone, Copy, Default)]
pub(super) struct Finder {
    /// The [`InstancePre`](super::InstancePre) whose instances alone can call the function.
    pub(super) owner: Option<NonZeroU64>,
    /// Where the module has its memory. Only for a function that nobody else can call: Wasmtime panics when the host itself
    /// does, since the caller is then no instance of any module. A search by name finds nothing there.
    pub(super) export: Option<ModuleExport>,
}

/// Whose memory a context knows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Bound {
    /// That of no instance yet.
    #[default]
    Free,
    /// That of the instance which `owner` is about to make; its start function runs without.
    Pending { owner: NonZeroU64 },
    /// That of the one instance which `owner` made.
    To { owner: NonZeroU64, memory: Memory },
    /// That of no instance any more: two instances were made, or one that was not completed or has no memory.
    Several,
}

impl Finder {
    /// What each call begins with: the guest's memory is found, the call counted.
    #[inline(always)]
    pub(super) fn enter<'a, T: 'static>(
        self,
        caller: &'a mut Caller<'_, T>,
        get: impl Fn(&mut T) -> &mut P1Ctx,
        call: HostCall,
    ) -> Result<(GuestMemory<'a>, &'a mut P1Ctx)> {
        let ctx = get(caller.data_mut());
        let bound = match ctx.bound {
            Bound::To { owner, memory } if Some(owner) == self.owner => Some(memory),
            _ => None,
        };
        let memory = match bound {
            Some(memory) => memory,
            None => self.look_up(caller)?,
        };
        let (bytes, data) = memory.data_and_store_mut(caller);
        let ctx = get(data);
        ctx.deterministic.calls.count(call);
        Ok((GuestMemory::new(bytes), ctx))
    }

    #[inline(never)]
    fn look_up<T: 'static>(self, caller: &mut Caller<'_, T>) -> Result<Memory, Error> {
        if let Some(export) = &self.export
            && let Some(Extern::Memory(memory)) = caller.get_module_export(export)
        {
            return Ok(memory);
        }
        by_name(caller)
    }
}

/// Where a module has the memory that WASI's functions work on.
pub(super) fn export_of(module: &Module) -> Option<ModuleExport> {
    match module.get_export("memory") {
        Some(ExternType::Memory(memory)) if !memory.is_shared() => module.get_export_index("memory"),
        _ => None,
    }
}

/// The memory that the calling guest exports.
#[inline]
pub(crate) fn by_name<T>(caller: &mut Caller<'_, T>) -> Result<Memory, Error> {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => Ok(memory),
        Some(Extern::SharedMemory(_)) => Err(Error::SharedMemory),
        _ => Err(Error::NoMemory),
    }
}

/// Tells a clock that minds it how much fuel is left.
#[cold]
pub(super) fn observe_fuel<T: 'static>(caller: &mut Caller<'_, T>, get: impl Fn(&mut T) -> &mut P1Ctx) -> Result<()> {
    if get(caller.data_mut()).deterministic.time.observes_fuel() {
        let fuel = caller.get_fuel().ok();
        get(caller.data_mut()).deterministic.time.fuel_left(fuel)?;
    }
    Ok(())
}
