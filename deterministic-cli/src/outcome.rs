//! How a run ended.

use std::io::{self, Write as _};
use std::process::ExitCode;

use deterministic_instrument::call_depth::is_exceeded_function;
use deterministic_wasmtime::Error as AdapterError;
use deterministic_wasmtime::core::PolicyError;
use deterministic_wasmtime::engine::{Fault, fault_of};
use deterministic_wasmtime::http::HandleError;
use deterministic_wasmtime::shown;
use serde::Serialize;
use wasmtime::{FrameInfo, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::frames;
use crate::guest::chain;
use crate::problem::one_line;

/// What a shell shows for an aborted program (128 + SIGABRT), and what `wasmtime run` exits with after a trap.
const TRAPPED: u8 = 134;

/// An import that was allowed and is there only to be linked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the guest called `{}`, which --allow-import let it import and nobody here provides", shown(.0))]
pub(crate) struct NotProvided(pub(crate) String);

/// How a guest ended.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// By returning, or through `proc_exit` or `wasi:cli/exit`.
    ExitCode(i32),
    /// By something that no guest can go on after.
    Trap {
        /// The name of Wasmtime's `Trap`, of the adapter's, the handler's or the policy's error, or `HostError`.
        kind: String,
        message: String,
        /// The guest's frames, as lines.
        #[serde(skip)]
        frames: Option<String>,
        /// Whether any machine would have ended it so.
        #[serde(skip)]
        fault: Fault,
    },
}

impl Outcome {
    /// Reads it from what calling the guest returned.
    pub(crate) fn of(result: wasmtime::Result<()>) -> Self {
        let Err(error) = result else { return Outcome::ExitCode(0) };
        if let Some(&I32Exit(code)) = error.downcast_ref() {
            return Outcome::ExitCode(code);
        }
        let frame = error.downcast_ref::<WasmBacktrace>().and_then(|trace| trace.frames().first());
        let too_deep = frame.and_then(FrameInfo::func_name).is_some_and(is_exceeded_function);
        let (kind, message) = if too_deep {
            ("CallDepthExceeded".into(), "its calls went deeper than the limit on call depth".into())
        } else if let Some(trap) = error.downcast_ref::<Trap>() {
            (variant(trap), trap.to_string())
        } else if let Some(refused) = error.downcast_ref::<PolicyError>() {
            (variant(refused), refused.to_string())
        } else if let Some(ended) = error.downcast_ref::<AdapterError>() {
            (variant(ended), ended.to_string())
        } else if let Some(missing) = error.downcast_ref::<NotProvided>() {
            (variant(missing), missing.to_string())
        } else if let Some(unanswered) = error.downcast_ref::<HandleError>() {
            (variant(unanswered), unanswered.to_string())
        } else {
            ("HostError".into(), chain(&error))
        };
        // Nobody provides such an import anywhere.
        let fault = if error.is::<NotProvided>() { Fault::Guest } else { fault_of(&error) };
        let frames = error.downcast_ref().and_then(frames::frames);
        Outcome::Trap { kind, message: one_line(&message), frames, fault }
    }

    /// In a few words.
    pub(crate) fn brief(&self) -> String {
        match self {
            Outcome::ExitCode(code) => format!("exit code {code}"),
            Outcome::Trap { kind, .. } => kind.clone(),
        }
    }

    /// Whether it would have ended so on any machine, as far as that is known.
    pub(crate) fn is_the_same_anywhere(&self) -> bool {
        matches!(self, Outcome::ExitCode(_) | Outcome::Trap { fault: Fault::Guest, .. })
    }

    /// The same, with what the call returned.
    pub(crate) fn with_results<R>(called: wasmtime::Result<R>) -> (Self, Option<R>) {
        match called {
            Ok(results) => (Outcome::ExitCode(0), Some(results)),
            Err(error) => (Outcome::of(Err(error)), None),
        }
    }

    /// Tells on stderr about a trap, and gives the exit code.
    pub(crate) fn tell(&self) -> ExitCode {
        self.tell_where("")
    }

    /// The same, with words on where it happened.
    pub(crate) fn tell_where(&self, place: &str) -> ExitCode {
        match self {
            // WASI has no greater codes than 125.
            Outcome::ExitCode(code) => ExitCode::from(*code as u8),
            Outcome::Trap { kind, message, frames, .. } => {
                let mut stderr = io::stderr();
                // When stderr is closed there is nobody left to tell.
                let _ = writeln!(stderr, "detwasi: the guest was ended{place} ({kind}): {}", one_line(message));
                if let Some(frames) = frames {
                    let _ = writeln!(stderr, "{frames}");
                }
                ExitCode::from(TRAPPED)
            }
        }
    }
}

/// The name of an enum's variant.
fn variant(value: &impl std::fmt::Debug) -> String {
    let debug = format!("{value:?}");
    debug.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().into()
}
