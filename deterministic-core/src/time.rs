//! Points in time, in integer nanoseconds.

use core::fmt;

/// A point on a run's timeline: nanoseconds since the run began, `0 ..= 2^64-1` (584 years).
///
/// Arithmetic saturates: a deadline beyond the end of the timeline is the end of the timeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The beginning of the run.
    pub const ZERO: Instant = Instant(0);
    /// The end of the timeline, at which saturated deadlines lie.
    pub const MAX: Instant = Instant(u64::MAX);

    /// The instant `nanos` nanoseconds after the run began.
    pub const fn from_nanos(nanos: u64) -> Self {
        Instant(nanos)
    }

    /// Nanoseconds since the run began.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// This instant and `nanos` nanoseconds more, or [`Instant::MAX`].
    #[must_use]
    pub const fn saturating_add(self, nanos: u64) -> Self {
        Instant(self.0.saturating_add(nanos))
    }

    /// Nanoseconds from `earlier` to this instant, or 0 if `earlier` is later.
    pub const fn saturating_since(self, earlier: Instant) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Instant {
    /// Seconds with nine decimals: `3600.000000001 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09} s", self.0 / 1_000_000_000, self.0 % 1_000_000_000)
    }
}

/// A point in civil time: nanoseconds since 1970-01-01T00:00:00Z without leap seconds, `0 ..= 2^64-1` (until the year
/// 2554), which is the range of WASI 0.1's `timestamp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(u64);

impl WallTime {
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: WallTime = WallTime(0);
    /// 2025-01-01T00:00:00Z, at which runs begin unless told otherwise.
    pub const DEFAULT_EPOCH: WallTime = WallTime(1_735_689_600_000_000_000);

    /// The time `nanos` nanoseconds after 1970-01-01T00:00:00Z.
    pub const fn from_unix_nanos(nanos: u64) -> Self {
        WallTime(nanos)
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    pub const fn as_unix_nanos(self) -> u64 {
        self.0
    }

    /// What the wall clock shows at `instant` of a run that began at this time; saturates in the year 2554.
    #[must_use]
    pub const fn at(self, instant: Instant) -> WallTime {
        WallTime(self.0.saturating_add(instant.0))
    }

    /// The instant at which a run that began at this time shows `wall`: [`Instant::ZERO`] if that was before the run.
    pub const fn instant_of(self, wall: WallTime) -> Instant {
        Instant(wall.0.saturating_sub(self.0))
    }
}

impl Default for WallTime {
    fn default() -> Self {
        WallTime::DEFAULT_EPOCH
    }
}

/// The clock a guest reads. All four read one timeline; a policy may tell them apart, the shipped ones do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClockId {
    /// Civil time: the policy's epoch plus the timeline.
    Realtime,
    /// The timeline itself.
    Monotonic,
    /// Processor time of the whole guest.
    ProcessCpuTime,
    /// Processor time of the guest's thread.
    ThreadCpuTime,
}

impl ClockId {
    /// All four, in the order of their numbers in WASI 0.1.
    pub const ALL: [ClockId; 4] =
        [ClockId::Realtime, ClockId::Monotonic, ClockId::ProcessCpuTime, ClockId::ThreadCpuTime];
}

/// Its name in messages.
impl fmt::Display for ClockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ClockId::Realtime => "realtime",
            ClockId::Monotonic => "monotonic",
            ClockId::ProcessCpuTime => "process CPU",
            ClockId::ThreadCpuTime => "thread CPU",
        })
    }
}
