//! The devices of a mounted `/dev` that are the same everywhere, by both versions of 0.1.

use deterministic_wasmtime::core::{Policies, Seed};
use deterministic_wasmtime::p1::P1Ctx;
use deterministic_wasmtime::policies::Refusing;
use wasmtime_wasi::FsPerms;

use crate::probe::{Bench, Probe, Version};

const DEV: i32 = 4;
const OUT: i32 = 512;
const IOVECS: i32 = 600;
const BUFFER: i32 = 8192;
const INVAL: i32 = 28;
const NOSPC: i32 = 51;
const NOTSUP: i32 = 58;
const CHARACTER_DEVICE: u8 = 2;

fn policies() -> Policies {
    Policies::new(Seed::from_u64(14))
}

/// A guest that has the host's `/dev` as its descriptor 4.
fn guest(bench: &Bench, version: Version, policies: Policies) -> Probe<P1Ctx> {
    bench.ours_with(version, policies, |builder| {
        builder.preopened_dir("/dev", "/dev", FsPerms::ReadWrite).unwrap();
    })
}

fn open(probe: &mut Probe<P1Ctx>, name: &str, flags: i32) -> Result<i32, i32> {
    probe.write(0, name.as_bytes());
    let rights = 1_i64 << 1 | 1 << 6;
    let params = (DEV, 1, 0, name.len() as i32, 0, rights, rights, flags, OUT);
    match probe.call("path_open", params).unwrap() {
        0 => Ok(probe.u32(OUT as usize) as i32),
        errno => Err(errno),
    }
}

/// One buffer after the other, of these lengths.
fn buffers(probe: &mut Probe<P1Ctx>, lens: &[u32]) -> (i32, i32) {
    let mut at = BUFFER as u32;
    for (number, len) in lens.iter().enumerate() {
        let iovec = IOVECS as usize + 8 * number;
        probe.write(iovec, &at.to_le_bytes());
        probe.write(iovec + 4, &len.to_le_bytes());
        at += len;
    }
    (IOVECS, lens.len() as i32)
}

fn read(probe: &mut Probe<P1Ctx>, fd: i32, lens: &[u32]) -> Result<Vec<u8>, i32> {
    probe.write(BUFFER as usize, &[7; 512]);
    let (iovecs, count) = buffers(probe, lens);
    match probe.call("fd_read", (fd, iovecs, count, OUT)).unwrap() {
        0 => Ok(probe.contents()[BUFFER as usize..][..probe.u32(OUT as usize) as usize].to_vec()),
        errno => Err(errno),
    }
}

fn write(probe: &mut Probe<P1Ctx>, fd: i32, lens: &[u32]) -> Result<u32, i32> {
    let (iovecs, count) = buffers(probe, lens);
    match probe.call("fd_write", (fd, iovecs, count, OUT)).unwrap() {
        0 => Ok(probe.u32(OUT as usize)),
        errno => Err(errno),
    }
}

fn random_get(probe: &mut Probe<P1Ctx>, len: i32) -> Vec<u8> {
    assert_eq!(probe.call("random_get", (BUFFER, len)).unwrap(), 0);
    probe.contents()[BUFFER as usize..][..len as usize].to_vec()
}

#[test]
fn devices_do_as_linux_says() {
    let bench = Bench::new();
    for version in [Version::P1, Version::P0] {
        let mut probe = guest(&bench, version, policies());
        // With and without appending.
        for flags in [0, 1] {
            for name in ["null", "zero", "full", "random", "urandom"] {
                let fd = open(&mut probe, name, flags).unwrap();
                let expected = match name {
                    "null" => Some(vec![]),
                    "zero" | "full" => Some(vec![0; 15]),
                    _ => None,
                };
                let bytes = read(&mut probe, fd, &[7, 0, 8]).unwrap();
                assert_eq!(bytes, expected.clone().unwrap_or_else(|| bytes.clone()), "{name}");
                let taken = if name == "full" { Err(NOSPC) } else { Ok(15) };
                assert_eq!(write(&mut probe, fd, &[8, 7]), taken, "{name}");
                assert_eq!(write(&mut probe, fd, &[]), taken.map(|_| 0), "{name}");

                // No place in it is another than 0.
                for (offset, whence) in [(100, 0), (-5_i64, 1), (-5, 2), (i64::MAX, 0), (i64::MIN, 1)] {
                    let whence = if version == Version::P1 { whence } else { [2, 0, 1][whence as usize] };
                    assert_eq!(probe.call("fd_seek", (fd, offset, whence, OUT)).unwrap(), 0);
                    assert_eq!(probe.u64(OUT as usize), 0, "{name}");
                }
                probe.write(OUT as usize, &[7; 8]);
                assert_eq!(probe.call("fd_tell", (fd, OUT)).unwrap(), 0);
                assert_eq!(probe.u64(OUT as usize), 0, "{name}");
                let (iovecs, count) = buffers(&mut probe, &[5]);
                assert_eq!(probe.call("fd_pread", (fd, iovecs, count, 1_i64 << 40, OUT)).unwrap(), 0);
                assert_eq!(probe.u32(OUT as usize), if name == "null" { 0 } else { 5 }, "{name}");
                let wrote = probe.call("fd_pwrite", (fd, iovecs, count, 1_i64 << 40, OUT)).unwrap();
                assert_eq!(wrote, if name == "full" { NOSPC } else { 0 }, "{name}");

                assert_eq!(probe.call("fd_sync", fd).unwrap(), INVAL);
                assert_eq!(probe.call("fd_datasync", fd).unwrap(), INVAL);
                assert_eq!(probe.call("fd_filestat_set_size", (fd, 0_i64)).unwrap(), INVAL);
                assert_eq!(probe.call("fd_advise", (fd, 0_i64, 0_i64, 0)).unwrap(), 0);
                assert_eq!(probe.call("fd_filestat_get", (fd, OUT)).unwrap(), 0);
                assert_eq!(probe.bytes(OUT as usize + 16), [CHARACTER_DEVICE]);
                assert_eq!(probe.call("fd_fdstat_get", (fd, OUT)).unwrap(), 0);
                assert_eq!(probe.bytes(OUT as usize), [CHARACTER_DEVICE]);
                assert_eq!(i32::from(probe.bytes::<1>(OUT as usize + 2)[0]), flags);

                let size = if version == Version::P1 { 48 } else { 56 };
                for (number, tag) in [(0, 1_u8), (1, 2)] {
                    probe.write(1024 + number * size, &vec![0; size]);
                    probe.write(1024 + number * size + 8, &[tag]);
                    probe.write(1024 + number * size + 16, &fd.to_le_bytes());
                }
                assert_eq!(probe.call("poll_oneoff", (1024, 4096, 2, 8)).unwrap(), 0);
                assert_eq!((probe.u32(8), probe.bytes(4096 + 24), probe.bytes(4096 + 56)), (2, [0, 0], [0, 0]));
                assert_eq!(probe.call("fd_close", fd).unwrap(), 0);
            }
        }
        assert_eq!(open(&mut probe, "tty", 0), Err(NOTSUP));
    }
}

/// One stream for all: what a device gives, `random_get` would have given, however it is cut.
#[test]
fn random_devices_give_the_bytes_of_the_run() {
    let bench = Bench::new();
    for version in [Version::P1, Version::P0] {
        let expected = random_get(&mut guest(&bench, version, policies()), 50);
        let mut probe = guest(&bench, version, policies());
        let (random, urandom) = (open(&mut probe, "random", 0).unwrap(), open(&mut probe, "urandom", 0).unwrap());
        let mut bytes = read(&mut probe, random, &[3, 10]).unwrap();
        bytes.extend(random_get(&mut probe, 9));
        bytes.extend(read(&mut probe, urandom, &[1]).unwrap());
        // What is written to it changes nothing.
        assert_eq!(write(&mut probe, urandom, &[16]), Ok(16));
        bytes.extend(read(&mut probe, urandom, &[27]).unwrap());
        assert_eq!(bytes, expected);

        let other = Policies::new(Seed::from_u64(15));
        let mut probe = guest(&bench, version, other);
        let urandom = open(&mut probe, "urandom", 0).unwrap();
        assert_ne!(read(&mut probe, urandom, &[50]).unwrap(), expected);
    }
}

#[test]
fn a_policy_that_refuses_is_an_error_of_the_read() {
    let bench = Bench::new();
    for version in [Version::P1, Version::P0] {
        let refusing = Policies { secure_random: Box::new(Refusing), ..policies() };
        let mut probe = guest(&bench, version, refusing);
        let urandom = open(&mut probe, "urandom", 0).unwrap();
        assert_eq!(read(&mut probe, urandom, &[8]), Err(NOTSUP));
        assert_eq!(write(&mut probe, urandom, &[8]), Ok(8));
        let zero = open(&mut probe, "zero", 0).unwrap();
        assert_eq!(read(&mut probe, zero, &[8]), Ok(vec![0; 8]));
    }
}
