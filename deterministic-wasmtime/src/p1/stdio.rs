//! The standard streams: whatever the embedder gave to the builder.

use bytes::Bytes;
use wasmtime_wasi::p1::types::Errno;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, StreamError, StreamResult};
use wasmtime_wasi::runtime::with_ambient_tokio_runtime;

use super::fault::Answer;

/// Up to `size` bytes, or none at the end of the input.
pub(super) async fn read(stream: &mut DynInputStream, size: usize) -> Answer<Bytes> {
    // Most streams lie in memory, and answer without being waited for.
    let read = match with_ambient_tokio_runtime(|| stream.read(size)) {
        Ok(bytes) if bytes.is_empty() => stream.blocking_read(size).await,
        read => read,
    };
    match read {
        // As on stock, which is what a read into no bytes comes to.
        Ok(bytes) if bytes.is_empty() => Err(Errno::Intr.into()),
        Ok(bytes) => Ok(bytes),
        Err(StreamError::Closed) => Ok(Bytes::new()),
        Err(error) => Err(error.into()),
    }
}

/// Writes all of `bytes`, and has them reach their place.
pub(super) async fn write(stream: &mut DynOutputStream, bytes: Bytes) -> Answer {
    let left = match with_ambient_tokio_runtime(|| write_at_once(stream, &bytes))? {
        AtOnce::Done => return Ok(()),
        AtOnce::NoRoom => bytes,
        // Writing nothing waits until what was written is flushed.
        AtOnce::Flushing => Bytes::new(),
    };
    Ok(stream.blocking_write_and_flush(left).await?)
}

enum AtOnce {
    Done,
    /// For all of it; nothing was written.
    NoRoom,
    Flushing,
}

fn write_at_once(stream: &mut DynOutputStream, bytes: &Bytes) -> StreamResult<AtOnce> {
    if stream.check_write()? < bytes.len().max(1) {
        return Ok(AtOnce::NoRoom);
    }
    stream.write(bytes.clone())?;
    match stream.flush().and_then(|()| stream.check_write()) {
        Ok(0) => Ok(AtOnce::Flushing),
        // That it is closed is for the next write to say.
        Ok(_) | Err(StreamError::Closed) => Ok(AtOnce::Done),
        Err(error) => Err(error),
    }
}
