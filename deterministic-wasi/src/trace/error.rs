//! What keeps a run from being recorded or replayed.

use std::io;

use deterministic_core::{ClockId, Instant, PolicyError};

/// Why a trace cannot be written, read, or followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// The host could not write it.
    #[error("cannot write the trace: {0}; what was written so far can be replayed")]
    Unwritable(#[source] io::Error),
    /// It became as long as it may be.
    #[error(
        "the trace has come to {max} bytes, which is all that it may have; allow more, or have the recording end there instead of the run"
    )]
    Full {
        /// How many bytes it may have.
        max: u64,
    },
    /// The host could not read it.
    #[error("cannot read the trace: {0}")]
    Unreadable(#[source] io::Error),
    /// It is something else.
    #[error("this is no trace: it does not begin as one")]
    NotATrace,
    /// It is of another version.
    #[error(
        "this trace has format {found}, and formats up to {known} are known; read it with the version that wrote it, or a later one"
    )]
    Version {
        /// Its version.
        found: u16,
        /// The latest that is known.
        known: u16,
    },
    /// Its bytes are not what was written.
    #[error("the trace is damaged at byte {at}: {what}; what is before that is whole")]
    Damaged {
        /// Where the frame begins.
        at: u64,
        /// How that is seen.
        what: &'static str,
    },
    /// It ends before the run did: whoever recorded it was stopped.
    #[error(
        "the trace ends here, after {answers} answers of sources: whoever recorded it was stopped; there is no more to replay"
    )]
    Ended {
        /// How many were given.
        answers: u64,
    },
    /// The replay is not the run that was recorded.
    #[error(transparent)]
    Diverged(#[from] Box<Divergence>),
    /// An answer is in the trace that its source does not understand.
    #[error(
        "the trace has an answer of `{origin}` that this is no answer to: {question}; it was recorded by something else"
    )]
    Misunderstood {
        /// The source.
        origin: String,
        /// What was asked.
        question: String,
    },
}

/// Where a replay parts from what was recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the replay parts from the recorded run {at} into it, after {answers} answers of sources: the trace has {expected}, and what was \
     asked is {got}; replay the guest that was recorded, with the settings that it was recorded with"
)]
#[non_exhaustive]
pub struct Divergence {
    /// Who was asked: a source by its name.
    pub source_name: String,
    /// What the trace has next.
    pub expected: String,
    /// What was asked.
    pub got: String,
    /// Where the timeline stood by the trace.
    pub at: Instant,
    /// How many answers had been given.
    pub answers: u64,
}

impl From<TraceError> for PolicyError {
    fn from(error: TraceError) -> Self {
        PolicyError::Other(Box::new(error))
    }
}

impl TraceError {
    /// The same, for who asks once more.
    pub(super) fn again(&self) -> Self {
        let of_host = |error: &io::Error| io::Error::new(error.kind(), error.to_string());
        match self {
            TraceError::Unwritable(error) => TraceError::Unwritable(of_host(error)),
            TraceError::Full { max } => TraceError::Full { max: *max },
            TraceError::Unreadable(error) => TraceError::Unreadable(of_host(error)),
            TraceError::NotATrace => TraceError::NotATrace,
            TraceError::Version { found, known } => TraceError::Version { found: *found, known: *known },
            TraceError::Damaged { at, what } => TraceError::Damaged { at: *at, what },
            TraceError::Ended { answers } => TraceError::Ended { answers: *answers },
            TraceError::Diverged(divergence) => TraceError::Diverged(divergence.clone()),
            TraceError::Misunderstood { origin, question } => {
                TraceError::Misunderstood { origin: origin.clone(), question: question.clone() }
            }
        }
    }

    /// As an error of a stream.
    pub fn into_io(self) -> io::Error {
        io::Error::other(self)
    }
}

/// The beginning of something long, for a message.
pub(super) fn shortened(text: &str) -> String {
    const MOST: usize = 200;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// The longest error of a source that is kept, in characters.
pub(super) const LONGEST_ERROR: usize = 4096;

/// A policy's error as it stands in a trace: those that a run is told by have a name, and the others are their text.
pub(super) fn written(error: &PolicyError) -> String {
    match error {
        PolicyError::RandomRefused => "random-refused".into(),
        PolicyError::ClockRefused { clock } => format!("clock-refused {}", *clock as u8),
        PolicyError::TimeIsUp { limit } => format!("time-is-up {}", limit.as_nanos()),
        PolicyError::ScriptEnded { readings } => format!("script-ended {readings}"),
        other => format!("other {other}").chars().take(LONGEST_ERROR).collect(),
    }
}

/// The error of a policy that was recorded so.
pub(super) fn policy_error(written: &str) -> PolicyError {
    let (name, rest) = written.split_once(' ').unwrap_or((written, ""));
    let known = match name {
        "random-refused" => Some(PolicyError::RandomRefused),
        "clock-refused" => {
            let clock = ClockId::ALL.into_iter().find(|clock| rest.parse() == Ok(*clock as u8));
            clock.map(|clock| PolicyError::ClockRefused { clock })
        }
        "time-is-up" => {
            let limit = rest.parse().ok();
            limit.map(|limit| PolicyError::TimeIsUp { limit: Instant::from_nanos(limit) })
        }
        "script-ended" => rest.parse().ok().map(|readings| PolicyError::ScriptEnded { readings }),
        _ => None,
    };
    known.unwrap_or_else(|| PolicyError::Other(written.strip_prefix("other ").unwrap_or(written).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_policies_are_read_as_they_were_written() {
        let of_script = || PolicyError::ScriptEnded { readings: 3 };
        let of_host = || PolicyError::Host { what: "time", reason: "it has none".into() };
        for error in [
            PolicyError::RandomRefused,
            PolicyError::ClockRefused { clock: ClockId::ProcessCpuTime },
            PolicyError::TimeIsUp { limit: Instant::from_nanos(7) },
            of_script(),
            of_host(),
        ] {
            let again = policy_error(&written(&error));
            assert_eq!(again.to_string(), error.to_string());
            let same = std::mem::discriminant(&again) == std::mem::discriminant(&error);
            assert_eq!(same, !matches!(error, PolicyError::Host { .. }), "{error:?}");
        }
        assert_eq!(policy_error("clock-refused 9").to_string(), "clock-refused 9");
    }
}
