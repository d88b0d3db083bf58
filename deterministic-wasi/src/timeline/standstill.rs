//! Sleeps that move nothing: found, and ended by a typed error instead of for ever. None of this is looked at where time moves or
//! something else is ready.

use deterministic_core::{Clock, EventKind, Instant, Undescribed};

use crate::Error;
use crate::calls::{HostCall, HostCalls};

/// How many times in a row a guest may sleep in vain: it is ended with [`Error::TimeStandsStill`] the next time.
///
/// On a clock that stands still a sleep is over at once, and a guest that sleeps until an instant looks, finds that it has not
/// come, and sleeps again. So a sleep is in vain if the clock stands where it stood. Such sleeps are in a row if nothing changed
/// between them:
///
/// - each is until the same instant;
/// - the clock shows the same each time;
/// - the guest called nothing else of WASI in between but what tells the time, yields, or waits. A byte read or written, a file
///   opened, a random number, a key set: each restarts the count. (Not what a task of WASI 0.3 writes into a stream that it
///   has already, nor what only looks at `wasi:keyvalue`, `wasi:config`, `wasi:http`, or the arguments.)
///
/// At the end of time every sleep is in vain, whatever stands in between, and no clock can go on: there the first is an error,
/// [`Error::EndOfTime`].
pub const MAX_SLEEPS_IN_VAIN: u32 = 100_000;

/// How often the guest slept in vain.
#[derive(Debug, Default)]
pub(super) struct Vain {
    last: Option<Sleep>,
    times: u32,
}

/// What is the same in two sleeps between which nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sleep {
    now: Instant,
    until: Instant,
    /// How many calls there were that change something.
    others: u64,
}

impl Sleep {
    #[cold]
    pub(super) fn new(now: Instant, until: Instant, calls: &HostCalls) -> Self {
        Sleep { now, until, others: calls.that_change() }
    }
}

/// `nanos` nanoseconds from `now`. At the end of time, none from now lies just before it: that is not a sleep, and due.
#[inline]
pub fn after(now: Instant, nanos: u64) -> Instant {
    now.min(LAST_DUE).saturating_add(nanos)
}

/// The latest deadline that is due at the end of time without being a sleep that can move nothing.
pub(super) const LAST_DUE: Instant = Instant::from_nanos(u64::MAX - 1);

/// Counts a sleep that moved nothing.
#[cold]
pub(super) fn in_vain(clock: &dyn Clock, sleep: Sleep, vain: &mut Vain, function: HostCall) -> Result<(), Error> {
    vain.times = if vain.last == Some(sleep) { vain.times + 1 } else { 1 };
    vain.last = Some(sleep);
    if vain.times <= MAX_SLEEPS_IN_VAIN {
        return Ok(());
    }
    let Sleep { now: at, until, .. } = sleep;
    Err(Error::TimeStandsStill { clock: name(clock), at, until, function: function.name(), times: vain.times })
}

/// What a wait is for which something is ready where every timer is due, or time is at its end: an error if it is a sleep that
/// moved nothing, once too often.
#[cold]
pub(super) fn ready_at_once(
    clock: &dyn Clock,
    ready: impl IntoIterator<Item = EventKind>,
    vain: &mut Vain,
    calls: &HostCalls,
    function: HostCall,
) -> Result<(), Error> {
    let now = clock.now();
    let mut until = Instant::MAX;
    for kind in ready {
        match kind {
            EventKind::Timer { deadline } => until = until.min(deadline),
            _ => return Ok(()),
        }
    }
    if now == Instant::MAX {
        return if until == now { Err(Error::EndOfTime { function: function.name() }) } else { Ok(()) };
    }
    if until > now { in_vain(clock, Sleep::new(now, until, calls), vain, function) } else { Ok(()) }
}

/// What the clock says it is, from the outermost to the innermost.
fn name(clock: &dyn Clock) -> String {
    let described = match clock.describe() {
        Ok(description) => description.to_string(),
        Err(Undescribed::TouchesHost { policy } | Undescribed::Unknown { policy } | Undescribed::Used { policy }) => {
            return policy.to_owned();
        }
        Err(_) => return "of no name".to_owned(),
    };
    // `Jitter v1 { …, inner: FrozenClock v1 { … } }`, without the parameters, which may be secret.
    let names = described.split("inner: ").filter_map(|policy| policy.split(' ').next());
    names.collect::<Vec<_>>().join(" over ")
}
