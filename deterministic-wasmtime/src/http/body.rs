//! Bodies: what a guest writes, kept until it is complete, and what a guest reads, cut into fixed chunks.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use ::http::HeaderMap;
use bytes::{Bytes, BytesMut};
use deterministic_wasi::http::HttpError;
use deterministic_wasi::{Account, Charge, Exceeded, reserve};
use http_body::{Body, Frame};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::p2::body::StreamContext;
use wasmtime_wasi_http::{Error, WasiBody};

use super::error::from_stock;
use super::held::fields;

/// How much of a body a guest reads at once.
const CHUNK: usize = 64 << 10;

/// How much a guest may write at once: wasmtime-wasi-http's default, which `check-write` shows.
const PERMIT: usize = 1 << 20;

/// Bytes that count.
#[derive(Debug)]
struct Buffer {
    data: BytesMut,
    held: Charge,
}

impl Buffer {
    fn new(account: &Account) -> Self {
        Buffer { data: BytesMut::new(), held: account.nothing() }
    }

    /// Appends `bytes`; `false` if they are too many.
    fn push(&mut self, bytes: &[u8]) -> bool {
        if self.held.grow(bytes.len() as u64).is_err() {
            return false;
        }
        self.data.extend_from_slice(bytes);
        true
    }

    /// Fails if the host has no memory for `len` bytes more, which is none of the guest's business.
    fn probe(&self, len: usize) -> Result<(), crate::Error> {
        if self.data.capacity() - self.data.len() >= len {
            return Ok(());
        }
        reserve::probe(self.data.len().saturating_mul(2).saturating_add(len))
    }

    /// Gives all of it away.
    fn take(&mut self) -> Bytes {
        let bytes = self.data.split().freeze();
        self.held.shrink(bytes.len() as u64);
        bytes
    }
}

/// What stands behind `outgoing-body`: the guest's end.
pub(super) struct OutgoingBody {
    shared: Arc<Mutex<Shared>>,
    has_stream: bool,
}

struct Shared {
    buffer: Buffer,
    context: StreamContext,
    /// What `content-length` says.
    declared: Option<u64>,
    /// What the guest wrote, or tried to.
    written: u64,
    /// Whether some of that was refused, so that the body can no longer be complete.
    lost: bool,
    end: End,
    waker: Option<Waker>,
}

enum End {
    Open,
    Finished(Option<HeaderMap>),
    Aborted,
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl OutgoingBody {
    /// A body, and what reads it.
    pub(super) fn new(context: StreamContext, declared: Option<u64>, account: &Account) -> (Self, Outgoing) {
        let buffer = Buffer::new(account);
        let shared = Shared { buffer, context, declared, written: 0, lost: false, end: End::Open, waker: None };
        let shared = Arc::new(Mutex::new(shared));
        (OutgoingBody { shared: shared.clone(), has_stream: true }, Outgoing(shared))
    }

    /// The stream that the guest writes to; there is one.
    pub(super) fn stream(&mut self) -> Option<Box<dyn OutputStream>> {
        std::mem::take(&mut self.has_stream).then(|| Box::new(Writer(self.shared.clone())) as Box<dyn OutputStream>)
    }

    /// Ends the body, and wakes who waits for that.
    ///
    /// # Errors
    ///
    /// The outer one is that the trailers are too much.
    pub(super) fn finish(self, trailers: Option<HeaderMap>) -> Result<Result<(), ErrorCode>, Exceeded> {
        let (written, complete, context) = {
            let mut shared = lock(&self.shared);
            shared.buffer.held.grow(trailers.as_ref().map_or(0, fields))?;
            let as_declared = shared.declared.is_none_or(|declared| declared == shared.written);
            (shared.written, as_declared && !shared.lost, shared.context)
        };
        self.end(if complete { End::Finished(trailers) } else { End::Aborted });
        Ok(if complete { Ok(()) } else { Err(context.as_body_size_error(written)) })
    }

    /// Gives the body up.
    pub(super) fn abort(self) {
        self.end(End::Aborted);
    }

    fn end(self, end: End) {
        let waker = {
            let mut shared = lock(&self.shared);
            shared.end = end;
            shared.waker.take()
        };
        // Outside of the lock: a waker may run anything.
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The guest's stream.
struct Writer(Arc<Mutex<Shared>>);

#[async_trait]
impl Pollable for Writer {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for Writer {
    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT)
    }

    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if bytes.len() > PERMIT {
            return Err(StreamError::Trap(crate::Error::WriteNotPermitted { permitted: PERMIT as u64 }.into()));
        }
        let mut shared = lock(&self.0);
        shared.written = shared.written.saturating_add(bytes.len() as u64);
        let within = shared.declared.is_none_or(|declared| shared.written <= declared);
        shared.buffer.probe(bytes.len()).map_err(|error| StreamError::Trap(error.into()))?;
        if within && !shared.lost && shared.buffer.push(&bytes) {
            return Ok(());
        }
        shared.lost = true;
        let error = shared.context.as_body_size_error(shared.written);
        Err(StreamError::LastOperationFailed(wasmtime::Error::new(error)))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }
}

/// The host's end of [`OutgoingBody`]: pending until the guest has ended it.
pub(super) struct Outgoing(Arc<Mutex<Shared>>);

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let mut shared = lock(&self.0);
        match shared.end {
            End::Open => {
                shared.waker = Some(context.waker().clone());
                return Poll::Pending;
            }
            End::Aborted => return Poll::Ready(Some(Err(Error::HttpProtocolError))),
            End::Finished(_) => {}
        }
        let bytes = shared.buffer.take();
        if !bytes.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        Poll::Ready(match &mut shared.end {
            End::Finished(trailers) => trailers.take().map(|trailers| Ok(Frame::trailers(trailers))),
            End::Open | End::Aborted => None,
        })
    }
}

/// A body and its trailers, or what it failed with.
pub(super) type Collected = Result<(Bytes, Option<HeaderMap>), HttpError>;

/// Reads a body to its end.
pub(super) struct Collector {
    body: WasiBody,
    buffer: Buffer,
    trailers: Option<HeaderMap>,
    context: StreamContext,
}

impl Collector {
    pub(super) fn new(body: WasiBody, context: StreamContext, account: &Account) -> Self {
        Collector { body, buffer: Buffer::new(account), trailers: None, context }
    }

    /// The whole body, once.
    ///
    /// # Errors
    ///
    /// The outer one is that the host has no memory for it.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Collected, crate::Error>> {
        loop {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                None => return Poll::Ready(Ok(Ok((self.buffer.take(), self.trailers.take())))),
                Some(Err(error)) => return Poll::Ready(Ok(Err(from_stock(error)))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        self.buffer.probe(data.len())?;
                        if !self.buffer.push(&data) {
                            let size = (self.buffer.data.len() + data.len()) as u64;
                            return Poll::Ready(Ok(Err(from_stock(self.context.as_body_size_error(size)))));
                        }
                    }
                    Err(frame) => self.trailers = frame.into_trailers().ok(),
                },
            }
        }
    }
}

/// A body that is there, in fixed chunks.
pub(super) struct Chunks {
    pub(super) data: Bytes,
    pub(super) trailers: Option<HeaderMap>,
    /// What it counts, unless it is the embedder's.
    pub(super) _held: Option<Charge>,
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.data.is_empty() {
            return Poll::Ready(self.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))));
        }
        let len = self.data.len().min(CHUNK);
        Poll::Ready(Some(Ok(Frame::data(self.data.split_to(len)))))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_empty() && self.trailers.is_none()
    }
}
