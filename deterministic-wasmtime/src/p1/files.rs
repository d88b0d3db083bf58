//! Files as the guest may see them: nothing of the host's directory order, inode numbers and times.
//!
//! wasmtime-wasi does the work; what it says of the host is then replaced. Objects are numbered in the order in which the
//! guest meets them. Times are the policy's epoch unless the guest has set them. Directories have no size, and every
//! object one link.

use deterministic_core::WallTime;
use wasmtime::Result;
use wasmtime_wasi::p0::wasi_unstable;
use wasmtime_wasi::p1::types::{Filestat, Filetype, Lookupflags};
use wasmtime_wasi::p1::wasi_snapshot_preview1::{self, WasiSnapshotPreview1 as P1};
use wiggle::{GuestMemory, GuestPtr};

use super::P1Ctx;
use super::memory::errno;
use crate::DeterministicCtx;
use crate::files::Files;

/// Which of the two modules a guest imports.
#[derive(Clone, Copy, Debug)]
#[expect(non_camel_case_types, reason = "the names are WASI's, and macros match on them")]
pub(super) enum Version {
    wasi_snapshot_preview1,
    wasi_unstable,
}

/// Where the fields of a file's status lie.
struct Layout {
    links: u32,
    links_size: usize,
    size: u32,
    times: u32,
}

const INODE: u32 = 8;
const FILETYPE: u32 = 16;

impl Version {
    fn filestat(self) -> Layout {
        match self {
            Version::wasi_snapshot_preview1 => Layout { links: 24, links_size: 8, size: 32, times: 40 },
            Version::wasi_unstable => Layout { links: 20, links_size: 4, size: 24, times: 32 },
        }
    }
}

/// Replaces what stock wrote about an object.
fn replace(
    files: &mut Files,
    memory: &mut GuestMemory<'_>,
    out: i32,
    version: Version,
    epoch: WallTime,
) -> Result<(), wiggle::GuestError> {
    let layout = version.filestat();
    let out = GuestPtr::<u8>::new(out as u32);
    // The standard streams are on no device, and all they have is 0.
    if memory.read(out.cast::<u64>())? == 0 {
        return Ok(());
    }
    let inode = out.add(INODE)?.cast::<u64>();
    let host = memory.read(inode)?;
    let filetype = memory.read(out.add(FILETYPE)?)?;
    let number = files.number(host);
    memory.write(inode, number)?;
    match layout.links_size {
        4 => memory.write(out.add(layout.links)?.cast::<u32>(), 1)?,
        _ => memory.write(out.add(layout.links)?.cast::<u64>(), 1)?,
    }
    if filetype == Filetype::Directory as u8 {
        memory.write(out.add(layout.size)?.cast::<u64>(), 0)?;
    }
    let epoch = epoch.as_unix_nanos();
    let [atim, mtim] = files.times(number, epoch);
    for (position, time) in (0..).zip([atim, mtim, epoch]) {
        memory.write(out.add(layout.times + 8 * position)?.cast::<u64>(), time)?;
    }
    Ok(())
}

pub(super) async fn fd_filestat_get(
    ctx: &mut P1Ctx,
    memory: &mut GuestMemory<'_>,
    version: Version,
    (fd, out): (i32, i32),
) -> Result<i32> {
    let errno = match version {
        Version::wasi_snapshot_preview1 => {
            wasi_snapshot_preview1::fd_filestat_get(&mut ctx.wasi, memory, fd, out).await?
        }
        Version::wasi_unstable => wasi_unstable::fd_filestat_get(&mut ctx.wasi, memory, fd, out).await?,
    };
    normalise(ctx, memory, version, errno, out)
}

pub(super) async fn path_filestat_get(
    ctx: &mut P1Ctx,
    memory: &mut GuestMemory<'_>,
    version: Version,
    (fd, flags, path, len, out): (i32, i32, i32, i32, i32),
) -> Result<i32> {
    let wasi = &mut ctx.wasi;
    let errno = match version {
        Version::wasi_snapshot_preview1 => {
            wasi_snapshot_preview1::path_filestat_get(wasi, memory, fd, flags, path, len, out).await?
        }
        Version::wasi_unstable => wasi_unstable::path_filestat_get(wasi, memory, fd, flags, path, len, out).await?,
    };
    normalise(ctx, memory, version, errno, out)
}

fn normalise(ctx: &mut P1Ctx, memory: &mut GuestMemory<'_>, version: Version, errno: i32, out: i32) -> Result<i32> {
    if errno == errno::SUCCESS {
        let DeterministicCtx { files, time, .. } = &mut ctx.deterministic;
        replace(files, memory, out, version, time.epoch)?;
    }
    Ok(errno)
}

const ATIM: i32 = 1;
const ATIM_NOW: i32 = 2;
const MTIM: i32 = 4;
const MTIM_NOW: i32 = 8;

/// A request to set times, with "now" replaced by the time it is for the guest.
struct SetTimes {
    atim: i64,
    mtim: i64,
    flags: i32,
}

impl SetTimes {
    /// Stock would take "now" from the host. Contradictory flags stay as they are, for stock to refuse.
    fn new(ctx: &P1Ctx, mut atim: i64, mut mtim: i64, mut flags: i32) -> Self {
        let now = ctx.deterministic.wall_now().as_unix_nanos() as i64;
        if flags & (ATIM | ATIM_NOW) == ATIM_NOW {
            (atim, flags) = (now, flags ^ ATIM_NOW ^ ATIM);
        }
        if flags & (MTIM | MTIM_NOW) == MTIM_NOW {
            (mtim, flags) = (now, flags ^ MTIM_NOW ^ MTIM);
        }
        SetTimes { atim, mtim, flags }
    }

    fn remember(&self, ctx: &mut P1Ctx, stat: Option<Filestat>) {
        let Some(stat) = stat else { return };
        let DeterministicCtx { files, time, .. } = &mut ctx.deterministic;
        let number = files.number(stat.ino);
        let set = |flag, time: i64| (self.flags & flag != 0).then_some(time as u64);
        files.set_times(number, time.epoch.as_unix_nanos(), [set(ATIM, self.atim), set(MTIM, self.mtim)]);
    }
}

pub(super) async fn fd_filestat_set_times(
    ctx: &mut P1Ctx,
    memory: &mut GuestMemory<'_>,
    version: Version,
    (fd, atim, mtim, flags): (i32, i64, i64, i32),
) -> Result<i32> {
    let set = SetTimes::new(ctx, atim, mtim, flags);
    let SetTimes { atim, mtim, flags } = set;
    let wasi = &mut ctx.wasi;
    let errno = match version {
        Version::wasi_snapshot_preview1 => {
            wasi_snapshot_preview1::fd_filestat_set_times(wasi, memory, fd, atim, mtim, flags).await?
        }
        Version::wasi_unstable => wasi_unstable::fd_filestat_set_times(wasi, memory, fd, atim, mtim, flags).await?,
    };
    if errno == errno::SUCCESS {
        let stat = P1::fd_filestat_get(&mut ctx.wasi, memory, (fd as u32).into()).await.ok();
        set.remember(ctx, stat);
    }
    Ok(errno)
}

pub(super) async fn path_filestat_set_times(
    ctx: &mut P1Ctx,
    memory: &mut GuestMemory<'_>,
    version: Version,
    (fd, lookup, path, len, atim, mtim, flags): (i32, i32, i32, i32, i64, i64, i32),
) -> Result<i32> {
    let set = SetTimes::new(ctx, atim, mtim, flags);
    let SetTimes { atim, mtim, flags } = set;
    let wasi = &mut ctx.wasi;
    let errno = match version {
        Version::wasi_snapshot_preview1 => {
            wasi_snapshot_preview1::path_filestat_set_times(wasi, memory, fd, lookup, path, len, atim, mtim, flags)
                .await?
        }
        Version::wasi_unstable => {
            wasi_unstable::path_filestat_set_times(wasi, memory, fd, lookup, path, len, atim, mtim, flags).await?
        }
    };
    if errno == errno::SUCCESS {
        let lookup = Lookupflags::try_from(lookup).unwrap_or(Lookupflags::empty());
        let path = GuestPtr::<str>::new((path as u32, len as u32));
        // The guest pays for one copy of its path, not for this second one.
        P1::set_hostcall_fuel(&mut ctx.wasi, len as u32 as usize);
        let stat = P1::path_filestat_get(&mut ctx.wasi, memory, (fd as u32).into(), lookup, path).await.ok();
        set.remember(ctx, stat);
    }
    Ok(errno)
}
