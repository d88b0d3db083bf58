//! Standard streams that lie in memory, and never make a guest wait.

use std::future::ready;

use bytes::Bytes;

use super::streams::{Input, Output, Pending, StreamError, StreamResult};

/// Standard input that is known before the guest starts.
#[derive(Clone, Debug, Default)]
pub struct InMemory(Bytes);

impl InMemory {
    /// These bytes, and then the end.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        InMemory(bytes.into())
    }
}

impl Input for InMemory {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if self.0.is_empty() {
            return Err(StreamError::Closed);
        }
        Ok(self.0.split_to(size.min(self.0.len())))
    }

    fn blocking_read(&mut self, size: usize) -> Pending<'_, StreamResult<Bytes>> {
        Box::pin(ready(self.read(size)))
    }

    fn is_ready(&mut self) -> bool {
        true
    }
}

/// Output that nobody wants.
#[derive(Clone, Copy, Debug, Default)]
pub struct Discarded;

impl Output for Discarded {
    fn write(&mut self, _: Bytes) -> StreamResult<Option<Bytes>> {
        Ok(None)
    }

    fn blocking_write_and_flush(&mut self, _: Bytes) -> Pending<'_, StreamResult<()>> {
        Box::pin(ready(Ok(())))
    }

    fn is_ready(&mut self) -> bool {
        true
    }
}
