//! How a run ended, as it is told.

use std::io::{self, Write as _};
use std::process::ExitCode;

use deterministic_run::core::Instant;
use deterministic_run::text::one_line;
use deterministic_run::{Ended, Stopped, Trap};
use serde::Serialize;

/// What a shell shows for an aborted program (128 + SIGABRT), and what `wasmtime run` exits with after a trap.
const TRAPPED: u8 = 134;
/// What a shell shows for a program that came to a breakpoint (128 + SIGTRAP).
const STOPPED: u8 = 133;

/// The end of a guest, for a report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reported {
    ExitCode(i32),
    Trap {
        kind: String,
        message: String,
    },
    /// By `--stop-at`.
    Stopped {
        call: u64,
        function: String,
        at_ns: u64,
    },
}

impl From<&Ended> for Reported {
    fn from(ended: &Ended) -> Self {
        match ended {
            Ended::Trap(Trap { kind, message, .. }) => {
                Reported::Trap { kind: kind.name().into(), message: message.clone() }
            }
            Ended::Stopped(Stopped { call, function, at_ns, .. }) => {
                Reported::Stopped { call: *call, function: function.clone(), at_ns: *at_ns }
            }
            ended => Reported::ExitCode(ended.exit_code().unwrap_or_default()),
        }
    }
}

/// Tells on stderr about a trap or a stop, and gives the exit code.
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
        Ended::Stopped(Stopped { call, function, at_ns, frames, .. }) => {
            let (mut stderr, at) = (io::stderr(), Instant::from_nanos(*at_ns));
            let _ =
                writeln!(stderr, "detwasi: the guest was stopped before call {call} ({function}), at {at} of its time");
            // What they begin with says that there was an error.
            for frame in frames.iter().flat_map(|frames| frames.lines().skip(1)) {
                let _ = writeln!(stderr, "{frame}");
            }
            ExitCode::from(STOPPED)
        }
        // WASI has no greater codes than 125.
        ended => ExitCode::from(ended.exit_code().unwrap_or_default() as u8),
    }
}
