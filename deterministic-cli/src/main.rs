#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod answers;
mod args;
mod audit;
mod compare;
mod compiled;
mod core_file;
mod demo;
mod demo_tasks;
mod dir;
mod directories;
mod file_size;
mod foreign;
mod guest;
mod inputs;
mod log;
mod manual;
mod numbers;
mod outcome;
mod place;
mod presets;
mod problem;
mod record;
mod refuse;
mod replay;
mod report;
mod run;
mod search;
mod seed;
mod sort;
mod stdin;
mod stdio;
mod trace;
mod verify;
mod watch;

use std::process::ExitCode;

use args::{Args, Command};
use clap::Parser as _;
use deterministic_run::with_stack;
use problem::Problem;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return args::refuse(&error),
    };
    file_size::fail_at_limit();
    let stack = args.command.wasm_stack();
    let done = with_stack(stack, || {
        let ended = match args.command {
            Command::Run(args) => run::run(&args, None),
            Command::Record(args) => record::record(args),
            Command::Replay(args) => replay::replay(&args),
            Command::Trace(args) => trace::tell(&args),
            Command::Verify(args) => verify::verify(args),
            Command::Search(args) => search::search(args),
            Command::Compare(args) => compare::compare(&args),
            Command::Audit(args) => audit::audit(&args),
            Command::Presets => presets::list(),
            Command::Demo => demo::demo(),
            Command::Completions { shell } => manual::completions(shell),
            Command::Man { command } => manual::page(command.as_deref()),
        };
        ended.unwrap_or_else(|problem| problem.tell())
    });
    done.unwrap_or_else(|error| Problem::from(error).tell())
}
