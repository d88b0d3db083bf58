//! `wasi:io/streams`: those of files and captured output are answered here, at once and on the calling thread; the others are
//! the embedder's.

mod files;
mod link;

use bytes::Bytes;
use wasmtime::Result;
use wasmtime::component::Resource;
use wasmtime_wasi::p2::bindings::sync::io::streams as synchronous;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, StreamError, StreamResult};
use wasmtime_wasi_io::bindings::wasi::io::streams as asynchronous;

use asynchronous::{HostInputStream as AsyncInput, HostOutputStream as AsyncOutput};
use deterministic_wasi::HANDLE;

use crate::executor::block_on;
use crate::{DeterministicCtxView, Error};

use files::ZEROS;

pub(crate) use files::Streams;
pub use link::streams;

/// What one call reads from a file or writes to it at most: wasmtime-wasi's own limit. Up to it, everything that is asked
/// for and that there is.
pub(crate) const CHUNK: usize = 64 << 10;

/// What the interface allows to a call that writes and flushes.
const BLOCKING_WRITE_MAX: u64 = 4096;

type Input = Resource<DynInputStream>;
type Output = Resource<DynOutputStream>;

fn bounded(len: u64) -> StreamResult<()> {
    if len > BLOCKING_WRITE_MAX {
        return Err(StreamError::Trap(Error::WriteNotPermitted { permitted: BLOCKING_WRITE_MAX }.into()));
    }
    Ok(())
}

/// What both kinds of linker share.
impl DeterministicCtxView<'_> {
    fn blocking_write_and_flush_file(&mut self, stream: &Output, bytes: &[u8]) -> Option<StreamResult<()>> {
        if !self.is_file_output(stream) {
            return None;
        }
        match bounded(bytes.len() as u64) {
            Ok(()) => self.write_whole(stream, bytes),
            Err(error) => Some(Err(error)),
        }
    }

    fn blocking_write_zeroes_and_flush_file(&mut self, stream: &Output, len: u64) -> Option<StreamResult<()>> {
        if !self.is_file_output(stream) {
            return None;
        }
        match bounded(len) {
            Ok(()) => self.write_whole(stream, &ZEROS[..len as usize]),
            Err(error) => Some(Err(error)),
        }
    }

    fn splice_now(&mut self, to: Output, from: Input, len: u64) -> StreamResult<u64> {
        let (from_file, to_file) = (self.is_file_input(&from), self.is_file_output(&to));
        if !from_file && !to_file {
            return self.table.splice(to, from, len);
        }
        let permit = match self.check_write_file(&to) {
            Some(permit) => permit?,
            None => self.table.get_mut(&to)?.check_write()? as u64,
        };
        let len = len.min(permit);
        if len == 0 {
            return Ok(0);
        }
        let bytes = match self.read_file(&from, len) {
            Some(bytes) => Bytes::from(bytes?),
            None => self.table.get_mut(&from)?.read(len as usize)?,
        };
        let read = bytes.len() as u64;
        if read > 0 {
            match self.write_file(&to, &bytes) {
                Some(written) => written?,
                None => self.table.get_mut(&to)?.write(bytes)?,
            }
        }
        Ok(read)
    }

    async fn splice_and_wait(&mut self, to: Output, from: Input, len: u64) -> StreamResult<u64> {
        let permit = match self.check_write_file(&to) {
            Some(permit) => permit?,
            None => self.table.get_mut(&to)?.write_ready().await? as u64,
        };
        let len = len.min(permit);
        if len == 0 {
            return Ok(0);
        }
        let bytes = match self.read_file(&from, len) {
            Some(bytes) => Bytes::from(bytes?),
            None => self.table.get_mut(&from)?.blocking_read(len as usize).await?,
        };
        let read = bytes.len() as u64;
        if read > 0 {
            match self.write_file(&to, &bytes) {
                Some(written) => written?,
                None => self.table.get_mut(&to)?.blocking_write_and_flush(bytes).await?,
            }
        }
        Ok(read)
    }
}

impl asynchronous::Host for DeterministicCtxView<'_> {
    fn convert_stream_error(&mut self, error: StreamError) -> Result<asynchronous::StreamError> {
        let error = asynchronous::Host::convert_stream_error(self.table, error)?;
        if let asynchronous::StreamError::LastOperationFailed(error) = &error {
            self.ctx.held.set(error.rep(), HANDLE).map_err(crate::Error::from)?;
        }
        Ok(error)
    }
}

impl AsyncInput for DeterministicCtxView<'_> {
    fn read(&mut self, stream: Input, len: u64) -> StreamResult<Vec<u8>> {
        self.read_file(&stream, len).unwrap_or_else(|| self.table.read(stream, len))
    }

    async fn blocking_read(&mut self, stream: Input, len: u64) -> StreamResult<Vec<u8>> {
        match self.read_file(&stream, len) {
            Some(read) => read,
            None => self.table.blocking_read(stream, len).await,
        }
    }

    fn skip(&mut self, stream: Input, len: u64) -> StreamResult<u64> {
        self.skip_file(&stream, len).unwrap_or_else(|| self.table.skip(stream, len))
    }

    async fn blocking_skip(&mut self, stream: Input, len: u64) -> StreamResult<u64> {
        match self.skip_file(&stream, len) {
            Some(skipped) => skipped,
            None => self.table.blocking_skip(stream, len).await,
        }
    }

    fn subscribe(&mut self, stream: Input) -> Result<Resource<DynPollable>> {
        self.ctx.held.account().room(HANDLE).map_err(crate::Error::from)?;
        let pollable = AsyncInput::subscribe(self.table, stream)?;
        self.held(pollable)
    }

    async fn drop(&mut self, stream: Input) -> Result<()> {
        let number = stream.rep();
        match self.drop_file_input(&stream) {
            Some(dropped) => dropped,
            None => AsyncInput::drop(self.table, stream).await.map(|()| self.ctx.held.release(number)),
        }
    }
}

impl AsyncOutput for DeterministicCtxView<'_> {
    fn check_write(&mut self, stream: Output) -> StreamResult<u64> {
        self.check_write_file(&stream).unwrap_or_else(|| self.table.check_write(stream))
    }

    fn write(&mut self, stream: Output, bytes: Vec<u8>) -> StreamResult<()> {
        self.write_file(&stream, &bytes).unwrap_or_else(|| self.table.write(stream, bytes))
    }

    async fn blocking_write_and_flush(&mut self, stream: Output, bytes: Vec<u8>) -> StreamResult<()> {
        match self.blocking_write_and_flush_file(&stream, &bytes) {
            Some(written) => written,
            None => self.table.blocking_write_and_flush(stream, bytes).await,
        }
    }

    fn flush(&mut self, stream: Output) -> StreamResult<()> {
        self.flush_file(&stream).unwrap_or_else(|| self.table.flush(stream))
    }

    async fn blocking_flush(&mut self, stream: Output) -> StreamResult<()> {
        match self.flush_file(&stream) {
            Some(flushed) => flushed,
            None => self.table.blocking_flush(stream).await,
        }
    }

    fn subscribe(&mut self, stream: Output) -> Result<Resource<DynPollable>> {
        self.ctx.held.account().room(HANDLE).map_err(crate::Error::from)?;
        let pollable = AsyncOutput::subscribe(self.table, stream)?;
        self.held(pollable)
    }

    fn write_zeroes(&mut self, stream: Output, len: u64) -> StreamResult<()> {
        self.write_zeroes_to_file(&stream, len).unwrap_or_else(|| self.write_zeroes_to_other(&stream, len))
    }

    async fn blocking_write_zeroes_and_flush(&mut self, stream: Output, len: u64) -> StreamResult<()> {
        match self.blocking_write_zeroes_and_flush_file(&stream, len) {
            Some(written) => written,
            None => self.table.blocking_write_zeroes_and_flush(stream, len).await,
        }
    }

    fn splice(&mut self, to: Output, from: Input, len: u64) -> StreamResult<u64> {
        self.splice_now(to, from, len)
    }

    async fn blocking_splice(&mut self, to: Output, from: Input, len: u64) -> StreamResult<u64> {
        self.splice_and_wait(to, from, len).await
    }

    async fn drop(&mut self, stream: Output) -> Result<()> {
        let number = stream.rep();
        match self.drop_file_output(&stream) {
            Some(dropped) => dropped,
            None => AsyncOutput::drop(self.table, stream).await.map(|()| self.ctx.held.release(number)),
        }
    }
}

impl synchronous::Host for DeterministicCtxView<'_> {
    fn convert_stream_error(&mut self, error: StreamError) -> Result<synchronous::StreamError> {
        Ok(asynchronous::Host::convert_stream_error(self, error)?.into())
    }
}

impl synchronous::HostInputStream for DeterministicCtxView<'_> {
    fn read(&mut self, stream: Input, len: u64) -> StreamResult<Vec<u8>> {
        AsyncInput::read(self, stream, len)
    }

    fn blocking_read(&mut self, stream: Input, len: u64) -> StreamResult<Vec<u8>> {
        self.read_file(&stream, len).unwrap_or_else(|| block_on(AsyncInput::blocking_read(self.table, stream, len)))
    }

    fn skip(&mut self, stream: Input, len: u64) -> StreamResult<u64> {
        AsyncInput::skip(self, stream, len)
    }

    fn blocking_skip(&mut self, stream: Input, len: u64) -> StreamResult<u64> {
        self.skip_file(&stream, len).unwrap_or_else(|| block_on(AsyncInput::blocking_skip(self.table, stream, len)))
    }

    fn subscribe(&mut self, stream: Input) -> Result<Resource<DynPollable>> {
        AsyncInput::subscribe(self, stream)
    }

    fn drop(&mut self, stream: Input) -> Result<()> {
        match self.drop_file_input(&stream) {
            Some(dropped) => dropped,
            None => block_on(AsyncInput::drop(self, stream)),
        }
    }
}

impl synchronous::HostOutputStream for DeterministicCtxView<'_> {
    fn check_write(&mut self, stream: Output) -> StreamResult<u64> {
        AsyncOutput::check_write(self, stream)
    }

    fn write(&mut self, stream: Output, bytes: Vec<u8>) -> StreamResult<()> {
        AsyncOutput::write(self, stream, bytes)
    }

    fn blocking_write_and_flush(&mut self, stream: Output, bytes: Vec<u8>) -> StreamResult<()> {
        self.blocking_write_and_flush_file(&stream, &bytes)
            .unwrap_or_else(|| block_on(AsyncOutput::blocking_write_and_flush(self.table, stream, bytes)))
    }

    fn flush(&mut self, stream: Output) -> StreamResult<()> {
        AsyncOutput::flush(self, stream)
    }

    fn blocking_flush(&mut self, stream: Output) -> StreamResult<()> {
        self.flush_file(&stream).unwrap_or_else(|| block_on(AsyncOutput::blocking_flush(self.table, stream)))
    }

    fn subscribe(&mut self, stream: Output) -> Result<Resource<DynPollable>> {
        AsyncOutput::subscribe(self, stream)
    }

    fn write_zeroes(&mut self, stream: Output, len: u64) -> StreamResult<()> {
        AsyncOutput::write_zeroes(self, stream, len)
    }

    fn blocking_write_zeroes_and_flush(&mut self, stream: Output, len: u64) -> StreamResult<()> {
        self.blocking_write_zeroes_and_flush_file(&stream, len)
            .unwrap_or_else(|| block_on(AsyncOutput::blocking_write_zeroes_and_flush(self.table, stream, len)))
    }

    fn splice(&mut self, to: Output, from: Input, len: u64) -> StreamResult<u64> {
        self.splice_now(to, from, len)
    }

    fn blocking_splice(&mut self, to: Output, from: Input, len: u64) -> StreamResult<u64> {
        if self.is_file_input(&from) && self.is_file_output(&to) {
            return self.splice_now(to, from, len);
        }
        block_on(self.splice_and_wait(to, from, len))
    }

    fn drop(&mut self, stream: Output) -> Result<()> {
        match self.drop_file_output(&stream) {
            Some(dropped) => dropped,
            None => block_on(AsyncOutput::drop(self, stream)),
        }
    }
}
