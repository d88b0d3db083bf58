//! `--cache`: what is looked up before a run and kept after it.

use std::collections::BTreeMap;

use deterministic_wasmtime::DEFAULT_MAX_HELD_BYTES;
use deterministic_wasmtime::cache::{DiskStore, Warning, look_up, store_outcome};
use deterministic_wasmtime::core::Policies;
use deterministic_wasmtime::engine::MAX_WASM_STACK;
use deterministic_wasmtime::fingerprint::{End, Fingerprint, Inputs, Left, Outcome, Tainted};
use deterministic_wasmtime::fs::{Access, Tree};
use serde::{Deserialize, Serialize};
use wasmtime::Engine;

use crate::args::{Entry, RunArgs};
use crate::directories::Directories;
use crate::guest::Guest;
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
}

/// An outcome that was found, and what belongs to it here.
pub(crate) struct Found {
    pub(crate) outcome: Outcome,
    pub(crate) notes: Notes,
    /// What the guest left of each hermetic directory.
    pub(crate) left: Vec<Tree>,
}

/// All that decides how the run goes.
pub(crate) fn fingerprint(
    args: &RunArgs,
    guest: &Guest,
    engine: &Engine,
    policies: &Policies,
    start: &Started<'_>,
) -> Result<Fingerprint, Tainted> {
    let entry = match (args.entry(), start.request) {
        (Entry::Invoke(call), _) => format!("invoke {call}"),
        (_, Some(request)) => format!("http-request {}", Summary::of(request).sha256),
        (_, None) => String::new(),
    };
    let args = &args.common;
    let mut inputs = Inputs::new(guest.binary(), policies, engine)
        .entry(&entry)
        .arguments(start.arguments)
        .environment(&args.envs)
        .stdin(start.stdin);
    for dir in &args.dirs {
        inputs = inputs.live(&dir.guest);
    }
    for (guest, tree) in start.directories.trees() {
        inputs = inputs.hermetic(guest, tree, Access::ReadWrite);
    }
    if let Some(fuel) = args.fuel {
        inputs = inputs.setting("fuel", fuel);
    }
    if let Some(size) = args.max_memory {
        inputs = inputs.setting("max_memory", size.as_u64());
    }
    if args.max_held.as_u64() != DEFAULT_MAX_HELD_BYTES {
        inputs = inputs.setting("max_held", args.max_held.as_u64());
    }
    if let Some(units) = args.call_depth() {
        inputs = inputs.setting("max_call_depth", units.into());
    }
    if args.wasm_stack() != MAX_WASM_STACK {
        inputs = inputs.setting("max_wasm_stack", args.max_wasm_stack.as_u64());
    }
    inputs = inputs.setting("max_files", args.max_files.as_u64());
    for key in start.beside {
        inputs = inputs.setting(key, 1);
    }
    for import in &args.allowed_imports {
        inputs = inputs.setting(import, 1);
    }
    inputs.fingerprint()
}

/// What was read before the guest starts.
pub(crate) struct Started<'a> {
    pub(crate) arguments: &'a [String],
    pub(crate) stdin: &'a [u8],
    pub(crate) request: Option<&'a [u8]>,
    pub(crate) directories: &'a Directories,
    /// What names other files and all of their content.
    pub(crate) beside: &'a [String],
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
    let Ok(notes) = serde_json::from_slice(&outcome.notes) else { return damaged("its notes cannot be read") };
    let Some(left) = directories.restore(&outcome.directories) else { return damaged("its directories do not fit") };
    Some(Found { outcome, notes, left })
}

/// Keeps the outcome of a run; a failure is told, and changes nothing else.
pub(crate) fn keep(store: &DiskStore, key: &Fingerprint, outcome: &Outcome) {
    if let Err(error) = store_outcome(store, key, outcome) {
        warn(&Warning::Unwritable(error));
    }
}

/// The outcome as it is kept.
pub(crate) fn outcome(
    ended: &outcome::Outcome,
    streams: (Vec<u8>, Vec<u8>),
    results: &[String],
    directories: Vec<Left>,
    notes: &Notes,
) -> Outcome {
    let end = match ended {
        outcome::Outcome::ExitCode(code) => End::Exit(*code),
        outcome::Outcome::Trap { kind, message, .. } => End::Trap { kind: kind.clone(), message: message.clone() },
    };
    let notes = serde_json::to_vec(notes).unwrap_or_default();
    Outcome { stdout: streams.0, stderr: streams.1, end, results: results.to_vec(), directories, notes }
}
