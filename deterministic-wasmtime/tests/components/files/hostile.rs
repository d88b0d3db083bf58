//! What a hostile guest gets.

use deterministic_wasmtime::Deterministic;
use p3_types::HostDescriptorWithStore as _;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    Advice, DescriptorFlags, HostDescriptor, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::bindings::sync::io::streams::{HostInputStream, HostOutputStream};
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, StreamError};
use wasmtime_wasi::p3::bindings::filesystem::types as p3_types;

use super::{Host, NAMES, code, fd, tree};

#[test]
fn what_is_for_files_refuses_directories_and_the_other_way_round() {
    let dir = tree(&NAMES);
    for mut host in [Host::live(dir.path()), Host::hermetic(dir.path())] {
        let (root, file) = (host.root(), host.read_only("zeta"));
        assert_eq!(code(host.pread(root, 1, 0)), ErrorCode::BadDescriptor);
        assert_eq!(code(host.pwrite(root, &[1], 0)), ErrorCode::BadDescriptor);
        let mut view = host.view();
        assert_eq!(code(view.advise(fd(root), 0, 0, Advice::Normal)), ErrorCode::BadDescriptor);
        assert_eq!(code(view.set_size(fd(root), 0)), ErrorCode::BadDescriptor);
        let none = PathFlags::empty();
        assert_eq!(code(view.read_directory(fd(file))), ErrorCode::NotDirectory);
        assert_eq!(code(view.stat_at(fd(file), none, ".".into())), ErrorCode::NotDirectory);
        assert_eq!(code(view.create_directory_at(fd(file), "a".into())), ErrorCode::NotDirectory);
        assert_eq!(code(view.readlink_at(fd(file), "a".into())), ErrorCode::NotDirectory);
        assert_eq!(code(view.unlink_file_at(fd(file), "a".into())), ErrorCode::NotDirectory);
        assert_eq!(code(view.remove_directory_at(fd(file), "a".into())), ErrorCode::NotDirectory);
        assert_eq!(code(view.symlink_at(fd(file), "a".into(), "b".into())), ErrorCode::NotDirectory);
        assert_eq!(code(view.metadata_hash_at(fd(file), none, "a".into())), ErrorCode::NotDirectory);
        let renamed = view.rename_at(fd(root), "zeta".into(), fd(file), "a".into());
        assert_eq!(code(renamed), ErrorCode::NotDirectory);
        assert_eq!(code(view.link_at(fd(file), none, "a".into(), fd(root), "b".into())), ErrorCode::NotDirectory);
        // The directory is looked at before the flags, as on stock.
        let synchronous = DescriptorFlags::READ | DescriptorFlags::DATA_INTEGRITY_SYNC;
        let opened = view.open_at(fd(file), none, "a".into(), OpenFlags::empty(), synchronous);
        assert_eq!(code(opened), ErrorCode::NotDirectory);
        let both = OpenFlags::DIRECTORY | OpenFlags::CREATE;
        let opened = view.open_at(fd(root), none, "a".into(), both, synchronous);
        assert_eq!(code(opened), ErrorCode::Unsupported);
        let opened = view.open_at(fd(root), none, "a".into(), both, DescriptorFlags::READ);
        assert_eq!(code(opened), ErrorCode::Invalid);
    }
}

#[test]
fn flags_are_those_it_was_opened_with() {
    let dir = tree(&NAMES);
    for mut host in [Host::live(dir.path()), Host::hermetic(dir.path())] {
        let (read, write) = (DescriptorFlags::READ, DescriptorFlags::WRITE);
        let (none, create) = (OpenFlags::empty(), OpenFlags::CREATE);
        for (path, open, flags, expected) in [
            ("zeta", none, read, read),
            ("zeta", none, write, write),
            ("zeta", none, read | write, read | write),
            // One that asks for nothing can read, and one that makes a file can write: as on stock.
            ("zeta", none, DescriptorFlags::empty(), read),
            ("zeta", create, read, read | write),
            ("inner", none, read, read),
        ] {
            let open = host.open(path, open, flags).unwrap();
            assert_eq!(host.view().get_flags(fd(open)).unwrap(), expected, "{path} {flags:?}");
        }
        let root = host.root();
        assert_eq!(host.view().get_flags(fd(root)).unwrap(), read | DescriptorFlags::MUTATE_DIRECTORY);
    }
}

#[test]
fn extreme_numbers_are_errors_or_the_end_of_the_file() {
    let dir = tree(&NAMES);
    for mut host in [Host::live(dir.path()), Host::hermetic(dir.path())] {
        let open = host.create("zeta");
        for offset in [1 << 63, u64::MAX - 1, u64::MAX] {
            assert_eq!(code(host.pread(open, u64::MAX, offset)), ErrorCode::Invalid);
            assert_eq!(code(host.pwrite(open, &[1], offset)), ErrorCode::Invalid);
            let stream = host.view().read_via_stream(fd(open), offset).unwrap();
            let read = HostInputStream::read(&mut host.view(), stream, 1 << 63);
            assert!(matches!(read, Err(StreamError::LastOperationFailed(_))));
            let stream = host.view().write_via_stream(fd(open), offset).unwrap();
            let written = HostOutputStream::write(&mut host.view(), stream, vec![1]);
            assert!(matches!(written, Err(StreamError::LastOperationFailed(_))));
            assert!(host.view().set_size(fd(open), offset).is_err());
            host.view().advise(fd(open), offset, 1, Advice::WillNeed).unwrap();
            assert_eq!(code(host.view().advise(fd(open), 0, offset, Advice::WillNeed)), ErrorCode::Invalid);
        }
        // Its end would be past the last offset.
        assert_eq!(code(host.pread(open, 1 << 63, (1 << 63) - 1)), ErrorCode::Invalid);
        let (bytes, end) = host.pread(open, 1 << 63, 1 << 62).unwrap();
        assert!(bytes.is_empty() && end);
        let (bytes, end) = host.pread(open, 1 << 63, 0).unwrap();
        assert_eq!((bytes.len(), end), (400, false));
    }
}

/// Numbers that are not in the table, or are something else's, end the guest.
#[test]
fn a_number_of_something_else_traps() {
    let dir = tree(&NAMES);
    let mut host = Host::hermetic(dir.path());
    let pipe: DynInputStream = Box::new(MemoryInputPipe::new("pipe"));
    let pipe = host.view().table.push(pipe).unwrap().rep();
    for number in [pipe, 1 << 20, u32::MAX] {
        assert!(host.view().stat(fd(number)).unwrap_err().downcast().is_err());
        assert!(host.view().read_directory(fd(number)).unwrap_err().downcast().is_err());
        assert!(host.view().is_same_object(fd(number), fd(number)).is_err());
        assert!(HostDescriptor::drop(&mut host.view(), fd(number)).is_err());
        let error = host.run3(async move |store| Deterministic::stat(store, fd(number)).await.unwrap_err());
        assert!(error.downcast().is_err());
    }
    let open = host.read_only("zeta");
    assert!(matches!(
        HostInputStream::read(&mut host.view(), Resource::new_borrow(open), 1),
        Err(StreamError::Trap(_))
    ));
}

/// A stream of the embedder's may permit more than any host has.
#[test]
fn more_zeros_than_any_host_has_end_the_guest_and_not_the_process() {
    let dir = tree(&NAMES);
    let mut host = Host::hermetic(dir.path());
    let pipe = MemoryOutputPipe::new(usize::MAX);
    let wide: DynOutputStream = Box::new(pipe.clone());
    let stream = host.view().table.push(wide).unwrap().rep();
    let output = || Resource::new_borrow(stream);
    host.view().write_zeroes(output(), 70_000).unwrap();
    assert_eq!(pipe.contents(), vec![0; 70_000]);
    for len in [1 << 60, u64::MAX] {
        assert!(matches!(host.view().write_zeroes(output(), len), Err(StreamError::Trap(_))), "{len}");
    }
    assert_eq!(pipe.contents().len(), 70_000);
}
