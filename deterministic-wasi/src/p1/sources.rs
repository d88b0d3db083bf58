//! Clock readings, random bytes and yielding.

#![allow(missing_docs, reason = "the functions are WASI's, and its specification documents them")]

use deterministic_core::ClockId;

use super::abi::{Version, write_u64};
use super::guest::{Bytes, GuestError, GuestMemory};
use crate::fault::Answer;
use crate::{Error, Wasi};

type Memory<'a, 'b> = &'a mut GuestMemory<'b>;

/// The most random bytes that one call gives: wasmtime-wasi's default, beyond which stock traps.
pub const MAX_RANDOM: u32 = 64 << 20;

/// A clock of WASI 0.1 by its number. One that WASI does not have traps, as on stock.
#[inline]
fn clock_id(id: i32) -> Answer<ClockId> {
    Ok(match id {
        0 => ClockId::Realtime,
        1 => ClockId::Monotonic,
        2 => ClockId::ProcessCpuTime,
        3 => ClockId::ThreadCpuTime,
        _ => return Err(GuestError::InvalidEnumValue("clockid").into()),
    })
}

#[inline(always)]
pub fn clock_time_get(wasi: &mut Wasi, memory: Memory, _: Version, (id, _precision, out): (i32, i64, i32)) -> Answer {
    let now = wasi.time.read(clock_id(id)?)?;
    write_u64(memory, out, now)
}

pub fn clock_res_get(wasi: &mut Wasi, memory: Memory, _: Version, (id, out): (i32, i32)) -> Answer {
    clock_id(id)?;
    write_u64(memory, out, wasi.time.resolution())
}

#[inline(always)]
pub fn random_get(wasi: &mut Wasi, memory: Memory, _: Version, (buf, len): (i32, i32)) -> Answer {
    let len = len as u32;
    // None is less than one.
    if len.wrapping_sub(1) >= MAX_RANDOM {
        return none_or_too_many(wasi, len);
    }
    Ok(wasi.secure_random.fill(memory.slice_mut(Bytes { at: buf as u32, len })?)?)
}

#[cold]
fn none_or_too_many(wasi: &mut Wasi, len: u32) -> Answer {
    if len > 0 {
        return Err(Error::RandomTooLong { len: len.into(), max: MAX_RANDOM.into() }.into());
    }
    // Stock does not look at the pointer then.
    Ok(wasi.secure_random.fill(&mut [])?)
}

#[inline]
pub fn sched_yield(wasi: &mut Wasi) -> Answer {
    if wasi.time.yields_are_only_counted() { Ok(()) } else { Ok(wasi.time.yielded()?) }
}
