//! `poll_oneoff`: waiting without a host thread that waits.
//!
//! One pass over the subscriptions finds what is ready now. If nothing is, the timeline moves to the earliest deadline and
//! a second pass collects the timers that are then due. The scheduler orders and cuts, and the events are written.
//! Subscriptions are read from the guest's memory each time rather than copied, so that their number allocates nothing
//! but the list of ready events.

use deterministic_core::{Clock, Event, EventKind, Instant, Scheduler, WallTime};
use wasmtime::Result;
use wasmtime_wasi::p1::types;
use wiggle::{GuestError, GuestMemory, GuestPtr};

use super::memory::{errno, errno_or_trap};
use super::readiness::{Descriptors, Readiness};
use crate::files::Files;
use crate::{DeterministicCtx, Error};

/// Where the fields of a subscription lie. The event record is the same in both versions.
pub(crate) struct Layout {
    size: u32,
    clock_id: u32,
    timeout: u32,
    flags: u32,
}

/// `wasi_snapshot_preview1`.
pub(crate) const P1: Layout = Layout { size: 48, clock_id: 16, timeout: 24, flags: 40 };
/// `wasi_unstable`, whose clock subscription begins with an identifier of its own.
pub(crate) const P0: Layout = Layout { size: 56, clock_id: 24, timeout: 32, flags: 48 };

const TAG: u32 = 8;
const FD: u32 = 16;
const EVENT_SIZE: u32 = 32;
/// For how many events there is room from call to call.
const KEPT: usize = 1024;
const ABSTIME: u16 = 1;
const HANGUP: u16 = 1;

/// A kind of event by WASI's number.
pub(super) fn tag(kind: EventKind) -> u8 {
    match kind {
        EventKind::Readable => 1,
        EventKind::Writable => 2,
        _ => 0,
    }
}

/// What the guest passed.
pub(crate) struct Call {
    subscriptions: u32,
    events: u32,
    count: u32,
    count_out: u32,
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
    pub(crate) ready: &'a mut Vec<Event>,
    pub(crate) hangups: &'a mut Vec<u32>,
}

impl DeterministicCtx {
    /// Who answers, and the files that a descriptor may be of.
    pub(crate) fn poll_policy(&mut self) -> (Policy<'_>, &mut Files) {
        let policy = Policy {
            epoch: self.time.epoch,
            clock: &mut *self.time.clock,
            scheduler: &mut *self.scheduling.scheduler,
            ready: &mut self.scheduling.ready,
            hangups: &mut self.scheduling.hangups,
        };
        (policy, &mut self.files)
    }
}

/// A subscription as the guest wrote it.
struct Subscription {
    userdata: u64,
    wants: Wants,
}

enum Wants {
    Timer { deadline: Instant },
    Descriptor { fd: u32, kind: EventKind },
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
    let Policy { epoch, clock, scheduler, ready, hangups } = policy;
    let start = clock.now();
    let read =
        |memory: &GuestMemory<'_>, index| read_subscription(layout, memory, call.subscriptions, index, epoch, start);
    ready.clear();
    hangups.clear();

    let mut once = AskedOnce(None);
    let at_once = scheduler.timers_are_due();
    let mut earliest: Option<Instant> = None;
    for index in 0..call.count {
        let Subscription { userdata, wants } = match read(memory, index) {
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
                Ok(readiness) => {
                    ready.push(Event::new(index, userdata, kind));
                    if readiness == Readiness::HungUp {
                        hangups.push(index);
                    }
                }
                Err(errno) => return Ok(errno),
            },
        }
    }

    if ready.is_empty() {
        let Some(earliest) = earliest else {
            let waiting_for = format!("{} file descriptor(s), none of them ready", call.count);
            return Err(Error::Deadlock { waiting_for, at: start }.into());
        };
        clock.advance_to(earliest)?;
        // A frozen clock does not move, and the sleep is over nevertheless.
        let now = clock.now().max(earliest);
        for index in 0..call.count {
            if let Ok(Some(Subscription { userdata, wants: Wants::Timer { deadline } })) = read(memory, index)
                && deadline <= now
            {
                ready.push(Event::new(index, userdata, EventKind::Timer { deadline }));
            }
        }
    }

    let selection = scheduler.select(clock.now(), ready)?;
    if selection.delay > 0 {
        clock.advance_to(clock.now().saturating_add(selection.delay))?;
    }
    let deliver = selection.deliver.clamp(1, ready.len());
    let answer = write_events(memory, call, &ready[..deliver], hangups).or_else(errno_or_trap);
    // One long list is no reason to keep its room for ever.
    ready.clear();
    ready.shrink_to(KEPT);
    answer
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

/// Field by field in the order of stock, so that of two faults the same one is reported. `None` is a clock that cannot be
/// waited for, which is `EINVAL`, as an unknown tag, clock or flag is.
fn read_subscription(
    layout: &Layout,
    memory: &GuestMemory<'_>,
    base: u32,
    index: u32,
    epoch: WallTime,
    now: Instant,
) -> Result<Option<Subscription>, GuestError> {
    let at = GuestPtr::<u8>::new(base).add(index.checked_mul(layout.size).ok_or(GuestError::PtrOverflow)?)?;
    let userdata = memory.read(at.cast::<u64>())?;
    let wants = match memory.read(at.add(TAG)?)? {
        0 => {
            let clock = memory.read(at.add(layout.clock_id)?.cast::<u32>())?;
            if clock > 3 {
                return Ok(None);
            }
            let timeout = memory.read(at.add(layout.timeout)?.cast::<u64>())?;
            memory.read(at.add(layout.timeout + 8)?.cast::<u64>())?; // the precision, which nothing here needs
            let flags = memory.read(at.add(layout.flags)?.cast::<u16>())?;
            let deadline = match (clock, flags) {
                (0 | 1, 0) => now.saturating_add(timeout),
                (0, ABSTIME) => epoch.instant_of(WallTime::from_unix_nanos(timeout)),
                (1, ABSTIME) => Instant::from_nanos(timeout),
                _ => return Ok(None),
            };
            Wants::Timer { deadline }
        }
        tag @ (1 | 2) => {
            let kind = if tag == 1 { EventKind::Readable } else { EventKind::Writable };
            Wants::Descriptor { fd: memory.read(at.add(FD)?.cast::<u32>())?, kind }
        }
        _ => return Ok(None),
    };
    Ok(Some(Subscription { userdata, wants }))
}

/// Writes the fields and leaves the padding between them as the guest had it.
fn write_events(
    memory: &mut GuestMemory<'_>,
    call: &Call,
    events: &[Event],
    hangups: &[u32],
) -> Result<i32, GuestError> {
    let mut at = GuestPtr::<u8>::new(call.events);
    for (position, event) in events.iter().enumerate() {
        if position > 0 {
            at = at.add(EVENT_SIZE)?;
        }
        let is_timer = matches!(event.kind(), EventKind::Timer { .. });
        let hung_up = hangups.binary_search(&event.subscription()).is_ok();
        memory.write(at.cast::<u64>(), event.id())?;
        memory.write(at.add(8)?.cast::<u16>(), errno::SUCCESS as u16)?;
        memory.write(at.add(10)?, tag(event.kind()))?;
        // Stock says 1 byte of any descriptor, whatever there is.
        memory.write(at.add(16)?.cast::<u64>(), u64::from(!is_timer))?;
        memory.write(at.add(24)?.cast::<u16>(), if hung_up { HANGUP } else { 0 })?;
    }
    memory.write(GuestPtr::<u32>::new(call.count_out), events.len() as u32)?;
    Ok(errno::SUCCESS)
}
