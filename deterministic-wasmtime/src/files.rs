//! The directories of a run, for all WASI versions.

use std::fs::File;
use std::sync::Arc;

use cap_std::fs::Dir;
use deterministic_core::{ByteStream, PolicyError};
use deterministic_fs::{Access, DirectoryEntry, ErrorCode, FileSystem};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi::filesystem::{Descriptor, FsPerms, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::preopens::Host as _;

use crate::held::{Account, Charge, ENTRY, Exceeded, HANDLE, Held};
use crate::{DeterministicCtx, Error};

/// A directory's entries, as they were when the guest began to read them, without `.` and `..`.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) entries: Arc<[DirectoryEntry]>,
    _held: Charge,
}

impl Listing {
    /// Holds `entries` until it is dropped.
    pub(crate) fn new(entries: Arc<[DirectoryEntry]>, account: &Account) -> Result<Self, Exceeded> {
        let bytes = entries.iter().map(|entry| ENTRY + entry.name.len() as u64).sum::<u64>();
        Ok(Listing { entries, _held: account.charge(HANDLE + bytes)? })
    }
}

/// What a read gives that gave `error`: if that is because a device of random bytes was read, the next of the run's secure
/// random stream, which is one for all that a guest draws from. A policy that refuses is an answer here, since a read may
/// have one; other policies that cannot answer end the guest.
#[cold]
pub(crate) fn random_bytes(
    error: deterministic_fs::Error,
    random: &mut ByteStream,
    buf: &mut [u8],
) -> Result<Result<usize, deterministic_fs::Error>, PolicyError> {
    if !matches!(error, deterministic_fs::Error::RandomDevice) {
        return Ok(Err(error));
    }
    match random.fill(buf) {
        Ok(()) => Ok(Ok(buf.len())),
        Err(PolicyError::RandomRefused) => Ok(Err(ErrorCode::Unsupported.into())),
        Err(error) => Err(error),
    }
}

/// The file system, and what kept it from being complete.
#[derive(Debug)]
pub(crate) struct Files {
    system: FileSystem,
    /// The guest's name of a directory that the host did not give, and what it said.
    missing: Option<(String, String)>,
}

impl Files {
    pub(crate) fn new(epoch: u64) -> Self {
        Files { system: FileSystem::new(epoch, deterministic_fs::DEFAULT_CAPACITY), missing: None }
    }

    /// The file system, for what needs no time.
    #[inline]
    pub(crate) fn as_they_are(&mut self) -> Result<&mut FileSystem, Error> {
        match &self.missing {
            None => Ok(&mut self.system),
            Some((guest, reason)) => Err(Error::Directory { guest: guest.clone(), reason: reason.clone() }),
        }
    }
}

impl DeterministicCtx {
    /// The directories of the run. Mount hermetic trees here before the guest starts, and look here afterwards for what it
    /// changed.
    pub fn files(&mut self) -> &mut FileSystem {
        &mut self.files.system
    }

    /// Mounts the directories that were given to the builder of `wasi`, live. The `build_deterministic*` functions do so;
    /// call it yourself for a [`WasiCtx`] that was built in another way.
    ///
    /// A directory that the host cannot open once more (it is out of descriptors) ends the guest with
    /// [`Error::Directory`] when it first uses a file.
    pub fn mount_preopens(&mut self, wasi: &mut WasiCtx) {
        let mut table = ResourceTable::new();
        let mut view = WasiFilesystemCtxView { ctx: wasi.filesystem(), table: &mut table };
        // Fails only when the table is full, and it is new.
        let preopens = view.get_directories().unwrap_or_default();
        for (descriptor, guest) in preopens {
            let Ok(Descriptor::Dir(dir)) = table.delete(descriptor) else { continue };
            let access = match dir.perms {
                FsPerms::ReadOnly => Access::ReadOnly,
                FsPerms::ReadWrite => Access::ReadWrite,
            };
            match again(&dir.dir) {
                Ok(dir) => self.files.system.mount_live(dir, &guest, access),
                Err(error) => self.files.missing = Some((guest, error.to_string())),
            }
        }
    }

    /// The file system as of when it was last used, and what the guest holds.
    #[inline]
    pub(crate) fn files_as_they_were(&mut self) -> (&FileSystem, &Held) {
        (&self.files.system, &self.held)
    }

    /// The file system as of now.
    #[inline]
    pub(crate) fn files_now(&mut self) -> Result<&mut FileSystem, Error> {
        self.files_and_held().map(|(files, _)| files)
    }

    /// The same, and what the guest holds.
    #[inline]
    pub(crate) fn files_and_held(&mut self) -> Result<(&mut FileSystem, &mut Held), Error> {
        self.files_held_and_random().map(|(files, held, _)| (files, held))
    }

    /// The same, and what fills in the reads of random devices: see [`random_bytes`].
    #[inline]
    pub(crate) fn files_held_and_random(&mut self) -> Result<(&mut FileSystem, &mut Held, &mut ByteStream), Error> {
        let now = self.wall_now().as_unix_nanos();
        let files = self.files.as_they_are()?;
        files.set_now(now);
        Ok((files, &mut self.held, &mut self.secure_random))
    }
}

fn again(dir: &Arc<File>) -> std::io::Result<Dir> {
    dir.try_clone().map(Dir::from_std_file)
}
