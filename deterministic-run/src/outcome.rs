//! What came of a run.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::LazyLock;

use deterministic_wasmtime::core::{Description, WallTime};
use deterministic_wasmtime::wasi::Wasi;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::fingerprint::Fingerprint;
use crate::order::Order;
use crate::text::hex;
use crate::{CoreDump, CoreDumpError, Ended, Left, ProfileLine, Stream};

/// What came of a run: all that the promise speaks of, and what it took. Two runs of one value are equal, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// Why the guest ended.
    pub ended: Ended,
    /// What it wrote to its standard output.
    pub stdout: Output,
    /// What it wrote to its standard error.
    pub stderr: Output,
    /// What the function called by [`Inputs::invoke`](crate::Inputs::invoke) returned, a line each; of a module's program too if
    /// it returned something. `None` if nothing was to be returned, or the guest did not come so far.
    pub results: Option<Vec<String>>,
    /// What the handler of [`Inputs::request`](crate::Inputs::request) answered, as an HTTP/1.1 message.
    pub response: Option<Vec<u8>>,
    /// What is left of each hermetic directory, in the guest's order.
    pub directories: Vec<Left>,
    /// What is in each memory that a module exports, by the name of the export, `name::export` for a module before the guest.
    /// A component keeps its memories to itself. With [`Inputs::all_memories`](crate::Inputs::all_memories) there is each memory, once.
    pub memories: BTreeMap<String, Summary>,
    /// How many bytes all memories had together at most, those too that are not exported.
    pub memory_peak_bytes: u64,
    /// What the guest's wall clock showed at the beginning.
    pub epoch: WallTime,
    /// How much of its own time passed for the guest, in nanoseconds.
    pub elapsed_ns: u64,
    /// How much fuel it consumed, if that was counted.
    pub fuel_consumed: Option<u64>,
    /// How often it called each function of the host, by name.
    pub host_calls: BTreeMap<String, u64>,
    /// Where its fuel went, with [`Inputs::profile`](crate::Inputs::profile): the functions that were called, those first in which
    /// most was spent. It is not kept in a cache.
    pub profile: Option<Vec<ProfileLine>>,
    /// The decisions of a [recipe](crate::Bundle::recipe) that were not made, since the guest did not ask what they are about. It is not kept in
    /// a cache.
    pub stale: Vec<String>,
    /// What was in the guest where it was ended, with [`Inputs::core_dump`](crate::Inputs::core_dump), or why nobody can tell. `None` if it
    /// exited. It is not kept in a cache.
    pub core: Option<Result<CoreDump, CoreDumpError>>,
    pub(crate) order: Option<Order>,
}

impl Outcome {
    /// Of a guest that ended so and left nothing.
    pub fn new(ended: Ended) -> Self {
        Outcome {
            ended,
            stdout: Output::default(),
            stderr: Output::default(),
            results: None,
            response: None,
            directories: Vec::new(),
            memories: BTreeMap::new(),
            memory_peak_bytes: 0,
            epoch: WallTime::UNIX_EPOCH,
            elapsed_ns: 0,
            fuel_consumed: None,
            host_calls: BTreeMap::new(),
            profile: None,
            stale: Vec::new(),
            core: None,
            order: None,
        }
    }

    /// Takes in what a context knows at the end. The time is where the clock stands.
    pub(crate) fn tell_of(&mut self, wasi: &Wasi) {
        self.elapsed_ns = wasi.now().as_nanos();
        self.host_calls = wasi.host_calls().map(|(name, count)| (name.to_owned(), count)).collect();
    }

    /// Whether all that the guest wrote is kept in it.
    pub fn is_whole(&self) -> bool {
        self.stdout.is_whole() && self.stderr.is_whole()
    }

    /// The digest of the outcome; `None` if it is not [whole](Self::is_whole), or the guest was [stopped](Ended::Stopped). BLAKE3 in derive-key mode, with the context
    /// `deterministic-wasmtime 2026-11-21 outcome of a run`, of a [`Description`] named `outcome`, version 1, with `stdout` (the
    /// BLAKE3 hash of the standard output and, behind it, the response) and `stderr` (its hash), `exit` (the code) or `trap` (the
    /// kind's name; the message is for people), `result` for each line, and `directory` for each digest.
    pub fn digest(&self) -> Option<Fingerprint> {
        if !self.is_whole() {
            return None;
        }
        let mut stdout = blake3::Hasher::new();
        stdout.update(&self.stdout).update(self.response.as_deref().unwrap_or_default());
        let mut outcome = Description::new("outcome", 1)
            .bytes("stdout", stdout.finalize().as_bytes())
            .bytes("stderr", blake3::hash(&self.stderr).as_bytes());
        outcome = match &self.ended {
            Ended::Exit(code) => outcome.number("exit", u64::from(*code as u32)),
            Ended::Trap(trap) => outcome.text("trap", trap.kind.name()),
            Ended::Stopped(_) => return None,
        };
        let results = self.results.iter().flatten();
        outcome = results.fold(outcome, |outcome, line| outcome.text("result", line));
        outcome =
            self.directories.iter().fold(outcome, |outcome, left| outcome.bytes("directory", left.digest.as_bytes()));
        // Hashed once: a search has many short outcomes.
        static CONTEXT: LazyLock<blake3::Hasher> =
            LazyLock::new(|| blake3::Hasher::new_derive_key("deterministic-wasmtime 2026-11-21 outcome of a run"));
        Some(Fingerprint::derive(&CONTEXT, outcome.as_bytes()))
    }

    /// What the guest wrote, in the order in which it did. `None` if that is not known: it wrote to and fro too often, or more than is kept.
    pub fn turns(&self) -> Option<Vec<(Stream, &[u8])>> {
        self.order.as_ref()?.turns(&self.stdout, &self.stderr)
    }
}

/// What a guest wrote to one of its outputs.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Output {
    written: u64,
    kept: Vec<u8>,
}

impl Output {
    /// The most that is kept, in bytes; of a longer output nothing is.
    pub const MOST: usize = 64 << 20;

    pub(crate) fn new(written: u64, kept: Option<Vec<u8>>) -> Self {
        Output { written, kept: kept.unwrap_or_default() }
    }

    /// How many bytes were written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Whether all of it is kept.
    pub fn is_whole(&self) -> bool {
        self.written == self.kept.len() as u64
    }
}

impl From<Vec<u8>> for Output {
    fn from(bytes: Vec<u8>) -> Self {
        Output { written: bytes.len() as u64, kept: bytes }
    }
}

/// All of it, if it is [kept](Output::is_whole).
impl Deref for Output {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.kept
    }
}

/// As text.
impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_whole() {
            write!(f, "{:?}", String::from_utf8_lossy(&self.kept))
        } else {
            write!(f, "{} bytes", self.written)
        }
    }
}

/// What many bytes were, in a few.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How many there were.
    pub bytes: u64,
    /// Their SHA-256, in hexadecimal.
    pub sha256: String,
}

impl Summary {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Summary { bytes: bytes.len() as u64, sha256: hex(&Sha256::digest(bytes)) }
    }
}
