//! The bytes of a file in memory.

use std::sync::{Arc, OnceLock};

use cap_std::fs::Dir;

use crate::error::{Error, Result};

/// A file's bytes, shared by every run that starts from the same tree until one of them writes.
#[derive(Clone, Debug)]
pub(crate) enum Contents {
    Shared(Arc<[u8]>),
    /// Still on the host.
    Later(Arc<Later>),
    /// Written to in a run. Shared with the trees that were taken from that run since, until it writes again.
    Own(Arc<Vec<u8>>),
}

/// A file of the host that is read when it is first needed.
#[derive(Debug)]
pub(crate) struct Later {
    pub(crate) root: Arc<Dir>,
    /// From the root, no symbolic link in it.
    pub(crate) path: String,
    /// What it was when the tree was taken in.
    pub(crate) len: u64,
    pub(crate) bytes: OnceLock<Arc<[u8]>>,
}

impl Contents {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Contents::Shared(bytes) => bytes.len() as u64,
            Contents::Later(later) => later.len,
            Contents::Own(bytes) => bytes.len() as u64,
        }
    }

    /// All of it.
    pub(crate) fn bytes(&self) -> Result<&[u8]> {
        match self {
            Contents::Shared(bytes) => Ok(bytes),
            Contents::Later(later) => later.bytes(),
            Contents::Own(bytes) => Ok(bytes),
        }
    }

    /// What a run has written.
    pub(crate) fn own(bytes: Vec<u8>) -> Self {
        Contents::Own(Arc::new(bytes))
    }

    /// All of it, to be changed.
    pub(crate) fn bytes_mut(&mut self) -> Result<&mut Vec<u8>> {
        if !matches!(self, Contents::Own(_)) {
            *self = Contents::own(self.bytes()?.to_vec());
        }
        match self {
            Contents::Own(bytes) => Ok(Arc::make_mut(bytes)),
            // Not even by a guest: the line above leaves nothing else.
            Contents::Shared(_) | Contents::Later(_) => unreachable!("made the run's own above"),
        }
    }

    /// The hash of all of it, and how long it is. What was left for later and not read yet is not kept in memory for it.
    pub(crate) fn passing_hash(&self) -> Result<(u64, blake3::Hash)> {
        match self {
            Contents::Later(later) if later.bytes.get().is_none() => {
                let bytes = later.load()?;
                Ok((bytes.len() as u64, blake3::hash(&bytes)))
            }
            _ => self.hash(),
        }
    }

    /// The same, and what is read is kept.
    pub(crate) fn hash(&self) -> Result<(u64, blake3::Hash)> {
        let bytes = self.bytes()?;
        Ok((bytes.len() as u64, blake3::hash(bytes)))
    }
}

impl Later {
    fn bytes(&self) -> Result<&[u8]> {
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
