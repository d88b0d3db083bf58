//! What came of a run.

use deterministic_core::Description;
use deterministic_fs::{Delta, Digest};

use super::Fingerprint;

/// What came of a run: all that the promise covers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Outcome {
    /// What the guest wrote to its standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to its standard error.
    pub stderr: Vec<u8>,
    /// How it ended.
    pub end: End,
    /// What the called function returned, if one was called in place of the program: a line each.
    pub results: Vec<String>,
    /// What it left of each hermetic directory, in the guest's order.
    pub directories: Vec<Left>,
    /// Whatever the embedder keeps with it. Not in the digest.
    pub notes: Vec<u8>,
}

/// How a guest ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum End {
    /// By returning (0), or by saying so.
    Exit(i32),
    /// By something that no guest can go on after, the same on every machine.
    Trap {
        /// A name, such as that of the variant of Wasmtime's `Trap`.
        kind: String,
        /// A text for people.
        message: String,
    },
}

/// What a guest left of a hermetic directory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Left {
    /// The digest of the tree afterwards.
    pub digest: [u8; 32],
    /// What made the tree that there was into that one.
    pub delta: Delta,
}

impl Left {
    /// Of a tree with `digest`.
    pub fn new(digest: &Digest, delta: Delta) -> Self {
        Left { digest: *digest.as_bytes(), delta }
    }
}

impl Outcome {
    /// The digest of the outcome: BLAKE3 in derive-key mode, with the context
    /// `deterministic-wasmtime 2026-11-21 outcome of a run`, of a [`Description`] named `outcome`, version 1, with `stdout` and `stderr`
    /// (their BLAKE3 hashes), `exit` (the code) or `trap` (the kind; the message is for people), `result` for each line,
    /// and `directory` for each digest.
    pub fn digest(&self) -> Fingerprint {
        let mut outcome = Description::new("outcome", 1)
            .bytes("stdout", blake3::hash(&self.stdout).as_bytes())
            .bytes("stderr", blake3::hash(&self.stderr).as_bytes());
        outcome = match &self.end {
            End::Exit(code) => outcome.number("exit", u64::from(*code as u32)),
            End::Trap { kind, .. } => outcome.text("trap", kind),
        };
        outcome = self.results.iter().fold(outcome, |outcome, line| outcome.text("result", line));
        outcome = self.directories.iter().fold(outcome, |outcome, left| outcome.bytes("directory", left.digest));
        let context = "deterministic-wasmtime 2026-11-21 outcome of a run";
        Fingerprint(blake3::derive_key(context, outcome.as_bytes()))
    }
}
