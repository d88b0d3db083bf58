//! Listing directories.

#![allow(missing_docs, reason = "the functions are WASI's, and its specification documents them")]

use deterministic_fs::FileType;

use super::P1;
use super::abi::{Version, write_u32};
use super::descriptors::Reading;
use super::guest::{GuestMemory, GuestPtr};
use super::status::filetype;
use crate::fault::Answer;
use crate::files::Listing;

const DIRENT_SIZE: usize = 24;

/// `.` and `..`, which come first.
const DOTS: [&str; 2] = [".", ".."];

/// Writes as many entries as there is room for, from number `cookie` on, the last one cut short. The directory is read
/// once, when the cookie is 0, and kept for the calls that go on; so cookies stay what they are while entries are made and
/// removed.
pub fn fd_readdir(
    ctx: &mut P1<'_>,
    memory: &mut GuestMemory<'_>,
    _: Version,
    (fd, buf, len, cookie, out): (i32, i32, i32, i64, i32),
) -> Answer {
    let account = ctx.wasi.held.account().clone();
    let (descriptors, files) = ctx.open()?;
    let directory = descriptors.reading(fd)?;
    if cookie == 0 {
        directory.reading = None;
    }
    let reading = match &directory.reading {
        Some(reading) => reading,
        None => {
            let listing = Listing::new(files.read_directory(&directory.handle)?, &account)?;
            let identity = files.stat(&directory.handle)?.identity;
            directory.reading.insert(Reading { listing, identity })
        }
    };
    let skip = usize::try_from(cookie as u64).unwrap_or(usize::MAX);
    let used = write_entries(memory, reading, skip, buf as u32, len as u32)?;
    write_u32(memory, out, used)
}

fn write_entries(memory: &mut GuestMemory<'_>, reading: &Reading, skip: usize, buf: u32, len: u32) -> Answer<u32> {
    // Of the directory above stock shows the directory's own number, too.
    let dots = DOTS.iter().map(|name| (*name, reading.identity as u64, FileType::Directory)).skip(skip);
    let rest = reading.listing.entries.get(skip.saturating_sub(DOTS.len())..).unwrap_or_default();
    let entries = rest.iter().map(|entry| (&*entry.name, entry.identity as u64, entry.file_type));
    let (mut at, mut left) = (GuestPtr::<u8>::new(buf), len);
    for ((name, identity, file_type), cookie) in dots.chain(entries).zip((skip as u64).saturating_add(1)..) {
        let mut record = [0; DIRENT_SIZE];
        record[..8].copy_from_slice(&cookie.to_le_bytes());
        record[8..16].copy_from_slice(&identity.to_le_bytes());
        record[16..20].copy_from_slice(&(name.len() as u32).to_le_bytes());
        record[20] = filetype(file_type) as u8;
        for part in [&record[..], name.as_bytes()] {
            let fits = part.len().min(left as usize) as u32;
            memory.copy_from_slice(&part[..fits as usize], at.offset())?;
            left -= fits;
            if left == 0 {
                return Ok(len);
            }
            at = at.add(fits)?;
        }
    }
    Ok(len - left)
}
