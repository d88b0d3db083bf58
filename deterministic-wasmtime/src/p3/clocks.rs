//! `wasi:clocks`.

use std::future::poll_fn;

use deterministic_core::{ClockId, Event, Instant};
use deterministic_wasi::{HANDLE, HostCall, Waiting, after};
use wasmtime::Result;
use wasmtime::component::Accessor;
use wasmtime_wasi::p3::bindings::clocks as bindings;

use super::drive::{Place, Turn, Waits};
use crate::component::{Interface, linked};
use crate::{Deterministic, DeterministicCtx, DeterministicCtxView, DeterministicView, Error};

linked! {
    /// `wasi:clocks/monotonic-clock`: the timeline. A guest that waits must be called through [`drive`](super::drive).
    monotonic_clock, "wasi:clocks/monotonic-clock@0.3.0", |clock| {
        use bindings::monotonic_clock::Host;
        clock.func(HostCall::monotonic_clock_now, |view, ()| Host::now(view))?;
        clock.func(HostCall::monotonic_clock_get_resolution, |view, ()| Host::get_resolution(view))?;
        waits(&mut clock)?;
    }
}

linked! {
    /// `wasi:clocks/system-clock`: the policy's epoch plus the timeline.
    system_clock, "wasi:clocks/system-clock@0.3.0";
    system_clock_now() = bindings::system_clock::Host::now;
    system_clock_get_resolution() = bindings::system_clock::Host::get_resolution;
}

const NANOS_PER_SECOND: u64 = 1_000_000_000;

impl bindings::types::Host for DeterministicCtxView<'_> {}

impl bindings::system_clock::Host for DeterministicCtxView<'_> {
    #[inline]
    fn now(&mut self) -> Result<bindings::system_clock::Instant> {
        let nanos = self.ctx.time.read(ClockId::Realtime)?;
        Ok(bindings::system_clock::Instant {
            // 2^64 nanoseconds are fewer seconds than 2^63, and the remainder is below 10^9.
            seconds: (nanos / NANOS_PER_SECOND) as i64,
            nanoseconds: (nanos % NANOS_PER_SECOND) as u32,
        })
    }

    #[inline]
    fn get_resolution(&mut self) -> Result<u64> {
        Ok(self.ctx.time.resolution())
    }
}

impl bindings::monotonic_clock::Host for DeterministicCtxView<'_> {
    #[inline]
    fn now(&mut self) -> Result<u64> {
        Ok(self.ctx.time.read(ClockId::Monotonic)?)
    }

    #[inline]
    fn get_resolution(&mut self) -> Result<u64> {
        Ok(self.ctx.time.resolution())
    }
}

impl<U: 'static> bindings::monotonic_clock::HostWithStore<U> for Deterministic {
    async fn wait_until(store: &Accessor<U, Self>, when: u64) -> Result<()> {
        wait(store, HostCall::monotonic_clock_wait_until, |_| Instant::from_nanos(when)).await
    }

    async fn wait_for(store: &Accessor<U, Self>, duration: u64) -> Result<()> {
        wait(store, HostCall::monotonic_clock_wait_for, |ctx| after(ctx.now(), duration)).await
    }
}

/// The functions that wait.
fn waits<T: DeterministicView + 'static>(clock: &mut Interface<'_, T>) -> Result<()> {
    use bindings::monotonic_clock::HostWithStore;
    clock.concurrent(HostCall::monotonic_clock_wait_until, |store, (when,)| {
        Box::pin(async move {
            let store = &store.with_getter::<Deterministic>(T::deterministic_view);
            <Deterministic as HostWithStore<T>>::wait_until(store, when).await
        })
    })?;
    clock.concurrent(HostCall::monotonic_clock_wait_for, |store, (duration,)| {
        Box::pin(async move {
            let store = &store.with_getter::<Deterministic>(T::deterministic_view);
            <Deterministic as HostWithStore<T>>::wait_for(store, duration).await
        })
    })
}

/// Waits in `call` until `deadline`, which is asked when it begins.
pub(crate) async fn wait<U: 'static>(
    store: &Accessor<U, Deterministic>,
    call: HostCall,
    deadline: impl FnOnce(&mut DeterministicCtx) -> Instant,
) -> Result<()> {
    let place = store.with(|mut store| -> Result<_> {
        let DeterministicCtxView { ctx, .. } = store.get();
        let deadline = deadline(ctx);
        let wasi = &mut ctx.wasi;
        if wasi.time.is_due(deadline, call, &wasi.calls)? {
            return Ok(None);
        }
        let held = ctx.held.account().charge(HANDLE).map_err(Error::from)?;
        Ok(Some((ctx.waits.enqueue(deadline)?, held)))
    })?;
    let Some((place, _held)) = place else { return Ok(()) };
    loop {
        match poll_fn(|context| place.poll(context)).await {
            Turn::Over => return Ok(()),
            // Nothing else can go on, and this wait is the first to end: let time pass, for it and its peers.
            Turn::Lead => store.with(|mut store| pass_time(store.get().ctx, None, call))?,
        }
    }
}

/// Moves the timeline to the earliest deadline, and ends the waits that are then over as the scheduler says. If that is only
/// `own`, it has the choice among what it waits for still before it, and this is none.
pub(crate) fn pass_time(ctx: &mut DeterministicCtx, own: Option<&Place>, call: HostCall) -> Result<()> {
    let DeterministicCtx { wasi, waits, .. } = ctx;
    let Some(earliest) = waits.earliest() else { return Ok(()) };
    wasi.time.pass::<wasmtime::Error>(earliest, call, &wasi.calls)?;
    wasi.time.look_again(&mut Queued(waits), earliest);
    if let (Some(own), [only]) = (own, wasi.time.ready())
        && own.is(only)
    {
        waits.end(wasi.time.ready().iter());
        return Ok(());
    }
    let deliver = wasi.time.choose()?;
    waits.end(wasi.time.ready()[..deliver].iter());
    Ok(())
}

/// All that the store's tasks wait for.
struct Queued<'a>(&'a Waits);

impl Waiting for Queued<'_> {
    type Error = wasmtime::Error;

    fn count(&self) -> usize {
        0
    }

    fn look(&mut self, _: Instant, _: bool, _: &mut Vec<Event>) -> Result<Option<Instant>> {
        Ok(self.0.earliest())
    }

    fn look_again(&mut self, over: Instant, ready: &mut Vec<Event>) {
        ready.extend(self.0.due(over));
    }

    fn describe(&self) -> String {
        "tasks".to_owned()
    }
}

linked! {
    /// `wasi:clocks/timezone`: UTC, for all times. wasmtime-wasi has none, as it is not stable yet.
    timezone, "wasi:clocks/timezone@0.3.0";
    timezone_iana_id() = iana_id;
    timezone_utc_offset(when) = utc_offset;
    timezone_to_debug_string() = to_debug_string;
}

fn iana_id(_: &mut DeterministicCtxView<'_>) -> Result<Option<String>> {
    Ok(Some("Etc/UTC".to_owned()))
}

fn utc_offset(_: &mut DeterministicCtxView<'_>, _when: bindings::system_clock::Instant) -> Result<Option<i64>> {
    Ok(Some(0))
}

fn to_debug_string(_: &mut DeterministicCtxView<'_>) -> Result<String> {
    Ok("UTC".to_owned())
}
