//! Standard output and error kept in the context itself.
//!
//! A stream of the embedder's is reached through locks and counted buffers, which cost more than a short write. These
//! bytes are the context's own.

use super::State;
use super::guest::GuestMemory;
use super::io::Buffers;
use super::types::Errno;
use crate::fault::Answer;
use crate::reserve;

/// What a guest wrote to standard output and error.
#[derive(Clone, Debug, Default)]
pub(super) struct Captured {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// How many bytes each of them may have.
    limit: usize,
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Stdout,
    Stderr,
}

impl Captured {
    /// Takes what the buffers hold, as far as there is room. A guest whose output is full is told that the stream is closed,
    /// as wasmtime-wasi's `MemoryOutputPipe` does.
    pub(super) fn write(&mut self, which: Which, memory: &mut GuestMemory<'_>, buffers: Buffers) -> Answer<u32> {
        let limit = self.limit;
        let to = match which {
            Which::Stdout => &mut self.stdout,
            Which::Stderr => &mut self.stderr,
        };
        let mut full = false;
        let written = buffers.for_each(memory, |memory, buffer, _| {
            let bytes = memory.slice(buffer)?;
            let fits = bytes.len().min(limit - to.len());
            full |= fits < bytes.len();
            // Room that the host does not have is no reason to abort, and none of the guest's business.
            to.try_reserve(fits).map_err(reserve::exhausted)?;
            to.extend_from_slice(&bytes[..fits]);
            Ok(fits)
        })?;
        if full { Err(Errno::Io.into()) } else { Ok(written) }
    }
}

impl State {
    /// Keeps what the guest writes to standard output and error here, up to `limit` bytes of each, instead of passing it to the
    /// streams of the embedder: the fastest output there is. A guest that writes more is told `EIO`. Call it before the
    /// guest starts. The guest sees no difference, but that these are never terminals.
    pub fn capture_output(&mut self, limit: usize) {
        self.captured = Some(Captured { limit, ..Captured::default() });
    }

    /// What the guest wrote to standard output; nothing unless it is [captured](Self::capture_output).
    pub fn captured_stdout(&self) -> &[u8] {
        self.captured.as_ref().map_or(&[], |captured| &captured.stdout)
    }

    /// What the guest wrote to standard error; nothing unless it is [captured](Self::capture_output).
    pub fn captured_stderr(&self) -> &[u8] {
        self.captured.as_ref().map_or(&[], |captured| &captured.stderr)
    }

    /// Forgets what was captured, so that there is room for as much again. The memory that it took is kept for that.
    pub fn clear_captured(&mut self) {
        if let Some(captured) = &mut self.captured {
            captured.stdout.clear();
            captured.stderr.clear();
        }
    }
}
