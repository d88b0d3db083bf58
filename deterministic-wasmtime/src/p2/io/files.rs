//! Streams of files, and of captured output. They need the file system and the clock, so what they are is kept beside the table
//! of resources, by number; the table has a placeholder.

use std::collections::BTreeMap;

use bytes::Bytes;
use deterministic_core::ByteStream;
use deterministic_fs::{ErrorCode, FileSystem, Handle, Position};
use deterministic_wasi::{Captured, HANDLE, StandardOutput, Wasi, random_bytes, reserve};
use wasmtime::component::Resource;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, InputStream, OutputStream, Pollable, StreamError, StreamResult,
};

use super::CHUNK;
use crate::ctx::DeterministicCtx;
use crate::p2::files::Failure;
use crate::{DeterministicCtxView, Error};

/// The streams that are alive and no embedder's, and what is written to some of them.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    inputs: BTreeMap<u32, Input>,
    outputs: BTreeMap<u32, Stream>,
    pub(crate) captured: Option<Captured>,
}

#[derive(Debug)]
struct Input {
    file: Handle,
    position: u64,
    closed: bool,
}

#[derive(Debug)]
enum Stream {
    File(OutputFile),
    Captured(StandardOutput),
}

#[derive(Debug)]
struct OutputFile {
    file: Handle,
    position: Position,
    closed: bool,
}

/// What a write of zeros writes.
pub(super) static ZEROS: [u8; CHUNK] = [0; CHUNK];

/// What stands in the table. A file is always ready.
struct Placeholder;

const NOT_LINKED: &str = "a stream of a file needs `wasi:io/streams` of deterministic-wasmtime";

#[async_trait]
impl Pollable for Placeholder {
    async fn ready(&mut self) {}
}

#[async_trait]
impl InputStream for Placeholder {
    fn read(&mut self, _: usize) -> StreamResult<Bytes> {
        Err(StreamError::trap(NOT_LINKED))
    }
}

#[async_trait]
impl OutputStream for Placeholder {
    fn write(&mut self, _: Bytes) -> StreamResult<()> {
        Err(StreamError::trap(NOT_LINKED))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Err(StreamError::trap(NOT_LINKED))
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Err(StreamError::trap(NOT_LINKED))
    }
}

fn failed(error: deterministic_fs::Error) -> StreamError {
    match error {
        deterministic_fs::Error::Code(code) => StreamError::LastOperationFailed(code.into()),
        error => StreamError::Trap(Error::Files(error).into()),
    }
}

impl Input {
    /// As much as is asked for and there is, up to [`CHUNK`].
    fn read(&mut self, files: &mut FileSystem, random: &mut ByteStream, len: u64) -> StreamResult<Vec<u8>> {
        if self.closed {
            return Err(StreamError::Closed);
        }
        if len == 0 {
            return Ok(Vec::new());
        }
        let mut bytes = reserve::zeroed(len.min(CHUNK as u64) as usize).map_err(trap)?;
        let read = match files.read(&self.file, &mut bytes, self.position) {
            Ok(read) => Ok(read),
            Err(error) => random_bytes(error, random, &mut bytes).map_err(|error| StreamError::Trap(error.into()))?,
        };
        match read {
            Ok(0) => {
                self.closed = true;
                Err(StreamError::Closed)
            }
            Ok(read) => {
                bytes.truncate(read);
                self.position = self.position.saturating_add(read as u64);
                Ok(bytes)
            }
            Err(error) => {
                self.closed = true;
                Err(failed(error))
            }
        }
    }
}

/// What may be written to captured output.
fn room(captured: &Captured, which: StandardOutput) -> StreamResult<u64> {
    match captured.room(which) {
        0 => Err(StreamError::Closed),
        room => Ok(room as u64),
    }
}

/// All of it, which is no more than there is room for.
fn write_captured(captured: &mut Captured, which: StandardOutput, bytes: &[u8]) -> StreamResult<()> {
    let room = room(captured, which)?;
    if bytes.len() as u64 > room {
        return Err(trap(Error::WriteNotPermitted { permitted: room }));
    }
    captured.take(which, bytes).map(drop).map_err(trap)
}

impl OutputFile {
    fn check_write(&self) -> StreamResult<u64> {
        if self.closed { Err(StreamError::Closed) } else { Ok(CHUNK as u64) }
    }

    /// All of it, or an error. What there was room for is written then, and the stream is closed.
    fn write(&mut self, files: &mut FileSystem, mut bytes: &[u8]) -> StreamResult<()> {
        self.check_write()?;
        if bytes.len() > CHUNK {
            return Err(trap(Error::WriteNotPermitted { permitted: CHUNK as u64 }));
        }
        loop {
            let written = match files.write(&self.file, bytes, self.position) {
                Ok(0) if !bytes.is_empty() => Err(ErrorCode::InsufficientSpace.into()),
                written => written,
            };
            let written = written.map_err(|error| {
                self.closed = true;
                failed(error)
            })?;
            if let Position::At(position) = &mut self.position {
                *position = position.saturating_add(written as u64);
            }
            bytes = bytes.get(written..).unwrap_or_default();
            if bytes.is_empty() {
                return Ok(());
            }
        }
    }
}

/// The functions of streams that are files'. Of any other stream they give `None`.
impl DeterministicCtxView<'_> {
    /// Like stock, no child of the descriptor: the stream outlives it.
    pub(in crate::p2) fn push_input(
        &mut self,
        file: Handle,
        position: u64,
    ) -> Result<Resource<DynInputStream>, Failure> {
        self.ctx.held.account().room(HANDLE)?;
        let stream = self.table.push(Box::new(Placeholder) as DynInputStream)?;
        self.ctx.held.set(stream.rep(), HANDLE)?;
        self.ctx.streams.inputs.insert(stream.rep(), Input { file, position, closed: false });
        Ok(stream)
    }

    pub(in crate::p2) fn push_output(
        &mut self,
        file: Handle,
        position: Position,
    ) -> Result<Resource<DynOutputStream>, Failure> {
        self.push_any_output(Stream::File(OutputFile { file, position, closed: false }))
    }

    /// A standard stream that is captured; `None` if those are the embedder's.
    pub(in crate::p2) fn push_captured(
        &mut self,
        which: StandardOutput,
    ) -> Option<wasmtime::Result<Resource<DynOutputStream>>> {
        self.ctx.streams.captured.as_ref()?;
        Some(self.push_any_output(Stream::Captured(which)).map_err(Into::into))
    }

    fn push_any_output(&mut self, output: Stream) -> Result<Resource<DynOutputStream>, Failure> {
        self.ctx.held.account().room(HANDLE)?;
        let stream = self.table.push(Box::new(Placeholder) as DynOutputStream)?;
        self.ctx.held.set(stream.rep(), HANDLE)?;
        self.ctx.streams.outputs.insert(stream.rep(), output);
        Ok(stream)
    }

    pub(super) fn is_file_input(&self, stream: &Resource<DynInputStream>) -> bool {
        self.ctx.streams.inputs.contains_key(&stream.rep())
    }

    pub(super) fn is_file_output(&self, stream: &Resource<DynOutputStream>) -> bool {
        self.ctx.streams.outputs.contains_key(&stream.rep())
    }

    #[inline]
    pub(super) fn read_file(&mut self, stream: &Resource<DynInputStream>, len: u64) -> Option<StreamResult<Vec<u8>>> {
        let DeterministicCtx { streams, wasi: Wasi { files, secure_random, .. }, .. } = &mut *self.ctx;
        let input = streams.inputs.get_mut(&stream.rep())?;
        Some(files.as_they_are().map_err(trap).and_then(|files| input.read(files, secure_random, len)))
    }

    pub(super) fn skip_file(&mut self, stream: &Resource<DynInputStream>, len: u64) -> Option<StreamResult<u64>> {
        self.read_file(stream, len).map(|read| read.map(|bytes| bytes.len() as u64))
    }

    pub(super) fn drop_file_input(&mut self, stream: &Resource<DynInputStream>) -> Option<wasmtime::Result<()>> {
        let deleted = self.is_file_input(stream).then(|| self.table.delete(Resource::new_own(stream.rep())))?;
        // One with pollables left stays, and the guest traps.
        Some(deleted.map_err(Into::into).map(|_: DynInputStream| {
            self.ctx.streams.inputs.remove(&stream.rep());
            self.ctx.held.release(stream.rep());
        }))
    }

    pub(super) fn check_write_file(&self, stream: &Resource<DynOutputStream>) -> Option<StreamResult<u64>> {
        let Streams { outputs, captured, .. } = &*self.ctx.streams;
        match outputs.get(&stream.rep())? {
            Stream::File(file) => Some(file.check_write()),
            Stream::Captured(which) => Some(room(captured.as_ref()?, *which)),
        }
    }

    #[inline]
    pub(super) fn write_file(&mut self, stream: &Resource<DynOutputStream>, bytes: &[u8]) -> Option<StreamResult<()>> {
        let DeterministicCtx { streams, wasi: Wasi { files, time, .. }, .. } = &mut *self.ctx;
        let Streams { outputs, captured, .. } = &mut **streams;
        let output = match outputs.get_mut(&stream.rep())? {
            Stream::File(output) => output,
            Stream::Captured(which) => return Some(write_captured(captured.as_mut()?, *which, bytes)),
        };
        // Of a context that is borrowed in parts.
        let now = time.epoch.at(time.clock.now()).as_unix_nanos();
        Some(files.as_they_are().map_err(trap).and_then(|files| {
            files.set_now(now);
            output.write(files, bytes)
        }))
    }

    /// Writes all of `bytes`, which has no permission: of captured output as much as there is room for, and then it is closed.
    pub(super) fn write_whole(&mut self, stream: &Resource<DynOutputStream>, bytes: &[u8]) -> Option<StreamResult<()>> {
        let Streams { outputs, captured, .. } = &mut *self.ctx.streams;
        let Some(Stream::Captured(which)) = outputs.get(&stream.rep()) else { return self.write_file(stream, bytes) };
        Some(match captured.as_mut()?.take(*which, bytes) {
            Ok(taken) if taken < bytes.len() => Err(StreamError::Closed),
            Ok(_) => Ok(()),
            Err(error) => Err(trap(error)),
        })
    }

    pub(super) fn write_zeroes_to_file(
        &mut self,
        stream: &Resource<DynOutputStream>,
        len: u64,
    ) -> Option<StreamResult<()>> {
        match self.check_write_file(stream)? {
            Ok(permit) if len > permit => Some(Err(trap(Error::WriteNotPermitted { permitted: permit }))),
            Ok(_) => {
                // A file never permits more than there are.
                let (mut left, most) = (len, ZEROS.len() as u64);
                while left > most {
                    if let Err(error) = self.write_file(stream, &ZEROS)? {
                        return Some(Err(error));
                    }
                    left -= most;
                }
                self.write_file(stream, &ZEROS[..left as usize])
            }
            Err(closed) => Some(Err(closed)),
        }
    }

    /// To a stream that is neither a file's nor kept here. Stock ends the process if the host has no
    /// memory for so many zeros, and a stream may permit any number.
    pub(super) fn write_zeroes_to_other(&mut self, stream: &Resource<DynOutputStream>, len: u64) -> StreamResult<()> {
        let stream = self.table.get_mut(stream)?;
        let permitted = stream.check_write()? as u64;
        if len > permitted {
            return Err(trap(Error::WriteNotPermitted { permitted }));
        }
        let zeros = reserve::zeroed(usize::try_from(len).unwrap_or(usize::MAX)).map_err(trap)?;
        stream.write(zeros.into())
    }

    pub(super) fn flush_file(&self, stream: &Resource<DynOutputStream>) -> Option<StreamResult<()>> {
        // Nothing is ever left over.
        self.check_write_file(stream).map(|permit| permit.map(drop))
    }

    pub(super) fn drop_file_output(&mut self, stream: &Resource<DynOutputStream>) -> Option<wasmtime::Result<()>> {
        let deleted = self.is_file_output(stream).then(|| self.table.delete(Resource::new_own(stream.rep())))?;
        Some(deleted.map_err(Into::into).map(|_: DynOutputStream| {
            self.ctx.streams.outputs.remove(&stream.rep());
            self.ctx.held.release(stream.rep());
        }))
    }
}

fn trap(error: Error) -> StreamError {
    StreamError::Trap(error.into())
}

#[cfg(test)]
mod tests {
    use deterministic_core::Policies;
    use deterministic_fs::{Access, OpenOptions, Tree};
    use wasmtime::component::ResourceTable;

    use super::*;

    #[test]
    fn dropped_streams_leave_nothing() {
        let mut ctx = DeterministicCtx::new(Policies::default());
        ctx.files().mount_hermetic(&Tree::new().into(), "/", Access::ReadWrite).unwrap();
        let root = ctx.files().preopens().next().unwrap().1.clone();
        let options = OpenOptions { create: true, read: true, write: true, ..OpenOptions::default() };
        let file = ctx.files().open_at(&root, "file", options).unwrap();
        let mut view = DeterministicCtxView { ctx: &mut ctx, table: &mut ResourceTable::new() };
        for _ in 0..2 {
            let input = view.push_input(file.clone(), 0).unwrap();
            let output = view.push_output(file.clone(), Position::End).unwrap();
            view.write_file(&output, b"x").unwrap().unwrap();
            assert_eq!(view.read_file(&input, 9).unwrap().unwrap()[0], b'x');
            // Neither is the other kind's.
            assert!(view.drop_file_input(&Resource::new_borrow(output.rep())).is_none());
            assert!(view.drop_file_output(&Resource::new_borrow(input.rep())).is_none());
            view.drop_file_input(&input).unwrap().unwrap();
            view.drop_file_output(&output).unwrap().unwrap();
            let Streams { inputs, outputs, .. } = &*view.ctx.streams;
            assert!(inputs.is_empty() && outputs.is_empty() && view.table.is_empty());
            assert!(view.read_file(&input, 9).is_none() && view.write_file(&output, b"x").is_none());
        }
    }

    /// Whoever forgets to link `wasi:io/streams` of this crate hears of it.
    #[test]
    fn a_placeholder_does_nothing() {
        assert!(matches!(InputStream::read(&mut Placeholder, 1), Err(StreamError::Trap(_))));
        assert!(matches!(OutputStream::check_write(&mut Placeholder), Err(StreamError::Trap(_))));
        assert!(matches!(OutputStream::write(&mut Placeholder, Bytes::new()), Err(StreamError::Trap(_))));
        assert!(matches!(OutputStream::flush(&mut Placeholder), Err(StreamError::Trap(_))));
    }
}
