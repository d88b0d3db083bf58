//! Live mounts against real directories.
#![cfg(unix)]

#[cfg(target_os = "linux")]
mod devices;
mod errors;
mod identity;
#[path = "../options/mod.rs"]
mod options;
mod sandbox;
mod times;

use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use deterministic_fs::{Access, Error, ErrorCode, FileSystem, FileType, Handle, OpenOptions, Position, Stat};
use options::{READ, WRITE};

const EPOCH: u64 = 1_000_000_000_000_000_000;
const NOW: u64 = EPOCH + 7;

/// A mount of `path`, where something was made at [`NOW`] if it was made in this run.
fn mount(path: &Path, access: Access) -> (FileSystem, Handle) {
    let mut fs = FileSystem::new(EPOCH, 0);
    fs.set_now(NOW);
    let root = mount_in(&mut fs, path, access);
    (fs, root)
}

fn mount_in(fs: &mut FileSystem, path: &Path, access: Access) -> Handle {
    let dir = Dir::open_ambient_dir(path, ambient_authority()).expect("a directory");
    fs.mount_live(dir, "/", access);
    fs.preopens().last().expect("the mount").1.clone()
}

fn writable(path: &Path) -> (FileSystem, Handle) {
    mount(path, Access::ReadWrite)
}

const CREATE: OpenOptions = OpenOptions { create: true, ..WRITE };
const NEW: OpenOptions = OpenOptions { exclusive: true, ..CREATE };
const DIRECTORY: OpenOptions = OpenOptions { directory: true, ..READ };

/// A file with `contents`.
fn put(fs: &mut FileSystem, dir: &Handle, path: &str, contents: &str) -> Handle {
    let file = fs.open_at(dir, path, OpenOptions { truncate: true, ..CREATE }).expect("a new file");
    assert_eq!(fs.write(&file, contents.as_bytes(), Position::At(0)).expect("a write"), contents.len());
    file
}

fn contents(fs: &mut FileSystem, file: &Handle) -> String {
    let mut buf = [0; 100];
    let count = fs.read(file, &mut buf, 0).expect("a read");
    String::from_utf8_lossy(&buf[..count]).into_owned()
}

fn stat(fs: &mut FileSystem, dir: &Handle, path: &str) -> Stat {
    fs.stat_at(dir, path, false).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[track_caller]
fn fails<T: std::fmt::Debug>(result: Result<T, Error>, code: ErrorCode) {
    match result {
        Err(Error::Code(got)) => assert_eq!(got, code),
        other => panic!("{other:?} instead of {code:?}"),
    }
}

/// All there is below a directory, as a guest that lists, stats and reads would print it.
fn walk(fs: &mut FileSystem, dir: &Handle, path: &str, out: &mut String) {
    use std::fmt::Write;

    for entry in fs.read_directory(dir).expect("a listing").iter() {
        let found = stat(fs, dir, &entry.name);
        assert_eq!((found.identity, found.file_type), (entry.identity, entry.file_type));
        writeln!(out, "{path}/{} {found:?}", entry.name).expect("a string");
        match entry.file_type {
            FileType::Directory => {
                let below = fs.open_at(dir, &entry.name, DIRECTORY).expect("a directory");
                assert_eq!(fs.stat(&below).expect("its stat"), found);
                walk(fs, &below, &format!("{path}/{}", entry.name), out);
            }
            FileType::RegularFile => {
                let file = fs.open_at(dir, &entry.name, READ).expect("a file");
                assert_eq!(fs.stat(&file).expect("its stat"), found);
                writeln!(out, "{:?}", contents(fs, &file)).expect("a string");
            }
            FileType::SymbolicLink => {
                writeln!(out, "{:?}", fs.readlink_at(dir, &entry.name).expect("a link")).expect("a string");
            }
            _ => {}
        }
    }
}
