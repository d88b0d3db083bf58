//! Why a run was interrupted, and what it was at.

use std::collections::BTreeMap;
use std::fmt;
use std::process;
use std::time::Duration;

use deterministic_run::{Stdin, Summary};
use deterministic_wasmtime::core::WallTime;
use jiff::SignedDuration;
use serde::Serialize;

use super::Stage;
use crate::report::{About, Ending, Report};
use crate::run::rfc3339;

/// What a shell shows for a program that its alarm ended (128 + SIGALRM). Not the 124 of `timeout`, which a guest may exit with.
const TIMED_OUT: i32 = 142;

/// Who wants the run to end.
pub(super) enum Why {
    /// Nobody; it took longer than it may.
    Timeout(Duration),
    /// Whoever sent this.
    #[cfg(unix)]
    Signal(i32),
}

impl Why {
    /// In the report.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Why::Timeout(_) => "timeout",
            #[cfg(unix)]
            Why::Signal(signal) => super::signals::name(*signal),
        }
    }

    /// Ends the process, as whoever started it expects.
    pub(super) fn end_process(&self) -> ! {
        match self {
            Why::Timeout(_) => process::exit(TIMED_OUT),
            #[cfg(unix)]
            Why::Signal(signal) => super::signals::die(*signal),
        }
    }

    /// The guest was through in time. What comes after it has all the time it takes, but a signal ends it, too.
    pub(super) fn too_late(&self) {
        match self {
            Why::Timeout(_) => {}
            #[cfg(unix)]
            Why::Signal(signal) => super::signals::die(*signal),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Timeout(timeout) => {
                let timeout = SignedDuration::try_from(*timeout).unwrap_or(SignedDuration::MAX);
                write!(f, "after {timeout:#}, which is all that --timeout allows")
            }
            #[cfg(unix)]
            Why::Signal(_) => write!(f, "by {}", self.name()),
        }
    }
}

/// What a run is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Doing {
    ReadingGuest,
    Compiling,
    ReadingInputs,
    Running,
    WaitingForStdin,
}

/// How a run ended that was interrupted, for the report.
#[derive(Debug, Serialize)]
pub(crate) struct Interrupted {
    by: &'static str,
    doing: Doing,
    last_host_call: Option<&'static str>,
}

/// How far a run was, seen from beside it.
pub(super) struct Seen {
    doing: Doing,
    /// What the guest's wall clock showed when it began, if it has.
    begun: Option<WallTime>,
    /// In nanoseconds of the guest's time.
    elapsed: u64,
    fuel: Option<u64>,
    calls: Vec<(&'static str, u64)>,
    last: Option<&'static str>,
}

impl Seen {
    pub(super) fn of(stage: Stage, guest: Option<deterministic_run::Seen>, stdin: &Stdin) -> Self {
        let doing = match (stage, &guest) {
            (Stage::Reading, _) => Doing::ReadingGuest,
            (Stage::Compiling, _) => Doing::Compiling,
            (Stage::Inputs, _) if stdin.is_waited_for() => Doing::WaitingForStdin,
            (Stage::Inputs, None) => Doing::ReadingInputs,
            (Stage::Inputs, Some(_)) => Doing::Running,
        };
        let Some(guest) = guest else {
            return Seen { doing, begun: None, elapsed: 0, fuel: None, calls: Vec::new(), last: None };
        };
        Seen {
            doing,
            begun: Some(guest.epoch),
            elapsed: guest.elapsed_ns,
            fuel: guest.fuel,
            calls: guest.calls.iter().collect(),
            last: guest.calls.last(),
        }
    }

    /// The report of the run.
    pub(super) fn report(
        self,
        mut about: About,
        by: &'static str,
        (stdout, stderr): (Summary, Summary),
        fingerprint: Option<String>,
        cache: Option<&'static str>,
    ) -> Report {
        if let Some(begun) = self.begun {
            about.epoch = rfc3339(begun);
        }
        let interrupted = Interrupted { by, doing: self.doing, last_host_call: self.last };
        Report {
            about,
            outcome: Ending::Interrupted { interrupted },
            results: None,
            elapsed_ns: self.elapsed,
            fuel_consumed: self.fuel,
            host_calls: self.calls.into_iter().map(|(name, count)| (name.to_owned(), count)).collect(),
            stdout,
            stderr,
            memories: BTreeMap::new(),
            memory_peak_bytes: None,
            profile: None,
            directories: Vec::new(),
            fingerprint,
            outcome_digest: None,
            cache,
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.begun.is_none() {
            let doing = match self.doing {
                Doing::ReadingGuest => "it was being read",
                Doing::Compiling => "it was being compiled",
                Doing::WaitingForStdin => "all of its input was waited for",
                Doing::ReadingInputs | Doing::Running => "what it is run with was being read",
            };
            return write!(f, "{doing}, and it had not been started");
        }
        let elapsed = SignedDuration::try_from(Duration::from_nanos(self.elapsed)).unwrap_or(SignedDuration::MAX);
        write!(f, "{elapsed:#} of its own time had passed")?;
        if let Some(fuel) = self.fuel {
            write!(f, ", {fuel} fuel was gone when it last called the host")?;
        }
        match (self.calls.iter().map(|(_, count)| count).sum::<u64>(), self.last) {
            (1, Some(last)) => write!(f, ", it had called the host once, `{last}`")?,
            (total, Some(last)) => write!(f, ", it had called the host {total} times, the last time `{last}`")?,
            (_, None) => write!(f, ", it had not called the host")?,
        }
        if self.doing == Doing::WaitingForStdin {
            write!(f, ", and it was waiting for its input")?;
        }
        Ok(())
    }
}
