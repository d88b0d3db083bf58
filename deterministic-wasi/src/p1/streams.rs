//! The standard streams: whatever the embedder gives.
//!
//! Most lie in memory and are done at once. What one makes wait for is a [`Wait`], which an executor finishes.

use std::pin::Pin;

use bytes::{Buf as _, Bytes};
use deterministic_fs::ErrorCode;

use super::abi::write_u32;
use super::descriptors::Descriptor;
use super::guest::GuestMemory;
use super::io::Buffers;
use super::types::Errno;
use super::{P1, State};
use crate::fault::{Answer, Fault, TrapKind};

/// What is waited for by an executor.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why a stream gives or takes nothing.
#[derive(Debug)]
#[non_exhaustive]
pub enum StreamError {
    /// It is at its end.
    Closed,
    /// The last operation on it failed, for this reason if it is the host's.
    Failed(Option<ErrorCode>),
    /// The embedder ends the guest.
    Trap(Box<dyn std::error::Error + Send + Sync>),
}

/// What an operation on a stream gives.
pub type StreamResult<T> = Result<T, StreamError>;

/// Standard input.
pub trait Input: Send {
    /// Up to `size` bytes that are there; none if one has to wait.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`] at the end.
    fn read(&mut self, size: usize) -> StreamResult<Bytes>;

    /// The same, after waiting until there are some.
    fn blocking_read(&mut self, size: usize) -> Pending<'_, StreamResult<Bytes>>;

    /// Whether a read would not wait.
    fn is_ready(&mut self) -> bool;
}

/// Standard output or standard error.
pub trait Output: Send {
    /// Writes all of `bytes`, and has them reach their place; or gives those for which one has to wait. Writing none waits until
    /// what was written before is flushed.
    ///
    /// # Errors
    ///
    /// [`StreamError::Closed`] if nobody takes them.
    fn write(&mut self, bytes: Bytes) -> StreamResult<Option<Bytes>>;

    /// Writes all of `bytes` and has them reach their place, waiting for both.
    fn blocking_write_and_flush(&mut self, bytes: Bytes) -> Pending<'_, StreamResult<()>>;

    /// Whether a write would not wait.
    fn is_ready(&mut self) -> bool;
}

/// The standard streams of a guest.
pub struct Stdio {
    /// Standard input.
    pub input: Box<dyn Input>,
    /// Standard output.
    pub output: Box<dyn Output>,
    /// Standard error.
    pub error: Box<dyn Output>,
    /// Which of the three the guest is told are terminals.
    pub terminals: [bool; 3],
}

impl std::fmt::Debug for Stdio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stdio").field("terminals", &self.terminals).finish_non_exhaustive()
    }
}

impl From<StreamError> for Fault {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Closed | StreamError::Failed(None) => Errno::Io.into(),
            // A host's own error has the code that a file would have.
            StreamError::Failed(Some(code)) => code.into(),
            StreamError::Trap(error) => TrapKind::Embedder(error).into(),
        }
    }
}

/// A call that waits for a standard stream.
#[derive(Debug)]
pub struct Wait(Kind);

#[derive(Debug)]
enum Kind {
    /// Until there is something to read into these buffers.
    Read { fd: i32, buffers: Buffers, out: i32 },
    /// Until `left` is written and flushed; `written` is all of the call.
    Write { fd: i32, left: Bytes, written: u32, out: i32 },
}

impl Wait {
    pub(super) fn write(fd: i32, left: Bytes, written: u32, out: i32) -> Self {
        Wait(Kind::Write { fd, left, written, out })
    }

    /// Waits, and does what is left of the call.
    ///
    /// # Errors
    ///
    /// As the call itself.
    pub async fn finish(self, ctx: &mut P1<'_>, memory: &mut GuestMemory<'_>) -> Answer {
        match self.0 {
            Kind::Read { fd, buffers, out } => {
                let size = buffers.total(memory)?;
                let bytes = read(stream_of_input(ctx.state, fd)?.blocking_read(size).await)?;
                fill(memory, buffers, bytes, size, out)
            }
            Kind::Write { fd, left, written, out } => {
                stream_of_output(ctx.state, fd)?.blocking_write_and_flush(left).await?;
                write_u32(memory, out, written)
            }
        }
    }
}

fn stream_of_input(state: &mut State, fd: i32) -> Answer<&mut Box<dyn Input>> {
    match state.table()?.get_mut(fd)? {
        Descriptor::Input { stream, .. } => Ok(stream),
        _ => Err(Errno::Badf.into()),
    }
}

fn stream_of_output(state: &mut State, fd: i32) -> Answer<&mut Box<dyn Output>> {
    match state.table()?.get_mut(fd)? {
        Descriptor::Output { stream, .. } => Ok(stream),
        _ => Err(Errno::Badf.into()),
    }
}

/// Reads up to as many bytes as the buffers have, or none at the end of the input; or gives what has to be waited for.
pub(super) fn read_now(
    stream: &mut dyn Input,
    memory: &mut GuestMemory<'_>,
    (fd, buffers, out): (i32, Buffers, i32),
) -> Answer<Option<Wait>> {
    let size = buffers.total(memory)?;
    match stream.read(size) {
        Ok(bytes) if bytes.is_empty() => Ok(Some(Wait(Kind::Read { fd, buffers, out }))),
        result => fill(memory, buffers, read(result)?, size, out).map(|()| None),
    }
}

fn read(result: StreamResult<Bytes>) -> Answer<Bytes> {
    match result {
        // As on stock, which is what a read into no bytes comes to.
        Ok(bytes) if bytes.is_empty() => Err(Errno::Intr.into()),
        Ok(bytes) => Ok(bytes),
        Err(StreamError::Closed) => Ok(Bytes::new()),
        Err(error) => Err(error.into()),
    }
}

/// Copies what was read, which is no more than `size`, into the buffers.
fn fill(memory: &mut GuestMemory<'_>, buffers: Buffers, mut bytes: Bytes, size: usize, out: i32) -> Answer {
    if bytes.len() > size {
        return Err(Errno::Range.into());
    }
    let read = buffers.for_each(memory, |memory, buffer, _| {
        let len = bytes.len().min(buffer.len as usize);
        bytes.copy_to_slice(&mut memory.slice_mut(buffer)?[..len]);
        Ok(len)
    })?;
    write_u32(memory, out, read)
}
