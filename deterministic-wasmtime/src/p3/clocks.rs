//! `wasi:clocks`.

use deterministic_core::{ClockId, Instant};
use deterministic_wasi::{HostCall, after};
use wasmtime::Result;
use wasmtime::component::Accessor;
use wasmtime_wasi::p3::bindings::clocks as bindings;

use crate::component::{Interface, linked, p3_name, wait};
use crate::{Deterministic, DeterministicCtxView, DeterministicView};

linked! {
    /// `wasi:clocks/monotonic-clock`: the timeline. A guest that waits must be called through [`drive`](super::drive).
    monotonic_clock, p3_name!("wasi:clocks/monotonic-clock"), |clock| {
        use bindings::monotonic_clock::Host;
        clock.func(HostCall::monotonic_clock_now, |view, ()| Host::now(view))?;
        clock.func(HostCall::monotonic_clock_get_resolution, |view, ()| Host::get_resolution(view))?;
        waits(&mut clock)?;
    }
}

linked! {
    /// `wasi:clocks/system-clock`: the policy's epoch plus the timeline.
    system_clock, p3_name!("wasi:clocks/system-clock");
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
        wait(store, HostCall::monotonic_clock_wait_for, |now| after(now, duration)).await
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

linked! {
    /// `wasi:clocks/timezone`: UTC, for all times. wasmtime-wasi has none, as it is not stable yet.
    timezone, p3_name!("wasi:clocks/timezone");
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
