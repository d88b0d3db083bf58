//! What the functions share: arguments as the guest passes them, and the differences of the two versions.

use wasmtime_wasi::p0::types as p0;
use wasmtime_wasi::p1::types::{Errno, Rights};
use wiggle::{GuestMemory, GuestPtr, GuestType};

use super::P1Ctx;
use super::fault::{Answer, argument};
use super::memory::store;

/// Which of the two modules a guest imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(non_camel_case_types, reason = "the names are WASI's, and macros match on them")]
pub(super) enum Version {
    wasi_snapshot_preview1,
    wasi_unstable,
}

impl Version {
    /// The rights of an argument.
    pub(super) fn rights(self, rights: i64) -> Answer<Rights> {
        Ok(match self {
            Version::wasi_snapshot_preview1 => argument(Rights::try_from(rights))?,
            Version::wasi_unstable => Rights::from_bits_truncate(argument(p0::Rights::try_from(rights))?.bits()),
        })
    }

    /// The rights that this version has words for.
    pub(super) fn known(self, rights: Rights) -> u64 {
        match self {
            Version::wasi_snapshot_preview1 => rights.bits(),
            Version::wasi_unstable => rights.bits() & p0::Rights::all().bits(),
        }
    }
}

/// How many bytes of strings and lists a call may still make the host copy, as stock counts them.
#[derive(Clone, Debug)]
pub(super) struct Allowance(pub(super) usize);

impl Allowance {
    pub(super) fn take(&mut self, bytes: usize) -> Answer {
        self.0 = self.0.checked_sub(bytes).ok_or(Errno::Nomem)?;
        Ok(())
    }
}

impl P1Ctx {
    /// A string of the guest's. It is copied, since what follows may need all of the context.
    pub(super) fn string(&mut self, memory: &GuestMemory<'_>, ptr: i32, len: i32) -> Answer<String> {
        self.allowance.take(len as u32 as usize)?;
        let text = memory.as_cow_str(GuestPtr::new((ptr as u32, len as u32)))?;
        let mut copy = String::new();
        copy.try_reserve_exact(text.len()).map_err(crate::memory::exhausted)?;
        copy.push_str(&text);
        Ok(copy)
    }
}

/// Bytes at `ptr`, and the pointer behind them.
pub(super) fn write_bytes(memory: &mut GuestMemory<'_>, ptr: GuestPtr<u8>, bytes: &[u8]) -> Answer<GuestPtr<u8>> {
    let len = u32::try_from(bytes.len()).map_err(|_| Errno::Overflow)?;
    memory.copy_from_slice(bytes, ptr.as_array(len))?;
    Ok(ptr.add(len)?)
}

#[inline]
pub(super) fn write_u32(memory: &mut GuestMemory<'_>, ptr: i32, value: u32) -> Answer {
    match store(memory, ptr as u32, value.to_le_bytes()) {
        true => Ok(()),
        false => no_room(memory, ptr, value),
    }
}

#[inline]
pub(super) fn write_u64(memory: &mut GuestMemory<'_>, ptr: i32, value: u64) -> Answer {
    match store(memory, ptr as u32, value.to_le_bytes()) {
        true => Ok(()),
        false => no_room(memory, ptr, value),
    }
}

/// Says what is wrong in wiggle's words.
#[cold]
fn no_room<T: GuestType>(memory: &mut GuestMemory<'_>, ptr: i32, value: T) -> Answer {
    Ok(memory.write(GuestPtr::new(ptr as u32), value)?)
}
