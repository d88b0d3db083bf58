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

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream of wasmtime-wasi's kind that ends, or breaks, half-way.
    struct Half {
        left: Vec<StreamResult<Bytes>>,
    }

    #[async_trait]
    impl Pollable for Half {
        async fn ready(&mut self) {}
    }

    #[async_trait]
    impl InputStream for Half {
        fn read(&mut self, _: usize) -> StreamResult<Bytes> {
            self.left.pop().unwrap_or(Err(StreamError::Closed))
        }
    }

    #[async_trait]
    impl OutputStream for Half {
        fn check_write(&mut self) -> StreamResult<usize> {
            if self.left.is_empty() { Err(StreamError::Closed) } else { Ok(1) }
        }

        fn write(&mut self, _: Bytes) -> StreamResult<()> {
            self.left.pop().unwrap_or(Err(StreamError::Closed)).map(drop)
        }

        fn flush(&mut self) -> StreamResult<()> {
            self.check_write().map(drop)
        }
    }

    fn broken() -> StreamError {
        StreamError::LastOperationFailed(wasmtime::Error::msg("the disk went away"))
    }

    #[test]
    fn a_file_that_ends_or_breaks_half_way_is_closed_from_then_on() {
        let mut input = FileInput(Box::new(Half { left: vec![Err(broken()), Ok(Bytes::from_static(b"abc"))] }));
        assert_eq!(input.read(0).unwrap(), "");
        assert_eq!(input.read(100).unwrap(), "abc");
        assert!(matches!(input.read(100), Err(StreamError::LastOperationFailed(_))));
        for _ in 0..2 {
            assert!(matches!(input.read(100), Err(StreamError::Closed)));
        }
    }

    #[test]
    fn a_file_that_cannot_be_written_further_says_so_and_is_closed() {
        let mut output = FileOutput(Box::new(Half { left: vec![Err(broken()), Ok(Bytes::new())] }));
        assert_eq!(output.check_write().unwrap(), CHUNK);
        output.write(Bytes::from_static(b"a")).unwrap();
        assert!(matches!(output.write(Bytes::from_static(b"d")), Err(StreamError::LastOperationFailed(_))));
        assert!(matches!(output.check_write(), Err(StreamError::Closed)));
        assert!(matches!(output.flush(), Err(StreamError::Closed)));
        let too_much = Bytes::from(vec![0; CHUNK + 1]);
        assert!(matches!(output.write(too_much), Err(StreamError::Trap(_))));
    }

    /// Without files on the calling thread there is no answer that timing has no part in.
    #[test]
    fn a_stream_that_would_wait_for_a_thread_is_refused() {
        struct Waits;
        #[async_trait]
        impl Pollable for Waits {
            async fn ready(&mut self) {
                std::future::pending().await
            }
        }
        #[async_trait]
        impl InputStream for Waits {
            fn read(&mut self, _: usize) -> StreamResult<Bytes> {
                Ok(Bytes::new())
            }
        }
        let Err(StreamError::Trap(error)) = FileInput(Box::new(Waits)).read(1) else { panic!("an answer") };
        assert!(matches!(error.downcast_ref(), Some(Error::FilesOnOtherThreads)));
    }
}
