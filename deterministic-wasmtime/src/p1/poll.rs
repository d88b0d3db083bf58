//! `poll_oneoff`: waiting without a host thread that waits.
//!
//! One pass over the subscriptions finds what is ready now. If nothing is, the timeline moves to the earliest deadline and
//! a second pass collects the timers that are then due. The scheduler orders and cuts, and the events are written.
//! Subscriptions are read from the guest's memory each time rather than copied, so that their number allocates nothing
//! but the list of ready events.

use deterministic_core::{Clock, Event, EventKind, Instant, Scheduler, WallTime};
use wasmtime::Result;
use wasmtime_wasi::p1::types;
use wiggle::GuestMemory;

use super::memory::{errno, errno_or_trap};
use super::readiness::{Descriptors, Readiness};
use super::records::{Layout, Subscription, Subscriptions, Wants, write_events};
use crate::calls::HostCall;
use crate::files::Files;
use crate::held::Held;
use crate::memory::exhausted;
use crate::standstill::{self, Witness};
use crate::{DeterministicCtx, Error};

/// For how many events there is room from call to call.
const KEPT: usize = 1 << 14;

/// What the guest passed.
pub(crate) struct Call {
    pub(super) subscriptions: u32,
    pub(super) events: u32,
    pub(super) count: u32,
    pub(super) count_out: u32,
}

impl Call {
    /// WebAssembly's integers have no sign; pointers above 2 GiB arrive as negative numbers.
    pub(crate) fn new(subscriptions: i32, events: i32, count: i32, count_out: i32) -> Self {
        let [subscriptions, events, count, count_out] = [subscriptions, events, count, count_out].map(|arg| arg as u32);
        Call { subscriptions, events, count, count_out }
    }
}

/// Who answers.
pub(crate) struct Policy<'a> {
    pub(crate) epoch: WallTime,
    pub(crate) clock: &'a mut dyn Clock,
    pub(crate) scheduler: &'a mut dyn Scheduler,
    pub(crate) timers_are_due: bool,
    pub(crate) ready: &'a mut Vec<Event>,
    /// Who remembers sleeps that moved nothing; where nobody does, none is an error.
    pub(crate) witness: Option<Witness<'a>>,
}

impl DeterministicCtx {
    /// Who answers, and the files that a descriptor may be of.
    pub(crate) fn poll_policy(&mut self) -> (Policy<'_>, &mut Files, &Held) {
        let policy = Policy {
            epoch: self.time.epoch,
            clock: &mut *self.time.clock,
            scheduler: &mut *self.scheduling.scheduler,
            timers_are_due: self.scheduling.timers_are_due,
            ready: &mut self.scheduling.ready,
            witness: Some(Witness { vain: &mut self.time.vain, calls: &self.calls }),
        };
        (policy, &mut self.files, &self.held)
    }
}

/// Answers one call. `copy_limit` is how many bytes one call may make the host copy, as stock counts them.
pub(crate) fn poll_oneoff(
    layout: &Layout,
    policy: Policy<'_>,
    descriptors: &mut impl Descriptors,
    memory: &mut GuestMemory<'_>,
    call: &Call,
    copy_limit: usize,
) -> Result<i32> {
    if call.count == 0 {
        return Ok(errno::INVAL);
    }
    let copied = size_of::<types::Subscription>() + size_of::<types::Event>();
    if (call.count as usize).checked_mul(copied).is_none_or(|bytes| bytes > copy_limit) {
        return Ok(errno::NOMEM);
    }
    let Policy { epoch, clock, scheduler, timers_are_due: at_once, ready, witness } = policy;
    let start = clock.now();
    let subscriptions = Subscriptions { layout, call, epoch, now: start };
    ready.clear();
    if call.count as usize > KEPT {
        ready.try_reserve_exact(call.count as usize).map_err(exhausted)?;
    }

    let mut once = AskedOnce(None);
    let mut earliest: Option<Instant> = None;
    let records = subscriptions.records(memory);
    for index in 0..call.count {
        let Subscription { userdata, wants } = match subscriptions.read(&records, index) {
            Ok(Some(subscription)) => subscription,
            Ok(None) => return Ok(errno::INVAL),
            Err(error) => return errno_or_trap(error),
        };
        match wants {
            Wants::Timer { deadline } if at_once || deadline <= start => {
                ready.push(Event::new(index, userdata, EventKind::Timer { deadline }));
            }
            Wants::Timer { deadline } => {
                earliest = Some(earliest.map_or(deadline, |earliest| earliest.min(deadline)));
            }
            Wants::Descriptor { fd, kind } => match once.readiness(descriptors, fd, kind)? {
                Ok(Readiness::Waiting) => {}
                Ok(Readiness::Ready) => ready.push(Event::new(index, userdata, kind)),
                Err(errno) => return Ok(errno),
            },
        }
    }

    if ready.is_empty() {
        let Some(earliest) = earliest else {
            let waiting_for = format!("{} file descriptor(s), none of them ready", call.count);
            return Err(Error::Deadlock { waiting_for, at: start }.into());
        };
        // A frozen clock does not move, and the sleep is over nevertheless.
        let now = standstill::sleep(clock, earliest, witness, HostCall::poll_oneoff.name())?.max(earliest);
        let records = subscriptions.records(memory);
        for index in 0..call.count {
            if let Ok(Some(Subscription { userdata, wants: Wants::Timer { deadline } })) =
                subscriptions.read(&records, index)
                && deadline <= now
            {
                ready.push(Event::new(index, userdata, EventKind::Timer { deadline }));
            }
        }
    } else if at_once || start == Instant::MAX {
        may_be_in_vain(&subscriptions, clock, ready, memory, witness)?;
    }

    let selection = scheduler.select(clock.now(), ready)?;
    if selection.delay > 0 {
        clock.advance_to(clock.now().saturating_add(selection.delay))?;
    }
    let deliver = selection.deliver.clamp(1, ready.len());
    let answer = write_events(memory, call, &ready[..deliver]).or_else(errno_or_trap);
    // One long list is no reason to keep its room for ever.
    ready.clear();
    ready.shrink_to(KEPT);
    answer
}

/// What is ready where every timer is due, or time is at its end, may be a sleep that moves nothing.
#[cold]
fn may_be_in_vain(
    subscriptions: &Subscriptions<'_>,
    clock: &dyn Clock,
    ready: &[Event],
    memory: &GuestMemory<'_>,
    witness: Option<Witness<'_>>,
) -> Result<()> {
    // At the end of time a timeout of nothing has the same deadline as any other, unless it is counted from a little before.
    let subscriptions = Subscriptions { now: subscriptions.now.min(standstill::LAST_DUE), ..*subscriptions };
    let records = subscriptions.records(memory);
    let events = ready.iter().map(|event| match subscriptions.read(&records, event.subscription()) {
        Ok(Some(Subscription { wants: Wants::Timer { deadline }, .. })) => EventKind::Timer { deadline },
        _ => event.kind(),
    });
    standstill::ready_at_once(clock, events, witness, HostCall::poll_oneoff.name())
}

/// The last answer, for lists that name one descriptor again and again: nothing in a call can change it.
struct AskedOnce(Option<(u32, EventKind, Result<Readiness, i32>)>);

impl AskedOnce {
    fn readiness(
        &mut self,
        descriptors: &mut impl Descriptors,
        fd: u32,
        kind: EventKind,
    ) -> wasmtime::Result<Result<Readiness, i32>> {
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
