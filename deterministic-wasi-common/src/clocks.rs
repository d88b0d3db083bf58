//! wasi-common's clocks, which cannot say that they have no answer: they then show what wasi-common cannot tell a guest.

use std::sync::Arc;
use std::time::Duration;

use cap_std::time::{Instant as HostInstant, SystemTime};
use deterministic_core::{ClockId, Instant, WallTime};
use deterministic_wasi::HostCall;
use wasi_common::clocks::{WasiClocks, WasiMonotonicClock, WasiMonotonicOffsetClock, WasiSystemClock};

use crate::failure::Failure;
use crate::instants;
use crate::shared::{Shared, lock};

pub(crate) fn clocks(shared: &Arc<Shared>) -> WasiClocks {
    // Not by `with_monotonic`, which reads the clock before the guest does.
    let monotonic = WasiMonotonicOffsetClock {
        creation_time: instants::beginning(),
        abs_clock: Box::new(Monotonic(Arc::clone(shared))),
    };
    let mut clocks = WasiClocks::new().with_system(Wall(Arc::clone(shared)));
    clocks.monotonic = Some(monotonic);
    clocks
}

impl Shared {
    fn read(&self, id: ClockId) -> Result<u64, Failure> {
        self.answer(HostCall::clock_time_get, |state| Ok(state.time.read(id)?))
    }

    fn resolution(&self) -> Duration {
        let nanos = self.answer(HostCall::clock_res_get, |state| Ok(state.time.resolution()));
        Duration::from_nanos(nanos.unwrap_or(1))
    }
}

struct Wall(Arc<Shared>);

impl WasiSystemClock for Wall {
    fn resolution(&self) -> Duration {
        self.0.resolution()
    }

    /// With no answer the guest ends.
    fn now(&self, _precision: Duration) -> SystemTime {
        match self.0.read(ClockId::Realtime) {
            Ok(nanos) => instants::of_wall(WallTime::from_unix_nanos(nanos)),
            Err(_) => instants::before_1970(),
        }
    }
}

struct Monotonic(Arc<Shared>);

impl WasiMonotonicClock for Monotonic {
    fn resolution(&self) -> Duration {
        self.0.resolution()
    }

    /// With no answer the guest gets `EOVERFLOW`.
    fn now(&self, _precision: Duration) -> HostInstant {
        if let Some(shown) = *lock(&self.0.shown) {
            return shown;
        }
        match self.0.read(ClockId::Monotonic) {
            Ok(nanos) => instants::of_host(Instant::from_nanos(nanos)),
            Err(_) => instants::never(),
        }
    }
}
