//! The guest's memory, as one call sees it.

use std::num::NonZeroU64;

use wasmtime::{Caller, Extern, ExternType, Memory, Module, ModuleExport, Result};
use wiggle::{GuestMemory, GuestPtr};

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
    /// Where the module has its memory. Only for a function that nobody else can call: Wasmtime panics when the host itself
    /// does, since the caller is then no instance of any module. A search by name finds nothing there.
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
    /// Nobody's any more: two instances were made, or one that was not completed or has no memory.
    Several,
}

impl Finder {
    /// What each call begins with: the clock hears of consumed fuel if it wants to, the guest's memory is found, the call
    /// counted.
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

/// Tells the clock how much fuel is left.
#[cold]
pub(super) fn observe_fuel<T: 'static>(caller: &mut Caller<'_, T>, get: impl Fn(&mut T) -> &mut P1Ctx) -> Result<()> {
    let fuel = caller.get_fuel();
    get(caller.data_mut()).deterministic.time.fuel_left(fuel)?;
    Ok(())
}

/// The `len` bytes at `at`, if all of them lie in the memory. What is wrong otherwise, wiggle says.
#[inline]
pub(super) fn place<'a>(memory: &'a mut GuestMemory<'_>, at: u32, len: u32) -> Option<&'a mut [u8]> {
    let GuestMemory::Unshared(bytes) = memory else { return None };
    bytes.get_mut(at as usize..)?.get_mut(..len as usize)
}

/// Writes a number, and says whether there is room for it, aligned as its type.
#[inline]
pub(super) fn store<const N: usize>(memory: &mut GuestMemory<'_>, at: u32, number: [u8; N]) -> bool {
    let GuestMemory::Unshared(bytes) = memory else { return false };
    let place = bytes.get_mut(at as usize..).and_then(|bytes| bytes.first_chunk_mut());
    match place {
        Some(place) if (at as usize).is_multiple_of(N) => {
            *place = number;
            true
        }
        _ => false,
    }
}

/// Reads a number, if it is there, aligned as its type.
#[inline]
pub(super) fn load<const N: usize>(memory: &GuestMemory<'_>, at: u32) -> Option<[u8; N]> {
    let GuestMemory::Unshared(bytes) = memory else { return None };
    bytes.get(at as usize..)?.first_chunk().filter(|_| (at as usize).is_multiple_of(N)).copied()
}

/// What a call comes to whose bytes have no [`place`].
#[cold]
pub(super) fn no_place(memory: &mut GuestMemory<'_>, at: u32, len: u32) -> Result<i32> {
    match memory.as_slice_mut(GuestPtr::new((at, len))) {
        Ok(_) => Err(Error::SharedMemory.into()),
        Err(error) => errno_or_trap(error),
    }
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
