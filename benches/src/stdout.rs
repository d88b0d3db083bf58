//! A standard output in memory that may be written for as long as a measurement takes.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Where it begins anew: as much as a guest of the benches may print lies in the processor's cache.
const ROOM: usize = 1 << 20;

/// As wasmtime-wasi's `MemoryOutputPipe`, but it forgets what it has when it is full, and counts what it was given.
#[derive(Clone, Debug, Default)]
pub struct Counted(Arc<Mutex<Written>>);

#[derive(Debug, Default)]
struct Written {
    last: Vec<u8>,
    bytes: u64,
}

impl Counted {
    /// How many bytes were written.
    pub fn bytes(&self) -> u64 {
        self.0.lock().expect("no writer panicked").bytes
    }

    fn take(&self, bytes: &[u8]) {
        let mut written = self.0.lock().expect("no writer panicked");
        if written.last.len() + bytes.len() > ROOM {
            written.last.clear();
        }
        written.last.extend_from_slice(bytes);
        written.bytes += bytes.len() as u64;
    }
}

impl OutputStream for Counted {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    /// Looks, as the pipe does.
    fn check_write(&mut self) -> StreamResult<usize> {
        let written = self.0.lock().expect("no writer panicked");
        Ok(written.last.len().max(ROOM))
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Counted {
    async fn ready(&mut self) {}
}

impl tokio::io::AsyncWrite for Counted {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl IsTerminal for Counted {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Counted {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}
