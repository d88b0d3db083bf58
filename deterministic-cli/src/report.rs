//! The report of a run: JSON whose fields keep their order.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use deterministic_run::{ProfileLine, Summary};
use serde::Serialize;

use crate::directories;
use crate::outcome;
use crate::place::Place;
use crate::problem::Problem;
use crate::refuse::Refused;
use crate::watch::Interrupted;

/// Grows when a field changes its meaning or goes away; a new field changes nothing.
pub(crate) const FORMAT: u32 = 1;

/// What a report begins with: what is known before the guest starts.
#[derive(Debug, Serialize)]
pub(crate) struct About {
    pub(crate) format: u32,
    pub(crate) guest_sha256: String,
    pub(crate) preset: String,
    pub(crate) seed: String,
    pub(crate) epoch: String,
    /// By `--refuse`.
    pub(crate) refused: Vec<Refused>,
    /// By `--engine` and what belongs to it.
    pub(crate) engine: &'static str,
    pub(crate) engine_opt_level: Option<&'static str>,
    /// By `--all-memories`, for which a component is compiled in another way.
    pub(crate) all_memories: bool,
}

/// How a run ended.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Ending {
    Guest(outcome::Reported),
    /// By no part of the run.
    Interrupted {
        interrupted: Interrupted,
    },
}

/// A report of a run that is under way, and where it goes.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) target: Target,
    pub(crate) about: About,
    pub(crate) fingerprint: Option<String>,
    pub(crate) cache: Option<&'static str>,
}

/// What the README's chapter about the report describes.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    #[serde(flatten)]
    pub(crate) about: About,
    pub(crate) outcome: Ending,
    /// What the function called by `--invoke` returned.
    pub(crate) results: Option<Vec<String>>,
    pub(crate) elapsed_ns: u64,
    pub(crate) fuel_consumed: Option<u64>,
    pub(crate) host_calls: BTreeMap<String, u64>,
    pub(crate) stdout: Summary,
    pub(crate) stderr: Summary,
    pub(crate) memories: BTreeMap<String, Summary>,
    /// How many bytes all memories had together at most, those too that are not exported.
    pub(crate) memory_peak_bytes: Option<u64>,
    /// With `--profile`.
    pub(crate) profile: Option<Vec<ProfileLine>>,
    /// The hermetic ones.
    pub(crate) directories: Vec<directories::Reported>,
    /// What names the run, if it is the same each time, and what names its outcome.
    pub(crate) fingerprint: Option<String>,
    pub(crate) outcome_digest: Option<String>,
    /// `hit` or `miss`, with `--cache`.
    pub(crate) cache: Option<&'static str>,
}

/// Where a report goes, known to be writable.
#[derive(Debug)]
pub(crate) struct Target {
    given: PathBuf,
    place: Place,
}

impl Target {
    /// Finds out whether `path` can be written, before the guest starts. No file stays behind that the guest could see.
    pub(crate) fn probe(path: &Path) -> Result<Self, Problem> {
        match Place::probe(path, 0o666) {
            Ok(place) => Ok(Target { given: path.into(), place }),
            Err(error) => Err(directory_problem(path).unwrap_or_else(|| problem(path, &error))),
        }
    }

    /// Whether it is a file, and nothing that somebody reads from while it is written.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self.place, Place::File { .. })
    }

    /// Writes all of it, or leaves what was there.
    pub(crate) fn write(self, report: &Report) -> Result<(), Problem> {
        let written = serde_json::to_vec_pretty(report).map_err(io::Error::from).and_then(|mut json| {
            json.push(b'\n');
            self.place.write(&json)
        });
        written.map_err(|error| problem(&self.given, &error))
    }
}

/// What is wrong with the directory that a report is to be in, if that is what is wrong.
fn directory_problem(path: &Path) -> Option<Problem> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty())?;
    // The outermost that is missing: the others cannot be there.
    let wrong = dir.ancestors().filter(|dir| !dir.as_os_str().is_empty() && !dir.is_dir()).last()?;
    let reason = match fs::symlink_metadata(wrong) {
        Ok(_) => format!("`{}` is not a directory; remove it", wrong.display()),
        Err(_) => format!("there is no directory `{}`; make it", wrong.display()),
    };
    Some(Problem::ReportDirectory { path: path.into(), reason })
}

/// The kind of the error alone: its text has the name of a temporary file, which is another each time.
fn problem(path: &Path, error: &io::Error) -> Problem {
    Problem::Report { path: path.into(), error: error.kind().into() }
}
