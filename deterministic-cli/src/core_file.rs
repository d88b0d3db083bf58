//! `--core` and `--stop-at`: where a guest was ended, in a file and in a line.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use deterministic_run::Outcome;
use deterministic_run::core::Instant;
use deterministic_run::log::StopAt;

use crate::args::StopArgs;
use crate::place::Place;
use crate::problem::{Problem, note};

/// What a core dump begins with: a module whose first section is a custom one, called `core`.
const BEGINNING: [u8; 8] = *b"\0asm\x01\0\0\0";
const NAME: [u8; 5] = *b"\x04core";

/// Where a core dump goes, if there comes to be one.
pub(crate) struct CoreFile {
    given: PathBuf,
    place: Place,
}

impl CoreFile {
    /// Finds out whether the file can be written, and removes the core dump of another run that is there: it would be taken for one of
    /// this run, which may have none. Any other file stays.
    pub(crate) fn open(args: &StopArgs) -> Result<Option<Self>, Problem> {
        let Some(path) = &args.core else { return Ok(None) };
        let failed = |error: io::Error| problem(path, &error);
        // All that the guest did is in it.
        let place = Place::probe(path, 0o600).map_err(failed)?;
        if let Place::File { path: there, .. } = &place {
            match is_core(there) {
                Ok(true) => fs::remove_file(there).map_err(failed)?,
                Ok(false) => return Err(Problem::CoreOverOther { path: path.clone() }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(Some(CoreFile { given: path.clone(), place }))
    }

    /// Writes the core dump of a guest that was ended.
    pub(crate) fn write(self, outcome: &Outcome) -> Result<(), Problem> {
        match &outcome.core {
            Some(Ok(core)) => self.place.write(core).map_err(|error| problem(&self.given, &error)),
            Some(Err(error)) => Err(Problem::NoCore { path: self.given, reason: error.to_string() }),
            None => {
                note(&format!(
                    "the guest exited, so that there is no core dump to write to `{}`; stop it with --stop-at",
                    self.given.display()
                ));
                Ok(())
            }
        }
    }
}

/// The kind of the error alone: its text has the name of a temporary file, which is another each time.
fn problem(path: &Path, error: &io::Error) -> Problem {
    Problem::Core { path: path.into(), error: error.kind().into() }
}

/// Whether a file is a core dump, or empty.
fn is_core(path: &Path) -> io::Result<bool> {
    let mut beginning = Vec::new();
    File::open(path)?.take(32).read_to_end(&mut beginning)?;
    let section = beginning.strip_prefix(&BEGINNING).and_then(|rest| rest.strip_prefix(&[0]));
    // Its length has one to five bytes.
    let named =
        section.is_some_and(|rest| (1..=5).any(|len| rest.get(len..).is_some_and(|rest| rest.starts_with(&NAME))));
    Ok(beginning.is_empty() || named)
}

/// Says that the run ended before it came to where it was to be stopped.
pub(crate) fn tell_missed(args: &StopArgs, outcome: &Outcome) {
    let Some(stop) = args.stop_at else { return };
    if matches!(outcome.ended, deterministic_run::Ended::Stopped(_)) {
        return;
    }
    let wanted = match stop {
        StopAt::Call(number) => format!("call {number}"),
        StopAt::Time(time) => format!("a call at {time} or later"),
        _ => "that call".into(),
    };
    let calls: u64 = outcome.host_calls.values().sum();
    let elapsed = Instant::from_nanos(outcome.elapsed_ns);
    note(&format!(
        "the run was over before {wanted}: the guest made {calls} calls, and {elapsed} of its time passed; stop it sooner"
    ));
}
