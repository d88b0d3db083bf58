//! `poll_oneoff`: what a list of subscriptions waits for.
//!
//! Subscriptions are read from the guest's memory each time rather than copied, so that their number allocates nothing
//! but the list of ready events.

#![allow(missing_docs, reason = "the functions are WASI's, and its specification documents them")]

use deterministic_core::{Event, EventKind, Instant, WallTime};

use super::abi::Version;
use super::guest::GuestMemory;
use super::readiness::{Descriptors, EveryDescriptor, Open, Readiness};
use super::records::{Layout, Subscription, Subscriptions, Wants, write_events};
use super::types::Errno;
use super::{P1, State};
use crate::fault::{Answer, Fault};
use crate::{HostCall, HostCalls, Timeline, Waiting, Wasi};

/// What the sizes of a subscription and of an event are to stock, which counts what it would copy.
const COPIED: usize = 48 + 32;

/// What the guest passed.
pub(super) struct Call {
    pub(super) subscriptions: u32,
    pub(super) events: u32,
    pub(super) count: u32,
    pub(super) count_out: u32,
}

type Arguments = (i32, i32, i32, i32);

impl From<Arguments> for Call {
    /// WebAssembly's integers have no sign; pointers above 2 GiB arrive as negative numbers.
    fn from((subscriptions, events, count, count_out): Arguments) -> Self {
        let [subscriptions, events, count, count_out] = [subscriptions, events, count, count_out].map(|arg| arg as u32);
        Call { subscriptions, events, count, count_out }
    }
}

pub fn poll_oneoff(ctx: &mut P1<'_>, memory: &mut GuestMemory<'_>, version: Version, arguments: Arguments) -> Answer {
    let State { started, allowance, .. } = &mut *ctx.state;
    let Wasi { time, files, calls, .. } = &mut *ctx.wasi;
    let mut open = Open { started, files };
    poll(version.layout(), (time, calls), &mut open, memory, arguments.into(), allowance.0)
}

/// `poll_oneoff` for those who know no descriptors: each is ready. `copy_limit` is how many bytes one call may make the host copy,
/// as stock counts them.
pub fn poll_without_descriptors(
    (time, calls): (&mut Timeline, &HostCalls),
    memory: &mut GuestMemory<'_>,
    version: Version,
    arguments: Arguments,
    copy_limit: usize,
) -> Answer {
    poll(version.layout(), (time, calls), &mut EveryDescriptor, memory, arguments.into(), copy_limit)
}

fn poll(
    layout: &'static Layout,
    (time, calls): (&mut Timeline, &HostCalls),
    descriptors: &mut impl Descriptors,
    memory: &mut GuestMemory<'_>,
    call: Call,
    copy_limit: usize,
) -> Answer {
    if call.count == 0 {
        return Err(Errno::Inval.into());
    }
    if (call.count as usize).checked_mul(COPIED).is_none_or(|bytes| bytes > copy_limit) {
        return Err(Errno::Nomem.into());
    }
    let epoch = time.epoch;
    let mut list = List { layout, call: &call, epoch, start: Instant::ZERO, memory, descriptors };
    let waited = time.wait(&mut list, HostCall::poll_oneoff, calls);
    let answer = waited.and_then(|deliver| Ok(write_events(memory, &call, &time.ready()[..deliver])?));
    time.forget_ready();
    answer
}

/// The subscriptions of a call.
struct List<'a, 'm, D> {
    layout: &'a Layout,
    call: &'a Call,
    epoch: WallTime,
    /// What a timeout counts from.
    start: Instant,
    memory: &'a GuestMemory<'m>,
    descriptors: &'a mut D,
}

impl<D> List<'_, '_, D> {
    #[inline]
    fn subscriptions(&self, now: Instant) -> Subscriptions<'_> {
        Subscriptions { layout: self.layout, call: self.call, epoch: self.epoch, now }
    }
}

impl<D: Descriptors> Waiting for List<'_, '_, D> {
    type Error = Fault;

    #[inline]
    fn count(&self) -> usize {
        self.call.count as usize
    }

    #[inline]
    fn look(&mut self, now: Instant, all_due: bool, ready: &mut Vec<Event>) -> Answer<Option<Instant>> {
        self.start = now;
        let subscriptions = Subscriptions { layout: self.layout, call: self.call, epoch: self.epoch, now };
        let records = subscriptions.records(self.memory);
        let mut once = AskedOnce(None);
        let mut earliest: Option<Instant> = None;
        for index in 0..self.call.count {
            let Some(Subscription { userdata, wants }) = subscriptions.read(&records, index)? else {
                return Err(Errno::Inval.into());
            };
            match wants {
                Wants::Timer { deadline } if all_due || deadline <= now => {
                    ready.push(Event::new(index, userdata, EventKind::Timer { deadline }));
                }
                Wants::Timer { deadline } => {
                    earliest = Some(earliest.map_or(deadline, |earliest| earliest.min(deadline)));
                }
                Wants::Descriptor { fd, kind } => match once.readiness(self.descriptors, fd, kind)? {
                    Readiness::Waiting => {}
                    Readiness::Ready => ready.push(Event::new(index, userdata, kind)),
                },
            }
        }
        Ok(earliest)
    }

    #[inline]
    fn look_again(&mut self, over: Instant, ready: &mut Vec<Event>) {
        let subscriptions = self.subscriptions(self.start);
        let records = subscriptions.records(self.memory);
        for index in 0..self.call.count {
            if let Ok(Some(Subscription { userdata, wants: Wants::Timer { deadline } })) =
                subscriptions.read(&records, index)
                && deadline <= over
            {
                ready.push(Event::new(index, userdata, EventKind::Timer { deadline }));
            }
        }
    }

    fn describe(&self) -> String {
        format!("{} file descriptor(s), none of them ready", self.call.count)
    }

    /// At the end of time a timeout of nothing has the same deadline as any other, unless it is counted from a little before.
    fn kind_before(&self, event: &Event, before: Instant) -> EventKind {
        let subscriptions = self.subscriptions(self.start.min(before));
        match subscriptions.read(&subscriptions.records(self.memory), event.subscription()) {
            Ok(Some(Subscription { wants: Wants::Timer { deadline }, .. })) => EventKind::Timer { deadline },
            _ => event.kind(),
        }
    }
}

/// The last answer, for lists that name one descriptor again and again: nothing in a call can change it.
struct AskedOnce(Option<(u32, EventKind, Readiness)>);

impl AskedOnce {
    fn readiness(&mut self, descriptors: &mut impl Descriptors, fd: u32, kind: EventKind) -> Answer<Readiness> {
        if let Some((last_fd, last_kind, answer)) = self.0
            && (last_fd, last_kind) == (fd, kind)
        {
            return Ok(answer);
        }
        let answer = descriptors.readiness(fd, kind)?;
        self.0 = Some((fd, kind, answer));
        Ok(answer)
    }
}
