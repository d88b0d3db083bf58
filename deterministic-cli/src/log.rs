//! The call log on its way to a file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deterministic_run::log::{CallLog, Writer};

use crate::args::LogArgs;
use crate::problem::Problem;

type Out = Box<dyn Write + Send>;

/// A call log of a run. A clone is of the same.
#[derive(Clone)]
pub(crate) struct Log {
    writer: Arc<Mutex<Writer<Out>>>,
    given: PathBuf,
}

impl Log {
    /// Makes the file, if there is to be a log.
    pub(crate) fn open(args: &LogArgs) -> Result<Option<Self>, Problem> {
        let Some(path) = &args.log else { return Ok(None) };
        let out: Out = if path == Path::new("-") {
            // What the guest writes there comes between whole lines.
            Box::new(io::LineWriter::new(io::stderr()))
        } else {
            let file = File::create(path).map_err(|error| problem(path, error))?;
            Box::new(BufWriter::with_capacity(1 << 16, file))
        };
        let writer = Writer::new(out, args.log_format).filter(args.filter());
        Ok(Some(Log { writer: Arc::new(Mutex::new(writer)), given: path.clone() }))
    }

    /// For the run.
    pub(crate) fn calls(&self) -> Arc<Mutex<dyn CallLog>> {
        self.writer.clone()
    }

    /// Writes what it ends with. Nothing comes after it.
    pub(crate) fn finish(&self) -> Result<(), Problem> {
        self.lock().finish().map(drop).map_err(|error| problem(&self.given, error))
    }

    fn lock(&self) -> MutexGuard<'_, Writer<Out>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn problem(path: &Path, error: io::Error) -> Problem {
    Problem::Log { path: path.into(), error }
}
