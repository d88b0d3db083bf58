//! `wasi:io/poll`: waiting without a host thread that waits.
//!
//! A pollable is opaque, so the deadlines of our own timers are kept beside the table of resources, by number. What stands in
//! the table for a timer only keeps its number, and takes no memory of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;

use deterministic_core::{Event, EventKind, Instant};
use deterministic_wasi::{HANDLE, HostCall, Waiting, Wasi, reserve};
use wasmtime::component::{Linker, Resource, ResourceTable};
use wasmtime::{AsContextMut as _, Result, StoreContextMut};
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::sync::io::poll::HostPollable;
use wasmtime_wasi::runtime::{poll_noop, with_ambient_tokio_runtime};
use wasmtime_wasi_io::bindings::wasi::io::poll as stock;

use super::deadlines::{Deadline, Deadlines};
use crate::component::{Interface, Turn, beside, p2_name, pass_time};
use crate::{DeterministicCtx, DeterministicCtxView, DeterministicView, Error};

/// `wasi:io/poll`.
pub mod poll {
    use wasmtime::Result;
    use wasmtime::component::Linker;

    use crate::DeterministicView;

    /// Defines this interface in `linker`, for synchronous calls.
    ///
    /// # Errors
    ///
    /// If the linker has it already and does not allow shadowing.
    pub fn add_to_linker_sync<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
        super::link(linker)
    }

    /// Defines this interface in `linker`, for asynchronous calls.
    ///
    /// # Errors
    ///
    /// If the linker has it already and does not allow shadowing.
    pub fn add_to_linker_async<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
        super::link(linker)
    }
}

/// Nothing here gives the store away, so that one definition serves both kinds of linker.
fn link<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    let mut poll = Interface::new(linker, p2_name!("wasi:io/poll"))?;
    poll.resource::<DynPollable>(HostCall::pollable_drop, |mut store, pollable| {
        store.data_mut().deterministic_view().drop_pollable(pollable)
    })?;
    poll.func(HostCall::pollable_ready, |view, (pollable,): (Resource<DynPollable>,)| view.ready(&pollable))?;
    poll.func_of_store(HostCall::pollable_block, |store, (pollable,): (Resource<DynPollable>,)| {
        wait(store, std::slice::from_ref(&pollable), HostCall::pollable_block).map(drop)
    })?;
    poll.func_of_store(HostCall::poll, |mut store, (list,): (Vec<Resource<DynPollable>>,)| {
        if list.is_empty() {
            return Err(Error::EmptyPollList.into());
        }
        let deliver = wait(store.as_context_mut(), &list, HostCall::poll)?;
        reserve::probe(deliver.saturating_mul(size_of::<u32>()))?;
        let time = &mut store.data_mut().deterministic_view().ctx.wasi.time;
        let ready = time.ready()[..deliver].iter().map(Event::subscription).collect::<Vec<u32>>();
        time.forget_ready();
        Ok((ready,))
    })
}

type Store<'a, T> = StoreContextMut<'a, T>;

/// How many of the pollables in `list` the guest is told of, after time has passed as it must: the steps of
/// [`Timeline::wait`](deterministic_wasi::Timeline::wait), but that the other waits of the store may go on meanwhile.
fn wait<T: DeterministicView + 'static>(
    mut store: Store<'_, T>,
    list: &[Resource<DynPollable>],
    function: HostCall,
) -> Result<usize> {
    let mut view = store.data_mut().deterministic_view();
    if let Some(earliest) = view.look(list, function)? {
        if view.ctx.waits.may_wait_beside() {
            wait_beside(store.as_context_mut(), earliest, function)?;
            view = store.data_mut().deterministic_view();
        } else {
            view.ctx.wasi.time.pass::<wasmtime::Error>(earliest, function, &view.ctx.wasi.calls)?;
        }
        view.look_again(list, earliest);
    }
    Ok(view.ctx.time.choose()?)
}

/// Waits until `deadline` in the queue of the store's waits, and runs its other tasks meanwhile: a task of WASI 0.3 that is due
/// earlier comes first.
#[inline(never)]
fn wait_beside<T: DeterministicView + 'static>(
    mut store: Store<'_, T>,
    deadline: Instant,
    function: HostCall,
) -> Result<()> {
    let place = store.data_mut().deterministic_view().ctx.waits.enqueue(deadline)?;
    let over = store.run_concurrent(async |accessor| -> Result<()> {
        loop {
            match poll_fn(|context| place.poll(context)).await {
                Turn::Over => return Ok(()),
                Turn::Lead => accessor
                    .with(|mut store| pass_time(store.data_mut().deterministic_view().ctx, Some(&place), function))?,
            }
        }
    });
    beside(&place, over)??
}

/// The timers that are alive.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    /// Whether the number before that of the first is taken: schedulers see numbers, and those of a run stay what they were.
    begun: bool,
    /// Deadlines by the pollable's number.
    pub(crate) deadlines: Deadlines,
    /// Pollables whose deadline is not known yet, and what they wait for.
    pub(crate) open: BTreeMap<u32, u64>,
    /// The same the other way round.
    pub(crate) waiting_for: BTreeSet<(u64, u32)>,
    /// How far a wait went on a clock that does not move.
    #[cfg(feature = "http")]
    pub(crate) reached: Instant,
}

impl Timers {
    /// A pollable is gone, or its deadline is known.
    pub(crate) fn forget(&mut self, pollable: u32) {
        if let Some(number) = self.open.remove(&pollable) {
            self.waiting_for.remove(&(number, pollable));
        }
    }
}

/// What stands in the table for a timer. Only `wasi:io/poll` of this crate knows what it is; any other ends the guest with an
/// error, so that a mistake in linking does not show as a guest that hangs.
struct Timer;

impl DeterministicCtxView<'_> {
    /// A pollable that is ready at `deadline`.
    #[inline]
    pub(crate) fn subscribe(&mut self, deadline: Instant) -> Result<Resource<DynPollable>> {
        let DeterministicCtx { wasi, timers, .. } = &mut *self.ctx;
        let timers = &mut **timers;
        if !timers.begun {
            self.table.push(Timer)?;
            timers.begun = true;
        }
        let timer = self.table.push(Timer)?;
        let number = timer.rep();
        if let Err(exceeded) = wasi.held.set(number, HANDLE) {
            self.table.delete(timer)?;
            return Err(Error::from(exceeded).into());
        }
        timers.deadlines.insert(number, Deadline::Timer(deadline));
        Ok(Resource::new_own(number))
    }

    /// What the guest waits for, and the context beside it.
    #[inline]
    fn listed<'a>(&'a mut self, list: &'a [Resource<DynPollable>]) -> (&'a mut Wasi, Listed<'a>) {
        let DeterministicCtx { wasi, timers, .. } = &mut *self.ctx;
        (wasi, Listed { list, timers, table: self.table })
    }

    #[inline]
    fn look(&mut self, list: &[Resource<DynPollable>], function: HostCall) -> Result<Option<Instant>> {
        let (wasi, mut listed) = self.listed(list);
        wasi.time.look(&mut listed, function, &wasi.calls)
    }

    /// Finds which of the timers in `list` are due after a wait until `earliest`.
    #[inline(never)]
    fn look_again(&mut self, list: &[Resource<DynPollable>], earliest: Instant) {
        #[cfg(feature = "http")]
        if self.ctx.now() < earliest {
            self.ctx.timers.reached = self.ctx.timers.reached.max(earliest);
        }
        let (wasi, mut listed) = self.listed(list);
        wasi.time.look_again(&mut listed, earliest);
    }

    fn ready(&mut self, pollable: &Resource<DynPollable>) -> Result<bool> {
        match self.ctx.timers.deadlines.get(pollable.rep()) {
            Some(deadline) => Ok(deadline <= self.ctx.time.catch_up()? || self.ctx.time.all_timers_are_due()),
            None => other_is_ready(self.table, pollable),
        }
    }

    fn drop_pollable(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        let number = pollable.rep();
        let DeterministicCtx { wasi, timers, .. } = &mut *self.ctx;
        match timers.deadlines.remove(number) {
            Deadline::Timer(_) => self.table.delete(Resource::<Timer>::new_own(number)).map(drop)?,
            _ => {
                timers.forget(number);
                stock::HostPollable::drop(self.table, pollable)?;
            }
        }
        wasi.held.release(number);
        Ok(())
    }
}

/// Whether a pollable that is not a timer is ready now.
#[inline(never)]
fn other_is_ready(table: &mut ResourceTable, pollable: &Resource<DynPollable>) -> Result<bool> {
    let ready = stock::HostPollable::ready(table, Resource::new_borrow(pollable.rep()));
    let mut ready = std::pin::pin!(ready);
    // Asking never waits.
    with_ambient_tokio_runtime(|| poll_noop(ready.as_mut())).unwrap_or(Ok(false))
}

/// The pollables of a list.
struct Listed<'a> {
    list: &'a [Resource<DynPollable>],
    timers: &'a Timers,
    table: &'a mut ResourceTable,
}

impl Waiting for Listed<'_> {
    type Error = wasmtime::Error;

    #[inline]
    fn count(&self) -> usize {
        self.list.len()
    }

    // Inlined into the one call that most guests wait by.
    #[inline]
    fn look(&mut self, now: Instant, all_due: bool, ready: &mut Vec<Event>) -> Result<Option<Instant>> {
        let mut earliest: Option<Instant> = None;
        for (position, pollable) in (0..).zip(self.list) {
            let number = pollable.rep();
            match self.timers.deadlines.get(number) {
                Some(deadline) if deadline <= now || all_due => {
                    ready.push(Event::new(position, number.into(), EventKind::Timer { deadline }));
                }
                Some(deadline) => earliest = Some(earliest.map_or(deadline, |earliest| earliest.min(deadline))),
                None if other_is_ready(self.table, pollable)? => {
                    ready.push(Event::new(position, number.into(), EventKind::Readable));
                }
                None => {}
            }
        }
        Ok(earliest)
    }

    fn look_again(&mut self, over: Instant, ready: &mut Vec<Event>) {
        for (position, pollable) in (0..).zip(self.list) {
            if let Some(deadline) = self.timers.deadlines.get(pollable.rep())
                && deadline <= over
            {
                ready.push(Event::new(position, pollable.rep().into(), EventKind::Timer { deadline }));
            }
        }
    }

    fn describe(&self) -> String {
        format!("{} pollable(s), none of them ready", self.list.len())
    }
}

/// For those who have the view but not the store around it: waits are then alone.
impl HostPollable for DeterministicCtxView<'_> {
    fn ready(&mut self, pollable: Resource<DynPollable>) -> Result<bool> {
        DeterministicCtxView::ready(self, &pollable)
    }

    fn block(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        let (list, function) = (std::slice::from_ref(&pollable), HostCall::pollable_block);
        if let Some(earliest) = self.look(list, function)? {
            self.ctx.wasi.time.pass::<wasmtime::Error>(earliest, function, &self.ctx.wasi.calls)?;
            self.look_again(list, earliest);
        }
        self.ctx.time.choose()?;
        Ok(())
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        self.drop_pollable(pollable)
    }
}
