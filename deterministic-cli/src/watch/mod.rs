//! Ending a run that does not end: `--timeout`, Ctrl-C, SIGTERM.
//!
//! A guest that computes or waits asks nobody, and code that asks for it is slower code. So it is not stopped at all: a thread
//! beside it says how far it got, writes the report, and ends the process. What it looks at is written where it can be seen:
//! the [run's own watch](deterministic_run::Watch) clock and host calls, `Outputs` and `Stdin` what goes out and in. Nothing comes back
//! to the guest, so nothing of the host's time can reach it.

#[cfg(unix)]
mod signals;
mod why;

pub(crate) use self::why::Interrupted;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use deterministic_run::Stdin;

use self::why::{Seen, Why};
use crate::args::RunArgs;
use crate::log::Log;
use crate::problem::{Problem, note};
use crate::report::{Draft, Target};
use crate::stdio::Outputs;

/// How long whoever reads what is told, or a report that goes to a pipe, may take it in before the run is ended without.
const PATIENCE: Duration = Duration::from_secs(1);

/// A run that can be ended from outside. A clone is of the same run.
#[derive(Clone)]
pub(crate) struct Watch(Arc<Shared>);

struct Shared {
    guest: PathBuf,
    /// Whether a directory waits to be written back.
    writes_back: bool,
    outputs: Outputs,
    guest_seen: deterministic_run::Watch,
    /// Whether a signal ends the process where it comes, as it does if nobody listens.
    at_once: Arc<AtomicBool>,
    state: Mutex<State>,
}

struct State {
    end: End,
    stage: Stage,
    /// What is known of the report, if there is to be one.
    draft: Option<Draft>,
    stdin: Stdin,
    log: Option<Log>,
}

/// Whose the run's end is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// It has not ended.
    Open,
    /// The run's own: it is through, and goes on to what comes after a guest.
    Run,
    /// Ours.
    Interrupted,
}

/// What a run is at until the guest begins.
#[derive(Clone, Copy)]
pub(crate) enum Stage {
    Reading,
    Compiling,
    /// Or running, which the guest's own watch says.
    Inputs,
}

impl Watch {
    /// Begins to watch a run. The time that it may take begins here.
    pub(crate) fn start(args: &RunArgs) -> Result<Self, Problem> {
        let state = State { end: End::Open, stage: Stage::Reading, draft: None, stdin: Stdin::default(), log: None };
        let watch = Watch(Arc::new(Shared {
            guest: args.common.guest(),
            writes_back: !args.write_backs.is_empty(),
            outputs: Outputs::default(),
            guest_seen: deterministic_run::Watch::default(),
            at_once: Arc::default(),
            state: Mutex::new(state),
        }));
        #[cfg(unix)]
        signals::listen(&watch).map_err(Problem::Unwatched)?;
        if let Some(timeout) = args.timeout {
            let watch = watch.clone();
            let wait = move || {
                thread::sleep(timeout);
                watch.interrupt(Why::Timeout(timeout));
            };
            thread::Builder::new().spawn(wait).map_err(Problem::Unwatched)?;
        }
        Ok(watch)
    }

    /// Where the guest writes.
    pub(crate) fn outputs(&self) -> &Outputs {
        &self.0.outputs
    }

    /// Sees the guest, once it has begun.
    pub(crate) fn guest(&self) -> &deterministic_run::Watch {
        &self.0.guest_seen
    }

    /// Says what the run is at.
    pub(crate) fn at(&self, stage: Stage) {
        self.open().stage = stage;
    }

    /// Says what is known of the report.
    pub(crate) fn draft(&self, draft: Option<Draft>) {
        self.open().draft = draft;
    }

    /// Says more of it.
    pub(crate) fn more(&self, change: impl FnOnce(&mut Draft)) {
        if let Some(draft) = &mut self.open().draft {
            change(draft);
        }
    }

    /// Says what the guest's input is, for which it may wait.
    pub(crate) fn stdin(&self, stdin: Stdin) {
        self.open().stdin = stdin;
    }

    /// Says where the guest's calls are logged.
    pub(crate) fn log(&self, log: Option<Log>) {
        self.open().log = log;
    }

    /// The run is through, and cannot be interrupted any more: from here on a signal ends the process at once. Gives back the draft.
    pub(crate) fn over(&self) -> Option<Draft> {
        let mut state = self.open();
        state.end = End::Run;
        self.0.at_once.store(true, Ordering::Relaxed);
        state.draft.take()
    }

    /// The state of a run that goes on. One that was interrupted does not: its thread stays here until the process ends.
    fn open(&self) -> MutexGuard<'_, State> {
        let state = self.lock();
        if state.end == End::Interrupted {
            drop(state);
            forever();
        }
        state
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the run and the process, unless the run is through.
    fn interrupt(&self, why: Why) {
        let mut state = self.lock();
        match state.end {
            End::Open => state.end = End::Interrupted,
            End::Run => {
                drop(state);
                return why.too_late();
            }
            End::Interrupted => return,
        }
        self.0.at_once.store(true, Ordering::Relaxed);
        let seen = Seen::of(state.stage, self.0.guest_seen.seen(), &state.stdin);
        let (draft, log) = (state.draft.take(), state.log.take());
        drop(state);

        self.0.outputs.close();
        // The guest may be at work yet: what it calls from here on is not logged.
        if let Some(log) = log {
            patiently(move || {
                if let Err(problem) = log.finish() {
                    note(&problem.to_string());
                }
            });
        }
        let line = self.line(&why, &seen);
        let outputs = self.0.outputs.clone();
        patiently(move || {
            outputs.drain();
            note(&line);
        });
        if let Some(draft) = draft {
            self.report(draft, &why, seen);
        }
        why.end_process()
    }

    fn line(&self, why: &Why, seen: &Seen) -> String {
        let back = if self.0.writes_back { "; nothing was written back" } else { "" };
        format!("`{}` was interrupted {why}: {seen}{back}", self.0.guest.display())
    }

    fn report(&self, draft: Draft, why: &Why, seen: Seen) {
        let Draft { target, about, fingerprint, cache } = draft;
        let Some(outputs) = self.0.outputs.summaries() else { return };
        let is_file = target.is_file();
        let report = seen.report(about, why.name(), outputs, fingerprint, cache);
        let write = move |target: Target| {
            if let Err(problem) = target.write(&report) {
                note(&problem.to_string());
            }
        };
        // A pipe may have nobody who reads it. A file takes the time it takes.
        if is_file { write(target) } else { patiently(move || write(target)) }
    }
}

/// Keeps a thread until the process ends.
pub(crate) fn forever() -> ! {
    loop {
        thread::park();
    }
}

/// Does `work`, or leaves it under way when it takes too long.
fn patiently(work: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    let worker = move || {
        work();
        let _ = done.send(());
    };
    if thread::Builder::new().spawn(worker).is_ok() {
        let _ = is_done.recv_timeout(PATIENCE);
    }
}
