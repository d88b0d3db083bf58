//! Streams of files of WASI 0.2.

use deterministic_wasmtime::fs::{Access, FileSystem, OBJECT_SIZE, Tree};
use tempfile::TempDir;
use wasmtime::component::Resource;
use wasmtime_wasi::FsPerms;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{
    DescriptorFlags, Host as _, HostDescriptor as _, OpenFlags,
};
use wasmtime_wasi::p2::bindings::sync::io::streams::{Host as _, HostInputStream, HostOutputStream, StreamError};
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, StreamError as Failure, StreamResult};
use wasmtime_wasi_io::bindings::wasi::io::error::HostError as _;

use super::{Fd, Host, NAMES, code, fd, on_the_host, tree};

const CHUNK: usize = 64 << 10;

fn content(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}

type Stream = u32;

impl Host {
    fn write_file(&mut self, path: &str, bytes: &[u8]) -> Fd {
        let open = self.create(path);
        for (i, chunk) in bytes.chunks(CHUNK).enumerate() {
            let written = self.pwrite(open, chunk, (i * CHUNK) as u64).unwrap();
            assert_eq!(written, chunk.len() as u64);
        }
        open
    }

    fn contents(&mut self, open: Fd) -> Vec<u8> {
        let mut contents = Vec::new();
        loop {
            let (bytes, end) = self.pread(open, u64::MAX, contents.len() as u64).unwrap();
            contents.extend(bytes);
            if end {
                return contents;
            }
        }
    }

    fn input(&mut self, open: Fd, offset: u64) -> Stream {
        self.view().read_via_stream(fd(open), offset).unwrap().rep()
    }

    fn output(&mut self, open: Fd, offset: u64) -> Stream {
        self.view().write_via_stream(fd(open), offset).unwrap().rep()
    }

    fn append(&mut self, open: Fd) -> Stream {
        self.view().append_via_stream(fd(open)).unwrap().rep()
    }

    fn read(&mut self, stream: Stream, len: u64) -> StreamResult<Vec<u8>> {
        HostInputStream::read(&mut self.view(), Resource::new_borrow(stream), len)
    }

    fn write(&mut self, stream: Stream, bytes: &[u8]) -> StreamResult<()> {
        HostOutputStream::write(&mut self.view(), Resource::new_borrow(stream), bytes.to_vec())
    }

    fn check_write(&mut self, stream: Stream) -> StreamResult<u64> {
        self.view().check_write(Resource::new_borrow(stream))
    }

    fn splice(&mut self, to: Stream, from: Stream, len: u64, blocking: bool) -> StreamResult<u64> {
        let mut view = self.view();
        let (to, from) = (Resource::new_borrow(to), Resource::new_borrow(from));
        if blocking { view.blocking_splice(to, from, len) } else { view.splice(to, from, len) }
    }

    /// The code and the text that the guest gets for an error of a stream.
    fn told(&mut self, failure: Failure) -> (ErrorCode, String) {
        let mut view = self.view();
        let Ok(StreamError::LastOperationFailed(error)) = view.convert_stream_error(failure) else {
            panic!("no error for the guest")
        };
        let code = view.filesystem_error_code(Resource::new_borrow(error.rep())).unwrap().unwrap();
        // Both flavours have the same names.
        let code = format!("{code:?}");
        let text = view.to_debug_string(Resource::new_borrow(error.rep())).unwrap();
        let code = [ErrorCode::BadDescriptor, ErrorCode::InsufficientSpace, ErrorCode::Invalid]
            .into_iter()
            .find(|known| format!("{known:?}") == code);
        (code.unwrap_or_else(|| panic!("{text}")), text)
    }
}

/// A live mount and a hermetic one, and the directory that lies behind them.
fn both() -> (TempDir, [Host; 2]) {
    let dir = tree(&NAMES);
    let hosts = [Host::live(dir.path()), Host::hermetic(dir.path())];
    (dir, hosts)
}

#[test]
fn a_file_is_read_in_full_chunks_at_once_and_then_closed() {
    let bytes = content(200 << 10);
    let (_dir, hosts) = both();
    for mut host in hosts {
        let open = host.write_file("large", &bytes);
        for blocking in [false, true] {
            let stream = host.input(open, 0);
            let (mut read, mut sizes) = (Vec::new(), Vec::new());
            loop {
                let chunk = match blocking {
                    true => host.view().blocking_read(Resource::new_borrow(stream), u64::MAX),
                    false => host.read(stream, u64::MAX),
                };
                match chunk {
                    Ok(chunk) => {
                        sizes.push(chunk.len());
                        read.extend(chunk);
                    }
                    Err(Failure::Closed) => break,
                    Err(error) => panic!("{error}"),
                }
            }
            assert_eq!(sizes, [CHUNK, CHUNK, CHUNK, 8 << 10]);
            assert!(read == bytes);
            assert!(matches!(host.read(stream, 1), Err(Failure::Closed)));
            assert!(matches!(host.read(stream, 0), Err(Failure::Closed)));
        }
        let stream = host.input(open, 1000);
        assert!(host.read(stream, 0).unwrap().is_empty());
        assert_eq!(host.read(stream, 3).unwrap(), bytes[1000..1003]);
        assert_eq!(host.view().skip(Resource::new_borrow(stream), 10).unwrap(), 10);
        assert_eq!(host.view().blocking_skip(Resource::new_borrow(stream), u64::MAX).unwrap(), CHUNK as u64);
        assert_eq!(host.read(stream, 3).unwrap(), bytes[1013 + CHUNK..1016 + CHUNK]);
    }
}

#[test]
fn what_is_written_is_there_at_once() {
    let (_dir, hosts) = both();
    for mut host in hosts {
        let open = host.write_file("written", b"0123456789");
        let stream = host.output(open, 4);
        assert_eq!(host.check_write(stream).unwrap(), CHUNK as u64);
        host.write(stream, b"ab").unwrap();
        host.write(stream, b"cd").unwrap();
        assert_eq!(host.contents(open), b"0123abcd89");
        host.view().flush(Resource::new_borrow(stream)).unwrap();
        host.view().blocking_flush(Resource::new_borrow(stream)).unwrap();
        host.view().blocking_write_and_flush(Resource::new_borrow(stream), b"efgh".to_vec()).unwrap();
        host.view().write_zeroes(Resource::new_borrow(stream), 2).unwrap();
        host.view().blocking_write_zeroes_and_flush(Resource::new_borrow(stream), 1).unwrap();
        assert_eq!(host.contents(open), b"0123abcdefgh\0\0\0");
        let (one, other) = (host.append(open), host.append(open));
        host.write(one, b"x").unwrap();
        host.write(other, b"y").unwrap();
        host.write(one, b"z").unwrap();
        assert_eq!(host.contents(open), b"0123abcdefgh\0\0\0xyz");
        // A gap is zeros.
        let far = host.output(open, 20);
        host.write(far, b"!").unwrap();
        assert_eq!(host.contents(open), b"0123abcdefgh\0\0\0xyz\0\0!");
        let whole = content(CHUNK);
        let stream = host.output(open, 0);
        host.write(stream, &whole).unwrap();
        assert!(host.contents(open) == whole);
    }
}

#[test]
fn more_than_was_permitted_traps() {
    let (_dir, hosts) = both();
    for mut host in hosts {
        let open = host.create("new");
        let stream = host.output(open, 0);
        assert!(matches!(host.write(stream, &content(CHUNK + 1)), Err(Failure::Trap(_))));
        let mut view = host.view();
        let output = || Resource::<DynOutputStream>::new_borrow(stream);
        for len in [CHUNK as u64 + 1, 1 << 63, u64::MAX] {
            assert!(matches!(view.write_zeroes(output(), len), Err(Failure::Trap(_))));
            assert!(matches!(view.blocking_write_zeroes_and_flush(output(), len), Err(Failure::Trap(_))));
        }
        assert!(matches!(view.blocking_write_and_flush(output(), content(4097)), Err(Failure::Trap(_))));
    }
}

#[test]
fn streams_are_spliced_with_files_on_either_side() {
    let (_dir, hosts) = both();
    for mut host in hosts {
        for blocking in [false, true] {
            let bytes = content(CHUNK + 10);
            let from = host.write_file("from", &bytes);
            let to = host.create(if blocking { "to" } else { "to-blocking" });
            // File to file.
            let (input, output) = (host.input(from, 0), host.output(to, 0));
            assert_eq!(host.splice(output, input, 0, blocking).unwrap(), 0);
            assert_eq!(host.splice(output, input, u64::MAX, blocking).unwrap(), CHUNK as u64);
            assert_eq!(host.splice(output, input, 1 << 63, blocking).unwrap(), 10);
            assert!(matches!(host.splice(output, input, 1, blocking), Err(Failure::Closed)));
            assert!(host.contents(to) == bytes);
            // What stands for standard input to file, and file to what stands for standard output.
            let stdin: DynInputStream = Box::new(MemoryInputPipe::new("a line\n"));
            let stdin = host.view().table.push(stdin).unwrap().rep();
            let pipe = MemoryOutputPipe::new(1 << 20);
            let stdout: DynOutputStream = Box::new(pipe.clone());
            let stdout = host.view().table.push(stdout).unwrap().rep();
            let append = host.append(to);
            assert_eq!(host.splice(append, stdin, 100, blocking).unwrap(), 7);
            assert!(matches!(host.splice(append, stdin, 100, blocking), Err(Failure::Closed)));
            let input = host.input(to, CHUNK as u64);
            assert_eq!(host.splice(stdout, input, 100, blocking).unwrap(), 17);
            assert_eq!(pipe.contents()[10..], *b"a line\n");
            // None of them a file.
            let stdin: DynInputStream = Box::new(MemoryInputPipe::new("more"));
            let stdin = host.view().table.push(stdin).unwrap().rep();
            assert_eq!(host.splice(stdout, stdin, 100, blocking).unwrap(), 4);
            assert_eq!(pipe.contents()[10..], *b"a line\nmore");
        }
    }
}

#[test]
fn an_error_of_a_stream_has_a_code_and_closes_it() {
    let (_dir, hosts) = both();
    for mut host in hosts {
        let unreadable = host.open("unreadable", OpenFlags::CREATE, DescriptorFlags::WRITE).unwrap();
        let stream = host.input(unreadable, 0);
        let error = host.read(stream, 1).unwrap_err();
        assert_eq!(host.told(error), (ErrorCode::BadDescriptor, "bad descriptor".to_owned()));
        for _ in 0..2 {
            assert!(matches!(host.read(stream, 1), Err(Failure::Closed)));
        }
        let unwritable = host.read_only("zeta");
        let stream = host.output(unwritable, 0);
        assert_eq!(host.check_write(stream).unwrap(), CHUNK as u64);
        let error = host.write(stream, b"x").unwrap_err();
        assert_eq!(host.told(error).0, ErrorCode::BadDescriptor);
        assert!(matches!(host.check_write(stream), Err(Failure::Closed)));
        assert!(matches!(host.write(stream, b"x"), Err(Failure::Closed)));
        assert!(matches!(host.view().flush(Resource::new_borrow(stream)), Err(Failure::Closed)));
        // What another stream says is not an error of a file.
        let other = host.view().table.push(wasmtime::Error::new(std::io::Error::other("the host's"))).unwrap();
        assert!(host.view().filesystem_error_code(other).unwrap().is_none());
    }
}

#[test]
fn streams_start_as_on_stock() {
    let dir = tree(&NAMES);
    for mut host in [Host::live(dir.path()), Host::hermetic(dir.path())] {
        let root = host.root();
        assert_eq!(code(host.view().read_via_stream(fd(root), 0)), ErrorCode::IsDirectory);
        assert_eq!(code(host.view().write_via_stream(fd(root), 0)), ErrorCode::BadDescriptor);
        assert_eq!(code(host.view().append_via_stream(fd(root))), ErrorCode::BadDescriptor);
    }
    let mut host = Host::live_with(dir.path(), FsPerms::ReadOnly);
    let file = host.read_only("zeta");
    assert_eq!(code(host.view().write_via_stream(fd(file), 0)), ErrorCode::NotPermitted);
    assert_eq!(code(host.view().append_via_stream(fd(file))), ErrorCode::NotPermitted);
    assert_eq!(code(host.pwrite(file, &[1], 0)), ErrorCode::NotPermitted);
}

#[test]
fn a_full_file_system_says_so_through_a_stream() {
    let mut host = Host::new();
    let mut files = FileSystem::new(0, 10 * OBJECT_SIZE);
    files.mount_hermetic(&Tree::new().into(), "/", Access::ReadWrite).unwrap();
    *host.view().ctx.files() = files;
    let open = host.create("large");
    let stream = host.output(open, 0);
    let bytes = content(10 * OBJECT_SIZE as usize);
    let error = host.write(stream, &bytes).unwrap_err();
    assert_eq!(host.told(error), (ErrorCode::InsufficientSpace, "no space left".to_owned()));
    assert!(matches!(host.check_write(stream), Err(Failure::Closed)));
    // What there was room for is there.
    let written = host.contents(open);
    assert!(written.len() > 7 * OBJECT_SIZE as usize && bytes.starts_with(&written), "{}", written.len());
    assert_eq!(code(host.pwrite(open, &[1], written.len() as u64)), ErrorCode::InsufficientSpace);
}

#[test]
fn what_a_guest_does_to_a_hermetic_tree_does_not_reach_the_host() {
    let dir = tree(&NAMES);
    let before = on_the_host(dir.path());
    let mut host = Host::hermetic(dir.path());
    let open = host.create("zeta");
    let stream = host.output(open, 0);
    host.write(stream, b"changed").unwrap();
    host.create("new");
    let root = host.root();
    host.view().unlink_file_at(fd(root), "alpha".into()).unwrap();
    host.view().create_directory_at(fd(root), "directory".into()).unwrap();
    host.view().rename_at(fd(root), "inner/a".into(), fd(root), "directory/a".into()).unwrap();
    host.view().set_size(fd(open), 3).unwrap();
    assert_eq!(host.contents(open), b"cha");
    assert_eq!(on_the_host(dir.path()), before);
    let changes = host.view().ctx.files().changes(0).unwrap().unwrap();
    let paths: Vec<_> = changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(paths, ["alpha", "directory", "directory/a", "inner/a", "new", "zeta"]);
}

/// A stream outlives its descriptor, and its number can be another stream's afterwards.
#[test]
fn a_dropped_stream_is_gone() {
    let (_dir, hosts) = both();
    for mut host in hosts {
        let open = host.write_file("file", b"file");
        let stream = host.input(open, 0);
        wasmtime_wasi::p2::bindings::sync::filesystem::types::HostDescriptor::drop(&mut host.view(), fd(open)).unwrap();
        assert_eq!(host.read(stream, 2).unwrap(), b"fi");
        let pollable = HostInputStream::subscribe(&mut host.view(), Resource::new_borrow(stream)).unwrap();
        // As on stock, not while somebody waits for it.
        assert!(HostInputStream::drop(&mut host.view(), Resource::new_own(stream)).is_err());
        assert_eq!(host.read(stream, 1).unwrap(), b"l");
        use wasmtime_wasi::p2::bindings::sync::io::poll::HostPollable;
        assert!(HostPollable::ready(&mut host.view(), Resource::new_borrow(pollable.rep())).unwrap());
        HostPollable::drop(&mut host.view(), pollable).unwrap();
        HostInputStream::drop(&mut host.view(), Resource::new_own(stream)).unwrap();
        assert!(matches!(host.read(stream, 1), Err(Failure::Trap(_))));
        let mut numbers = Vec::new();
        while !numbers.contains(&stream) {
            let other: DynInputStream = Box::new(MemoryInputPipe::new("pipe"));
            numbers.push(host.view().table.push(other).unwrap().rep());
        }
        assert_eq!(host.read(stream, 4).unwrap(), b"pipe");
    }
}
