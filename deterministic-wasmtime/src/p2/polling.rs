//! `wasi:io/poll`: waiting without a host thread that waits.
//!
//! A pollable is opaque, so the deadlines of our own timers are kept beside the table of resources, by number. All timers
//! of a store are children of one entry in the table, which keeps each at one entry of its own.

use std::collections::BTreeMap;

use deterministic_core::{Event, EventKind, Instant};
use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::sync;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi::runtime::{poll_noop, with_ambient_tokio_runtime};
use wasmtime_wasi_io::bindings::wasi::io::poll as asynchronous;

use super::deadlines::Deadlines;
use crate::calls::HostCall;
use crate::held::HANDLE;
use crate::{DeterministicCtxView, Error, memory};

/// `wasi:io/poll`.
pub mod poll {
    use wasmtime::Result;
    use wasmtime::component::Linker;

    use crate::{Deterministic, DeterministicView};

    /// Defines this interface in `linker`, for synchronous calls.
    ///
    /// # Errors
    ///
    /// If the linker has it already and does not allow shadowing.
    pub fn add_to_linker_sync<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
        super::sync::io::poll::add_to_linker::<T, Deterministic>(linker, T::deterministic_view)
    }

    /// Defines this interface in `linker`, for asynchronous calls.
    ///
    /// # Errors
    ///
    /// If the linker has it already and does not allow shadowing.
    pub fn add_to_linker_async<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
        super::asynchronous::add_to_linker::<T, Deterministic>(linker, T::deterministic_view)
    }
}

/// The timers that are alive.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    /// The entry whose children all timers are.
    parent: Option<u32>,
    /// Deadlines by the pollable's number.
    pub(crate) deadlines: Deadlines,
    /// Pollables whose deadline is not known yet, and what they wait for.
    pub(crate) open: BTreeMap<u32, u64>,
    /// How far a wait went on a clock that does not move.
    #[cfg(feature = "http")]
    pub(crate) reached: Instant,
}

/// What stands in the table for all timers. Only `wasi:io/poll` of this crate knows when one is due; for any other it is
/// always ready, so that a mistake in linking shows as a busy guest and not as one that hangs.
struct Timer;

#[wasmtime_wasi::async_trait]
impl Pollable for Timer {
    async fn ready(&mut self) {}
}

impl DeterministicCtxView<'_> {
    /// A pollable that is ready at `deadline`.
    pub(crate) fn subscribe(&mut self, deadline: Instant) -> Result<Resource<DynPollable>> {
        self.ctx.held.account().room(HANDLE)?;
        let timers = &mut self.ctx.timers;
        let parent = match timers.parent {
            Some(parent) => parent,
            None => *timers.parent.insert(self.table.push(Timer)?.rep()),
        };
        let pollable = subscribe(self.table, Resource::<Timer>::new_borrow(parent))?;
        timers.deadlines.insert(pollable.rep(), deadline);
        self.held(pollable)
    }

    /// Whether a pollable that is no timer is ready now.
    fn other_is_ready(&mut self, pollable: &Resource<DynPollable>) -> Result<bool> {
        let ready = asynchronous::HostPollable::ready(self.table, Resource::new_borrow(pollable.rep()));
        let mut ready = std::pin::pin!(ready);
        // Asking never waits.
        with_ambient_tokio_runtime(|| poll_noop(ready.as_mut())).unwrap_or(Ok(false))
    }

    /// How many of the pollables in `list` the guest is told of, after time has passed as it must. They are the first of
    /// the scheduler's `ready`, chosen and ordered by it.
    fn wait(&mut self, list: &[Resource<DynPollable>]) -> Result<usize> {
        let mut ready = std::mem::take(&mut self.ctx.scheduling.ready);
        ready.clear();
        if list.len() > ready.capacity() {
            ready.try_reserve_exact(list.len()).map_err(memory::exhausted)?;
        }
        // Asking moves neither the timeline nor the scheduler.
        let mut now = self.ctx.now();
        let all_due = self.ctx.scheduling.scheduler.timers_are_due();
        let mut earliest: Option<Instant> = None;
        for (position, pollable) in (0..).zip(list) {
            let number = pollable.rep();
            match self.ctx.timers.deadlines.get(number) {
                Some(deadline) if deadline <= now || all_due => {
                    ready.push(Event::new(position, number.into(), EventKind::Timer { deadline }));
                }
                Some(deadline) => earliest = Some(earliest.map_or(deadline, |earliest| earliest.min(deadline))),
                None if self.other_is_ready(pollable)? => {
                    ready.push(Event::new(position, number.into(), EventKind::Readable));
                }
                None => {}
            }
        }
        if ready.is_empty() {
            let Some(earliest) = earliest else {
                let waiting_for = format!("{} pollable(s), none of them ready", list.len());
                return Err(Error::Deadlock { waiting_for, at: now }.into());
            };
            self.ctx.time.clock.advance_to(earliest)?;
            now = self.ctx.now();
            #[cfg(feature = "http")]
            if now < earliest {
                self.ctx.timers.reached = self.ctx.timers.reached.max(earliest);
            }
            // A frozen clock does not move, and the wait is over nevertheless.
            let over = now.max(earliest);
            for (position, pollable) in (0..).zip(list) {
                if let Some(deadline) = self.ctx.timers.deadlines.get(pollable.rep())
                    && deadline <= over
                {
                    ready.push(Event::new(position, pollable.rep().into(), EventKind::Timer { deadline }));
                }
            }
        }
        let selection = self.ctx.scheduling.scheduler.select(now, &mut ready)?;
        if selection.delay > 0 {
            self.ctx.time.clock.advance_to(now.saturating_add(selection.delay))?;
        }
        let deliver = selection.deliver.clamp(1, ready.len());
        self.ctx.scheduling.ready = ready;
        Ok(deliver)
    }

    fn poll(&mut self, list: &[Resource<DynPollable>]) -> Result<Vec<u32>> {
        self.ctx.calls.count(HostCall::poll);
        if list.is_empty() {
            return Err(Error::EmptyPollList.into());
        }
        let deliver = self.wait(list)?;
        memory::probe(deliver.saturating_mul(size_of::<u32>()))?;
        Ok(self.ctx.scheduling.ready[..deliver].iter().map(Event::subscription).collect())
    }

    fn block(&mut self, pollable: &Resource<DynPollable>) -> Result<()> {
        self.ctx.calls.count(HostCall::pollable_block);
        self.wait(std::slice::from_ref(pollable)).map(drop)
    }

    fn ready(&mut self, pollable: &Resource<DynPollable>) -> Result<bool> {
        self.ctx.calls.count(HostCall::pollable_ready);
        match self.ctx.timers.deadlines.get(pollable.rep()) {
            Some(deadline) => Ok(deadline <= self.ctx.now() || self.ctx.scheduling.scheduler.timers_are_due()),
            None => self.other_is_ready(pollable),
        }
    }

    fn drop_pollable(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        self.ctx.timers.deadlines.remove(pollable.rep());
        self.ctx.timers.open.remove(&pollable.rep());
        let number = pollable.rep();
        asynchronous::HostPollable::drop(self.table, pollable)?;
        self.ctx.held.release(number);
        Ok(())
    }
}

impl sync::io::poll::Host for DeterministicCtxView<'_> {
    fn poll(&mut self, list: Vec<Resource<DynPollable>>) -> Result<Vec<u32>> {
        DeterministicCtxView::poll(self, &list)
    }
}

impl sync::io::poll::HostPollable for DeterministicCtxView<'_> {
    fn ready(&mut self, pollable: Resource<DynPollable>) -> Result<bool> {
        DeterministicCtxView::ready(self, &pollable)
    }

    fn block(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        DeterministicCtxView::block(self, &pollable)
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        self.drop_pollable(pollable)
    }
}

impl asynchronous::Host for DeterministicCtxView<'_> {
    async fn poll(&mut self, list: Vec<Resource<DynPollable>>) -> Result<Vec<u32>> {
        DeterministicCtxView::poll(self, &list)
    }
}

impl asynchronous::HostPollable for DeterministicCtxView<'_> {
    async fn ready(&mut self, pollable: Resource<DynPollable>) -> Result<bool> {
        DeterministicCtxView::ready(self, &pollable)
    }

    async fn block(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        DeterministicCtxView::block(self, &pollable)
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        self.drop_pollable(pollable)
    }
}
