//! The guest's memory, as one call sees it.

use std::num::NonZeroU64;

use wasmtime::{Caller, Extern, Memory, ModuleExport, Result};
use wiggle::GuestMemory;

use super::P1Ctx;
use crate::Error;
use crate::calls::HostCall;

/// The error numbers of WASI 0.1 that this crate gives itself. `wasi_unstable` has the same.
pub(crate) mod errno {
    pub(crate) const SUCCESS: i32 = 0;
    pub(crate) const INVAL: i32 = 28;
    pub(crate) const NOMEM: i32 = 48;
}

/// How a host function finds the memory of the instance that calls it. Most of what a short call costs is this.
#[derive(Clone, Copy, Default)]
pub(super) struct Finder {
    /// The [`InstancePre`](super::InstancePre) whose instances alone can call the function.
    pub(super) owner: Option<NonZeroU64>,
    /// Where the module has its memory. An instance of another module is searched by name.
    pub(super) export: Option<ModuleExport>,
}

/// Whose memory is at hand in a context.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Bound {
    /// Nobody's yet.
    #[default]
    Free,
    /// That of the instance which `owner` is about to make; its start function runs without.
    Pending { owner: NonZeroU64 },
    /// That of the one instance which `owner` made.
    To { owner: NonZeroU64, memory: Memory },
    /// Nobody's any more: `owner` made two instances.
    Several,
}

impl Finder {
    /// What each call begins with: the clock hears of consumed fuel if it wants to, the guest's memory is found, the call
    /// counted.
    #[inline]
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
        if ctx.deterministic.time.observes_fuel {
            observe_fuel(caller, &get)?;
        }
        let memory = match bound {
            Some(memory) => memory,
            None => self.look_up(caller)?,
        };
        let (bytes, data) = memory.data_and_store_mut(caller);
        let ctx = get(data);
        ctx.deterministic.calls.count(call);
        Ok((GuestMemory::Unshared(bytes), ctx))
    }

    #[cold]
    #[inline(never)]
    fn look_up<T: 'static>(self, caller: &mut Caller<'_, T>) -> Result<Memory, Error> {
        match self.export.and_then(|export| caller.get_module_export(&export)) {
            Some(Extern::Memory(memory)) => Ok(memory),
            _ => by_name(caller),
        }
    }
}

/// The memory that the calling guest exports.
pub(crate) fn by_name<T>(caller: &mut Caller<'_, T>) -> Result<Memory, Error> {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => Ok(memory),
        Some(Extern::SharedMemory(_)) => Err(Error::SharedMemory),
        _ => Err(Error::NoMemory),
    }
}

/// Tells the clock how much fuel is left.
#[cold]
pub(super) fn observe_fuel<T: 'static>(caller: &mut Caller<'_, T>, get: impl Fn(&mut T) -> &mut P1Ctx) -> Result<()> {
    let fuel = caller.get_fuel();
    get(caller.data_mut()).deterministic.time.fuel_left(fuel)?;
    Ok(())
}

/// Makes wiggle's error an errno where stock does, and a trap where stock does.
///
/// The source of the division is `impl From<GuestError> for types::Error` in wasmtime-wasi's `p1.rs`: a pointer outside
/// the memory or misaligned traps, a value that the type does not have is `EINVAL`.
pub(crate) fn errno_or_trap(error: wiggle::GuestError) -> wasmtime::Result<i32> {
    use wiggle::GuestError::*;
    match error {
        InvalidFlagValue(_) | InvalidEnumValue(_) => Ok(errno::INVAL),
        trap => Err(wasmtime::Error::new(trap)),
    }
}
