//! `detwasi run`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::ExitCode;

use deterministic_wasmtime::configure;
use deterministic_wasmtime::core::{Instant, Policies, WallTime};
use deterministic_wasmtime::fs::Tree;
use jiff::Timestamp;
use wasmtime::{Config, Engine, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::args::RunArgs;
use crate::directories::Directories;
use crate::guest::{Guest, Kind, chain};
use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::report::{self, Report, Target};
use crate::stdio::{self, Outputs, Summary};
use crate::{component, module};

/// What a guest is started with.
pub(crate) struct Start<'a> {
    pub(crate) wasi: WasiCtxBuilder,
    pub(crate) directories: &'a Directories,
    pub(crate) policies: Policies,
    pub(crate) limits: StoreLimits,
    pub(crate) fuel: Option<u64>,
}

/// What is left of a guest that ended.
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    /// What the function called by `--invoke` returned, as it is printed: a line each.
    pub(crate) results: Option<Vec<String>>,
    /// What the handler called by `--http-request` answered, as it is printed.
    pub(crate) response: Option<Vec<u8>>,
    /// What is left of each hermetic directory.
    pub(crate) left: Vec<Tree>,
    pub(crate) now: Instant,
    pub(crate) fuel_left: Option<u64>,
    pub(crate) host_calls: BTreeMap<&'static str, u64>,
    pub(crate) memories: BTreeMap<String, Summary>,
}

/// A guest that was compiled, linked, and found to be callable.
enum Program {
    Module(module::Program),
    Component(component::Program),
}

/// Checks everything that can be checked, runs the guest, reports.
pub(crate) fn run(args: &RunArgs) -> Result<ExitCode, Problem> {
    let mut policies = args.preset.policies(&args.seed);
    policies.epoch = args.epoch.unwrap_or(policies.epoch);
    let (epoch, begun) = (policies.epoch, policies.clock.now());
    // A clock that measures fuel needs it counted, be it without a limit.
    let fuel = args.fuel.or(policies.clock.observes_fuel().then_some(u64::MAX));
    let limits = match args.max_memory {
        Some(size) => StoreLimitsBuilder::new().memory_size(size.as_u64().try_into().unwrap_or(usize::MAX)).build(),
        None => StoreLimits::default(),
    };

    let engine = Engine::new(&config(fuel.is_some())).map_err(refused)?;
    let guest = Guest::read(args.guest())?;
    let program = match guest.kind() {
        Kind::Module => Program::Module(module::Program::prepare(&guest, &engine, args)?),
        Kind::Component => Program::Component(component::Program::prepare(&guest, &engine, args)?),
    };

    let outputs = Outputs::default();
    let mut wasi = context(args, &guest, &outputs)?;
    let directories = Directories::read(args)?;
    let target = args.report.as_deref().map(Target::probe).transpose()?;
    // Last, since it may wait for whoever writes at the other end.
    wasi.stdin(stdio::stdin(args.stdin.as_deref())?);

    let start = Start { wasi, directories: &directories, policies, limits, fuel };
    let ended = match program {
        Program::Module(program) => program.run(&guest, start),
        Program::Component(program) => program.run(&guest, start),
    }?;

    outputs.append(ended.response.as_deref().unwrap_or_default());
    let (stdout, stderr) = outputs.finish()?;
    print(ended.results.as_deref().unwrap_or_default()).map_err(Problem::OwnOutput)?;
    let written_back = directories.write_back(&ended.left, &ended.outcome);
    let Some(target) = target else { return written_back.map(|()| ended.outcome.tell()) };
    let report = Report {
        format: report::FORMAT,
        guest_sha256: Summary::of(guest.binary()).sha256,
        preset: args.preset.to_string(),
        seed: args.seed.to_string(),
        epoch: rfc3339(epoch),
        outcome: ended.outcome,
        results: ended.results,
        elapsed_ns: ended.now.saturating_since(begun),
        fuel_consumed: fuel.and_then(|fuel| Some(fuel.saturating_sub(ended.fuel_left?))),
        host_calls: ended.host_calls,
        stdout,
        stderr,
        memories: ended.memories,
        directories: directories.report(&ended.left)?,
    };
    let written = target.write(&report).and(written_back);
    // How the guest ended is told even if the report fails; what is our own problem decides the exit code.
    let code = report.outcome.tell();
    written.map(|()| code)
}

/// The engine of all guests.
pub(crate) fn config(fuel: bool) -> Config {
    let mut config = Config::new();
    configure(&mut config).consume_fuel(fuel).wasm_component_model_async(true);
    config
}

/// What the guest gets from the command line. The streams are set here too, but for the input.
fn context(args: &RunArgs, guest: &Guest, outputs: &Outputs) -> Result<WasiCtxBuilder, Problem> {
    let mut builder = WasiCtxBuilder::new();
    builder.stdout(outputs.stdout()).stderr(outputs.stderr());
    // As `wasmtime run`: the file name alone, so that where it lies makes no difference.
    let argv0 = match &args.argv0 {
        Some(name) => name.clone(),
        None => guest.path().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
    };
    builder.arg(argv0);
    for arg in args.guest_args() {
        match arg.to_str() {
            Some(arg) => builder.arg(arg),
            None => return Err(Problem::ArgumentNotUtf8(arg.to_string_lossy().into_owned())),
        };
    }
    for (name, value) in &args.envs {
        builder.env(name, value);
    }
    for dir in &args.dirs {
        builder
            .preopened_dir(&dir.host, &dir.guest, FsPerms::ReadWrite)
            .map_err(|error| Problem::Directory { host: dir.host.clone(), reason: chain(&error) })?;
    }
    Ok(builder)
}

/// After all that the guest printed.
fn print(results: &[String]) -> std::io::Result<()> {
    let mut stdout = std::io::stdout();
    for result in results {
        writeln!(stdout, "{result}")?;
    }
    stdout.flush()
}

fn rfc3339(time: WallTime) -> String {
    // A WASI timestamp ends in 2554, jiff's in 9999.
    Timestamp::from_nanosecond(time.as_unix_nanos().into()).map(|time| time.to_string()).unwrap_or_default()
}

pub(crate) fn refused(error: wasmtime::Error) -> Problem {
    Problem::Engine(chain(&error))
}
