//! The standard streams: whatever the embedder gave to the builder.
//!
//! Most lie in memory and are done at once. What one makes wait for is a [`Wait`], which an executor finishes. What does not
//! wait is called without a runtime around it, as wasmtime-wasi's synchronous WASI 0.2 does: entering one costs more than
//! writing to memory, and a stream that needs one enters it by wasmtime-wasi's `runtime::spawn`.

use bytes::{Buf as _, Bytes};
use wasmtime_wasi::p1::types::Errno;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, StreamError, StreamResult};
use wiggle::GuestMemory;

use super::P1Ctx;
use super::abi::write_u32;
use super::descriptors::Descriptor;
use super::fault::Answer;
use super::io::{Buffers, slice_mut};

/// A call that waits for a standard stream.
pub(super) enum Wait {
    /// Until there is something to read into these buffers.
    Read { fd: i32, buffers: Buffers, out: i32 },
    /// Until `left` is written and flushed; `written` is all of the call.
    Write { fd: i32, left: Bytes, written: u32, out: i32 },
}

impl Wait {
    pub(super) async fn finish(self, ctx: &mut P1Ctx, memory: &mut GuestMemory<'_>) -> Answer {
        match self {
            Wait::Read { fd, buffers, out } => {
                let size = buffers.total(memory)?;
                let bytes = read(stream_of_input(ctx, fd)?.blocking_read(size).await)?;
                fill(memory, buffers, bytes, size, out)
            }
            Wait::Write { fd, left, written, out } => {
                stream_of_output(ctx, fd)?.blocking_write_and_flush(left).await?;
                write_u32(memory, out, written)
            }
        }
    }
}

fn stream_of_input(ctx: &mut P1Ctx, fd: i32) -> Answer<&mut DynInputStream> {
    match ctx.table()?.get_mut(fd)? {
        Descriptor::Input { stream, .. } => Ok(stream),
        _ => Err(Errno::Badf.into()),
    }
}

fn stream_of_output(ctx: &mut P1Ctx, fd: i32) -> Answer<&mut DynOutputStream> {
    match ctx.table()?.get_mut(fd)? {
        Descriptor::Output { stream, .. } => Ok(stream),
        _ => Err(Errno::Badf.into()),
    }
}

/// Reads up to as many bytes as the buffers have, or none at the end of the input; or gives what has to be waited for.
pub(super) fn read_now(
    stream: &mut DynInputStream,
    memory: &mut GuestMemory<'_>,
    (fd, buffers, out): (i32, Buffers, i32),
) -> Answer<Option<Wait>> {
    let size = buffers.total(memory)?;
    match stream.read(size) {
        Ok(bytes) if bytes.is_empty() => Ok(Some(Wait::Read { fd, buffers, out })),
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
        let len = bytes.len().min(buffer.len() as usize);
        bytes.copy_to_slice(&mut slice_mut(memory, buffer)?[..len]);
        Ok(len)
    })?;
    write_u32(memory, out, read)
}

/// Writes all of `bytes`, and has them reach their place; or gives those that have to wait. Writing none waits until what was
/// written is flushed.
pub(super) fn write_now(stream: &mut DynOutputStream, bytes: Bytes) -> Answer<Option<Bytes>> {
    if stream.check_write()? < bytes.len().max(1) {
        return Ok(Some(bytes));
    }
    stream.write(bytes)?;
    match stream.flush().and_then(|()| stream.check_write()) {
        Ok(0) => Ok(Some(Bytes::new())),
        // That it is closed is for the next write to say.
        Ok(_) | Err(StreamError::Closed) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
