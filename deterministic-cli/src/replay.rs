//! `detwasi replay`.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use deterministic_run::trace::{Given, Parting, ReplayEnd, Replayed, Trace, TraceError};
use deterministic_run::{Error, Observer, with_stack};

use crate::args::ReplayArgs;
use crate::core_file::{self, CoreFile};
use crate::guest;
use crate::log::{self, Log};
use crate::outcome;
use crate::problem::{EXIT_CODE, Problem, note};
use crate::stdio::Outputs;

/// Opens a trace, which may be long, to be read from its beginning.
pub(crate) fn file(path: &Path) -> Result<BufReader<File>, Problem> {
    let opened = File::open(path);
    opened.map(BufReader::new).map_err(|error| Problem::TraceUnreadable { path: path.into(), error })
}

/// What is wrong with it, by its path.
pub(crate) fn problem(path: &Path, error: Error) -> Problem {
    let path = PathBuf::from(path);
    match error {
        Error::Trace(TraceError::Unreadable(error)) => Problem::TraceUnreadable { path, error },
        Error::Trace(error) => Problem::BadTrace { path, reason: error.to_string() },
        Error::Replay(error) => Problem::BadTrace { path, reason: error.to_string() },
        error => error.into(),
    }
}

/// Makes the run again, and says whether it is the same.
pub(crate) fn replay(args: &ReplayArgs) -> Result<ExitCode, Problem> {
    let failed = |error| problem(&args.trace, error);
    let trace = Trace::open(file(&args.trace)?).map_err(failed)?;
    let stdin = args
        .stdin
        .as_ref()
        .map(|path| std::fs::read(path).map_err(|error| Problem::StdinFile { path: path.clone(), error }));
    let given = Given {
        guest: args.guest.as_ref().map(|path| guest::read(path.into())).transpose()?,
        any_guest: args.keep_going,
        env: args.envs.clone(),
        stdin: stdin.transpose()?.map(Into::into),
        engine: args.engine,
    };
    let inputs = trace.inputs(&given).map_err(failed)?.core_dump(args.stop.core.is_some());
    guest::compile(&inputs, || Ok(inputs.prepare()?))?;
    let outputs = Outputs::default();
    let log = Log::open(&args.log)?;
    let core = CoreFile::open(&args.stop)?;
    let observer = Observer {
        sink: Some(Arc::new(outputs.clone())),
        log: log.as_ref().map(Log::calls),
        stop_at: args.stop.stop_at,
        ..Observer::default()
    };
    // The guest has the stack that the trace says, which the command line did not.
    let replayed = with_stack(inputs.wasm_stack(), || match args.keep_going {
        true => trace.replay_onward(&inputs, &observer, partings()),
        false => trace.replay_with(&inputs, &observer),
    })?;
    let logged = log.as_ref().map_or(Ok(()), Log::finish);
    let Replayed { outcome, end, .. } = replayed.map_err(|error| match (error, &args.log.log) {
        (Error::Log(error), Some(path)) => log::problem(path, error),
        (error, _) => failed(error),
    })?;
    logged?;
    outputs.append(outcome.response.as_deref().unwrap_or_default())?;
    outputs.finish()?;
    for result in outcome.results.iter().flatten() {
        println!("{result}");
    }
    let core = core.map_or(Ok(()), |core| core.write(&outcome));
    core_file::tell_missed(&args.stop, &outcome);
    let other = |line: String| {
        if let Some(frames) = outcome.ended.frames() {
            eprintln!("{frames}");
        }
        note(&format!("`{}`: {line}", args.trace.display()));
        Ok(ExitCode::from(EXIT_CODE))
    };
    let told = match end {
        ReplayEnd::Same | ReplayEnd::Stopped => Ok(outcome::tell(&outcome.ended)),
        ReplayEnd::TraceEnded { answers } => other(TraceError::Ended { answers }.to_string()),
        ReplayEnd::Diverged(divergence) => {
            let calls: u64 = outcome.host_calls.values().sum();
            other(format!("after {calls} calls of host functions {divergence}"))
        }
        ReplayEnd::WentOn { partings } => {
            let times = if partings == 1 { "once".into() } else { format!("{partings} times") };
            other(format!("the replay parted from the recorded run {times}, and went on"))
        }
        ReplayEnd::Differs { what, recorded, replayed } => other(format!(
            "the replay asked the same as the recorded run, and something else came of it: {what}, which was {recorded} and is {replayed}; \
             please report this, unless the engine is another and the guest was ended by what it is"
        )),
        _ => other("the replay is not the recorded run".into()),
    };
    // How the guest ended is told even if that fails.
    core.and(told)
}

/// Tells of the first times that a replay went on.
fn partings() -> impl FnMut(&Parting) {
    const MOST: u64 = 100;
    let mut told = 0;
    move |parting| {
        told += 1;
        match told {
            ..=MOST => note(&parting.to_string()),
            told if told == MOST + 1 => note("further times are counted, and not told"),
            _ => {}
        }
    }
}
