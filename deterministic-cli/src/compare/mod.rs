//! `detwasi compare`: a guest in turn on stock WASI and on ours.
//!
//! Times are the host's, which no guest sees. Two kinds of runs: as they are, for the medians; and with a stopwatch around
//! each host call, for what those cost.

mod component;
mod findings;
mod inputs;
mod module;
mod stats;
mod stopwatch;
mod text;
mod verdict;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use deterministic_run::{Ended, Kind, give_stack};
use indicatif::{ProgressBar, ProgressStyle};
use wasmtime::{Config, Engine};

use self::findings::Findings;
use self::inputs::{Inputs, Ran, Side};
use crate::args::CompareArgs;
use crate::compiled;
use crate::guest::{self, compile};
use crate::inputs::inputs;
use crate::problem::{Problem, refused};
use crate::stdio::say;

/// At most as many runs of each side have the stopwatch.
const TIMED_RUNS: u32 = 11;

/// A guest that was compiled and linked for each side.
enum Programs {
    Module(Box<module::Programs>),
    Component(component::Programs),
}

/// Runs the guest, prints the tables and what follows from them.
pub(crate) fn compare(args: &CompareArgs) -> Result<ExitCode, Problem> {
    let common = &args.common;
    let mut default_config = Config::new();
    // As much stack as the guest asks for, if it does not fit on the one by default.
    give_stack(default_config.wasm_component_model_async(true), common.wasm_stack());
    default_config.cache(compiled::kept(&common.compile));
    let default_engine = Engine::new(&default_config).map_err(refused)?;
    let value = inputs(common, guest::read(common.guest())?)?;
    let prepare = || Programs::prepare(&value, &default_engine, &common.allowed_imports);
    let mut programs = compile(&value, prepare)?;
    let inputs = Inputs::read(common, value)?;

    programs.calibrate(&inputs)?;
    let bench = Bench { inputs: &inputs, programs: &programs, progress: progress() };
    let measured = bench.measure(args.runs);
    bench.progress.finish_and_clear();
    let (plain, timed) = measured?;

    let findings =
        Findings::new(inputs.value.guest(), common, &plain, programs.timed().map(|names| (names, timed.as_ref())));
    let text = if args.json {
        serde_json::to_string_pretty(&findings).map_err(|error| Problem::OwnOutput(error.into()))? + "\n"
    } else {
        findings.to_string()
    };
    say(&text)?;
    Ok(ExitCode::SUCCESS)
}

impl Programs {
    fn prepare(
        inputs: &deterministic_run::Inputs,
        default_engine: &Engine,
        allowed: &[String],
    ) -> Result<Self, Problem> {
        match inputs.guest().kind() {
            Kind::Module => module::Programs::prepare(inputs, default_engine, allowed)
                .map(|programs| Programs::Module(Box::new(programs))),
            Kind::Component => component::Programs::prepare(inputs, default_engine, allowed).map(Programs::Component),
        }
    }

    /// The functions that the stopwatch knows, or why there is none.
    fn timed(&self) -> Result<&[String], &str> {
        match self {
            Programs::Module(programs) => programs.timed(),
            Programs::Component(_) => Err("it is a component"),
        }
    }

    fn run(&self, side: Side, inputs: &Inputs) -> Result<Ran, Problem> {
        match self {
            Programs::Module(programs) => programs.run(side, inputs),
            Programs::Component(programs) => programs.run(side, inputs),
        }
    }

    fn run_timed(&self, side: Side, inputs: &Inputs) -> Option<Result<Ran, Problem>> {
        match self {
            Programs::Module(programs) => programs.run_timed(side, inputs),
            Programs::Component(_) => None,
        }
    }

    fn calibrate(&mut self, inputs: &Inputs) -> Result<(), Problem> {
        match self {
            Programs::Module(programs) => programs.calibrate(inputs),
            Programs::Component(_) => Ok(()),
        }
    }
}

struct Bench<'a> {
    inputs: &'a Inputs,
    programs: &'a Programs,
    progress: ProgressBar,
}

/// The runs of stock and of ours with the stopwatch, if there are any.
type Timed = Option<[Vec<Ran>; 2]>;

impl Bench<'_> {
    /// All runs: those as they are, and those with the stopwatch.
    fn measure(&self, runs: u32) -> Result<([Vec<Ran>; 3], Timed), Problem> {
        let timed_runs = self.programs.timed().map_or(0, |_| runs.min(TIMED_RUNS));
        let warm = |runs: u32| if runs > 0 { u64::from(runs) + 1 } else { 0 };
        self.progress.set_length(3 * warm(runs) + 2 * warm(timed_runs));
        Ok((self.plain(runs)?, self.timed(timed_runs)?))
    }

    /// The runs of each side, in the order of [`Side::ALL`].
    fn plain(&self, runs: u32) -> Result<[Vec<Ran>; 3], Problem> {
        // The first ones find the code and the files cold. Both are done before either is judged.
        let first = [self.run(Side::Stock)?, self.run(Side::Ours)?];
        neither_was_ended(&first)?;
        let expected = [
            exit_code(Side::Stock, &first[0])?,
            exit_code(Side::Ours, &first[1])?,
            exit_code(Side::StockDefault, &self.run(Side::StockDefault)?)?,
        ];

        let mut all = [const { Vec::new() }; 3];
        for round in 0..runs as usize {
            // Nobody is always the first.
            for turn in 0..3 {
                let index = (round + turn) % 3;
                let side = Side::ALL[index];
                let ran = self.run(side)?;
                let (first, other) = (expected[index], exit_code(side, &ran)?);
                if first != other {
                    return Err(Problem::ExitVaries {
                        path: self.inputs.value.guest().name().into(),
                        place: side.place(),
                        first,
                        other,
                    });
                }
                all[index].push(ran);
            }
        }
        Ok(all)
    }

    fn timed(&self, runs: u32) -> Result<Timed, Problem> {
        let mut all = [const { Vec::new() }; 2];
        for round in 0..=runs {
            for (index, side) in [Side::Stock, Side::Ours].into_iter().enumerate() {
                self.progress.set_message(format!("{}, host calls", side.name()));
                let Some(ran) = self.programs.run_timed(side, self.inputs) else { return Ok(None) };
                self.progress.inc(1);
                let ran = ran?;
                if round > 0 {
                    all[index].push(ran);
                }
            }
        }
        Ok(Some(all))
    }

    fn run(&self, side: Side) -> Result<Ran, Problem> {
        self.progress.set_message(side.name());
        let ran = self.programs.run(side, self.inputs)?;
        self.progress.inc(1);
        Ok(ran)
    }
}

/// Says of both sides how they ended if one of them was ended.
fn neither_was_ended([stock, ours]: &[Ran; 2]) -> Result<(), Problem> {
    let ended = |side: Side, ran: &Ran, other: Side, other_ran: &Ran| {
        let (how, other_how) = (ran.ended.to_string(), other_ran.ended.to_string());
        let both = how == other_how;
        Err(Problem::Ended {
            place: if both { format!("{} and {}", side.place(), other.place()) } else { side.place().into() },
            ended: ran.ended.clone().into(),
            stderr: ran.stderr.clone(),
            beside: (!both).then(|| format!("{} it ended with {other_how}", other.place())),
        })
    };
    match (&stock.ended, &ours.ended) {
        (Ended::Trap(_), _) => ended(Side::Stock, stock, Side::Ours, ours),
        (_, Ended::Trap(_)) => ended(Side::Ours, ours, Side::Stock, stock),
        _ => Ok(()),
    }
}

fn exit_code(side: Side, ran: &Ran) -> Result<i32, Problem> {
    ran.ended.exit_code().ok_or_else(|| Problem::Ended {
        place: side.place().into(),
        ended: ran.ended.clone().into(),
        stderr: ran.stderr.clone(),
        beside: None,
    })
}

/// A sign of life for whoever looks at a terminal. It is drawn between the runs and by no thread, which would disturb them.
fn progress() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} run {pos} of {len}: {msg}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
