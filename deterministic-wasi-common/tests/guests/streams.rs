//! Arguments, environment and standard streams.

use deterministic_wasi_common::DeterministicWasiCtxBuilder;
use deterministic_wasi_common::wasi_common::pipe::WritePipe;

use crate::support::*;

#[test]
fn what_the_builder_is_given() {
    let [stdout, stderr] = [WritePipe::new_in_memory(), WritePipe::new_in_memory()];
    let builder = DeterministicWasiCtxBuilder::new()
        .arg("guest")
        .args(["one", "two"])
        .env("A", "1")
        .env("B", "")
        .stdin_bytes("hello")
        .stdout(Box::new(stdout.clone()))
        .stderr(Box::new(stderr.clone()));
    let mut guest = Guest::new(builder);
    assert_eq!(guest.call("args_get", &[0x100, 0x200]), Ok(0));
    assert_eq!(guest.bytes(0x200, 15), b"guest\0one\0two\0\0");
    assert_eq!(guest.call("environ_get", &[0x100, 0x300]), Ok(0));
    assert_eq!(guest.bytes(0x300, 8), b"A=1\0B=\0\0");

    // One buffer at 0x500.
    guest.put(0x400, &[0, 5, 0, 0, 16, 0, 0, 0]);
    assert_eq!(guest.call("fd_read", &[0, 0x400, 1, 0x600]), Ok(0));
    assert_eq!((guest.bytes(0x500, 5), guest.bytes(0x600, 4)), (b"hello".to_vec(), vec![5, 0, 0, 0]));
    for (fd, text) in [(1, "out"), (2, "err")] {
        guest.put(0x500, text.as_bytes());
        guest.put(0x404, &[3]);
        assert_eq!(guest.call("fd_write", &[fd, 0x400, 1, 0x600]), Ok(0));
    }
    drop(guest);
    assert_eq!(stdout.try_into_inner().expect("the context is gone").into_inner(), b"out");
    assert_eq!(stderr.try_into_inner().expect("the context is gone").into_inner(), b"err");
}

/// Nothing of the host's is seen unless it is given.
#[test]
fn what_it_is_not_given() {
    let mut guest = Guest::new(DeterministicWasiCtxBuilder::new());
    guest.put(0x200, &[9; 4]);
    assert_eq!(guest.call("args_get", &[0x100, 0x200]), Ok(0));
    assert_eq!(guest.call("environ_get", &[0x100, 0x200]), Ok(0));
    assert_eq!(guest.bytes(0x200, 4), [9; 4]);
    guest.put(0x400, &[0, 5, 0, 0, 16, 0, 0, 0]);
    assert_eq!(guest.call("fd_read", &[0, 0x400, 1, 0x600]), Ok(0));
    assert_eq!(guest.bytes(0x600, 4), [0; 4]);
}
