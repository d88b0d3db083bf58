//! The options of `search`.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::PathBuf;

use deterministic_policies::Preset;
use deterministic_run::recipe::Recipe;
use regex::bytes::Regex;

use super::{CalledArgs, GuestArgs};
use crate::numbers;

#[derive(Debug, clap::Args)]
#[command(override_usage = "detwasi search [OPTIONS] --seeds A..B GUEST [ARGS...]")]
pub(crate) struct SearchArgs {
    #[command(flatten)]
    pub(crate) common: GuestArgs,

    #[command(flatten)]
    pub(crate) called: CalledArgs,

    /// The seeds, from A to B without B
    #[arg(long, value_name = "A..B", value_parser = seeds, conflicts_with = "seed", allow_hyphen_values = true)]
    pub(crate) seeds: Range<u64>,

    /// How many threads run the guest [default: as many as there are cores]
    #[arg(short, long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Ends the search after N failing seeds; no seed after the last of these counts
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = numbers::count)]
    pub(crate) until_fail: Option<u32>,

    /// Ends the search after so much of the host's time, such as 60s; how many seeds that are is another each time
    #[arg(long, value_name = "DURATION", value_parser = numbers::nanoseconds, allow_hyphen_values = true)]
    pub(crate) time: Option<u64>,

    /// What counts as failing: trap, exit (a code other than 0), unusual (an outcome other than most of the first 64 seeds have), or
    /// none, beside what else is given
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',', default_values_t = [FailOn::Trap, FailOn::Exit])]
    pub(crate) fail_on: Vec<FailOn>,

    /// A pattern that fails a run by being on its standard output
    #[arg(long, value_name = "REGEX")]
    pub(crate) fail_stdout: Option<Regex>,

    /// The same for its standard error
    #[arg(long, value_name = "REGEX")]
    pub(crate) fail_stderr: Option<Regex>,

    /// A program that is given the directories that each run leaves, and fails it by a trap or an exit code other than 0
    #[arg(long, value_name = "GUEST")]
    pub(crate) check: Option<PathBuf>,

    /// Leaves the first failing run as it is. Without it, it is made small: to the fewest decisions that make it fail, with the call at
    /// which it parts from a run that does not
    #[arg(long)]
    pub(crate) no_minimize: bool,

    /// Counts different histories of calls, too: how many seeds saw something new. Takes longer
    #[arg(long)]
    pub(crate) histories: bool,

    /// As JSON, a line for each outcome and each failing seed, and one at the end
    #[arg(long)]
    pub(crate) json: bool,
}

/// What counts as failing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FailOn {
    Trap,
    Exit,
    Unusual,
    None,
}

impl SearchArgs {
    /// The command line that runs the guest so: the one that was given, without what is for the search alone.
    pub(crate) fn repeat(&self, preset: Preset, seed: &str, recipe: Option<&Recipe>) -> String {
        let given: Vec<OsString> = std::env::args_os().skip(1).collect();
        let (options, guest) = given.split_at(given.len().saturating_sub(self.common.guest.len()));
        let mut words: Vec<String> =
            ["detwasi", "run", "--preset", preset.name(), "--seed", seed].map(str::to_owned).into();
        words.extend(recipe.map(|recipe| format!("--recipe={recipe}")));
        // After the command itself.
        let mut options = options.iter().skip(1).map(|option| option.to_string_lossy().into_owned());
        while let Some(option) = options.next() {
            let (name, value) = option.split_once('=').map_or((&*option, false), |(name, _)| (name, true));
            let short = name.starts_with("-j") && !name.starts_with("--");
            if ALONE.contains(&name) || name == "--" {
                continue;
            }
            if WITH_VALUE.contains(&name) || short {
                if !value && (!short || name == "-j") {
                    options.next();
                }
                continue;
            }
            words.push(option);
        }
        words.extend(guest.iter().map(|word| word.to_string_lossy().into_owned()));
        // What no shell takes has a zero in it, and no argument has.
        shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
    }
}

/// Options of the search alone that stand by themselves.
const ALONE: &[&str] = &["--histories", "--json", "--no-minimize"];

/// And those that have a value, or are given anew.
const WITH_VALUE: &[&str] = &[
    "--seeds",
    "--jobs",
    "--until-fail",
    "--time",
    "--fail-on",
    "--fail-stdout",
    "--fail-stderr",
    "--check",
    "--preset",
    "--recipe",
];

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let range = text.split_once("..").and_then(|(from, to)| Some(number(from)?..number(to)?));
    match range {
        Some(range) if !range.is_empty() => Ok(range),
        Some(_) => Err("there is no seed in it; give a range from a lower to a higher number, such as 0..1000".into()),
        None => Err("give a range of numbers, such as 0..1000".into()),
    }
}
