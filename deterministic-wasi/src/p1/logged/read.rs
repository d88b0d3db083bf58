//! Reading what lies behind a guest's pointers. Nothing fails: what is not there is not there.

use super::super::abi::Version;
use super::super::types::{Errno, Fdflags, Rights};
use super::errno_name;
use super::shapes::{clock, filetype, flags, member};
use crate::log::{Field, MAX_ITEMS, Value};

/// How many buffers of a call are looked at.
const MAX_BUFFERS: u32 = 1024;

/// A guest's memory.
#[derive(Clone, Copy)]
pub(super) struct Memory<'a>(pub(super) &'a [u8]);

impl<'a> Memory<'a> {
    fn bytes(self, at: u32, len: u32) -> Option<&'a [u8]> {
        self.0.get(at as usize..)?.get(..len as usize)
    }

    fn array<const N: usize>(self, at: u32) -> Option<[u8; N]> {
        self.0.get(at as usize..)?.first_chunk().copied()
    }

    fn u8(self, at: u32) -> Option<u8> {
        self.array(at).map(u8::from_le_bytes)
    }

    pub(super) fn u16(self, at: u32) -> Option<u16> {
        self.array(at).map(u16::from_le_bytes)
    }

    pub(super) fn u32(self, at: u32) -> Option<u32> {
        self.array(at).map(u32::from_le_bytes)
    }

    pub(super) fn u64(self, at: u32) -> Option<u64> {
        self.array(at).map(u64::from_le_bytes)
    }

    pub(super) fn text(self, at: u32, len: u32) -> Value {
        self.bytes(at, len).map_or(Value::Unreadable, Value::text)
    }

    pub(super) fn data(self, at: u32, len: u32) -> Value {
        self.bytes(at, len).map_or(Value::Unreadable, Value::data)
    }

    /// The arguments or the environment that the pointers at `at` lead to. How many there are is not said here; but each begins where
    /// the one before it ends.
    pub(super) fn strings(self, at: u32) -> Value {
        let mut items = Vec::new();
        let mut more = 0;
        let mut expected = None;
        let mut pointer = at;
        while let Some(start) = self.u32(pointer)
            && expected.is_none_or(|expected| expected == start)
            && let Some(rest) = self.0.get(start as usize..)
            && let Some(len) = rest.iter().position(|byte| *byte == 0)
        {
            if items.len() < MAX_ITEMS {
                items.push(Value::text(&rest[..len]));
            } else {
                more += 1;
            }
            let (Ok(len), Some(next)) = (u32::try_from(len + 1), pointer.checked_add(4)) else { break };
            let Some(end) = start.checked_add(len) else { break };
            (expected, pointer) = (Some(end), next);
        }
        Value::List { items, more }
    }

    pub(super) fn prestat(self, at: u32) -> Option<Value> {
        let tag = member(&["dir"], self.u8(at)?.into());
        let len = self.u32(at.checked_add(4)?)?;
        Some(Value::Record(vec![Field::new("tag", tag), Field::new("name_len", len)]))
    }

    pub(super) fn fdstat(self, at: u32) -> Option<Value> {
        let record: [u8; 24] = self.array(at)?;
        let record = Memory(&record);
        Some(Value::Record(vec![
            Field::new("filetype", filetype(record.u8(0)?)),
            Field::new("flags", flags::<Fdflags>(record.u16(2)?.into())),
            Field::new("rights_base", flags::<Rights>(record.u64(8)?)),
            Field::new("rights_inheriting", flags::<Rights>(record.u64(16)?)),
        ]))
    }

    pub(super) fn filestat(self, version: Version, at: u32) -> Option<Value> {
        let (nlink, rest) = match version {
            Version::wasi_snapshot_preview1 => (self.u64(at.checked_add(24)?)?, 32),
            Version::wasi_unstable => (self.u32(at.checked_add(20)?)?.into(), 24),
        };
        let mut fields = vec![
            Field::new("dev", self.u64(at)?),
            Field::new("ino", self.u64(at.checked_add(8)?)?),
            Field::new("filetype", filetype(self.u8(at.checked_add(16)?)?)),
            Field::new("nlink", nlink),
        ];
        for (position, name) in (0..).zip(["size", "atim", "mtim", "ctim"]) {
            fields.push(Field::new(name, self.u64(at.checked_add(rest + 8 * position)?)?));
        }
        Some(Value::Record(fields))
    }

    /// Directory entries, the last of which may be cut off.
    pub(super) fn entries(self, at: u32, len: u32) -> Value {
        let Some(mut left) = self.bytes(at, len) else { return Value::Unreadable };
        let mut items = Vec::new();
        let mut more = 0;
        while !left.is_empty() {
            let Some((record, name, rest)) = entry(left) else { break };
            left = rest;
            if items.len() == MAX_ITEMS {
                more += 1;
                continue;
            }
            let record = Memory(record);
            let fields = [
                Some(Field::new("name", Value::text(name))),
                record.u64(0).map(|next| Field::new("next", next)),
                record.u64(8).map(|ino| Field::new("ino", ino)),
                record.u8(20).map(|kind| Field::new("type", filetype(kind))),
            ];
            items.push(Value::Record(fields.into_iter().flatten().collect()));
        }
        Value::List { items, more }
    }

    /// What a guest waits for.
    pub(super) fn subscriptions(self, version: Version, at: u32, count: u32) -> Value {
        let (size, timer) = match version {
            Version::wasi_snapshot_preview1 => (48, 16),
            Version::wasi_unstable => (56, 24),
        };
        self.records(at, size, count, |record| {
            let mut fields = vec![Field::new("userdata", record.u64(0)?)];
            match record.u8(8)? {
                0 => {
                    fields.push(Field::new("clock", clock(record.u32(timer)?)));
                    fields.push(Field::new("timeout", record.u64(timer + 8)?));
                    fields.push(Field::new("precision", record.u64(timer + 16)?));
                    let kind = match record.u16(timer + 24)? {
                        0 => Value::Flags(Vec::new()),
                        1 => Value::Flags(vec!["abstime".into()]),
                        other => Value::Unsigned(other.into()),
                    };
                    fields.push(Field::new("flags", kind));
                }
                tag => {
                    fields.push(Field::new("type", event_type(tag)));
                    fields.push(Field::new("fd", record.u32(16)?));
                }
            }
            Some(Value::Record(fields))
        })
    }

    /// What came of it.
    pub(super) fn events(self, at: u32, count: u32) -> Value {
        self.records(at, 32, count, |record| {
            let error = record.u16(8)?;
            let error =
                if error == Errno::Success as u16 { errno_name(Errno::Success) } else { Value::Unsigned(error.into()) };
            let mut fields = vec![
                Field::new("userdata", record.u64(0)?),
                Field::new("error", error),
                Field::new("type", event_type(record.u8(10)?)),
            ];
            if record.u8(10)? != 0 {
                fields.push(Field::new("nbytes", record.u64(16)?));
            }
            Some(Value::Record(fields))
        })
    }

    fn records(self, at: u32, size: u32, count: u32, read: impl Fn(Memory<'a>) -> Option<Value>) -> Value {
        let record = |index: u32| {
            let at = index.checked_mul(size)?.checked_add(at)?;
            read(Memory(self.bytes(at, size)?))
        };
        Value::list(Count(0..count).map(|index| record(index).unwrap_or(Value::Unreadable)))
    }
}

/// A record of a directory, its name, and what follows; the name may be cut off.
fn entry(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (record, rest) = bytes.split_at_checked(24)?;
    let len = Memory(record).u32(16)? as usize;
    let (name, rest) = rest.split_at(len.min(rest.len()));
    Some((record, name, rest))
}

fn event_type(tag: u8) -> Value {
    member(&["clock", "fd_read", "fd_write"], tag.into())
}

/// Numbers whose count is known, which a range of 32 bits does not say of itself.
struct Count(std::ops::Range<u32>);

impl Iterator for Count {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.0.end - self.0.start) as usize;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Count {}

/// The buffers that a call lists, as it began.
#[derive(Debug)]
pub(super) struct Buffers {
    /// Where each is and how long; none if the list is not in the memory.
    list: Option<Vec<(u32, u32)>>,
    more: bool,
}

impl Buffers {
    pub(super) fn of(memory: Memory<'_>, at: u32, count: u32) -> Self {
        let looked_at = count.min(MAX_BUFFERS);
        let list = (0..looked_at).map(|index| {
            let at = at.checked_add(index * 8)?;
            Some((memory.u32(at)?, memory.u32(at.checked_add(4)?)?))
        });
        Buffers { list: list.collect(), more: looked_at < count }
    }

    /// How much fits.
    pub(super) fn room(&self) -> Value {
        match &self.list {
            Some(list) => {
                let lens = list.iter().map(|(_, len)| Value::from(*len)).collect::<Vec<_>>();
                Value::list(lens.into_iter())
            }
            None => Value::Unreadable,
        }
    }

    /// The first `most` bytes of what they hold together. Unreadable, if that is more than the memory has: then they lie over each other,
    /// and a guest could have a memory of gigabytes digested a thousand times by one call.
    pub(super) fn data(&self, memory: Memory<'_>, most: u64) -> Value {
        let Some(list) = &self.list else { return Value::Unreadable };
        if list.iter().map(|(_, len)| u64::from(*len)).sum::<u64>().min(most) > memory.0.len() as u64 {
            return Value::Unreadable;
        }
        let mut hasher = blake3::Hasher::new();
        let mut left = most;
        let mut len = 0;
        for (at, has) in list {
            let taken = u64::from(*has).min(left) as u32;
            let Some(bytes) = memory.bytes(*at, taken) else { return Value::Unreadable };
            hasher.update(bytes);
            len += u64::from(taken);
            left -= u64::from(taken);
        }
        if self.more && left > 0 {
            // Nobody lists so many who is not after something.
            return Value::Unreadable;
        }
        Value::Data { len, digest: crate::log::Digest(*hasher.finalize().as_bytes()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Buffers that lie over each other are not digested once for each.
    #[test]
    fn no_more_is_digested_than_there_is() {
        let mut bytes = vec![0; 4096];
        for buffer in bytes[..1024].chunks_mut(8) {
            buffer.copy_from_slice(&[0, 0, 0, 0, 0, 16, 0, 0]); // all 4096 bytes
        }
        let memory = Memory(&bytes);
        let all = Value::data(&bytes);
        assert_eq!(Buffers::of(memory, 0, 1).data(memory, u64::MAX), all);
        assert_eq!(Buffers::of(memory, 0, 2).data(memory, u64::MAX), Value::Unreadable);
        assert_eq!(Buffers::of(memory, 0, 128).data(memory, 4096), all, "what was written there is no more");
    }
}
