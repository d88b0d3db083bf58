//! Exact answers of WASI 0.1, the known faults of deterministic-wasi-ctx among them.

use deterministic_wasmtime::core::{Instant, Policies, Seed, VirtualClock};

use crate::probe::{Answer, Bench, Version};

const EBADF: i32 = 8;
const EINVAL: i32 = 28;
const HOUR: u64 = 3_600_000_000_000;

fn policies() -> Policies {
    Policies::new(Seed::from_u64(1))
}

/// A clock subscription in the layout of `version`.
fn timer(version: Version, userdata: u64, clock: u32, timeout: u64, flags: u16) -> Vec<u8> {
    let (size, at) = match version {
        Version::P1 => (48, 16),
        Version::P0 => (56, 24),
    };
    let mut record = vec![0; size];
    record[..8].copy_from_slice(&userdata.to_le_bytes());
    record[at..at + 4].copy_from_slice(&clock.to_le_bytes());
    record[at + 8..at + 16].copy_from_slice(&timeout.to_le_bytes());
    record[at + 24..at + 26].copy_from_slice(&flags.to_le_bytes());
    record
}

fn descriptor(version: Version, userdata: u64, tag: u8, fd: u32) -> Vec<u8> {
    let mut record = timer(version, userdata, 0, 0, 0);
    record[8] = tag;
    record[16..20].copy_from_slice(&fd.to_le_bytes());
    record
}

#[test]
fn both_versions_wait_for_several_things_at_once() {
    let bench = Bench::new();
    for version in [Version::P1, Version::P0] {
        let mut probe = bench.ours(version, policies());
        let mut list = timer(version, 1, 1, 2 * HOUR, 0);
        list.extend(timer(version, 2, 0, HOUR, 0));
        list.extend(timer(version, 3, 1, HOUR, 0));
        probe.write(1024, &list);
        assert_eq!(probe.call("poll_oneoff", (1024, 4096, 3, 8)).unwrap(), 0);
        assert_eq!(probe.u32(8), 2, "{version:?}");
        assert_eq!((probe.u64(4096), probe.u64(4096 + 32)), (2, 3));
        assert_eq!(probe.store.data().deterministic().now(), Instant::from_nanos(HOUR + 1));

        // Something is ready now, so no time passes.
        list.extend(descriptor(version, 4, 2, 1));
        list.extend(descriptor(version, 5, 1, 0));
        probe.write(1024, &list);
        assert_eq!(probe.call("poll_oneoff", (1024, 4096, 5, 8)).unwrap(), 0);
        assert_eq!((probe.u32(8), probe.u64(4096), probe.u64(4096 + 32)), (2, 4, 5));
        assert_eq!(probe.store.data().deterministic().now(), Instant::from_nanos(HOUR + 1));
    }
}

#[test]
fn absolute_deadlines_are_on_the_clock_they_name() {
    let bench = Bench::new();
    let mut probe = bench.ours(Version::P1, policies());
    let epoch = 1_735_689_600_000_000_000;
    for (clock, deadline, now) in [(1, HOUR, HOUR), (0, epoch + 2 * HOUR, 2 * HOUR), (0, 5, 2 * HOUR), (1, 5, 2 * HOUR)]
    {
        probe.write(1024, &timer(Version::P1, 1, clock, deadline, 1));
        assert_eq!(probe.call("poll_oneoff", (1024, 4096, 1, 8)).unwrap(), 0);
        assert_eq!(probe.store.data().deterministic().now(), Instant::from_nanos(now));
    }
    // The end of time does not wrap.
    probe.write(1024, &timer(Version::P1, 1, 1, u64::MAX, 0));
    assert_eq!(probe.call("poll_oneoff", (1024, 4096, 1, 8)).unwrap(), 0);
    assert_eq!(probe.store.data().deterministic().now(), Instant::MAX);
    assert_eq!(probe.call("clock_time_get", (0, 0i64, 16)).unwrap(), 0);
    assert_eq!(probe.u64(16), u64::MAX);
}

/// deterministic-wasi-ctx wrote eight bytes, and host memory into the padding of events.
#[test]
fn poll_writes_its_result_and_not_a_byte_more() {
    let bench = Bench::new();
    for version in [Version::P1, Version::P0] {
        let mut probe = bench.ours(version, policies());
        let record = timer(version, 7, 1, 5, 0);
        probe.write(0, &[0xee; 8192]);
        probe.write(1024, &record);
        let before = probe.contents();
        assert_eq!(probe.call("poll_oneoff", (1024, 4096, 1, 8)).unwrap(), 0);
        let mut expected = before;
        expected[8..12].copy_from_slice(&1u32.to_le_bytes());
        let mut event = [0xee; 32];
        event[..8].copy_from_slice(&7u64.to_le_bytes());
        event[8..11].fill(0);
        event[16..26].fill(0);
        expected[4096..4128].copy_from_slice(&event);
        assert!(probe.contents() == expected);
    }
}

/// deterministic-wasi-ctx panicked on a tag of 7, and reported success for no subscriptions and for closed descriptors.
#[test]
fn wrong_subscriptions_are_errors() {
    let bench = Bench::new();
    for version in [Version::P1, Version::P0] {
        let mut probe = bench.ours(version, policies());
        let mut poll = |record: &[u8], count: i32| {
            probe.write(1024, record);
            probe.answer("poll_oneoff", (1024, 4096, count, 8))
        };
        assert_eq!(poll(&[], 0), Answer::Errno(EINVAL));
        for tag in [3, 7, 255] {
            assert_eq!(poll(&descriptor(version, 1, tag, 0), 1), Answer::Errno(EINVAL));
        }
        for clock in [2, 3, 4, u32::MAX] {
            assert_eq!(poll(&timer(version, 1, clock, 0, 0), 1), Answer::Errno(EINVAL));
        }
        assert_eq!(poll(&timer(version, 1, 1, 0, 2), 1), Answer::Errno(EINVAL));
        // Never open; a directory; written where only reading goes, and the reverse.
        for (tag, fd) in [(1, 99), (2, 99), (1, 3), (2, 3), (2, 0), (1, 1), (1, u32::MAX)] {
            assert_eq!(poll(&descriptor(version, 1, tag, fd), 1), Answer::Errno(EBADF), "{tag} {fd}");
        }
        assert_eq!(probe.call("fd_close", 1).unwrap(), 0);
        probe.write(1024, &descriptor(version, 1, 2, 1));
        assert_eq!(probe.answer("poll_oneoff", (1024, 4096, 1, 8)), Answer::Errno(EBADF));
    }
}

/// deterministic-wasi-ctx extended the sign of pointers.
#[test]
fn pointers_above_two_gibibytes_work() {
    let bench = Bench::with_pages(32769);
    let high = 0x8000_0000_u32;
    for version in [Version::P1, Version::P0] {
        let mut probe = bench.ours(version, policies());
        probe.write(high as usize + 1024, &timer(version, 7, 1, HOUR, 0));
        let at = |offset: u32| (high + offset) as i32;
        assert_eq!(probe.call("poll_oneoff", (at(1024), at(4096), 1, at(8))).unwrap(), 0);
        assert_eq!((probe.u32(high as usize + 8), probe.u64(high as usize + 4096)), (1, 7));
        assert_eq!(probe.call("clock_time_get", (1, 0i64, at(16))).unwrap(), 0);
        assert_eq!(probe.u64(high as usize + 16), HOUR + 1);
        assert_eq!(probe.call("random_get", (at(32), 8)).unwrap(), 0);
        assert_ne!(probe.u64(high as usize + 32), 0);
        assert_eq!(probe.answer("poll_oneoff", (-8, at(4096), 1, at(8))), Answer::Trap);
    }
}

#[test]
fn processor_clocks_follow_the_policy() {
    let bench = Bench::new();
    let clock = Box::new(VirtualClock::with_tick(10));
    let mut probe = bench.ours(Version::P1, Policies { clock, ..policies() });
    for (reading, id) in [1, 2, 3].into_iter().enumerate() {
        assert_eq!(probe.call("clock_time_get", (id, 0i64, 16)).unwrap(), 0);
        assert_eq!(probe.u64(16), 1 + 10 * (reading as u64 + 1));
        assert_eq!(probe.call("clock_res_get", (id, 16)).unwrap(), 0);
        assert_eq!(probe.u64(16), 1);
    }
}

#[test]
fn how_random_is_read_does_not_change_it() {
    let bench = Bench::new();
    let mut whole = bench.ours(Version::P1, policies());
    assert_eq!(whole.call("random_get", (0, 40)).unwrap(), 0);
    for version in [Version::P1, Version::P0] {
        let mut cut = bench.ours(version, policies());
        let mut at = 0;
        for len in [1, 0, 7, 8, 3, 16, 5] {
            assert_eq!(cut.call("random_get", (at, len)).unwrap(), 0);
            at += len;
        }
        assert_eq!(whole.bytes::<40>(0), cut.bytes::<40>(0));
    }
}

#[test]
fn more_subscriptions_than_the_host_would_copy_are_enomem() {
    let bench = Bench::with_pages(2048);
    let mut probe = bench.ours(Version::P1, policies());
    // 128 MiB of memory hold 2.7 million subscriptions, more than stock copies: it has an allowance of 128 MiB.
    assert_eq!(probe.answer("poll_oneoff", (0, 0, 2_700_000, 8)), Answer::Errno(48));
    assert_eq!(probe.answer("poll_oneoff", (0, 0, -1, 8)), Answer::Errno(48));
}
