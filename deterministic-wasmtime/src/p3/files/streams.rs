//! The streams of files and directories. Each read and each write is done when it is asked for, in the guest's own buffer.

use std::pin::Pin;
use std::task::{Context, Poll};

use deterministic_fs::{DirectoryEntry, ErrorCode, FileSystem, Handle, Position};
use deterministic_wasi::{Charge, Listing, random_bytes, reserve};
use wasmtime::component::{Destination, Source, StreamConsumer, StreamProducer, StreamResult, VecBuffer};
use wasmtime::{AsContextMut as _, Result, StoreContextMut};
use wasmtime_wasi::p3::bindings::filesystem::types;

use super::Outcome;
use super::convert::{descriptor_type, error_code};
use crate::p2::CHUNK;
use crate::{DeterministicCtxView, Error};

/// How the file system is found in the data of the store.
pub(super) type Getter<U> = for<'a> fn(&'a mut U) -> DeterministicCtxView<'a>;

/// Takes the file system out of the store, because the guest's memory is borrowed from there too, for as long as `work`
/// takes.
fn with_files<U: 'static, R>(
    store: &mut StoreContextMut<'_, U>,
    getter: Getter<U>,
    work: impl FnOnce(&mut StoreContextMut<'_, U>, &mut FileSystem) -> R,
) -> Result<R> {
    let mut files = std::mem::take(getter(store.data_mut()).ctx.files_now()?);
    let result = work(store, &mut files);
    *getter(store.data_mut()).ctx.files() = files;
    Ok(result)
}

/// What a stream does about an error: the guest's ends it, the embedder's ends the guest.
fn end(outcome: &Outcome, error: deterministic_fs::Error) -> Result<StreamResult> {
    match error {
        deterministic_fs::Error::Code(code) => {
            outcome.set(Err(error_code(code)));
            Ok(StreamResult::Dropped)
        }
        error => Err(Error::Files(error).into()),
    }
}

/// A file to read: as much as the guest has room for, at once.
pub(super) struct Reading<U: 'static> {
    pub(super) getter: Getter<U>,
    pub(super) file: Handle,
    pub(super) offset: u64,
    pub(super) outcome: Outcome,
    pub(super) _held: Charge,
}

impl<U: 'static> StreamProducer<U> for Reading<U> {
    type Item = u8;
    type Buffer = VecBuffer<u8>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut store: StoreContextMut<'a, U>,
        mut destination: Destination<'a, u8, Self::Buffer>,
        _finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let me = &mut *self;
        let read = with_files(&mut store, me.getter, |store, files| {
            // The capacity counts only where the embedder reads.
            let mut destination = destination.reborrow().as_direct(store.as_context_mut(), CHUNK);
            let buffer = destination.remaining();
            if buffer.is_empty() {
                return Ok(None);
            }
            let read = files.read(&me.file, buffer, me.offset)?;
            destination.mark_written(read);
            Ok(Some(read))
        });
        Poll::Ready(match read {
            Err(error) => Err(error),
            // A read of nothing asks whether there is something: always.
            Ok(Ok(None)) => Ok(StreamResult::Completed),
            Ok(Ok(Some(0))) => {
                me.outcome.set(Ok(()));
                Ok(StreamResult::Dropped)
            }
            Ok(Ok(Some(read))) => {
                me.offset = me.offset.saturating_add(read as u64);
                Ok(StreamResult::Completed)
            }
            Ok(Err(error)) => me.random(store, destination, error),
        })
    }
}

impl<U: 'static> Reading<U> {
    /// What to do about an error: one that asks for random bytes is not the end. They come in pieces of [`CHUNK`], since the
    /// guest's buffer and the stream of bytes are both the store's.
    #[cold]
    fn random(
        &self,
        mut store: StoreContextMut<'_, U>,
        mut destination: Destination<'_, u8, VecBuffer<u8>>,
        error: deterministic_fs::Error,
    ) -> Result<StreamResult> {
        let len = match error {
            deterministic_fs::Error::RandomDevice => destination.remaining(&mut store).unwrap_or(CHUNK).min(CHUNK),
            _ => 0,
        };
        let mut bytes = reserve::zeroed(len)?;
        match random_bytes(error, &mut (self.getter)(store.data_mut()).ctx.secure_random, &mut bytes)? {
            Ok(_) => {
                destination.set_buffer(bytes.into());
                Ok(StreamResult::Completed)
            }
            Err(error) => end(&self.outcome, error),
        }
    }
}

impl<U> Drop for Reading<U> {
    fn drop(&mut self) {
        self.outcome.set(Ok(()));
    }
}

/// A file to write: as much as the guest hands over, at once.
pub(super) struct Writing<U: 'static> {
    pub(super) getter: Getter<U>,
    pub(super) file: Handle,
    pub(super) position: Position,
    pub(super) outcome: Outcome,
    pub(super) _held: Charge,
}

impl<U: 'static> StreamConsumer<U> for Writing<U> {
    type Item = u8;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut store: StoreContextMut<'_, U>,
        mut source: Source<'_, u8>,
        _finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let me = &mut *self;
        let written = with_files(&mut store, me.getter, |store, files| {
            let mut source = source.reborrow().as_direct(store.as_context_mut());
            let bytes = source.remaining();
            let written = files.write(&me.file, bytes, me.position)?;
            if written == 0 && !bytes.is_empty() {
                return Err(ErrorCode::InsufficientSpace.into());
            }
            source.mark_read(written);
            Ok(written)
        });
        Poll::Ready(match written {
            Err(error) => Err(error),
            Ok(Ok(written)) => {
                if let Position::At(position) = &mut me.position {
                    *position = position.saturating_add(written as u64);
                }
                Ok(StreamResult::Completed)
            }
            Ok(Err(error)) => end(&me.outcome, error),
        })
    }
}

impl<U> Drop for Writing<U> {
    fn drop(&mut self) {
        self.outcome.set(Ok(()));
    }
}

/// A directory of which entries are still to be read.
pub(super) struct Entries {
    pub(super) listing: Listing,
    pub(super) next: usize,
    pub(super) outcome: Outcome,
}

/// What an allocator takes for a name in addition to its bytes.
const NAME_COST: usize = 32;

/// How many entries the embedder gets at once.
const HOST_ENTRIES: usize = 32;

impl<U> StreamProducer<U> for Entries {
    type Item = types::DirectoryEntry;
    type Buffer = VecBuffer<types::DirectoryEntry>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut store: StoreContextMut<'a, U>,
        mut destination: Destination<'a, Self::Item, Self::Buffer>,
        _finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let count = destination.remaining(&mut store).unwrap_or(HOST_ENTRIES);
        if count == 0 {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        let left = self.listing.entries.get(self.next..).unwrap_or_default();
        let left = left.get(..count).unwrap_or(left);
        let names: usize = left.iter().map(|entry| entry.name.len() + NAME_COST).sum();
        reserve::probe(names.saturating_add(size_of::<types::DirectoryEntry>().saturating_mul(left.len())))?;
        let entries: Vec<_> = left.iter().map(entry).collect();
        let over = entries.len() < count;
        self.next += entries.len();
        destination.set_buffer(entries.into());
        if over {
            self.outcome.set(Ok(()));
            return Poll::Ready(Ok(StreamResult::Dropped));
        }
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

fn entry(entry: &DirectoryEntry) -> types::DirectoryEntry {
    types::DirectoryEntry { type_: descriptor_type(entry.file_type), name: (*entry.name).to_owned() }
}

impl Drop for Entries {
    fn drop(&mut self) {
        self.outcome.set(Ok(()));
    }
}
