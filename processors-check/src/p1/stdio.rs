//! Standard streams in memory, of which some make one wait.

use bytes::Bytes;
use deterministic_wasi::p1::{Input, Output, Pending, Stdio, StreamError, StreamResult};

pub(super) fn stdio(input: &[u8], waits: bool) -> Stdio {
    Stdio {
        input: Box::new(Given { bytes: Bytes::copy_from_slice(input), waits, waited: false }),
        output: Box::new(Taken { room: if waits { 3 } else { 1 << 20 } }),
        error: Box::new(Taken { room: 1 << 20 }),
        terminals: [false, true, false],
    }
}

/// What was given; each second read has to be waited for, if it `waits`.
struct Given {
    bytes: Bytes,
    waits: bool,
    waited: bool,
}

impl Given {
    fn take(&mut self, size: usize) -> StreamResult<Bytes> {
        if self.bytes.is_empty() {
            return Err(StreamError::Closed);
        }
        Ok(self.bytes.split_to(size.min(self.bytes.len())))
    }
}

impl Input for Given {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.waited = self.waits && !self.waited;
        if self.waited { Ok(Bytes::new()) } else { self.take(size) }
    }
    fn blocking_read(&mut self, size: usize) -> Pending<'_, StreamResult<Bytes>> {
        Box::pin(async move { self.take(size) })
    }
    fn is_ready(&mut self) -> bool {
        true
    }
}

/// Takes all, but only so much at once without a wait.
struct Taken {
    room: usize,
}

impl Output for Taken {
    fn write(&mut self, bytes: Bytes) -> StreamResult<Option<Bytes>> {
        Ok((bytes.len() > self.room).then_some(bytes))
    }
    fn blocking_write_and_flush(&mut self, _: Bytes) -> Pending<'_, StreamResult<()>> {
        Box::pin(async { Ok(()) })
    }
    fn is_ready(&mut self) -> bool {
        true
    }
}
