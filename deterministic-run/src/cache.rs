//! A cache of results: an outcome that is known by its run's fingerprint is given back without running the guest.
//!
//! Where results are kept is a [`ResultStore`] of two methods; [`DiskStore`] is one, and an embedder can put an object
//! store in its place. Whatever a store gives back is checked: what is damaged, of another format or of another run is a
//! miss with a warning, and never an answer.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use deterministic_wasmtime::core::WallTime;
use deterministic_wasmtime::fs::Delta;
use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::order::Order;
use crate::{Ended, Inputs, Outcome, Output, Summary};

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
    /// It did not, and it was not stored: the run ended for a reason of this machine's, and another might not; or there was too much
    /// output; or the store could not.
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
const FORMAT: u32 = 3;

/// What an entry begins with.
const MAGIC: &[u8; 8] = b"detwasi\0";

/// The outcome of the run of `inputs`, whose fingerprint is `key`: from `store`, or else from `run`, which is asked for all that is
/// [`Wanted`](crate::Wanted). It is kept if any machine would give it ([`Ended::is_the_same_anywhere`](crate::Ended::is_the_same_anywhere)),
/// and if the guest's output was not too much. What is wrong with the store goes to `warn`.
///
/// ```
/// use deterministic_run::Inputs;
/// use deterministic_run::cache::{DiskStore, Lookup, cached};
///
/// # let place = tempfile::tempdir()?;
/// let inputs = Inputs::new(r#"(module (func (export "_start")))"#)?;
/// let (store, key) = (DiskStore::new(place.path()), inputs.fingerprint()?);
/// let run = || cached(&store, &inputs, &key, |warning| eprintln!("{warning}"), || inputs.run());
/// let (first, lookup) = run()?;
/// assert!(matches!(lookup, Lookup::Stored));
/// let (again, lookup) = run()?;
/// assert!(matches!(lookup, Lookup::Hit));
/// assert_eq!(first, again);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// What `run` says. Then nothing is stored.
pub fn cached<E>(
    store: &impl ResultStore,
    inputs: &Inputs,
    key: &Fingerprint,
    mut warn: impl FnMut(Warning),
    run: impl FnOnce() -> Result<Outcome, E>,
) -> Result<(Outcome, Lookup), E> {
    if let Some(outcome) = look_up(store, inputs, key, &mut warn) {
        return Ok((outcome, Lookup::Hit));
    }
    let outcome = run()?;
    let Some(kept) = Kept::of(&outcome, inputs) else { return Ok((outcome, Lookup::NotStored)) };
    let stored = encode(key, &kept).and_then(|entry| store.put(key, &entry));
    let lookup = match stored {
        Ok(()) => Lookup::Stored,
        Err(error) => {
            warn(Warning::Unwritable(error));
            Lookup::NotStored
        }
    };
    Ok((outcome, lookup))
}

/// The outcome of the run of `inputs`, if `store` has it.
fn look_up(
    store: &impl ResultStore,
    inputs: &Inputs,
    key: &Fingerprint,
    mut warn: impl FnMut(Warning),
) -> Option<Outcome> {
    let entry = match store.get(key) {
        Ok(entry) => entry?,
        Err(error) => {
            warn(Warning::Unreadable(error));
            return None;
        }
    };
    match decode(&entry, key).and_then(|kept| kept.outcome(inputs)) {
        Ok(outcome) => Some(outcome),
        Err(reason) => {
            warn(Warning::Damaged { key: *key, reason });
            None
        }
    }
}

/// What is kept of an outcome. Of a directory that is the digest, and what makes it of the one that the guest was given.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    ended: Cow<'a, Ended>,
    stdout: Cow<'a, Output>,
    stderr: Cow<'a, Output>,
    order: Cow<'a, Order>,
    results: Cow<'a, Option<Vec<String>>>,
    response: Cow<'a, Option<Vec<u8>>>,
    directories: Vec<([u8; 32], Delta)>,
    memories: Cow<'a, BTreeMap<String, Summary>>,
    memory_peak_bytes: u64,
    /// In nanoseconds.
    epoch: u64,
    elapsed_ns: u64,
    fuel_consumed: Option<u64>,
    host_calls: Cow<'a, BTreeMap<String, u64>>,
}

impl<'a> Kept<'a> {
    /// `None` if the outcome is not to be kept, or not whole.
    fn of(outcome: &'a Outcome, inputs: &Inputs) -> Option<Self> {
        if !outcome.ended.is_the_same_anywhere() || !outcome.is_whole() {
            return None;
        }
        Some(Kept {
            ended: Cow::Borrowed(&outcome.ended),
            stdout: Cow::Borrowed(&outcome.stdout),
            stderr: Cow::Borrowed(&outcome.stderr),
            order: Cow::Borrowed(outcome.order.as_ref()?),
            results: Cow::Borrowed(&outcome.results),
            response: Cow::Borrowed(&outcome.response),
            directories: inputs.directories.deltas(&outcome.directories)?,
            memories: Cow::Borrowed(&outcome.memories),
            memory_peak_bytes: outcome.memory_peak_bytes,
            epoch: outcome.epoch.as_unix_nanos(),
            elapsed_ns: outcome.elapsed_ns,
            fuel_consumed: outcome.fuel_consumed,
            host_calls: Cow::Borrowed(&outcome.host_calls),
        })
    }

    fn outcome(self, inputs: &Inputs) -> Result<Outcome, String> {
        let directories = inputs.directories.restore(&self.directories).ok_or("its directories do not fit")?;
        let outcome = Outcome {
            ended: self.ended.into_owned(),
            stdout: self.stdout.into_owned(),
            stderr: self.stderr.into_owned(),
            order: Some(self.order.into_owned()),
            results: self.results.into_owned(),
            response: self.response.into_owned(),
            directories,
            memories: self.memories.into_owned(),
            memory_peak_bytes: self.memory_peak_bytes,
            epoch: WallTime::from_unix_nanos(self.epoch),
            elapsed_ns: self.elapsed_ns,
            fuel_consumed: self.fuel_consumed,
            host_calls: self.host_calls.into_owned(),
            profile: None,
            stale: Vec::new(),
            core: None,
        };
        if outcome.turns().is_none() {
            return Err("its order does not fit its output".into());
        }
        Ok(outcome)
    }
}

/// Magic, format, fingerprint, BLAKE3 of the rest, and the rest: the outcome in postcard's encoding.
fn encode(key: &Fingerprint, kept: &Kept<'_>) -> io::Result<Vec<u8>> {
    let mut head = MAGIC.to_vec();
    head.extend_from_slice(&FORMAT.to_le_bytes());
    head.extend_from_slice(key.as_bytes());
    let hash = head.len()..head.len() + blake3::OUT_LEN;
    head.resize(hash.end, 0);
    let mut entry = postcard::serialize_with_flavor(kept, Growing(head)).map_err(|error| match error {
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

fn decode(entry: &[u8], fingerprint: &Fingerprint) -> Result<Kept<'static>, String> {
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
