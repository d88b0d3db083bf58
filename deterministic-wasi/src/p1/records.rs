//! The records of `poll_oneoff` in the guest's memory.
//!
//! A list that lies in the memory as a whole, aligned, is read and written in place. Any other is gone through field by field
//! in the order of stock, so that of two faults the same one is reported.

use deterministic_core::{Event, EventKind, Instant, WallTime};

use super::abi::Version;
use super::guest::{Bytes, GuestError, GuestMemory, GuestPtr};
use super::poll::Call;
use super::types::Errno;

/// Where the fields of a subscription lie. The event record is the same in both versions.
pub(super) struct Layout {
    size: u32,
    /// What a timer is to be: the clock's number, and behind it these.
    clock: u32,
}

impl Version {
    pub(super) fn layout(self) -> &'static Layout {
        match self {
            Version::wasi_snapshot_preview1 => &P1,
            Version::wasi_unstable => &P0,
        }
    }
}

/// `wasi_snapshot_preview1`.
const P1: Layout = Layout { size: 48, clock: 16 };
/// `wasi_unstable`, whose clock subscription begins with an identifier of its own.
const P0: Layout = Layout { size: 56, clock: 24 };

/// From the clock's number on.
const TIMEOUT: u32 = 8;
const PRECISION: u32 = 16;
const FLAGS: u32 = 24;

const TAG: u32 = 8;
const FD: u32 = 16;
const EVENT_SIZE: u32 = 32;
/// The largest alignment of a field, in both records.
const ALIGNMENT: u32 = 8;
const ABSTIME: u16 = 1;
/// Of an event. The only flag there is says that the other end hung up, which neither a file nor a stream has.
const NO_FLAGS: u16 = 0;

/// A subscription as the guest wrote it.
pub(super) struct Subscription {
    pub(super) userdata: u64,
    pub(super) wants: Wants,
}

pub(super) enum Wants {
    Timer { deadline: Instant },
    Descriptor { fd: u32, kind: EventKind },
}

/// The list of a call, and what makes a timeout a deadline.
pub(super) struct Subscriptions<'a> {
    pub(super) layout: &'a Layout,
    pub(super) call: &'a Call,
    pub(super) epoch: WallTime,
    pub(super) now: Instant,
}

/// Where the list is read from.
pub(super) enum Records<'a, 'm> {
    InPlace(&'a [u8]),
    ByField(&'a GuestMemory<'m>),
}

impl Subscriptions<'_> {
    #[inline]
    pub(super) fn records<'a, 'm>(&self, memory: &'a GuestMemory<'m>) -> Records<'a, 'm> {
        let at = self.call.subscriptions;
        let len = u64::from(self.call.count) * u64::from(self.layout.size);
        let list = || memory.0.get(at as usize..)?.get(..usize::try_from(len).ok()?);
        match list() {
            Some(list) if in_place(at, len) => Records::InPlace(list),
            _ => Records::ByField(memory),
        }
    }

    /// `None` is a clock that cannot be waited for, which is `EINVAL`, as an unknown tag, clock or flag is.
    #[inline]
    pub(super) fn read(&self, records: &Records<'_, '_>, index: u32) -> Result<Option<Subscription>, GuestError> {
        match records {
            Records::InPlace(list) => {
                let size = self.layout.size as usize;
                Ok(self.read_in_place(&list[index as usize * size..][..size]))
            }
            Records::ByField(memory) => self.read_by_field(memory, index),
        }
    }

    #[inline]
    fn read_in_place(&self, record: &[u8]) -> Option<Subscription> {
        let head: &[u8; 20] = record.first_chunk()?;
        let wants = match head[TAG as usize] {
            0 => {
                let timer: &[u8; 26] = record[self.layout.clock as usize..].first_chunk()?;
                let clock = u32::from_le_bytes(field(timer, 0));
                let timeout = u64::from_le_bytes(field(timer, TIMEOUT));
                let flags = u16::from_le_bytes(field(timer, FLAGS));
                Wants::Timer { deadline: self.deadline(clock, timeout, flags)? }
            }
            tag => Wants::Descriptor { fd: u32::from_le_bytes(field(head, FD)), kind: kind(tag)? },
        };
        Some(Subscription { userdata: u64::from_le_bytes(field(head, 0)), wants })
    }

    #[cold]
    fn read_by_field(&self, memory: &GuestMemory<'_>, index: u32) -> Result<Option<Subscription>, GuestError> {
        let layout = self.layout;
        let offset = index.checked_mul(layout.size).ok_or(GuestError::PtrOverflow)?;
        let at = GuestPtr::<u8>::new(self.call.subscriptions).add(offset)?;
        let userdata = memory.read(at.cast::<u64>())?;
        let wants = match memory.read(at.add(TAG)?)? {
            0 => {
                let timer = at.add(layout.clock)?;
                let clock = memory.read(timer.cast::<u32>())?;
                if clock > 3 {
                    return Ok(None);
                }
                let timeout = memory.read(timer.add(TIMEOUT)?.cast::<u64>())?;
                memory.read(timer.add(PRECISION)?.cast::<u64>())?; // the precision, which nothing here needs
                let flags = memory.read(timer.add(FLAGS)?.cast::<u16>())?;
                let Some(deadline) = self.deadline(clock, timeout, flags) else { return Ok(None) };
                Wants::Timer { deadline }
            }
            tag => {
                let Some(kind) = kind(tag) else { return Ok(None) };
                Wants::Descriptor { fd: memory.read(at.add(FD)?.cast::<u32>())?, kind }
            }
        };
        Ok(Some(Subscription { userdata, wants }))
    }

    #[inline]
    fn deadline(&self, clock: u32, timeout: u64, flags: u16) -> Option<Instant> {
        Some(match (clock, flags) {
            (0 | 1, 0) => self.now.saturating_add(timeout),
            (0, ABSTIME) => self.epoch.instant_of(WallTime::from_unix_nanos(timeout)),
            (1, ABSTIME) => Instant::from_nanos(timeout),
            _ => return None,
        })
    }
}

/// Whether a list may be gone through as one piece. One that crosses 4 GiB, which pointers do not, is not: a memory may be
/// larger.
#[inline]
fn in_place(at: u32, len: u64) -> bool {
    at.is_multiple_of(ALIGNMENT) && u64::from(at) + len < 1 << 32
}

/// The bytes of a field. Lengths and offsets are constants, so that nothing is left to check.
#[inline]
fn field<const N: usize, const M: usize>(record: &[u8; M], at: u32) -> [u8; N] {
    let at = at as usize;
    core::array::from_fn(|i| record[at + i])
}

/// A kind of descriptor event by WASI's number.
#[inline]
fn kind(tag: u8) -> Option<EventKind> {
    match tag {
        1 => Some(EventKind::Readable),
        2 => Some(EventKind::Writable),
        _ => None,
    }
}

/// WASI's number of a kind of event.
#[inline]
fn tag(kind: EventKind) -> u8 {
    match kind {
        EventKind::Readable => 1,
        EventKind::Writable => 2,
        _ => 0,
    }
}

/// Writes the fields and leaves the padding between them as the guest had it.
pub(super) fn write_events(memory: &mut GuestMemory<'_>, call: &Call, events: &[Event]) -> Result<(), GuestError> {
    // Stock says 1 byte of any descriptor, whatever there is.
    let available = |event: &Event| u64::from(!matches!(event.kind(), EventKind::Timer { .. }));

    let len = events.len() as u64 * u64::from(EVENT_SIZE);
    if in_place(call.events, len)
        && let Ok(list) = memory.slice_mut(Bytes { at: call.events, len: len as u32 })
    {
        let (list, _) = list.as_chunks_mut::<{ EVENT_SIZE as usize }>();
        for (record, event) in list.iter_mut().zip(events) {
            record[..8].copy_from_slice(&event.id().to_le_bytes());
            record[8..10].copy_from_slice(&(Errno::Success as u16).to_le_bytes());
            record[10] = tag(event.kind());
            record[16..24].copy_from_slice(&available(event).to_le_bytes());
            record[24..26].copy_from_slice(&NO_FLAGS.to_le_bytes());
        }
    } else {
        let mut at = GuestPtr::<u8>::new(call.events);
        for (position, event) in events.iter().enumerate() {
            if position > 0 {
                at = at.add(EVENT_SIZE)?;
            }
            memory.write(at.cast::<u64>(), event.id())?;
            memory.write(at.add(8)?.cast::<u16>(), Errno::Success as u16)?;
            memory.write(at.add(10)?, tag(event.kind()))?;
            memory.write(at.add(16)?.cast::<u64>(), available(event))?;
            memory.write(at.add(24)?.cast::<u16>(), NO_FLAGS)?;
        }
    }
    memory.write(GuestPtr::<u32>::new(call.count_out), events.len() as u32)
}
