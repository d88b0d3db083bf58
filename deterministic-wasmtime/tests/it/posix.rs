//! What POSIX says of files and stock does not: the same in both versions, live and hermetic.

use std::fs;
use std::os::unix::fs::symlink;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::fs::{Access, Contents, Tree};
use deterministic_wasmtime::p1::P1Ctx;
use tempfile::TempDir;
use wasmtime_wasi::FsPerms;

use crate::probe::{Bench, Probe, Version};

const OUT: i32 = 512;
const NOENT: i32 = 44;
const NOTDIR: i32 = 54;
const DIRECTORY: u8 = 3;
const REGULAR_FILE: u8 = 4;
const SYMBOLIC_LINK: u8 = 7;

/// The directory by its descriptors: live, live and read-only, hermetic.
const MOUNTS: [i32; 3] = [4, 5, 6];

/// A guest with the directory that `make` fills in each kind of mount.
fn mounted(bench: &Bench, version: Version, make: impl FnOnce(&std::path::Path)) -> (TempDir, Probe<P1Ctx>) {
    let outside = tempfile::tempdir().unwrap();
    let inside = outside.path().join("inside");
    fs::create_dir(&inside).unwrap();
    make(&inside);
    let mut probe = bench.ours_with(version, Policies::default(), |builder| {
        builder.preopened_dir(&inside, "/live", FsPerms::ReadWrite).unwrap();
        builder.preopened_dir(&inside, "/ro", FsPerms::ReadOnly).unwrap();
    });
    let tree = Tree::read(&Dir::open_ambient_dir(&inside, ambient_authority()).unwrap(), Contents::AtStart).unwrap();
    let files = probe.store.data_mut().deterministic_mut().files();
    files.mount_hermetic(&tree.into(), "/hermetic", Access::ReadWrite).unwrap();
    (outside, probe)
}

fn path(probe: &mut Probe<P1Ctx>, path: &str) -> (i32, i32) {
    probe.write(0, path.as_bytes());
    (0, path.len() as i32)
}

fn open(probe: &mut Probe<P1Ctx>, directory: i32, name: &str, write: bool) -> i32 {
    let (ptr, len) = path(probe, name);
    let rights = 1_i64 << 1 | i64::from(write) << 6;
    assert_eq!(probe.call("path_open", (directory, 0, ptr, len, 0, rights, rights, 0, OUT)).unwrap(), 0);
    probe.u32(OUT as usize) as i32
}

/// The kind of what is at `path`, no link followed, or why not.
fn kind(probe: &mut Probe<P1Ctx>, directory: i32, name: &str) -> Result<u8, i32> {
    let (ptr, len) = path(probe, name);
    match probe.call("path_filestat_get", (directory, 0, ptr, len, OUT)).unwrap() {
        0 => Ok(probe.bytes::<1>(OUT as usize + 16)[0]),
        errno => Err(errno),
    }
}

/// How many names an open file has.
fn links(probe: &mut Probe<P1Ctx>, version: Version, fd: i32) -> u64 {
    assert_eq!(probe.call("fd_filestat_get", (fd, OUT)).unwrap(), 0);
    match version {
        Version::P1 => probe.u64(OUT as usize + 24),
        Version::P0 => probe.u32(OUT as usize + 20).into(),
    }
}

#[test]
fn a_regular_file_is_always_ready_and_never_hung_up() {
    let bench = Bench::new();
    for version in [Version::P1, Version::P0] {
        let (_outside, mut probe) = mounted(&bench, version, |root| {
            fs::write(root.join("file"), "contents").unwrap();
            fs::write(root.join("empty"), "").unwrap();
        });
        for directory in MOUNTS {
            for (name, to_write, at) in
                [("file", true, 0_i64), ("file", false, 8), ("file", false, 99), ("empty", false, 0)]
            {
                let file = open(&mut probe, directory, name, to_write && directory != MOUNTS[1]);
                assert_eq!(probe.call("fd_seek", (file, at, 0, OUT)).unwrap(), 0);
                let size = if version == Version::P1 { 48 } else { 56 };
                // Reading, writing, and a timer that is far away.
                for (number, tag) in [(0, 1_u8), (1, 2), (2, 0)] {
                    let at = 1024 + number * size;
                    probe.write(at, &vec![0; size]);
                    probe.write(at, &[number as u8 + 7]);
                    probe.write(at + 8, &[tag]);
                    probe.write(at + 16, &(if tag == 0 { 1 } else { file }).to_le_bytes());
                    probe.write(at + size - 24, &(if tag == 0 { u64::MAX } else { 0 }).to_le_bytes());
                    if tag == 0 && version == Version::P0 {
                        probe.write(at + 24, &1_u32.to_le_bytes());
                    }
                }
                assert_eq!(probe.call("poll_oneoff", (1024, 4096, 3, 8)).unwrap(), 0, "{name} in {directory}");
                assert_eq!(probe.u32(8), 2, "{name} in {directory}");
                for (number, tag) in [(0, 1), (1, 2)] {
                    let event = 4096 + number * 32;
                    assert_eq!(probe.u64(event), number as u64 + 7);
                    assert_eq!(probe.bytes::<3>(event + 8), [0, 0, tag]);
                    assert_eq!(probe.bytes::<2>(event + 24), [0, 0], "no flags: {name} in {directory}");
                }
            }
        }
    }
}

#[test]
fn a_slash_behind_a_name_asks_for_a_directory() {
    let bench = Bench::new();
    for version in [Version::P1, Version::P0] {
        let (_outside, mut probe) = mounted(&bench, version, |root| {
            fs::write(root.join("f"), "").unwrap();
            fs::create_dir(root.join("d")).unwrap();
            for (link, target) in [("to_f", "f"), ("to_d", "d"), ("to_nowhere", "nowhere")] {
                symlink(target, root.join(link)).unwrap();
            }
        });
        for directory in MOUNTS {
            for (name, plain, slashed) in [
                ("f", Ok(REGULAR_FILE), Err(NOTDIR)),
                ("d", Ok(DIRECTORY), Ok(DIRECTORY)),
                ("to_f", Ok(SYMBOLIC_LINK), Err(NOTDIR)),
                ("to_d", Ok(SYMBOLIC_LINK), Ok(DIRECTORY)),
                ("to_nowhere", Ok(SYMBOLIC_LINK), Err(NOENT)),
                ("nowhere", Err(NOENT), Err(NOENT)),
            ] {
                for end in ["", "/", "/.", "//", "/./"] {
                    let expected = if end.is_empty() { plain } else { slashed };
                    assert_eq!(kind(&mut probe, directory, &format!("{name}{end}")), expected, "{name}{end}");
                }
            }
        }
    }
}

#[test]
fn a_file_without_a_name_has_none_whatever_the_host_has() {
    let bench = Bench::new();
    for version in [Version::P1, Version::P0] {
        for outside in [false, true] {
            let (_outside, mut probe) = mounted(&bench, version, |root| {
                fs::write(root.join("f"), "").unwrap();
                if outside {
                    fs::hard_link(root.join("f"), root.join("../outside")).unwrap();
                }
            });
            for directory in [MOUNTS[0], MOUNTS[2]] {
                let file = open(&mut probe, directory, "f", true);
                assert_eq!(links(&mut probe, version, file), 1);
                let (ptr, len) = path(&mut probe, "f");
                assert_eq!(probe.call("path_unlink_file", (directory, ptr, len)).unwrap(), 0);
                assert_eq!(links(&mut probe, version, file), 0, "another name outside: {outside}");
            }
        }
    }
}
