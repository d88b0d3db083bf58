//! Clock readings, random bytes and yielding.

use deterministic_core::ClockId;
use wasmtime::Result;
use wasmtime_wasi::p1::types;
use wiggle::{GuestMemory, GuestPtr};

use super::memory::{errno, errno_or_trap};
use crate::{DeterministicCtx, Error};

/// The most random bytes that one call gives: wasmtime-wasi's default, beyond which stock traps.
pub(crate) const MAX_RANDOM: u32 = 64 << 20;

/// A clock of WASI 0.1 by its number. One that WASI does not have traps, as on stock.
fn clock_id(id: i32) -> Result<ClockId> {
    Ok(match types::Clockid::try_from(id)? {
        types::Clockid::Realtime => ClockId::Realtime,
        types::Clockid::Monotonic => ClockId::Monotonic,
        types::Clockid::ProcessCputimeId => ClockId::ProcessCpuTime,
        types::Clockid::ThreadCputimeId => ClockId::ThreadCpuTime,
    })
}

fn write_u64(memory: &mut GuestMemory<'_>, at: i32, value: u64) -> Result<i32> {
    match memory.write(GuestPtr::<u64>::new(at as u32), value) {
        Ok(()) => Ok(errno::SUCCESS),
        Err(error) => errno_or_trap(error),
    }
}

#[inline]
pub(super) fn clock_time_get(
    ctx: &mut DeterministicCtx,
    memory: &mut GuestMemory<'_>,
    id: i32,
    out: i32,
) -> Result<i32> {
    let now = ctx.time.read(clock_id(id)?)?;
    write_u64(memory, out, now)
}

pub(super) fn clock_res_get(
    ctx: &mut DeterministicCtx,
    memory: &mut GuestMemory<'_>,
    id: i32,
    out: i32,
) -> Result<i32> {
    clock_id(id)?;
    write_u64(memory, out, ctx.time.clock.resolution().get())
}

#[inline]
pub(super) fn random_get(ctx: &mut DeterministicCtx, memory: &mut GuestMemory<'_>, buf: i32, len: i32) -> Result<i32> {
    let len = len as u32;
    if len > MAX_RANDOM {
        return Err(Error::RandomTooLong { len: len.into(), max: MAX_RANDOM.into() }.into());
    }
    if len == 0 {
        // Stock does not look at the pointer then.
        ctx.secure_random.fill(&mut [])?;
        return Ok(errno::SUCCESS);
    }
    match memory.as_slice_mut(GuestPtr::<[u8]>::new((buf as u32, len))) {
        Ok(Some(bytes)) => ctx.secure_random.fill(bytes)?,
        Ok(None) => return Err(Error::SharedMemory.into()),
        Err(error) => return errno_or_trap(error),
    }
    Ok(errno::SUCCESS)
}

pub(super) fn sched_yield(ctx: &mut DeterministicCtx) -> Result<i32> {
    let now = ctx.now();
    let passes = ctx.scheduling.scheduler.yielded(now)?;
    if passes > 0 {
        ctx.time.clock.advance_to(now.saturating_add(passes))?;
    }
    Ok(errno::SUCCESS)
}
