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
    /// Written to in this run.
    Own(Vec<u8>),
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

    /// All of it, to be changed.
    pub(crate) fn bytes_mut(&mut self) -> Result<&mut Vec<u8>> {
        if !matches!(self, Contents::Own(_)) {
            *self = Contents::Own(self.bytes()?.to_vec());
        }
        match self {
            Contents::Own(bytes) => Ok(bytes),
            Contents::Shared(_) | Contents::Later(_) => unreachable!("made the run's own above"),
        }
    }
}

impl Later {
    fn bytes(&self) -> Result<&[u8]> {
        if let Some(bytes) = self.bytes.get() {
            return Ok(bytes);
        }
        let bytes = self.read().map_err(|reason| Error::Contents { path: self.path.clone(), reason })?;
        Ok(self.bytes.get_or_init(|| bytes))
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
