//! Why a guest ended.

use std::fmt;

use deterministic_instrument::call_depth::is_exceeded_function;
use deterministic_wasmtime::Error as AdapterError;
use deterministic_wasmtime::core::PolicyError;
use deterministic_wasmtime::engine::{Fault, fault_of};
use deterministic_wasmtime::http::HandleError;
use deterministic_wasmtime::shown;
use serde::{Deserialize, Serialize};
use wasmtime::{FrameInfo, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::frames;
use crate::kind::TrapKind;
use crate::text::{chain, one_line};

/// An import that was allowed and is there only to be linked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the guest called `{}`, which it was allowed to import and nobody here provides", shown(.0))]
pub(crate) struct NotProvided(pub(crate) String);

/// What is said of a guest that the limit on call depth ended.
pub(crate) fn too_deep_words() -> (TrapKind, String) {
    (TrapKind::CallDepthExceeded, "its calls went deeper than the limit on call depth".into())
}

/// Whether one of `allowed` means the import called `name`.
pub(crate) fn is_allowed(allowed: &[String], name: &str) -> bool {
    allowed.iter().any(|allowed| match allowed.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => allowed == name,
    })
}

/// How a guest ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Ended {
    /// By returning (0), or through `proc_exit` or `wasi:cli/exit`.
    Exit(i32),
    /// By something that no guest can go on after.
    Trap(Trap),
    /// Where [`Observer::stop_at`](crate::Observer::stop_at) has it stopped: it would have gone on.
    Stopped(Stopped),
}

/// Where a guest was stopped: before a call that it would have made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stopped {
    /// The number of the call, as a [log](crate::Observer::log) counts them.
    pub call: u64,
    /// The function, with its interface: `wasi_snapshot_preview1.fd_write`.
    pub function: String,
    /// Where the guest's timeline stood, in nanoseconds, as a log tells it.
    pub at_ns: u64,
    /// The guest's frames, as lines for people.
    pub frames: Option<String>,
}

impl Stopped {
    /// By this error, if that is why.
    pub(crate) fn by(error: &AdapterError) -> Option<Self> {
        match error {
            AdapterError::Stopped { call, function, at } => {
                Some(Stopped { call: *call, function: function.clone(), at_ns: at.as_nanos(), frames: None })
            }
            _ => None,
        }
    }
}

/// The end of a guest that could not go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Trap {
    /// What it was. Of a trap, this alone is in the outcome's digest.
    pub kind: TrapKind,
    /// A line for people.
    pub message: String,
    /// The guest's frames, as lines for people.
    pub frames: Option<String>,
    /// Whether any machine would have ended it so.
    pub same_anywhere: bool,
}

impl Ended {
    /// Reads it from what calling the guest returned.
    pub fn of(result: wasmtime::Result<()>) -> Self {
        let Err(error) = result else { return Ended::Exit(0) };
        if let Some(&I32Exit(code)) = error.downcast_ref() {
            return Ended::Exit(code);
        }
        let frames = error.downcast_ref().and_then(frames::frames);
        if let Some(stopped) = error.downcast_ref().and_then(Stopped::by) {
            return Ended::Stopped(Stopped { frames, ..stopped });
        }
        let frame = error.downcast_ref::<WasmBacktrace>().and_then(|trace| trace.frames().first());
        let too_deep = frame.and_then(FrameInfo::func_name).is_some_and(is_exceeded_function);
        let (kind, message) = if too_deep {
            too_deep_words()
        } else if let Some(trap) = error.downcast_ref::<wasmtime::Trap>() {
            (TrapKind::of_trap(trap), trap.to_string())
        } else if let Some(refused) = error.downcast_ref::<PolicyError>() {
            (TrapKind::of_policy(refused), refused.to_string())
        } else if let Some(ended) = error.downcast_ref::<AdapterError>() {
            (TrapKind::of_adapter(ended), ended.to_string())
        } else if let Some(missing) = error.downcast_ref::<NotProvided>() {
            (TrapKind::NotProvided, missing.to_string())
        } else if let Some(unanswered) = error.downcast_ref::<HandleError>() {
            (TrapKind::of_handler(unanswered), unanswered.to_string())
        } else {
            (TrapKind::HostError, chain(&error))
        };
        // Nobody provides such an import anywhere.
        let same_anywhere = error.is::<NotProvided>() || fault_of(&error) == Fault::Guest;
        Ended::Trap(Trap { kind, message: one_line(&message), frames, same_anywhere })
    }

    /// The same, with what the call returned.
    pub(crate) fn with_results<R>(called: wasmtime::Result<R>) -> (Self, Option<R>) {
        match called {
            Ok(results) => (Ended::Exit(0), Some(results)),
            Err(error) => (Ended::of(Err(error)), None),
        }
    }

    /// The exit code, unless it was ended.
    pub fn exit_code(&self) -> Option<i32> {
        match self {
            Ended::Exit(code) => Some(*code),
            Ended::Trap(_) | Ended::Stopped(_) => None,
        }
    }

    /// The guest's frames, if it was ended and they are known.
    pub fn frames(&self) -> Option<&str> {
        match self {
            Ended::Exit(_) => None,
            Ended::Trap(trap) => trap.frames.as_deref(),
            Ended::Stopped(stopped) => stopped.frames.as_deref(),
        }
    }

    /// Whether it would have ended so on any machine, as far as that is known. If not (the stack was full, the host had no
    /// memory, it was stopped), the outcome is not kept in a cache.
    pub fn is_the_same_anywhere(&self) -> bool {
        match self {
            Ended::Exit(_) => true,
            Ended::Trap(trap) => trap.same_anywhere,
            Ended::Stopped(_) => false,
        }
    }
}

/// In a few words.
impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ended::Exit(code) => write!(f, "exit code {code}"),
            Ended::Trap(trap) => trap.kind.fmt(f),
            Ended::Stopped(stopped) => write!(f, "stopped before call {}, `{}`", stopped.call, stopped.function),
        }
    }
}
