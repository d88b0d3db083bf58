//! What came of a run, in a few words and digests: what a replay is held against.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::text::hex;
use crate::{Outcome, Output, Summary};

/// What came of a run, in a few words and digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Told {
    /// How the guest ended.
    pub ended: String,
    /// The [digest](Outcome::digest) of the outcome, if it is whole.
    pub digest: Option<String>,
    /// How many bytes were written to standard output, and their digest if they were kept.
    pub stdout: (u64, Option<String>),
    /// The same of standard error.
    pub stderr: (u64, Option<String>),
    /// The digest of each hermetic directory, by the guest's name.
    pub directories: Vec<(String, String)>,
    /// What was in each memory.
    pub memories: BTreeMap<String, Summary>,
    /// How many bytes the memories had at most.
    pub memory_peak_bytes: u64,
    /// How much of its own time passed, in nanoseconds.
    pub elapsed_ns: u64,
    /// How often each host function was called.
    pub host_calls: BTreeMap<String, u64>,
}

impl Told {
    /// Of an outcome.
    pub fn of(outcome: &Outcome) -> Self {
        let output = |output: &Output| (output.written(), output.is_whole().then(|| Summary::of(output).sha256));
        let directories = outcome.directories.iter();
        Told {
            ended: outcome.ended.to_string(),
            digest: outcome.digest().map(|digest| digest.to_string()),
            stdout: output(&outcome.stdout),
            stderr: output(&outcome.stderr),
            directories: directories.map(|left| (left.guest.clone(), hex(left.digest.as_bytes()))).collect(),
            memories: outcome.memories.clone(),
            memory_peak_bytes: outcome.memory_peak_bytes,
            elapsed_ns: outcome.elapsed_ns,
            host_calls: outcome.host_calls.clone(),
        }
    }

    /// What is not the same in `other`, and what it is in both; the first.
    pub fn differs_from(&self, other: &Told) -> Option<(&'static str, String, String)> {
        macro_rules! compare {
            ($($field:ident $what:literal,)*) => {
                $(if self.$field != other.$field {
                    return Some(($what, format!("{:?}", self.$field), format!("{:?}", other.$field)));
                })*
            };
        }
        compare! {
            ended "how the guest ended",
            stdout "what it wrote to its standard output",
            stderr "what it wrote to its standard error",
            directories "what is left of its directories",
            memories "what is in its memories",
            host_calls "which host functions it called",
            elapsed_ns "how much time passed for it",
            memory_peak_bytes "how large its memories became",
            digest "its outcome",
        }
        None
    }
}
