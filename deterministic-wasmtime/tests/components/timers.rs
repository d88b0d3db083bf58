//! Clocks and waiting in WASI 0.2.

use deterministic_wasmtime::core::{Instant, Policies, Seed};
use deterministic_wasmtime::policies::{OneAtATime, Preset};

use crate::host::{Guest, clocks, simulation};

const HOUR: u64 = 3_600_000_000_000;

fn still() -> Policies {
    Policies::new(Seed::from_u64(1))
}

#[test]
fn every_version_of_0_2_is_answered() {
    for version in ["0.2.0", "0.2.1", "0.2.6", "0.2.12"] {
        let mut guest = Guest::new(&clocks(version), still());
        assert_eq!(guest.call::<_, (u64,)>("now", ()).unwrap(), (1,), "{version}");
    }
}

#[test]
fn waiting_moves_time_to_the_earliest_deadline_and_reports_in_argument_order() {
    let mut guest = Guest::new(&clocks("0.2.6"), still());
    let mut timer = |nanos| guest.call::<_, (u32,)>("duration", (nanos,)).unwrap().0;
    // Later ones have higher numbers, so that an order by number would show.
    let [late, a, b] = [2 * HOUR, HOUR, HOUR].map(&mut timer);
    let (ready,) = guest.call::<_, (Vec<u32>,)>("poll", (vec![b, late, a],)).unwrap();
    assert_eq!(ready, [0, 2]);
    assert_eq!(guest.store.data().deterministic().now(), Instant::from_nanos(HOUR + 1));
    // Those two are ready now, so that no time passes.
    let (ready,) = guest.call::<_, (Vec<u32>,)>("poll", (vec![late, a, a],)).unwrap();
    assert_eq!(ready, [1, 2]);
    assert_eq!(guest.store.data().deterministic().now(), Instant::from_nanos(HOUR + 1));
    assert_eq!(guest.call::<_, (bool,)>("ready", (late,)).unwrap(), (false,));
    guest.call::<_, ()>("block", (late,)).unwrap();
    assert_eq!(guest.call::<_, (bool,)>("ready", (late,)).unwrap(), (true,));
    assert_eq!(guest.store.data().deterministic().now(), Instant::from_nanos(2 * HOUR + 1));
}

#[test]
fn the_scheduler_chooses() {
    let policies = Policies { scheduler: Box::new(OneAtATime::new()), ..still() };
    let mut guest = Guest::new(&clocks("0.2.6"), policies);
    let timers = [1u64, 1, 1].map(|nanos| guest.call::<_, (u32,)>("duration", (nanos,)).unwrap().0);
    let mut seen = Vec::new();
    for _ in 0..6 {
        let (ready,) = guest.call::<_, (Vec<u32>,)>("poll", (timers.to_vec(),)).unwrap();
        assert_eq!(ready.len(), 1);
        seen.push(ready[0]);
    }
    seen.sort_unstable();
    assert_eq!(seen, [0, 0, 1, 1, 2, 2]);
}

#[test]
fn deadlines_saturate_and_past_ones_are_ready() {
    let mut guest = Guest::new(&clocks("0.2.6"), still());
    let (past,) = guest.call::<_, (u32,)>("instant", (0u64,)).unwrap();
    assert_eq!(guest.call::<_, (bool,)>("ready", (past,)).unwrap(), (true,));
    let (end,) = guest.call::<_, (u32,)>("duration", (u64::MAX,)).unwrap();
    guest.call::<_, ()>("block", (end,)).unwrap();
    assert_eq!(guest.call::<_, (u64,)>("now", ()).unwrap(), (u64::MAX,));
}

/// The time of a quadratic algorithm would be hours; the test's own is that of a million calls in a debug build.
#[test]
fn a_million_timers_live_side_by_side() {
    let mut guest = Guest::new(&clocks("0.2.6"), still());
    // The last one is the earliest.
    let count = 1_000_000;
    let (first,) = guest.call::<_, (u32,)>("many", (count,)).unwrap();
    assert_eq!(first, count - 1);
    assert!(guest.store.data().deterministic().now() >= Instant::from_nanos(HOUR - u64::from(count)));
}

#[test]
fn a_clock_that_stands_still_ends_waits_nevertheless() {
    let mut guest = Guest::new(&clocks("0.2.6"), Preset::Frozen.policies(&Seed::default()));
    let (timer,) = guest.call::<_, (u32,)>("duration", (HOUR,)).unwrap();
    guest.call::<_, ()>("block", (timer,)).unwrap();
    assert_eq!(guest.call::<_, (u64,)>("now", ()).unwrap(), (1,));
}

#[test]
fn the_embedder_lets_time_pass() {
    let mut guest = Guest::new(&clocks("0.2.6"), still());
    let (timer,) = guest.call::<_, (u32,)>("duration", (HOUR,)).unwrap();
    assert_eq!(guest.call::<_, (bool,)>("ready", (timer,)).unwrap(), (false,));
    let ctx = guest.store.data_mut().deterministic_mut();
    ctx.advance_to(Instant::from_nanos(HOUR + 1)).unwrap();
    ctx.advance_to(Instant::from_nanos(HOUR)).unwrap();
    assert_eq!(ctx.now(), Instant::from_nanos(HOUR + 1), "a deadline that has passed moves nothing");
    assert_eq!(guest.call::<_, (bool,)>("ready", (timer,)).unwrap(), (true,));
    assert_eq!(guest.call::<_, (u64,)>("now", ()).unwrap(), (HOUR + 1,));
}

#[test]
fn calls_are_counted_by_name() {
    let mut guest = Guest::new(&clocks("0.2.6"), simulation());
    guest.call::<_, (u64,)>("now", ()).unwrap();
    let calls: Vec<_> = guest.store.data().deterministic().host_calls().collect();
    assert_eq!(calls, [("wasi:clocks/monotonic-clock.now", 1)]);
}
