//! The bytes of a file in memory.

#[cfg(test)]
mod tests;
mod written;

use std::sync::{Arc, OnceLock};

use cap_std::fs::Dir;

pub(crate) use self::written::Written;
use crate::error::{Error, Result};

/// A file's bytes, shared by every run that starts from the same tree until one of them writes.
#[derive(Clone, Debug)]
pub(crate) enum Contents {
    Shared(Arc<[u8]>),
    /// Still on the host.
    Deferred(Arc<Deferred>),
    /// Written to in a run. Shared with the trees that were taken from that run since, until it writes again.
    Own(Arc<Written>),
}

/// A file of the host that is read when it is first needed.
#[derive(Debug)]
pub(crate) struct Deferred {
    pub(crate) root: Arc<Dir>,
    /// From the root, no symbolic link in it.
    pub(crate) path: String,
    /// What it was when the tree was taken in.
    pub(crate) len: u64,
    pub(crate) bytes: OnceLock<Arc<[u8]>>,
}

impl Contents {
    /// Those of a file that a run made.
    pub(crate) fn empty() -> Self {
        Contents::Own(Arc::default())
    }

    pub(crate) fn len(&self) -> u64 {
        match self {
            Contents::Shared(bytes) => bytes.len() as u64,
            Contents::Deferred(deferred) => deferred.len,
            Contents::Own(written) => written.len(),
        }
    }

    /// All of it in one piece. What a run wrote in pieces is put together for it, and kept so.
    pub(crate) fn bytes(&self) -> Result<&[u8]> {
        match self {
            Contents::Shared(bytes) => Ok(bytes),
            Contents::Deferred(deferred) => Ok(deferred.bytes()?),
            Contents::Own(written) => written.bytes(),
        }
    }

    /// As many of the bytes from `offset` on as there are and fit into `buf`; gives how many.
    #[inline]
    pub(crate) fn read(&self, buf: &mut [u8], offset: u64) -> Result<usize> {
        let bytes: &[u8] = match self {
            Contents::Shared(bytes) => bytes,
            Contents::Deferred(deferred) => deferred.bytes()?,
            Contents::Own(written) => return Ok(written.read(buf, offset)),
        };
        let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or_default();
        let count = rest.len().min(buf.len());
        buf[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    /// Puts `bytes` at `offset`, and zeros between the end and there. Not further than a file can be long.
    pub(crate) fn write(&mut self, bytes: &[u8], offset: u64) -> Result<()> {
        self.own()?.write(bytes, offset)
    }

    /// Cuts it off, or adds zeros to it.
    pub(crate) fn set_len(&mut self, len: u64) -> Result<()> {
        if len == 0 {
            // What is cut off need not be read, nor kept.
            *self = Contents::empty();
            return Ok(());
        }
        self.own()?.set_len(len)
    }

    /// All of it, to be changed by this owner alone.
    fn own(&mut self) -> Result<&mut Written> {
        let copy = match self {
            Contents::Own(written) => {
                if Arc::strong_count(written) > 1 {
                    *written = Arc::new(written.try_clone()?);
                }
                // Alone by now: nothing is copied.
                return Ok(Arc::make_mut(written));
            }
            Contents::Shared(bytes) => Written::over(bytes.clone()),
            Contents::Deferred(deferred) => Written::over(deferred.bytes()?.clone()),
        };
        *self = Contents::Own(Arc::new(copy));
        self.own()
    }

    /// All of it, piece by piece: none of them is empty.
    pub(crate) fn pieces(&self) -> Result<Pieces<'_>> {
        Ok(match self {
            Contents::Own(written) => Pieces::Own { written, at: 0 },
            whole => Pieces::Whole(whole.bytes()?),
        })
    }

    /// Whether both are the same bytes.
    pub(crate) fn same(&self, other: &Contents) -> Result<bool> {
        if self.is_shared_with(other) {
            return Ok(true);
        }
        if self.len() != other.len() {
            return Ok(false);
        }
        let (mut ours, mut theirs) = (self.pieces()?, other.pieces()?);
        let (mut a, mut b): (&[u8], &[u8]) = (&[], &[]);
        loop {
            if a.is_empty() {
                a = ours.next().unwrap_or_default();
            }
            if b.is_empty() {
                b = theirs.next().unwrap_or_default();
            }
            let count = a.len().min(b.len());
            if count == 0 {
                return Ok(a.len() == b.len());
            }
            // A hole in both is one place in memory, as is what neither wrote to.
            if !std::ptr::eq(&raw const a[..count], &raw const b[..count]) && a[..count] != b[..count] {
                return Ok(false);
            }
            (a, b) = (&a[count..], &b[count..]);
        }
    }

    /// Whether both are the same place in memory, or the same file of the host that nobody has read yet.
    fn is_shared_with(&self, other: &Contents) -> bool {
        match (self, other) {
            (Contents::Shared(ours), Contents::Shared(theirs)) => Arc::ptr_eq(ours, theirs),
            (Contents::Own(ours), Contents::Own(theirs)) => Arc::ptr_eq(ours, theirs),
            (Contents::Deferred(ours), Contents::Deferred(theirs)) => Arc::ptr_eq(ours, theirs),
            (Contents::Shared(bytes), Contents::Deferred(deferred))
            | (Contents::Deferred(deferred), Contents::Shared(bytes)) => {
                deferred.bytes.get().is_some_and(|read| Arc::ptr_eq(read, bytes))
            }
            _ => false,
        }
    }

    /// The same, and nothing of the host in it: to be kept for longer than the tree.
    pub(crate) fn without_host(&self) -> Result<Contents> {
        Ok(match self {
            Contents::Deferred(deferred) => Contents::Shared(deferred.bytes()?.clone()),
            other => other.clone(),
        })
    }

    /// The hash of all of it, and how long it is. What was left for later and not read yet is not kept in memory for it.
    pub(crate) fn passing_hash(&self) -> Result<(u64, blake3::Hash)> {
        match self {
            Contents::Deferred(deferred) if deferred.bytes.get().is_none() => {
                let bytes = deferred.load()?;
                Ok((bytes.len() as u64, blake3::hash(&bytes)))
            }
            _ => self.hash(),
        }
    }

    /// The same, and what is read is kept.
    pub(crate) fn hash(&self) -> Result<(u64, blake3::Hash)> {
        let mut hasher = blake3::Hasher::new();
        self.pieces()?.for_each(|piece| {
            hasher.update(piece);
        });
        Ok((self.len(), hasher.finalize()))
    }
}

/// See [`Contents::pieces`].
#[derive(Clone, Debug)]
pub(crate) enum Pieces<'a> {
    Whole(&'a [u8]),
    Own { written: &'a Written, at: u64 },
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let piece = match self {
            Pieces::Whole(bytes) => std::mem::take(bytes),
            Pieces::Own { written, at } => {
                let piece = written.piece(*at);
                *at += piece.len() as u64;
                piece
            }
        };
        (!piece.is_empty()).then_some(piece)
    }
}

impl Deferred {
    fn bytes(&self) -> Result<&Arc<[u8]>> {
        if let Some(bytes) = self.bytes.get() {
            return Ok(bytes);
        }
        let bytes = self.load()?;
        Ok(self.bytes.get_or_init(|| bytes))
    }

    fn load(&self) -> Result<Arc<[u8]>> {
        self.read().map_err(|reason| Error::Contents { path: self.path.clone(), reason })
    }

    fn read(&self) -> Result<Arc<[u8]>, String> {
        let bytes = crate::tree::read_file(&self.root, &self.path, self.len).map_err(|error| error.to_string())?;
        let len = bytes.len() as u64;
        if len != self.len {
            return Err(format!("it has {len} bytes and had {} at the start", self.len));
        }
        Ok(bytes)
    }
}
