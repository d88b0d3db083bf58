//! Reading and writing open files and the standard streams.

#![allow(missing_docs, reason = "the functions are WASI's, and its specification documents them")]

use bytes::BytesMut;
use deterministic_core::ByteStream;
use deterministic_fs::{FileSystem, Position};

use super::abi::{Allowance, Version, write_u32, write_u64};
use super::capture;
use super::descriptors::{Descriptor, File};
use super::guest::{Bytes, GuestError, GuestMemory, GuestPtr};
use super::streams::{self, Wait};
use super::types::{ADVICE, Errno, Fdflags, Whence, member};
use super::{P1, Started};
use crate::fault::{Answer, Fault, TrapKind};
use crate::files::random_bytes;
use crate::reserve;

type Memory<'a, 'b> = &'a mut GuestMemory<'b>;

/// The buffers of a call, as the guest lists them. They are read from its memory one by one, so that their number
/// allocates nothing.
#[derive(Clone, Debug)]
pub(super) struct Buffers {
    list: u32,
    count: u32,
    next: u32,
    allowance: Allowance,
}

const IOVEC_SIZE: u32 = 8;

/// How many bytes that go to a standard stream have room from call to call.
const SCRATCH: usize = 1 << 13;

impl Buffers {
    fn new(list: i32, count: i32, mut allowance: Allowance) -> Answer<Self> {
        let bytes = usize::try_from(u64::from(count as u32) * u64::from(IOVEC_SIZE)).map_err(|_| Errno::Nomem)?;
        allowance.take(bytes)?;
        Ok(Buffers { list: list as u32, count: count as u32, next: 0, allowance })
    }

    /// The next buffer that is not empty.
    #[inline]
    fn next(&mut self, memory: &GuestMemory<'_>) -> Answer<Option<Bytes>> {
        while self.next < self.count {
            let (buf, len) = self.read(memory)?;
            self.next += 1;
            if len > 0 {
                self.allowance.take(len as usize)?;
                return Ok(Some(Bytes { at: buf, len }));
            }
        }
        Ok(None)
    }

    /// Where the next buffer begins, and its length.
    #[inline]
    fn read(&self, memory: &GuestMemory<'_>) -> Answer<(u32, u32)> {
        let both = || {
            let at = self.list.checked_add(self.next.checked_mul(IOVEC_SIZE)?)?;
            Some((memory.load(at)?, memory.load(at.checked_add(4)?)?))
        };
        match both() {
            Some((buf, len)) => Ok((u32::from_le_bytes(buf), u32::from_le_bytes(len))),
            None => self.read_or_fault(memory),
        }
    }

    #[cold]
    fn read_or_fault(&self, memory: &GuestMemory<'_>) -> Answer<(u32, u32)> {
        let iovec = GuestPtr::<u32>::new(self.list).add(self.next.checked_mul(2).ok_or(GuestError::PtrOverflow)?)?;
        Ok((memory.read(iovec)?, memory.read(iovec.add(1)?)?))
    }

    /// Hands the buffers to `each` one by one, which says how many bytes of one it used, until one was not used up. Gives
    /// the sum.
    ///
    /// Stock looks at the first buffer only. So of that one every fault counts; one in a later buffer ends the call early,
    /// with what was done.
    #[inline]
    pub(super) fn for_each(
        mut self,
        memory: Memory<'_, '_>,
        mut each: impl FnMut(Memory<'_, '_>, Bytes, u64) -> Answer<usize>,
    ) -> Answer<u32> {
        // Without any buffer, the call is made for one that is empty.
        let mut buffer = self.next(memory)?.unwrap_or(Bytes { at: 0, len: 0 });
        let mut sum = each(memory, buffer, 0)? as u64;
        let mut used = sum;
        while self.next < self.count && used > 0 && used == u64::from(buffer.len) {
            let Ok(Some(next)) = self.next(memory) else { break };
            // The sum is what the guest is told.
            if sum + u64::from(next.len) > u32::MAX.into() {
                break;
            }
            let more = match each(memory, next, sum) {
                Ok(more) => more,
                // What is wrong on the host's side ends the run, whichever buffer it was for.
                Err(Fault::Trap(trap)) if !matches!(trap.kind(), TrapKind::Guest(_)) => return Err(trap.into()),
                Err(_) => break,
            };
            (buffer, used) = (next, more as u64);
            sum += used;
        }
        Ok(sum as u32)
    }
}

fn read_at(
    (files, random): (&mut FileSystem, &mut ByteStream),
    file: &File,
    memory: Memory<'_, '_>,
    buffers: Buffers,
    offset: u64,
) -> Answer<u32> {
    buffers.for_each(memory, |memory, buffer, done| {
        let offset = offset.checked_add(done).ok_or(Errno::Overflow)?;
        let bytes = memory.slice_mut(buffer)?;
        match files.read(&file.handle, bytes, offset) {
            Ok(read) => Ok(read),
            Err(error) => Ok(random_bytes(error, random, bytes)??),
        }
    })
}

/// A file that is appended to takes no offset, not even that of `fd_pwrite`: as on Linux.
fn write_at(files: &mut FileSystem, file: &File, memory: Memory<'_, '_>, buffers: Buffers, offset: u64) -> Answer<u32> {
    buffers.for_each(memory, |memory, buffer, done| {
        let position = match file.append {
            true => Position::End,
            false => Position::At(offset.checked_add(done).ok_or(Errno::Overflow)?),
        };
        Ok(files.write(&file.handle, memory.slice(buffer)?, position)?)
    })
}

pub fn fd_read(
    ctx: &mut P1<'_>,
    memory: Memory<'_, '_>,
    _: Version,
    (fd, iovs, count, out): (i32, i32, i32, i32),
) -> Answer<Option<Wait>> {
    let buffers = Buffers::new(iovs, count, ctx.state.allowance)?;
    let (descriptors, files, random) = ctx.open_to_read()?;
    let file = match descriptors.get_mut(fd)? {
        Descriptor::File(file) => file,
        Descriptor::Input { stream, .. } => return streams::read_now(&mut **stream, memory, (fd, buffers, out)),
        _ => return Err(Errno::Badf.into()),
    };
    let read = read_at((files, random), file, memory, buffers, file.position)?;
    file.position = file.position.checked_add(read.into()).ok_or(Errno::Overflow)?;
    write_u32(memory, out, read).map(|()| None)
}

pub fn fd_write(
    ctx: &mut P1<'_>,
    memory: Memory<'_, '_>,
    _: Version,
    (fd, iovs, count, out): (i32, i32, i32, i32),
) -> Answer<Option<Wait>> {
    let buffers = Buffers::new(iovs, count, ctx.state.allowance)?;
    // Finding the time, which files need, is for files only.
    match ctx.table()?.get(fd)? {
        Descriptor::File(_) => {}
        Descriptor::Output { .. } => return write_to_stream(ctx, memory, (fd, buffers, out)),
        Descriptor::Captured(which) => {
            let which = *which;
            let captured = ctx.state.captured.as_mut().ok_or(Errno::Badf)?;
            let written = capture::write(captured, which, memory, buffers)?;
            return write_u32(memory, out, written).map(|()| None);
        }
        _ => return Err(Errno::Badf.into()),
    }
    let (descriptors, files) = ctx.open()?;
    let file = descriptors.file(fd)?;
    let written = write_at(files, file, memory, buffers, file.position)?;
    file.position = match file.append {
        true => files.stat(&file.handle)?.size,
        false => file.position.checked_add(written.into()).ok_or(Errno::Overflow)?,
    };
    write_u32(memory, out, written).map(|()| None)
}

fn write_to_stream(
    ctx: &mut P1<'_>,
    memory: Memory<'_, '_>,
    (fd, buffers, out): (i32, Buffers, i32),
) -> Answer<Option<Wait>> {
    let Some(Started { descriptors, scratch, .. }) = &mut ctx.state.started else { return Err(Errno::Badf.into()) };
    let Descriptor::Output { stream, .. } = descriptors.get_mut(fd)? else { return Err(Errno::Badf.into()) };
    buffers.gather(memory, scratch)?;
    let written = scratch.len() as u32;
    // One long write is not a reason to keep its room for ever.
    let bytes = if scratch.capacity() > 2 * SCRATCH { std::mem::take(scratch) } else { scratch.split() };
    if written > 0
        && let Some(left) = stream.write(bytes.freeze())?
    {
        return Ok(Some(Wait::write(fd, left, written, out)));
    }
    write_u32(memory, out, written).map(|()| None)
}

impl Buffers {
    /// How many bytes the buffers have together, as far as they are sound.
    pub(super) fn total(&self, memory: Memory<'_, '_>) -> Answer<usize> {
        let sum = self.clone().for_each(memory, |memory, buffer, _| Ok(memory.slice_mut(buffer)?.len()))?;
        Ok(sum as usize)
    }

    /// A copy of all bytes, in `copy`, which is emptied before.
    fn gather(self, memory: Memory<'_, '_>, copy: &mut BytesMut) -> Answer {
        copy.clear();
        self.for_each(memory, |memory, buffer, _| {
            let part = memory.slice(buffer)?;
            if copy.capacity() - copy.len() < part.len() {
                // Of a block that is used up and free again, the front is used once more.
                reserve::probe(copy.len().saturating_mul(2).saturating_add(part.len()))?;
                copy.reserve(part.len().max(SCRATCH));
            }
            copy.extend_from_slice(part);
            Ok(part.len())
        })?;
        Ok(())
    }
}

pub fn fd_pread(
    ctx: &mut P1<'_>,
    memory: Memory<'_, '_>,
    _: Version,
    (fd, iovs, count, offset, out): (i32, i32, i32, i64, i32),
) -> Answer {
    let buffers = Buffers::new(iovs, count, ctx.state.allowance)?;
    let (descriptors, files, random) = ctx.open_to_read()?;
    let file = match descriptors.get(fd)? {
        Descriptor::File(file) => file,
        Descriptor::Input { .. } => return Err(Errno::Spipe.into()),
        _ => return Err(Errno::Badf.into()),
    };
    let read = read_at((files, random), file, memory, buffers, offset as u64)?;
    write_u32(memory, out, read)
}

pub fn fd_pwrite(
    ctx: &mut P1<'_>,
    memory: Memory<'_, '_>,
    _: Version,
    (fd, iovs, count, offset, out): (i32, i32, i32, i64, i32),
) -> Answer {
    let buffers = Buffers::new(iovs, count, ctx.state.allowance)?;
    let (descriptors, files) = ctx.open()?;
    let file = match descriptors.get(fd)? {
        Descriptor::File(file) => file,
        Descriptor::Output { .. } | Descriptor::Captured(_) => return Err(Errno::Spipe.into()),
        _ => return Err(Errno::Badf.into()),
    };
    let written = write_at(files, file, memory, buffers, offset as u64)?;
    write_u32(memory, out, written)
}

pub fn fd_seek(
    ctx: &mut P1<'_>,
    memory: Memory<'_, '_>,
    version: Version,
    (fd, offset, whence, out): (i32, i64, i32, i32),
) -> Answer {
    let whence = match (version, member(whence, 3, "whence")?) {
        (Version::wasi_snapshot_preview1, 0) | (Version::wasi_unstable, 2) => Whence::Set,
        (Version::wasi_snapshot_preview1, 1) | (Version::wasi_unstable, 0) => Whence::Cur,
        _ => Whence::End,
    };
    let (descriptors, files) = ctx.open()?;
    let file = descriptors.seekable(fd)?;
    if file.is_device() {
        return write_u64(memory, out, 0);
    }
    let position = match whence {
        Whence::Set => u64::try_from(offset).ok(),
        Whence::Cur => file.position.checked_add_signed(offset),
        Whence::End => files.stat(&file.handle)?.size.checked_add_signed(offset),
    };
    file.position = position.ok_or(Errno::Inval)?;
    let position = file.position;
    write_u64(memory, out, position)
}

pub fn fd_tell(ctx: &mut P1<'_>, memory: Memory<'_, '_>, _: Version, (fd, out): (i32, i32)) -> Answer {
    let file = ctx.table()?.seekable(fd)?;
    let position = if file.is_device() { 0 } else { file.position };
    write_u64(memory, out, position)
}

/// Advice changes nothing that a guest sees.
pub fn fd_advise(ctx: &mut P1<'_>, _: Memory<'_, '_>, _: Version, (fd, _, _, advice): (i32, i64, i64, i32)) -> Answer {
    member(advice, ADVICE.0, ADVICE.1)?;
    ctx.table()?.file(fd).map(drop)
}

/// Stock has never supported it: hosts differ too much.
pub fn fd_allocate(ctx: &mut P1<'_>, _: Memory<'_, '_>, _: Version, (fd, _, _): (i32, i64, i64)) -> Answer {
    ctx.table()?.file(fd)?;
    Err(Errno::Notsup.into())
}

pub fn fd_sync(ctx: &mut P1<'_>, _: Memory<'_, '_>, _: Version, (fd,): (i32,)) -> Answer {
    sync(ctx, fd, false)
}

pub fn fd_datasync(ctx: &mut P1<'_>, _: Memory<'_, '_>, _: Version, (fd,): (i32,)) -> Answer {
    sync(ctx, fd, true)
}

fn sync(ctx: &mut P1<'_>, fd: i32, data_only: bool) -> Answer {
    let (descriptors, files) = ctx.open()?;
    Ok(files.sync(&descriptors.file(fd)?.handle, data_only)?)
}

pub fn fd_filestat_set_size(ctx: &mut P1<'_>, _: Memory<'_, '_>, _: Version, (fd, size): (i32, i64)) -> Answer {
    let (descriptors, files) = ctx.open()?;
    Ok(files.set_size(&descriptors.file(fd)?.handle, size as u64)?)
}

pub fn fd_fdstat_set_flags(ctx: &mut P1<'_>, _: Memory<'_, '_>, _: Version, (fd, flags): (i32, i32)) -> Answer {
    let flags = Fdflags::try_from(flags)?;
    let file = ctx.table()?.file(fd)?;
    if flags.intersects(Fdflags::DSYNC | Fdflags::SYNC | Fdflags::RSYNC) {
        return Err(Errno::Inval.into());
    }
    file.append = flags.contains(Fdflags::APPEND);
    file.nonblocking = flags.contains(Fdflags::NONBLOCK);
    Ok(())
}

/// Rights are not supported, as on stock.
pub fn fd_fdstat_set_rights(
    ctx: &mut P1<'_>,
    _: Memory<'_, '_>,
    version: Version,
    (fd, base, inheriting): (i32, i64, i64),
) -> Answer {
    version.rights(base)?;
    version.rights(inheriting)?;
    ctx.table()?.object(fd)?;
    Err(Errno::Notsup.into())
}

pub fn fd_close(ctx: &mut P1<'_>, _: Memory<'_, '_>, _: Version, (fd,): (i32,)) -> Answer {
    ctx.table()?.close(fd)
}

pub fn fd_renumber(ctx: &mut P1<'_>, _: Memory<'_, '_>, _: Version, (from, to): (i32, i32)) -> Answer {
    ctx.table()?.renumber(from, to)
}
