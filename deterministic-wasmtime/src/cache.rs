//! A cache of results: an outcome that is known by its run's fingerprint is given back without running the guest.
//!
//! Where results are kept is a [`ResultStore`] of two methods; [`DiskStore`] is one, and an embedder can put an object
//! store in its place. Whatever a store gives back is checked: what is damaged, of another format or of another run is a
//! miss with a warning, and never an answer.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::fingerprint::{Fingerprint, Outcome};

/// Where results are kept, by fingerprint.
///
/// Several processes may use one store at a time. A store need not keep anything for any time, nor what it gives be what it
/// was given: that is checked.
pub trait ResultStore {
    /// What was kept last by this key, if it is still there.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from looking. It counts as a miss.
    fn get(&self, key: &Fingerprint) -> io::Result<Option<Vec<u8>>>;

    /// Keeps `value`. A reader at the same time sees all of it or nothing.
    ///
    /// # Errors
    ///
    /// Whatever keeps the store from keeping it. The embedder gets the outcome of the run all the same.
    fn put(&self, key: &Fingerprint, value: &[u8]) -> io::Result<()>;
}

/// Whether an outcome came from the store.
#[derive(Debug)]
#[non_exhaustive]
pub enum Lookup {
    /// It did; the guest was not run.
    Hit,
    /// It did not, and it is in the store from now on.
    Stored,
    /// It did not, and it was not stored: the run failed for a reason of this machine's, and another might not.
    NotStored,
}

/// Something about the store that the embedder may want to know. The answer is right all the same.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// The store could not look.
    #[error("the result cache cannot be read: {0}; check the place where it lies")]
    Unreadable(io::Error),
    /// The entry is not an outcome of this run.
    #[error("the result cache has something else for {key}: {reason}; the guest was run, and the entry is replaced")]
    Damaged {
        /// The fingerprint.
        key: Fingerprint,
        /// What is wrong with it.
        reason: String,
    },
    /// The store could not keep the outcome.
    #[error("the result cache cannot be written: {0}; make room, or give it a directory that may be written")]
    Unwritable(io::Error),
}

/// The version of an entry's format.
const FORMAT: u32 = 2;

/// What an entry begins with.
const MAGIC: &[u8; 8] = b"detwasi\0";

/// The outcome of the run with `fingerprint`: from `store`, or else from `run`, which also says whether it may be kept
/// ([`Fault::Machine`](crate::engine::Fault) may not). What is wrong with the store goes to `warn`.
///
/// # Errors
///
/// What `run` says. Then nothing is stored.
pub fn cached<E>(
    store: &impl ResultStore,
    fingerprint: &Fingerprint,
    mut warn: impl FnMut(Warning),
    run: impl FnOnce() -> Result<(Outcome, bool), E>,
) -> Result<(Outcome, Lookup), E> {
    if let Some(outcome) = look_up(store, fingerprint, &mut warn) {
        return Ok((outcome, Lookup::Hit));
    }
    let (outcome, keep) = run()?;
    if !keep {
        return Ok((outcome, Lookup::NotStored));
    }
    let lookup = match store_outcome(store, fingerprint, &outcome) {
        Ok(()) => Lookup::Stored,
        Err(error) => {
            warn(Warning::Unwritable(error));
            Lookup::NotStored
        }
    };
    Ok((outcome, lookup))
}

/// The outcome of the run with `fingerprint`, if `store` has it.
pub fn look_up(store: &impl ResultStore, fingerprint: &Fingerprint, mut warn: impl FnMut(Warning)) -> Option<Outcome> {
    let entry = match store.get(fingerprint) {
        Ok(entry) => entry?,
        Err(error) => {
            warn(Warning::Unreadable(error));
            return None;
        }
    };
    match decode(&entry, fingerprint) {
        Ok(outcome) => Some(outcome),
        Err(reason) => {
            warn(Warning::Damaged { key: *fingerprint, reason });
            None
        }
    }
}

/// Keeps the outcome of the run with `fingerprint`.
///
/// # Errors
///
/// What the store says.
pub fn store_outcome(store: &impl ResultStore, fingerprint: &Fingerprint, outcome: &Outcome) -> io::Result<()> {
    store.put(fingerprint, &encode(fingerprint, outcome)?)
}

/// Magic, format, fingerprint, BLAKE3 of the rest, and the rest: the outcome in postcard's encoding.
fn encode(fingerprint: &Fingerprint, outcome: &Outcome) -> io::Result<Vec<u8>> {
    let mut head = MAGIC.to_vec();
    head.extend_from_slice(&FORMAT.to_le_bytes());
    head.extend_from_slice(fingerprint.as_bytes());
    let hash = head.len()..head.len() + blake3::OUT_LEN;
    head.resize(hash.end, 0);
    let mut entry = postcard::serialize_with_flavor(outcome, Growing(head)).map_err(|error| match error {
        postcard::Error::SerializeBufferFull => io::ErrorKind::OutOfMemory.into(),
        error => io::Error::other(error),
    })?;
    let body = blake3::hash(entry.get(hash.end..).unwrap_or_default());
    entry[hash].copy_from_slice(body.as_bytes());
    Ok(entry)
}

/// Bytes that are put behind others. A guest decides how many: no memory for them is an error.
struct Growing(Vec<u8>);

impl postcard::ser_flavors::Flavor for Growing {
    type Output = Vec<u8>;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.try_reserve(bytes.len()).map_err(|_| postcard::Error::SerializeBufferFull)?;
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<Vec<u8>> {
        Ok(self.0)
    }
}

fn decode(entry: &[u8], fingerprint: &Fingerprint) -> Result<Outcome, String> {
    let (magic, rest) = entry.split_first_chunk::<8>().ok_or("it is too short")?;
    let (format, rest) = rest.split_first_chunk::<4>().ok_or("it is too short")?;
    if magic != MAGIC || u32::from_le_bytes(*format) != FORMAT {
        return Err("it is of another format".into());
    }
    let (key, rest) = rest.split_first_chunk::<32>().ok_or("it is too short")?;
    if key != fingerprint.as_bytes() {
        return Err("it is of another run".into());
    }
    let (hash, body) = rest.split_first_chunk::<32>().ok_or("it is too short")?;
    if hash != blake3::hash(body).as_bytes() {
        return Err("it is damaged".into());
    }
    postcard::from_bytes(body).map_err(|error| format!("it cannot be read: {error}"))
}

/// A store in a directory of the host's. Processes can share it: an entry is a file of its own, named by its fingerprint, that
/// appears whole. Nothing is ever removed; delete the directory to empty it.
///
/// There is nothing but the entries that could be damaged without being noticed: an entry says itself of which run it
/// is, and whether it is whole.
#[derive(Clone, Debug)]
pub struct DiskStore {
    directory: PathBuf,
}

impl DiskStore {
    /// In `directory`, which is made when the first result is kept.
    pub fn new(directory: impl AsRef<Path>) -> Self {
        DiskStore { directory: directory.as_ref().into() }
    }

    /// The directory of an entry, so that none holds too many, and its name there.
    fn place(&self, key: &Fingerprint) -> (PathBuf, String) {
        let mut shard = key.to_string();
        let name = shard.split_off(2);
        (self.directory.join(shard), name)
    }
}

impl ResultStore for DiskStore {
    fn get(&self, key: &Fingerprint) -> io::Result<Option<Vec<u8>>> {
        let (directory, name) = self.place(key);
        match fs::read(directory.join(name)) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn put(&self, key: &Fingerprint, value: &[u8]) -> io::Result<()> {
        let (directory, name) = self.place(key);
        fs::create_dir_all(&directory)?;
        // The error's text would have a name in it that is another each time.
        let new = tempfile::Builder::new().prefix(".new-").tempfile_in(&directory);
        let mut entry = new.map_err(|error| io::Error::from(error.kind()))?;
        entry.write_all(value)?;
        entry.persist(directory.join(name))?;
        Ok(())
    }
}
