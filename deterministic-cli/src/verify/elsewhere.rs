//! A run in a process of its own, where all is another that a process has.

use std::fmt;
use std::io::{self, Write as _};
use std::ops::Range;
use std::process::{Command, ExitCode, Stdio};
use std::str::FromStr;

use deterministic_run::Inputs;
use deterministic_run::core::Seed;
use deterministic_run::verify::{Disturbance, Seen};

use crate::args::GuestArgs;
use crate::guest::is_stdin;
use crate::problem::Problem;
use crate::seed::Chosen;
use crate::stdio::{line, say};

/// Environments, one after the other: what a program in another place has.
const PLACES: &[&[(&str, &str)]] = &[
    &[("TZ", "Asia/Kathmandu"), ("LANG", "tr_TR.UTF-8"), ("LC_ALL", "tr_TR.UTF-8"), ("USER", "somebody")],
    &[
        ("TZ", "America/St_Johns"),
        ("LANG", "C"),
        ("LC_ALL", "C"),
        ("RUST_BACKTRACE", "full"),
        ("WASMTIME_BACKTRACE_DETAILS", "1"),
    ],
    &[
        ("TZ", "Pacific/Chatham"),
        ("LANG", "ar_EG.UTF-8"),
        ("LC_ALL", "ar_EG.UTF-8"),
        ("NO_COLOR", "1"),
        ("COLUMNS", "40"),
    ],
];

/// A process of its own.
pub(super) struct Elsewhere<'a> {
    number: u32,
    /// Which this one may have drawn.
    seed: Seed,
    /// What this one was given on its standard input, or read as the guest's.
    piped: &'a [u8],
}

/// What such a process is told, as `A..B/SEED`: which calls to keep, by their numbers, and the seed.
#[derive(Clone, Debug)]
pub(crate) struct Child {
    window: Range<u64>,
    seed: Chosen,
}

impl FromStr for Child {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (window, seed) = text.split_once('/')?;
            let (from, to) = window.split_once("..")?;
            Some(Child { window: from.parse().ok()?..to.parse().ok()?, seed: seed.parse().ok()? })
        };
        read().ok_or_else(|| format!("`{text}` is no range of calls and a seed"))
    }
}

impl fmt::Display for Elsewhere<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place();
        write!(f, "in another process, directory, locale and time zone ({})", place[0].1)
    }
}

impl<'a> Elsewhere<'a> {
    pub(super) fn new(number: u32, seed: Seed, piped: &'a [u8]) -> Self {
        Elsewhere { number, seed, piped }
    }

    fn place(&self) -> &'static [(&'static str, &'static str)] {
        PLACES[self.number as usize % PLACES.len()]
    }

    /// Runs this program again with the same command line.
    pub(super) fn seen(&self, window: Range<u64>) -> Result<Seen, Problem> {
        let failed = |error: io::Error| Problem::Elsewhere { reason: error.to_string() };
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        // The name of the command is the first.
        let mut arguments = std::env::args_os().skip(1);
        let child = format!("--elsewhere={}..{}/{}", window.start, window.end, self.seed);
        command.args(arguments.next()).arg(child).args(arguments);
        command.envs(self.place().iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let stdin = child.stdin.take();
        let output = std::thread::scope(|scope| {
            // One that does not read all of it says why.
            scope.spawn(|| stdin.map(|mut stdin| stdin.write_all(self.piped)));
            child.wait_with_output()
        });
        let output = output.map_err(failed)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().last().unwrap_or("it said nothing");
            return Err(Problem::Elsewhere { reason: said.trim_start_matches("detwasi: ").to_owned() });
        }
        serde_json::from_slice(&output.stdout).map_err(|error| Problem::Elsewhere { reason: error.to_string() })
    }
}

impl Child {
    /// What it takes from the process that it is compared with, since that may have drawn or read it: the seed, and what is piped to it
    /// in place of a file.
    pub(super) fn given(&self, args: &mut GuestArgs) {
        args.seed = self.seed;
        if !is_stdin(&args.guest()) {
            args.stdin = None;
        }
    }

    /// Makes the run elsewhere, and writes what was seen. Everything was read.
    pub(super) fn observe(&self, inputs: &Inputs) -> Result<ExitCode, Problem> {
        let failed = |error: io::Error| Problem::Elsewhere { reason: error.to_string() };
        let place = tempfile::tempdir().map_err(failed)?;
        std::env::set_current_dir(place.path()).map_err(failed)?;
        let undisturbed = inputs.disturbed(Disturbance::None).map_err(|reason| Problem::Elsewhere { reason })?;
        say(&line(&undisturbed.observe(self.window.clone())?)?)?;
        Ok(ExitCode::SUCCESS)
    }
}
