//! `detwasi run`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::ExitCode;

use deterministic_policies::Preset;
use deterministic_wasmtime::cache::DiskStore;
use deterministic_wasmtime::configure;
use deterministic_wasmtime::core::{Instant, Policies, WallTime};
use deterministic_wasmtime::engine::{Fault, Limits};
use deterministic_wasmtime::fingerprint::End;
use deterministic_wasmtime::fs::Tree;
use jiff::Timestamp;
use wasmtime::{Config, Engine};
use wasmtime_wasi::WasiCtxBuilder;

use crate::answers::Answers;
use crate::args::{Entry, GuestArgs, RunArgs};
use crate::cache::{self, Found, Notes};
use crate::component::Request;
use crate::dir::permissions;
use crate::guest::{Guest, Kind, chain};
use crate::inputs::Inputs;
use crate::module::Preload;
use crate::order::Order;
use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::report::{self, About, Draft, Ending, Report, Target};
use crate::stdio::{Outputs, Summary};
use crate::watch::{Stage, Watch};
use crate::{compiled, component, module, profile, refuse, stack};

/// What a guest is started with, beside its hermetic directories.
pub(crate) struct Start {
    pub(crate) wasi: WasiCtxBuilder,
    /// For a handler of `wasi:http`.
    pub(crate) request: Option<Request>,
    pub(crate) policies: Policies,
    pub(crate) limits: Limits,
    pub(crate) max_held: u64,
    pub(crate) fuel: Option<u64>,
    /// To a component's requests.
    pub(crate) answers: Option<Answers>,
    /// Whether somebody wants to know what is in its memories at the end.
    pub(crate) memories: bool,
    /// Who looks on.
    pub(crate) watch: Watch,
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
    pub(crate) host_calls: BTreeMap<String, u64>,
    /// Empty if nobody wants to know.
    pub(crate) memories: BTreeMap<String, Summary>,
    /// How many bytes its memories had together at most.
    pub(crate) memory_peak: u64,
    /// Where its fuel went, if somebody wants to know.
    pub(crate) profile: Option<Vec<profile::Line>>,
}

/// A guest that was compiled, linked, and found to be callable.
enum Program<'a> {
    Module(module::Program<'a>),
    Component(component::Program),
}

/// Checks everything that can be checked, runs the guest, reports.
pub(crate) fn run(args: &RunArgs) -> Result<ExitCode, Problem> {
    let watch = Watch::start(args)?;
    let ended = run_watched(args, &watch);
    // One that was interrupted has nothing more to say.
    watch.over();
    ended
}

fn run_watched(args: &RunArgs, watch: &Watch) -> Result<ExitCode, Problem> {
    let common = &args.common;
    let fuel = common.counted_fuel(&mut common.policies());
    let mut config = config(fuel.is_some(), common.wasm_stack());
    let engine = Engine::new(config.cache(compiled::kept(&common.compile))).map_err(refused)?;
    let guest = Guest::read(common.guest())?;
    if let (Entry::HttpRequest, Kind::Module) = (args.entry(), guest.kind()) {
        return Err(Problem::ModuleAsHandler { path: guest.path().into() });
    }
    let preloads = Preload::read(&args.preloads, &guest)?;
    let answers = args.http_answers.as_deref().map(Answers::read).transpose()?;
    if let (Some(_), Kind::Module) = (&answers, guest.kind()) {
        return Err(Problem::AnswersForModule { path: guest.path().into() });
    }
    if args.profile && guest.kind() == Kind::Component {
        return Err(Problem::ProfileOfComponent { path: guest.path().into() });
    }
    let target = args.report.as_deref().map(Target::probe).transpose()?;
    let outputs = watch.outputs();
    if args.cache.is_some() || target.is_some() {
        outputs.keep();
    }
    if target.is_some() {
        outputs.digest();
    }
    let reports = target.is_some();
    watch.draft(target.map(|target| draft(target, common, &guest)));

    let prepare = || {
        watch.at(Stage::Compiling);
        match guest.kind() {
            Kind::Module => module::Program::prepare(&guest, &engine, common, args.entry(), &preloads, args.profile)
                .map(Program::Module),
            Kind::Component => {
                component::Program::prepare(&guest, &engine, common, args.entry()).map(Program::Component)
            }
        }
    };
    let store = args.cache.as_ref().map(DiskStore::new);
    // What is wrong with the guest is better heard of before its input is waited for; but a known run is not compiled.
    let program = if store.is_none() { Some(prepare()?) } else { None };

    // Of a run without a name nobody needs all of the input.
    let whoever = match (&store, reports) {
        (Some(_), _) => Some("--cache"),
        (None, true) if common.dirs.is_empty() && common.preset != Preset::Host => Some("--report"),
        _ => None,
    };
    let mut inputs = Inputs::read(args, &guest, &preloads, answers, whoever, watch)?;
    if store.is_some() || reports {
        inputs.directories.want();
    }
    let stdin = inputs.stdin.clone();
    common.seed.tell();
    let (epoch, begun) = inputs.begin();
    let fuel = inputs.fuel();

    let fingerprint = match (&store, reports) {
        (None, false) => None,
        (None, true) => inputs.fingerprint(&engine).ok(),
        (Some(_), _) => Some(inputs.fingerprint(&engine)?),
    };
    let found = store.as_ref().zip(fingerprint).and_then(|(store, key)| cache::find(store, &key, &inputs.directories));
    let cached = store.as_ref().map(|_| if found.is_some() { "hit" } else { "miss" });
    watch.more(|draft| {
        draft.about.epoch = rfc3339(epoch);
        draft.fingerprint = fingerprint.map(|fingerprint| fingerprint.to_string());
        draft.cache = cached;
    });
    let (mut ran, directories) = match found {
        Some(found) => {
            // That they fit was seen when it was found.
            let turns = found.notes.order.turns(&found.outcome.stdout, &found.outcome.stderr);
            outputs.replay(&turns.unwrap_or_default());
            (Ran::from(found), inputs.directories)
        }
        None => {
            let program = match program {
                Some(program) => program,
                None => prepare()?,
            };
            let (start, directories) = inputs.start(watch, reports || store.is_some())?;
            let ended = match program {
                Program::Module(program) => program.run(&guest, start, &directories),
                Program::Component(program) => program.run(&guest, start, &directories),
            }?;
            outputs.append(ended.response.as_deref().unwrap_or_default());
            let fuel_consumed = fuel.and_then(|fuel| Some(fuel.saturating_sub(ended.fuel_left?)));
            (Ran::of(ended, begun, fuel_consumed), directories)
        }
    };

    // What comes now happens whole or, with the process ended at once, not at all.
    let draft = watch.over();

    let printed = stdin
        .finish()
        .and_then(|()| outputs.finish())
        .and_then(|()| print(ran.results.as_deref().unwrap_or_default()).map_err(Problem::OwnOutput));
    let ended = match (&printed, &ran.outcome) {
        (Err(Problem::Stdin(_) | Problem::StdinFile { .. } | Problem::StdinTooLong { .. }), _) => {
            Some("the guest's input could not be read")
        }
        (Err(_), _) => Some("the guest's output could not be written"),
        (Ok(_), Outcome::Trap { .. }) => Some("the guest was ended before it was through"),
        (Ok(_), Outcome::ExitCode(_)) => None,
    };
    let written_back = directories.write_back(&ran.left, ended);
    printed?;
    let kept = outputs.kept().filter(|_| reports || cached == Some("miss"));
    let left = if kept.is_some() { directories.keep(&ran.left)? } else { None };
    let outcome = kept.zip(left).map(|(kept, left)| {
        let results = ran.results.as_deref().unwrap_or_default();
        (cache::outcome(&ran.outcome, (kept.stdout, kept.stderr), results, left), kept.order)
    });
    let outcome_digest = outcome.as_ref().map(|(outcome, _)| outcome.digest().to_string());
    // What went to and fro too often to be told again in its order is not kept.
    if let (Some(store), Some(key), Some((outcome, Some(order))), Some("miss")) =
        (&store, &fingerprint, outcome, cached)
        && ran.is_the_same_anywhere
    {
        ran.notes.order = order;
        cache::keep(store, key, outcome, &ran.notes);
    }
    let Some((draft, (stdout, stderr))) = draft.zip(outputs.summaries()) else {
        return written_back.map(|()| ran.outcome.tell());
    };
    let report = Report {
        about: draft.about,
        outcome: Ending::Guest(ran.outcome.clone()),
        results: ran.results,
        elapsed_ns: ran.notes.elapsed_ns,
        fuel_consumed: ran.notes.fuel_consumed,
        host_calls: ran.notes.host_calls,
        stdout,
        stderr,
        memories: ran.notes.memories,
        memory_peak_bytes: Some(ran.notes.memory_peak_bytes),
        profile: ran.profile,
        directories: directories.report(&ran.left)?,
        fingerprint: draft.fingerprint,
        outcome_digest,
        cache: draft.cache,
    };
    let written = draft.target.write(&report).and(written_back);
    // How the guest ended is told even if the report fails; what is our own problem decides the exit code.
    let code = ran.outcome.tell();
    written.map(|()| code)
}

/// The report of a run that was not begun.
fn draft(target: Target, args: &GuestArgs, guest: &Guest) -> Draft {
    let about = About {
        format: report::FORMAT,
        guest_sha256: Summary::of(guest.binary()).sha256,
        preset: args.preset.to_string(),
        seed: args.seed.seed().to_string(),
        epoch: rfc3339(args.policies().epoch),
        refused: refuse::each(&args.refused),
    };
    Draft { target, about, fingerprint: None, cache: None }
}

/// How a run went, be it now or at an earlier time.
struct Ran {
    outcome: Outcome,
    results: Option<Vec<String>>,
    left: Vec<Tree>,
    profile: Option<Vec<profile::Line>>,
    notes: Notes,
    /// Whether it would have ended so on any machine.
    is_the_same_anywhere: bool,
}

impl Ran {
    fn of(ended: Ended, begun: Instant, fuel_consumed: Option<u64>) -> Self {
        let frames = match &ended.outcome {
            Outcome::Trap { frames, .. } => frames.clone(),
            Outcome::ExitCode(_) => None,
        };
        let notes = Notes {
            elapsed_ns: ended.now.saturating_since(begun),
            fuel_consumed,
            host_calls: ended.host_calls,
            memories: ended.memories,
            memory_peak_bytes: ended.memory_peak,
            frames,
            has_results: ended.results.is_some(),
            order: Order::default(),
        };
        let is_the_same_anywhere = ended.outcome.is_the_same_anywhere();
        let Ended { outcome, results, left, profile, .. } = ended;
        Ran { outcome, results, left, profile, notes, is_the_same_anywhere }
    }
}

impl From<Found> for Ran {
    fn from(Found { outcome, notes, left }: Found) -> Self {
        let results = notes.has_results.then_some(outcome.results);
        let outcome = match outcome.end {
            End::Exit(code) => Outcome::ExitCode(code),
            End::Trap { kind, message } => {
                Outcome::Trap { kind, message, frames: notes.frames.clone(), fault: Fault::Guest }
            }
        };
        Ran { outcome, results, left, profile: None, notes, is_the_same_anywhere: true }
    }
}

/// The engine of all guests, with as many bytes of stack.
pub(crate) fn config(fuel: bool, wasm_stack: usize) -> Config {
    let mut config = Config::new();
    configure(&mut config).consume_fuel(fuel).wasm_component_model_async(true);
    stack::set(&mut config, wasm_stack);
    config
}

/// The guest's arguments, from argument 0 on.
pub(crate) fn arguments(args: &GuestArgs, guest: &Guest) -> Result<Vec<String>, Problem> {
    // As `wasmtime run`: the file name alone, so that where it lies makes no difference.
    let argv0 = match &args.argv0 {
        Some(name) => name.clone(),
        None => guest.path().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
    };
    let mut arguments = vec![argv0];
    for arg in args.guest_args() {
        let arg = arg.to_str().ok_or_else(|| Problem::ArgumentNotUtf8(arg.to_string_lossy().into_owned()))?;
        arguments.push(arg.to_owned());
    }
    Ok(arguments)
}

/// What the guest gets from the command line. The streams are set here too, but for the input.
pub(crate) fn context(args: &GuestArgs, arguments: &[String], outputs: &Outputs) -> Result<WasiCtxBuilder, Problem> {
    let mut builder = WasiCtxBuilder::new();
    builder.stdout(outputs.stdout()).stderr(outputs.stderr()).args(arguments);
    for (name, value) in &args.envs {
        builder.env(name, value);
    }
    for dir in &args.dirs {
        builder
            .preopened_dir(&dir.host, &dir.guest, permissions(dir.access))
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
