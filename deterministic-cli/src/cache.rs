//! `--cache`: what is looked up before a run and kept after it.

use std::collections::BTreeMap;

use deterministic_wasmtime::cache::{DiskStore, Warning, look_up, store_outcome};
use deterministic_wasmtime::fingerprint::{End, Fingerprint, Left, Outcome};
use deterministic_wasmtime::fs::Tree;
use serde::{Deserialize, Serialize};

use crate::directories::Directories;
use crate::order::Order;
use crate::outcome;
use crate::problem::note;
use crate::stdio::Summary;

/// What is kept beside an outcome, for the report and for the terminal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Notes {
    pub(crate) elapsed_ns: u64,
    pub(crate) fuel_consumed: Option<u64>,
    pub(crate) host_calls: BTreeMap<String, u64>,
    pub(crate) memories: BTreeMap<String, Summary>,
    pub(crate) memory_peak_bytes: u64,
    /// The guest's frames, if it was ended.
    pub(crate) frames: Option<String>,
    /// Whether results were printed.
    pub(crate) has_results: bool,
    /// In which order the guest wrote to its two outputs.
    pub(crate) order: Order,
}

/// An outcome that was found, and what belongs to it here.
pub(crate) struct Found {
    pub(crate) outcome: Outcome,
    pub(crate) notes: Notes,
    /// What the guest left of each hermetic directory.
    pub(crate) left: Vec<Tree>,
}

fn warn(warning: &Warning) {
    note(&warning.to_string());
}

/// The outcome of such a run, if the cache has it whole.
pub(crate) fn find(store: &DiskStore, key: &Fingerprint, directories: &Directories) -> Option<Found> {
    let outcome = look_up(store, key, |warning| warn(&warning))?;
    let damaged = |reason: &str| {
        warn(&Warning::Damaged { key: *key, reason: reason.into() });
        None
    };
    let Ok(notes) = serde_json::from_slice::<Notes>(&outcome.notes) else {
        return damaged("its notes cannot be read");
    };
    if notes.order.turns(&outcome.stdout, &outcome.stderr).is_none() {
        return damaged("its notes do not fit its output");
    }
    let Some(left) = directories.restore(&outcome.directories) else { return damaged("its directories do not fit") };
    Some(Found { outcome, notes, left })
}

/// Keeps the outcome of a run with its notes; a failure is told, and changes nothing else.
pub(crate) fn keep(store: &DiskStore, key: &Fingerprint, outcome: Outcome, notes: &Notes) {
    let kept = serde_json::to_vec(notes)
        .map_err(std::io::Error::from)
        .and_then(|notes| store_outcome(store, key, &Outcome { notes, ..outcome }));
    if let Err(error) = kept {
        warn(&Warning::Unwritable(error));
    }
}

/// The outcome, without notes.
pub(crate) fn outcome(
    ended: &outcome::Outcome,
    (stdout, stderr): (Vec<u8>, Vec<u8>),
    results: &[String],
    directories: Vec<Left>,
) -> Outcome {
    let end = match ended {
        outcome::Outcome::ExitCode(code) => End::Exit(*code),
        outcome::Outcome::Trap { kind, message, .. } => End::Trap { kind: kind.clone(), message: message.clone() },
    };
    Outcome { stdout, stderr, end, results: results.to_vec(), directories, notes: Vec::new() }
}
