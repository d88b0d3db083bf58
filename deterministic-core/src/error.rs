//! What a policy says when it cannot or will not answer.

use alloc::boxed::Box;
use alloc::string::String;

use crate::{ClockId, Instant};

/// Why a policy gave no answer. An adapter ends the guest with it; the guest never sees it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The generator refuses to give random bytes, as the `strict` preset does.
    #[error(
        "the guest asked for secure random bytes and the policy refuses them; remove the guest's use of randomness, or \
         choose a policy that gives seeded bytes (preset `simulation`)"
    )]
    RandomRefused,
    /// The clock refuses to be read.
    #[error(
        "the guest asked for the time of its {clock} clock and the policy refuses it; remove the guest's use of that clock, or \
         choose a policy that answers"
    )]
    ClockRefused {
        /// Which of the guest's clocks.
        clock: ClockId,
    },
    /// The guest's time came to a limit that it was given.
    #[error(
        "the guest's time is up: it would go beyond {limit}, the limit it was given; raise that (`--until-time` of detwasi), \
         or have the guest end sooner"
    )]
    TimeIsUp {
        /// The last instant that the guest may see.
        limit: Instant,
    },
    /// A scripted clock was read more often than its script has readings.
    #[error(
        "the clock's script ended after {readings} readings and was read once more; add readings to the script, or \
         choose what happens at its end"
    )]
    ScriptEnded {
        /// How many readings the script had.
        readings: usize,
    },
    /// The policy cannot save its state.
    #[error(
        "{policy} cannot save its state; use a deterministic policy, with the feature `serde` of deterministic-policies or deterministic-wasmtime"
    )]
    NoSnapshot {
        /// The policy asked.
        policy: &'static str,
    },
    /// The saved state is not one of this policy.
    #[error("the saved state does not fit {policy}: {reason}; restore into the policy that saved it")]
    BadSnapshot {
        /// The policy asked.
        policy: &'static str,
        /// What does not fit.
        reason: String,
    },
    /// The host could not answer a policy that asks it.
    #[error("the host gave no {what}: {reason}")]
    Host {
        /// What was asked for.
        what: &'static str,
        /// The host's answer.
        reason: String,
    },
    /// An error of an embedder's own policy.
    #[error(transparent)]
    Other(Box<dyn core::error::Error + Send + Sync>),
}
