//! `wasi:filesystem`: the directories of the run.
//!
//! Every call is done when it returns, on the calling thread, so the synchronous bindings serve both kinds of linker.

mod convert;
mod descriptors;

use deterministic_fs::{NewTime, Position};
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::preopens as preopens_bindings;
use wasmtime_wasi::p2::bindings::sync::filesystem::types as bindings;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult, IoError, ReaddirIterator};

use bindings::{
    Advice, DescriptorFlags, DescriptorStat, DescriptorType, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use deterministic_wasi::{HostCall, Listing};

use crate::DeterministicCtxView;
use crate::component::{linked, p2_name};
use convert::{descriptor_flags, descriptor_stat, descriptor_type, follow, metadata_hash, new_time};

pub(crate) use convert::conversions;
pub(crate) use descriptors::{Descriptors, Failure};

linked! {
    /// `wasi:filesystem/types`: the mounts of [`DeterministicCtx::files`](crate::wasi::Wasi::files). Needs
    /// [`streams`](super::streams) and [`preopens`] as well.
    filesystem, p2_name!("wasi:filesystem/types"), |linked| {
        use bindings::{Host, HostDescriptor, HostDirectoryEntryStream};
        linked.resource::<Descriptor>(HostCall::descriptor_drop, |mut store, fd| {
            HostDescriptor::drop(&mut store.data_mut().deterministic_view(), fd)
        })?;
        linked.func(HostCall::descriptor_read_via_stream, |view, (fd, offset)| HostDescriptor::read_via_stream(view, fd, offset))?;
        linked.func(HostCall::descriptor_write_via_stream, |view, (fd, offset)| HostDescriptor::write_via_stream(view, fd, offset))?;
        linked.func(HostCall::descriptor_append_via_stream, |view, (fd,)| HostDescriptor::append_via_stream(view, fd))?;
        linked.func(HostCall::descriptor_advise, |view, (fd, offset, length, advice)| HostDescriptor::advise(view, fd, offset, length, advice))?;
        linked.func(HostCall::descriptor_sync_data, |view, (fd,)| HostDescriptor::sync_data(view, fd))?;
        linked.func(HostCall::descriptor_get_flags, |view, (fd,)| HostDescriptor::get_flags(view, fd))?;
        linked.func(HostCall::descriptor_get_type, |view, (fd,)| HostDescriptor::get_type(view, fd))?;
        linked.func(HostCall::descriptor_set_size, |view, (fd, size)| HostDescriptor::set_size(view, fd, size))?;
        linked.func(HostCall::descriptor_set_times, |view, (fd, data_access_timestamp, data_modification_timestamp)| HostDescriptor::set_times(view, fd, data_access_timestamp, data_modification_timestamp))?;
        linked.func(HostCall::descriptor_read, |view, (fd, length, offset)| HostDescriptor::read(view, fd, length, offset))?;
        linked.func(HostCall::descriptor_write, |view, (fd, buffer, offset)| HostDescriptor::write(view, fd, buffer, offset))?;
        linked.func(HostCall::descriptor_read_directory, |view, (fd,)| HostDescriptor::read_directory(view, fd))?;
        linked.func(HostCall::descriptor_sync, |view, (fd,)| HostDescriptor::sync(view, fd))?;
        linked.func(HostCall::descriptor_create_directory_at, |view, (fd, path)| HostDescriptor::create_directory_at(view, fd, path))?;
        linked.func(HostCall::descriptor_stat, |view, (fd,)| HostDescriptor::stat(view, fd))?;
        linked.func(HostCall::descriptor_stat_at, |view, (fd, path_flags, path)| HostDescriptor::stat_at(view, fd, path_flags, path))?;
        linked.func(HostCall::descriptor_set_times_at, |view, (fd, path_flags, path, data_access_timestamp, data_modification_timestamp)| HostDescriptor::set_times_at(view, fd, path_flags, path, data_access_timestamp, data_modification_timestamp))?;
        linked.func(HostCall::descriptor_link_at, |view, (fd, old_path_flags, old_path, new_descriptor, new_path)| HostDescriptor::link_at(view, fd, old_path_flags, old_path, new_descriptor, new_path))?;
        linked.func(HostCall::descriptor_open_at, |view, (fd, path_flags, path, open_flags, flags)| HostDescriptor::open_at(view, fd, path_flags, path, open_flags, flags))?;
        linked.func(HostCall::descriptor_readlink_at, |view, (fd, path)| HostDescriptor::readlink_at(view, fd, path))?;
        linked.func(HostCall::descriptor_remove_directory_at, |view, (fd, path)| HostDescriptor::remove_directory_at(view, fd, path))?;
        linked.func(HostCall::descriptor_rename_at, |view, (fd, old_path, new_descriptor, new_path)| HostDescriptor::rename_at(view, fd, old_path, new_descriptor, new_path))?;
        linked.func(HostCall::descriptor_symlink_at, |view, (fd, old_path, new_path)| HostDescriptor::symlink_at(view, fd, old_path, new_path))?;
        linked.func(HostCall::descriptor_unlink_file_at, |view, (fd, path)| HostDescriptor::unlink_file_at(view, fd, path))?;
        linked.func(HostCall::descriptor_is_same_object, |view, (fd, other)| HostDescriptor::is_same_object(view, fd, other))?;
        linked.func(HostCall::descriptor_metadata_hash, |view, (fd,)| HostDescriptor::metadata_hash(view, fd))?;
        linked.func(HostCall::descriptor_metadata_hash_at, |view, (fd, path_flags, path)| HostDescriptor::metadata_hash_at(view, fd, path_flags, path))?;
        linked.resource::<ReaddirIterator>(HostCall::directory_entry_stream_drop, |mut store, stream| {
            HostDirectoryEntryStream::drop(&mut store.data_mut().deterministic_view(), stream)
        })?;
        linked.func(HostCall::directory_entry_stream_read_directory_entry, |view, (stream,)| {
            HostDirectoryEntryStream::read_directory_entry(view, stream)
        })?;
        linked.func(HostCall::filesystem_error_code, |view, (error,)| Host::filesystem_error_code(view, error))?;
    }
}

linked! {
    /// `wasi:filesystem/preopens`: the same mounts, by the names that the embedder gave them.
    preopens, p2_name!("wasi:filesystem/preopens");
    get_directories() = preopens_bindings::Host::get_directories;
}

type Fd = Resource<Descriptor>;

/// A directory of which entries are still to be read.
struct Reading {
    listing: Listing,
    next: usize,
}

fn new_times(access: NewTimestamp, modification: NewTimestamp) -> Result<[NewTime; 2], Failure> {
    Ok([new_time(access)?, new_time(modification)?])
}

impl preopens_bindings::Host for DeterministicCtxView<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Fd, String)>> {
        Ok(self.descriptors()?.preopens()?)
    }
}

impl bindings::Host for DeterministicCtxView<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<bindings::ErrorCode> {
        Ok(error.downcast()?.into())
    }

    fn filesystem_error_code(&mut self, error: Resource<IoError>) -> wasmtime::Result<Option<bindings::ErrorCode>> {
        // An error of any other stream is the embedder's, and no file's.
        let code = self.table.get(&error)?.downcast_ref().copied();
        Ok(code.map(|code| convert::error_code(code).into()))
    }
}

impl bindings::HostDescriptor for DeterministicCtxView<'_> {
    fn advise(&mut self, fd: Fd, _offset: u64, len: u64, _advice: Advice) -> FsResult<()> {
        Ok(self.descriptors()?.advise(&fd, len)?)
    }

    fn sync_data(&mut self, fd: Fd) -> FsResult<()> {
        Ok(self.descriptors()?.sync(&fd, true)?)
    }

    fn get_flags(&mut self, fd: Fd) -> FsResult<DescriptorFlags> {
        Ok(descriptor_flags(self.descriptors()?.object(&fd)?))
    }

    fn get_type(&mut self, fd: Fd) -> FsResult<DescriptorType> {
        Ok(descriptor_type(self.descriptors()?.object(&fd)?.file_type()))
    }

    fn set_size(&mut self, fd: Fd, size: u64) -> FsResult<()> {
        Ok(self.descriptors()?.set_size(&fd, size)?)
    }

    fn set_times(&mut self, fd: Fd, access: NewTimestamp, modification: NewTimestamp) -> FsResult<()> {
        Ok(self.descriptors()?.set_times(&fd, new_times(access, modification)?)?)
    }

    fn read(&mut self, fd: Fd, len: u64, offset: u64) -> FsResult<(Vec<u8>, bool)> {
        let bytes = self.descriptors()?.read(&fd, len, offset)?;
        let end = bytes.is_empty();
        Ok((bytes, end))
    }

    fn write(&mut self, fd: Fd, bytes: Vec<u8>, offset: u64) -> FsResult<u64> {
        Ok(self.descriptors()?.write(&fd, &bytes, offset)?)
    }

    fn read_directory(&mut self, fd: Fd) -> FsResult<Resource<ReaddirIterator>> {
        let listing = self.descriptors()?.read_directory(&fd)?;
        let listing = self.table.push(Reading { listing, next: 0 })?;
        // The guest's type of resource, and an entry of our own behind it.
        Ok(Resource::new_own(listing.rep()))
    }

    fn sync(&mut self, fd: Fd) -> FsResult<()> {
        Ok(self.descriptors()?.sync(&fd, false)?)
    }

    fn create_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        Ok(self.descriptors()?.create_directory_at(&fd, &path)?)
    }

    fn stat(&mut self, fd: Fd) -> FsResult<DescriptorStat> {
        Ok(descriptor_stat(self.descriptors()?.stat(&fd)?))
    }

    fn stat_at(&mut self, fd: Fd, flags: PathFlags, path: String) -> FsResult<DescriptorStat> {
        Ok(descriptor_stat(self.descriptors()?.stat_at(&fd, follow(flags), &path)?))
    }

    fn set_times_at(
        &mut self,
        fd: Fd,
        flags: PathFlags,
        path: String,
        access: NewTimestamp,
        modification: NewTimestamp,
    ) -> FsResult<()> {
        let mut files = self.descriptors()?;
        files.directory(&fd)?;
        Ok(files.set_times_at(&fd, follow(flags), &path, new_times(access, modification)?)?)
    }

    fn link_at(&mut self, fd: Fd, flags: PathFlags, path: String, new_fd: Fd, new_path: String) -> FsResult<()> {
        Ok(self.descriptors()?.link_at(&fd, follow(flags), &path, &new_fd, &new_path)?)
    }

    fn open_at(
        &mut self,
        fd: Fd,
        path_flags: PathFlags,
        path: String,
        open_flags: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Fd> {
        let options = convert::open_options(path_flags, open_flags, flags);
        Ok(self.descriptors()?.open_at(&fd, &path, options, convert::synchronous(flags))?)
    }

    fn drop(&mut self, fd: Fd) -> wasmtime::Result<()> {
        Ok(self.descriptors()?.drop(&fd)?)
    }

    fn readlink_at(&mut self, fd: Fd, path: String) -> FsResult<String> {
        Ok(self.descriptors()?.readlink_at(&fd, &path)?)
    }

    fn remove_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        Ok(self.descriptors()?.remove_directory_at(&fd, &path)?)
    }

    fn rename_at(&mut self, fd: Fd, path: String, new_fd: Fd, new_path: String) -> FsResult<()> {
        Ok(self.descriptors()?.rename_at(&fd, &path, &new_fd, &new_path)?)
    }

    fn symlink_at(&mut self, fd: Fd, target: String, path: String) -> FsResult<()> {
        Ok(self.descriptors()?.symlink_at(&fd, &target, &path)?)
    }

    fn unlink_file_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        Ok(self.descriptors()?.unlink_file_at(&fd, &path)?)
    }

    fn read_via_stream(&mut self, fd: Fd, offset: u64) -> FsResult<Resource<DynInputStream>> {
        let file = self.descriptors()?.file_to_read(&fd)?;
        Ok(self.push_input(file, offset)?)
    }

    fn write_via_stream(&mut self, fd: Fd, offset: u64) -> FsResult<Resource<DynOutputStream>> {
        let file = self.descriptors()?.file_to_write(&fd)?;
        Ok(self.push_output(file, Position::At(offset))?)
    }

    fn append_via_stream(&mut self, fd: Fd) -> FsResult<Resource<DynOutputStream>> {
        let file = self.descriptors()?.file_to_write(&fd)?;
        Ok(self.push_output(file, Position::End)?)
    }

    fn is_same_object(&mut self, a: Fd, b: Fd) -> wasmtime::Result<bool> {
        Ok(self.descriptors()?.is_same_object(&a, &b)?)
    }

    fn metadata_hash(&mut self, fd: Fd) -> FsResult<MetadataHashValue> {
        Ok(metadata_hash(self.descriptors()?.stat(&fd)?))
    }

    fn metadata_hash_at(&mut self, fd: Fd, flags: PathFlags, path: String) -> FsResult<MetadataHashValue> {
        Ok(metadata_hash(self.descriptors()?.stat_at(&fd, follow(flags), &path)?))
    }
}

impl bindings::HostDirectoryEntryStream for DeterministicCtxView<'_> {
    fn read_directory_entry(
        &mut self,
        stream: Resource<ReaddirIterator>,
    ) -> FsResult<Option<bindings::DirectoryEntry>> {
        let reading = self.table.get_mut(&Resource::<Reading>::new_borrow(stream.rep()))?;
        let Some(entry) = reading.listing.entries.get(reading.next) else { return Ok(None) };
        reading.next += 1;
        let name = (*entry.name).to_owned();
        Ok(Some(bindings::DirectoryEntry { type_: descriptor_type(entry.file_type), name }))
    }

    fn drop(&mut self, stream: Resource<ReaddirIterator>) -> wasmtime::Result<()> {
        self.table.delete(Resource::<Reading>::new_own(stream.rep()))?;
        Ok(())
    }
}
