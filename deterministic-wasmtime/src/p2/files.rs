//! `wasi:filesystem/types`: wasmtime-wasi's, but for the functions whose answers show the host.

use wasmtime::component::{Linker, Resource, ResourceType};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtxView, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode, HostDescriptor as _, MetadataHashValue, NewTimestamp,
    PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult, ReaddirIterator};

use super::streams::{FileInput, FileOutput};
use crate::executor::Wait;
use crate::files::Files;
use crate::{DeterministicView, Error};

/// `wasi:filesystem/types`.
pub mod filesystem {
    pub use super::add_to_linker;
}

/// An error code is the guest's to see, anything else a trap.
fn answer<R>(result: FsResult<R>) -> Result<(Result<R, ErrorCode>,)> {
    match result {
        Ok(value) => Ok((Ok(value),)),
        Err(error) => Ok((Err(error.downcast()?),)),
    }
}

/// Files are used on the calling thread, so every future of stock is ready at once.
fn at_once<R>(future: impl Future<Output = FsResult<R>>) -> FsResult<R> {
    Wait::Never.run(future).unwrap_or_else(|| Err(FsError::trap(Error::FilesOnOtherThreads)))
}

/// A directory, sorted, of which entries are still to be read.
struct Listing(std::vec::IntoIter<DirectoryEntry>);

/// Replaces, in a linker that has wasmtime-wasi's `wasi:filesystem/types`, the functions whose answers show the host. The
/// linker must allow shadowing.
///
/// # Errors
///
/// If the linker does not allow shadowing.
pub fn add_to_linker<T: DeterministicView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    type Fd = Resource<Descriptor>;
    let mut types = linker.instance("wasi:filesystem/types@0.2.12")?;

    types.func_wrap(
        "[method]descriptor.read-via-stream",
        |mut store: StoreContextMut<'_, T>, (fd, from): (Fd, u64)| {
            let mut files = store.data_mut().filesystem();
            answer(files.read_via_stream(fd, from).and_then(|stream| {
                let stream = files.table.delete(stream)?;
                Ok(files.table.push(Box::new(FileInput(stream)) as DynInputStream)?)
            }))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.write-via-stream",
        |mut store: StoreContextMut<'_, T>, (fd, from): (Fd, u64)| {
            let mut files = store.data_mut().filesystem();
            let stream = files.write_via_stream(fd, from);
            answer(stream.and_then(|stream| synchronous(&mut files, stream)))
        },
    )?;
    types.func_wrap("[method]descriptor.append-via-stream", |mut store: StoreContextMut<'_, T>, (fd,): (Fd,)| {
        let mut files = store.data_mut().filesystem();
        let stream = files.append_via_stream(fd);
        answer(stream.and_then(|stream| synchronous(&mut files, stream)))
    })?;

    types.func_wrap("[method]descriptor.read-directory", |mut store: StoreContextMut<'_, T>, (fd,): (Fd,)| {
        let mut files = store.data_mut().filesystem();
        let entries = at_once(files.read_directory(fd)).and_then(|stream| {
            let mut entries = files.table.delete(stream)?.into_iter().collect::<FsResult<Vec<_>>>()?;
            entries.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
            let listing = files.table.push(Listing(entries.into_iter()))?;
            // The guest's type of resource, and an entry of our own behind it.
            Ok(Resource::<ReaddirIterator>::new_own(listing.rep()))
        });
        answer(entries)
    })?;
    types.func_wrap(
        "[method]directory-entry-stream.read-directory-entry",
        |mut store: StoreContextMut<'_, T>, (stream,): (Resource<ReaddirIterator>,)| {
            let listing = Resource::<Listing>::new_borrow(stream.rep());
            let entry = store.data_mut().deterministic().table.get_mut(&listing)?.0.next();
            Ok((Ok::<_, ErrorCode>(entry),))
        },
    )?;
    types.resource("directory-entry-stream", ResourceType::host::<ReaddirIterator>(), |mut store, rep| {
        store.data_mut().deterministic().table.delete(Resource::<Listing>::new_own(rep))?;
        Ok(())
    })?;

    types.func_wrap("[method]descriptor.stat", |mut store: StoreContextMut<'_, T>, (fd,): (Fd,)| {
        let borrowed = Resource::new_borrow(fd.rep());
        let mut files = store.data_mut().filesystem();
        let status = at_once(async { Ok((files.stat(fd).await?, files.metadata_hash(borrowed).await?)) });
        answer(status.map(|(stat, hash)| normalise(store.data_mut(), stat, hash)))
    })?;
    types.func_wrap(
        "[method]descriptor.stat-at",
        |mut store: StoreContextMut<'_, T>, (fd, flags, path): (Fd, PathFlags, String)| {
            let borrowed = Resource::new_borrow(fd.rep());
            let mut files = store.data_mut().filesystem();
            let status = at_once(async {
                let stat = files.stat_at(fd, flags, path.clone()).await?;
                Ok((stat, files.metadata_hash_at(borrowed, flags, path).await?))
            });
            answer(status.map(|(stat, hash)| normalise(store.data_mut(), stat, hash)))
        },
    )?;
    types.func_wrap("[method]descriptor.metadata-hash", |mut store: StoreContextMut<'_, T>, (fd,): (Fd,)| {
        let mut files = store.data_mut().filesystem();
        let hash = at_once(files.metadata_hash(fd));
        answer(hash.map(|hash| number(store.data_mut(), hash)))
    })?;
    types.func_wrap(
        "[method]descriptor.metadata-hash-at",
        |mut store: StoreContextMut<'_, T>, (fd, flags, path): (Fd, PathFlags, String)| {
            let mut files = store.data_mut().filesystem();
            let hash = at_once(files.metadata_hash_at(fd, flags, path));
            answer(hash.map(|hash| number(store.data_mut(), hash)))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.set-times",
        |mut store: StoreContextMut<'_, T>, (fd, atim, mtim): (Fd, NewTimestamp, NewTimestamp)| {
            let borrowed = Resource::new_borrow(fd.rep());
            let [atim, mtim] = explicit(store.data_mut(), [atim, mtim]);
            let mut files = store.data_mut().filesystem();
            let set = at_once(async {
                files.set_times(fd, atim, mtim).await?;
                files.metadata_hash(borrowed).await
            });
            answer(set.map(|hash| remember(store.data_mut(), hash, [atim, mtim])))
        },
    )?;
    types.func_wrap(
        "[method]descriptor.set-times-at",
        |mut store: StoreContextMut<'_, T>,
         (fd, flags, path, atim, mtim): (Fd, PathFlags, String, NewTimestamp, NewTimestamp)| {
            let borrowed = Resource::new_borrow(fd.rep());
            let [atim, mtim] = explicit(store.data_mut(), [atim, mtim]);
            let mut files = store.data_mut().filesystem();
            let set = at_once(async {
                files.set_times_at(fd, flags, path.clone(), atim, mtim).await?;
                files.metadata_hash_at(borrowed, flags, path).await
            });
            answer(set.map(|hash| remember(store.data_mut(), hash, [atim, mtim])))
        },
    )
}

fn synchronous(
    files: &mut WasiFilesystemCtxView<'_>,
    stream: Resource<DynOutputStream>,
) -> FsResult<Resource<DynOutputStream>> {
    let stream = files.table.delete(stream)?;
    Ok(files.table.push(Box::new(FileOutput(stream)) as DynOutputStream)?)
}

fn files<T: DeterministicView>(data: &mut T) -> &mut Files {
    &mut data.deterministic().ctx.files
}

/// An object's number, in the shape of a hash.
fn number<T: DeterministicView>(data: &mut T, hash: MetadataHashValue) -> MetadataHashValue {
    MetadataHashValue { lower: files(data).number(hash.lower), upper: 0 }
}

const NANOS_PER_SECOND: u64 = 1_000_000_000;

fn datetime(nanos: u64) -> Datetime {
    Datetime { seconds: nanos / NANOS_PER_SECOND, nanoseconds: (nanos % NANOS_PER_SECOND) as u32 }
}

fn normalise<T: DeterministicView>(data: &mut T, stat: DescriptorStat, hash: MetadataHashValue) -> DescriptorStat {
    let ctx = data.deterministic().ctx;
    let epoch = ctx.time.epoch.as_unix_nanos();
    let number = ctx.files.number(hash.lower);
    let [atim, mtim] = ctx.files.times(number, epoch);
    DescriptorStat {
        link_count: 1,
        size: if matches!(stat.type_, DescriptorType::Directory) { 0 } else { stat.size },
        data_access_timestamp: Some(datetime(atim)),
        data_modification_timestamp: Some(datetime(mtim)),
        status_change_timestamp: Some(datetime(epoch)),
        ..stat
    }
}

/// Stock would take "now" from the host.
fn explicit<T: DeterministicView>(data: &mut T, times: [NewTimestamp; 2]) -> [NewTimestamp; 2] {
    let now = datetime(data.deterministic().ctx.wall_now().as_unix_nanos());
    times.map(|time| if matches!(time, NewTimestamp::Now) { NewTimestamp::Timestamp(now) } else { time })
}

fn remember<T: DeterministicView>(data: &mut T, hash: MetadataHashValue, times: [NewTimestamp; 2]) {
    let epoch = data.deterministic().ctx.time.epoch.as_unix_nanos();
    let files = files(data);
    let number = files.number(hash.lower);
    files.set_times(
        number,
        epoch,
        times.map(|time| match time {
            NewTimestamp::Timestamp(time) => {
                Some(time.seconds.saturating_mul(NANOS_PER_SECOND).saturating_add(time.nanoseconds.into()))
            }
            _ => None,
        }),
    );
}
