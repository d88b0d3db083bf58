//! `detwasi record`.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use deterministic_policies::Preset;
use deterministic_run::trace::{Entropy, Recording, TraceError};
use deterministic_run::{Error, Inputs, Observer, Outcome};

use crate::args::RecordArgs;
use crate::problem::{Problem, note};
use crate::run;

/// Writes a trace of a run.
pub(crate) struct Recorder {
    path: PathBuf,
    how: Recording,
}

/// Runs the guest as `detwasi run` does, with a trace.
pub(crate) fn record(mut args: Box<RecordArgs>) -> Result<ExitCode, Problem> {
    args.run.common.preset.get_or_insert(Preset::Host);
    if args.run.cache.is_some() {
        return Err(Problem::RecordCached);
    }
    let recorder = Recorder {
        path: args.output.clone(),
        how: Recording {
            embed: args.embed,
            entropy: if args.exact_entropy { Entropy::Exact } else { Entropy::Seeded },
            max_bytes: args.max_trace.as_u64(),
            when_full: args.when_full.into(),
            omitted: std::mem::take(&mut args.omitted),
        },
    };
    run::run(&args.run, Some(&recorder))
}

impl Recorder {
    pub(crate) fn run(
        &self,
        inputs: &Inputs,
        observer: &Observer,
        failed: impl Fn(Error) -> Problem,
    ) -> Result<Outcome, Problem> {
        let unwritable = |error| Problem::TraceUnwritable { path: self.path.clone(), error };
        let file = private(&self.path).map_err(unwritable)?;
        let recorded = inputs.record_with(Box::new(file), &self.how, observer).map_err(|error| match error {
            Error::Trace(error) => self.problem(error),
            error => failed(error),
        })?;
        if let Some(early) = recorded.written.ended_early {
            note(&format!("the recording ended before the run: {}", self.problem(early)));
        }
        Ok(recorded.outcome)
    }

    fn problem(&self, error: TraceError) -> Problem {
        let path = self.path.clone();
        match error {
            TraceError::Unwritable(error) => Problem::TraceUnwritable { path, error },
            TraceError::Full { max } => Problem::TraceFull { path, max },
            error => Problem::Run(error.into()),
        }
    }
}

/// A file that only its owner may read, and that is empty.
fn private(path: &PathBuf) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // One that was there keeps its mode.
    #[cfg(unix)]
    if file.metadata()?.is_file() {
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    }
    Ok(file)
}
