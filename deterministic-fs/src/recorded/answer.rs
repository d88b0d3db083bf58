//! What a live directory answered, as bytes.

use std::sync::Arc;

use super::wire::{Input, Malformed, NUMBER_MAX, put_bytes, put_number};
use crate::error::{Error, ErrorCode, Result};
use crate::types::{DirectoryEntry, FileType, Stat, Times};

const DONE: u8 = 0;
const EXHAUSTED: u8 = 0x40;
const RANDOM_DEVICE: u8 = 0x41;
const OTHER: u8 = 0x42;

const IDENTITY: usize = size_of::<u128>();

/// What a file may have: as [`in_range`](crate::checks::in_range), so that nothing that counts on it wraps.
const SIZE_MAX: u64 = i64::MAX as u64;

/// Gives each variant its number in a trace, for ever.
macro_rules! numbered {
    ($type:ident { $($number:literal $name:ident,)* }) => {
        impl $type {
            const fn number(self) -> u8 {
                match self { $($type::$name => $number,)* }
            }

            fn numbered(number: u8) -> Option<Self> {
                Some(match number { $($number => $type::$name,)* _ => return None })
            }
        }
    };
}

numbered!(ErrorCode {
    1 Access,
    2 BadDescriptor,
    3 Busy,
    4 CrossDevice,
    5 Exist,
    6 FileTooLarge,
    7 IllegalByteSequence,
    8 InsufficientSpace,
    9 Invalid,
    10 Io,
    11 IsDirectory,
    12 Loop,
    13 NameTooLong,
    14 NoEntry,
    15 NotDirectory,
    16 NotEmpty,
    17 NotPermitted,
    18 Overflow,
    19 TooManyLinks,
    20 Unsupported,
});

/// An answer to any question: the host failed to do it, which the guest is told (`io`). For a [`Replayer`](super::Replayer) that goes on where it
/// does not know what was answered.
pub const UNANSWERED: [u8; 1] = [ErrorCode::Io.number()];

numbered!(FileType {
    1 Directory,
    2 RegularFile,
    3 SymbolicLink,
    4 BlockDevice,
    5 CharacterDevice,
    6 Unknown,
});

/// Of what a host can have no more, by number.
const WHAT: [&str; 2] = ["memory", "file descriptors"];

/// What an operation gives when it is done.
pub(crate) trait Put {
    /// It has no more bytes than this.
    fn size(&self) -> usize;

    /// All that it is, if it is bytes that go as they are.
    fn data(&self) -> &[u8] {
        &[]
    }

    fn put(&self, out: &mut Vec<u8>);
}

/// The same from a trace.
pub(crate) trait Answer: Put + Sized {
    /// It takes no more memory than so many times its bytes, and a few bytes.
    const MEMORY: usize = 1;

    /// Whether something is left is the caller's to look at.
    fn parse(input: &mut Input<'_>) -> Result<Self, Malformed>;
}

/// Puts the answer into `out`, or fails if there is no memory for it.
pub(super) fn put(out: &mut Vec<u8>, outcome: Result<&impl Put, &Error>) -> Result<()> {
    let text = |out: &mut Vec<u8>, head: &[u8], text: &str| {
        out.try_reserve(head.len() + NUMBER_MAX + text.len())?;
        out.extend_from_slice(head);
        put_bytes(out, text.as_bytes());
        Ok(())
    };
    match outcome {
        Ok(answer) => {
            out.try_reserve(1 + answer.size())?;
            out.push(DONE);
            answer.put(out);
        }
        Err(Error::Code(code)) => out.push(code.number()),
        Err(Error::RandomDevice) => out.push(RANDOM_DEVICE),
        Err(Error::Exhausted { what, reason }) if WHAT.contains(what) => {
            let what = WHAT.iter().position(|known| known == what).unwrap_or_default();
            return text(out, &[EXHAUSTED, what as u8], reason);
        }
        Err(other) => return text(out, &[OTHER], &other.to_string()),
    }
    Ok(())
}

/// What [`put`] made. Nothing in it is believed.
pub(super) fn parse<'a, A>(
    bytes: &'a [u8],
    done: impl FnOnce(&mut Input<'a>) -> Result<A, Malformed>,
) -> Result<Result<A>, Malformed> {
    let mut input = Input::new(bytes);
    let outcome = match input.byte()? {
        DONE => Ok(done(&mut input)?),
        EXHAUSTED => {
            let what = *WHAT.get(usize::from(input.byte()?)).ok_or("what the host had no more of is nothing known")?;
            Err(Error::Exhausted { what, reason: input.text()?.into() })
        }
        RANDOM_DEVICE => Err(Error::RandomDevice),
        OTHER => Err(Error::Ended { reason: input.text()?.into() }),
        code => Err(ErrorCode::numbered(code).ok_or("there is no error of this number")?.into()),
    };
    input.end().map(|()| outcome)
}

impl Put for () {
    fn size(&self) -> usize {
        0
    }

    fn put(&self, _: &mut Vec<u8>) {}
}

impl Answer for () {
    fn parse(_: &mut Input<'_>) -> Result<Self, Malformed> {
        Ok(())
    }
}

/// How many bytes were written.
impl Put for usize {
    fn size(&self) -> usize {
        NUMBER_MAX
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_number(out, *self as u64);
    }
}

impl Answer for usize {
    fn parse(input: &mut Input<'_>) -> Result<Self, Malformed> {
        usize::try_from(input.number()?).map_err(|_| "more was written than there was")
    }
}

/// Where a symbolic link leads.
impl Put for String {
    fn size(&self) -> usize {
        NUMBER_MAX + self.len()
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_bytes(out, self.as_bytes());
    }
}

impl Answer for String {
    fn parse(input: &mut Input<'_>) -> Result<Self, Malformed> {
        Ok(input.text()?.into())
    }
}

impl Put for Stat {
    fn size(&self) -> usize {
        1 + IDENTITY + 5 * NUMBER_MAX
    }

    /// Most objects have one time three times over.
    fn put(&self, out: &mut Vec<u8>) {
        let Stat { file_type, identity, links, size, times } = self;
        put_file_type(out, *file_type);
        out.extend_from_slice(&identity.to_le_bytes());
        put_number(out, *links);
        put_number(out, *size);
        put_number(out, times.modification);
        for time in [times.access, times.change] {
            put_number(out, zigzag(time.wrapping_sub(times.modification)));
        }
    }
}

impl Answer for Stat {
    fn parse(input: &mut Input<'_>) -> Result<Self, Malformed> {
        let file_type = file_type(input)?;
        let identity = u128::from_le_bytes(input.array()?);
        let (links, size) = (input.number()?, input.number()?);
        if size > SIZE_MAX {
            return Err("a file is longer than files can be");
        }
        let modification = input.number()?;
        let mut time = || Ok::<_, Malformed>(modification.wrapping_add(unzigzag(input.number()?)));
        let times = Times { modification, access: time()?, change: time()? };
        Ok(Stat { file_type, identity, links, size, times })
    }
}

/// One after the other, to the end.
impl Put for Arc<[DirectoryEntry]> {
    fn size(&self) -> usize {
        self.iter().map(|entry| 1 + IDENTITY + NUMBER_MAX + entry.name.len()).sum()
    }

    fn put(&self, out: &mut Vec<u8>) {
        for DirectoryEntry { name, file_type, identity } in &**self {
            put_file_type(out, *file_type);
            out.extend_from_slice(&identity.to_le_bytes());
            put_bytes(out, name.as_bytes());
        }
    }
}

impl Answer for Arc<[DirectoryEntry]> {
    /// An entry has 19 bytes at least. It is in a list that grows, then in one that does not, and has a name besides.
    const MEMORY: usize = (3 * size_of::<DirectoryEntry>() + 64) / 19;

    fn parse(input: &mut Input<'_>) -> Result<Self, Malformed> {
        let mut entries: Vec<DirectoryEntry> = Vec::new();
        while !input.is_empty() {
            let (file_type, identity) = (file_type(input)?, u128::from_le_bytes(input.array()?));
            let name = input.text()?;
            if matches!(name, "" | "." | "..") || name.contains(['/', '\0']) {
                return Err("a name in it can be none");
            }
            // A host that is changed meanwhile may list a name twice.
            if entries.last().is_some_and(|last| &*last.name > name) {
                return Err("the names in it are not in order");
            }
            entries.push(DirectoryEntry { name: name.into(), file_type, identity });
        }
        Ok(entries.into())
    }
}

/// What was opened, or mounted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opened {
    /// The number of the handle.
    pub(crate) handle: u64,
    /// That of the first handle of the same object, while one of its handles is there.
    pub(crate) object: u64,
    pub(crate) file_type: FileType,
}

impl Put for Opened {
    fn size(&self) -> usize {
        2 * NUMBER_MAX + 1
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_number(out, self.handle);
        put_number(out, self.object);
        put_file_type(out, self.file_type);
    }
}

impl Answer for Opened {
    fn parse(input: &mut Input<'_>) -> Result<Self, Malformed> {
        let opened = Opened { handle: input.number()?, object: input.number()?, file_type: file_type(input)? };
        match opened.file_type {
            _ if opened.object > opened.handle => Err("an object was first opened later than now"),
            FileType::Directory | FileType::RegularFile | FileType::CharacterDevice => Ok(opened),
            _ => Err("what was opened is of a kind that cannot be"),
        }
    }
}

/// What was read, to the end.
impl Put for &[u8] {
    fn size(&self) -> usize {
        self.len()
    }

    fn data(&self) -> &[u8] {
        self
    }

    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

fn put_file_type(out: &mut Vec<u8>, file_type: FileType) {
    out.push(file_type.number());
}

fn file_type(input: &mut Input<'_>) -> Result<FileType, Malformed> {
    FileType::numbered(input.byte()?).ok_or("there is no kind of object of this number")
}

/// Small for what is a little more or less than 0.
fn zigzag(difference: u64) -> u64 {
    difference << 1 ^ (difference as i64 >> 63) as u64
}

fn unzigzag(number: u64) -> u64 {
    number >> 1 ^ (number & 1).wrapping_neg()
}
