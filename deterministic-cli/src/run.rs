//! `detwasi run`.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use deterministic_policies::Preset;
use deterministic_run::cache::{DiskStore, Lookup, ResultStore, cached};
use deterministic_run::fingerprint::Fingerprint;
use deterministic_run::{Ended, Error, Guest, Inputs, Observer, Outcome, Summary, Wanted, opt_level_name, parts};
use deterministic_wasmtime::core::WallTime;
use jiff::Timestamp;

use crate::args::RunArgs;
use crate::core_file::{self, CoreFile};
use crate::directories::Directories;
use crate::guest::{self, compile};
use crate::inputs::{called, inputs};
use crate::log::{self, Log};
use crate::outcome;
use crate::problem::{Problem, note};
use crate::record::Recorder;
use crate::refuse;
use crate::report::{self, About, Draft, Ending, Report, Target};
use crate::stdin;
use crate::watch::{Stage, Watch};

/// Checks everything that can be checked, runs the guest, reports.
pub(crate) fn run(args: &RunArgs, recorder: Option<&Recorder>) -> Result<ExitCode, Problem> {
    let watch = Watch::start(args)?;
    let ended = run_watched(args, &watch, recorder);
    // One that was interrupted has nothing more to say.
    watch.over();
    ended
}

fn run_watched(args: &RunArgs, watch: &Watch, recorder: Option<&Recorder>) -> Result<ExitCode, Problem> {
    let common = &args.common;
    let inputs = called(&args.called, inputs(common, guest::read(common.guest())?)?)?;
    let inputs = inputs.profile(args.profile).all_memories(args.all_memories).core_dump(args.stop.core.is_some());
    inputs.check()?;
    let target = args.report.as_deref().map(Target::probe).transpose()?;
    let reports = target.is_some();
    if reports {
        watch.outputs().digest();
    }
    let log = Log::open(&args.log)?;
    watch.log(log.clone());
    let core = CoreFile::open(&args.stop)?;
    watch.draft(target.map(|target| draft(target, args, inputs.guest())));
    let store = args.cache.as_ref().map(DiskStore::new);
    // What is wrong with the guest is better heard of before its input is waited for; but a known run is not compiled.
    if store.is_none() {
        prepare(&inputs, watch)?;
    }

    watch.at(Stage::Inputs);
    // So that a wrong option is heard of before something is waited for.
    inputs.context(&parts::Outputs::new(None, false))?;
    let directories = Directories::read(common, &args.write_backs)?;
    // Last, since it may wait for whoever writes at the other end.
    let stdin = stdin::open(common, &inputs)?;
    watch.stdin(stdin.clone());
    // Of a run without a name nobody needs all of the input.
    let whoever = match &store {
        Some(_) => Some("--cache"),
        None if reports && is_named(args) => Some("--report"),
        None => None,
    };
    if let Some(whoever) = whoever {
        stdin::read_ahead(common, &stdin, whoever)?;
    }
    let inputs = directories.give(inputs).stdin_from(stdin);
    common.seed.tell();

    let name = match (&store, reports) {
        (None, false) => None,
        (None, true) => inputs.fingerprint().ok(),
        (Some(_), _) => Some(inputs.fingerprint()?),
    };
    let observer = Observer {
        sink: Some(Arc::new(watch.outputs().clone())),
        watch: Some(watch.guest().clone()),
        log: log.as_ref().map(Log::calls),
        stop_at: args.stop.stop_at,
        wanted: Wanted {
            output: reports || store.is_some(),
            directories: reports || store.is_some() || !args.write_backs.is_empty(),
            memories: reports || store.is_some(),
        },
    };
    watch.more(|draft| {
        draft.fingerprint = name.map(|name| name.to_string());
        draft.cache = store.as_ref().map(|_| "miss");
    });
    let mut draft = None;
    let mut run = || {
        if store.is_some() {
            prepare(&inputs, watch)?;
            watch.at(Stage::Inputs);
        }
        let failed = |error| match (error, &args.log.log) {
            (Error::Stdin(error), _) => stdin::failed(common, error),
            (Error::Log(error), Some(path)) => log::problem(path, error),
            (error, _) => error.into(),
        };
        let ran = match recorder {
            None => inputs.run_with(&observer).map_err(failed),
            Some(recorder) => recorder.run(&inputs, &observer, failed),
        };
        // Also of a run that failed: what it did until then.
        let logged = log.as_ref().map_or(Ok(()), Log::finish);
        let outcome = ran?;
        logged?;
        draft = give_out(&outcome, watch)?;
        Ok(outcome)
    };
    let ran = match (&store, &name) {
        // What is known of it is not what it did, call by call.
        (Some(store), Some(name)) if log.is_some() || core.is_some() || args.stop.stop_at.is_some() => {
            cached(&Unread(store), &inputs, name, |warning| note(&warning.to_string()), run)
        }
        (Some(store), Some(name)) => cached(store, &inputs, name, |warning| note(&warning.to_string()), run),
        _ => run().map(|outcome| (outcome, Lookup::NotStored)),
    };
    let ran = ran.and_then(|(outcome, lookup)| {
        if matches!(lookup, Lookup::Hit) {
            watch.more(|draft| draft.cache = Some("hit"));
            watch.outputs().replay(&outcome.turns().unwrap_or_default())?;
            draft = give_out(&outcome, watch)?;
        }
        Ok(outcome)
    });
    let outcome = ran.inspect_err(|problem| match problem {
        Problem::Stdin(_) | Problem::StdinFile { .. } | Problem::StdinTooLong { .. } => {
            directories.leave("the guest's input could not be read");
        }
        Problem::Log { .. } => directories.leave("the call log could not be written"),
        Problem::Output { .. } | Problem::BrokenPipe | Problem::OwnOutput(_) => {
            directories.leave("the guest's output could not be written");
        }
        _ => {}
    })?;

    if !outcome.stale.is_empty() {
        note(&format!(
            "the guest did not ask what these decisions of the recipe are about, which are left out: {}",
            outcome.stale.join(",")
        ));
    }
    let core = core.map_or(Ok(()), |core| core.write(&outcome));
    core_file::tell_missed(&args.stop, &outcome);
    let written_back = match outcome.ended {
        Ended::Exit(_) => directories.write_back(&outcome.directories),
        // Nobody knows what is half done in them.
        _ => {
            directories.leave("the guest was ended before it was through");
            Ok(())
        }
    };
    let written_back = core.and(written_back);
    let Some((draft, (stdout, stderr))) = draft.zip(watch.outputs().summaries()) else {
        let code = outcome::tell(&outcome.ended);
        return written_back.map(|()| code);
    };
    let report = Report {
        about: About { epoch: rfc3339(outcome.epoch), ..draft.about },
        outcome: Ending::Guest((&outcome.ended).into()),
        elapsed_ns: outcome.elapsed_ns,
        fuel_consumed: outcome.fuel_consumed,
        stdout,
        stderr,
        memory_peak_bytes: Some(outcome.memory_peak_bytes),
        directories: directories.report(&outcome.directories)?,
        fingerprint: draft.fingerprint,
        outcome_digest: outcome.digest().map(|digest| digest.to_string()),
        cache: draft.cache,
        results: outcome.results,
        host_calls: outcome.host_calls,
        memories: outcome.memories,
        profile: outcome.profile,
    };
    let written = draft.target.write(&report).and(written_back);
    // How the guest ended is told even if the report fails; what is our own problem decides the exit code.
    let code = outcome::tell(&outcome.ended);
    written.map(|()| code)
}

/// Whether a run may have a name.
fn is_named(args: &RunArgs) -> bool {
    args.common.dirs.is_empty() && args.common.preset() != Preset::Host && args.called.allowed_hosts.is_empty()
}

/// A store that is written to alone.
struct Unread<'a>(&'a DiskStore);

impl ResultStore for Unread<'_> {
    fn get(&self, _: &Fingerprint) -> std::io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn put(&self, key: &Fingerprint, value: &[u8]) -> std::io::Result<()> {
        self.0.put(key, value)
    }
}

/// Compiles and links the guest.
fn prepare(inputs: &Inputs, watch: &Watch) -> Result<(), Problem> {
    watch.at(Stage::Compiling);
    compile(inputs, || Ok(inputs.prepare()?))
}

/// What comes when the guest is through: it happens whole or, with the process ended at once, not at all. Gives back the draft of
/// the report.
fn give_out(outcome: &Outcome, watch: &Watch) -> Result<Option<Draft>, Problem> {
    watch.outputs().append(outcome.response.as_deref().unwrap_or_default())?;
    let draft = watch.over();
    watch.outputs().finish()?;
    print(outcome.results.as_deref().unwrap_or_default()).map_err(Problem::OwnOutput)?;
    Ok(draft)
}

/// The report of a run that was not begun.
fn draft(target: Target, args: &RunArgs, guest: &Guest) -> Draft {
    let common = &args.common;
    let bundle = common.bundle();
    let about = About {
        format: report::FORMAT,
        guest_sha256: Summary::of(guest.binary()).sha256,
        preset: common.preset().to_string(),
        seed: common.seed.seed().to_string(),
        epoch: rfc3339(bundle.policies().epoch),
        refused: refuse::each(&common.refused),
        engine: args.called.engine.name(),
        engine_opt_level: args.called.engine_opt_level.map(opt_level_name),
        all_memories: args.all_memories,
    };
    Draft { target, about, fingerprint: None, cache: None }
}

/// After all that the guest printed.
fn print(results: &[String]) -> std::io::Result<()> {
    let mut stdout = std::io::stdout();
    for result in results {
        writeln!(stdout, "{result}")?;
    }
    stdout.flush()
}

pub(crate) fn rfc3339(time: WallTime) -> String {
    // A WASI timestamp ends in 2554, jiff's in 9999.
    Timestamp::from_nanosecond(time.as_unix_nanos().into()).map(|time| time.to_string()).unwrap_or_default()
}
