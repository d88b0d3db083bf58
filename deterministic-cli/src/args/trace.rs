//! The options of what has to do with traces.

use std::ffi::OsString;
use std::path::PathBuf;

use bytesize::ByteSize;
use clap::ValueEnum;
use deterministic_run::EngineKind;
use deterministic_run::trace::{DEFAULT_MAX_BYTES, Omitted, WhenFull};

use super::values::{parse_env, parse_omit};
use super::{LogArgs, RunArgs, StopArgs};
use crate::numbers;

#[derive(Debug, clap::Args)]
#[command(override_usage = "detwasi record -o TRACE [OPTIONS] GUEST [ARGS...]")]
pub(crate) struct RecordArgs {
    /// Where to write the trace: a new file, or one that is written over, that only its owner may read
    #[arg(short, long, value_name = "TRACE")]
    pub(crate) output: PathBuf,

    /// Puts the guest into the trace, so that a replay needs nothing else
    #[arg(long)]
    pub(crate) embed: bool,

    /// Records the host's random bytes. Without it they seed a generator, and the seed is recorded
    #[arg(long)]
    pub(crate) exact_entropy: bool,

    /// How many bytes the trace may have
    #[arg(long, value_name = "SIZE", value_parser = numbers::size, default_value_t = ByteSize(DEFAULT_MAX_BYTES), allow_negative_numbers = true)]
    pub(crate) max_trace: ByteSize,

    /// What ends when the trace has come to that size, or the disk is full: the run, or the recording alone
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Full::Run)]
    pub(crate) when_full: Full,

    /// What not to write into the trace: `env:NAME`, the value of an environment variable, or `stdin`. It has to be given again to
    /// `replay`. May be given again
    #[arg(long = "omit", value_name = "WHAT", value_parser = parse_omit)]
    pub(crate) omitted: Vec<Omitted>,

    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// What ends when there is no more room for a trace.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Full {
    /// The run, with an error
    Run,
    /// The recording; the run goes on
    Recording,
}

impl From<Full> for WhenFull {
    fn from(full: Full) -> Self {
        match full {
            Full::Run => WhenFull::EndRun,
            Full::Recording => WhenFull::EndRecording,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    /// An environment variable that was omitted; may be given again
    #[arg(long = "env", value_name = "K=V", value_parser = parse_env)]
    pub(crate) envs: Vec<(String, String)>,

    /// The file that was the guest's standard input, if that was omitted
    #[arg(long, value_name = "FILE")]
    pub(crate) stdin: Option<PathBuf>,

    /// Go on where the guest, which may be another one, asks something else than was recorded, and tell of each time: what the trace
    /// does not answer is answered as the preset `simulation` does, standard input is at its end, and directories fail
    #[arg(long)]
    pub(crate) keep_going: bool,

    #[command(flatten)]
    pub(crate) log: LogArgs,

    #[command(flatten)]
    pub(crate) stop: StopArgs,

    /// Which engine runs the guest [default: the one that was recorded]
    #[arg(long, value_name = "NAME")]
    pub(crate) engine: Option<EngineKind>,

    /// What `record` wrote
    #[arg(value_name = "TRACE")]
    pub(crate) trace: PathBuf,

    /// The guest that was recorded, unless it is in the trace
    #[arg(value_name = "GUEST")]
    pub(crate) guest: Option<OsString>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TraceArgs {
    #[command(subcommand)]
    pub(crate) command: TraceCommand,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum TraceCommand {
    /// What the run was given and what came of it
    Info(TraceFile),
    /// Each answer, a line each
    Show(TraceFile),
    /// How many answers of which source there are, and what they take
    Stats(TraceFile),
}

#[derive(Debug, clap::Args)]
pub(crate) struct TraceFile {
    /// As JSON, for programs
    #[arg(long)]
    pub(crate) json: bool,

    /// What `record` wrote
    #[arg(value_name = "TRACE")]
    pub(crate) trace: PathBuf,
}
