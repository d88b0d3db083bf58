//! What a live directory is asked, as bytes.

use super::wire::{Input, Malformed, NUMBER_MAX, put_bytes, put_number};
use crate::types::{Access, NewTime, OpenOptions, Position};

/// The longest string that is in a question as it is; of a longer one its digest is.
const WHOLE_MAX: usize = 4096;

const DIGEST: usize = 16;

/// No question has more bytes: two strings, and numbers.
pub(super) const QUESTION_MAX: usize = 2 * (WHOLE_MAX + NUMBER_MAX) + 8 * NUMBER_MAX;

/// Bytes that a question is told by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Told<'a> {
    Whole(&'a [u8]),
    /// Their number, and the first 16 bytes of their BLAKE3 hash.
    Digest(u64, [u8; DIGEST]),
}

impl<'a> From<&'a [u8]> for Told<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Told::Whole(bytes)
    }
}

impl<'a> From<&'a str> for Told<'a> {
    fn from(text: &'a str) -> Self {
        Told::Whole(text.as_bytes())
    }
}

impl<'a> Told<'a> {
    pub(super) fn len(&self) -> u64 {
        match self {
            Told::Whole(bytes) => bytes.len() as u64,
            Told::Digest(len, _) => *len,
        }
    }

    fn put_digest(&self, out: &mut Vec<u8>) {
        put_number(out, self.len());
        match self {
            Told::Whole(bytes) => out.extend_from_slice(&blake3::hash(bytes).as_bytes()[..DIGEST]),
            Told::Digest(_, digest) => out.extend_from_slice(digest),
        }
    }

    fn digest(input: &mut Input<'a>) -> Result<Self, Malformed> {
        Ok(Told::Digest(input.number()?, input.array()?))
    }

    fn put_text(&self, out: &mut Vec<u8>) {
        match self {
            Told::Whole(bytes) if bytes.len() <= WHOLE_MAX => put_bytes(out, bytes),
            told => told.put_digest(out),
        }
    }

    fn text(input: &mut Input<'a>) -> Result<Self, Malformed> {
        let len = input.clone().number()?;
        if len <= WHOLE_MAX as u64 { Ok(Told::from(input.text()?)) } else { Told::digest(input) }
    }
}

/// One operation on what is open, by its number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Question<'a> {
    /// The directory that the guest has from the start: the number it gets, the place among all mounts.
    Mount {
        handle: u64,
        mount: u64,
        guest: Told<'a>,
        access: Access,
    },
    OpenAt {
        dir: u64,
        path: Told<'a>,
        options: OpenOptions,
    },
    Read {
        file: u64,
        len: u64,
        offset: u64,
    },
    Write {
        file: u64,
        bytes: Told<'a>,
        position: Position,
    },
    SetSize {
        file: u64,
        size: u64,
    },
    Sync {
        object: u64,
        data_only: bool,
    },
    Stat {
        object: u64,
    },
    StatAt {
        dir: u64,
        path: Told<'a>,
        follow: bool,
    },
    SetTimes {
        object: u64,
        access: NewTime,
        modification: NewTime,
    },
    SetTimesAt {
        dir: u64,
        path: Told<'a>,
        follow: bool,
        access: NewTime,
        modification: NewTime,
    },
    ReadDirectory {
        dir: u64,
    },
    CreateDirectoryAt {
        dir: u64,
        path: Told<'a>,
    },
    SymlinkAt {
        dir: u64,
        target: Told<'a>,
        path: Told<'a>,
    },
    ReadlinkAt {
        dir: u64,
        path: Told<'a>,
    },
    LinkAt {
        dir: u64,
        path: Told<'a>,
        new_dir: u64,
        new_path: Told<'a>,
    },
    RenameAt {
        dir: u64,
        path: Told<'a>,
        new_dir: u64,
        new_path: Told<'a>,
    },
    RemoveDirectoryAt {
        dir: u64,
        path: Told<'a>,
    },
    UnlinkFileAt {
        dir: u64,
        path: Told<'a>,
    },
}

impl<'a> Question<'a> {
    /// Its bytes; no more than [`QUESTION_MAX`].
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        use Question as Q;

        let mut head = |code: u8, handle: u64| {
            out.push(code);
            put_number(out, handle);
        };
        match *self {
            Q::Mount { handle, mount, guest, access } => {
                head(0x01, handle);
                put_number(out, mount);
                guest.put_text(out);
                out.push(u8::from(access == Access::ReadWrite));
            }
            Q::OpenAt { dir, path, options } => {
                head(0x02, dir);
                path.put_text(out);
                out.push(put_options(options));
            }
            Q::Read { file, len, offset } => {
                head(0x03, file);
                put_number(out, len);
                put_number(out, offset);
            }
            Q::Write { file, bytes, position } => {
                head(0x04, file);
                match position {
                    Position::End => out.push(0),
                    Position::At(offset) => put_number(out, offset.saturating_add(1)),
                }
                bytes.put_digest(out);
            }
            Q::SetSize { file, size } => {
                head(0x05, file);
                put_number(out, size);
            }
            Q::Sync { object, data_only } => {
                head(0x06, object);
                out.push(data_only.into());
            }
            Q::Stat { object } => head(0x07, object),
            Q::StatAt { dir, path, follow } => {
                head(0x08, dir);
                path.put_text(out);
                out.push(follow.into());
            }
            Q::SetTimes { object, access, modification } => {
                head(0x09, object);
                put_time(out, access);
                put_time(out, modification);
            }
            Q::SetTimesAt { dir, path, follow, access, modification } => {
                head(0x0a, dir);
                path.put_text(out);
                out.push(follow.into());
                put_time(out, access);
                put_time(out, modification);
            }
            Q::ReadDirectory { dir } => head(0x0b, dir),
            Q::CreateDirectoryAt { dir, path } => {
                head(0x0c, dir);
                path.put_text(out);
            }
            Q::SymlinkAt { dir, target, path } => {
                head(0x0d, dir);
                target.put_text(out);
                path.put_text(out);
            }
            Q::ReadlinkAt { dir, path } => {
                head(0x0e, dir);
                path.put_text(out);
            }
            Q::LinkAt { dir, path, new_dir, new_path } => {
                head(0x0f, dir);
                path.put_text(out);
                put_number(out, new_dir);
                new_path.put_text(out);
            }
            Q::RenameAt { dir, path, new_dir, new_path } => {
                head(0x10, dir);
                path.put_text(out);
                put_number(out, new_dir);
                new_path.put_text(out);
            }
            Q::RemoveDirectoryAt { dir, path } => {
                head(0x11, dir);
                path.put_text(out);
            }
            Q::UnlinkFileAt { dir, path } => {
                head(0x12, dir);
                path.put_text(out);
            }
        }
    }

    /// What [`put`](Self::put) made, for people to read.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        use Question as Q;

        let mut input = Input::new(bytes);
        let i = &mut input;
        let (code, first) = (i.byte()?, i.number()?);
        // Fields are read in the order in which they stand.
        let question = match code {
            0x01 => Q::Mount { handle: first, mount: i.number()?, guest: Told::text(i)?, access: access(i)? },
            0x02 => Q::OpenAt { dir: first, path: Told::text(i)?, options: options(i.byte()?)? },
            0x03 => Q::Read { file: first, len: i.number()?, offset: i.number()? },
            0x04 => Q::Write { file: first, position: position(i)?, bytes: Told::digest(i)? },
            0x05 => Q::SetSize { file: first, size: i.number()? },
            0x06 => Q::Sync { object: first, data_only: i.flag()? },
            0x07 => Q::Stat { object: first },
            0x08 => Q::StatAt { dir: first, path: Told::text(i)?, follow: i.flag()? },
            0x09 => Q::SetTimes { object: first, access: time(i)?, modification: time(i)? },
            0x0a => Q::SetTimesAt {
                dir: first,
                path: Told::text(i)?,
                follow: i.flag()?,
                access: time(i)?,
                modification: time(i)?,
            },
            0x0b => Q::ReadDirectory { dir: first },
            0x0c => Q::CreateDirectoryAt { dir: first, path: Told::text(i)? },
            0x0d => Q::SymlinkAt { dir: first, target: Told::text(i)?, path: Told::text(i)? },
            0x0e => Q::ReadlinkAt { dir: first, path: Told::text(i)? },
            0x0f => Q::LinkAt { dir: first, path: Told::text(i)?, new_dir: i.number()?, new_path: Told::text(i)? },
            0x10 => Q::RenameAt { dir: first, path: Told::text(i)?, new_dir: i.number()?, new_path: Told::text(i)? },
            0x11 => Q::RemoveDirectoryAt { dir: first, path: Told::text(i)? },
            0x12 => Q::UnlinkFileAt { dir: first, path: Told::text(i)? },
            _ => return Err("there is no operation of this number"),
        };
        input.end().map(|()| question)
    }
}

fn access(input: &mut Input<'_>) -> Result<Access, Malformed> {
    Ok(if input.flag()? { Access::ReadWrite } else { Access::ReadOnly })
}

fn position(input: &mut Input<'_>) -> Result<Position, Malformed> {
    Ok(input.number()?.checked_sub(1).map_or(Position::End, Position::At))
}

fn put_time(out: &mut Vec<u8>, time: NewTime) {
    match time {
        NewTime::Keep => out.push(0),
        NewTime::Now => out.push(1),
        NewTime::At(nanos) => {
            out.push(2);
            put_number(out, nanos);
        }
    }
}

fn time(input: &mut Input<'_>) -> Result<NewTime, Malformed> {
    match input.byte()? {
        0 => Ok(NewTime::Keep),
        1 => Ok(NewTime::Now),
        2 => Ok(NewTime::At(input.number()?)),
        _ => Err("a time in it is of no kind"),
    }
}

/// One bit each.
fn put_options(options: OpenOptions) -> u8 {
    let OpenOptions { create, directory, exclusive, truncate, read, write, follow } = options;
    let bits = [create, directory, exclusive, truncate, read, write, follow];
    bits.iter().rev().fold(0, |bits, bit| bits << 1 | u8::from(*bit))
}

fn options(bits: u8) -> Result<OpenOptions, Malformed> {
    if bits >= 0x80 {
        return Err("a way to open in it is none");
    }
    let [create, directory, exclusive, truncate, read, write, follow] = std::array::from_fn(|bit| bits >> bit & 1 == 1);
    Ok(OpenOptions { create, directory, exclusive, truncate, read, write, follow })
}
