//! The hooks of `WasiCtxBuilder`, answered by policies: all that an embedder gets who keeps the stock linker functions.

use std::cell::Cell;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deterministic_core::{ByteStream, ClockId, InOrder, Policies, PolicyError};
use deterministic_wasi::Timeline;
use rand_core::TryRng;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtxBuilder};

use crate::ComponentCtx;
use crate::p1::P1Ctx;

mod sealed {
    pub trait Sealed {}
    impl Sealed for wasmtime_wasi::WasiCtxBuilder {}
}

/// What this crate adds to [`WasiCtxBuilder`].
pub trait WasiCtxBuilderExt: sealed::Sealed {
    /// Sets every hook of the builder: both clocks, both generators, the insecure seed; closes the network; has files
    /// read and written on the calling thread. Call it before `preopened_dir`, which remembers the last of these.
    ///
    /// Meant for embedders who link WASI themselves with stock functions. Those reach the hooks for clock readings and
    /// randomness only: **sleeping and polling still take the host's time**. The linker functions of this crate replace
    /// them too; use [`build_deterministic_p1`](WasiCtxBuilderExt::build_deterministic_p1) with those.
    ///
    /// The hooks share one timeline behind a lock. A hook cannot fail, so a clock policy that fails in the middle of a
    /// run repeats its last answer, and a generator gives zeros.
    ///
    /// # Errors
    ///
    /// [`PolicyError::RandomRefused`] if a generator of the bundle refuses, [`PolicyError::ClockRefused`] if its rules refuse a
    /// clock: a hook cannot.
    fn deterministic(&mut self, policies: Policies) -> Result<&mut Self, PolicyError>;

    /// Builds a context for the WASI 0.1 linker functions of this crate. Arguments, environment, directories and
    /// standard streams are what was set on the builder (streams: empty unless set, so nothing of the host's; standard
    /// input must lie in memory). Directories of the builder are mounted live; [`DeterministicCtx::files`](crate::wasi::Wasi::files)
    /// mounts hermetic ones.
    ///
    /// # Panics
    ///
    /// As `WasiCtxBuilder::build_p1`: if the builder has built a context before.
    fn build_deterministic_p1(&mut self, policies: Policies) -> P1Ctx;

    /// The same for components: what the linker functions of WASI 0.2 and 0.3 need.
    ///
    /// # Panics
    ///
    /// As `WasiCtxBuilder::build`: if the builder has built a context before.
    fn build_deterministic(&mut self, policies: Policies) -> ComponentCtx;
}

impl WasiCtxBuilderExt for WasiCtxBuilder {
    fn deterministic(&mut self, mut policies: Policies) -> Result<&mut Self, PolicyError> {
        policies.secure_random.fill(&mut [])?;
        policies.insecure_random.fill(&mut [])?;
        for clock in [ClockId::Realtime, ClockId::Monotonic] {
            if policies.rules.refused_clocks.contains(&clock) {
                return Err(PolicyError::ClockRefused { clock });
            }
        }
        Ok(install(self, policies))
    }

    fn build_deterministic_p1(&mut self, policies: Policies) -> P1Ctx {
        // Nobody reaches the hooks. They are set so that nothing of the host's lies behind them, and take no memory.
        closed(self)
            .wall_clock(Unreached)
            .monotonic_clock(Unreached)
            .secure_random(Unreached)
            .insecure_random(Unreached)
            .insecure_random_seed(0);
        P1Ctx::new(self, policies)
    }

    fn build_deterministic(&mut self, policies: Policies) -> ComponentCtx {
        // Reached by the stock functions of who links some of those.
        install(self, Policies::default());
        ComponentCtx::new(self.build(), policies)
    }
}

pub(crate) fn install(builder: &mut WasiCtxBuilder, policies: Policies) -> &mut WasiCtxBuilder {
    let Policies { epoch, clock, secure_random, insecure_random, insecure_seed, rules, .. } = policies;
    let (secure_random, insecure_random) = (ByteStream::new(secure_random), ByteStream::new(insecure_random));
    let resolution = rules.resolution.get();
    let time = Arc::new(Mutex::new(Timeline::new(epoch, clock, Box::new(InOrder), rules)));
    let clock = |id| HookClock { time: time.clone(), id, last: Cell::new(0), resolution };
    closed(builder)
        .wall_clock(clock(ClockId::Realtime))
        .monotonic_clock(clock(ClockId::Monotonic))
        .secure_random(HookRng(secure_random))
        .insecure_random(HookRng(insecure_random))
        .insecure_random_seed(insecure_seed.value())
}

/// No network, and files on the calling thread.
fn closed(builder: &mut WasiCtxBuilder) -> &mut WasiCtxBuilder {
    builder.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false).allow_blocking_current_thread(true)
}

struct HookClock {
    time: Arc<Mutex<Timeline>>,
    id: ClockId,
    /// The last answer, repeated should the policy fail.
    last: Cell<u64>,
    resolution: u64,
}

impl HookClock {
    fn read(&self) -> u64 {
        let mut time = self.time.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(nanos) = time.read(self.id) {
            self.last.set(nanos);
        }
        self.last.get()
    }
}

impl HostWallClock for HookClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(self.resolution)
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(self.read())
    }
}

impl HostMonotonicClock for HookClock {
    fn resolution(&self) -> u64 {
        self.resolution
    }

    fn now(&self) -> u64 {
        self.read()
    }
}

/// wasmtime-wasi 48 draws a `u32` for each random byte and keeps its low eight bits. So a `u32` is one byte of the stream
/// here, and a guest gets the same bytes as from the linker functions of this crate.
struct HookRng(ByteStream);

impl TryRng for HookRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut byte = [0];
        self.try_fill_bytes(&mut byte)?;
        Ok(byte[0].into())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64().unwrap_or(0))
    }

    fn try_fill_bytes(&mut self, buf: &mut [u8]) -> Result<(), Infallible> {
        // A generator that starts to fail in the middle of a run: zeros, so that nothing undefined is shown.
        if self.0.fill(buf).is_err() {
            buf.fill(0);
        }
        Ok(())
    }
}

/// What lies behind a context of which this crate asks neither the time nor random bytes.
struct Unreached;

impl HostWallClock for Unreached {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

impl HostMonotonicClock for Unreached {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        0
    }
}

impl TryRng for Unreached {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, buf: &mut [u8]) -> Result<(), Infallible> {
        buf.fill(0);
        Ok(())
    }
}
