//! Lists of several subscriptions.

use deterministic_core::Policies;
use deterministic_policies::{OneAtATime, Preset};

use crate::support::*;

const INVAL: &str = "errno 28";

fn guest() -> Guest {
    Guest::with(Policies::default())
}

#[test]
fn the_earliest_timer_ends_a_wait() {
    let mut guest = guest();
    let list = [
        timeout(3, MONOTONIC, 30),
        timeout(1, REALTIME, 10),
        deadline(2, MONOTONIC, 1 << 40),
        timeout(4, MONOTONIC, 10),
    ];
    let before = guest.time(MONOTONIC);
    assert_eq!(guest.poll(&list), Ok(vec![(1, 0, 0), (4, 0, 0)]));
    assert_eq!(guest.time(MONOTONIC), before + 10);
}

#[test]
fn what_is_ready_is_told_and_time_stands_still() {
    let mut guest = guest();
    let before = guest.time(MONOTONIC);
    let list = [
        write(u64::MAX, 1),
        timeout(5, MONOTONIC, HOUR),
        read(7, 0),
        timeout(0, MONOTONIC, 0),
        write(7, 2),
        deadline(8, MONOTONIC, 0),
    ];
    // In wasi-common's order: timers, reads, writes.
    assert_eq!(guest.poll(&list), Ok(vec![(0, 0, 0), (8, 0, 0), (7, 0, 1), (u64::MAX, 0, 2), (7, 0, 2)]));
    assert_eq!(guest.time(MONOTONIC), before);
}

#[test]
fn a_thousand_subscriptions() {
    let mut guest = guest();
    let list: Vec<_> = (0..1_000).map(|at| timeout(at, MONOTONIC, 1 + at % 7)).collect();
    let events = guest.poll(&list).expect("it ends");
    assert_eq!(events, (0..1_000).filter(|at| at % 7 == 0).map(|at| (at, 0, 0)).collect::<Vec<_>>());
    let list: Vec<_> = (0..1_000).map(|at| if at % 2 == 0 { read(at, 0) } else { write(at, 1) }).collect();
    assert_eq!(guest.poll(&list).expect("it ends").len(), 1_000);
}

#[test]
fn what_is_wrong_with_a_list() {
    let mut guest = guest();
    assert_eq!(guest.poll(&[]), Err(INVAL.to_owned()));
    assert_eq!(guest.poll(&[of_type(1, 3)]), Err(INVAL.to_owned()));
    assert_eq!(guest.poll(&[timeout(1, MONOTONIC, 1), of_type(1, 0xff)]), Err(INVAL.to_owned()));
    assert_eq!(guest.poll(&[timeout(1, 9, 1)]), Err(INVAL.to_owned()));
    assert_eq!(guest.poll(&[read(1, 99)]), Err("errno 8".to_owned()), "EBADF: no such descriptor");
    assert_eq!(guest.poll(&[deadline(1, REALTIME, 1)]), Err("errno 58".to_owned()), "ENOTSUP, by wasi-common");
    // Beyond the memory the guest ends.
    for arguments in [[0x1_fff0, 0, 1, 0], [0, 0x1_fff8, 1, 0], [-8, 0, 2, 0]] {
        assert!(guest.call("poll_oneoff", &arguments).is_err(), "{arguments:?}");
    }
    assert!(guest.handle.failure().is_none(), "none of it is the policies'");
    assert_eq!(guest.poll(&[timeout(9, MONOTONIC, 1)]), Ok(vec![(9, 0, 0)]));
}

#[test]
fn the_scheduler_chooses_and_orders() {
    let mut guest = Guest::with(Policies { scheduler: Box::new(Backwards), ..Policies::default() });
    let before = guest.time(MONOTONIC);
    let list = [timeout(1, MONOTONIC, 5), write(2, 1), timeout(3, MONOTONIC, 0), read(4, 0)];
    assert_eq!(guest.poll(&list), Ok(vec![(2, 0, 2), (4, 0, 1)]));
    // It has a second pass, too.
    assert_eq!(guest.time(MONOTONIC), before + 1_000_000_000);
    let list = [timeout(1, MONOTONIC, 5), timeout(2, MONOTONIC, 5), timeout(3, MONOTONIC, 5)];
    assert_eq!(guest.poll(&list), Ok(vec![(3, 0, 0), (2, 0, 0)]));
    assert_eq!(guest.time(MONOTONIC), before + 2_000_000_005);
    assert_eq!(guest.call("sched_yield", &[]), Ok(0));
    assert_eq!(guest.time(MONOTONIC), before + 62_000_000_005);
    // A sleep, which wasi-common treats by itself, is one event.
    assert_eq!(guest.poll(&[timeout(6, MONOTONIC, 5)]), Ok(vec![(6, 0, 0)]));
    assert_eq!(guest.time(MONOTONIC), before + 63_000_000_010);
}

#[test]
fn one_at_a_time() {
    let mut guest = Guest::with(Policies { scheduler: Box::new(OneAtATime::new()), ..Policies::default() });
    let list = [deadline(1, MONOTONIC, 100), deadline(2, MONOTONIC, 100), read(3, 0)];
    guest.handle.advance_to(deterministic_core::Instant::from_nanos(100)).expect("it moves");
    for _ in 0..6 {
        assert_eq!(guest.poll(&list).expect("it ends").len(), 1);
    }
}

/// A scheduler that is seeded gives other orders under other seeds, and the same under the same.
#[test]
fn chaos_is_a_function_of_its_seed() {
    let run = |seed| {
        let mut guest = Guest::under(Preset::Chaos, seed);
        let list: Vec<_> = (0..8).map(|at| if at % 2 == 0 { read(at, 0) } else { write(at, 1) }).collect();
        let events: Vec<_> = (0..5).map(|_| guest.poll(&list).expect("it ends")).collect();
        (events, guest.time(MONOTONIC))
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
