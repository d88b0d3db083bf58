//! The guest's memory, as one call sees it.

use wasmtime::{Caller, Extern};
use wiggle::GuestMemory;

use crate::Error;

/// The error numbers of WASI 0.1 that this crate gives itself. `wasi_unstable` has the same.
pub(crate) mod errno {
    pub(crate) const SUCCESS: i32 = 0;
    pub(crate) const INVAL: i32 = 28;
    pub(crate) const NOMEM: i32 = 48;
}

/// The memory that the calling guest exports, and the store's data.
#[inline]
pub(crate) fn memory_and_data<'a, T>(caller: &'a mut Caller<'_, T>) -> Result<(GuestMemory<'a>, &'a mut T), Error> {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => {
            let (bytes, data) = memory.data_and_store_mut(caller);
            Ok((GuestMemory::Unshared(bytes), data))
        }
        Some(Extern::SharedMemory(_)) => Err(Error::SharedMemory),
        _ => Err(Error::NoMemory),
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
