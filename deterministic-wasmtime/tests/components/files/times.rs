//! The times of objects.

use deterministic_wasmtime::Deterministic;
use deterministic_wasmtime::core::WallTime;
use p3_types::HostDescriptorWithStore as _;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::{Datetime, Host as _};
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    DescriptorStat, HostDescriptor as _, NewTimestamp, PathFlags,
};
use wasmtime_wasi::p3::bindings::clocks::system_clock::Instant;
use wasmtime_wasi::p3::bindings::filesystem::types as p3_types;

use super::{Fd, Host, NAMES, code, fd, tree};

fn nanos(time: Option<Datetime>) -> u64 {
    let time = time.unwrap();
    time.seconds * 1_000_000_000 + u64::from(time.nanoseconds)
}

fn times(stat: DescriptorStat) -> [u64; 3] {
    [stat.data_access_timestamp, stat.data_modification_timestamp, stat.status_change_timestamp].map(nanos)
}

impl Host {
    pub(super) fn times(&mut self, open: Fd) -> [u64; 3] {
        times(self.view().stat(fd(open)).unwrap())
    }

    pub(super) fn tick(&mut self) -> u64 {
        nanos(Some(self.view().now().unwrap()))
    }
}

#[test]
fn times_are_the_policy_s_and_what_the_guest_sets() {
    let dir = tree(&NAMES);
    for mut host in [Host::live(dir.path()), Host::hermetic(dir.path())] {
        let epoch = WallTime::DEFAULT_EPOCH.as_unix_nanos();
        let old = host.read_only("zeta");
        for _ in 0..5 {
            host.tick();
        }
        assert_eq!(host.times(old), [epoch; 3]);

        let new = host.create("new");
        let made = host.view().ctx.wall_now().as_unix_nanos();
        assert_eq!(host.times(new), [made; 3]);
        assert!(made > epoch && made < host.tick());
        host.pwrite(new, b"x", 0).unwrap();
        let written = host.view().ctx.wall_now().as_unix_nanos();
        assert_eq!(host.times(new), [made, written, written]);

        let at = NewTimestamp::Timestamp(Datetime { seconds: 7, nanoseconds: 1_000_000_009 });
        host.tick();
        host.view().set_times(fd(new), at, NewTimestamp::Now).unwrap();
        let set = host.view().ctx.wall_now().as_unix_nanos();
        // A second too many among the nanoseconds is a second, as on stock.
        assert_eq!(host.times(new), [8_000_000_009, set, set]);
        host.tick();
        let root = host.root();
        let keep = NewTimestamp::NoChange;
        let flags = PathFlags::SYMLINK_FOLLOW;
        host.view().set_times_at(fd(root), flags, "new".into(), NewTimestamp::Now, keep).unwrap();
        let later = host.view().ctx.wall_now().as_unix_nanos();
        assert_eq!(host.times(new), [later, set, later]);

        host.tick();
        let at = p3_types::NewTimestamp::Timestamp(Instant { seconds: 9, nanoseconds: 5 });
        host.run3(async move |store| {
            Deterministic::set_times(store, fd(new), p3_types::NewTimestamp::Now, at).await.unwrap()
        });
        let last = host.view().ctx.wall_now().as_unix_nanos();
        assert_eq!(host.times(new), [last, 9_000_000_005, last]);
        std::fs::remove_file(dir.path().join("new")).unwrap_or_default();
    }
}

#[test]
fn times_out_of_range_overflow() {
    let dir = tree(&NAMES);
    let mut host = Host::hermetic(dir.path());
    let (open, root) = (host.create("new"), host.root());
    let before = host.times(open);
    for datetime in [
        Datetime { seconds: u64::MAX, nanoseconds: 0 },
        Datetime { seconds: u64::MAX, nanoseconds: u32::MAX },
        Datetime { seconds: 18_446_744_073, nanoseconds: 709_551_616 },
    ] {
        let at = NewTimestamp::Timestamp(datetime);
        let keep = NewTimestamp::NoChange;
        assert_eq!(code(host.view().set_times(fd(open), at, keep)), super::ErrorCode::Overflow);
        let set = host.view().set_times_at(fd(root), PathFlags::empty(), "new".into(), keep, at);
        assert_eq!(code(set), super::ErrorCode::Overflow);
        // That a file is not a directory comes first.
        let set = host.view().set_times_at(fd(open), PathFlags::empty(), "new".into(), keep, at);
        assert_eq!(code(set), super::ErrorCode::NotDirectory);
    }
    let last = NewTimestamp::Timestamp(Datetime { seconds: 18_446_744_073, nanoseconds: 709_551_615 });
    assert_eq!(host.times(open), before);
    host.view().set_times(fd(open), last, last).unwrap();
    assert_eq!(host.times(open)[..2], [u64::MAX; 2]);

    for instant in [
        Instant { seconds: -1, nanoseconds: 0 },
        Instant { seconds: i64::MIN, nanoseconds: u32::MAX },
        Instant { seconds: i64::MAX, nanoseconds: 0 },
    ] {
        let at = p3_types::NewTimestamp::Timestamp(instant);
        let error = host.run3(async move |store| {
            Deterministic::set_times(store, fd(open), at, p3_types::NewTimestamp::NoChange).await
        });
        let error = error.unwrap_err().downcast().unwrap();
        assert!(matches!(error, p3_types::ErrorCode::Overflow), "{error:?}");
    }
}
