//! Standard output and error kept in the context itself.
//!
//! A stream of the embedder's is reached through locks and counted buffers, which cost more than a short write. These
//! bytes are the context's own.

use crate::error::Error;
use crate::reserve;

/// What a guest wrote to standard output and error.
#[derive(Clone, Debug, Default)]
pub struct Captured {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// How many bytes each of them may have.
    limit: usize,
}

/// Which of the two standard outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandardOutput {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Captured {
    /// Nothing yet, and room for `limit` bytes of each.
    pub fn new(limit: usize) -> Self {
        Captured { limit, ..Captured::default() }
    }

    /// What was written to it.
    #[inline]
    pub fn bytes(&self, output: StandardOutput) -> &[u8] {
        match output {
            StandardOutput::Stdout => &self.stdout,
            StandardOutput::Stderr => &self.stderr,
        }
    }

    /// How many bytes more there is room for.
    #[inline]
    pub fn room(&self, output: StandardOutput) -> usize {
        self.limit - self.bytes(output).len()
    }

    /// Takes as much of `bytes` as there is room for, and says how much that is.
    ///
    /// # Errors
    ///
    /// [`Error::HostExhausted`] if the host has no such memory.
    #[inline]
    pub fn take(&mut self, output: StandardOutput, bytes: &[u8]) -> Result<usize, Error> {
        let fits = bytes.len().min(self.room(output));
        let to = match output {
            StandardOutput::Stdout => &mut self.stdout,
            StandardOutput::Stderr => &mut self.stderr,
        };
        // Room that the host does not have is not a reason to abort, and the guest must not learn of it.
        to.try_reserve(fits).map_err(reserve::exhausted)?;
        to.extend_from_slice(&bytes[..fits]);
        Ok(fits)
    }

    /// Forgets what was written, so that there is room for as much again. The memory that it took is kept for that.
    pub fn clear(&mut self) {
        self.stdout.clear();
        self.stderr.clear();
    }
}
