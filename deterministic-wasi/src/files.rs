//! The directories of a run, for all WASI versions.

use std::sync::Arc;

use deterministic_core::{ByteStream, PolicyError};
use deterministic_fs::{DirectoryEntry, ErrorCode, FileSystem};

use crate::Error;
use crate::held::{Account, Charge, ENTRY, Exceeded, HANDLE};

/// A directory's entries, as they were when the guest began to read them, without `.` and `..`.
#[derive(Debug)]
pub struct Listing {
    /// The entries.
    pub entries: Arc<[DirectoryEntry]>,
    _held: Charge,
}

impl Listing {
    /// Holds `entries` until it is dropped.
    ///
    /// # Errors
    ///
    /// [`Exceeded`] if the guest holds too much.
    pub fn new(entries: Arc<[DirectoryEntry]>, account: &Account) -> Result<Self, Exceeded> {
        let bytes = entries.iter().map(|entry| ENTRY + entry.name.len() as u64).sum::<u64>();
        Ok(Listing { entries, _held: account.charge(HANDLE + bytes)? })
    }
}

/// What a read gives that gave `error`: if that is because a device of random bytes was read, the next of the run's secure
/// random stream, which is one for all that a guest draws from. A policy that refuses is an answer here, since a read may
/// have one.
///
/// # Errors
///
/// Of policies that cannot answer for other reasons: they end the guest.
#[cold]
pub fn random_bytes(
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
pub struct Files {
    /// Made when it is first needed: many guests use no file.
    system: Option<Box<FileSystem>>,
    epoch: u64,
    /// The guest's name of a directory that the host did not give, and what it said.
    missing: Option<Box<(String, String)>>,
}

impl Files {
    /// No directories. New objects are of the time `epoch`, in nanoseconds since 1970.
    pub fn new(epoch: u64) -> Self {
        Files { system: None, epoch, missing: None }
    }

    /// The file system, whatever it lacks, and as of when it was last used.
    #[inline]
    pub fn system(&mut self) -> &mut FileSystem {
        let epoch = self.epoch;
        self.system.get_or_insert_with(|| Box::new(FileSystem::new(epoch, deterministic_fs::DEFAULT_CAPACITY)))
    }

    /// The host did not give the directory that the guest is to see as `guest`, for this `reason`: the guest ends when it first
    /// uses a file.
    pub fn is_missing(&mut self, guest: String, reason: String) {
        self.missing = Some(Box::new((guest, reason)));
    }

    /// The file system, for what needs no time.
    ///
    /// # Errors
    ///
    /// [`Error::Directory`] if [a directory is missing](Files::is_missing).
    #[inline]
    pub fn as_they_are(&mut self) -> Result<&mut FileSystem, Error> {
        match &self.missing {
            None => Ok(self.system()),
            Some(missing) => {
                let (guest, reason) = (**missing).clone();
                Err(Error::Directory { guest, reason })
            }
        }
    }
}
