//! What a run wrote, in chunks.
//!
//! A file that was written to is what it began with and, over that, the chunks that were written to since: so one byte
//! costs one chunk, whatever the file's size. Where there is neither, it is zeros that nobody keeps. Each chunk is an
//! allocation of its own, shared until it is written to again, and no allocation is larger than a chunk except the index,
//! which has a ten-thousandth of the file's size at most.

use std::sync::{Arc, OnceLock};

use crate::error::Result;
use crate::memory;

/// Bytes in a chunk.
pub(super) const CHUNK: usize = 64 << 10;

/// Chunks of which the index knows nothing more than one empty list if none of them is there.
const GROUP: usize = 512;

/// What a hole reads as.
static ZEROS: [u8; CHUNK] = [0; CHUNK];

/// Never longer than the file; what it lacks are zeros.
type Chunk = Arc<Vec<u8>>;

#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    len: u64,
    /// What it began with, and how much of that still shows. Never more than `len`.
    base: Option<Arc<[u8]>>,
    base_len: usize,
    /// As far as the last chunk that is there, and perhaps further.
    groups: Vec<Vec<Option<Chunk>>>,
    /// All of it in one piece, for an embedder that asked. Dropped as soon as something is written.
    whole: OnceLock<Vec<u8>>,
}

impl Written {
    /// Begins with `base`.
    pub(super) fn over(base: Arc<[u8]>) -> Self {
        let (len, base_len) = (base.len() as u64, base.len());
        Written { len, base: Some(base).filter(|base| !base.is_empty()), base_len, ..Written::default() }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Shares every chunk.
    pub(super) fn try_clone(&self) -> Result<Self> {
        let mut groups = Vec::new();
        groups.try_reserve_exact(self.groups.len())?;
        for group in &self.groups {
            let mut copy = Vec::new();
            copy.try_reserve_exact(group.len())?;
            copy.extend_from_slice(group);
            groups.push(copy);
        }
        Ok(Written { len: self.len, base: self.base.clone(), base_len: self.base_len, groups, whole: OnceLock::new() })
    }

    pub(super) fn bytes(&self) -> Result<&[u8]> {
        let first = self.piece(0);
        if first.len() as u64 == self.len {
            return Ok(first);
        }
        if let Some(whole) = self.whole.get() {
            return Ok(whole);
        }
        let mut whole = Vec::new();
        whole.try_reserve_exact(usize::try_from(self.len).unwrap_or(usize::MAX))?;
        let mut at = 0;
        while at < self.len {
            let piece = self.piece(at);
            whole.extend_from_slice(piece);
            at += piece.len() as u64;
        }
        Ok(self.whole.get_or_init(|| whole))
    }

    pub(super) fn read(&self, buf: &mut [u8], offset: u64) -> usize {
        let mut done = 0;
        while done < buf.len() {
            let piece = self.piece(offset + done as u64);
            if piece.is_empty() {
                break;
            }
            let count = piece.len().min(buf.len() - done);
            buf[done..done + count].copy_from_slice(&piece[..count]);
            done += count;
        }
        done
    }

    /// What is from `at` on, as far as it is in one place; nothing only at the end and beyond.
    pub(super) fn piece(&self, at: u64) -> &[u8] {
        if at >= self.len {
            return &[];
        }
        let (number, from) = place(at);
        // In this chunk, and in the file.
        let most = (CHUNK - from).min(usize::try_from(self.len - at).unwrap_or(usize::MAX));
        let there = match self.chunk(number) {
            Some(chunk) => chunk.get(from..),
            None => usize::try_from(at).ok().and_then(|at| self.base().get(at..)),
        };
        match there {
            Some(there) if !there.is_empty() => &there[..there.len().min(most)],
            _ => &ZEROS[..most],
        }
    }

    /// Puts `bytes` at `offset`. If the host has no memory for it, some of what was there may be written over, and nothing
    /// is longer than it was.
    pub(super) fn write(&mut self, bytes: &[u8], offset: u64) -> Result<()> {
        self.whole.take();
        let result = self.put(bytes, offset);
        match result {
            Ok(()) => self.len = self.len.max(offset + bytes.len() as u64),
            // What is beyond the end was made for this, so that cutting it off takes no memory.
            Err(_) => self.cut(self.len)?,
        }
        result
    }

    fn put(&mut self, mut bytes: &[u8], offset: u64) -> Result<()> {
        let (mut number, mut from) = place(offset);
        while !bytes.is_empty() {
            let (now, rest) = bytes.split_at(bytes.len().min(CHUNK - from));
            let all = from == 0 && now.len() >= self.base_of(number).len();
            let chunk = self.chunk_mut(number, from + now.len(), all)?;
            if chunk.len() < from {
                chunk.resize(from, 0);
            }
            let over = now.len().min(chunk.len() - from);
            chunk[from..from + over].copy_from_slice(&now[..over]);
            chunk.extend_from_slice(&now[over..]);
            (number, from, bytes) = (number + 1, 0, rest);
        }
        Ok(())
    }

    pub(super) fn set_len(&mut self, len: u64) -> Result<()> {
        self.whole.take();
        if len < self.len {
            self.cut(len)?;
        }
        self.len = len;
        Ok(())
    }

    /// Forgets what is beyond `len`.
    fn cut(&mut self, len: u64) -> Result<()> {
        let (number, from) = place(len);
        // First what can fail.
        match self.groups.get_mut(number / GROUP).and_then(|group| group.get_mut(number % GROUP)) {
            Some(chunk) if from == 0 => *chunk = None,
            Some(Some(chunk)) if chunk.len() > from => match Arc::get_mut(chunk) {
                Some(own) => {
                    own.truncate(from);
                    shrink(own);
                }
                None => *chunk = Arc::new(copy(&chunk[..from], from)?),
            },
            _ => {}
        }
        let chunks = number + usize::from(from > 0);
        self.groups.truncate(chunks.div_ceil(GROUP));
        if let (Some(last), true) = (self.groups.get_mut(chunks / GROUP), chunks % GROUP > 0) {
            last.truncate(chunks % GROUP);
            shrink(last);
        }
        shrink(&mut self.groups);
        self.base_len = self.base_len.min(usize::try_from(len).unwrap_or(usize::MAX));
        if self.base_len == 0 {
            self.base = None;
        }
        Ok(())
    }

    fn base(&self) -> &[u8] {
        self.base.as_deref().and_then(|base| base.get(..self.base_len)).unwrap_or_default()
    }

    /// What there is of the base in the place of a chunk.
    fn base_of(&self, number: usize) -> &[u8] {
        let rest = self.base().get(number.saturating_mul(CHUNK)..).unwrap_or_default();
        &rest[..rest.len().min(CHUNK)]
    }

    fn chunk(&self, number: usize) -> Option<&Chunk> {
        self.groups.get(number / GROUP)?.get(number % GROUP)?.as_ref()
    }

    /// A chunk that nobody else has, with room for `len` bytes. If there is none, it begins with what the base has there,
    /// unless `all` of that will be written over.
    fn chunk_mut(&mut self, number: usize, len: usize, all: bool) -> Result<&mut Vec<u8>> {
        // Of a long file, what is written to is likely to be written on.
        let room = if number == 0 { len } else { CHUNK };
        let own = match self.chunk(number) {
            Some(chunk) if Arc::strong_count(chunk) == 1 => None,
            Some(shared) => Some(copy(shared, room.max(shared.len()))?),
            None => {
                let base = if all { &[] } else { self.base_of(number) };
                Some(copy(base, room.max(base.len()))?)
            }
        };
        if let Some(own) = own {
            self.room_for_chunk(number)?;
            // What is small is made without asking: the place of the chunk now, and the error of the next that the host has no
            // memory for.
            memory::probe_small()?;
            self.groups[number / GROUP][number % GROUP] = Some(Arc::new(own));
        }
        // It is there and alone by now: nothing is made or copied.
        let chunk = Arc::make_mut(self.groups[number / GROUP][number % GROUP].get_or_insert_default());
        if len > chunk.capacity() {
            // Twice as much each time, but never more than a chunk.
            let room = len.max(chunk.capacity().saturating_mul(2)).min(CHUNK);
            chunk.try_reserve_exact(room - chunk.len())?;
        }
        Ok(chunk)
    }

    /// Makes the index long enough.
    fn room_for_chunk(&mut self, number: usize) -> Result<()> {
        let groups = (number / GROUP + 1).saturating_sub(self.groups.len());
        self.groups.try_reserve(groups)?;
        self.groups.extend(std::iter::repeat_with(Vec::new).take(groups));
        let group = &mut self.groups[number / GROUP];
        let more = (number % GROUP + 1).saturating_sub(group.len());
        group.try_reserve(more)?;
        group.extend(std::iter::repeat_n(None, more));
        Ok(())
    }

    /// Bytes that are held for it, beside what it began with.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        let chunks = self.groups.iter().flatten().flatten().map(|chunk| chunk.capacity());
        chunks.sum::<usize>() + self.whole.get().map_or(0, Vec::capacity)
    }

    /// Checks what the comments of the fields promise.
    #[cfg(test)]
    pub(super) fn check(&self) {
        assert!(self.base_len as u64 <= self.len && self.base.is_some() == (self.base_len > 0));
        for (group, chunks) in self.groups.iter().enumerate() {
            assert!(chunks.len() <= GROUP);
            for (at, chunk) in chunks.iter().enumerate() {
                let start = ((group * GROUP + at) * CHUNK) as u64;
                let len = chunk.as_ref().map_or(0, |chunk| chunk.len());
                assert!(len <= CHUNK && start + len as u64 <= self.len.max(start), "{start} {len} {}", self.len);
            }
        }
    }
}

/// The number of the chunk, and where in it. A file has no more chunks than memory has bytes: ext4's limit is 2^28.
#[inline]
fn place(at: u64) -> (usize, usize) {
    ((at / CHUNK as u64) as usize, (at % CHUNK as u64) as usize)
}

fn copy(bytes: &[u8], room: usize) -> Result<Vec<u8>> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(room)?;
    copy.extend_from_slice(bytes);
    Ok(copy)
}

/// What nobody counts any more must not be kept, unless there is not even room for the rest.
fn shrink<T>(list: &mut Vec<T>) {
    let mut less = Vec::new();
    if list.capacity() / 2 > list.len() && less.try_reserve_exact(list.len()).is_ok() {
        less.append(list);
        *list = less;
    }
}
