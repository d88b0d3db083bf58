//! What wasmtime-wasi 48 does on Linux, call by call: the oracle of the random operations. Its path handling
//! (`filesystem/primitives`) is private, and differs from cap-std's in places, so that it is spelled out here.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::{Component, Path};
use std::sync::Arc;

use deterministic_fs::{ErrorCode, FileType, NewTime, OpenOptions, Position};
use rustix::fs::{AtFlags, Dir, Mode, OFlags, ResolveFlags, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
use rustix::io::Errno;

pub(crate) type Answer<T> = Result<T, ErrorCode>;

/// A small generator; the same numbers for a seed on every machine.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 33) % bound as u64) as usize
    }

    pub(crate) fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// A path of few names, or one that is none.
    pub(crate) fn path(&mut self) -> String {
        let random = self;
        if random.one_in(60) {
            let long = "a".repeat(255 + random.below(2));
            return random.pick(&[
                String::new(),
                "/".into(),
                "/a".into(),
                "//".into(),
                "a\0b".into(),
                "a/\0".into(),
                "e/a\0".into(),
                long.clone(),
                format!("a/{long}"),
                format!("e/{long}/"),
                "./".repeat(2046) + "a/b",
                "./".repeat(2047) + "a",
                "./".repeat(2047) + "a/",
                "./".repeat(2047) + "a/b",
                "a".to_owned() + &"/".repeat(5000),
                "a/".to_owned() + &"/.".repeat(3000),
                "a/".to_owned() + &"/.".repeat(3000) + "/b",
                "a".repeat(5000),
                "e/".to_owned() + &"a".repeat(5000),
            ]);
        }
        let mut path = String::new();
        // Mostly short, so that it is often there.
        let parts = if random.one_in(2) { 1 } else { 1 + random.below(4) };
        for part in 0..parts {
            if part > 0 {
                path.push_str(if random.one_in(8) { "//" } else { "/" });
            }
            path.push_str(if random.one_in(10) {
                random.pick(&[".", "..", ".."])
            } else {
                random.pick(&["a", "b", "c", "d", "e"])
            });
        }
        if random.one_in(8) {
            path.push_str(random.pick(&["/", "/", "//", "/.", "/./"]));
        }
        path
    }
}

/// An open object of the host.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) fd: Arc<File>,
    pub(crate) directory: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HostStat {
    pub(crate) file_type: FileType,
    pub(crate) size: u64,
    pub(crate) links: u64,
    pub(crate) modification: (i64, u64),
    pub(crate) change: (i64, u64),
}

fn code(errno: Errno) -> ErrorCode {
    match errno {
        Errno::ACCESS => ErrorCode::Access,
        Errno::BADF => ErrorCode::BadDescriptor,
        Errno::BUSY => ErrorCode::Busy,
        Errno::EXIST => ErrorCode::Exist,
        Errno::FBIG => ErrorCode::FileTooLarge,
        Errno::ILSEQ => ErrorCode::IllegalByteSequence,
        Errno::INVAL => ErrorCode::Invalid,
        Errno::ISDIR => ErrorCode::IsDirectory,
        Errno::LOOP => ErrorCode::Loop,
        Errno::MLINK => ErrorCode::TooManyLinks,
        Errno::NAMETOOLONG => ErrorCode::NameTooLong,
        Errno::NOENT => ErrorCode::NoEntry,
        Errno::NOSPC => ErrorCode::InsufficientSpace,
        Errno::NOTDIR => ErrorCode::NotDirectory,
        Errno::NOTEMPTY => ErrorCode::NotEmpty,
        Errno::OVERFLOW => ErrorCode::Overflow,
        Errno::PERM => ErrorCode::NotPermitted,
        // cap-std's word for a path that leads out.
        Errno::XDEV => ErrorCode::NotPermitted,
        other => panic!("the host said {other}"),
    }
}

fn io_code(error: std::io::Error) -> ErrorCode {
    match error.raw_os_error() {
        Some(number) => code(Errno::from_raw_os_error(number)),
        None if error.kind() == std::io::ErrorKind::InvalidInput => ErrorCode::Invalid,
        None => panic!("{error}"),
    }
}

/// `open_beneath`. Another process may rename something meanwhile, which must not look like an answer.
fn open_beneath(start: &File, path: &str, flags: OFlags) -> Answer<OwnedFd> {
    let mode = if flags.contains(OFlags::CREATE) { Mode::from_raw_mode(0o666) } else { Mode::empty() };
    let how = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    loop {
        match rustix::fs::openat2(start, path, flags | OFlags::CLOEXEC, mode, how) {
            Err(Errno::AGAIN) => {}
            other => return other.map_err(code),
        }
    }
}

/// `via_parent::open_parent`.
fn open_parent<'a>(start: &Host, path: &'a str) -> Answer<(Arc<File>, &'a str)> {
    if path.is_empty() {
        return Err(ErrorCode::NoEntry);
    }
    let mut split = (Path::new(path), ".");
    if !(path.ends_with('/') || path.ends_with("/.")) {
        let mut components = Path::new(path).components();
        if let Some(last @ (Component::Normal(_) | Component::CurDir)) = components.next_back() {
            split = (components.as_path(), last.as_os_str().to_str().unwrap());
        }
    }
    let (directory, name) = split;
    if directory.as_os_str().is_empty() {
        return Ok((start.fd.clone(), name));
    }
    let flags = OFlags::DIRECTORY | OFlags::PATH;
    let fd = open_beneath(&start.fd, directory.to_str().unwrap(), flags)?;
    Ok((Arc::new(fd.into()), name))
}

fn strip(path: &str) -> &str {
    let mut path = path;
    while path.len() > 1 && path.ends_with('/') {
        path = &path[..path.len() - 1];
    }
    path
}

fn file_type(mode: u32) -> FileType {
    use rustix::fs::FileType as T;
    match T::from_raw_mode(mode) {
        T::Directory => FileType::Directory,
        T::RegularFile => FileType::RegularFile,
        T::Symlink => FileType::SymbolicLink,
        T::BlockDevice => FileType::BlockDevice,
        T::CharacterDevice => FileType::CharacterDevice,
        _ => FileType::Unknown,
    }
}

/// With what this crate says of directories: no size, and one name.
fn stat_of(stat: rustix::fs::Stat) -> HostStat {
    let file_type = file_type(stat.st_mode);
    let directory = file_type == FileType::Directory;
    #[allow(clippy::useless_conversion, reason = "fewer bits on some processors")]
    let links = u64::from(stat.st_nlink);
    HostStat {
        file_type,
        size: if directory { 0 } else { stat.st_size as u64 },
        links: if directory { links.min(1) } else { links },
        modification: (stat.st_mtime, stat.st_mtime_nsec),
        change: (stat.st_ctime, stat.st_ctime_nsec),
    }
}

fn timespec(time: NewTime) -> Timespec {
    match time {
        NewTime::Keep => Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        NewTime::Now => Timespec { tv_sec: 0, tv_nsec: UTIME_NOW },
        NewTime::At(nanos) => {
            Timespec { tv_sec: (nanos / 1_000_000_000) as i64, tv_nsec: (nanos % 1_000_000_000) as i64 }
        }
    }
}

fn timestamps(access: NewTime, modification: NewTime) -> Timestamps {
    Timestamps { last_access: timespec(access), last_modification: timespec(modification) }
}

impl Host {
    pub(crate) fn root(path: &Path) -> Self {
        Host { fd: Arc::new(File::open(path).unwrap()), directory: true }
    }

    pub(crate) fn open_at(&self, path: &str, options: OpenOptions) -> Answer<Host> {
        let write = options.create || options.truncate || options.write;
        let read = options.read || !options.write;
        let mut flags = match (read, write) {
            (true, true) => OFlags::RDWR,
            (false, true) => OFlags::WRONLY,
            _ => OFlags::RDONLY,
        };
        flags |= match (options.create, options.truncate, options.create && options.exclusive) {
            (_, _, true) => OFlags::CREATE | OFlags::EXCL,
            (true, true, _) => OFlags::CREATE | OFlags::TRUNC,
            (true, false, _) => OFlags::CREATE,
            (false, true, _) => OFlags::TRUNC,
            (false, false, _) => OFlags::empty(),
        };
        if !options.follow {
            flags |= OFlags::NOFOLLOW;
        }
        if options.directory && (options.create || options.exclusive || options.truncate) {
            return Err(ErrorCode::Invalid);
        }
        let fd = open_beneath(&self.fd, path, flags)?;
        let directory = file_type(rustix::fs::fstat(&fd).map_err(code)?.st_mode) == FileType::Directory;
        if options.directory && !directory {
            return Err(ErrorCode::NotDirectory);
        }
        Ok(Host { fd: Arc::new(fd.into()), directory })
    }

    pub(crate) fn read(&self, len: usize, offset: u64) -> Answer<Vec<u8>> {
        let mut buf = vec![0; len];
        let count = self.fd.read_at(&mut buf, offset).map_err(io_code)?;
        buf.truncate(count);
        Ok(buf)
    }

    pub(crate) fn write(&self, bytes: &[u8], position: Position) -> Answer<usize> {
        match position {
            Position::At(offset) => self.fd.write_at(bytes, offset).map_err(io_code),
            Position::End => {
                let flags = rustix::io::ReadWriteFlags::APPEND;
                rustix::io::pwritev2(&*self.fd, &[std::io::IoSlice::new(bytes)], 0, flags).map_err(code)
            }
        }
    }

    pub(crate) fn set_size(&self, size: u64) -> Answer<()> {
        self.fd.set_len(size).map_err(io_code)
    }

    pub(crate) fn stat(&self) -> Answer<HostStat> {
        rustix::fs::fstat(&*self.fd).map(stat_of).map_err(code)
    }

    pub(crate) fn stat_at(&self, path: &str, follow: bool) -> Answer<HostStat> {
        // wasmtime-wasi looks at a single name without the slash behind it; here the kernel sees all of the path.
        let flags = if follow { OFlags::PATH } else { OFlags::PATH | OFlags::NOFOLLOW };
        let fd = open_beneath(&self.fd, path, flags)?;
        rustix::fs::fstat(fd).map(stat_of).map_err(code)
    }

    pub(crate) fn set_times(&self, access: NewTime, modification: NewTime) -> Answer<()> {
        rustix::fs::futimens(&*self.fd, &timestamps(access, modification)).map_err(code)
    }

    pub(crate) fn set_times_at(&self, path: &str, follow: bool, access: NewTime, modification: NewTime) -> Answer<()> {
        let times = timestamps(access, modification);
        if !follow {
            let (directory, name) = open_parent(self, path)?;
            return rustix::fs::utimensat(directory, name, &times, AtFlags::SYMLINK_NOFOLLOW).map_err(code);
        }
        let fd = match open_beneath(&self.fd, path, OFlags::WRONLY) {
            Err(ErrorCode::IsDirectory) => open_beneath(&self.fd, path, OFlags::RDONLY)?,
            other => other?,
        };
        rustix::fs::futimens(fd, &times).map_err(code)
    }

    /// By the bytes of the names.
    pub(crate) fn read_directory(&self) -> Answer<Vec<(String, FileType)>> {
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&*self.fd, ".", flags, Mode::empty()).map_err(code)?;
        let mut entries = Vec::new();
        for entry in Dir::read_from(fd.as_fd()).map_err(code)? {
            let name = entry.map_err(code)?.file_name().to_str().unwrap().to_owned();
            if name != "." && name != ".." {
                let stat = rustix::fs::statat(&fd, &*name, AtFlags::SYMLINK_NOFOLLOW).map_err(code)?;
                entries.push((name, file_type(stat.st_mode)));
            }
        }
        entries.sort();
        Ok(entries)
    }

    pub(crate) fn create_directory_at(&self, path: &str) -> Answer<()> {
        let (directory, name) = open_parent(self, strip(path))?;
        rustix::fs::mkdirat(directory, name, Mode::from_raw_mode(0o777)).map_err(code)
    }

    pub(crate) fn symlink_at(&self, target: &str, path: &str) -> Answer<()> {
        if target.starts_with('/') {
            return Err(ErrorCode::NotPermitted);
        }
        let (directory, name) = open_parent(self, path)?;
        rustix::fs::symlinkat(target, directory, name).map_err(code)
    }

    pub(crate) fn readlink_at(&self, path: &str) -> Answer<String> {
        let (directory, name) = open_parent(self, path)?;
        let target = rustix::fs::readlinkat(directory, name, Vec::new()).map_err(code)?.into_string().unwrap();
        if target.starts_with('/') { Err(ErrorCode::NotPermitted) } else { Ok(target) }
    }

    pub(crate) fn link_at(&self, path: &str, new: &Host, new_path: &str) -> Answer<()> {
        let (directory, name) = open_parent(self, path)?;
        let (new_directory, new_name) = open_parent(new, new_path)?;
        rustix::fs::linkat(directory, name, new_directory, new_name, AtFlags::empty()).map_err(code)
    }

    pub(crate) fn rename_at(&self, path: &str, new: &Host, new_path: &str) -> Answer<()> {
        let must_be_directory = path.ends_with('/') || new_path.ends_with('/');
        let (directory, name) = open_parent(self, strip(path))?;
        let (new_directory, new_name) = open_parent(new, strip(new_path))?;
        let name = if must_be_directory { format!("{name}/") } else { name.to_owned() };
        rustix::fs::renameat(directory, name, new_directory, new_name).map_err(code)
    }

    pub(crate) fn remove_directory_at(&self, path: &str) -> Answer<()> {
        let (directory, name) = open_parent(self, path)?;
        rustix::fs::unlinkat(directory, name, AtFlags::REMOVEDIR).map_err(code)
    }

    pub(crate) fn unlink_file_at(&self, path: &str) -> Answer<()> {
        let (directory, name) = open_parent(self, path)?;
        rustix::fs::unlinkat(directory, name, AtFlags::empty()).map_err(code)
    }
}
