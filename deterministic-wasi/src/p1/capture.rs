//! Standard output and error kept in the context itself.

use super::State;
use super::guest::GuestMemory;
use super::io::Buffers;
use super::types::Errno;
use crate::captured::{Captured, StandardOutput};
use crate::fault::Answer;

/// Takes what the buffers hold, as far as there is room. A guest whose output is full is told that the stream is closed, as
/// wasmtime-wasi's `MemoryOutputPipe` does.
pub(super) fn write(
    captured: &mut Captured,
    output: StandardOutput,
    memory: &mut GuestMemory<'_>,
    buffers: Buffers,
) -> Answer<u32> {
    let mut full = false;
    let written = buffers.for_each(memory, |memory, buffer, _| {
        let bytes = memory.slice(buffer)?;
        let fits = captured.take(output, bytes)?;
        full |= fits < bytes.len();
        Ok(fits)
    })?;
    if full { Err(Errno::Io.into()) } else { Ok(written) }
}

impl State {
    /// Keeps what the guest writes to standard output and error here, up to `limit` bytes of each, instead of passing it to the
    /// streams of the embedder: the fastest output there is. A guest that writes more is told `EIO`. Call it before the
    /// guest starts. The guest sees no difference, but that these are never terminals.
    pub fn capture_output(&mut self, limit: usize) {
        self.captured = Some(Captured::new(limit));
    }

    /// What the guest wrote to standard output; nothing unless it is [captured](Self::capture_output).
    pub fn captured_stdout(&self) -> &[u8] {
        self.captured.as_ref().map_or(&[], |captured| captured.bytes(StandardOutput::Stdout))
    }

    /// What the guest wrote to standard error; nothing unless it is [captured](Self::capture_output).
    pub fn captured_stderr(&self) -> &[u8] {
        self.captured.as_ref().map_or(&[], |captured| captured.bytes(StandardOutput::Stderr))
    }

    /// Forgets what was captured, so that there is room for as much again. The memory that it took is kept for that.
    pub fn clear_captured(&mut self) {
        if let Some(captured) = &mut self.captured {
            captured.clear();
        }
    }
}
