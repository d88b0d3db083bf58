//! What a guest makes the host hold through files.

use deterministic_wasmtime::Deterministic;
use p3_types::HostDescriptorWithStore as _;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    DescriptorFlags, HostDescriptor, HostDirectoryEntryStream, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::bindings::sync::io::poll::HostPollable;
use wasmtime_wasi::p2::bindings::sync::io::streams::{self, HostInputStream, HostOutputStream};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, IoError};
use wasmtime_wasi::p3::bindings::filesystem::types as p3_types;
use wasmtime_wasi_io::bindings::wasi::io::error::HostError;

use super::{Fd, Host, NAMES, code, fd, tree};

impl Host {
    fn limit(&mut self, bytes: u64) {
        self.view().ctx.set_max_held_bytes(bytes);
    }

    fn held(&mut self) -> u64 {
        self.view().ctx.held_bytes()
    }

    fn close(&mut self, open: Fd) {
        HostDescriptor::drop(&mut self.view(), Resource::new_own(open)).unwrap();
    }
}

fn borrow<T: 'static>(number: u32) -> Resource<T> {
    Resource::new_borrow(number)
}

fn new<T: 'static>(number: u32) -> Resource<T> {
    Resource::new_own(number)
}

#[test]
fn descriptors_and_listings_count_until_they_are_dropped() {
    let dir = tree(&NAMES);
    for mut host in [Host::live(dir.path()), Host::hermetic(dir.path())] {
        let root = host.root();
        host.limit(3 * 256);
        let (read, none) = (DescriptorFlags::READ, PathFlags::empty());
        let open = |host: &mut Host, path: &str, flags| host.view().open_at(fd(root), none, path.into(), flags, read);
        let two = ["zeta", "inner"].map(|path| open(&mut host, path, OpenFlags::empty()).unwrap().rep());
        assert_eq!(host.held(), 768);
        // Refused before anything is made.
        assert_eq!(code(open(&mut host, "new", OpenFlags::CREATE)), ErrorCode::InsufficientMemory);
        let opened = host.run3(async move |store| {
            let (none, open) = (p3_types::PathFlags::empty(), p3_types::OpenFlags::empty());
            Deterministic::open_at(store, fd(root), none, "zeta".into(), open, p3_types::DescriptorFlags::READ).await
        });
        let error = opened.unwrap_err().downcast().unwrap();
        assert!(matches!(error, p3_types::ErrorCode::InsufficientMemory), "{error:?}");
        for open in two {
            host.close(open);
        }
        assert_eq!(code(open(&mut host, "new", OpenFlags::empty())), ErrorCode::NoEntry);

        // `inner`, `link`, `zeta`, `alpha`, `Zeta`
        let listing = 256 + 5 * 64 + (5 + 4 + 4 + 5 + 4);
        host.limit(256 + listing - 1);
        assert_eq!(code(host.view().read_directory(fd(root))), ErrorCode::InsufficientMemory);
        host.limit(256 + listing);
        for _ in 0..3 {
            let stream = host.view().read_directory(fd(root)).unwrap();
            assert_eq!(host.held(), 256 + listing);
            HostDirectoryEntryStream::drop(&mut host.view(), stream).unwrap();
        }
        host.close(root);
        assert_eq!(host.held(), 0);
    }
}

#[test]
fn streams_their_pollables_and_their_errors_count() {
    let dir = tree(&NAMES);
    let mut host = Host::hermetic(dir.path());
    let file = host.create("zeta");
    let before = host.held();
    host.limit(before + 5 * 256);
    let input = host.view().read_via_stream(fd(file), u64::MAX).unwrap().rep();
    let output = host.view().append_via_stream(fd(file)).unwrap().rep();
    let of_input = HostInputStream::subscribe(&mut host.view(), borrow::<DynInputStream>(input)).unwrap();
    let of_output = HostOutputStream::subscribe(&mut host.view(), borrow::<DynOutputStream>(output)).unwrap();
    let failed = HostInputStream::read(&mut host.view(), borrow::<DynInputStream>(input), 1).unwrap_err();
    let error = match streams::Host::convert_stream_error(&mut host.view(), failed).unwrap() {
        streams::StreamError::LastOperationFailed(error) => error,
        streams::StreamError::Closed => panic!("no error"),
    };
    assert_eq!(host.held(), before + 5 * 256);
    assert_eq!(code(host.view().read_via_stream(fd(file), 0)), ErrorCode::InsufficientMemory);
    assert_eq!(code(host.view().write_via_stream(fd(file), 0)), ErrorCode::InsufficientMemory);
    assert!(HostInputStream::subscribe(&mut host.view(), borrow::<DynInputStream>(input)).is_err());
    HostError::drop(&mut host.view(), new::<IoError>(error.rep())).unwrap();
    for pollable in [of_input, of_output] {
        HostPollable::drop(&mut host.view(), new::<DynPollable>(pollable.rep())).unwrap();
    }
    assert_eq!(host.held(), before + 2 * 256);
    HostOutputStream::drop(&mut host.view(), new::<DynOutputStream>(output)).unwrap();
    assert_eq!(host.held(), before + 256);
}
