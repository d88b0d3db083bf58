//! `wasi:filesystem` and the streams of files, of WASI 0.2 and 0.3, over live and hermetic mounts.

#[cfg(target_os = "linux")]
mod devices;
mod guests;
mod held;
mod hostile;
mod listing;
#[cfg(unix)]
mod slashes;
mod streams;
mod streams3;
mod times;
mod walk;

use std::path::Path;
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use deterministic_wasmtime::core::{Policies, VirtualClock};
use deterministic_wasmtime::fs::{Access, Contents, Tree};
use deterministic_wasmtime::{ComponentCtx, DeterministicCtxView, DeterministicView as _, WasiCtxBuilderExt as _};
use tempfile::TempDir;
use wasmtime::Store;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::preopens::Host as _;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::p2::bindings::sync::filesystem::types::{DescriptorFlags, HostDescriptor, OpenFlags, PathFlags};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::host::engine;

/// One nanosecond with each reading.
fn policies() -> Policies {
    Policies { clock: Box::new(VirtualClock::with_tick(1)), ..Policies::default() }
}

/// A store without a guest: the tests call what a guest would.
struct Host {
    store: Store<ComponentCtx>,
}

/// What the table holds, by number: calls take handles, and the test wants many.
type Fd = u32;

impl Host {
    fn new() -> Self {
        Host { store: Store::new(&engine(), WasiCtxBuilder::new().build_deterministic(policies())) }
    }

    fn live(path: &Path) -> Self {
        Host::live_with(path, FsPerms::ReadWrite)
    }

    fn live_with(path: &Path, perms: FsPerms) -> Self {
        let mut builder = WasiCtxBuilder::new();
        builder.preopened_dir(path, "/", perms).unwrap();
        Host { store: Store::new(&engine(), builder.build_deterministic(policies())) }
    }

    fn hermetic(path: &Path) -> Self {
        let mut host = Host::new();
        let dir = Dir::open_ambient_dir(path, ambient_authority()).unwrap();
        let tree = Arc::new(Tree::read(&dir, Contents::AtStart).unwrap());
        host.view().ctx.files().mount_hermetic(&tree, "/", Access::ReadWrite).unwrap();
        host
    }

    fn view(&mut self) -> DeterministicCtxView<'_> {
        self.store.data_mut().deterministic_view()
    }

    fn root(&mut self) -> Fd {
        self.view().get_directories().unwrap()[0].0.rep()
    }

    fn open(&mut self, path: &str, open: OpenFlags, flags: DescriptorFlags) -> FsResult<Fd> {
        let root = self.root();
        Ok(self.view().open_at(fd(root), PathFlags::empty(), path.into(), open, flags)?.rep())
    }

    /// `descriptor.read`, which is not a stream's.
    fn pread(&mut self, open: Fd, len: u64, offset: u64) -> FsResult<(Vec<u8>, bool)> {
        HostDescriptor::read(&mut self.view(), fd(open), len, offset)
    }

    /// `descriptor.write`.
    fn pwrite(&mut self, open: Fd, bytes: &[u8], offset: u64) -> FsResult<u64> {
        HostDescriptor::write(&mut self.view(), fd(open), bytes.to_vec(), offset)
    }

    fn read_only(&mut self, path: &str) -> Fd {
        self.open(path, OpenFlags::empty(), DescriptorFlags::READ).unwrap()
    }

    fn create(&mut self, path: &str) -> Fd {
        self.open(path, OpenFlags::CREATE, DescriptorFlags::READ | DescriptorFlags::WRITE).unwrap()
    }
}

fn fd(fd: Fd) -> Resource<Descriptor> {
    Resource::new_borrow(fd)
}

fn code<T>(result: FsResult<T>) -> ErrorCode {
    match result {
        Ok(_) => panic!("no error"),
        Err(error) => error.downcast().expect("no trap"),
    }
}

/// A tree with a symbolic link and a directory; `names` in this order. No file has two names: a live mount counts only
/// those that the guest made.
fn tree(names: &[&str]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("inner")).unwrap();
    for name in names {
        std::fs::write(dir.path().join(name), name.repeat(100)).unwrap();
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink("inner/b", dir.path().join("link")).unwrap();
    dir
}

const NAMES: [&str; 6] = ["zeta", "alpha", "inner/b", "Zeta", "inner/ä", "inner/a"];

fn reversed() -> Vec<&'static str> {
    NAMES.iter().rev().copied().collect()
}

/// Every file below, by path, and what is in it.
fn on_the_host(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut left = vec![path.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else {
                found.push((path.display().to_string(), std::fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}
