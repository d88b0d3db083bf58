//! Opening, making, renaming and removing by path.

#![allow(missing_docs, reason = "the functions are WASI's, and its specification documents them")]

use deterministic_fs::OpenOptions;

use super::P1;
use super::abi::{Version, write_bytes, write_u32};
use super::descriptors::Descriptor;
use super::guest::{GuestMemory, GuestPtr};
use super::types::{Errno, Fdflags, Lookupflags, Oflags, Rights};
use crate::fault::Answer;

type Memory<'a, 'b> = &'a mut GuestMemory<'b>;

pub fn path_open(
    ctx: &mut P1<'_>,
    memory: Memory<'_, '_>,
    version: Version,
    (fd, lookup, path, len, oflags, base, inheriting, fdflags, out): (i32, i32, i32, i32, i32, i64, i64, i32, i32),
) -> Answer {
    let lookup = Lookupflags::try_from(lookup)?;
    let oflags = Oflags::try_from(oflags)?;
    let rights = version.rights(base)?;
    version.rights(inheriting)?;
    let fdflags = Fdflags::try_from(fdflags)?;
    let path = ctx.string(memory, path, len)?;
    let (descriptors, files) = ctx.open()?;
    let directory = match descriptors.get(fd)? {
        Descriptor::Directory(directory) => &directory.handle,
        Descriptor::File(_) => return Err(Errno::Notdir.into()),
        Descriptor::Input { .. } | Descriptor::Output { .. } | Descriptor::Captured(_) => {
            return Err(Errno::Badf.into());
        }
    };
    if fdflags.intersects(Fdflags::SYNC | Fdflags::DSYNC | Fdflags::RSYNC) {
        return Err(Errno::Notsup.into());
    }
    let options = OpenOptions {
        create: oflags.contains(Oflags::CREAT),
        directory: oflags.contains(Oflags::DIRECTORY),
        exclusive: oflags.contains(Oflags::EXCL),
        truncate: oflags.contains(Oflags::TRUNC),
        read: rights.contains(Rights::FD_READ),
        write: rights.contains(Rights::FD_WRITE),
        follow: lookup.contains(Lookupflags::SYMLINK_FOLLOW),
    };
    // Before anything is made or cut.
    descriptors.room()?;
    let handle = files.open_at(directory, &path, options)?;
    let opened = descriptors.open(handle, fdflags.contains(Fdflags::APPEND), fdflags.contains(Fdflags::NONBLOCK))?;
    write_u32(memory, out, opened)
}

/// The functions on one directory and one path.
macro_rules! on_path {
    ($($name:ident => $operation:ident;)*) => {$(
        pub fn $name(
            ctx: &mut P1<'_>,
            memory: Memory<'_, '_>,
            _: Version,
            (fd, path, len): (i32, i32, i32),
        ) -> Answer {
            ctx.table()?.directory(fd)?;
            let path = ctx.string(memory, path, len)?;
            let (descriptors, files) = ctx.open()?;
            Ok(files.$operation(descriptors.directory(fd)?, &path)?)
        }
    )*};
}

on_path! {
    path_create_directory => create_directory_at;
    path_remove_directory => remove_directory_at;
    path_unlink_file => unlink_file_at;
}

pub fn path_link(
    ctx: &mut P1<'_>,
    memory: Memory<'_, '_>,
    _: Version,
    (fd, lookup, path, len, new_fd, new_path, new_len): (i32, i32, i32, i32, i32, i32, i32),
) -> Answer {
    let lookup = Lookupflags::try_from(lookup)?;
    let [path, new_path] = ctx.two_paths(memory, [fd, new_fd], [(path, len), (new_path, new_len)])?;
    let follow = lookup.contains(Lookupflags::SYMLINK_FOLLOW);
    let (descriptors, files) = ctx.open()?;
    Ok(files.link_at(descriptors.directory(fd)?, &path, follow, descriptors.directory(new_fd)?, &new_path)?)
}

pub fn path_rename(
    ctx: &mut P1<'_>,
    memory: Memory<'_, '_>,
    _: Version,
    (fd, path, len, new_fd, new_path, new_len): (i32, i32, i32, i32, i32, i32),
) -> Answer {
    let [path, new_path] = ctx.two_paths(memory, [fd, new_fd], [(path, len), (new_path, new_len)])?;
    let (descriptors, files) = ctx.open()?;
    Ok(files.rename_at(descriptors.directory(fd)?, &path, descriptors.directory(new_fd)?, &new_path)?)
}

impl P1<'_> {
    /// Faults count in the order in which stock looks: the descriptors, then the paths.
    fn two_paths(
        &mut self,
        memory: &GuestMemory<'_>,
        descriptors: [i32; 2],
        [(old, old_len), (new, new_len)]: [(i32, i32); 2],
    ) -> Answer<[String; 2]> {
        for fd in descriptors {
            self.table()?.directory(fd)?;
        }
        Ok([self.string(memory, old, old_len)?, self.string(memory, new, new_len)?])
    }
}

pub fn path_symlink(
    ctx: &mut P1<'_>,
    memory: Memory<'_, '_>,
    _: Version,
    (target, target_len, fd, path, len): (i32, i32, i32, i32, i32),
) -> Answer {
    ctx.table()?.directory(fd)?;
    let target = ctx.string(memory, target, target_len)?;
    let path = ctx.string(memory, path, len)?;
    let (descriptors, files) = ctx.open()?;
    Ok(files.symlink_at(descriptors.directory(fd)?, &target, &path)?)
}

pub fn path_readlink(
    ctx: &mut P1<'_>,
    memory: Memory<'_, '_>,
    _: Version,
    (fd, path, len, buf, buf_len, out): (i32, i32, i32, i32, i32, i32),
) -> Answer {
    ctx.table()?.directory(fd)?;
    let path = ctx.string(memory, path, len)?;
    let (descriptors, files) = ctx.open()?;
    let target = files.readlink_at(descriptors.directory(fd)?, &path)?.into_bytes();
    let fits = target.len().min(buf_len as u32 as usize);
    write_bytes(memory, GuestPtr::new(buf as u32), &target[..fits])?;
    write_u32(memory, out, fits as u32)
}
