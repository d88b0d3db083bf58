//! The command line.

mod called;
mod log;
mod mistakes;
mod search;
mod stop;
mod trace;
mod values;
mod verify;

pub(crate) use self::called::CalledArgs;
pub(crate) use self::log::LogArgs;
pub(crate) use self::mistakes::refuse;
pub(crate) use self::search::{FailOn, SearchArgs};
pub(crate) use self::stop::StopArgs;
pub(crate) use self::trace::{RecordArgs, ReplayArgs, TraceArgs, TraceCommand};
pub(crate) use self::values::WriteBack;
pub(crate) use self::verify::VerifyArgs;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use clap::Parser;
use clap_complete::Shell;
use deterministic_policies::Preset;
use deterministic_run::Bundle;
use deterministic_run::recipe::Recipe;
use deterministic_wasmtime::core::WallTime;
use deterministic_wasmtime::engine::MAX_WASM_STACK;

use self::values::{parse_env, parse_epoch, parse_stack, parse_timeout, parse_write_back};
use crate::dir::Dir;
use crate::numbers;
use crate::refuse::{self, Refused};
use crate::seed::Chosen;

/// Runs WebAssembly programs so that each run is the same.
#[derive(Debug, Parser)]
#[command(name = "detwasi", version, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Runs a guest under a preset; its exit code is the guest's
    Run(Box<RunArgs>),
    /// Runs a guest on the host's own clock, random bytes, input and directories, and writes what they say into a trace
    ///
    /// `detwasi replay` makes the same run from the trace alone. A trace holds all that the guest saw, and is for its owner's eyes only:
    /// --omit leaves things out. The options are those of `run`, of which --preset is `host` here unless it is given.
    Record(Box<RecordArgs>),
    /// Makes the run again that was recorded, from its trace alone; its exit code is the guest's, or 2 if it is another run
    Replay(Box<ReplayArgs>),
    /// Tells what is in a trace
    Trace(TraceArgs),
    /// Runs a guest again and again under whatever must not matter, and names the first call that is not the same
    ///
    /// Other engines and levels of optimisation, a pool of instances, busy cores, slow input, directories copied in another order, a
    /// run that is recorded and one that is replayed, and processes with another environment, locale, time zone and working directory.
    /// Outcome, every memory and every call have to be the same: exit code 0, or 1 if something is not. Directories given by --dir are
    /// copied for each run, and stay as they are.
    Verify(Box<VerifyArgs>),
    /// Runs a guest under many seeds, and tells which of them fail and how each is repeated
    ///
    /// The guest is compiled once; each run is on its own. What comes out is the same, however many threads there are. Exit code 0, or 1 if
    /// a seed fails, or 130 if the search was interrupted, of which what was found until then is told.
    Search(Box<SearchArgs>),
    /// Runs a guest in turn on stock WASI and here, and tells where the difference in time comes from
    ///
    /// The times are the host's: this one command prints something else each time. What the guest writes to its stdout and
    /// stderr is compared and not shown. Directories given by --dir are the host's, and each run finds them as the one before
    /// left them; of those given by --dir-hermetic each run gets its own copy.
    Compare(Box<CompareArgs>),
    /// Prints each import of a guest and why two runs get the same answers from it; fails if one is uncovered
    Audit(AuditArgs),
    /// Lists the presets
    Presets,
    /// Runs one guest twice on stock WASI and twice here, and shows what differs
    Demo,
    /// Prints a script that completes commands and options in a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Prints the manual page of `detwasi`, or of one of its commands, for `man -l -`
    Man {
        /// Which command
        command: Option<String>,
    },
}

impl Command {
    /// How much stack a guest has that the command runs, in bytes.
    pub(crate) fn wasm_stack(&self) -> usize {
        match self {
            Command::Run(args) => args.common.wasm_stack(),
            Command::Record(args) => args.run.common.wasm_stack(),
            Command::Compare(args) => args.common.wasm_stack(),
            Command::Verify(args) => args.common.wasm_stack(),
            Command::Search(args) => args.common.wasm_stack(),
            _ => MAX_WASM_STACK,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct AuditArgs {
    /// As JSON, for programs
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) compile: CompileArgs,

    /// The WebAssembly program (.wasm or .wat, `-` for standard input)
    #[arg(value_name = "GUEST")]
    pub(crate) guest: PathBuf,
}

#[derive(Debug, clap::Args)]
#[command(override_usage = "detwasi run [OPTIONS] GUEST [ARGS...]")]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) common: GuestArgs,

    /// Where to write a --dir-hermetic as the guest left it: a new or empty directory, or HOST itself. `::GUEST` says which,
    /// if there are several; may be given again for another
    #[arg(long = "write-back", value_name = "DIR[::GUEST]", value_parser = parse_write_back)]
    pub(crate) write_backs: Vec<WriteBack>,

    #[command(flatten)]
    pub(crate) called: CalledArgs,

    /// A directory of results: a run that is known there is not run again, and one that is not is kept there
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,

    /// How long the run may take, in the host's time and from reading the guest on, such as 10s; one that takes longer is ended, and
    /// nobody can say where. Ends at the same place each time: --fuel
    #[arg(long, value_name = "DURATION", value_parser = parse_timeout, allow_negative_numbers = true)]
    pub(crate) timeout: Option<Duration>,

    /// Where to write how the run went, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) log: LogArgs,

    #[command(flatten)]
    pub(crate) stop: StopArgs,

    /// Puts into the report what is in every memory at the end, those too that no module exports or that are in a component
    #[arg(long, requires = "report")]
    pub(crate) all_memories: bool,

    /// Puts into the report how much work a core module's functions did, counted as for --fuel
    #[arg(long, requires = "report", conflicts_with_all = ["cache", "fuel"])]
    pub(crate) profile: bool,
}

#[derive(Debug, clap::Args)]
#[command(override_usage = "detwasi compare [OPTIONS] GUEST [ARGS...]")]
pub(crate) struct CompareArgs {
    #[command(flatten)]
    pub(crate) common: GuestArgs,

    /// How often the guest is run on each side, after one run that is not counted
    #[arg(long, value_name = "N", default_value_t = 11, allow_negative_numbers = true, value_parser = numbers::count)]
    pub(crate) runs: u32,

    /// As JSON, for programs
    #[arg(long)]
    pub(crate) json: bool,
}

// How a guest is compiled.
#[derive(Debug, clap::Args)]
pub(crate) struct CompileArgs {
    /// Compiles the guest anew, and keeps no compiled code. Without it, code is kept in Wasmtime's own cache, as `wasmtime
    /// run` does; that changes nothing but the time it takes
    #[arg(long)]
    pub(crate) no_compile_cache: bool,
}

// What a guest is started with, by whichever command. (With a doc comment, clap would take it for the commands' text.)
#[derive(Debug, clap::Args)]
pub(crate) struct GuestArgs {
    /// What answers the guest's questions; `detwasi presets` lists them [default: simulation; of `record`: host, of `search`: chaos]
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<Preset>,

    /// What all randomness is derived from: an integer, the same as 0x and hexadecimal digits, 32 bytes as 0x and 64 of
    /// them; or `random`, which prints what it drew
    #[arg(long, default_value = "0", allow_hyphen_values = true)]
    pub(crate) seed: Chosen,

    /// What is decided otherwise than the preset does, as `search` prints it: which events a wait gets, how long a sleep takes, what a
    /// reading shows. What the guest does not ask any more is left out, and told
    #[arg(long, value_name = "DECISIONS", allow_hyphen_values = true)]
    pub(crate) recipe: Option<Recipe>,

    /// What the guest's wall clock shows at the beginning, in UTC [default: the preset's, mostly 2025-01-01T00:00:00Z]
    #[arg(long, value_name = "RFC3339", value_parser = parse_epoch)]
    pub(crate) epoch: Option<WallTime>,

    /// How much of its own time may pass for the guest, such as 1h30m or 500ms: a reading or a sleep beyond ends it, at the same
    /// point in every run
    #[arg(long, value_name = "DURATION", value_parser = numbers::nanoseconds, allow_hyphen_values = true)]
    pub(crate) until_time: Option<u64>,

    /// What the guest may not ask for, on pain of being ended: the time, the time of day, or secure random bytes; may be given
    /// again
    #[arg(long = "refuse", value_name = "WHAT", value_delimiter = ',')]
    pub(crate) refused: Vec<Refused>,

    /// The file that the guest reads as its standard input [default: what is piped in; nothing from a terminal]
    #[arg(long, value_name = "FILE")]
    pub(crate) stdin: Option<PathBuf>,

    /// How many bytes of its standard input the guest may read; a run that would take more ends there
    #[arg(long, value_name = "SIZE", value_parser = numbers::size, default_value = "1GiB", allow_negative_numbers = true)]
    pub(crate) max_stdin: ByteSize,

    /// A directory for the guest, under its own name or the one after `::`. With `::ro` the guest can only read it; may be given
    /// again
    #[arg(long = "dir", value_name = "HOST[::GUEST[::ro]]")]
    pub(crate) dirs: Vec<Dir>,

    /// The same, but read whole before the guest starts, and what the guest changes stays in memory
    #[arg(long = "dir-hermetic", value_name = "HOST[::GUEST[::ro]]")]
    pub(crate) hermetic_dirs: Vec<Dir>,

    /// How many bytes the --dir-hermetic directories may hold together; a guest that writes more gets ENOSPC
    #[arg(long, value_name = "SIZE", value_parser = numbers::size, default_value = "1GiB", allow_negative_numbers = true)]
    pub(crate) max_files: ByteSize,

    /// An environment variable for the guest, which gets none of the host's; may be given again
    #[arg(long = "env", value_name = "K=V", value_parser = parse_env)]
    pub(crate) envs: Vec<(String, String)>,

    /// The guest's argument 0 [default: the file name of GUEST]
    #[arg(long, value_name = "NAME")]
    pub(crate) argv0: Option<String>,

    /// How much work the guest may do, roughly in instructions, before it is stopped by a trap
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = numbers::fuel)]
    pub(crate) fuel: Option<u64>,

    /// How much stack the guest's functions may take, such as 8MiB. How many calls fit into it depends on compiler and
    /// processor: --max-call-depth does not
    #[arg(long, value_name = "SIZE", value_parser = parse_stack, default_value = "512KiB", allow_negative_numbers = true)]
    pub(crate) max_wasm_stack: ByteSize,

    /// How deep the guest's calls may go, in units of 32 bytes of stack: the default stack has 16384 on any engine; a trap ends
    /// it then, the same on every machine. Each module in a component counts by itself [default: none; strict, for core
    /// modules: what --max-wasm-stack has]
    #[arg(long, value_name = "UNITS", allow_negative_numbers = true, value_parser = numbers::count)]
    pub(crate) max_call_depth: Option<u32>,

    /// How large the guest's memories may become together, such as 64MiB; growing beyond fails
    #[arg(long, value_name = "SIZE", value_parser = numbers::size, default_value = "4GiB", allow_negative_numbers = true)]
    pub(crate) max_memory: ByteSize,

    /// How much the guest may make its host hold: what it opens and keeps, 256 bytes each, and what it says through that. Beyond,
    /// it gets an error, or is ended
    #[arg(long, value_name = "SIZE", value_parser = numbers::size, default_value = "1GiB", allow_negative_numbers = true)]
    pub(crate) max_held: ByteSize,

    /// An import of the guest's that nobody here provides, as `detwasi audit` names it: the guest is started all the same, and
    /// ended if it calls it. `*` at the end stands for anything: `env::*`. May be given again
    #[arg(long = "allow-import", value_name = "NAME")]
    pub(crate) allowed_imports: Vec<String>,

    #[command(flatten)]
    pub(crate) compile: CompileArgs,

    /// The WebAssembly program (.wasm or .wat, `-` for standard input), and its own arguments
    #[arg(value_names = ["GUEST", "ARGS"], required = true, trailing_var_arg = true)]
    pub(super) guest: Vec<OsString>,
}

impl GuestArgs {
    /// Who answers the guest.
    pub(crate) fn bundle(&self) -> Bundle {
        Bundle {
            epoch: self.epoch,
            until_time: self.until_time,
            refused: refuse::each(&self.refused).into_iter().map(Into::into).collect(),
            recipe: self.recipe.clone(),
            ..Bundle::new(self.preset(), self.seed.seed())
        }
    }

    /// What answers it, if nothing else is said.
    pub(crate) fn preset(&self) -> Preset {
        self.preset.unwrap_or(Preset::Simulation)
    }

    /// How much stack the guest has, in bytes.
    pub(crate) fn wasm_stack(&self) -> usize {
        usize::try_from(self.max_wasm_stack.as_u64()).unwrap_or(usize::MAX)
    }

    /// The guest's file.
    pub(crate) fn guest(&self) -> PathBuf {
        self.guest.first().map(PathBuf::from).unwrap_or_default()
    }

    /// The guest's arguments after its argument 0.
    pub(crate) fn guest_args(&self) -> &[OsString] {
        self.guest.get(1..).unwrap_or_default()
    }
}
