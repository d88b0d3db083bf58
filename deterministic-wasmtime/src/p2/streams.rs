//! Streams of files that do their work when asked, on the calling thread.
//!
//! wasmtime-wasi's own hand a plain read or write to another thread and answer with nothing until that is done, so that
//! what a guest gets depends on timing. Their blocking functions work at once where files may be used on the calling
//! thread; here they serve the plain ones too.

use std::pin::pin;

use bytes::Bytes;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, InputStream, OutputStream, Pollable, StreamError, StreamResult,
};
use wasmtime_wasi::runtime::{poll_noop, with_ambient_tokio_runtime};

use crate::Error;

/// What one read or write takes at most: wasmtime-wasi's own limit.
const CHUNK: usize = 64 << 10;

fn at_once<T>(future: impl Future<Output = StreamResult<T>>) -> StreamResult<T> {
    let mut future = pin!(future);
    with_ambient_tokio_runtime(|| poll_noop(future.as_mut()))
        .unwrap_or_else(|| Err(StreamError::Trap(Error::FilesOnOtherThreads.into())))
}

pub(super) struct FileInput(pub(super) DynInputStream);

#[async_trait]
impl Pollable for FileInput {
    async fn ready(&mut self) {}
}

#[async_trait]
impl InputStream for FileInput {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size == 0 {
            return Ok(Bytes::new());
        }
        at_once(self.0.blocking_read(size.min(CHUNK)))
    }
}

pub(super) struct FileOutput(pub(super) DynOutputStream);

#[async_trait]
impl Pollable for FileOutput {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for FileOutput {
    fn check_write(&mut self) -> StreamResult<usize> {
        // An error of the last write closed the stream inside.
        self.0.check_write().map(|_| CHUNK)
    }

    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if bytes.len() > CHUNK {
            return Err(StreamError::trap("a write of more than was permitted"));
        }
        at_once(self.0.blocking_write_and_flush(bytes))
    }

    fn flush(&mut self) -> StreamResult<()> {
        // Nothing is ever left over.
        self.0.flush()
    }
}
