//! What descriptors do, for WASI 0.2 and 0.3 alike, in the words of `deterministic-fs`.
//!
//! Which call is refused with which code, and in which order it is looked at, is wasmtime-wasi's. A guest holds
//! wasmtime-wasi's type of resource; the entry behind it is a [`Handle`].

use deterministic_core::ByteStream;
use deterministic_fs::{Access, ErrorCode, FileSystem, FileType, Handle, NewTime, OpenOptions, Position, Stat};
use deterministic_wasi::{Charge, Exceeded, HANDLE, Held, Listing, random_bytes, reserve};
use wasmtime::component::{Resource, ResourceTable, ResourceTableError};
use wasmtime_wasi::filesystem::Descriptor;

use crate::p2::CHUNK;
use crate::{DeterministicCtxView, Error};

/// Why a call did not happen.
#[derive(Debug)]
pub(crate) enum Failure {
    /// For the guest.
    Code(ErrorCode),
    /// For the guest: it holds too much.
    Held(Exceeded),
    /// The end of the guest.
    Trap(wasmtime::Error),
}

/// Of calls that have no error code.
impl From<Failure> for wasmtime::Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Code(code) => code.into(),
            Failure::Held(exceeded) => Error::from(exceeded).into(),
            Failure::Trap(error) => error,
        }
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Failure::Code(code)
    }
}

impl From<deterministic_fs::Error> for Failure {
    fn from(error: deterministic_fs::Error) -> Self {
        match error {
            deterministic_fs::Error::Code(code) => Failure::Code(code),
            error => Failure::Trap(Error::Files(error).into()),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Trap(error.into())
    }
}

impl From<Exceeded> for Failure {
    fn from(exceeded: Exceeded) -> Self {
        Failure::Held(exceeded)
    }
}

impl From<ResourceTableError> for Failure {
    fn from(error: ResourceTableError) -> Self {
        Failure::Trap(error.into())
    }
}

type Result<T, E = Failure> = std::result::Result<T, E>;

type Fd = Resource<Descriptor>;

/// The descriptors of a store, and the file system that they are open in.
pub(crate) struct Descriptors<'a> {
    files: &'a mut FileSystem,
    table: &'a mut ResourceTable,
    held: &'a mut Held,
    random: &'a mut ByteStream,
}

impl DeterministicCtxView<'_> {
    pub(crate) fn descriptors(&mut self) -> Result<Descriptors<'_>> {
        let (files, held, random) = self.ctx.files_held_and_random()?;
        Ok(Descriptors { files, table: self.table, held, random })
    }
}

fn object<'a>(table: &'a ResourceTable, fd: &Fd) -> Result<&'a Handle> {
    Ok(table.get(&Resource::new_borrow(fd.rep()))?)
}

fn directory<'a>(table: &'a ResourceTable, fd: &Fd) -> Result<&'a Handle> {
    let object = object(table, fd)?;
    if object.file_type() == FileType::Directory { Ok(object) } else { Err(ErrorCode::NotDirectory.into()) }
}

fn file<'a>(table: &'a ResourceTable, fd: &Fd) -> Result<&'a Handle> {
    let object = object(table, fd)?;
    if object.file_type() == FileType::Directory { Err(ErrorCode::BadDescriptor.into()) } else { Ok(object) }
}

fn file_to_write<'a>(table: &'a ResourceTable, fd: &Fd) -> Result<&'a Handle> {
    let file = file(table, fd)?;
    if file.access() == Access::ReadOnly { Err(ErrorCode::NotPermitted.into()) } else { Ok(file) }
}

fn push(table: &mut ResourceTable, held: &mut Held, handle: Handle) -> Result<Fd> {
    let fd: Fd = Resource::new_own(table.push(handle)?.rep());
    held.set(fd.rep(), HANDLE)?;
    Ok(fd)
}

impl Descriptors<'_> {
    /// New descriptors of the preopens with each call, as on stock.
    pub(crate) fn preopens(&mut self) -> Result<Vec<(Fd, String)>> {
        let preopens = self.files.preopens();
        preopens.map(|(guest, handle)| Ok((push(self.table, self.held, handle.clone())?, guest.to_owned()))).collect()
    }

    pub(crate) fn drop(&mut self, fd: &Fd) -> Result<()> {
        self.table.delete(Resource::<Handle>::new_own(fd.rep()))?;
        self.held.release(fd.rep());
        Ok(())
    }

    /// What a stream of a file counts for as long as it is there.
    pub(crate) fn hold(&self) -> Result<Charge> {
        Ok(self.held.account().charge(HANDLE)?)
    }

    pub(crate) fn object(&self, fd: &Fd) -> Result<&Handle> {
        object(self.table, fd)
    }

    /// Refuses what is not a directory.
    pub(crate) fn directory(&self, fd: &Fd) -> Result<&Handle> {
        directory(self.table, fd)
    }

    /// The file for a stream to read. A directory is not a bad descriptor here, but a directory.
    pub(crate) fn file_to_read(&self, fd: &Fd) -> Result<Handle> {
        let object = object(self.table, fd)?;
        if object.file_type() == FileType::Directory {
            return Err(ErrorCode::IsDirectory.into());
        }
        Ok(object.clone())
    }

    /// The file for a stream to write.
    pub(crate) fn file_to_write(&self, fd: &Fd) -> Result<Handle> {
        file_to_write(self.table, fd).cloned()
    }

    /// Advice changes nothing. A length that is negative for the hosts is what Linux looks at.
    pub(crate) fn advise(&self, fd: &Fd, len: u64) -> Result<()> {
        file(self.table, fd)?;
        if i64::try_from(len).is_err() { Err(ErrorCode::Invalid.into()) } else { Ok(()) }
    }

    pub(crate) fn sync(&mut self, fd: &Fd, data_only: bool) -> Result<()> {
        Ok(self.files.sync(object(self.table, fd)?, data_only)?)
    }

    pub(crate) fn set_size(&mut self, fd: &Fd, size: u64) -> Result<()> {
        Ok(self.files.set_size(file(self.table, fd)?, size)?)
    }

    pub(crate) fn set_times(&mut self, fd: &Fd, [access, modification]: [NewTime; 2]) -> Result<()> {
        Ok(self.files.set_times(object(self.table, fd)?, access, modification)?)
    }

    /// Up to [`CHUNK`] bytes; none at the end of the file.
    pub(crate) fn read(&mut self, fd: &Fd, len: u64, offset: u64) -> Result<Vec<u8>> {
        let file = file(self.table, fd)?;
        let mut bytes = reserve::zeroed(len.min(CHUNK as u64) as usize)?;
        let read = match self.files.read(file, &mut bytes, offset) {
            Ok(read) => read,
            Err(error) => {
                random_bytes(error, self.random, &mut bytes).map_err(|error| Failure::Trap(error.into()))??
            }
        };
        bytes.truncate(read);
        Ok(bytes)
    }

    pub(crate) fn write(&mut self, fd: &Fd, bytes: &[u8], offset: u64) -> Result<u64> {
        let file = file_to_write(self.table, fd)?;
        Ok(self.files.write(file, bytes, Position::At(offset))? as u64)
    }

    pub(crate) fn read_directory(&mut self, fd: &Fd) -> Result<Listing> {
        let entries = self.files.read_directory(directory(self.table, fd)?)?;
        Ok(Listing::new(entries, self.held.account())?)
    }

    pub(crate) fn create_directory_at(&mut self, fd: &Fd, path: &str) -> Result<()> {
        Ok(self.files.create_directory_at(directory(self.table, fd)?, path)?)
    }

    pub(crate) fn stat(&mut self, fd: &Fd) -> Result<Stat> {
        Ok(self.files.stat(object(self.table, fd)?)?)
    }

    pub(crate) fn stat_at(&mut self, fd: &Fd, follow: bool, path: &str) -> Result<Stat> {
        Ok(self.files.stat_at(directory(self.table, fd)?, path, follow)?)
    }

    pub(crate) fn set_times_at(&mut self, fd: &Fd, follow: bool, path: &str, times: [NewTime; 2]) -> Result<()> {
        let [access, modification] = times;
        Ok(self.files.set_times_at(directory(self.table, fd)?, path, follow, access, modification)?)
    }

    pub(crate) fn link_at(&mut self, fd: &Fd, follow: bool, path: &str, new_fd: &Fd, new_path: &str) -> Result<()> {
        let (dir, new_dir) = (directory(self.table, fd)?, directory(self.table, new_fd)?);
        Ok(self.files.link_at(dir, path, follow, new_dir, new_path)?)
    }

    /// `synchronous`: whether one of the flags for synchronous writes is set, which wasmtime-wasi does not have.
    pub(crate) fn open_at(&mut self, fd: &Fd, path: &str, options: OpenOptions, synchronous: bool) -> Result<Fd> {
        let dir = directory(self.table, fd)?;
        if synchronous {
            return Err(ErrorCode::Unsupported.into());
        }
        // Before anything is made or cut.
        self.held.account().room(HANDLE)?;
        let handle = self.files.open_at(dir, path, options)?;
        push(self.table, self.held, handle)
    }

    pub(crate) fn readlink_at(&mut self, fd: &Fd, path: &str) -> Result<String> {
        Ok(self.files.readlink_at(directory(self.table, fd)?, path)?)
    }

    pub(crate) fn remove_directory_at(&mut self, fd: &Fd, path: &str) -> Result<()> {
        Ok(self.files.remove_directory_at(directory(self.table, fd)?, path)?)
    }

    pub(crate) fn rename_at(&mut self, fd: &Fd, path: &str, new_fd: &Fd, new_path: &str) -> Result<()> {
        let (dir, new_dir) = (directory(self.table, fd)?, directory(self.table, new_fd)?);
        Ok(self.files.rename_at(dir, path, new_dir, new_path)?)
    }

    pub(crate) fn symlink_at(&mut self, fd: &Fd, target: &str, path: &str) -> Result<()> {
        Ok(self.files.symlink_at(directory(self.table, fd)?, target, path)?)
    }

    pub(crate) fn unlink_file_at(&mut self, fd: &Fd, path: &str) -> Result<()> {
        Ok(self.files.unlink_file_at(directory(self.table, fd)?, path)?)
    }

    pub(crate) fn is_same_object(&self, a: &Fd, b: &Fd) -> Result<bool> {
        Ok(self.files.is_same_object(self.object(a)?, self.object(b)?))
    }
}
