//! What there is to know of a descriptor and of an object, and setting times.

#![allow(missing_docs, reason = "the functions are WASI's, and its specification documents them")]

use deterministic_fs::{FileType, NewTime, Stat};

use super::P1;
use super::abi::{Version, write_bytes};
use super::descriptors::Descriptor;
use super::guest::{GuestMemory, GuestPtr};
use super::types::{Errno, Fdflags, Filetype, Fstflags, Lookupflags, Rights};
use crate::fault::Answer;

type Memory<'a, 'b> = &'a mut GuestMemory<'b>;

pub(super) fn filetype(file_type: FileType) -> Filetype {
    match file_type {
        FileType::Directory => Filetype::Directory,
        FileType::RegularFile => Filetype::RegularFile,
        FileType::SymbolicLink => Filetype::SymbolicLink,
        FileType::BlockDevice => Filetype::BlockDevice,
        FileType::CharacterDevice => Filetype::CharacterDevice,
        FileType::Unknown => Filetype::Unknown,
    }
}

/// Writes the fields and leaves the padding between them as the guest had it. Everything is on device 1, but for the
/// standard streams, which are on none.
fn write_filestat(
    memory: Memory<'_, '_>,
    version: Version,
    out: i32,
    filetype: Filetype,
    stat: Option<Stat>,
) -> Answer {
    let at = GuestPtr::<u8>::new(out as u32);
    let (identity, links, size, times) = match stat {
        Some(Stat { identity, links, size, times, .. }) => {
            (identity as u64, links, size, [times.access, times.modification, times.change])
        }
        None => (0, 0, 0, [0; 3]),
    };
    memory.write(at.cast::<u64>(), u64::from(stat.is_some()))?;
    memory.write(at.add(8)?.cast::<u64>(), identity)?;
    memory.write(at.add(16)?, filetype as u8)?;
    let rest = match version {
        Version::wasi_snapshot_preview1 => {
            memory.write(at.add(24)?.cast::<u64>(), links)?;
            at.add(32)?
        }
        Version::wasi_unstable => {
            memory.write(at.add(20)?.cast::<u32>(), u32::try_from(links).unwrap_or(u32::MAX))?;
            at.add(24)?
        }
    };
    for (position, value) in (0..).zip([size, times[0], times[1], times[2]]) {
        memory.write(rest.add(8 * position)?.cast::<u64>(), value)?;
    }
    Ok(())
}

pub fn fd_filestat_get(ctx: &mut P1<'_>, memory: Memory<'_, '_>, version: Version, (fd, out): (i32, i32)) -> Answer {
    let (descriptors, files) = ctx.open()?;
    let handle = match descriptors.get(fd)? {
        Descriptor::Input { filetype, .. } | Descriptor::Output { filetype, .. } => {
            return write_filestat(memory, version, out, *filetype, None);
        }
        Descriptor::Captured(_) => return write_filestat(memory, version, out, Filetype::Unknown, None),
        Descriptor::File(file) => &file.handle,
        Descriptor::Directory(directory) => &directory.handle,
    };
    let stat = files.stat(handle)?;
    write_filestat(memory, version, out, filetype(stat.file_type), Some(stat))
}

pub fn path_filestat_get(
    ctx: &mut P1<'_>,
    memory: Memory<'_, '_>,
    version: Version,
    (fd, flags, path, len, out): (i32, i32, i32, i32, i32),
) -> Answer {
    let flags = Lookupflags::try_from(flags)?;
    ctx.table()?.directory(fd)?;
    let path = ctx.string(memory, path, len)?;
    let (descriptors, files) = ctx.open()?;
    let stat = files.stat_at(descriptors.directory(fd)?, &path, flags.contains(Lookupflags::SYMLINK_FOLLOW))?;
    write_filestat(memory, version, out, filetype(stat.file_type), Some(stat))
}

/// The times that a guest asks for.
fn new_times(atim: i64, mtim: i64, flags: Fstflags) -> Answer<[NewTime; 2]> {
    let new = |set, now, time: i64| match (flags.contains(set), flags.contains(now)) {
        (true, true) => Err(Errno::Inval),
        (true, false) => Ok(NewTime::At(time as u64)),
        (false, true) => Ok(NewTime::Now),
        (false, false) => Ok(NewTime::Keep),
    };
    Ok([new(Fstflags::ATIM, Fstflags::ATIM_NOW, atim)?, new(Fstflags::MTIM, Fstflags::MTIM_NOW, mtim)?])
}

pub fn fd_filestat_set_times(
    ctx: &mut P1<'_>,
    _: Memory<'_, '_>,
    _: Version,
    (fd, atim, mtim, flags): (i32, i64, i64, i32),
) -> Answer {
    let [access, modification] = new_times(atim, mtim, Fstflags::try_from(flags)?)?;
    let (descriptors, files) = ctx.open()?;
    Ok(files.set_times(descriptors.object(fd)?, access, modification)?)
}

pub fn path_filestat_set_times(
    ctx: &mut P1<'_>,
    memory: Memory<'_, '_>,
    _: Version,
    (fd, lookup, path, len, atim, mtim, flags): (i32, i32, i32, i32, i64, i64, i32),
) -> Answer {
    let lookup = Lookupflags::try_from(lookup)?;
    let [access, modification] = new_times(atim, mtim, Fstflags::try_from(flags)?)?;
    ctx.table()?.directory(fd)?;
    let path = ctx.string(memory, path, len)?;
    let follow = lookup.contains(Lookupflags::SYMLINK_FOLLOW);
    let (descriptors, files) = ctx.open()?;
    Ok(files.set_times_at(descriptors.directory(fd)?, &path, follow, access, modification)?)
}

/// What stock says may be done with a directory that the guest has from the start, as many libraries expect it.
const DIRECTORY_RIGHTS: Rights = Rights::PATH_CREATE_DIRECTORY
    .union(Rights::PATH_CREATE_FILE)
    .union(Rights::PATH_LINK_SOURCE)
    .union(Rights::PATH_LINK_TARGET)
    .union(Rights::PATH_OPEN)
    .union(Rights::FD_READDIR)
    .union(Rights::PATH_READLINK)
    .union(Rights::PATH_RENAME_SOURCE)
    .union(Rights::PATH_RENAME_TARGET)
    .union(Rights::PATH_SYMLINK)
    .union(Rights::PATH_REMOVE_DIRECTORY)
    .union(Rights::PATH_UNLINK_FILE)
    .union(Rights::PATH_FILESTAT_GET)
    .union(Rights::PATH_FILESTAT_SET_TIMES)
    .union(Rights::FD_FILESTAT_GET)
    .union(Rights::FD_FILESTAT_SET_TIMES);

/// And with what is in it.
const INHERITED_RIGHTS: Rights = DIRECTORY_RIGHTS
    .union(Rights::FD_DATASYNC)
    .union(Rights::FD_READ)
    .union(Rights::FD_SEEK)
    .union(Rights::FD_FDSTAT_SET_FLAGS)
    .union(Rights::FD_SYNC)
    .union(Rights::FD_TELL)
    .union(Rights::FD_WRITE)
    .union(Rights::FD_ADVISE)
    .union(Rights::FD_ALLOCATE)
    .union(Rights::FD_FILESTAT_SET_SIZE)
    .union(Rights::POLL_FD_READWRITE);

/// What a descriptor that the guest opened may do: all but what its kind and mode exclude.
fn rights(is_directory: bool, readable: bool, writable: bool) -> Rights {
    let mut rights = Rights::all();
    if is_directory {
        rights -= Rights::FD_SEEK | Rights::FD_FILESTAT_SET_SIZE | Rights::PATH_FILESTAT_SET_SIZE;
    }
    if !readable {
        rights -= Rights::FD_READ | Rights::FD_READDIR;
    }
    if !writable {
        rights -= Rights::FD_WRITE;
    }
    rights
}

pub fn fd_fdstat_get(ctx: &mut P1<'_>, memory: Memory<'_, '_>, version: Version, (fd, out): (i32, i32)) -> Answer {
    let mut flags = Fdflags::empty();
    let (filetype, base, inheriting) = match ctx.table()?.get(fd)? {
        Descriptor::Input { filetype, .. } => (*filetype, Rights::FD_READ, Rights::FD_READ),
        Descriptor::Output { filetype, .. } => (*filetype, Rights::FD_WRITE, Rights::FD_WRITE),
        Descriptor::Captured(_) => (Filetype::Unknown, Rights::FD_WRITE, Rights::FD_WRITE),
        Descriptor::Directory(directory) if directory.preopen.is_some() => {
            (Filetype::Directory, DIRECTORY_RIGHTS, INHERITED_RIGHTS)
        }
        Descriptor::Directory(directory) => {
            // Stock says of no directory that it can be written.
            let rights = rights(true, directory.handle.is_readable(), false);
            (Filetype::Directory, rights, rights)
        }
        Descriptor::File(file) => {
            flags.set(Fdflags::APPEND, file.append);
            flags.set(Fdflags::NONBLOCK, file.nonblocking);
            let rights = rights(false, file.handle.is_readable(), file.handle.is_writable());
            (filetype(file.handle.file_type()), rights, rights)
        }
    };
    let at = GuestPtr::<u8>::new(out as u32);
    memory.write(at, filetype as u8)?;
    memory.write(at.add(2)?.cast::<u16>(), flags.bits())?;
    memory.write(at.add(8)?.cast::<u64>(), version.known(base))?;
    Ok(memory.write(at.add(16)?.cast::<u64>(), version.known(inheriting))?)
}

/// The tag of a directory, the only kind of preopen there is.
const PREOPEN_DIRECTORY: u8 = 0;

pub fn fd_prestat_get(ctx: &mut P1<'_>, memory: Memory<'_, '_>, _: Version, (fd, out): (i32, i32)) -> Answer {
    let Descriptor::Directory(directory) = ctx.table()?.get(fd)? else { return Err(Errno::Badf.into()) };
    let name = directory.preopen.as_ref().ok_or(Errno::Badf)?;
    let len = u32::try_from(name.len()).map_err(|_| Errno::Overflow)?;
    let at = GuestPtr::<u8>::new(out as u32);
    memory.write(at, PREOPEN_DIRECTORY)?;
    Ok(memory.write(at.add(4)?.cast::<u32>(), len)?)
}

pub fn fd_prestat_dir_name(
    ctx: &mut P1<'_>,
    memory: Memory<'_, '_>,
    _: Version,
    (fd, path, len): (i32, i32, i32),
) -> Answer {
    let Descriptor::Directory(directory) = ctx.table()?.get(fd)? else { return Err(Errno::Notdir.into()) };
    let name = directory.preopen.as_ref().ok_or(Errno::Notdir)?;
    if name.len() > len as u32 as usize {
        return Err(Errno::Nametoolong.into());
    }
    write_bytes(memory, GuestPtr::new(path as u32), name.as_bytes())?;
    Ok(())
}
