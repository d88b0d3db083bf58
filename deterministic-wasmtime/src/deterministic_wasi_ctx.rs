//! The functions of the crate `deterministic-wasi-ctx`, under the same names and with the same bytes and clock values.

use deterministic_core::{InOrder, Instant, Rules, Seed, WallTime};
use deterministic_policies::{FrozenClock, Preset};
use deterministic_wasi::p1::{GuestMemory, Version, poll_without_descriptors};
use deterministic_wasi::{Fault, HostCalls, Timeline};
use wasmtime::{AsContextMut as _, Caller, Linker, Result};
use wasmtime_wasi::WasiCtxBuilder;

use crate::end::end;
use crate::hooks;
use crate::p1::memory;

/// Sets clocks that stand at 0, the random bytes that deterministic-wasi-ctx 4 gives (155, 111, …), and no network.
///
/// With it the whole migration is the `use` line:
///
/// ```
/// use deterministic_wasmtime::{add_determinism_to_wasi_ctx_builder, replace_scheduling_functions};
/// use wasmtime::{Engine, Linker};
/// use wasmtime_wasi::{WasiCtxBuilder, p1::WasiP1Ctx};
///
/// let mut linker: Linker<WasiP1Ctx> = Linker::new(&Engine::default());
/// wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |ctx| ctx)?;
/// replace_scheduling_functions(&mut linker)?;
/// let ctx = add_determinism_to_wasi_ctx_builder(&mut WasiCtxBuilder::new()).build_p1();
/// # let _ = ctx;
/// # wasmtime::error::Ok(())
/// ```
///
/// Two things differ, both of them leaks of that crate: the insecure seed is a constant and not the host's, and the clocks'
/// resolution is 1 ns and not 0, by which guests divide. Those who can change more than the `use` line should take
/// [`p1::add_to_linker_sync`](crate::p1::add_to_linker_sync) with the preset `deterministic_wasi_ctx`, which knows the
/// guest's file descriptors, or a preset in which time passes.
pub fn add_determinism_to_wasi_ctx_builder(builder: &mut WasiCtxBuilder) -> &mut WasiCtxBuilder {
    hooks::install(builder, Preset::DeterministicWasiCtx.policies(&Seed::default()))
}

/// Replaces `poll_oneoff` and `sched_yield` of WASI 0.1 by functions that return at once: every timer counts as due, and
/// every descriptor as ready. Leaves shadowing allowed on the linker, as deterministic-wasi-ctx does.
///
/// A list of no subscriptions, a tag, clock or flag that WASI does not have give `EINVAL`, and a pointer outside the
/// memory traps, as on stock. These functions see no table of file descriptors, so one that is not open counts as ready.
///
/// # Errors
///
/// What `Linker::func_wrap` says.
pub fn replace_scheduling_functions<T: Send + 'static>(linker: &mut Linker<T>) -> Result<()> {
    replace(linker, "wasi_snapshot_preview1", Version::wasi_snapshot_preview1)
}

/// The same for `wasi_unstable`.
///
/// # Errors
///
/// What `Linker::func_wrap` says.
pub fn replace_scheduling_functions_for_wasi_preview_0<T: Send + 'static>(linker: &mut Linker<T>) -> Result<()> {
    replace(linker, "wasi_unstable", Version::wasi_unstable)
}

fn replace<T: 'static>(linker: &mut Linker<T>, module: &str, version: Version) -> Result<()> {
    linker.allow_shadowing(true);
    linker.func_wrap(module, "sched_yield", || 0)?;
    // Sleeps are not counted for a guest to which each timer is due at once.
    let calls = HostCalls::default();
    linker.func_wrap(
        module,
        "poll_oneoff",
        move |mut caller: Caller<'_, T>, subscriptions: i32, events: i32, count: i32, count_out: i32| {
            let copy_limit = caller.as_context_mut().hostcall_fuel();
            let memory = memory::by_name(&mut caller)?;
            let mut memory = GuestMemory::new(memory.data_mut(&mut caller));
            let clock = Box::new(FrozenClock::at(Instant::ZERO));
            let rules = Rules { timers_are_due: true, ..Rules::default() };
            let mut time = Timeline::new(WallTime::UNIX_EPOCH, clock, Box::new(InOrder), rules);
            let list = (subscriptions, events, count, count_out);
            match poll_without_descriptors((&mut time, &calls), &mut memory, version, list, copy_limit) {
                Ok(()) => Ok(0),
                Err(Fault::Errno(errno)) => Ok(errno as i32),
                Err(Fault::Trap(trap)) => Err(end(trap)),
            }
        },
    )?;
    Ok(())
}
