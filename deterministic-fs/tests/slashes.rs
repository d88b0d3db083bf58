//! Paths that end in a slash or a dot, where no symbolic link is to be followed: live and hermetic as the kernel has them.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use deterministic_fs::{
    Access, Contents, Error, ErrorCode, FileSystem, FileType, Handle, NewTime, OpenOptions, Result, Tree,
};
use rustix::fs::{AtFlags, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT};
use rustix::io::Errno;

const NAMES: &[&str] = &[
    "f",
    "d",
    "to_f",
    "to_d",
    "to_to_d",
    "to_nowhere",
    "to_itself",
    "nowhere",
    "d/f",
    "d/up",
    "d/nowhere",
    "to_d/f",
    "f/f",
];
const ENDS: &[&str] = &["", "/", "/.", "//", "/./", "/./.", "//.", "/.."];

fn build(root: &Path) {
    std::fs::create_dir(root.join("d")).unwrap();
    for file in ["f", "d/f"] {
        std::fs::write(root.join(file), file).unwrap();
    }
    for (link, target) in [
        ("to_f", "f"),
        ("to_d", "d"),
        ("to_to_d", "to_d/"),
        ("to_nowhere", "nowhere"),
        ("to_itself", "to_itself"),
        ("d/up", ".."),
    ] {
        symlink(target, root.join(link)).unwrap();
    }
}

fn paths() -> impl Iterator<Item = String> {
    // Those that leave what the mount is are another matter.
    NAMES.iter().flat_map(|name| ENDS.iter().map(move |end| format!("{name}{end}"))).filter(|path| path != "d/up/..")
}

/// A live mount of `root`, and a hermetic one.
fn mounts(root: &Path) -> (FileSystem, [Handle; 2]) {
    let dir = Dir::open_ambient_dir(root, ambient_authority()).unwrap();
    let tree = Tree::read(&dir, Contents::AtStart).unwrap();
    let mut fs = FileSystem::default();
    fs.mount_live(dir, "/live", Access::ReadWrite);
    fs.mount_hermetic(&tree.into(), "/hermetic", Access::ReadWrite).unwrap();
    let handles: Vec<Handle> = fs.preopens().map(|(_, handle)| handle.clone()).collect();
    (fs, handles.try_into().unwrap())
}

fn ours<T>(result: Result<T>) -> Result<T, ErrorCode> {
    result.map_err(|error| match error {
        Error::Code(code) => code,
        other => panic!("{other}"),
    })
}

fn hosts<T>(result: rustix::io::Result<T>) -> Result<T, ErrorCode> {
    result.map_err(|errno: Errno| ErrorCode::from_host(&errno.into()))
}

fn kind(stat: &rustix::fs::Stat) -> FileType {
    match rustix::fs::FileType::from_raw_mode(stat.st_mode) {
        rustix::fs::FileType::Directory => FileType::Directory,
        rustix::fs::FileType::RegularFile => FileType::RegularFile,
        rustix::fs::FileType::Symlink => FileType::SymbolicLink,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_status_is_of_what_the_kernel_finds() {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path());
    let host = File::open(dir.path()).unwrap();
    let (mut fs, mounts) = mounts(dir.path());
    let mut who = BTreeMap::new();
    for path in paths() {
        let stat = hosts(rustix::fs::statat(&host, &*path, AtFlags::SYMLINK_NOFOLLOW));
        for (number, mount) in mounts.iter().enumerate() {
            let our = ours(fs.stat_at(mount, &path, false));
            assert_eq!(our.map(|our| our.file_type), stat.map(|stat| kind(&stat)), "{path} in mount {number}");
            let (Ok(our), Ok(stat)) = (our, stat) else { continue };
            // The very object, not one of its kind.
            assert_eq!(*who.entry((number, stat.st_ino)).or_insert(our.identity), our.identity, "{path}");
            if our.file_type != FileType::Directory {
                assert_eq!(our.size, stat.st_size as u64, "{path}");
            }
        }
    }
    // Two mounts of `f`, `d`, `d/f`, six links and the root.
    assert_eq!(who.len(), 2 * 10);
}

#[test]
fn opening_is_of_what_the_kernel_finds() {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path());
    let host = File::open(dir.path()).unwrap();
    let (mut fs, mounts) = mounts(dir.path());
    for path in paths() {
        for directory in [false, true] {
            let mut flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            flags.set(OFlags::DIRECTORY, directory);
            let opened = hosts(rustix::fs::openat(&host, &*path, flags, Mode::empty()));
            let opened = opened.map(|fd| kind(&rustix::fs::fstat(fd).unwrap()));
            let options = OpenOptions { read: true, directory, ..OpenOptions::default() };
            for mount in &mounts {
                let our = ours(fs.open_at(mount, &path, options)).map(|handle| handle.file_type());
                match (opened, our) {
                    // A link that is no directory: a matter of which is looked at first.
                    (Err(ErrorCode::NotDirectory), Err(ErrorCode::Loop)) if directory => {}
                    (opened, our) => assert_eq!(our, opened, "{path} {directory}"),
                }
            }
        }
    }
}

#[test]
fn times_are_set_of_what_the_kernel_finds() {
    let dir = tempfile::tempdir().unwrap();
    build(dir.path());
    let host = File::open(dir.path()).unwrap();
    let (mut fs, mounts) = mounts(dir.path());
    for (number, path) in (1..).zip(paths()) {
        let times = Timestamps {
            last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
            last_modification: Timespec { tv_sec: 0, tv_nsec: number },
        };
        let set = hosts(rustix::fs::utimensat(&host, &*path, &times, AtFlags::SYMLINK_NOFOLLOW));
        for mount in &mounts {
            let time = 1000 + number as u64;
            assert_eq!(ours(fs.set_times_at(mount, &path, false, NewTime::Keep, NewTime::At(time))), set, "{path}");
            if set.is_ok() {
                assert_eq!(fs.stat_at(mount, &path, false).unwrap().times.modification, time, "{path}");
            }
        }
        if set.is_ok() {
            let stat = rustix::fs::statat(&host, &*path, AtFlags::SYMLINK_NOFOLLOW).unwrap();
            assert_eq!(stat.st_mtime_nsec, 1000 + number as u64, "{path}");
        }
    }
    // What has times of its own kept them: one object was set at a time.
    let modified = |fs: &mut FileSystem, path: &str| fs.stat_at(&mounts[0], path, false).unwrap().times.modification;
    assert_ne!(modified(&mut fs, "to_d"), modified(&mut fs, "d"));
}
