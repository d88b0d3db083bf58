//! Removing files: an object that is gone takes its number and its times with it.

use wasmtime::Result;
use wasmtime_wasi::p0::wasi_unstable;
use wasmtime_wasi::p1::types::{Filetype, Lookupflags};
use wasmtime_wasi::p1::wasi_snapshot_preview1::{self, WasiSnapshotPreview1 as P1};
use wiggle::{GuestMemory, GuestPtr};

use super::P1Ctx;
use super::files::Version;
use super::memory::errno;

impl P1Ctx {
    /// The host's number of the object that goes when `path` does: a directory, or a file that has no other name. Hosts
    /// use such a number again when they like.
    async fn last_name(&mut self, memory: &mut GuestMemory<'_>, fd: i32, path: i32, len: i32) -> Option<u64> {
        let path = GuestPtr::<str>::new((path as u32, len as u32));
        let stat = P1::path_filestat_get(&mut self.wasi, memory, (fd as u32).into(), Lookupflags::empty(), path);
        let stat = stat.await.ok()?;
        (stat.nlink <= 1 || stat.filetype == Filetype::Directory).then_some(stat.ino)
    }

    /// What is made in its place is another object.
    fn gone(&mut self, errno: i32, object: Option<u64>) -> i32 {
        if errno == errno::SUCCESS
            && let Some(inode) = object
        {
            self.deterministic.files.forget(inode);
        }
        errno
    }
}

pub(super) async fn path_unlink_file(
    ctx: &mut P1Ctx,
    memory: &mut GuestMemory<'_>,
    version: Version,
    (fd, path, len): (i32, i32, i32),
) -> Result<i32> {
    let object = ctx.last_name(memory, fd, path, len).await;
    let wasi = &mut ctx.wasi;
    let errno = match version {
        Version::wasi_snapshot_preview1 => {
            wasi_snapshot_preview1::path_unlink_file(wasi, memory, fd, path, len).await?
        }
        Version::wasi_unstable => wasi_unstable::path_unlink_file(wasi, memory, fd, path, len).await?,
    };
    Ok(ctx.gone(errno, object))
}

pub(super) async fn path_remove_directory(
    ctx: &mut P1Ctx,
    memory: &mut GuestMemory<'_>,
    version: Version,
    (fd, path, len): (i32, i32, i32),
) -> Result<i32> {
    let object = ctx.last_name(memory, fd, path, len).await;
    let wasi = &mut ctx.wasi;
    let errno = match version {
        Version::wasi_snapshot_preview1 => {
            wasi_snapshot_preview1::path_remove_directory(wasi, memory, fd, path, len).await?
        }
        Version::wasi_unstable => wasi_unstable::path_remove_directory(wasi, memory, fd, path, len).await?,
    };
    Ok(ctx.gone(errno, object))
}

pub(super) async fn path_rename(
    ctx: &mut P1Ctx,
    memory: &mut GuestMemory<'_>,
    version: Version,
    (fd, path, len, new_fd, new_path, new_len): (i32, i32, i32, i32, i32, i32),
) -> Result<i32> {
    // A rename onto another name of the same file leaves both.
    let moved = ctx.last_name(memory, fd, path, len).await;
    let object = ctx.last_name(memory, new_fd, new_path, new_len).await.filter(|object| Some(*object) != moved);
    let wasi = &mut ctx.wasi;
    let errno = match version {
        Version::wasi_snapshot_preview1 => {
            wasi_snapshot_preview1::path_rename(wasi, memory, fd, path, len, new_fd, new_path, new_len).await?
        }
        Version::wasi_unstable => {
            wasi_unstable::path_rename(wasi, memory, fd, path, len, new_fd, new_path, new_len).await?
        }
    };
    Ok(ctx.gone(errno, object))
}
