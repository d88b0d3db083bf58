//! How a run ended, as it is told.

use std::io::{self, Write as _};
use std::process::ExitCode;

use deterministic_run::text::one_line;
use deterministic_run::{Ended, Trap};
use serde::Serialize;

/// What a shell shows for an aborted program (128 + SIGABRT), and what `wasmtime run` exits with after a trap.
const TRAPPED: u8 = 134;

/// The end of a guest, for a report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reported {
    ExitCode(i32),
    Trap { kind: String, message: String },
}

impl From<&Ended> for Reported {
    fn from(ended: &Ended) -> Self {
        match ended {
            Ended::Trap(Trap { kind, message, .. }) => {
                Reported::Trap { kind: kind.name().into(), message: message.clone() }
            }
            ended => Reported::ExitCode(ended.exit_code().unwrap_or_default()),
        }
    }
}

/// Tells on stderr about a trap, and gives the exit code.
pub(crate) fn tell(ended: &Ended) -> ExitCode {
    tell_where(ended, "")
}

/// The same, with words on where it happened.
pub(crate) fn tell_where(ended: &Ended, place: &str) -> ExitCode {
    match ended {
        Ended::Trap(Trap { kind, message, frames, .. }) => {
            let mut stderr = io::stderr();
            // When stderr is closed there is nobody left to tell.
            let _ = writeln!(stderr, "detwasi: the guest was ended{place} ({kind}): {}", one_line(message));
            if let Some(frames) = frames {
                let _ = writeln!(stderr, "{frames}");
            }
            ExitCode::from(TRAPPED)
        }
        // WASI has no greater codes than 125.
        ended => ExitCode::from(ended.exit_code().unwrap_or_default() as u8),
    }
}
