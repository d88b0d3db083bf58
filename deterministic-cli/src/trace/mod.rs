//! `detwasi trace`: what is in a trace, for people and for programs.

mod event;
mod info;
mod stats;

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use deterministic_run::trace::{Reader, Record};

use self::event::Events;
use self::info::Info;
use self::stats::Stats;
use crate::args::{TraceArgs, TraceCommand};
use crate::problem::{Problem, note};
use crate::replay;

/// Prints what is asked for.
pub(crate) fn tell(args: &TraceArgs) -> Result<ExitCode, Problem> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let end = match &args.command {
        TraceCommand::Info(file) => {
            let mut info = Info::default();
            let end = each(&file.trace, |record, at| {
                info.add(&record, at);
                Ok(())
            })?;
            info.write(&mut out, file.json).map(|()| end)
        }
        TraceCommand::Show(file) => {
            let mut events = Events::default();
            let json = file.json;
            each(&file.trace, |record, _| {
                let event = events.of(&record);
                if json { writeln!(out, "{}", event.json) } else { writeln!(out, "{}", event.text) }
            })
            .map(Ok)?
        }
        TraceCommand::Stats(file) => {
            let mut stats = Stats::default();
            let end = each(&file.trace, |record, _| {
                stats.add(&record);
                Ok(())
            })?;
            stats.write(&mut out, file.json).map(|()| end)
        }
    };
    let whole = end.and_then(|whole| out.flush().map(|()| whole)).map_err(Problem::OwnOutput)?;
    if !whole {
        note("the trace ends before the run did: whoever recorded it was stopped");
    }
    Ok(ExitCode::SUCCESS)
}

/// Gives each record, and how far the trace was read with it. Says whether the last was the end of the run.
fn each(path: &Path, mut take: impl FnMut(Record, u64) -> io::Result<()>) -> Result<bool, Problem> {
    let failed = |error: deterministic_run::trace::TraceError| replay::problem(path, error.into());
    let mut reader = Reader::new(Box::new(replay::file(path)?)).map_err(failed)?;
    let mut whole = false;
    while let Some(record) = reader.next_record().map_err(failed)? {
        whole = matches!(record, Record::Outcome(_));
        take(record, reader.position()).map_err(Problem::OwnOutput)?;
    }
    Ok(whole)
}
