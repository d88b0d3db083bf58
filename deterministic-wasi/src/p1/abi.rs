//! What the functions share: arguments as the guest passes them, and the differences of the two versions.

use super::P1;
use super::guest::{Bytes, GuestMemory, GuestPtr};
use super::types::{Errno, Rights};
use crate::fault::Answer;
use crate::reserve;

/// Which of the two modules a guest imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(non_camel_case_types, reason = "the names are WASI's, and macros match on them")]
pub enum Version {
    /// WASI 0.1.
    wasi_snapshot_preview1,
    /// The version before it.
    wasi_unstable,
}

impl Version {
    /// The rights of an argument.
    pub(super) fn rights(self, rights: i64) -> Answer<Rights> {
        let rights = Rights::try_from(rights)?;
        match self {
            Version::wasi_unstable if !Rights::UNSTABLE.contains(rights) => {
                Err(super::guest::GuestError::InvalidFlagValue("rights").into())
            }
            _ => Ok(rights),
        }
    }

    /// The rights that this version has words for.
    pub(super) fn known(self, rights: Rights) -> u64 {
        match self {
            Version::wasi_snapshot_preview1 => rights.bits(),
            Version::wasi_unstable => rights.bits() & Rights::UNSTABLE.bits(),
        }
    }
}

/// How many bytes of strings and lists a call may still make the host copy, as stock counts them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Allowance(pub(super) usize);

impl Allowance {
    pub(super) fn take(&mut self, bytes: usize) -> Answer {
        self.0 = self.0.checked_sub(bytes).ok_or(Errno::Nomem)?;
        Ok(())
    }
}

impl P1<'_> {
    /// A string of the guest's. It is copied, since what follows may need all of the memory.
    pub(super) fn string(&mut self, memory: &GuestMemory<'_>, at: i32, len: i32) -> Answer<String> {
        self.state.allowance.take(len as u32 as usize)?;
        let text = memory.str(Bytes { at: at as u32, len: len as u32 })?;
        let mut copy = String::new();
        copy.try_reserve_exact(text.len()).map_err(reserve::exhausted)?;
        copy.push_str(text);
        Ok(copy)
    }
}

/// Bytes at `ptr`, and the pointer behind them.
pub(super) fn write_bytes(memory: &mut GuestMemory<'_>, ptr: GuestPtr<u8>, bytes: &[u8]) -> Answer<GuestPtr<u8>> {
    let len = u32::try_from(bytes.len()).map_err(|_| Errno::Overflow)?;
    memory.copy_from_slice(bytes, ptr.offset())?;
    Ok(ptr.add(len)?)
}

#[inline]
pub(super) fn write_u32(memory: &mut GuestMemory<'_>, ptr: i32, value: u32) -> Answer {
    match memory.store(ptr as u32, value.to_le_bytes()) {
        true => Ok(()),
        false => no_room(memory, ptr, value),
    }
}

#[inline]
pub(super) fn write_u64(memory: &mut GuestMemory<'_>, ptr: i32, value: u64) -> Answer {
    match memory.store(ptr as u32, value.to_le_bytes()) {
        true => Ok(()),
        false => no_room(memory, ptr, value),
    }
}

/// Says what is wrong.
#[cold]
fn no_room<T: super::guest::Number>(memory: &mut GuestMemory<'_>, ptr: i32, value: T) -> Answer {
    Ok(memory.write(GuestPtr::new(ptr as u32), value)?)
}
