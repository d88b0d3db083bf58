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

use crate::calls::HostCall;
use crate::{DeterministicCtxView, Error};

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
        super::sync::io::poll::add_to_linker::<T, Deterministic>(linker, T::deterministic)
    }

    /// Defines this interface in `linker`, for asynchronous calls.
    ///
    /// # Errors
    ///
    /// If the linker has it already and does not allow shadowing.
    pub fn add_to_linker_async<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
        super::asynchronous::add_to_linker::<T, Deterministic>(linker, T::deterministic)
    }
}

/// The timers that are alive.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    /// The entry whose children all timers are.
    parent: Option<u32>,
    /// Deadlines by the pollable's number.
    pub(crate) deadlines: BTreeMap<u32, Instant>,
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
        let timers = &mut self.ctx.timers;
        let parent = match timers.parent {
            Some(parent) => parent,
            None => *timers.parent.insert(self.table.push(Timer)?.rep()),
        };
        let pollable = subscribe(self.table, Resource::<Timer>::new_borrow(parent))?;
        timers.deadlines.insert(pollable.rep(), deadline);
        Ok(pollable)
    }

    /// Whether a pollable is ready now; `Err` is the deadline of a timer that is not due.
    fn is_ready(&mut self, pollable: &Resource<DynPollable>) -> Result<Result<bool, Instant>> {
        if let Some(&deadline) = self.ctx.timers.deadlines.get(&pollable.rep()) {
            let due = deadline <= self.ctx.now() || self.ctx.scheduling.scheduler.timers_are_due();
            return Ok(if due { Ok(true) } else { Err(deadline) });
        }
        let ready = asynchronous::HostPollable::ready(self.table, Resource::new_borrow(pollable.rep()));
        let mut ready = std::pin::pin!(ready);
        // Asking never waits.
        Ok(Ok(with_ambient_tokio_runtime(|| poll_noop(ready.as_mut())).unwrap_or(Ok(false))?))
    }

    fn kind(&self, pollable: &Resource<DynPollable>) -> EventKind {
        match self.ctx.timers.deadlines.get(&pollable.rep()) {
            Some(&deadline) => EventKind::Timer { deadline },
            None => EventKind::Readable,
        }
    }

    /// The positions in `list` of the pollables that are ready, chosen and ordered by the scheduler, after time has passed
    /// as it must.
    fn wait(&mut self, list: &[Resource<DynPollable>]) -> Result<Vec<u32>> {
        let mut ready = std::mem::take(&mut self.ctx.scheduling.ready);
        ready.clear();
        let mut earliest: Option<Instant> = None;
        for (position, pollable) in (0..).zip(list) {
            match self.is_ready(pollable)? {
                Ok(true) => ready.push(Event::new(position, pollable.rep().into(), self.kind(pollable))),
                Ok(false) => {}
                Err(deadline) => earliest = Some(earliest.map_or(deadline, |earliest| earliest.min(deadline))),
            }
        }
        if ready.is_empty() {
            let now = self.ctx.now();
            let Some(earliest) = earliest else {
                let waiting_for = format!("{} pollable(s), none of them ready", list.len());
                return Err(Error::Deadlock { waiting_for, at: now }.into());
            };
            self.ctx.time.clock.advance_to(earliest)?;
            // A frozen clock does not move, and the wait is over nevertheless.
            let now = self.ctx.now().max(earliest);
            #[cfg(feature = "http")]
            if self.ctx.now() < earliest {
                self.ctx.timers.reached = self.ctx.timers.reached.max(earliest);
            }
            for (position, pollable) in (0..).zip(list) {
                if let Some(&deadline) = self.ctx.timers.deadlines.get(&pollable.rep())
                    && deadline <= now
                {
                    ready.push(Event::new(position, pollable.rep().into(), EventKind::Timer { deadline }));
                }
            }
        }
        let now = self.ctx.now();
        let selection = self.ctx.scheduling.scheduler.select(now, &mut ready)?;
        if selection.delay > 0 {
            self.ctx.time.clock.advance_to(now.saturating_add(selection.delay))?;
        }
        let deliver = selection.deliver.clamp(1, ready.len());
        let positions = ready[..deliver].iter().map(Event::subscription).collect();
        self.ctx.scheduling.ready = ready;
        Ok(positions)
    }

    fn poll(&mut self, list: &[Resource<DynPollable>]) -> Result<Vec<u32>> {
        self.ctx.calls.count(HostCall::poll);
        if list.is_empty() {
            return Err(Error::EmptyPollList.into());
        }
        self.wait(list)
    }

    fn block(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        self.ctx.calls.count(HostCall::pollable_block);
        self.wait(&[pollable]).map(drop)
    }

    fn ready(&mut self, pollable: &Resource<DynPollable>) -> Result<bool> {
        self.ctx.calls.count(HostCall::pollable_ready);
        Ok(self.is_ready(pollable)?.unwrap_or(false))
    }

    fn drop_pollable(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        self.ctx.timers.deadlines.remove(&pollable.rep());
        self.ctx.timers.open.remove(&pollable.rep());
        asynchronous::HostPollable::drop(self.table, pollable)
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
        DeterministicCtxView::block(self, pollable)
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
        DeterministicCtxView::block(self, pollable)
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> Result<()> {
        self.drop_pollable(pollable)
    }
}
