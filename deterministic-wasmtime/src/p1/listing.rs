//! Directories, listed in an order that every host has.

use std::collections::BTreeMap;

use wasmtime::Result;
use wasmtime_wasi::p0::wasi_unstable;
use wasmtime_wasi::p1::types::Errno;
use wasmtime_wasi::p1::wasi_snapshot_preview1::{self, WasiSnapshotPreview1 as P1};
use wiggle::{GuestMemory, GuestPtr};

use super::P1Ctx;
use super::files::Version;
use super::memory::errno;
use crate::files::Files;

/// The directories whose listings are being read, whole and in order, by descriptor. A walk reads several at once.
#[derive(Debug, Default)]
pub(super) struct Listings(BTreeMap<i32, Vec<Entry>>);

/// How many listings are kept; beyond, a guest that holds so many directories open has them listed again.
const KEPT: usize = 64;

#[derive(Debug)]
struct Entry {
    name: Vec<u8>,
    number: u64,
    filetype: u8,
}

pub(super) async fn fd_close(
    ctx: &mut P1Ctx,
    memory: &mut GuestMemory<'_>,
    version: Version,
    (fd,): (i32,),
) -> Result<i32> {
    ctx.forget_listing(&[fd]);
    match version {
        Version::wasi_snapshot_preview1 => wasi_snapshot_preview1::fd_close(&mut ctx.wasi, memory, fd).await,
        Version::wasi_unstable => wasi_unstable::fd_close(&mut ctx.wasi, memory, fd).await,
    }
}

pub(super) async fn fd_renumber(
    ctx: &mut P1Ctx,
    memory: &mut GuestMemory<'_>,
    version: Version,
    (fd, to): (i32, i32),
) -> Result<i32> {
    ctx.forget_listing(&[fd, to]);
    match version {
        Version::wasi_snapshot_preview1 => wasi_snapshot_preview1::fd_renumber(&mut ctx.wasi, memory, fd, to).await,
        Version::wasi_unstable => wasi_unstable::fd_renumber(&mut ctx.wasi, memory, fd, to).await,
    }
}

impl P1Ctx {
    /// The numbers of descriptors are used again, for other directories.
    fn forget_listing(&mut self, descriptors: &[i32]) {
        self.listings.0.retain(|fd, _| !descriptors.contains(fd));
    }
}

const DIRENT_SIZE: usize = 24;

pub(super) async fn fd_readdir(
    ctx: &mut P1Ctx,
    memory: &mut GuestMemory<'_>,
    version: Version,
    (fd, buf, len, cookie, out): (i32, i32, i32, i64, i32),
) -> Result<i32> {
    let _ = version; // both have the same record
    let cookie = cookie as u64;
    if cookie == 0 || !ctx.listings.0.contains_key(&fd) {
        match list(ctx, fd).await? {
            Ok(entries) => {
                if ctx.listings.0.len() >= KEPT {
                    ctx.listings.0.clear();
                }
                ctx.listings.0.insert(fd, entries);
            }
            Err(errno) => return Ok(errno),
        }
    }
    let entries = ctx.listings.0.get(&fd).map_or(&[][..], Vec::as_slice);
    let (mut at, mut left) = (GuestPtr::<u8>::new(buf as u32), len as u32);
    let skip = usize::try_from(cookie).unwrap_or(usize::MAX);
    'entries: for (position, entry) in entries.iter().enumerate().skip(skip) {
        let mut record = [0; DIRENT_SIZE];
        record[..8].copy_from_slice(&(position as u64 + 1).to_le_bytes());
        record[8..16].copy_from_slice(&entry.number.to_le_bytes());
        record[16..20].copy_from_slice(&(entry.name.len() as u32).to_le_bytes());
        record[20] = entry.filetype;
        for part in [&record[..], &entry.name] {
            let fits = part.len().min(left as usize) as u32;
            memory.copy_from_slice(&part[..fits as usize], at.as_array(fits))?;
            left -= fits;
            if left == 0 {
                break 'entries;
            }
            at = at.add(fits)?;
        }
    }
    memory.write(GuestPtr::<u32>::new(out as u32), len as u32 - left)?;
    Ok(errno::SUCCESS)
}

/// The whole directory, `.` and `..` first and then by the bytes of the names. The inner error is an errno.
async fn list(ctx: &mut P1Ctx, fd: i32) -> Result<Result<Vec<Entry>, i32>> {
    // Each try lists the whole directory on stock, so the steps are large.
    let mut records = vec![0; 1 << 20];
    loop {
        let capacity = u32::try_from(records.len())?;
        let mut memory = GuestMemory::Unshared(&mut records);
        let listed =
            P1::fd_readdir(&mut ctx.wasi, &mut memory, (fd as u32).into(), GuestPtr::new(0), capacity, 0).await;
        match listed {
            // A full buffer may have cut the listing short.
            Ok(used) if used == capacity => records = vec![0; 16 * records.len()],
            Ok(used) => return Ok(Ok(parse(&mut ctx.deterministic.files, &records[..used as usize]))),
            Err(error) => return error.downcast().map(|errno: Errno| Err(errno as i32)),
        }
    }
}

/// The entries of a listing that stock wrote, in our order and with our numbers.
fn parse(files: &mut Files, mut records: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    while let Some((record, rest)) = records.split_first_chunk::<DIRENT_SIZE>() {
        let field = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| record[at + i]));
        let (name, rest) = rest.split_at(rest.len().min(field(16) as u32 as usize));
        entries.push(Entry { name: name.to_vec(), number: field(8), filetype: record[20] });
        records = rest;
    }
    let rank = |name: &[u8]| [&b"."[..], b".."].iter().position(|dots| *dots == name).unwrap_or(2);
    entries.sort_by(|a, b| rank(&a.name).cmp(&rank(&b.name)).then_with(|| a.name.cmp(&b.name)));
    // Numbered only now, so that the host's order does not show.
    for entry in &mut entries {
        entry.number = files.number(entry.number);
    }
    entries
}
