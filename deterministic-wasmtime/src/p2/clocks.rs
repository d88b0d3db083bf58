//! `wasi:clocks`.

use deterministic_core::{ClockId, Instant};
use deterministic_wasi::after;
use deterministic_wasi::log::{Field, Value};
use wasmtime::Result;
use wasmtime::component::{ComponentType, Lower, Resource};
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::clocks;

use crate::DeterministicCtxView;
use crate::component::{AsValue, linked, p2_name};

linked! {
    /// `wasi:clocks/monotonic-clock`: the timeline. Its pollables need [`poll`](super::poll) as well.
    monotonic_clock, p2_name!("wasi:clocks/monotonic-clock");
    monotonic_clock_now() = clocks::monotonic_clock::Host::now;
    monotonic_clock_resolution() = clocks::monotonic_clock::Host::resolution;
    monotonic_clock_subscribe_instant(when) = clocks::monotonic_clock::Host::subscribe_instant;
    monotonic_clock_subscribe_duration(when) = clocks::monotonic_clock::Host::subscribe_duration;
}

linked! {
    /// `wasi:clocks/wall-clock`: the policy's epoch plus the timeline.
    wall_clock, p2_name!("wasi:clocks/wall-clock");
    wall_clock_now() = clocks::wall_clock::Host::now;
    wall_clock_resolution() = clocks::wall_clock::Host::resolution;
}

const NANOS_PER_SECOND: u64 = 1_000_000_000;

pub(super) fn datetime(nanos: u64) -> clocks::wall_clock::Datetime {
    // The remainder is below 10^9.
    clocks::wall_clock::Datetime { seconds: nanos / NANOS_PER_SECOND, nanoseconds: (nanos % NANOS_PER_SECOND) as u32 }
}

impl clocks::wall_clock::Host for DeterministicCtxView<'_> {
    #[inline]
    fn now(&mut self) -> Result<clocks::wall_clock::Datetime> {
        Ok(datetime(self.ctx.time.read(ClockId::Realtime)?))
    }

    #[inline]
    fn resolution(&mut self) -> Result<clocks::wall_clock::Datetime> {
        Ok(datetime(self.ctx.time.resolution()))
    }
}

impl clocks::monotonic_clock::Host for DeterministicCtxView<'_> {
    #[inline]
    fn now(&mut self) -> Result<u64> {
        Ok(self.ctx.time.read(ClockId::Monotonic)?)
    }

    #[inline]
    fn resolution(&mut self) -> Result<u64> {
        Ok(self.ctx.time.resolution())
    }

    fn subscribe_instant(&mut self, when: u64) -> Result<Resource<DynPollable>> {
        self.subscribe(Instant::from_nanos(when))
    }

    #[inline]
    fn subscribe_duration(&mut self, when: u64) -> Result<Resource<DynPollable>> {
        let now = self.ctx.time.catch_up()?;
        self.subscribe(after(now, when))
    }
}

linked! {
    /// `wasi:clocks/timezone`: UTC, for all times. wasmtime-wasi has none, as it is not stable yet.
    timezone, p2_name!("wasi:clocks/timezone");
    timezone_display(when) = display;
    timezone_utc_offset(when) = utc_offset;
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct Display {
    #[component(name = "utc-offset")]
    utc_offset: i32,
    name: &'static str,
    #[component(name = "in-daylight-saving-time")]
    in_daylight_saving_time: bool,
}

impl AsValue for Display {
    fn as_value(&self) -> Value {
        Value::Record(vec![
            Field::new("utc-offset", self.utc_offset.as_value()),
            Field::new("name", self.name.as_value()),
            Field::new("in-daylight-saving-time", self.in_daylight_saving_time.as_value()),
        ])
    }
}

fn display(_: &mut DeterministicCtxView<'_>, _when: clocks::wall_clock::Datetime) -> Result<Display> {
    Ok(Display { utc_offset: 0, name: "UTC", in_daylight_saving_time: false })
}

fn utc_offset(_: &mut DeterministicCtxView<'_>, _when: clocks::wall_clock::Datetime) -> Result<i32> {
    Ok(0)
}
