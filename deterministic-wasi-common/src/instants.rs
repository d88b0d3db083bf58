//! The timeline's instants as those of wasi-common, which are the host's.
//!
//! wasi-common shows a guest no instant, only how far one lies behind the context's beginning. So the beginning is any instant of the
//! host's, and all others are counted from it: nothing of the host is seen.

use std::sync::LazyLock;
use std::time::Duration;

use cap_std::time::{Instant as HostInstant, SystemTime};
use deterministic_core::{Instant, WallTime};

/// Where every timeline begins.
static BEGINNING: LazyLock<HostInstant> = LazyLock::new(|| HostInstant::from_std(std::time::Instant::now()));

pub(crate) fn beginning() -> HostInstant {
    *BEGINNING
}

/// `instant`, counted from the [`beginning`].
pub(crate) fn of_host(instant: Instant) -> HostInstant {
    later(Duration::from_nanos(instant.as_nanos()))
}

/// Behind the end of time: no deadline lies behind it, and how far it lies from the beginning is no number that a guest can be told.
pub(crate) fn never() -> HostInstant {
    later(Duration::from_nanos(u64::MAX).saturating_mul(3))
}

/// The host's instants reach some hundred times as far as the timeline.
fn later(nanos: Duration) -> HostInstant {
    beginning().checked_add(nanos).unwrap_or_else(beginning)
}

/// The timeline's instant, or its end if it lies behind that.
pub(crate) fn of_timeline(instant: HostInstant) -> Instant {
    let since = instant.saturating_duration_since(beginning()).as_nanos();
    Instant::from_nanos(u64::try_from(since).unwrap_or(u64::MAX))
}

pub(crate) fn of_wall(time: WallTime) -> SystemTime {
    let since = Duration::from_nanos(time.as_unix_nanos());
    SystemTime::from_std(std::time::UNIX_EPOCH).checked_add(since).unwrap_or_else(before_1970)
}

/// No time of day: asked for one, wasi-common ends the guest.
pub(crate) fn before_1970() -> SystemTime {
    let epoch = SystemTime::from_std(std::time::UNIX_EPOCH);
    epoch.checked_sub(Duration::from_secs(1)).unwrap_or(epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for nanos in [0, 1, 1_000_000_007, u64::MAX - 1, u64::MAX] {
            assert_eq!(of_timeline(of_host(Instant::from_nanos(nanos))), Instant::from_nanos(nanos));
        }
        assert_eq!(of_timeline(never()), Instant::MAX);
        assert!(never() > of_host(Instant::MAX));
    }
}
