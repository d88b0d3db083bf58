//! Clock readings, random bytes and yielding.

use deterministic_core::ClockId;
use wasmtime::Result;
use wasmtime_wasi::p1::types;
use wiggle::GuestMemory;

use super::abi::write_u64;
use super::fault;
use super::memory::{self, errno};
use crate::{DeterministicCtx, Error};

/// The most random bytes that one call gives: wasmtime-wasi's default, beyond which stock traps.
pub(crate) const MAX_RANDOM: u32 = 64 << 20;

/// A clock of WASI 0.1 by its number. One that WASI does not have traps, as on stock.
#[inline]
fn clock_id(id: i32) -> Result<ClockId> {
    Ok(match id {
        0 => ClockId::Realtime,
        1 => ClockId::Monotonic,
        2 => ClockId::ProcessCpuTime,
        3 => ClockId::ThreadCpuTime,
        unknown => return Err(no_clock(unknown)),
    })
}

#[cold]
fn no_clock(id: i32) -> wasmtime::Error {
    let error = types::Clockid::try_from(id).err();
    error.map_or_else(|| wasmtime::format_err!("no clock {id}"), wasmtime::Error::from)
}

#[inline(always)]
pub(super) fn clock_time_get(
    ctx: &mut DeterministicCtx,
    memory: &mut GuestMemory<'_>,
    id: i32,
    out: i32,
) -> Result<i32> {
    let now = ctx.time.read(clock_id(id)?)?;
    fault::lower(write_u64(memory, out, now))
}

pub(super) fn clock_res_get(
    ctx: &mut DeterministicCtx,
    memory: &mut GuestMemory<'_>,
    id: i32,
    out: i32,
) -> Result<i32> {
    clock_id(id)?;
    fault::lower(write_u64(memory, out, ctx.time.resolution.get()))
}

#[inline(always)]
pub(super) fn random_get(ctx: &mut DeterministicCtx, memory: &mut GuestMemory<'_>, buf: i32, len: i32) -> Result<i32> {
    let len = len as u32;
    // None is less than one.
    if len.wrapping_sub(1) >= MAX_RANDOM {
        return none_or_too_many(ctx, len);
    }
    match memory::place(memory, buf as u32, len) {
        Some(bytes) => ctx.secure_random.fill(bytes)?,
        None => return memory::no_place(memory, buf as u32, len),
    }
    Ok(errno::SUCCESS)
}

#[cold]
fn none_or_too_many(ctx: &mut DeterministicCtx, len: u32) -> Result<i32> {
    if len > 0 {
        return Err(Error::RandomTooLong { len: len.into(), max: MAX_RANDOM.into() }.into());
    }
    // Stock does not look at the pointer then.
    ctx.secure_random.fill(&mut [])?;
    Ok(errno::SUCCESS)
}

/// What a yield comes to that the clock or the scheduler wants to hear of.
pub(super) fn sched_yield(ctx: &mut DeterministicCtx) -> Result<i32> {
    let now = ctx.now();
    let passes = ctx.scheduling.scheduler.yield_observer().map_or(Ok(0), |observer| observer.yielded(now))?;
    if passes > 0 {
        ctx.time.clock.advance_to(now.saturating_add(passes))?;
    }
    Ok(errno::SUCCESS)
}
