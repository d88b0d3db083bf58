//! `wasi:clocks`.

use deterministic_core::{ClockId, Instant};
use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::clocks;

use super::linked;
use crate::DeterministicCtxView;
use crate::calls::HostCall;
use crate::standstill::after;

linked! {
    /// `wasi:clocks/monotonic-clock`: the timeline. Its pollables need [`poll`](super::poll) beside it.
    monotonic_clock, wasmtime_wasi::p2::bindings::clocks::monotonic_clock
}

linked! {
    /// `wasi:clocks/wall-clock`: the policy's epoch plus the timeline.
    wall_clock, wasmtime_wasi::p2::bindings::clocks::wall_clock
}

const NANOS_PER_SECOND: u64 = 1_000_000_000;

pub(super) fn datetime(nanos: u64) -> clocks::wall_clock::Datetime {
    // The remainder is below 10^9.
    clocks::wall_clock::Datetime { seconds: nanos / NANOS_PER_SECOND, nanoseconds: (nanos % NANOS_PER_SECOND) as u32 }
}

impl clocks::wall_clock::Host for DeterministicCtxView<'_> {
    #[inline]
    fn now(&mut self) -> Result<clocks::wall_clock::Datetime> {
        self.ctx.calls.count(HostCall::wall_clock_now);
        Ok(datetime(self.ctx.time.read(ClockId::Realtime)?))
    }

    #[inline]
    fn resolution(&mut self) -> Result<clocks::wall_clock::Datetime> {
        self.ctx.calls.count(HostCall::wall_clock_resolution);
        Ok(datetime(self.ctx.time.resolution.get()))
    }
}

impl clocks::monotonic_clock::Host for DeterministicCtxView<'_> {
    #[inline]
    fn now(&mut self) -> Result<u64> {
        self.ctx.calls.count(HostCall::monotonic_clock_now);
        Ok(self.ctx.time.read(ClockId::Monotonic)?)
    }

    #[inline]
    fn resolution(&mut self) -> Result<u64> {
        self.ctx.calls.count(HostCall::monotonic_clock_resolution);
        Ok(self.ctx.time.resolution.get())
    }

    fn subscribe_instant(&mut self, when: u64) -> Result<Resource<DynPollable>> {
        self.ctx.calls.count(HostCall::monotonic_clock_subscribe_instant);
        self.subscribe(Instant::from_nanos(when))
    }

    fn subscribe_duration(&mut self, when: u64) -> Result<Resource<DynPollable>> {
        self.ctx.calls.count(HostCall::monotonic_clock_subscribe_duration);
        self.subscribe(after(self.ctx.now(), when))
    }
}

/// `wasi:clocks/timezone`: UTC, for all times.
pub mod timezone {
    use wasmtime::component::{ComponentType, Linker, Lower};
    use wasmtime::{Result, StoreContextMut};
    use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;

    #[derive(ComponentType, Lower)]
    #[component(record)]
    struct Display {
        #[component(name = "utc-offset")]
        utc_offset: i32,
        name: &'static str,
        #[component(name = "in-daylight-saving-time")]
        in_daylight_saving_time: bool,
    }

    /// Defines this interface in `linker`. wasmtime-wasi has none, as it is not stable yet.
    ///
    /// # Errors
    ///
    /// If the linker has it already and does not allow shadowing.
    pub fn add_to_linker<T: 'static>(linker: &mut Linker<T>) -> Result<()> {
        let mut timezone = linker.instance("wasi:clocks/timezone@0.2.12")?;
        timezone.func_wrap("display", |_: StoreContextMut<'_, T>, (_when,): (Datetime,)| {
            Ok((Display { utc_offset: 0, name: "UTC", in_daylight_saving_time: false },))
        })?;
        timezone.func_wrap("utc-offset", |_: StoreContextMut<'_, T>, (_when,): (Datetime,)| Ok((0_i32,)))
    }
}
