//! What a guest of WASI 0.1 makes the host hold.

use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::p1::P1Ctx;

use crate::probe::{Bench, Probe, Version};

const BADF: i32 = 8;
const NOMEM: i32 = 48;

/// The place of the name that is opened, and where its descriptor comes.
const NAME: i32 = 0;
const OPENED: i32 = 64;

trait Holds {
    fn held(&self) -> u64;
    fn limit(&mut self, bytes: u64);
    fn open_again(&mut self, name: &str, create: bool) -> i32;
}

impl Holds for Probe<P1Ctx> {
    fn held(&self) -> u64 {
        self.store.data().deterministic().held_bytes()
    }

    fn limit(&mut self, bytes: u64) {
        self.store.data_mut().deterministic_mut().set_max_held_bytes(bytes);
    }

    fn open_again(&mut self, name: &str, create: bool) -> i32 {
        self.write(NAME as usize, name.as_bytes());
        let params = (3, 0, NAME, name.len() as i32, i32::from(create), 2_i64, 2_i64, 0, OPENED);
        self.call("path_open", params).unwrap()
    }
}

#[test]
fn descriptors_count_until_they_are_closed() {
    let bench = Bench::new();
    for version in [Version::P1, Version::P0] {
        let mut probe = bench.ours(version, Policies::default());
        assert_eq!(probe.held(), 0);
        probe.limit(3 * 256);
        let open: Vec<u32> = (0..3)
            .map(|_| {
                assert_eq!(probe.open_again("file", false), 0);
                probe.u32(OPENED as usize)
            })
            .collect();
        assert_eq!((probe.held(), open), (768, vec![4, 5, 6]));
        // Refused before anything is made.
        assert_eq!(probe.open_again("new", true), NOMEM);
        assert_eq!(probe.call("fd_renumber", (5, 4)).unwrap(), 0);
        assert_eq!(probe.held(), 512);
        assert_eq!(probe.open_again("new", false), 44, "the file was made");
        assert_eq!(probe.open_again("file", false), 0);
        assert_eq!(probe.u32(OPENED as usize), 5);
        for fd in [4, 5, 6] {
            assert_eq!(probe.call("fd_close", fd).unwrap(), 0);
        }
        assert_eq!(probe.call("fd_close", 4).unwrap(), BADF);
        // What it has from the start is the embedder's.
        for fd in [0, 1, 2, 3] {
            assert_eq!(probe.call("fd_close", fd).unwrap(), 0);
        }
        assert_eq!(probe.held(), 0);
    }
}

#[test]
fn a_directory_that_is_read_counts_its_entries() {
    let bench = Bench::new();
    let mut probe = bench.ours(Version::P1, Policies::default());
    let listing = 256 + (64 + 4) + (64 + 5); // `file`, `empty`
    probe.limit(listing - 1);
    let read = (3, 1024, 4096, 0_i64, 8);
    assert_eq!(probe.call("fd_readdir", read).unwrap(), NOMEM);
    assert_eq!(probe.held(), 0);
    probe.limit(listing);
    for _ in 0..3 {
        assert_eq!(probe.call("fd_readdir", read).unwrap(), 0);
        assert_eq!(probe.held(), listing);
    }
    assert_eq!(probe.open_again("file", false), NOMEM);
    assert_eq!(probe.call("fd_close", 3).unwrap(), 0);
    assert_eq!(probe.held(), 0);
}
