//! Letting time pass for the waits of a store's tasks, which stand in one queue: see [`waits`](super::waits).

use std::future::poll_fn;

use deterministic_core::{Event, Instant};
use deterministic_wasi::{HANDLE, HostCall, Waiting};
use wasmtime::Result;
use wasmtime::component::Accessor;

use super::waits::{Place, Turn, Waits};
use crate::{Deterministic, DeterministicCtx, DeterministicCtxView, Error};

/// Waits in `call` until `deadline`, which is asked when it begins.
pub(crate) async fn wait<U: 'static>(
    store: &Accessor<U, Deterministic>,
    call: HostCall,
    deadline: impl FnOnce(Instant) -> Instant,
) -> Result<()> {
    let place = store.with(|mut store| -> Result<_> {
        let DeterministicCtxView { ctx, .. } = store.get();
        let wasi = &mut ctx.wasi;
        let deadline = deadline(wasi.time.catch_up()?);
        if wasi.time.is_due::<wasmtime::Error>(deadline, call, &wasi.calls)? {
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
/// `own`, it has yet to choose among what it waits for, and nothing is chosen here.
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
    wasi.time.forget_ready();
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
