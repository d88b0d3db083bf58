//! `wasi:filesystem`: the directories of the run. Every call is done at once, on the calling thread.

mod convert;
mod streams;

use std::iter;

use deterministic_fs::Position;
use wasmtime::component::{Access, Accessor, FutureReader, Resource, StreamReader};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p3::bindings::filesystem::{preopens as preopens_bindings, types as bindings};
use wasmtime_wasi::p3::filesystem::{FilesystemError, FilesystemResult};

use bindings::{
    Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode, MetadataHashValue,
    NewTimestamp, OpenFlags, PathFlags,
};
use deterministic_wasi::HostCall;

use crate::component::{Results as _, linked, p3_name};
use crate::p2::files::{Descriptors, Failure};
use crate::{Deterministic, DeterministicCtxView, DeterministicView};
use convert::{descriptor_flags, descriptor_stat, descriptor_type, error_code, follow, metadata_hash, new_time};
use streams::{Entries, Reading, Writing};

/// Links a function that is asynchronous to the guest.
macro_rules! task {
    ($linked:ident, $call:ident($($param:ident),*) = $method:ident) => {
        $linked.concurrent(HostCall::$call, |store, ($($param,)*)| {
            Box::pin(async move {
                let store = &store.with_getter::<Deterministic>(T::deterministic_view);
                <Deterministic as HostDescriptorWithStore<T>>::$method(store, $($param),*).await.results()
            })
        })
    };
}

/// The store as the functions want it that start a stream.
fn access<T: DeterministicView + 'static>(store: StoreContextMut<'_, T>) -> Access<'_, T, Deterministic> {
    Access::<'_, T, Deterministic>::new(store, T::deterministic_view)
}

linked! {
    /// `wasi:filesystem/types`: the mounts of [`DeterministicCtx::files`](crate::wasi::Wasi::files). Needs
    /// [`preopens`] as well.
    filesystem, p3_name!("wasi:filesystem/types"), |linked| {
        use bindings::{HostDescriptor, HostDescriptorWithStore};
        linked.resource::<Descriptor>(HostCall::descriptor_drop, |mut store, fd| {
            HostDescriptor::drop(&mut store.data_mut().deterministic_view(), fd)
        })?;
        linked.func_of_store(HostCall::descriptor_read_via_stream, |store, (fd, offset)| {
            Ok((<Deterministic as HostDescriptorWithStore<T>>::read_via_stream(access(store), fd, offset)?,))
        })?;
        linked.func_of_store(HostCall::descriptor_write_via_stream, |store, (fd, data, offset)| {
            Ok((<Deterministic as HostDescriptorWithStore<T>>::write_via_stream(access(store), fd, data, offset)?,))
        })?;
        linked.func_of_store(HostCall::descriptor_append_via_stream, |store, (fd, data)| {
            Ok((<Deterministic as HostDescriptorWithStore<T>>::append_via_stream(access(store), fd, data)?,))
        })?;
        linked.func_of_store(HostCall::descriptor_read_directory, |store, (fd,)| {
            Ok((<Deterministic as HostDescriptorWithStore<T>>::read_directory(access(store), fd)?,))
        })?;
        task!(linked, descriptor_advise(fd, offset, length, advice) = advise)?;
        task!(linked, descriptor_sync_data(fd) = sync_data)?;
        task!(linked, descriptor_get_flags(fd) = get_flags)?;
        task!(linked, descriptor_get_type(fd) = get_type)?;
        task!(linked, descriptor_set_size(fd, size) = set_size)?;
        task!(linked, descriptor_set_times(fd, data_access_timestamp, data_modification_timestamp) = set_times)?;
        task!(linked, descriptor_sync(fd) = sync)?;
        task!(linked, descriptor_create_directory_at(fd, path) = create_directory_at)?;
        task!(linked, descriptor_stat(fd) = stat)?;
        task!(linked, descriptor_stat_at(fd, path_flags, path) = stat_at)?;
        task!(linked, descriptor_set_times_at(fd, path_flags, path, data_access_timestamp, data_modification_timestamp) = set_times_at)?;
        task!(linked, descriptor_link_at(fd, old_path_flags, old_path, new_descriptor, new_path) = link_at)?;
        task!(linked, descriptor_open_at(fd, path_flags, path, open_flags, flags) = open_at)?;
        task!(linked, descriptor_readlink_at(fd, path) = readlink_at)?;
        task!(linked, descriptor_remove_directory_at(fd, path) = remove_directory_at)?;
        task!(linked, descriptor_rename_at(fd, old_path, new_descriptor, new_path) = rename_at)?;
        task!(linked, descriptor_symlink_at(fd, old_path, new_path) = symlink_at)?;
        task!(linked, descriptor_unlink_file_at(fd, path) = unlink_file_at)?;
        task!(linked, descriptor_is_same_object(fd, other) = is_same_object)?;
        task!(linked, descriptor_metadata_hash(fd) = metadata_hash)?;
        task!(linked, descriptor_metadata_hash_at(fd, path_flags, path) = metadata_hash_at)?;
    }
}

linked! {
    /// `wasi:filesystem/preopens`: the same mounts, by the names that the embedder gave them.
    preopens, p3_name!("wasi:filesystem/preopens");
    get_directories() = preopens_bindings::Host::get_directories;
}

type Fd = Resource<Descriptor>;

/// What a future of the interface resolves to.
type Ended = Result<(), ErrorCode>;

/// How a stream ends.
type Outcome = super::Outcome<ErrorCode>;

impl preopens_bindings::Host for DeterministicCtxView<'_> {
    fn get_directories(&mut self) -> Result<Vec<(Fd, String)>> {
        Ok(self.descriptors()?.preopens()?)
    }
}

impl bindings::Host for DeterministicCtxView<'_> {
    fn convert_error_code(&mut self, error: FilesystemError) -> Result<ErrorCode> {
        error.downcast()
    }
}

impl bindings::HostDescriptor for DeterministicCtxView<'_> {
    fn drop(&mut self, fd: Fd) -> Result<()> {
        Ok(self.descriptors()?.drop(&fd)?)
    }
}

/// Works with the descriptors of the store.
fn with<U: 'static, R>(
    store: &Accessor<U, Deterministic>,
    work: impl FnOnce(&mut Descriptors<'_>) -> Result<R, Failure>,
) -> FilesystemResult<R> {
    Ok(store.with(|mut store| work(&mut store.get().descriptors()?))?)
}

fn new_times(access: NewTimestamp, modification: NewTimestamp) -> Result<[deterministic_fs::NewTime; 2], Failure> {
    Ok([new_time(access)?, new_time(modification)?])
}

/// What the bindings' failures are where the error goes into a future.
fn outcome<T>(result: Result<T, Failure>) -> Result<Result<T, ErrorCode>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Failure::Code(code)) => Ok(Err(error_code(code))),
        Err(Failure::Held(_)) => Ok(Err(ErrorCode::InsufficientMemory)),
        Err(Failure::Trap(error)) => Err(error),
    }
}

/// The end of a stream that ended before it began.
fn ended<U: 'static>(store: &mut Access<'_, U, Deterministic>, ended: Ended) -> Result<FutureReader<Ended>> {
    FutureReader::new(store, async move { wasmtime::error::Ok(ended) })
}

fn write<U: 'static>(
    mut store: Access<'_, U, Deterministic>,
    fd: &Fd,
    mut data: StreamReader<u8>,
    position: Position,
) -> Result<FutureReader<Ended>> {
    let file = store.get().descriptors().and_then(|files| Ok((files.file_to_write(fd)?, files.hold()?)));
    match outcome(file)? {
        Ok((file, held)) => {
            let outcome = Outcome::default();
            let getter = store.getter();
            data.pipe(&mut store, Writing { getter, file, position, outcome: outcome.clone(), _held: held })?;
            FutureReader::new(&mut store, outcome)
        }
        Err(code) => {
            data.close(&mut store)?;
            ended(&mut store, Err(code))
        }
    }
}

impl<U: 'static> bindings::HostDescriptorWithStore<U> for Deterministic {
    fn read_via_stream(
        mut store: Access<'_, U, Self>,
        fd: Fd,
        offset: u64,
    ) -> Result<(StreamReader<u8>, FutureReader<Ended>)> {
        let file = store.get().descriptors().and_then(|files| Ok((files.file_to_read(&fd)?, files.hold()?)));
        match outcome(file)? {
            Ok((file, held)) => {
                let outcome = Outcome::default();
                let getter = store.getter();
                let stream = Reading { getter, file, offset, outcome: outcome.clone(), _held: held };
                Ok((StreamReader::new(&mut store, stream)?, FutureReader::new(&mut store, outcome)?))
            }
            Err(code) => Ok((StreamReader::new(&mut store, iter::empty())?, ended(&mut store, Err(code))?)),
        }
    }

    fn write_via_stream(
        store: Access<'_, U, Self>,
        fd: Fd,
        data: StreamReader<u8>,
        offset: u64,
    ) -> Result<FutureReader<Ended>> {
        write(store, &fd, data, Position::At(offset))
    }

    fn append_via_stream(store: Access<'_, U, Self>, fd: Fd, data: StreamReader<u8>) -> Result<FutureReader<Ended>> {
        write(store, &fd, data, Position::End)
    }

    async fn advise(
        store: &Accessor<U, Self>,
        fd: Fd,
        _offset: u64,
        length: u64,
        _advice: Advice,
    ) -> FilesystemResult<()> {
        with(store, |files| files.advise(&fd, length))
    }

    async fn sync_data(store: &Accessor<U, Self>, fd: Fd) -> FilesystemResult<()> {
        with(store, |files| files.sync(&fd, true))
    }

    async fn get_flags(store: &Accessor<U, Self>, fd: Fd) -> FilesystemResult<DescriptorFlags> {
        with(store, |files| files.object(&fd).map(descriptor_flags))
    }

    async fn get_type(store: &Accessor<U, Self>, fd: Fd) -> FilesystemResult<DescriptorType> {
        with(store, |files| files.object(&fd).map(|object| descriptor_type(object.file_type())))
    }

    async fn set_size(store: &Accessor<U, Self>, fd: Fd, size: u64) -> FilesystemResult<()> {
        with(store, |files| files.set_size(&fd, size))
    }

    async fn set_times(
        store: &Accessor<U, Self>,
        fd: Fd,
        access: NewTimestamp,
        modification: NewTimestamp,
    ) -> FilesystemResult<()> {
        with(store, |files| files.set_times(&fd, new_times(access, modification)?))
    }

    fn read_directory(
        mut store: Access<'_, U, Self>,
        fd: Fd,
    ) -> Result<(StreamReader<DirectoryEntry>, FutureReader<Ended>)> {
        let listing = store.get().descriptors().and_then(|mut files| files.read_directory(&fd));
        match outcome(listing)? {
            Ok(listing) => {
                let outcome = Outcome::default();
                let stream = Entries { listing, next: 0, outcome: outcome.clone() };
                Ok((StreamReader::new(&mut store, stream)?, FutureReader::new(&mut store, outcome)?))
            }
            Err(code) => Ok((StreamReader::new(&mut store, iter::empty())?, ended(&mut store, Err(code))?)),
        }
    }

    async fn sync(store: &Accessor<U, Self>, fd: Fd) -> FilesystemResult<()> {
        with(store, |files| files.sync(&fd, false))
    }

    async fn create_directory_at(store: &Accessor<U, Self>, fd: Fd, path: String) -> FilesystemResult<()> {
        with(store, |files| files.create_directory_at(&fd, &path))
    }

    async fn stat(store: &Accessor<U, Self>, fd: Fd) -> FilesystemResult<DescriptorStat> {
        with(store, |files| files.stat(&fd).map(descriptor_stat))
    }

    async fn stat_at(
        store: &Accessor<U, Self>,
        fd: Fd,
        flags: PathFlags,
        path: String,
    ) -> FilesystemResult<DescriptorStat> {
        with(store, |files| files.stat_at(&fd, follow(flags), &path).map(descriptor_stat))
    }

    async fn set_times_at(
        store: &Accessor<U, Self>,
        fd: Fd,
        flags: PathFlags,
        path: String,
        access: NewTimestamp,
        modification: NewTimestamp,
    ) -> FilesystemResult<()> {
        with(store, |files| {
            files.directory(&fd)?;
            files.set_times_at(&fd, follow(flags), &path, new_times(access, modification)?)
        })
    }

    async fn link_at(
        store: &Accessor<U, Self>,
        fd: Fd,
        flags: PathFlags,
        path: String,
        new_fd: Fd,
        new_path: String,
    ) -> FilesystemResult<()> {
        with(store, |files| files.link_at(&fd, follow(flags), &path, &new_fd, &new_path))
    }

    async fn open_at(
        store: &Accessor<U, Self>,
        fd: Fd,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FilesystemResult<Fd> {
        let options = convert::open_options(path_flags, open_flags, flags);
        with(store, |files| files.open_at(&fd, &path, options, convert::synchronous(flags)))
    }

    async fn readlink_at(store: &Accessor<U, Self>, fd: Fd, path: String) -> FilesystemResult<String> {
        with(store, |files| files.readlink_at(&fd, &path))
    }

    async fn remove_directory_at(store: &Accessor<U, Self>, fd: Fd, path: String) -> FilesystemResult<()> {
        with(store, |files| files.remove_directory_at(&fd, &path))
    }

    async fn rename_at(
        store: &Accessor<U, Self>,
        fd: Fd,
        path: String,
        new_fd: Fd,
        new_path: String,
    ) -> FilesystemResult<()> {
        with(store, |files| files.rename_at(&fd, &path, &new_fd, &new_path))
    }

    async fn symlink_at(store: &Accessor<U, Self>, fd: Fd, target: String, path: String) -> FilesystemResult<()> {
        with(store, |files| files.symlink_at(&fd, &target, &path))
    }

    async fn unlink_file_at(store: &Accessor<U, Self>, fd: Fd, path: String) -> FilesystemResult<()> {
        with(store, |files| files.unlink_file_at(&fd, &path))
    }

    async fn is_same_object(store: &Accessor<U, Self>, fd: Fd, other: Fd) -> Result<bool> {
        Ok(store.with(|mut store| store.get().descriptors()?.is_same_object(&fd, &other))?)
    }

    async fn metadata_hash(store: &Accessor<U, Self>, fd: Fd) -> FilesystemResult<MetadataHashValue> {
        with(store, |files| files.stat(&fd).map(metadata_hash))
    }

    async fn metadata_hash_at(
        store: &Accessor<U, Self>,
        fd: Fd,
        flags: PathFlags,
        path: String,
    ) -> FilesystemResult<MetadataHashValue> {
        with(store, |files| files.stat_at(&fd, follow(flags), &path).map(metadata_hash))
    }
}
