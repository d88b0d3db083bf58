//! What is compared of a run.

use std::io;
use std::ops::Range;

use deterministic_wasmtime::core::Instant;
use deterministic_wasmtime::wasi::log::{Call, CallLog, Digests, Mark};
use serde::{Deserialize, Serialize};

use crate::trace::Told;

/// What is compared of a run: what came of it, and its calls by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Observed {
    /// What came of it.
    pub told: Told,
    /// Whether every memory is told, and not only those that are exported.
    pub all_memories: bool,
    /// The digest of the first so many calls, at intervals and at the end: see [`Digests`].
    pub calls: Vec<(u64, String)>,
}

/// A run that was observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Seen {
    /// What is compared of it.
    pub observed: Observed,
    /// The calls that were to be kept.
    pub window: Vec<SeenCall>,
}

/// A call that was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SeenCall {
    /// Which it was, from 1.
    pub number: u64,
    /// Its digest.
    pub digest: String,
    /// The same without its times.
    pub timeless: String,
    /// The call and what it returned, as in a log.
    pub text: String,
}

/// The longest text of a call that is kept, in characters.
const MAX_TEXT: usize = 2000;

impl Observed {
    /// What is not the same in `other`, and what it is in both: the first. Memories are compared if both have the same ones.
    pub fn differs_from(&self, other: &Observed) -> Option<(&'static str, String, String)> {
        if self.all_memories != other.all_memories {
            let without = |observed: &Observed| Told { memories: Default::default(), ..observed.told.clone() };
            return without(self).differs_from(&without(other));
        }
        self.told.differs_from(&other.told)
    }
}

/// The log that observes a run.
#[derive(Debug)]
pub(super) struct Marks {
    digests: Digests,
    marks: Vec<Mark>,
    window: Range<u64>,
    kept: Vec<SeenCall>,
}

impl Marks {
    /// That keeps the calls with these numbers.
    pub(super) fn new(window: Range<u64>) -> Self {
        Marks { digests: Digests::default(), marks: Vec::new(), window, kept: Vec::new() }
    }

    pub(super) fn seen(&mut self, told: Told, all_memories: bool) -> Seen {
        let last = self.digests.mark();
        if self.marks.last() != Some(&last) {
            self.marks.push(last);
        }
        let calls = self.marks.iter().map(|mark| (mark.calls, mark.digest.to_string())).collect();
        Seen { observed: Observed { told, all_memories, calls }, window: std::mem::take(&mut self.kept) }
    }
}

impl CallLog for Marks {
    fn call(&mut self, call: &Call<'_>) -> io::Result<()> {
        self.marks.extend(self.digests.call(call));
        if self.window.contains(&call.number) {
            let text = call.to_string().chars().take(MAX_TEXT).collect();
            let mut timeless = *call;
            (timeless.at, timeless.until) = (Instant::ZERO, Instant::ZERO);
            let (digest, timeless) = (digest(call), digest(&timeless));
            self.kept.push(SeenCall { number: call.number, digest, timeless, text });
        }
        Ok(())
    }
}

/// Of one call.
fn digest(call: &Call<'_>) -> String {
    let mut digests = Digests::default();
    digests.call(call);
    digests.mark().digest.to_string()
}
