//! The devices of a mounted `/dev` that are the same everywhere, by 0.2 and 0.3.

use std::path::Path;

use deterministic_wasmtime::Deterministic;
use deterministic_wasmtime::core::{Policies, Seed};
use deterministic_wasmtime::policies::Refusing;
use deterministic_wasmtime::{ComponentCtx, WasiCtxBuilderExt as _};
use p3_types::HostDescriptorWithStore as _;
use wasmtime::Store;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::StreamError;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::bindings::random::random::Host as _;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    DescriptorFlags, DescriptorType, HostDescriptor as _, OpenFlags,
};
use wasmtime_wasi::p2::bindings::sync::io::poll::HostPollable;
use wasmtime_wasi::p2::bindings::sync::io::streams::{HostInputStream, HostOutputStream};
use wasmtime_wasi::p3::bindings::filesystem::types as p3_types;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use super::{Fd, Host, code, fd};
use crate::host::engine;

const CHUNK: usize = 64 << 10;

fn host(policies: Policies) -> Host {
    let mut builder = WasiCtxBuilder::new();
    builder.preopened_dir(Path::new("/dev"), "/dev", FsPerms::ReadWrite).unwrap();
    let ctx: ComponentCtx = builder.build_deterministic(policies);
    Host { store: Store::new(&engine(), ctx) }
}

fn policies() -> Policies {
    Policies::new(Seed::from_u64(14))
}

impl Host {
    fn device(&mut self, name: &str) -> Fd {
        self.open(name, OpenFlags::empty(), DescriptorFlags::READ | DescriptorFlags::WRITE).unwrap()
    }

    /// What the first piece of a stream of 0.2 is.
    fn first(&mut self, open: Fd, offset: u64, len: u64) -> Result<Vec<u8>, StreamError> {
        let mut view = self.view();
        let stream = view.read_via_stream(fd(open), offset).unwrap();
        HostInputStream::read(&mut view, stream, len)
    }
}

#[test]
fn devices_do_as_linux_says() {
    for name in ["null", "zero", "full", "random", "urandom"] {
        let mut host = host(policies());
        let device = host.device(name);
        let stat = host.view().stat(fd(device)).unwrap();
        assert!(matches!(stat.type_, DescriptorType::CharacterDevice));
        assert!(matches!(host.view().get_type(fd(device)).unwrap(), DescriptorType::CharacterDevice));
        assert_eq!((stat.size, stat.link_count), (0, 1));

        let (bytes, end) = host.pread(device, 100, 1 << 40).unwrap();
        assert_eq!((bytes.len(), end), if name == "null" { (0, true) } else { (100, false) });
        match (name, host.first(device, 5, u64::MAX)) {
            ("null", Err(StreamError::Closed)) => {}
            ("zero" | "full", Ok(bytes)) => assert!(bytes == vec![0; CHUNK]),
            ("random" | "urandom", Ok(bytes)) => assert_eq!(bytes.len(), CHUNK),
            (_, read) => panic!("{name}: {read:?}"),
        }
        let mut view = host.view();
        let (output, append) =
            (view.write_via_stream(fd(device), 7).unwrap(), view.append_via_stream(fd(device)).unwrap());
        for stream in [output.rep(), append.rep()] {
            let pollable = HostOutputStream::subscribe(&mut view, Resource::new_borrow(stream)).unwrap();
            assert!(HostPollable::ready(&mut view, Resource::new_borrow(pollable.rep())).unwrap());
            match (name, HostOutputStream::write(&mut view, Resource::new_borrow(stream), vec![1; 1000])) {
                ("full", Err(StreamError::LastOperationFailed(_))) => {}
                ("full", written) => panic!("{written:?}"),
                (_, written) => written.unwrap(),
            }
        }
        assert_eq!(code(view.sync(fd(device))), ErrorCode::Invalid);
        assert_eq!(code(view.set_size(fd(device), 0)), ErrorCode::Invalid);
        match name {
            "full" => assert_eq!(code(host.pwrite(device, b"text", 9)), ErrorCode::InsufficientSpace),
            _ => assert_eq!(host.pwrite(device, b"text", 9).unwrap(), 4),
        }
    }
    let mut host = host(policies());
    let flags = DescriptorFlags::READ;
    assert_eq!(code(host.open("tty", OpenFlags::empty(), flags)), ErrorCode::Unsupported);
}

#[test]
fn devices_do_the_same_by_0_3() {
    for name in ["null", "zero", "full", "random", "urandom"] {
        let mut host = host(policies());
        let device = host.device(name);
        let (pieces, ended) = host.collect_up_to(2, |store| Deterministic::read_via_stream(store, fd(device), 1 << 40));
        assert!(ended.is_ok());
        let sizes: Vec<usize> = pieces.iter().map(Vec::len).collect();
        assert_eq!(sizes, if name == "null" { vec![] } else { vec![CHUNK; 2] }, "{name}");
        if name == "zero" || name == "full" {
            assert!(pieces.concat().iter().all(|byte| *byte == 0));
        }
        for offset in [Some(9), None] {
            match (name, host.write3(device, &[1; 100_000], offset)) {
                ("full", Err(p3_types::ErrorCode::InsufficientSpace)) => {}
                ("full", ended) => panic!("{ended:?}"),
                (_, ended) => assert!(ended.is_ok()),
            }
        }
        let kind = host.run3(async |store| Deterministic::get_type(store, fd(device)).await.unwrap());
        assert!(matches!(kind, p3_types::DescriptorType::CharacterDevice));
    }
}

/// One stream for all: what devices give, `get-random-bytes` would have given, whatever the version.
#[test]
fn random_devices_give_the_bytes_of_the_run() {
    const LEN: usize = CHUNK + 100;
    let mut plain = host(policies());
    let expected = plain.view().get_random_bytes(LEN as u64).unwrap();
    let mut host = host(policies());
    let (random, urandom) = (host.device("random"), host.device("urandom"));
    let mut bytes = host.pread(random, 13, 0).unwrap().0;
    bytes.extend(host.first(urandom, 3, 27).unwrap());
    bytes.extend(host.view().get_random_bytes(10).unwrap());
    let (pieces, _) = host.collect_up_to(1, |store| Deterministic::read_via_stream(store, fd(random), 0));
    bytes.extend(pieces.concat());
    bytes.extend(host.pread(random, (LEN - bytes.len()) as u64, 0).unwrap().0);
    assert!(bytes == expected);
}

#[test]
fn a_policy_that_refuses_is_an_error_of_the_read() {
    let mut host = host(Policies { secure_random: Box::new(Refusing), ..policies() });
    let urandom = host.device("urandom");
    assert_eq!(code(host.pread(urandom, 8, 0)), ErrorCode::Unsupported);
    assert!(matches!(host.first(urandom, 0, 8), Err(StreamError::LastOperationFailed(_))));
    let (pieces, ended) = host.collect_up_to(1, |store| Deterministic::read_via_stream(store, fd(urandom), 0));
    assert!(pieces.is_empty() && matches!(ended, Err(p3_types::ErrorCode::Unsupported)), "{ended:?}");
    assert_eq!(host.pwrite(urandom, b"text", 0).unwrap(), 4);
}
