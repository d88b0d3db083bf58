//! `detwasi search`.

use std::io::{self, IsTerminal as _};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use deterministic_policies::Preset;
use deterministic_run::core::Seed;
use deterministic_run::recipe::Recipe;
use deterministic_run::search::{Failing, Failure, Found, Group, Search, Small};
use deterministic_run::verify::Parted;
use deterministic_run::{Error, Inputs};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::args::{FailOn, SearchArgs};
use crate::guest;
use crate::inputs::whole;
use crate::problem::{Problem, note};
use crate::stdio::{line, say};
use crate::verify::told_calls;

/// The exit code if a seed fails.
const FAILED: u8 = 1;

/// What a shell shows for a program that Ctrl-C ended (128 + SIGINT).
const INTERRUPTED: u8 = 130;

/// How many failing seeds are told to a person.
const SHOWN: usize = 20;

/// Runs the guest under each seed, and tells what was found.
pub(crate) fn search(mut args: Box<SearchArgs>) -> Result<ExitCode, Problem> {
    let preset = *args.common.preset.get_or_insert(Preset::Chaos);
    let (inputs, _) = whole(&args.common, &args.called, "`search`")?;
    let search = Search {
        jobs: args.jobs,
        failing: failing(&args)?,
        until_failures: args.until_fail.map(u64::from),
        time: args.time.map(Duration::from_nanos),
        histories: args.histories,
        stop: interruption(),
        ..Search::new(args.seeds.clone())
    };
    let (progress, begun) = (progress(&search), Instant::now());
    let found = inputs.search_told(&search, |found| {
        progress.set_position(found.runs());
        progress.set_message(format!("{} failing", found.failed()));
        ControlFlow::Continue(())
    });
    progress.finish_and_clear();
    let found = found.map_err(|error| match error {
        Error::Tainted(tainted) => Problem::Unsearchable(tainted),
        error => error.into(),
    })?;
    if io::stderr().is_terminal() {
        let seconds = begun.elapsed().as_secs_f64();
        note(&format!("{} seeds in {seconds:.1} s, {:.0} a second", found.runs(), found.runs() as f64 / seconds));
    }
    let small = match found.failures().first() {
        Some(first) if !args.no_minimize && !found.was_interrupted() => inputs.minimize(first.seed, &search.failing)?,
        _ => None,
    };
    let said = Said { args: &args, preset, found: &found, small: small.as_ref() };
    let told = if args.json { said.json()? } else { said.text() };
    say(&told)?;
    let signalled = search.stop.load(std::sync::atomic::Ordering::Relaxed);
    Ok(match (signalled, found.failed()) {
        (true, _) => ExitCode::from(INTERRUPTED),
        (false, 0) => ExitCode::SUCCESS,
        _ => ExitCode::from(FAILED),
    })
}

fn failing(args: &SearchArgs) -> Result<Failing, Problem> {
    let mut failing = Failing::nothing();
    failing.trap = args.fail_on.contains(&FailOn::Trap);
    failing.exit = args.fail_on.contains(&FailOn::Exit);
    failing.unusual = args.fail_on.contains(&FailOn::Unusual);
    (failing.stdout, failing.stderr) = (args.fail_stdout.clone(), args.fail_stderr.clone());
    if let Some(path) = &args.check {
        let checker = Inputs::of(guest::read(path.clone())?);
        checker.prepare()?;
        failing = failing.check_by(checker);
    }
    Ok(failing)
}

/// Is set by Ctrl-C and SIGTERM; the second time, they end the process as ever.
fn interruption() -> Arc<AtomicBool> {
    let stop: Arc<AtomicBool> = Arc::default();
    #[cfg(unix)]
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // Where nobody listens, the first ends it, too.
        let _ = signal_hook::flag::register_conditional_default(signal, stop.clone());
        let _ = signal_hook::flag::register(signal, stop.clone());
    }
    stop
}

fn progress(search: &Search) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} seeds, {per_sec}, {msg}, {eta} left");
    let bar = ProgressBar::new(search.seeds.end - search.seeds.start);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// What is said at the end.
struct Said<'a> {
    args: &'a SearchArgs,
    preset: Preset,
    found: &'a Found,
    /// The first failing run, made small.
    small: Option<&'a Small>,
}

/// A line of JSON, by what it is about.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum Line<'a> {
    Outcome(&'a Group),
    Failure {
        #[serde(flatten)]
        failure: &'a Failure,
        repeat: String,
    },
    Small {
        why: &'a str,
        recipe: String,
        decisions: usize,
        runs: u32,
        repeat: String,
        parted: Option<&'a Parted>,
    },
    Search {
        preset: &'static str,
        first: u64,
        runs: u64,
        failed: u64,
        interrupted: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        histories: Option<u64>,
    },
}

impl Said<'_> {
    fn text(&self) -> String {
        let Said { args, preset, found, small } = self;
        let interrupted = if found.was_interrupted() { ", interrupted" } else { "" };
        let mut text = format!("{} seeds under {preset}{interrupted}: {} failing\n", found.runs(), found.failed());
        if args.histories {
            text += &format!("{} different histories of calls\n", found.histories());
        }
        let groups = found.groups();
        for Group { runs, seed, ended, failing, .. } in groups.iter().take(SHOWN) {
            let (what, mark) = failing.as_ref().map_or((ended, ""), |why| (why, "  FAILING"));
            text += &format!("{runs:>10}  {what}, first under seed {seed}{mark}\n");
        }
        let more = groups.iter().skip(SHOWN).map(|group| group.runs).sum::<u64>() + found.ungrouped();
        if more > 0 {
            text += &format!("{more:>10}  other outcomes\n");
        }
        for failure in found.failures().iter().take(SHOWN) {
            text += &format!("seed {}: {}\n    {}\n", failure.seed, failure.why, self.repeat(failure));
        }
        if found.failed() > SHOWN as u64 {
            text += &format!("and {} more failing seeds\n", found.failed() - SHOWN as u64);
        }
        if let (Some(small), Some(first)) = (small, found.failures().first()) {
            text += &self.made_small(small, first.seed);
        }
        text
    }

    fn made_small(&self, small: &Small, seed: u64) -> String {
        let left = small.bundle.recipe.as_ref().map_or(0, |recipe| recipe.decisions().len());
        let mut text = match left {
            0 => format!("seed {seed} fails without any decision about time and order:\n"),
            _ => format!(
                "seed {seed}, made small in {} runs, from {} decisions to {left}:\n",
                small.runs, small.decisions
            ),
        };
        text += &format!("    {}\n", self.repeat_small(small));
        if let Some(calls) = small.parted.as_ref().and_then(|parted| parted.calls.as_ref()) {
            text += "  where it parts from a run that passes, which has no last decision:\n";
            text += &told_calls(calls, "passes:", "fails:");
        }
        text
    }

    fn json(&self) -> Result<String, Problem> {
        let Said { args, preset, found, small } = self;
        let outcomes = found.groups().into_iter().map(Line::Outcome);
        let failures = found.failures().iter().map(|failure| Line::Failure { failure, repeat: self.repeat(failure) });
        let small = small.map(|small| Line::Small {
            why: &small.why,
            recipe: small.bundle.recipe.as_ref().map(Recipe::to_string).unwrap_or_default(),
            decisions: small.decisions,
            runs: small.runs,
            repeat: self.repeat_small(small),
            parted: small.parted.as_ref(),
        });
        let end = Line::Search {
            preset: preset.name(),
            first: args.seeds.start,
            runs: found.runs(),
            failed: found.failed(),
            interrupted: found.was_interrupted(),
            histories: args.histories.then(|| found.histories()),
        };
        let lines = outcomes.chain(failures).chain(small).chain([end]);
        lines.map(|said| line(&said)).collect()
    }

    fn repeat(&self, failure: &Failure) -> String {
        self.args.repeat(self.preset, &failure.seed.to_string(), self.args.common.recipe.as_ref())
    }

    fn repeat_small(&self, small: &Small) -> String {
        let Small { bundle, .. } = small;
        // The default seed is that of the number 0.
        let seed = if bundle.seed == Seed::default() { "0".into() } else { bundle.seed.to_string() };
        self.args.repeat(bundle.preset, &seed, bundle.recipe.as_ref())
    }
}
