//! The guest: from a file to something that can be compiled.

use std::fs;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use deterministic_run::{Guest, Inputs};
use indicatif::{ProgressBar, ProgressStyle};

use crate::problem::{Problem, note};
use crate::sort;

/// Compiling less takes no time that anybody notices.
const LARGE: usize = 1 << 20;

/// Reads a guest in binary or text format, `-` from standard input.
pub(crate) fn read(path: PathBuf) -> Result<Guest, Problem> {
    let bytes = match bytes(&path) {
        Ok(bytes) => bytes,
        Err(error) => return Err(Problem::GuestUnreadable { path, error }),
    };
    if let Some((what, fix)) = sort::binary(&bytes) {
        return Err(Problem::ForeignFile { path, what, fix });
    }
    Guest::new(path.display().to_string(), &bytes).map_err(|error| match sort::text(&path, &bytes) {
        Some((what, fix)) => Problem::ForeignFile { path, what, fix },
        None => error.into(),
    })
}

/// Has the guest compiled and linked by `work`, with a sign of life for whoever looks at a terminal, and says so if nothing of it will be
/// called.
pub(crate) fn compile<R>(inputs: &Inputs, work: impl FnOnce() -> Result<R, Problem>) -> Result<R, Problem> {
    let progress = progress(inputs.guest());
    let done = work();
    progress.finish_and_clear();
    if inputs.calls_nothing() {
        note(&format!(
            "`{}` exports no function `_start` to call, so nothing of it is called; call an export with `detwasi run \
             --invoke`",
            inputs.guest().name()
        ));
    }
    done
}

fn progress(guest: &Guest) -> ProgressBar {
    if guest.binary().len() < LARGE || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let progress = ProgressBar::new_spinner()
        .with_style(ProgressStyle::default_spinner())
        .with_message(format!("compiling {}", guest.name()));
    progress.enable_steady_tick(Duration::from_millis(100));
    progress
}

/// Whether a path stands for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    if !is_stdin(path) {
        return fs::read(path);
    }
    if io::stdin().is_terminal() {
        return Err(io::Error::other("standard input is a terminal"));
    }
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes)?;
    Ok(bytes)
}
